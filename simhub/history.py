"""Commits of a model: those before day 0 are drawn from its spec, those of simulated days are recorded."""

from __future__ import annotations

from dataclasses import dataclass

from simhub.clock import epoch, iso
from simhub.spec import Spec, commit_sha
from simhub.store import Store

_TITLES = ("Update README.md", "Upload folder using huggingface_hub", "Add new weights", "Training in progress")


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit."""

    sha: str
    date: str
    title: str
    author: str

    def entry(self, formatted: bool = False) -> dict[str, object]:
        """As the commits endpoint describes it."""
        author = {"user": self.author, "avatar": "/avatars/0.svg"}
        found: dict[str, object] = {"id": self.sha, "title": self.title, "message": "", "authors": [author]}
        found["date"] = self.date
        if formatted:
            found["formatted"] = {"title": self.title, "message": ""}
        return found


def history(store: Store, spec: Spec) -> list[Commit]:
    """The commits of a model up to a version, newest first."""
    first = store.spec_of("ordinal = ? AND valid_from = (SELECT min(valid_from) FROM version v "
                          "WHERE v.ordinal = version.ordinal)", (spec.ordinal,)) or spec  # fmt: skip
    owner = first.owner
    recorded = store.db.execute(
        "SELECT number, date, title FROM commit_made WHERE ordinal = ? AND number <= ? ORDER BY number",
        (spec.ordinal, spec.commits),
    ).fetchall()
    base = recorded[0][0] - 1 if recorded else spec.commits
    start, end = (
        epoch(first.created),
        epoch(first.modified if not recorded or first.commits <= base else first.created),
    )
    found = []
    for number in range(1, base + 1):
        moment = start + (end - start) * (number - 1) // max(1, base - 1)
        title = "initial commit" if number == 1 else _TITLES[(spec.seed + number) % 4]
        found.append(Commit(commit_sha(spec.oid, number), iso(moment), title, owner))
    found += [Commit(commit_sha(spec.oid, n), date, title, owner) for n, date, title in recorded]
    return found[::-1]


def tag_names(spec: Spec) -> list[str]:
    """The git tags of a model; each names its first commit."""
    return ["v1.0"] if spec.seed % 10 == 0 else []


def version_at(store: Store, spec: Spec, revision: str) -> tuple[Spec, str] | None:
    """The version that held at a commit (or tag) of a model, and that commit."""
    if revision in tag_names(spec) or revision in [f"refs/tags/{name}" for name in tag_names(spec)]:
        revision = commit_sha(spec.oid, 1)
    shas = [commit_sha(spec.oid, n) for n in range(1, spec.commits + 1)]
    if revision not in shas:
        return None
    number = shas.index(revision) + 1
    versions = list(store.specs("ordinal = ?", (spec.ordinal,)))
    # Several commits of one day leave one version: the first one at or after the commit.
    fitting = [v for v in versions if v.commits >= number]
    return min(fitting, key=lambda v: v.commits, default=spec), revision
