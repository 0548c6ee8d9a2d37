"""The usages in a folder: every file that may have some, names followed from file to file.

Files are read and never run. Links are not followed, so nothing outside the folder is read; folders of other people's
code (installed packages, build outputs) are left out. A file whose bytes do not contain the name of any call is not
parsed; when a file imports another one of the same folder, that one is read once for what its names stand for.
"""

from __future__ import annotations

import multiprocessing
import os
import stat
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from crawler.downstream import miner, signatures, texts
from crawler.downstream.interpreter import Interpreter
from crawler.downstream.source import LONGEST, pieces
from crawler.downstream.values import NOTHING, Class, Function, Instance, Items, Name, Table, Text, Values

SKIPPED = frozenset(
    {
        *("site-packages", "node_modules", "dist-packages", "__pycache__", "venv", "env", "build", "dist", "vendor"),
        *("third_party", "htmlcov", "egg-info"),
    }
)
_PROGRAMS = (".py", ".pyw", ".ipynb")
# Following imports from file to file ends here.
_DEPTH = 3
_LARGEST = 512 << 10
# Of how many imported names a file may know more than the name, and how many files are kept in memory.
_NAMES, _KEPT = 200, 100
_BUNDLE_FILES, _BUNDLE_BYTES = 200, 2 << 20


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


def usages(root: Path, counts: Counts | None = None, *, processes: int = 1) -> Iterator[dict[str, Any]]:
    """Every usage below a folder, or in one file, as an object with its ``path``; in the order of paths."""
    counts = counts if counts is not None else Counts()
    base = root if root.is_dir() else root.parent
    bundles = _bundles([root] if root.is_file() else files(root), base)
    for found, done in _read_all(base, bundles, processes):
        counts.add(done)
        yield from found


def _bundles(paths: Iterable[Path], base: Path) -> Iterator[list[str]]:
    """Paths in bundles of about the same size, so that no process is left with all the long ones."""
    bundle: list[str] = []
    size = 0
    for path in paths:
        bundle.append(path.relative_to(base).as_posix())
        size += path.stat().st_size if path.is_file() else 0
        if len(bundle) >= _BUNDLE_FILES or size >= _BUNDLE_BYTES:
            yield bundle
            bundle, size = [], 0
    if bundle:
        yield bundle


Read = tuple[list[dict[str, Any]], "Counts"]


def _read_all(base: Path, bundles: Iterator[list[str]], processes: int) -> Iterator[Read]:
    """What each bundle holds, in order, on so many processes; only a few bundles are under way at any time."""
    if processes <= 1:
        modules = Modules(base)
        yield from (_read_bundle(modules, bundle) for bundle in bundles)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(base,)) as pool:
        under_way: deque[Future[Read]] = deque()
        for bundle in bundles:
            under_way.append(pool.submit(_read_here, bundle))
            if len(under_way) > 4 * processes:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()


_here: Modules | None = None


def _begin(base: Path) -> None:
    """A process begins: it keeps what it has read of other files."""
    global _here
    _here = Modules(base)


def _read_here(bundle: list[str]) -> Read:
    assert _here is not None
    return _read_bundle(_here, bundle)


def _read_bundle(modules: Modules, bundle: list[str]) -> Read:
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
        found += [{"path": name, **usage} for usage in _mined(name, data, modules, counts)]
    counts.usages = len(found)
    return found, counts


def _mined(name: str, data: bytes, modules: Modules, counts: Counts) -> Iterator[dict[str, Any]]:
    if name.endswith(_PROGRAMS):
        imported = signatures.imports(data)
        if signatures.may_match(data, imported) or modules.may_lead(name, imported):
            counts.parsed += 1
            for usage in miner.read_all(name, data, modules.seen_from(name)):
                yield {**asdict(usage), "flags": list(usage.flags)}
        return
    for mention in texts.mentions(name, data):
        yield {
            **asdict(mention),
            "cell": None,
            "id_as_written": mention.model_id,
            "revision": None,
            "confidence": texts.CONFIDENCE[mention.how],
            "flags": [],
        }


def files(root: Path) -> Iterator[Path]:
    """The files below a folder in which something is looked for, in order; links are not followed."""
    for folder, names, found in os.walk(root):
        names[:] = sorted(name for name in names if name not in SKIPPED and not name.startswith("."))
        for name in sorted(found):
            path = Path(folder, name)
            if (name.endswith(_PROGRAMS) or texts.kind_of(name)) and not path.is_symlink():
                yield path


class Modules:
    """The Python files of a folder by their dotted names, and what their names stand for."""

    def __init__(self, root: Path) -> None:
        """Nothing is read before it is asked for."""
        self.root, self._base = root, str(root)
        folders = [folder for folder in (root, root / "src") if folder.is_dir()]
        self._tops = frozenset(path.name.partition(".")[0] for folder in folders for path in folder.iterdir())
        self._known: dict[str, dict[str, Values] | None] = {}
        self._open: list[str] = []
        self._loading: dict[str, bool] = {}
        self._leading: dict[tuple[str, bytes, bytes], bool] = {}

    def seen_from(self, name: str) -> From:
        """The other files as one file imports them."""
        return From(self, name)

    def may_lead(self, name: str, imported: set[tuple[bytes, bytes]]) -> bool:
        """Whether a file imports another one of the folder that may load models, and so may call what loads them."""
        view = self.seen_from(name)
        for module, taken in imported:
            key = (view.folder if module.startswith(b".") else "", module, taken)
            if key not in self._leading:
                self._leading[key] = self._leads(view, module.decode(), taken.decode())
            if self._leading[key]:
                return True
        return False

    def _leads(self, view: From, module: str, taken: str) -> bool:
        dotted = module.lstrip(".")
        for start in view.starts(len(module) - len(dotted)):
            whole = ".".join(filter(None, (start, dotted)))
            if self.loads(whole) or (taken and self.loads(f"{whole}.{taken}".lstrip("."))):
                return True
        return False

    def loads(self, dotted: str) -> bool:
        """Whether a module of the folder seems to load models."""
        if dotted not in self._loading:
            path = self._path(dotted) if dotted else None
            self._loading[dotted] = path is not None and signatures.may_load(path.read_bytes())
        return self._loading[dotted]

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
        """The file of a module; ``src`` may stand above it."""
        if dotted.partition(".")[0] not in self._tops:
            return None
        inner = dotted.replace(".", "/")
        for start in (self._base, f"{self._base}/src"):
            for place in (f"{start}/{inner}.py", f"{start}/{inner}/__init__.py"):
                path = Path(place)
                with suppress(OSError, ValueError):
                    about = path.lstat()
                    if stat.S_ISREG(about.st_mode) and about.st_size <= _LARGEST:
                        return path
        return None

    def _read(self, path: Path) -> dict[str, Values]:
        name = path.relative_to(self.root).as_posix()
        interpreter = Interpreter(lambda site: None, self.seen_from(name))
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
                if called and not self.modules.loads(".".join(names[:cut])):
                    continue
                found = self.modules.names_of(".".join(names[:cut]))
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
