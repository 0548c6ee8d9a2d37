"""The usages in a folder: every file that may have some, names followed from file to file.

Files are read and never run. Links are not followed, so nothing outside the folder is read; folders of other people's
code (installed packages, build outputs) are left out. A file whose bytes do not contain the name of any call is not
parsed; when a file imports another one of the same folder, that one is read once for what its names stand for.
"""

from __future__ import annotations

import gc
import os
import re
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crawler.downstream import miner, signatures, texts
from crawler.downstream.interpreter import Interpreter
from crawler.downstream.source import LONGEST, pieces
from crawler.downstream.values import NOTHING, Class, Function, Instance, Items, Name, Table, Text, Values
from crawler.downstream.workers import Team

SKIPPED = frozenset(
    {
        *("site-packages", "node_modules", "dist-packages", "__pycache__", "venv", "env", "build", "dist", "vendor"),
        *("third_party", "htmlcov", "egg-info"),
    }
)
PROGRAMS = (".py", ".pyw", ".ipynb")
# Following imports from file to file ends here.
_DEPTH = 3
_LARGEST = 512 << 10
# Of how many imported names a file may know more than the name, and how many files are kept in memory.
_NAMES, _KEPT = 200, 100
_SETTING = re.compile(
    rb"""^\s+\w+[^=\n]*=[^#\n]*["'](?:[A-Za-z0-9][\w.-]*(?:/[\w.-]+|-[\w.-]+)|(?:distil)?gpt2)["']""", re.MULTILINE
)
# A bundle for one process; each of several gets smaller ones, so that none is left with a long one at the end.
_BUNDLE_FILES, _BUNDLE_BYTES, _SMALLER = 200, 2 << 20, 8


@dataclass(slots=True)
class Counts:
    """What was looked at."""

    files: int = 0
    parsed: int = 0
    usages: int = 0
    unread: list[str] = field(default_factory=list)

    def add(self, other: Counts) -> None:
        """What was looked at elsewhere as well."""
        self.files += other.files
        self.parsed += other.parsed
        self.usages += other.usages
        self.unread += other.unread


def usages(
    root: Path, counts: Counts | None = None, *, team: Team | None = None, local: bool = False
) -> Iterator[dict[str, Any]]:
    """Every usage below a folder, or in one file, as an object with its ``path``; in the order of paths.

    Files are read by the processes of a ``team``, where there is one. With ``local`` also what is loaded from the
    machine: ``model_id`` and ``hub`` of such a usage are None.
    """
    counts = counts if counts is not None else Counts()
    base = root if root.is_dir() else root.parent
    reading = secrets.token_hex(8)
    listed = _bundles([root] if root.is_file() else files(root), base, _SMALLER if team else 1)
    bundles = ((reading, base, bundle, local) for bundle in listed)
    for found, done in team.map(_read_here, bundles) if team else map(_read_here, bundles):
        counts.add(done)
        yield from found


def _bundles(paths: Iterable[Path], base: Path, smaller: int) -> Iterator[list[str]]:
    """Paths in bundles of about the same size."""
    bundle: list[str] = []
    size = 0
    for path in paths:
        bundle.append(path.relative_to(base).as_posix())
        size += path.stat().st_size if path.is_file() else 0
        if len(bundle) >= _BUNDLE_FILES // smaller or size >= _BUNDLE_BYTES // smaller:
            yield bundle
            bundle, size = [], 0
    if bundle:
        yield bundle


Read = tuple[list[dict[str, Any]], "Counts"]


_here: dict[str, Modules] = {}


def _read_here(bundle: tuple[str, Path, list[str], bool]) -> Read:
    """Read a bundle; within one reading of a folder a process keeps what it has read of other files."""
    reading, base, names, local = bundle
    if reading not in _here:
        _here.clear()
        _here[reading] = Modules(base)
    return _read_bundle(_here[reading], names, local)


@contextmanager
def _no_collection() -> Iterator[None]:
    """Syntax trees are many objects that live until their file is read: no look through them for cycles before."""
    before = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if before:
            gc.enable()


@_no_collection()
def _read_bundle(modules: Modules, bundle: list[str], local: bool) -> Read:
    counts, found = Counts(), list[dict[str, Any]]()
    for name in bundle:
        counts.files += 1
        path = modules.root / name
        try:
            if path.stat().st_size > LONGEST:
                counts.unread.append(f"{name}: longer than {LONGEST >> 20} MiB")
                continue
            data = path.read_bytes()
        except OSError as error:
            counts.unread.append(f"{name}: {error.strerror}")
            continue
        found += [{"path": name, **usage} for usage in _mined(name, data, modules, counts, local)]
    counts.usages = len(found)
    return found, counts


