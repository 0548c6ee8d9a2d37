"""The files of one repository: idioms and decoys, put into modules and notebooks, and everything around them."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from random import Random

from simhub.apps._invent import WORDS
from simhub.clock import digest
from simhub.github import _dependencies, _licences, _surroundings
from simhub.github._template import IDS, OWNED, Idiom, Piece, cells_of, fill, notebook, render
from simhub.github.idioms import DECOYS, IDIOMS, POOLS
from simhub.github.repository import Dependency, Repository, Usage

_SHAPES = ("src", "package", "flat")
_CROWD = 320


class Chosen:
    """Ids of models, drawn as Zipf has it; those with an owner can be asked for."""

    def __init__(self, models: Sequence[str]) -> None:
        self._every = tuple(dict.fromkeys(models))
        self._owned = tuple(model for model in self._every if "/" in model)
        if len(self._owned) < len(OWNED):
            raise ValueError("too few models with an owner")
        self._edges = list(accumulate(1 / rank**1.05 for rank in range(1, len(self._every) + 1)))

    def draw(self, some: int, rng: Random, owned: bool = False) -> list[str]:
        """Different ids, the first ones of all more often."""
        among = self._owned if owned else self._every
        total = self._edges[len(among) - 1]
        found: dict[str, None] = {}
        while len(found) < min(some, len(among)):
            found[among[bisect(self._edges, rng.random() * total, 0, len(among) - 1)]] = None
        return list(found)


class Idioms:
    """A table to draw from by weight, every entry before any comes again."""

    def __init__(self, table: Sequence[Idiom]) -> None:
        self._table = table
        self._edges = list(accumulate(idiom.weight for idiom in table))

    def draw(self, some: int, rng: Random) -> list[Idiom]:
        """Different entries."""
        found: dict[str, Idiom] = {}
        while len(found) < min(some, len(self._table)):
            idiom = self._table[bisect(self._edges, rng.random() * self._edges[-1])]
            found[idiom.name] = idiom
        return list(found.values())


_USES, _SEEMS = Idioms(IDIOMS), Idioms(DECOYS)


class Folder:
    """The repository while it is written."""

    def __init__(self, owner: str, name: str, chosen: Chosen, rng: Random) -> None:
        self.owner, self.name, self.chosen, self.rng = owner, name, chosen, rng
        self.files: dict[str, bytes] = {}
        self.usages: list[Usage] = []
        self.dependencies: list[Dependency] = []
        self.package = "".join(letter if letter.isalnum() else "_" for letter in name.lower())
        self.shape = rng.choice(_SHAPES)
        self._words = 0

    def word(self) -> str:
        """A word that has not been used in this repository: no two files of it get one path."""
        self._words += 1
        return f"{self.rng.choice(WORDS)}{self._words}"

    def values(self, idiom: Idiom) -> dict[str, str]:
        """What the places of a template are filled with."""
        places, word, turn = idiom.places, self.word(), self.rng.randrange(100)
        known = {place: pool[turn % len(pool)] for place, pool in POOLS.items() if place in places}
        known |= zip(IDS, self.chosen.draw(len(IDS), self.rng), strict=False)
        known |= zip(OWNED, self.chosen.draw(len(OWNED), self.rng, owned=True), strict=False)
        top = {"src": f"src/{self.package}", "package": self.package, "flat": "lab"}[self.shape]
        known |= {"w": word, "n": str(1 + turn % 9), "sha": digest(self.name, word), "dir": f"{top}/{word}"}
        return known | {"dotted": f"{top.removeprefix('src/')}.{word}"}

    def add(self, path: str, body: bytes) -> None:
        """A file, unless there is one of that path, whatever its case."""
        if path.lower() not in {other.lower() for other in self.files}:
            self.files[path] = body

    def path(self, suffix: str) -> str:
        """A new path for code of this repository."""
        word = self.word()
        if suffix == ".ipynb":
            return self.rng.choice(("notebooks/{}", "{}", "examples/{}")).format(word) + suffix
        top = {"src": f"src/{self.package}/", "package": f"{self.package}/", "flat": ""}[self.shape]
        return self.rng.choice((top, top, "scripts/", "tests/test_")) + word + suffix

    def idioms(self, drawn: Iterable[Idiom]) -> None:
        """Files in which these are written: some have one of their own, others share one."""
        pieces: list[Piece] = []
        for idiom in drawn:
            values = self.values(idiom)
            if idiom.piece:
                pieces.append(render(idiom.parts[0][1], values, idiom.library))
            else:
                self._own_files(idiom, values)
        while pieces:
            some = self.rng.choice((1, 1, 1, 2, 3))
            self._shared(pieces[:some])
            pieces = pieces[some:]

    def _own_files(self, idiom: Idiom, values: dict[str, str]) -> None:
        for pattern, text in idiom.parts:
            path = fill(pattern, values)
            if path.endswith(".ipynb"):
                self._notebook(path, text, values, idiom.library)
                continue
            piece = render(text, values, idiom.library)
            body = piece.text.replace("\n", "\r\n") if idiom.name == "windows_file" else piece.text
            self.add(path, body.encode(idiom.encoding))
            self.usages += piece.at(path)

    def _notebook(self, path: str, text: str, values: dict[str, str], library: str) -> None:
        cells: list[tuple[str, str]] = []
        for kind, source in cells_of(text):
            piece = render(source, values, library)
            self.usages += piece.at(path, cell=len(cells))
            cells.append((kind, piece.text))
        outputs = self.rng.choice(("", f"Loading {values['a']}\nAutoModel.from_pretrained('{values['b']}')\n"))
        self.add(path, notebook(cells, outputs, self.rng.choice((1, 1, None))))

    def _shared(self, pieces: list[Piece]) -> None:
        """Some pieces in one module, or as the cells of one notebook, with other code around them."""
        if self.rng.random() < 0.2:
            path, cells = self.path(".ipynb"), [("markdown", f"# {self.name}"), ("code", "%matplotlib inline")]
            for piece in pieces:
                self.usages += piece.at(path, cell=len(cells))
                cells += [("code", piece.text.rstrip("\n")), ("code", _surroundings.function(self.rng).strip("\n"))]
            self.add(path, notebook(cells))
            return
        path, text = self.path(".py"), _surroundings.head(self.rng)
        for piece in pieces:
            self.usages += piece.at(path, text.count("\n"))
            text += piece.text + "\n\n" + _surroundings.function(self.rng).lstrip("\n") + "\n\n"
        self.add(path, text.encode())


def write(owner: str, name: str, chosen: Chosen, rng: Random, *, uses: bool, role: str = "") -> Repository:
    """A repository with its files and their truth; ``role`` may ask for large files, or for many."""
    folder = Folder(owner, name, chosen, rng)
    if uses or role == "bulky":
        folder.idioms(_USES.draw(rng.choice((1, 1, 2, 3, 4, 6, 9)), rng))
    folder.idioms(_SEEMS.draw(rng.choice((0, 1, 2, 3)) if uses else rng.choice((1, 2, 3, 4)), rng))
    if role == "bulky":
        _bulk(folder)
    for _ in range(_CROWD if role == "crowded" else rng.randrange(4)):
        folder.add(folder.path(".py"), _surroundings.module(rng))
    licence = _around(folder)
    return Repository(
        owner,
        name,
        files=folder.files,
        licence=licence,
        usages=tuple(sorted(folder.usages, key=lambda usage: (usage.path, usage.cell or 0, usage.line))),
        dependencies=tuple(folder.dependencies),
    )


def _around(folder: Folder) -> str | None:
    """What is not code; the licence is what the forge sees in it."""
    rng = folder.rng
    if rng.random() < 0.9:
        folder.add("README.md", _surroundings.readme(folder.name, folder.chosen.draw(2, rng), rng))
    files, licence = _licences.licence(folder.owner, rng.randrange(2018, 2026), rng)
    for path, body in {**files, **_surroundings.traps(folder.name, rng), **_surroundings.junk(rng)}.items():
        folder.add(path, body)
    _needs(folder)
    return licence


def _needs(folder: Folder) -> None:
    rng = folder.rng
    libraries = {
        usage.library for usage in folder.usages if usage.library not in ("", "git") and usage.library[0] != "@"
    }
    names = _dependencies.packages(libraries | {"transformers"}, rng)
    for path, share, writer in _dependencies.WRITERS:
        if rng.random() < share:
            _written(folder, path, writer(path, names, rng))
    if rng.random() < 0.05 or any(usage.library.startswith("@") for usage in folder.usages):
        _written(folder, "package.json", _dependencies.package_json("package.json", rng))


def _written(folder: Folder, path: str, written: _dependencies.Written) -> None:
    body, found = written
    folder.add(path, body)
    folder.dependencies += found


def _bulk(folder: Folder) -> None:
    """Files that a code search does not read; two of the three load something."""
    model, other = folder.chosen.draw(2, folder.rng)
    table = _surroundings.generated()
    last = f'\nweights = transformers.AutoModel.from_pretrained("{model}")\n'
    folder.add("generated/tables.py", table + last.encode())
    folder.usages.append(Usage("generated/tables.py", table.count(b"\n") + 2, model, library="transformers"))
    source = f'import transformers\nnet = transformers.AutoModel.from_pretrained("{other}")'
    cells = [("markdown", "# Pictures"), ("code", "1 + 1"), ("code", source)]
    folder.add("notebooks/pictures.ipynb", notebook(cells, _surroundings.picture()))
    folder.usages.append(Usage("notebooks/pictures.ipynb", 2, other, library="transformers", cell=2))
    folder.add("data/dump.json", _surroundings.dump())
