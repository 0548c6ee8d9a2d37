"""Issues and pull requests, drawn from a seed: the same number of the same repository is always the same thread.

They share one row of numbers, as on GitHub. Texts hold what real ones hold: other scripts, emoji, lines that end as
on Windows, nothing at all; an author who has left GitHub is None.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from random import Random
from typing import Literal

from simhub.clock import digest
from simhub.github import objects
from simhub.github.shelf import Held

Kind = Literal["issue", "pull"]
State = Literal["OPEN", "CLOSED", "MERGED"]

LOGINS = ("octo-mira", "jun-ho", "a-okafor", "lena42", "ravi-k", "dependabot[bot]", "zoë-fan", "tmp0")
NAMES = ("Mira Vega", "준호", "Ada Okafor", "Léna Müller", None, None, "Zoë", "")
TITLES = (
    "Loading fails with 401 on a gated model",
    "模型加载失败：找不到 config.json",
    "Add a licence, please 🙏",
    "Bump transformers from 4.30.0 to 4.41.2",
    'Quotes "here" and a back\\slash, <b>markup</b> & more',
    "خطأ عند التحميل",
    "`from_pretrained` ignores revision=",
    "Übersetzung der README",
    "CUDA out of memory",
    "x" * 250,
)
BODIES = (
    "",
    "Same here.",
    'It says:\r\n\r\n```python\r\nmodel = AutoModel.from_pretrained("bert-base-uncased")\r\n```\r\n',
    "同样的问题。\n\n- [ ] 修复\n- [x] 测试",
    "👩‍🔬 see #1 and https://huggingface.co/gpt2\u2028next line",
    "| a | b |\n|---|---|\n| 1 | 2 |\n" * 20,
    "Tab\there, zero-width\u200bjoin, nbsp\u00a0end",
)
LABELS = (
    ("bug", "Something isn't working", "d73a4a"),
    ("enhancement", "New feature or request", "a2eeef"),
    ("question", None, "d876e3"),
    ("добре", "", "0e8a16"),
)


@dataclass(frozen=True, slots=True)
class Facts:
    """What can be told of a thread without drawing the rest: enough to count, filter and sort."""

    number: int
    kind: Kind
    state: State
    created: str
    updated: str
    closed: str | None
    comments: int


def facts(held: Held, seed: int, kind: Kind) -> tuple[Facts, ...]:
    """All issues or all pull requests of a repository, oldest first."""
    repository = held.repository
    return _facts(seed, held.number, repository.issues, repository.pulls, repository.created_at, kind)


def draws(held: Held, seed: int, number: int, what: str) -> Random:
    """A source of numbers that is a thread's own."""
    return Random(f"{seed}:{held.number}:{number}:{what}")


def moment(base: str, hours: float) -> str:
    """A date, so many hours after another one."""
    return iso(datetime.fromtimestamp(objects.seconds(base), UTC) + timedelta(hours=hours))


def iso(when: datetime) -> str:
    """As GitHub writes it."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def sha(*parts: object) -> str:
    """The id of a commit that is only spoken of."""
    return digest("commit", *parts)


@lru_cache(maxsize=64)
def _facts(seed: int, number: int, issues: int, pulls: int, start: str, kind: Kind) -> tuple[Facts, ...]:
    order: list[Kind] = ["issue" for _ in range(issues)]
    order += ["pull" for _ in range(pulls)]
    Random(f"{seed}:{number}:order").shuffle(order)
    made = (_made(seed, number, place + 1, what, start) for place, what in enumerate(order) if what == kind)
    return tuple(made)


def _made(seed: int, repository: int, number: int, kind: Kind, start: str) -> Facts:
    draw = zlib.crc32(f"{seed}:{repository}:{number}".encode())
    state: State = "OPEN" if draw % 3 == 0 else "CLOSED"
    if kind == "pull" and state == "CLOSED" and draw % 5:
        state = "MERGED"
    created = moment(start, number * 7 + draw % 7)
    closed = None if state == "OPEN" else moment(created, 1 + draw % 400)
    updated = moment(closed or created, draw % 90)
    return Facts(number, kind, state, created, updated, closed, draw // 7 % 5 if draw % 11 else 130)