def _mined(name: str, data: bytes, modules: Modules, counts: Counts, local: bool) -> Iterator[dict[str, Any]]:
    if name.endswith(PROGRAMS):
        imported = signatures.imports(data)
        told = signatures.telling(data)
        modules.met(name, told)
        loads = signatures.may_match(data, imported, told) or (local and b"torch.load" in data)
        if loads or modules.may_lead(name, imported):
            counts.parsed += 1
            for usage in miner.read_all(name, data, modules.seen_from(name), local=local):
                known = {"model_id": usage.model_id or None, "hub": usage.hub or None, "flags": list(usage.flags)}
                yield asdict(usage) | known
        if not name.endswith(".ipynb"):
            return
    for mention in texts.notebook(data) if name.endswith(".ipynb") else texts.mentions(name, data):
        yield {
            **asdict(mention),
            "id_as_written": mention.model_id,
            "revision": None,
            "confidence": texts.CONFIDENCE[mention.how],
            "flags": [],
        }


def files(root: Path) -> Iterator[Path]:
    """The files below a folder in which something is looked for, in order; links are not followed."""
    for folder, names, found in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED and (name[0] != "." or name == ".github"))
        for name in sorted(found):
            path = Path(folder, name)
            if (name.endswith(PROGRAMS) or texts.kind_of(name)) and not path.is_symlink():
                yield path


@dataclass(frozen=True, slots=True)
class _Folder:
    """What lies in a folder: files and folders, links left out, and the modules that they may be."""

    files: frozenset[str] = frozenset()
    folders: frozenset[str] = frozenset()
    modules: frozenset[str] = frozenset()

    @classmethod
    def read(cls, path: str) -> _Folder:
        """Look into a folder; nothing is in one that cannot be read."""
        try:
            with os.scandir(path) as entries:
                listed = list(entries)
            found = frozenset(entry.name for entry in listed if entry.is_file(follow_symlinks=False))
            below = frozenset(entry.name for entry in listed if entry.is_dir(follow_symlinks=False))
        except OSError:
            return cls()
        return cls(found, below, below | {name.removesuffix(".py") for name in found if name.endswith(".py")})


