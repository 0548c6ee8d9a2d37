"""The Ollama library, over the pages of its web site and the manifests of its registry.

**Listing.** There is no list API. ``/library`` is one HTML page with every official model: name, summary,
capabilities, sizes, pulls, number of tags, time of the last update. Community models (``user/model``) are not
listed anywhere as a whole and are left out.

**Per model.** Three pages: the model's own (``/library/NAME``: its card, in Markdown inside its editor), all of its
tags (``/library/NAME/tags``: digest, size, context and input of each), and its default tag
(``/library/NAME:latest``: architecture, parameters, quantization, layers, the beginning of its licence). Pages land
as sent with what a pure reader finds in them beside; a folder or tar of saved pages does as well
(``crawl ollama --from PATH``), whatever the files are called.

**Manifests.** ``registry.ollama.ai/v2/library/NAME/manifests/TAG`` is an OCI manifest: every layer with its media
type, sha256 and size in bytes. It is the first request of ``ollama pull``, and nobody says whether it counts as a
pull: so manifests are read only where asked for (``--with files``), one for each model. Blobs are never read.

**Precision.** The site rounds: "55.7M" pulls are 55,700,000 here, "14GB" are 14,000,000,000 bytes, and a digest is
its first twelve digits. Only manifests are exact. Times of tags are relative ("1 month ago") and not used.

**Limits and terms.** No limits are published: one request at a time. Each model is under its own licence, which its
pages quote. Identify yourself (``HUBCENSUS_CONTACT``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from crawler import tree
from crawler.hubs import _ollama_pages as pages
from crawler.source import Plain, Walk
from crawler.tree import Malformed

NAME = "ollama"
TITLE = "Ollama library"
ENDPOINT = "https://ollama.com"
REGISTRY = "https://registry.ollama.ai"
GIVES = ("models", "cards", "files")
PARSER = "ollama/1"
DECODER = pages.VERSION
COPIES = True
POLITENESS = (
    "Only pages for people were requested, one at a time, and manifests of default tags where asked for; no blob was."
)
_LISTED = ("task", "tags", "last_modified", "downloads", "description")
_CARD = ("card", "links", "papers")
#: What each kind of page states of a model: what none of the pages read states is unknown, not absent.
STATED = {
    "listing": _LISTED,
    "model": (*_LISTED, *_CARD, "releases", "storage_bytes"),
    "tags": (*_LISTED, "releases", "storage_bytes"),
    "variant": (*_LISTED, *_CARD, "architecture", "licence", "parameters", "files", "storage_bytes"),
    "manifest": ("files", "storage_bytes"),
}
STATES = tuple(sorted({name for names in STATED.values() for name in names}))

_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,127}(?:/[A-Za-z0-9][\w.-]{0,127})?", re.ASCII)
#: As the registry has it, and as a local store keeps it: library/NAME/manifests/TAG, manifests/HOST/library/NAME/TAG.
_MANIFESTS = (
    re.compile(r"(?:.*/)?(?P<owner>[^/]+)/(?P<name>[^/]+)/manifests/(?P<tag>[^/]+)"),
    re.compile(r"(?:.*/)?manifests/[^/]+/(?P<owner>[^/]+)/(?P<name>[^/]+)/(?P<tag>[^/]+)"),
)
_ELSEWHERE = re.compile(r"https?://(?:huggingface\.co|hf\.co)/(?P<model>[\w.-]+/[\w.-]+)")
_NO_OWNERS = ("datasets", "spaces", "docs", "blog", "papers", "collections", "models", "organizations", "join")
_TASKS = ("embedding", "vision", "image", "audio")


def wanted(path: str) -> bool:
    """Whether a file of a saved copy may be a page or a manifest."""
    name = path.rsplit("/", 1)[-1]
    return name.lower().endswith((".html", ".htm")) or "manifests/" in path or path.startswith("library/")


class Hub(Plain):
    """Where the pages of one library are."""

    def __init__(self, endpoint: str = ENDPOINT) -> None:
        self.endpoint = endpoint

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Everything is on one page, unless the site says that there is more."""
        return [Walk("listing", "page", f"{self.endpoint}/library?sort=newest", ())]

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested: blobs are the model itself."""
        return "Blobs are not read: that would be a download." if "/blobs/" in urlsplit(url).path else None

    def addresses(self, name: str, wanted: frozenset[str]) -> list[tuple[str, str]]:
        """Where a model's pages are: under which name each lands, and its URL."""
        if not _ID.fullmatch(name):
            return []
        path = quote(name if "/" in name else f"library/{name}")
        found = [(path + rest, f"{self.endpoint}/{path}{rest}") for rest in ("", "/tags", ":latest")]
        if "files" in wanted:
            registry = REGISTRY if urlsplit(self.endpoint).hostname == urlsplit(ENDPOINT).hostname else self.endpoint
            manifest = f"v2/{path}/manifests/latest"
            found.append((manifest, f"{registry}/{manifest}"))
        return found


