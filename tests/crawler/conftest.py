"""A landing zone per test, a population that is built once and copied, pages small enough to have many."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from crawler.hubs import huggingface
from landing import Zone
from simhub import build_synthetic

MODELS = 1_200


@pytest.fixture
def zone(tmp_path: Path) -> Zone:
    """An empty landing zone."""
    return Zone(tmp_path / "landing")


@pytest.fixture(scope="session")
def _built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hub") / "built.sqlite"
    build_synthetic(MODELS, seed=5, path=path).close()
    return path


@pytest.fixture
def population(_built: Path, tmp_path: Path) -> Path:
    """A population of its own for a test that changes it."""
    return Path(shutil.copy(_built, tmp_path / "population.sqlite"))


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fifty models a page, so that a small hub has many pages."""
    monkeypatch.setattr(huggingface, "PAGE", 50)
    yield


class Loopback:
    """A server of one listing, for what simhub does not do: pages as bytes or records, links as told."""

    def __init__(self) -> None:
        self.pages: list[Any] = []
        self.link: Callable[[int], str | None] = self._next
        self.refuse: set[str] = set()
        self.seen: list[tuple[str, dict[str, str]]] = []
        self.headers: list[dict[str, str]] = []
        self.answer: Callable[[str], tuple[int, dict[str, str], bytes]] | None = None
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                outer.seen.append((self.path, dict(self.headers)))
                status, headers, body = (outer.answer or outer.listing)(self.path)
                self.send_response(status)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self.server.server_port}"

    def _next(self, number: int) -> str | None:
        return f"{self.endpoint}/api/models?page={number + 1}" if number + 1 < len(self.pages) else None

    def listing(self, path: str) -> tuple[int, dict[str, str], bytes]:
        asked = parse_qs(urlsplit(path).query)
        if bad := self.refuse & set(asked.get("expand[]", [])):
            position = next(n for n, name in enumerate(asked["expand[]"]) if name in bad)
            return 400, {}, json.dumps({"error": f'"expand[{position}]" must be one of [author, tags]'}).encode()
        number = int(asked.get("page", ["0"])[0])
        page = self.pages[number]
        link = self.link(number)
        headers = {"Link": f'<{link}>; rel="next"'} if link else {}
        return 200, headers, page if isinstance(page, bytes) else json.dumps(page).encode()


@pytest.fixture
def loopback() -> Iterator[Loopback]:
    """A tiny server of one's own."""
    running = Loopback()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()


@pytest.fixture
def other(loopback: Loopback) -> Iterator[Loopback]:
    """A second server: another host, as far as tokens go."""
    running = Loopback()
    thread = threading.Thread(target=running.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield running
    running.server.shutdown()
    running.server.server_close()
    thread.join()
