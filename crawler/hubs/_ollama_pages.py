"""What the pages of the Ollama library say: pure readers of saved HTML.

A page says itself what it is, in its canonical link or its ``og:url``; where it was saved does not matter. What is
read are the marks that the site puts into its pages for its own tests (``x-test-...``) and the columns of its
tables by their headings. Counts and sizes are as rounded as the site shows them ("55.7M", "14GB").
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag

from crawler.tree import Malformed

VERSION = "ollama-pages/1"

_NAME = r"[A-Za-z0-9][\w.-]{0,127}"
_REST = r"(?::(?P<tag>[\w.-]{1,128}))?(?P<tags>/tags)?/?"
#: An official model is at /library/NAME (and at /NAME), anybody else's at /USER/NAME.
_MODELS = (
    re.compile(rf"/library/(?P<model>{_NAME}){_REST}"),
    re.compile(rf"/(?P<model>{_NAME}){_REST}"),
    re.compile(rf"/(?P<model>{_NAME}/{_NAME}){_REST}"),
)
_SCALE = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12}
_COUNT = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMBT]?)")
_SIZE = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*([KMGT]?)B")
#: How the texts of well-known licences begin.
_LICENCES = (
    (r"apache license,?\s+version 2\.0", "Apache-2.0"),
    (r"(the )?mit license", "MIT"),
    (r"bsd 3-clause", "BSD-3-Clause"),
    (r"creative commons attribution-noncommercial 4\.0", "CC-BY-NC-4.0"),
    (r"llama 2 community license", "llama2"),
    (r"meta llama 3 community license", "llama3"),
    (r"llama 3\.1 community license", "llama3.1"),
    (r"llama 3\.2 community license", "llama3.2"),
    (r"llama 3\.3 community license", "llama3.3"),
    (r"gemma terms of use", "gemma"),
)


def read(body: bytes) -> dict[str, Any]:
    """Everything that a page of the library says; ``page`` is listing, model, tags or variant.

    Raises :class:`Malformed` where it is none of them.
    """
    soup = BeautifulSoup(body.decode("utf-8", "replace"), "html.parser")
    address = _address(soup)
    if re.fullmatch(r"/(library|search)/?", address):
        return {"page": "listing", "models": list(_listed(soup)), "next": _next(soup)}
    found = _model(address)
    if found is None or soup.select_one("[x-test-model-name]") is None:
        raise Malformed(f"no page of the library ({address[:100] or 'it does not say of what'})")
    facts = {"id": found["model"], **_about(soup)}
    if found["tags"]:
        return {"page": "tags", **facts, "tags": list(_rows(soup))}
    if explorer := soup.find(id="file-explorer"):
        return {"page": "variant", **facts, "tag": found["tag"] or "latest", **_variant(explorer), **_readme(soup)}
    return {"page": "model", **facts, "tags": list(_rows(soup)), **_readme(soup)}


def count(text: str | None) -> int | None:
    """A rounded count or number of parameters: ``55.7M``, ``7b``; None where it is none."""
    found = _COUNT.fullmatch((text or "").strip().upper().replace(",", ""))
    return round(float(found[1]) * _SCALE[found[2]]) if found else None


def size(text: str | None) -> int | None:
    """A rounded size in bytes: ``14GB``."""
    found = _SIZE.fullmatch((text or "").strip().upper())
    return round(float(found[1]) * _SCALE[found[2].replace("G", "B")]) if found else None


def moment(text: str | None) -> str | None:
    """A time as the site writes it into a title, ``Jul 2, 2025 6:09 AM UTC``, as ISO."""
    try:
        return datetime.strptime(text or "", "%b %d, %Y %I:%M %p UTC").strftime("%Y-%m-%dT%H:%M:%SZ")
    except ValueError:
        return None


def licence(text: str) -> str | None:
    """The licence whose text begins like this, else its first line."""
    words = " ".join(text.split())[:200]
    for beginning, name in _LICENCES:
        if re.match(beginning, words, re.I):
            return name
    return next((line.strip()[:100] for line in text.splitlines() if line.strip()), None)


def _address(soup: BeautifulSoup) -> str:
    """The path of the page's own address."""
    link = soup.find("link", rel="canonical")
    meta = soup.find("meta", property="og:url")
    stated = _attribute(link, "href") or _attribute(meta, "content")
    return unquote(urlsplit(stated).path)


def _model(path: str) -> re.Match[str] | None:
    return next((found for pattern in _MODELS if (found := pattern.fullmatch(path))), None)


