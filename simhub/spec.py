"""`Spec`: everything that is true of one version of one model.

All the hub serves about a model (record, tags, card, files, commits) is a pure function of its spec, so
a spec kept in the store is enough to answer for any earlier day.
"""

from __future__ import annotations

import json
from dataclasses import MISSING, dataclass, field, fields
from typing import Any

from simhub.clock import digest

dumps = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode

#: Card kinds whose front matter parses, so that the Hub can read metadata from it.
DECLARING = frozenset({"yaml_only", "template", "auto", "full", "crlf", "multilingual", "big", "hostile", "folder"})


@dataclass(slots=True)
class Spec:
    """One version of one model. `card` is the card's kind (see `simhub.cards`).

    `folder`, `front`, `config` and `counts` are for models whose files are real (see `simhub.folder`).
    """

    ordinal: int
    oid: str
    id: str
    created: str
    modified: str
    seed: int = 0
    commits: int = 1
    card_rev: int = 0
    weights_rev: int = 0
    private: bool = False
    gated: str = ""
    disabled: bool = False
    library: str | None = None
    task: str | None = None
    arch: str = ""
    head: str = "Model"
    size: list[int] = field(default_factory=list)
    dtype: str = "F32"
    formats: list[str] = field(default_factory=list)
    card: str = "none"
    licences: list[str] = field(default_factory=list)
    licence_name: str = ""
    languages: list[str] = field(default_factory=list)
    datasets: list[str] = field(default_factory=list)
    arxiv: list[str] = field(default_factory=list)
    doi: str = ""
    parents: list[str] = field(default_factory=list)
    relation: str = ""
    relation_declared: bool = False
    results: list[dict[str, Any]] = field(default_factory=list)
    co2: Any = None
    words: list[str] = field(default_factory=list)
    widget: bool = False
    region: str = "us"
    origin: str = ""
    folder: str = ""
    front: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def owner(self) -> str:
        """The part of the id before the slash."""
        return self.id.rpartition("/")[0] or self.id

    @property
    def name(self) -> str:
        """The part of the id after the slash."""
        return self.id.rpartition("/")[2]

    @property
    def first_id(self) -> str:
        """The id before any rename: what the files themselves say."""
        return self.origin or self.id

    @property
    def label(self) -> str:
        """The name before any rename."""
        return self.first_id.rpartition("/")[2]

    @property
    def sha(self) -> str:
        """The commit this version is."""
        return commit_sha(self.oid, self.commits)

    @property
    def declares(self) -> bool:
        """Whether the Hub can read metadata from the card."""
        return self.card in DECLARING

    def facts(self) -> str:
        """The spec as JSON, defaults left out."""
        return dumps({k: v for k in _NAMES if (v := getattr(self, k)) != _DEFAULTS[k]})

    @classmethod
    def from_facts(cls, text: str) -> Spec:
        """The inverse of `facts`."""
        return cls(**json.loads(text))


def commit_sha(oid: str, number: int) -> str:
    """The sha of a model's n-th commit."""
    return digest("commit", oid, number)


_NAMES = tuple(f.name for f in fields(Spec))
_DEFAULTS: dict[str, Any] = {
    f.name: f.default_factory() if f.default_factory is not MISSING else f.default for f in fields(Spec)
}
