"""The Model Openness Tool of LF AI & Data: how open the parts of well-known models are.

**What it is.** The repository `lfai/model_openness_tool`: one YAML file per model, filled in by people, with
producer, architecture, origin, links to code and Hugging Face, and the licence of every component (weights,
architecture, code, data, cards).

**What it gives.** A model per file. Its licence is that of the final parameters where one is stated, else that
of the distribution or of the model as a whole; a component without one falls under the distribution's. All
components are kept in ``extra``. A link to Hugging Face is a link of kind ``model``: the same model there.

**Limits and terms.** One archive by commit. Judgements of volunteers, not of the producers.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import ShapeError, Tree, need, papers, texts
from crawler.words import magnitude

NAME = "model-openness"
TITLE = "Model Openness Tool"
REPOSITORY = "lfai/model_openness_tool"
BRANCH = "main"
GIVES = ("models",)
PARSER = "model-openness/1"
STATES = (
    *("task", "architecture", "licence", "papers", "base_models", "tags", "parameters", "last_modified", "releases"),
    "links",
)
_NONE = ("", "none", "unlicensed", "undisclosed", "component not included", "component not include", "n/a", "unknown")
_HUB = re.compile(
    r"https?://(?:www\.)?huggingface\.co/(?!spaces|datasets|collections|papers|blog|docs)([\w.-]+/[\w.-]+)"
)


def wanted(path: str) -> bool:
    """The models."""
    return path.startswith("models/") and path.endswith(".yml")


class Hub:
    """What the files say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """One file per model."""
        found = self.tree.paths(under="models")
        if found and not any("release:" in self.tree.text(path) for path in found[:20]):
            raise ShapeError(f"The hub has changed its shape: {found[0]} has no field 'release'.")
        if not found:
            raise ShapeError("The hub has changed its shape: there is no folder 'models' with files.")
        return found

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        release = need(self.tree.yaml(unit), "release", where=unit)
        components = [part for part in release.get("components") or () if isinstance(part, dict)]
        name, page = str(need(release, "name", where=unit)), str(release.get("huggingface") or "")
        origin, version = str(release.get("origin") or ""), str(release.get("version") or "")
        told = "\n".join(str(part.get("component_path") or "") for part in components)
        link = next((part.get("license_path") for part in components if _is_weights(part)), None)
        yield {
            "id": unit.removeprefix("models/").removesuffix(".yml"),
            "owner": str(release.get("producer") or ""),
            "url": self.tree.web(unit),
            "task": release.get("type") or None,
            "architecture": release.get("architecture") or None,
            "licence": _licence(release, components),
            "licence_link": link if isinstance(link, str) and link.startswith("http") else None,
            **papers(f"{told}\n{release.get('repository') or ''}"),
            "base_models": [{"id": origin}] if origin and origin != name else [],
            "parameters": _parameters(version),
            "last_modified": str(release.get("date") or "") or None,
            "releases": [{"version": version}] if version else [],
            "links": list(_links(release, page)),
            "extra": {"components": components, "framework": release.get("framework")},
        }


def _is_weights(part: dict[str, Any]) -> bool:
    return str(part.get("name", "")).lower().startswith("model parameters (final")


def _licence(release: dict[str, Any], components: list[dict[str, Any]]) -> list[str]:
    """The licence of the weights, the distribution, the data or the code: the first that is one."""
    whole = release.get("license")
    global_ = whole if isinstance(whole, dict) else {}
    stated = [part.get("license") for part in components if _is_weights(part)]
    stated += [
        (global_.get(key) or {}).get("name") for key in ("distribution", "code") if isinstance(global_.get(key), dict)
    ]
    return [word for word in texts(stated) if word.rstrip(".").lower() not in _NONE][:1]


def _parameters(version: str) -> int | None:
    return magnitude(version) if re.fullmatch(r"\d+(?:\.\d+)?\s*[BMbm]", version) else None


def _links(release: dict[str, Any], page: str) -> Iterator[dict[str, str]]:
    if found := _HUB.match(page):
        yield {"kind": "model", "url": f"https://huggingface.co/{found[1]}"}
    for url in texts(release.get("repository")):
        if url.startswith("http"):
            yield {"kind": "repository", "url": url}