def is_whole(body: bytes) -> bool:
    """Whether a page or a manifest came to its end."""
    return body.rstrip().endswith((b"</html>", b"}"))


def read(path: str, body: bytes) -> dict[str, Any]:
    """What one page or manifest says; raises :class:`Malformed`."""
    if body[:64].lstrip().startswith(b"{"):
        return _manifest(path, body)
    return pages.read(body)


def _manifest(path: str, body: bytes) -> dict[str, Any]:
    found = next((found for pattern in _MANIFESTS if (found := pattern.fullmatch(path))), None)
    try:
        said = msgspec.json.decode(body, type=_Manifest)
    except msgspec.MsgspecError as error:
        raise Malformed(f"no manifest: {error}") from None
    if found is None:
        raise Malformed("no manifest: its path names no model")
    name = found["name"] if found["owner"] == "library" else f"{found['owner']}/{found['name']}"
    layers = [
        {
            "name": layer.mediaType.rpartition(".")[2],
            "sha256": _sha256(layer.digest),
            "size": layer.size,
        }
        for layer in [*([said.config] if said.config else []), *said.layers]
    ]
    return {
        "page": "manifest",
        "id": name,
        "tag": found["tag"],
        "sha256": hashlib.sha256(body).hexdigest(),
        "layers": layers,
    }


class _Layer(msgspec.Struct):
    mediaType: str
    digest: str
    size: int


class _Manifest(msgspec.Struct):
    layers: list[_Layer]
    config: _Layer | None = None


def _sha256(digest: str) -> str | None:
    return digest[7:] if re.fullmatch(r"sha256:[0-9a-f]{64}", digest) else None


