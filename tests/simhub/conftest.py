"""One small hub for the tests that only read, and a client that recovers from faults."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlparse

import pytest
import requests

os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

from simhub import SimHub, build_synthetic


@pytest.fixture(scope="module")
def hub() -> Iterator[SimHub]:
    """A hub of 1,500 models that no test may change."""
    with SimHub(build_synthetic(1_500, seed=7)) as running:
        yield running


class Refused(ValueError):
    """An answer the client does not take."""


class Walker:
    """A listing client as careful as a crawler must be: it tries again and counts why."""

    def __init__(self, endpoint: str, timeout: float = 0.5) -> None:
        self.endpoint, self.timeout = endpoint, timeout
        self.session = requests.Session()
        self.trouble: dict[str, int] = {}
        self.pages = 0

    def walk(self, **params: Any) -> Iterator[Any]:
        """The records of a listing, page by page, bad records included."""
        query = requests.Request("GET", f"{self.endpoint}/api/models", params=params).prepare()
        url: str | None = query.url
        while url:
            page, url = self.page(url)
            self.pages += 1
            yield from page

    def page(self, url: str) -> tuple[list[Any], str | None]:
        """One page and the next URL, tried until it is whole."""
        for attempt in range(25):
            try:
                return self._page(url, lenient=attempt > 20)
            except (requests.RequestException, ValueError) as error:
                kind = str(error) if isinstance(error, Refused) else type(error).__name__
                self.trouble[kind] = self.trouble.get(kind, 0) + 1
                time.sleep(0.005)
        raise AssertionError(f"page never came: {self.trouble}")

    def _page(self, url: str, lenient: bool) -> tuple[list[Any], str | None]:
        response = self.session.get(url, timeout=self.timeout)
        if response.status_code != 200:
            raise Refused(f"HTTP {response.status_code}")
        text = response.content.decode("utf-8", "replace" if lenient else "strict")
        following = response.links.get("next", {}).get("url")
        if following and urlparse(following).netloc != urlparse(self.endpoint).netloc:
            raise Refused("foreign link")
        return json.loads(text), following


@pytest.fixture
def walker() -> type[Walker]:
    """The careful client."""
    return Walker
