"""Rate limits as the Hub has them: fixed windows, per account (or address) and per class of request.

Every answer says what is left: `RateLimit: "api";r=499;t=287` and
`RateLimit-Policy: "fixed window";"api";q=500;w=300`. Beyond the quota the answer is 429 with
`Retry-After`. Tokens are of the form `hf_sim_PLAN_USER`; the plan gives the quota.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field

CLASSES = ("api", "resolvers", "pages")
#: Published quotas per five minutes (September 2025).
PUBLISHED: dict[str, tuple[int, int, int]] = {
    "anonymous": (500, 3_000, 100),
    "free": (1_000, 5_000, 200),
    "pro": (2_500, 12_000, 400),
    "team": (3_000, 20_000, 400),
    "enterprise": (6_000, 50_000, 600),
    "plus": (10_000, 100_000, 1_000),
}
GENEROUS = 10_000_000
_TOKEN = re.compile(r"hf_sim_([a-z]+)_([A-Za-z0-9._-]+)$")


class InvalidToken(ValueError):
    """A token this hub did not give out."""


@dataclass(frozen=True)
class Account:
    """Who asks: an empty user is anonymous."""

    user: str = ""
    plan: str = "anonymous"


def account(authorization: str) -> Account:
    """The account of an `Authorization` header."""
    if not authorization:
        return Account()
    found = _TOKEN.search(authorization)
    if not authorization.startswith("Bearer ") or found is None or found[1] not in PUBLISHED:
        raise InvalidToken(authorization)
    return Account(found[2], found[1])


@dataclass(frozen=True)
class Limits:
    """Quotas by plan and the window in seconds. The default never stops anybody."""

    plans: dict[str, tuple[int, int, int]] = field(default_factory=dict)
    window: float = 300.0

    @classmethod
    def published(cls, window: float = 300.0) -> Limits:
        """The quotas the real Hub publishes."""
        return cls(dict(PUBLISHED), window)

    @classmethod
    def parse(cls, text: str, window: float = 300.0) -> Limits:
        """`published`, `none`, or `PLAN=API/RESOLVERS/PAGES,...`, or one `API/RESOLVERS/PAGES` for all plans."""
        if text in ("", "none"):
            return cls(window=window)
        if text == "published":
            return cls.published(window)
        plans = {}
        for part in text.split(","):
            name, _, quota = part.rpartition("=")
            numbers = [int(n) for n in quota.split("/")]
            api, resolvers, pages = (numbers * 3)[:3] if len(numbers) == 1 else numbers
            for plan in [name] if name else PUBLISHED:
                plans[plan] = (api, resolvers, pages)
        return cls(plans, window)

    def quota(self, plan: str, kind: str) -> int:
        """Requests per window."""
        return self.plans.get(plan, (GENEROUS,) * 3)[CLASSES.index(kind)]


@dataclass
class Meter:
    """Counts requests in fixed windows."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    _window: int = -1
    _used: dict[tuple[str, str], int] = field(default_factory=dict)

    def take(self, who: Account, peer: str, kind: str) -> tuple[bool, dict[str, str]]:
        """Spend one request: whether it is allowed, and the headers that say what is left."""
        elapsed = time.monotonic() - self.started
        window, inside = divmod(elapsed, self.limits.window)
        if int(window) != self._window:
            self._window, self._used = int(window), {}
        key = (who.user or peer, kind)
        used = self._used[key] = self._used.get(key, 0) + 1
        quota = self.limits.quota(who.plan, kind)
        reset = max(1, int(-(-(self.limits.window - inside) // 1)))
        headers = {
            "RateLimit": f'"{kind}";r={max(0, quota - used)};t={reset}',
            "RateLimit-Policy": f'"fixed window";"{kind}";q={quota};w={max(1, round(self.limits.window))}',
        }
        if used > quota:
            headers["Retry-After"] = str(reset)
        return used <= quota, headers
