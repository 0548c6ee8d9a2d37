"""The spaCy model releases: every version of every trained pipeline that Explosion published.

**What it is.** The repository `explosion/spacy-models` holds one small JSON file per released version
(``meta/<package>-<version>.json``) with licence, size, sources and measured scores, and the table of which
versions fit which spaCy. The wheels themselves hang on the releases of the repository and are not touched.

**What it gives.** A model per package (``en_core_web_sm``), a release per version, and the scores of every
version as claims, so that a pipeline can be followed through the years. Scores of version 2 are per cent, those
of 3 are shares; they land as written.

**Limits and terms.** One archive by commit. Each pipeline is under the licence that its version states.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, Tree, index, need, texts
from crawler.words import size

NAME = "spacy"
TITLE = "spaCy models"
REPOSITORY = "explosion/spacy-models"
BRANCH = "master"
GIVES = ("models",)
PARSER = "spacy/1"
STATES = (
    *("task", "library", "architecture", "licence", "datasets", "languages", "tags", "storage_bytes", "files"),
    *("releases", "claims", "links", "description"),
)
_META = re.compile(r"meta/([\w-]+?)-(\d[\w.+-]*)\.json")
_NUMBER = re.compile(r"(\d+)")
_DOWNLOAD = "https://github.com/explosion/spacy-models/releases/download"


def wanted(path: str) -> bool:
    """The metas and the table of compatible versions."""
    return _META.fullmatch(path) is not None or path == "compatibility.json"


class Hub:
    """What the metas say."""

    def __init__(self, tree: Tree) -> None:
        """Group the metas by package; the versions of each from old to new."""
        self.tree = tree
        self.packages: dict[str, list[str]] = {}
        for path in tree.paths(under="meta"):
            if found := _META.fullmatch(path):
                self.packages.setdefault(found[1], []).append(path)

    def units(self) -> Iterable[str]:
        """The packages."""
        table = self.tree.json("compatibility.json") if "compatibility.json" in self.tree else None
        index(index(table, dict, "compatibility.json").get("spacy"), dict, "compatibility.json", "spacy")
        return sorted(self.packages)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One package: the newest stable version says what it is, every version what it scores."""
        metas = [(_version(path), path, self._meta(path)) for path in self.packages[unit]]
        metas.sort(key=lambda entry: _order(entry[0]))
        _, _, now = next((entry for entry in reversed(metas) if _stable(entry[0])), metas[-1])
        yield {
            "id": unit,
            "owner": "explosion",
            "url": f"https://spacy.io/models/{now.get('lang', 'xx')}#{unit}",
            "description": now.get("description"),
            "task": _task(unit, now),
            "library": "spacy",
            "architecture": _architecture(now),
            "licence": texts(now.get("license")),
            "datasets": _sources(now.get("sources")),
            "languages": texts(now.get("lang")),
            "tags": _components(now),
            "storage_bytes": size(now.get("size")),
            "files": [_file(unit, version, meta) for version, _, meta in metas[-1:]],
            "releases": [_release(unit, version, meta) for version, _, meta in metas],
            "claims": [claim for version, _, meta in metas for claim in _claims(version, meta)],
            "links": [{"kind": "homepage", "url": url} for url in texts(now.get("url"))],
            "extra": {"vectors": now.get("vectors"), "spacy_version": now.get("spacy_version")},
        }

    def _meta(self, path: str) -> dict[str, Any]:
        meta = self.tree.json(path)
        found = _META.fullmatch(path)
        named = f"{need(meta, 'lang', where=path)}_{need(meta, 'name', where=path)}"
        if found is None or named != found[1] or not need(meta, "version", where=path):
            raise Malformed(f"{path} is about {named}")
        return dict(meta)


def _version(path: str) -> str:
    found = _META.fullmatch(path)
    return found[2] if found else ""


def _order(version: str) -> tuple[Any, ...]:
    """Versions as they followed each other; 2.0.0a0 comes before 2.0.0."""
    numbers = [int(part) for part in _NUMBER.findall(version)]
    return (*numbers[:3], _stable(version), *numbers[3:])


def _stable(version: str) -> bool:
    return re.fullmatch(r"[\d.]+", version) is not None


def _task(package: str, meta: dict[str, Any]) -> str:
    kinds = {"sent": "sentence segmentation", "vectors": "word vectors", "ent": "named entity recognition"}
    genre = str(meta.get("name", "")).split("_")[0]
    return kinds.get(genre, "linguistic analysis")


def _architecture(meta: dict[str, Any]) -> str | None:
    name, components = str(meta.get("name", "")), _components(meta)
    if name.endswith("_trf") or "transformer" in components:
        return "transformer"
    return "cnn" if "tok2vec" in components or "parser" in components else None


def _components(meta: dict[str, Any]) -> list[str]:
    return texts(meta.get("components") or meta.get("pipeline"))


def _sources(value: Any) -> list[str]:
    if isinstance(value, str):
        return texts(value)
    named = [entry.get("name") if isinstance(entry, dict) else entry for entry in value or ()]
    return list(dict.fromkeys(texts(named)))


def _release(package: str, version: str, meta: dict[str, Any]) -> dict[str, Any]:
    return {
        "version": version,
        "url": f"https://github.com/explosion/spacy-models/releases/tag/{package}-{version}",
        "size": size(meta.get("size")),
        "checksum": None,
        "sha256": meta.get("checksum"),
        "licence": next(iter(texts(meta.get("license"))), None),
        "notes": meta.get("spacy_version") and f"spaCy {meta['spacy_version']}",
    }


def _file(package: str, version: str, meta: dict[str, Any]) -> dict[str, Any]:
    name = f"{package}-{version}" + ("-py3-none-any.whl" if version >= "3" else ".tar.gz")
    return {
        "path": name,
        "size": size(meta.get("size")),
        "sha256": meta.get("checksum"),
        "url": f"{_DOWNLOAD}/{package}-{version}/{name}",
    }


def _claims(version: str, meta: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The scores that are single numbers; those by label stay in the landed file."""
    corpus = next(iter(_sources(meta.get("sources"))), None)
    scores = meta.get("performance") or meta.get("accuracy") or {}
    for metric, value in sorted(scores.items()) if isinstance(scores, dict) else ():
        if isinstance(value, (int, float)) and not isinstance(value, bool) and metric != "speed":
            yield {"dataset": corpus, "metric": metric, "value": str(value), "version": version}
