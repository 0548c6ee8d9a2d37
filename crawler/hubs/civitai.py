"""Civitai, over its public REST API.

**Listing.** ``GET /api/v1/models`` gives an object with ``items`` (up to 100 models) and ``metadata``, whose
``nextCursor`` leads on until it is missing. Pages by number stop at 1,000 models with a 429 that asks for
cursors, so only cursors are used. Sorted by newest, nothing moves between pages but what is new. An item
carries everything: the creator, tags, permissions, statistics, and every version with its files, their hashes
and the results of Civitai's scans for viruses and dangerous pickles. There is nothing to ask for model by
model.

**What it does not show.** Models of mature content are listed only with ``nsfw=true``, which is always asked
for; from some regions they are withheld all the same, without a word. A snapshot made from such a place misses
them, and models seen from elsewhere will look removed: crawl from one place. Creators who left are null.

**Words.** Licences are permission flags (credit, commercial uses, derivatives, other permissions); they are
kept as one word, ``civitai:credit,commercial=image+rent,derivatives,same-licence``. ``type`` is Civitai's kind
of model; its base model is the name of a family and not of a model on the hub. A model is known by its number:
names are not unique, and change.

**Limits and politeness.** No quota is published and no header states one; a 429 is waited out. No key is used:
an account's own filters would decide what is seen. ``/api/download/`` counts as a download and is never
requested. Metadata is public; each model has its own permissions, and images belong to who made them: only
their addresses land.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import msgspec

from crawler.session import Response
from crawler.source import Plain, Walk
from crawler.tree import ShapeError

NAME = "civitai"
TITLE = "Civitai"
ENDPOINT = "https://civitai.com"
GIVES = ("models",)
PARSER = "civitai/1"
RECORDS_AT = "items"
PAGE = 100
POLITENESS = "Only the listing was requested; no file, no image and nothing that counts as a download was."
FIELDS = (
    "id", "name", "description", "allowNoCredit", "allowCommercialUse", "allowDerivatives", "allowDifferentLicense",
    "type", "minor", "poi", "nsfw", "nsfwLevel", "availability", "mode", "supportsGeneration", "stats", "creator",
    "tags", "modelVersions",
)  # fmt: skip


class _Page(msgspec.Struct):
    metadata: dict[str, Any] | msgspec.UnsetType = msgspec.UNSET


class Hub(Plain):
    """One hub that speaks this API."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Every model, newest first."""
        asked = urlencode({"limit": PAGE, "sort": "Newest", "period": "AllTime", "nsfw": "true"})
        return [Walk("models", "models", f"{self.endpoint}/api/v1/models?{asked}", FIELDS)]

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """The same question with the cursor that the page ends with."""
        cursor = _cursor(response.body)
        return f"{walk.url}&{urlencode({'cursor': cursor})}" if cursor else None

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested."""
        path = urlsplit(url).path
        return "Files of Civitai are not read: that would be a download." if "/download/" in path else None


def _cursor(body: bytes) -> str | None:
    """Where the listing goes on: a page without ``metadata`` is no page, one without a cursor is the last."""
    try:
        page = msgspec.json.decode(body, type=_Page)
    except msgspec.ValidationError:
        raise ShapeError("The hub has changed its shape: 'metadata' of a page is no object.") from None
    except msgspec.MsgspecError:
        return None
    if page.metadata is msgspec.UNSET:
        raise ShapeError("The hub has changed its shape: a page has no field 'metadata'.")
    cursor = page.metadata.get("nextCursor")
    if cursor in (None, "") and isinstance(link := page.metadata.get("nextPage"), str):
        cursor = parse_qs(urlsplit(link).query).get("cursor", [None])[0]
    return None if cursor in (None, "") else str(cursor)
