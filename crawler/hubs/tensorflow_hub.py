"""TensorFlow Hub: models by handle, as they stood when the hub moved to Kaggle.

**What it is.** The repository `tensorflow/tfhub.dev`, frozen since: a Markdown page per version under
``assets/docs``, whose first line names its kind and handle (``# Module
google/imagenet/resnet_v2_50/classification/5``) and whose HTML comments state task, data sets, architecture,
licence, language and format. Pages of the kinds Lite, Tfjs and Coral are other forms of a model that ``parent-
model`` names; Placeholder pages stand for a model whose files have such forms only; collections and publishers
are no models.

**What it gives.** A model per handle without its version; releases are versions and forms; the newest page says
what it is and is its card.

**Limits and terms.** One archive by commit. Pages are under Apache-2.0 unless they say otherwise; most state no
licence for the weights.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree, papers

NAME = "tensorflow-hub"
TITLE = "TensorFlow Hub"
REPOSITORY = "tensorflow/tfhub.dev"
BRANCH = "master"
GIVES = ("models", "cards")
PARSER = "tensorflow-hub/1"
STATES = (
    *("task", "library", "architecture", "licence", "datasets", "papers", "languages", "files", "releases", "links"),
    *("tags", "description", "card", "base_models"),
)
_FIRST = re.compile(r"#\s*(Module|Placeholder|Lite|Tfjs|Coral|Collection|Publisher)\s+(\S+)")
_FACT = re.compile(r"<!--\s*([a-z-]+):\s*(.*?)\s*-->")
_FORMS = ("Lite", "Tfjs", "Coral")
_NO_LICENCE = ("custom",)


def wanted(path: str) -> bool:
    """The pages."""
    return path.startswith("assets/docs/") and path.endswith(".md")


@dataclass(frozen=True, slots=True)
class _Page:
    path: str
    kind: str
    handle: str
    version: str


class Hub:
    """What the pages say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.models: dict[str, list[_Page]] = {}
        self.faults: dict[str, str] = {}

    def units(self) -> Iterable[str]:
        """Handles of models, and the pages that name none."""
        self.models, self.faults = {}, {}
        for path in self.tree.paths(under="assets/docs"):
            page = self._page(path)
            if page is None:
                self.faults[path] = f"the first line of {path} is not '# KIND HANDLE'"
            elif page.kind not in ("Collection", "Publisher"):
                self.models.setdefault(page.handle, []).append(page)
        if not self.models:
            raise ShapeError(
                "The hub has changed its shape: no page below 'assets/docs' begins with '# Module HANDLE'."
            )
        return [*sorted(self.models), *sorted(self.faults)]

    def _page(self, path: str) -> _Page | None:
        try:
            text = self.tree.text(path)[:4000]
        except Malformed:
            return None
        found = _FIRST.match(text.lstrip())
        if found is None:
            return None
        handle = found[2].strip("/")
        if found[1] in _FORMS and (parent := dict(_FACT.findall(text)).get("parent-model")):
            handle = parent.strip("/")
        name, _, version = handle.rpartition("/")
        if not name or not version.isdigit():
            name, version = handle, ""
        return _Page(path, found[1], name, version)

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One handle with all its pages."""
        if unit in self.faults:
            raise Malformed(self.faults[unit])
        pages = sorted(
            self.models[unit], key=lambda page: (page.kind not in _FORMS, int(page.version or 0), page.path)
        )
        main = pages[-1]
        text = self.tree.text(main.path)
        facts: dict[str, list[str]] = {}
        for key, value in _FACT.findall(text):
            facts.setdefault(key, []).extend(word.strip() for word in value.split(",") if word.strip())
        licence = [word for word in facts.get("license", ()) if word not in _NO_LICENCE]
        released = [self._release(page) for page in pages]
        files = dict.fromkeys(str(release["url"]) for release in released if release["url"])
        yield {
            "id": unit,
            "url": f"https://tfhub.dev/{unit}",
            "description": _description(text),
            "task": next(iter(facts.get("task", ())), None),
            "library": "tensorflow",
            "architecture": next((word for word in facts.get("network-architecture", ()) if word != "other"), None),
            "licence": licence or ["other"] if facts.get("license") else [],
            "datasets": [word for word in facts.get("dataset", ()) if word not in ("other", "multiple")],
            **papers(text),
            "languages": facts.get("language", []),
            "files": [{"path": url.rpartition("/")[2], "url": url} for url in files],
            "releases": released,
            "links": [
                {"kind": "demo", "url": url}
                for key in ("colab", "demo")
                for url in facts.get(key, ())
                if "://" in url
            ],
            "tags": [*facts.get("task", ())[1:], *facts.get("format", ()), *_tunable(facts)],
            "card": main.path,
            "extra": {key: values for key, values in facts.items() if key not in ("asset-path", "colab")},
        }

    def _release(self, page: _Page) -> dict[str, Any]:
        text = self.tree.text(page.path)
        facts = dict(_FACT.findall(text[:8000]))
        address = facts.get("asset-path", "")
        return {
            "variant": page.kind.lower() if page.kind in _FORMS else facts.get("format") or None,
            "version": page.version or None,
            "url": address if address.startswith("http") else None,
            "notes": page.path,
        }


def _description(text: str) -> str | None:
    """The paragraph below the first line."""
    body = re.sub(r"<!--.*?-->", "", text.partition("\n")[2], flags=re.DOTALL).strip()
    first = body.split("\n\n", 1)[0].strip()
    return " ".join(first.split()) if first and not first.startswith(("#", "|", "```")) else None


def _tunable(facts: dict[str, list[str]]) -> list[str]:
    return ["fine-tunable"] if facts.get("fine-tunable") == ["true"] else []