def _listed(soup: BeautifulSoup) -> Iterator[dict[str, Any]]:
    for item in soup.select("li[x-test-model]"):
        href = _attribute(item.find("a", href=True), "href")
        parts = urlsplit(href)
        found = _model(unquote(parts.path)) if parts.hostname in (None, "ollama.com") else None
        if found is None:
            yield {"fault": f"an entry without a model behind its link ({href[:100]})"}
            continue
        described = item.find("p")
        yield {
            "id": found["model"],
            "description": _text(described) or None,
            "tags": count(_marked(item, "x-test-tag-count")),
            **_counters(item),
        }


def _next(soup: BeautifulSoup) -> str | None:
    """Where a listing that comes in pieces goes on."""
    return _attribute(soup.select_one('li[hx-get*="page="]'), "hx-get") or None


def _about(soup: BeautifulSoup) -> dict[str, Any]:
    """The head of a page of one model."""
    head = soup.find("main") or soup
    summary = soup.find(id="summary-content")
    badges = [_text(badge) for badge in head.find_all("span", class_="text-indigo-600")]
    facts = _counters(head)
    return {**facts, "description": _text(summary) or None, "capabilities": facts["capabilities"] or badges}


def _counters(element: Tag) -> dict[str, Any]:
    updated = element.select_one("[x-test-updated]")
    holder = updated.find_parent(title=True) if updated else None
    return {
        "capabilities": [_text(found) for found in element.select("[x-test-capability]")],
        "sizes": [_text(found) for found in element.select("[x-test-size]")],
        "pulls": _marked(element, "x-test-pull-count"),
        "updated": moment(_attribute(holder, "title")),
    }


def _rows(soup: BeautifulSoup) -> Iterator[dict[str, Any]]:
    """The table of tags; its columns are known by their headings."""
    names = [_text(cell).lower() for cell in soup.select("div.grid-cols-12.bg-neutral-50 > p.col-span-2")]
    for row in soup.select("div.group.px-4.py-3"):
        command = row.find("input", class_="command")
        if command is None:
            continue
        cells = [_text(cell) for cell in row.select(".col-span-2")]
        said = dict(zip(names, cells, strict=False))
        digest = row.select_one("div.text-xs span.font-mono")
        yield {
            "tag": _attribute(command, "value").rpartition(":")[2],
            "size": said.get("size"),
            "context": said.get("context"),
            "input": said.get("input"),
            "digest": _text(digest) or None,
            "aliases": [_text(alias) for alias in _last_name(row).find_all("span", class_="rounded-full")],
        }


def _last_name(row: Tag) -> Tag:
    """The cell with the tag's name: a row is written twice, for narrow and for wide screens."""
    command = row.find("input", class_="command")
    return (command.parent if command else None) or row


def _variant(explorer: Tag) -> dict[str, Any]:
    """What one tag is made of: its digest, its size, its layers."""
    digest, _, total = _text(explorer.find("p", string=re.compile("·"))).partition("·")
    layers = []
    for link in explorer.find_all("a", href=re.compile("/blobs/")):
        row = link.find_parent("div", class_="group")
        cells = row.find_all("div", recursive=False) if row else []
        layer: dict[str, Any] = {
            "name": _text(link),
            "digest": _attribute(link, "href").rpartition("/")[2],
            "size": _text(cells[-1]) if len(cells) > 2 else None,
        }
        if layer["name"] == "license" and len(cells) > 1:
            layer["licence"] = licence(cells[1].get_text())
        if len(cells) > 1:
            layer |= _pairs(cells[1])
        layers.append(layer)
    return {"digest": digest.strip() or None, "size": total.strip() or None, "layers": layers}


def _pairs(cell: Tag) -> dict[str, str]:
    """``arch llama · parameters 13B · quantization Q4_0``."""
    pairs = {}
    for pair in cell.find_all("div", class_="items-center"):
        words = [_text(word) for word in pair.find_all("span")]
        if len(words) == 2 and words[0] in ("arch", "parameters", "quantization"):
            pairs[words[0]] = words[1]
    return pairs


def _readme(soup: BeautifulSoup) -> dict[str, Any]:
    """The model's card in Markdown, as its editor holds it."""
    editor = soup.find("textarea", id="editor")
    text = editor.get_text().strip() if editor else ""
    return {"readme": text or None}


def _marked(element: Tag, mark: str) -> str | None:
    return _text(element.select_one(f"[{mark}]")) or None


def _text(element: Any) -> str:
    return " ".join(element.get_text(" ").split()) if isinstance(element, Tag) else ""


def _attribute(element: Any, name: str) -> str:
    value = element.get(name) if isinstance(element, Tag) else None
    return value if isinstance(value, str) else ""
