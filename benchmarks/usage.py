"""W5: usages in source files. Ours, and what one would write first: parse every file, look at every call.

The corpus is what every machine has: the standard library and the installed packages; folders named in
HUBCENSUS_USAGE_CORPUS (separated as in PATH) are read as well, and only where they use models can recall be measured.
"""

from __future__ import annotations

import ast
import io
import json
import os
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

from benchmarks import measure

CALLS = ("from_pretrained", "hf_hub_download", "snapshot_download", "pipeline", "create_model", "SentenceTransformer")


def main(full: bool) -> None:
    """Compare the two, one process with two, and what the search for bytes leaves out."""
    table = measure.Table("usage")
    names = ("ours", "every_file", "folders", "folders_on_two")
    variants: dict[str, tuple[object, ...]] = dict.fromkeys(names, ())
    costs = measure.compare("benchmarks.usage", variants, 5 if full else 1)
    files = costs["ours"].facts["files"]
    for name, cost in costs.items():
        table.cost(name, cost, files=files)
    left_out = measure.once("benchmarks.usage", "left_out") if _more() else None
    ours = costs["ours"]
    table.promise("CPU: every file / ours", costs["every_file"].cpu / ours.cpu, 5, at_least=True)
    table.promise("CPU: every file / folders", costs["every_file"].cpu / costs["folders"].cpu, 4, at_least=True)
    alone, together = costs["folders"].wall, costs["folders_on_two"].wall
    table.promise("wall: one process / two", alone / together, 1.8, at_least=True)
    if left_out is not None:
        table.promise("recall of the search for bytes", left_out.facts["recall"], 0.999, at_least=True)
    table.show()


def _more() -> list[Path]:
    return [Path(path) for path in os.environ.get("HUBCENSUS_USAGE_CORPUS", "").split(os.pathsep) if path]


def _roots() -> list[Path]:
    paths = sysconfig.get_paths()
    return [Path(paths["stdlib"]), Path(paths["purelib"]), *_more()]


def _files() -> Iterator[Path]:
    library, *_ = _roots()
    for root in _roots():
        for folder, names, found in os.walk(root):
            if root == library:
                names[:] = [name for name in names if name != "site-packages"]
            yield from (Path(folder, name) for name in found if name.endswith((".py", ".ipynb")))


def ours() -> dict:
    """The miner, file by file."""
    return _mined()


def folders(processes: int = 1) -> dict:
    """`hubcensus usages` on the folders, names followed from file to file."""
    from hubcensus.cli import run

    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(io.StringIO()):
        run(["--json", "usages", "--processes", str(processes), *map(str, _roots())])
    told = json.loads(out.getvalue())
    return {"files": told["files"], "usages": len(told["usages"])}


def folders_on_two() -> dict:
    """The same on two processes."""
    return folders(2)


def _mined() -> dict:
    files = list(_files())
    return {"files": len(files), "usages": _count(files)}


def _count(files: list[Path]) -> int:
    from crawler.downstream import miner

    return sum(len(miner.mine(path.name, path.read_bytes())) for path in files)


def every_file() -> dict:
    """Parse all, walk all: the first thing that comes to mind."""
    files, found = list(_files()), 0
    warnings.simplefilter("ignore")
    for path in files:
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in CALLS:
                found += bool(node.args) and isinstance(node.args[0], ast.Constant)
    return {"files": len(files), "usages": found}


def left_out() -> dict:
    """Usages found when every file is read, and how many of them the search for bytes lets through."""
    from crawler.downstream import signatures
    from crawler.downstream.miner import read_all

    found = kept = 0
    for path in (path for root in _more() for suffix in ("*.py", "*.ipynb") for path in root.rglob(suffix)):
        data = path.read_bytes()
        usages = len(read_all(path.name, data))
        found += usages
        kept += usages if signatures.may_match(data) else 0
    return {"usages": found, "recall": kept / found if found else 1.0}


if __name__ == "__main__":
    variants = {
        "ours": ours,
        "folders": folders,
        "folders_on_two": folders_on_two,
        "every_file": every_file,
        "left_out": left_out,
    }
    measure.answer(variants[sys.argv[1]]())
