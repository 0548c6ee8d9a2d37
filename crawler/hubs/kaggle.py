"""Kaggle Models, over Kaggle's public API.

**API.** ``GET /api/v1/models/list`` gives pages of models (``pageSize``, ``pageToken``, ``sortBy``), each with
its variations inside: a model ("google/gemma") has variations (a framework and a slug: "transformers/2b"), a
variation has numbered versions. The page's ``nextPageToken`` leads on. ``.../OWNER/SLUG/get`` is one model as
the list has it, ``.../OWNER/SLUG/FRAMEWORK/VARIATION/list`` the versions of a variation.

**Gives.** Title, description, tags (tasks, data types, languages by their path), the author's sources
(``provenanceSources``), votes, and for each variation its licence, size, newest version, base model and
training data. A licence is that of a variation: a model may have several. The numbers of all versions are to be
had with ``--with versions`` only, at one request for each variation and one more for the model: they lead from
one variation to the next and end with the model itself, so that one record states them all. Where a list of
versions is refused, the model's versions stay unknown. Downloads are not stated; commits and hashes neither.

**Limits.** The listing answers without a key. ``totalResults`` stops at 10,000, and nobody says whether the
pages do as well: a crawl that sees so many is never taken as complete. Requests are limited per account and
address at rates that are not published; a 429 is waited for.

**Key.** ``KAGGLE_USERNAME`` and ``KAGGLE_KEY``, sent as basic authentication to the hub's own host only, and
never logged.

**Politeness.** Everything under ``.../download`` counts as a download of the model: none is ever requested.
Kaggle's terms of use apply; each variation is under its own licence.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import msgspec

from crawler.asking import Ask
from crawler.session import Response
from crawler.source import Plain, Walk

NAME = "kaggle"
TITLE = "Kaggle Models"
ENDPOINT = "https://www.kaggle.com"
GIVES = ("models", "versions")
PARSER = "kaggle/1"
RECORDS_AT = "models"
SCHEME = "Basic"
PAGE = 100
#: A listing of so many models may have been cut there.
AT_MOST = 10_000
POLITENESS = "Only lists of models and of versions were requested; no download was."
FIELDS = (
    "id", "ref", "title", "subtitle", "author", "slug", "isPrivate", "description", "instances", "tags",
    "publishTime", "provenanceSources", "url", "voteCount", "updateTime",
)  # fmt: skip
DETAIL_FIELDS = (*FIELDS, "versions")
DECODER = "kaggle-versions/1"

_REF = re.compile(r"[\w-][\w.-]{0,127}", re.ASCII)


def token(environ: Mapping[str, str]) -> str | None:
    """User name and key as basic authentication wants them; None where one is missing."""
    name, key = environ.get("KAGGLE_USERNAME"), environ.get("KAGGLE_KEY")
    return b64encode(f"{name}:{key}".encode()).decode() if name and key else None


class _Page(msgspec.Struct):
    nextPageToken: str | None = None


class _List(msgspec.Struct):
    versions: list[dict[str, Any]] = []


class _Versions(_Page):
    versionList: _List = msgspec.field(default_factory=_List)


@dataclass(frozen=True, slots=True)
class _Chained(Ask):
    """A request that knows which variations are left, and what was said about those before."""

    left: tuple[tuple[str, ...], ...] = ()
    said: tuple[Any, ...] = ()


class Hub(Plain):
    """One hub that speaks this API."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint
        self.fields: tuple[str, ...] = (*FIELDS, "newest")

    def expect(self, wanted: frozenset[str]) -> None:
        """Where all versions will be asked for, the listing does not state the newest ones as if they were all."""
        self.fields = FIELDS if "versions" in wanted else (*FIELDS, "newest")

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Every model with its variations, in the order of creation: what is new moves nothing that was seen."""
        asked = urlencode({"sortBy": "createTime", "pageSize": min(limit or PAGE, PAGE)})
        return [Walk("models", "models", f"{self.endpoint}/api/v1/models/list?{asked}", self.fields)]

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """The page that the token at the end of this one stands for; a token is good for pages of one size."""
        after = _token(response)
        return f"{walk.url}&{urlencode({'pageToken': after})}" if after else None

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested."""
        parts = urlsplit(url).path.split("/")
        return "Nothing is read from Kaggle that counts as a download." if "download" in parts else None

    def asks(self, record: dict[str, Any], wanted: frozenset[str]) -> Iterable[Ask]:
        """The versions of the first variation; what they say leads to those of the next."""
        owner, _, slug = record["ref"].partition("/")
        left = [(owner, slug, variation["framework"], variation["slug"]) for variation in record["instances"] or ()]
        if "versions" in wanted and left and all(_REF.fullmatch(name) for names in left for name in names):
            yield self._versions(record["ref"], tuple(left), ())

    def _versions(self, ref: str, left: tuple[tuple[str, ...], ...], said: tuple[Any, ...], after: str = "") -> Ask:
        """The versions of the first of the variations ``left``; when none is left, the model itself."""
        if not left:
            return _Chained("detail", ref, f"{self.endpoint}/api/v1/models/{quote(ref)}/get", said=said)
        path = "/".join(quote(name) for name in left[0])
        query = urlencode({"pageSize": PAGE, **({"pageToken": after} if after else {})})
        return _Chained("versions", ref, f"{self.endpoint}/api/v1/models/{path}/list?{query}", left=left, said=said)

    def after(self, ask: Ask, response: Response) -> Iterable[Ask]:
        """More versions of the same variation, or the next one."""
        if not isinstance(ask, _Chained) or ask.kind == "detail":
            return
        try:
            answer = msgspec.json.decode(response.body, type=_Versions)
        except msgspec.MsgspecError:
            return
        said = ask.said + tuple(answer.versionList.versions)
        again = answer.nextPageToken or ""
        yield self._versions(ask.key, ask.left if again else ask.left[1:], said, again)

    def decode(self, ask: Ask, response: Response) -> tuple[Any, str] | None:
        """The model with the versions that were read on the way to it."""
        if not isinstance(ask, _Chained) or ask.kind != "detail":
            return None
        try:
            record = msgspec.json.decode(response.body, type=dict[str, Any])
        except msgspec.MsgspecError:
            return None
        return {**record, "versions": list(ask.said)}, DECODER


def _token(response: Response) -> str | None:
    try:
        return msgspec.json.decode(response.body, type=_Page).nextPageToken
    except msgspec.MsgspecError:
        return None
