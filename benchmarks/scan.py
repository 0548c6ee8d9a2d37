"""W6: the static scan. Small files of every kind, torch checkpoints and large pickles, against picklescan's scanner.

The CPU time is that of scanning alone, measured inside the child after one warm-up: imports count for neither side.
picklescan reads pickles only and hashes nothing; ours hashes every file and asks every detector, which is why a
checkpoint that is one large tensor costs more than with picklescan: that row carries no promise.
"""

from __future__ import annotations

import importlib.util
import io
import json
import random
import struct
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

from benchmarks import measure

FAMILIES = ("checkpoint", "objects", "tensor")


def main(full: bool) -> None:
    """Files per CPU second, then ours and picklescan on the same files."""
    table = measure.Table("scan")
    repeats = 5 if full else 3
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _small(folder / "small", 4_000 if full else 1_000)
        _checkpoint(folder / "checkpoint.pt", 600 if full else 300)
        _objects(folder / "objects.pkl", 600_000 if full else 150_000)
        _tensor(folder / "tensor.pt", 250 if full else 50)
        cost = measure.compare("benchmarks.scan", {"small": (folder,)}, repeats)["small"]
        table.cost("small", cost, **cost.facts)
        table.promise("small files per CPU second", cost.facts["files_per_cpu_s"], 500, at_least=True)
        if importlib.util.find_spec("picklescan") is None:
            print("picklescan is not installed: no comparison (pip install picklescan)")
        else:
            _compare(table, folder, repeats)
    table.show()


def _compare(table: measure.Table, folder: Path, repeats: int) -> None:
    for family, promise in (("checkpoint", 2), ("objects", 5), ("tensor", 0)):
        variants = {f"{family}_{tool}": (folder,) for tool in ("ours", "picklescan")}
        costs = measure.compare("benchmarks.scan", variants, repeats)
        ours, theirs = costs[f"{family}_ours"].facts, costs[f"{family}_picklescan"].facts
        for variant, cost in costs.items():
            table.cost(variant, cost, **cost.facts)
        if set(theirs["names"]) - set(ours["names"]):
            raise SystemExit(f"{family}: picklescan finds names that we do not")
        if promise:
            ratio = theirs["scan_cpu_s"] / ours["scan_cpu_s"]
            table.promise(f"CPU on {family}: picklescan / ours", ratio, promise, at_least=True)


def _small(folder: Path, count: int) -> None:
    """What lies in repositories of models: texts, settings, code, small arrays, pickles, checkpoints, raw bytes."""
    import numpy

    folder.mkdir()
    rng = random.Random(7)
    for number in range(count):
        path, kind = folder / str(number), number % 8
        if kind == 0:
            path.with_suffix(".json").write_text(json.dumps({"model_type": "bert", "hidden_size": number}))
        elif kind == 1:
            path.with_suffix(".txt").write_text("\n".join(f"word{index}" for index in range(300)))
        elif kind == 2:
            path.with_suffix(".md").write_text("# A model\n\nIt classifies things.\n" * 20)
        elif kind == 3:
            path.with_suffix(".py").write_text("import torch\n\n\nclass Model(torch.nn.Module):\n    pass\n" * 8)
        elif kind == 4:
            numpy.save(path.with_suffix(".npy"), numpy.zeros(64) + number)
        elif kind == 5:
            path.with_suffix(".pkl").write_bytes(_records(20))
        elif kind == 6:
            _checkpoint(path.with_suffix(".pt"), 4)
        else:
            path.with_suffix(".bin").write_bytes(b"\x00" + rng.randbytes(4_000))