class Modules:
    """The Python files of a folder by their dotted names, and what their names stand for."""

    def __init__(self, root: Path) -> None:
        """Nothing is read before it is asked for."""
        self.root, self._base = root, str(root)
        self._folders: dict[str, _Folder] = {}
        self._known: dict[str, dict[str, Values] | None] = {}
        self._open: list[str] = []
        self._loading: dict[str, bool] = {}
        self._naming: dict[str, bool] = {}
        self._leading: dict[tuple[str, bytes, bytes], bool] = {}

    def seen_from(self, name: str) -> From:
        """The other files as one file imports them."""
        return From(self, name)

    def may_lead(self, name: str, imported: set[tuple[bytes, bytes]]) -> bool:
        """Whether a file imports another one of the folder that may load models, and so may call what loads them."""
        view = self.seen_from(name)
        return any(
            self._leads(start, module.lstrip(b"."), taken)
            for module, taken in imported
            for start in view.starts(len(module) - len(module.lstrip(b".")))
        )

    def _leads(self, start: str, module: bytes, taken: bytes) -> bool:
        key = (start, module, taken)
        known = self._leading.get(key)
        if known is None:
            first = (module or taken).partition(b".")[0].decode()
            known = False
            if any(first in self._folder(place).modules for place in self._places(start)):
                whole = ".".join(filter(None, (start, module.decode())))
                known = self.loads(whole) or bool(taken and self.loads(f"{whole}.{taken.decode()}".lstrip(".")))
            self._leading[key] = known
        return known

    def _places(self, dotted: str) -> tuple[str, str]:
        """The folders in which the modules of a package may lie; ``src`` may stand above it."""
        inner = dotted.replace(".", "/")
        return (inner, f"src/{inner}" if inner else "src")

    def _folder(self, inner: str) -> _Folder:
        """What lies in a folder, by its path below the root; nothing where the path leads over a link."""
        if inner not in self._folders:
            above, _, last = inner.rpartition("/")
            real = not inner or last in self._folder(above).folders
            self._folders[inner] = _Folder.read(f"{self._base}/{inner}") if real else _Folder()
        return self._folders[inner]

    def met(self, name: str, told: bool) -> None:
        """A file was at hand: it need not be read again to learn that it loads nothing."""
        dotted = name.removesuffix(".py").replace("/", ".").removesuffix(".__init__")
        if name.endswith(".py") and dotted not in self._loading and not told:
            self._loading[dotted] = False

    def loads(self, dotted: str) -> bool:
        """Whether a module of the folder seems to load models."""
        if dotted not in self._loading:
            path = self._path(dotted) if dotted else None
            self._loading[dotted] = path is not None and signatures.may_load(path.read_bytes())
        return self._loading[dotted]

    def names_models(self, dotted: str) -> bool:
        """Whether a module of the folder has settings that seem to name models."""
        if dotted not in self._naming:
            path = self._path(dotted) if dotted else None
            self._naming[dotted] = path is not None and bool(_SETTING.search(path.read_bytes()))
        return self._naming[dotted]

    def names_of(self, dotted: str) -> dict[str, Values] | None:
        """What the names of a module stand for once it has been read; None where the folder has no such module."""
        if dotted not in self._known:
            if len(self._known) > _KEPT * 20:
                self._known = {name: None for name, values in self._known.items() if values is None}
            self._known[dotted] = None
            path = self._path(dotted)
            if path is not None and len(self._open) < _DEPTH:
                self._open.append(dotted)
                self._known[dotted] = self._read(path)
                self._open.pop()
        return self._known[dotted]

    def _path(self, dotted: str) -> Path | None:
        """The file of a module."""
        package, _, last = dotted.rpartition(".")
        for place in self._places(package):
            here = self._folder(place)
            if last in here.modules and f"{last}.py" in here.files:
                found = f"{place}/{last}.py"
            elif last in here.folders and "__init__.py" in self._folder(f"{place}/{last}".lstrip("/")).files:
                found = f"{place}/{last}/__init__.py"
            else:
                continue
            path = self.root / found.lstrip("/")
            with suppress(OSError):
                if path.lstat().st_size <= _LARGEST:
                    return path
        return None

    def _read(self, path: Path) -> dict[str, Values]:
        name = path.relative_to(self.root).as_posix()
        interpreter = Interpreter(lambda site: None, self.seen_from(name), names_only=True)
        for piece in pieces(name, path.read_bytes()):
            interpreter.cell = None
            interpreter.block(piece.tree.body, interpreter.module)
        return {name: _portable(values) for name, values in interpreter.module.names.items()}


@dataclass(frozen=True, slots=True)
class From:
    """The modules of a folder, as one file of it imports them."""

    modules: Modules
    name: str
    known: dict[tuple[str, bool], Values | None] = field(default_factory=dict)

    def find(self, dotted: str, *, called: bool = False) -> Values | None:
        """What ``dotted`` stands for: a name in a module of this folder; None where it is of elsewhere.

        What is ``called`` is of interest only where its module may load models.
        """
        key = (dotted, called)
        if key not in self.known:
            self.known[key] = self._found(dotted, called) if len(self.known) < _NAMES else None
        return self.known[key]

    def _found(self, dotted: str, called: bool) -> Values | None:
        plain = dotted.lstrip(".")
        for start in self.starts(len(dotted) - len(plain)):
            names = ".".join(filter(None, (start, plain))).split(".")
            for cut in range(len(names) - 1, 0, -1):
                module = ".".join(names[:cut])
                # Of a class of settings the fields are of interest as well.
                setting = names[cut][:1].isupper() and self.modules.names_models(module) if called else True
                if not setting and not self.modules.loads(module):
                    continue
                found = self.modules.names_of(module)
                if found is not None:
                    return _member(found, names[cut:])
        return None

    @property
    def folder(self) -> str:
        """The dotted name of the file's own folder."""
        return self.name.rpartition("/")[0].replace("/", ".")

    def starts(self, level: int) -> list[str]:
        """The packages that an import may be relative to: for a plain one the root and the file's own folder."""
        folder = self.folder
        if not level:
            return ["", folder] if folder else [""]
        parts = folder.split(".") if folder else []
        return [".".join(parts[: len(parts) - (level - 1)])]


def _member(names: dict[str, Values], path: list[str]) -> Values | None:
    values = names.get(path[0])
    if values is None or len(path) > 1:
        return None
    return values or None


def _portable(values: Values) -> Values:
    """Values as another file sees them: it may read texts, lists and tables, and enter functions and classes."""
    return (
        tuple(
            value for value in values if isinstance(value, Text | Items | Table | Function | Class | Instance | Name)
        )
        or NOTHING
    )