class Library:
    """Pure: what the pages read so far say about each model."""

    def __init__(self, said: Mapping[str, dict[str, Any]]) -> None:
        """``said``: what was read from each page, by the name it landed under."""
        self.models: dict[str, dict[str, Any]] = {}
        self.faults: list[str] = []
        for page in said.values():
            if page["page"] == "listing":
                for entry in page["models"]:
                    self._listed(entry)
            else:
                about = self.models.setdefault(page["id"], {})
                about.setdefault(page["page"], {}).setdefault(page.get("tag", ""), page)

    def _listed(self, entry: dict[str, Any]) -> None:
        if "fault" in entry:
            self.faults.append(entry["fault"])
        else:
            self.models.setdefault(entry["id"], {}).setdefault("listing", {}).setdefault("", entry)

    def units(self) -> Iterable[str]:
        """The models."""
        return self.models

    def states(self, unit: str) -> tuple[str, ...]:
        """What is known about a model when these of its pages were read."""
        return tuple(sorted({name for kind in self.models[unit] for name in STATED[kind]}))

    def readme(self, unit: str) -> str | None:
        """The text of a model's card."""
        for page in (*self._pages(unit, "model"), *self._pages(unit, "variant")):
            if page.get("readme"):
                return str(page["readme"])
        return None

    def decode(self, unit: str) -> Iterable[dict[str, Any]]:
        """The facts record of a model."""
        heads = [*self._pages(unit, "model"), *self._pages(unit, "tags"), *self._pages(unit, "variant")]
        heads += self._pages(unit, "listing")
        if not heads:
            raise Malformed(f"{unit} has a manifest and no page")
        card = self.readme(unit)
        capabilities = _first(heads, "capabilities") or []
        yield {
            "id": unit,
            "url": f"{ENDPOINT}/{unit if '/' in unit else f'library/{unit}'}",
            "description": _first(heads, "description"),
            "task": next((task for task in _TASKS if task in capabilities), None),
            "tags": sorted({*capabilities, *(["gguf"] if self._weights(unit) else [])}),
            "downloads": pages.count(_first(heads, "pulls")),
            "last_modified": _first(heads, "updated"),
            **self._default(unit),
            "releases": list(self._releases(unit)),
            "card": f"{unit}/README.md" if card else None,
            **_pointers(card or ""),
            "extra": {"sizes": _first(heads, "sizes") or [], "pulls": _first(heads, "pulls")},
        }

    def _pages(self, unit: str, kind: str) -> list[dict[str, Any]]:
        return list(self.models[unit].get(kind, {}).values())

    def _weights(self, unit: str) -> bool:
        """Whether some manifest holds weights in the one file that its media type ``model`` stands for."""
        return any(layer["name"] == "model" for page in self._pages(unit, "manifest") for layer in page["layers"])

    def _default(self, unit: str) -> dict[str, Any]:
        """What the default tag says, or the only one that was read."""
        about = self.models[unit]
        variants = about.get("variant", {})
        page = variants.get("latest") or (next(iter(variants.values())) if len(variants) == 1 else None) or {}
        manifest = about.get("manifest", {}).get("latest")
        layers = page.get("layers", [])
        weights: dict[str, Any] = next((layer for layer in layers if layer.get("arch")), {})
        listed: dict[str, Any] = next((row for row in self._rows(unit) if row["tag"] == "latest"), {})
        return {
            "architecture": weights.get("arch"),
            "parameters": pages.count(weights.get("parameters")),
            "licence": [layer["licence"] for layer in layers if layer.get("licence")],
            "storage_bytes": _total(manifest) if manifest else pages.size(page.get("size") or listed.get("size")),
            "files": list(self._files(unit)),
        }

    def _files(self, unit: str) -> Iterable[dict[str, Any]]:
        """The layers of every tag that was read: exact from a manifest, else as shown."""
        exact, shown = self.models[unit].get("manifest", {}), self.models[unit].get("variant", {})
        for tag, page in {**shown, **exact}.items():
            for layer in page["layers"]:
                yield {
                    "path": f"{tag}/{layer['name']}",
                    "size": layer["size"] if tag in exact else pages.size(layer["size"]),
                    "sha256": layer.get("sha256"),
                }

    def _rows(self, unit: str) -> list[dict[str, Any]]:
        """The tags, from the page of all of them, else from the few on the model's own page."""
        return next((page["tags"] for kind in ("tags", "model") for page in self._pages(unit, kind)), [])

    def _releases(self, unit: str) -> Iterable[dict[str, Any]]:
        for row in self._rows(unit):
            tag = row["tag"]
            manifest = self.models[unit].get("manifest", {}).get(tag)
            variant = self.models[unit].get("variant", {}).get(tag, {})
            yield {
                "variant": tag,
                "version": row["digest"] or variant.get("digest"),
                "url": f"{ENDPOINT}/{unit if '/' in unit else f'library/{unit}'}:{tag}",
                "size": _total(manifest) if manifest else pages.size(row["size"]),
                "sha256": manifest["sha256"] if manifest else None,
                "licence": next(
                    (layer["licence"] for layer in variant.get("layers", []) if layer.get("licence")), None
                ),
            }


def _total(manifest: dict[str, Any]) -> int:
    return sum(layer["size"] for layer in manifest["layers"])


def _first(heads: list[dict[str, Any]], name: str) -> Any:
    """What the first page that says something says."""
    return next((head[name] for head in heads if head.get(name)), None)


def _pointers(card: str) -> dict[str, Any]:
    """Papers and links of a card; a model on Hugging Face is where the weights came from."""
    links = []
    for url in tree.urls(card):
        found = _ELSEWHERE.match(url)
        if found and found["model"].split("/")[0] not in _NO_OWNERS:
            links.append({"kind": "model", "url": f"https://huggingface.co/{found['model']}"})
    if repository := tree.github(card):
        links.append({"kind": "repository", "url": repository})
    unique = [link for place, link in enumerate(links) if link not in links[:place]]
    return {**tree.papers(card), "links": unique}
