"""Git objects in pure Python: blobs, trees and one commit, with the ids that Git itself gives them."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

AUTHOR = "Mira Vega"
EMAIL = "mira@example.org"
MESSAGE = "The files at hand"

_Folder = dict[bytes, "bytes | _Folder"]


@dataclass(frozen=True, slots=True)
class Tree:
    """One folder: its id, and its entries as (name, mode, id) in Git's order."""

    sha: str
    entries: tuple[tuple[str, int, str], ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository at its one commit: the ids of the commit, of every file and of every folder ("" is the top)."""

    commit: str
    blobs: dict[str, str] = field(repr=False)
    trees: dict[str, Tree] = field(repr=False)

    @property
    def tree(self) -> str:
        """The id of the top folder."""
        return self.trees[""].sha


def object_id(kind: str, body: bytes) -> str:
    """The id that Git gives to an object."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(body)) + body, usedforsecurity=False).hexdigest()


def seconds(date: str) -> int:
    """A date as GitHub writes it, in seconds since the epoch."""
    return int(datetime.fromisoformat(date).timestamp())


def snapshot(files: Mapping[str, bytes], date: str) -> Snapshot:
    """The commit of some files, made at a date; a ``ValueError`` where a path is a file and a folder."""
    blobs = {path: object_id("blob", body) for path, body in files.items()}
    trees: dict[str, Tree] = {}
    _tree("", _nested(files), trees)
    return Snapshot(object_id("commit", _commit(trees[""].sha, date)), blobs, trees)


def objects(files: Mapping[str, bytes], date: str) -> Iterator[tuple[str, bytes]]:
    """Every object of the commit, as its kind and body."""
    made = snapshot(files, date)
    for body in files.values():
        yield "blob", body
    for tree in made.trees.values():
        yield "tree", _packed(tree.entries)
    yield "commit", _commit(made.tree, date)


def write_bare(folder: Path, files: Mapping[str, bytes], date: str, branch: str) -> None:
    """A bare repository in a folder that is made for it: loose objects, one branch, and filters allowed."""
    for kind, body in objects(files, date):
        sha = object_id(kind, body)
        place = folder / "objects" / sha[:2] / sha[2:]
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(zlib.compress(b"%s %d\0" % (kind.encode(), len(body)) + body, 1))
    head = folder / "refs" / "heads" / branch
    head.parent.mkdir(parents=True, exist_ok=True)
    (folder / "objects").mkdir(exist_ok=True)
    if files:
        head.write_text(snapshot(files, date).commit + "\n")
    (folder / "HEAD").write_text(f"ref: refs/heads/{branch}\n")
    (folder / "config").write_text(_CONFIG)


_CONFIG = """[core]
	repositoryformatversion = 0
	bare = true
[uploadpack]
	allowFilter = true
	allowAnySHA1InWant = true
	allowReachableSHA1InWant = true
[gc]
	auto = 0
"""


def _nested(files: Mapping[str, bytes]) -> _Folder:
    top: _Folder = {}
    for path, body in files.items():
        *folders, name = path.encode("utf-8", "surrogateescape").split(b"/")
        here = top
        for folder in folders:
            inner = here.setdefault(folder, {})
            if not isinstance(inner, dict):
                raise ValueError(f"{path!r} lies below a file")
            here = inner
        if name in here:
            raise ValueError(f"{path!r} is a file and a folder")
        here[name] = body
    return top


def _tree(path: str, folder: _Folder, found: dict[str, Tree]) -> str:
    """The id of a folder, after those of all below it. Git sorts a folder as if its name ended with a slash."""
    entries = []
    for name in sorted(folder, key=lambda name: name + b"/" if isinstance(folder[name], dict) else name):
        inner, shown = folder[name], name.decode("utf-8", "surrogateescape")
        if isinstance(inner, dict):
            entries.append((shown, 0o40000, _tree(f"{path}/{shown}" if path else shown, inner, found)))
        else:
            entries.append((shown, 0o100644, object_id("blob", inner)))
    tree = Tree(object_id("tree", _packed(entries)), tuple(entries))
    found[path] = tree
    return tree.sha


def _packed(entries: list[tuple[str, int, str]] | tuple[tuple[str, int, str], ...]) -> bytes:
    return b"".join(
        b"%o %s\0" % (mode, name.encode("utf-8", "surrogateescape")) + bytes.fromhex(sha)
        for name, mode, sha in entries
    )


def _commit(tree: str, date: str) -> bytes:
    who = f"{AUTHOR} <{EMAIL}> {seconds(date)} +0000"
    return f"tree {tree}\nauthor {who}\ncommitter {who}\n\n{MESSAGE}\n".encode()