def _text(value: str) -> bytes:
    raw = value.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def _checkpoint(path: Path, tensors: int) -> None:
    """A state dict in torch's zip format, put together by hand: the benchmark needs no torch."""
    body, slots = [b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01("], 2

    def put() -> bytes:
        nonlocal slots
        slots += 1
        return b"q" + bytes([slots - 1]) if slots <= 256 else b"r" + struct.pack("<I", slots - 1)

    with zipfile.ZipFile(path, "w") as archive:
        for number in range(tensors):
            body.append(_text(f"encoder.layers.{number // 12}.block.{number % 12}.weight") + put())
            body.append(b"ctorch._utils\n_rebuild_tensor_v2\n" + put() + b"((" + _text("storage") + put())
            body.append(b"ctorch\nFloatStorage\n" + put() + _text(str(number)) + put() + _text("cpu") + put())
            body.append(b"M\x00\x04t" + put() + b"QK\x00K\x20K\x20\x86" + put() + b"K\x20K\x01\x86" + put())
            body.append(b"\x89ccollections\nOrderedDict\n" + put() + b")R" + put() + b"t" + put() + b"R" + put())
            archive.writestr(f"archive/data/{number}", struct.pack("<f", 0.1) * 1024)
        archive.writestr("archive/data.pkl", b"".join(body) + b"u.")
        archive.writestr("archive/version", b"3\n")


def _records(count: int) -> bytes:
    """A list of dicts, as protocol 4 writes it, with one name imported at its end."""
    keys = ("id", "name", "tags", "score", "position")
    out = io.BytesIO()
    out.write(b"\x80\x04]\x94(")
    for number in range(count):
        out.write(b"}\x94(")
        for slot, key in enumerate(keys):
            raw = key.encode()
            out.write(b"\x8c" + bytes([len(raw)]) + raw + b"\x94" if number == 0 else b"h" + bytes([slot + 2]))
            if key == "id":
                out.write(b"J" + struct.pack("<i", number))
            elif key == "name":
                name = f"user {number}".encode()
                out.write(b"\x8c" + bytes([len(name)]) + name + (b"\x94" if number else b""))
            elif key == "tags":
                out.write(b"]" + (b"\x94" if number else b"") + b"(K\x01K\x02K\x03e")
            elif key == "score":
                out.write(b"G" + struct.pack(">d", number / 3))
            else:
                out.write(b"K\x05K\x07\x86" + (b"\x94" if number else b""))
        out.write(b"u")
    out.write(b"e\x8c\x0bcollections\x8c\x0bOrderedDict\x93)R\x86.")
    return out.getvalue()


def _objects(path: Path, count: int) -> None:
    path.write_bytes(_records(count))


def _tensor(path: Path, megabytes: int) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02ctorch\nFloatStorage\n.")
        archive.writestr("archive/data/0", random.Random(3).randbytes(1 << 20) * megabytes)


def _timed(work: Callable[[], object], least: float = 0.3) -> float:
    """CPU seconds of one call, after a first that is not counted; repeated until they can be measured."""
    work()
    count, begun = 0, time.process_time()
    while (spent := time.process_time() - begun) < least:
        work()
        count += 1
    return spent / count


def small(folder: Path) -> dict:
    """Ours on a folder of small files."""
    from probe.scan import scan

    files = len(list(scan([folder / "small"])))
    spent = _timed(lambda: list(scan([folder / "small"])))
    return {"files": files, "scan_cpu_s": round(spent, 4), "files_per_cpu_s": round(files / spent)}


def _path(folder: Path, family: str) -> Path:
    return folder / {"checkpoint": "checkpoint.pt", "objects": "objects.pkl", "tensor": "tensor.pt"}[family]


def ours(folder: Path, family: str) -> dict:
    """Our scan of one file, and the names it imports."""
    from probe.scan import scan

    path = _path(folder, family)
    (report,) = scan([path])
    names = {name for finding in report.findings for name in finding.details.get("globals", {})}
    spent = _timed(lambda: list(scan([path])))
    return {"megabytes": round(report.size / 1e6, 1), "scan_cpu_s": round(spent, 4), "names": sorted(names)}


def picklescan(folder: Path, family: str) -> dict:
    """picklescan's scan of the same file."""
    from picklescan.scanner import scan_file_path

    path = str(_path(folder, family))
    names = {f"{one.module}.{one.name}" for one in scan_file_path(path).globals}
    spent = _timed(lambda: scan_file_path(path))
    return {"scan_cpu_s": round(spent, 4), "names": sorted(names)}


if __name__ == "__main__":
    variant, where = sys.argv[1], Path(sys.argv[2])
    family, _, tool = variant.partition("_")
    measure.answer(
        small(where) if family == "small" else {"ours": ours, "picklescan": picklescan}[tool](where, family)
    )
