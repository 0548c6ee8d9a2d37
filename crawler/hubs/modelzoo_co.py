"""ModelZoo.co, a catalogue of code repositories with pre-trained models, over the JSON that its pages are built from.

**API.** Two paths, neither documented nor promised, as PTMTorrent (Jiang et al., MSR 2023) found them: ``GET
/api/models/0/`` is one page with every model, ``GET /api/models/SLUG/`` one model with its long description.
Both answer only with ``Referer: https://modelzoo.co/``, which is sent because the hub asks for it.

**Gives.** Title, short description, framework, categories (areas such as "Computer Vision" rather than tasks),
the repository with the code and, per model (asked by default; ``--with details``), papers and the long
description, which is the repository's README. ``likes`` are the stars of that repository when the hub last
looked, not of the hub. There are no licences, no versions, no files, no downloads and no dates: these stay
unknown.

**Limits and terms.** None are published; the catalogue has a few thousand entries and hardly changes, so one
crawl a month is plenty. Descriptions belong to the repositories they were taken from. Nothing here counts as a
download.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from crawler.asking import Ask
from crawler.session import Response
from crawler.source import Plain, Walk

NAME = "modelzoo-co"
TITLE = "ModelZoo.co"
ENDPOINT = "https://modelzoo.co"
GIVES = ("models", "details")
BY_DEFAULT = ("details",)
PARSER = "modelzoo-co/1"
RECORDS_AT = "models"
HEADERS = {"Referer": "https://modelzoo.co/"}
FIELDS = ("slug", "title", "description", "stars", "link", "framework", "categories")
DETAIL_FIELDS = (
    "id", "title", "description", "stars", "link", "framework", "categories", "long_desc", "papers",
)  # fmt: skip

_SLUG = re.compile(r"[\w-][\w.-]{0,199}")


class Hub(Plain):
    """One catalogue that speaks this API."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Everything is on one page."""
        return [Walk("models", "models", f"{self.endpoint}/api/models/0/", FIELDS)]

    def next_url(self, response: Response, walk: Walk) -> str | None:
        """There is no other page."""
        return None

    def asks(self, record: dict[str, Any], wanted: frozenset[str]) -> Iterable[Ask]:
        """The model's own page, where its slug may be part of a URL."""
        slug = record["slug"]
        if "details" in wanted and _SLUG.fullmatch(slug):
            yield Ask("detail", slug, f"{self.endpoint}/api/models/{slug}/")

    def after(self, ask: Ask, response: Response) -> Iterable[Ask]:
        """Nothing follows."""
        return ()

    def decode(self, ask: Ask, response: Response) -> tuple[Any, str] | None:
        """Answers are JSON."""
        return None
