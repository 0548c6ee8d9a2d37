"""PTMTorrent's uniform records (Jiang et al., MSR 2023): arrays of JSON objects, one object per model package.

A record names its hub, the model and its owner with their pages, data sets, paper DOIs, the newest commit, the
task and the architecture. PTMTorrent itself filled few of these: data sets nowhere, task and architecture for
two of five hubs. Its own reader looked for ``Dataset`` where its writer said ``Datasets``; both are read here.

``PATH`` is a file, or a folder in which every ``*.json`` file that holds such an array is taken. The records of
one hub become one run of that hub, as facts records with the original beside them. A record that does not say
what it must is quarantined by the load. Records do not say when they were made, so ``--observed-at`` is needed.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

from crawler.imports._dump import Dump
from crawler.imports._hubs import hub_of, known
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.errors import storage
from landing.files import sha256_file

TITLE = "uniform model records of PTMTorrent as JSON arrays"
VERSION = "ptmtorrent/1"

_ARXIV = re.compile(r"(?:10\.48550/)?arxiv[.:]\s*(\d{4}\.\d{4,5})(?:v\d+)?$", re.IGNORECASE)


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land the records of every hub in ``path``, one run for each file and hub.

    Raises :class:`UsageError` where there are none, where a hub is unknown or where ``observed_at`` is missing.
    """
    if observed_at is None:
        raise UsageError("PTMTorrent's records do not say when they were made; add --observed-at TIME.")
    landed = []
    with storage(zone.root, "write to"):
        zone.root.mkdir(parents=True, exist_ok=True)
        for file in _files(path):
            digest = sha256_file(file)
            with tempfile.TemporaryDirectory(dir=zone.root) as folder:
                for hub, facts in _sort(file, Path(folder)).items():
                    with zone.lock(hub):
                        runs = Runs(
                            zone, hub, program=program, parser=VERSION, complete=complete, on_landed=on_landed
                        )
                        landed.append(runs.run(digest, file.name, observed_at, partial(_fill, facts, file.name)))
    return landed


def _fill(facts: Path, name: str, writer: RunWriter) -> None:
    if not writer.landed:
        count, stated = 0, set()
        with facts.open("rb") as lines:
            for line in lines:
                count += 1
                stated.update(json.loads(line))
        # What no record of the dump states is unknown, not absent.
        writer.adopt(facts, format="jsonl", kind="facts", records=count, fields=sorted(stated), url=name)


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    if not path.is_dir():
        raise UsageError(f"There is no file or folder {path}.")
    found = sorted(file for file in path.rglob("*.json") if file.is_file() and _is_uniform(file))
    if not found:
        raise UsageError(f"No .json file in {path} is an array of PTMTorrent's records.")
    return found


def _is_uniform(file: Path) -> bool:
    """Whether a file begins as an array of objects that speak of a hub; other metadata lies beside."""
    with file.open("rb") as stream:
        start = stream.read(4096).lstrip(b"\xef\xbb\xbf \t\r\n")
    return start[:1] == b"[" and b'"ModelHub"' in start


def _sort(file: Path, folder: Path) -> dict[str, Path]:
    """The facts records of a file by hub, in ``folder``. What names no hub goes as a fault to the first hub."""
    streams: dict[str, IO[str]] = {}
    strays = folder / "strays.jsonl"
    with ExitStack() as stack, strays.open("w", encoding="utf-8") as stray:
        for number, record in enumerate(_records(file)):
            hub, facts = _facts(record, f"{file.name}[{number}]")
            if hub and hub not in streams:
                streams[hub] = stack.enter_context((folder / f"{hub}.jsonl").open("w", encoding="utf-8"))
            (streams[hub] if hub else stray).write(json.dumps(facts) + "\n")
    if not streams:
        raise UsageError(f"{file.name} holds no record of a known hub ({known()}).")
    sorted_ = {hub: folder / f"{hub}.jsonl" for hub in streams}
    with strays.open("rb") as lost, next(iter(sorted_.values())).open("ab") as first:
        shutil.copyfileobj(lost, first)
    return sorted_


def _records(file: Path) -> Iterator[Any]:
    """Every element of the array, one at a time."""
    dump = Dump(file)
    if not dump.is_json:
        raise UsageError(f"{file.name} is no JSON.")
    dump.count  # noqa: B018 - reads the file once, so that one that is no JSON is said in a sentence
    with dump.connect() as connection:
        answer = connection.execute(f"SELECT json::VARCHAR FROM {dump.relation}")
        while rows := answer.fetchmany(1000):
            yield from (json.loads(text) for (text,) in rows)


def _facts(record: Any, unit: str) -> tuple[str | None, dict[str, Any]]:
    """The hub of one record and its facts; a record without a known hub or a model's name becomes a fault."""
    about = record.get("ModelHub") if isinstance(record, dict) else None
    name = about.get("ModelHubName") if isinstance(about, dict) else None
    hub = hub_of(name)
    if hub is None:
        return None, {"_unit": unit, "_fault": f"ModelHubName is {name!r}, which is no known hub"[:200]}
    model = record.get("ModelName")
    if not isinstance(model, str) or not model.strip():
        return hub, {"_unit": unit, "_fault": "ModelName is missing or no text"}
    owner = _text(record.get("ModelOwner"))
    url = _text(record.get("ModelURL"))
    arxiv, doi = _papers(record.get("ModelPaperDOIs"))
    facts = {
        "id": _id(hub, model.strip(), owner, url),
        # On Hugging Face the owner is part of the id; elsewhere the owner is the hub itself where nobody else is.
        "owner": None if hub == "huggingface" else owner,
        "url": url,
        "sha": _text(record.get("LatestGitCommitSHA")),
        "task": _text(record.get("ModelTask")),
        "architecture": _text(record.get("ModelArchitecture")),
        "datasets": _datasets(record.get("Datasets", record.get("Dataset"))),
        "doi": doi,
        "arxiv": arxiv,
        "_unit": unit,
        "extra": {"ptmtorrent": record},
    }
    return hub, {key: value for key, value in facts.items() if value is not None}


def _id(hub: str, model: str, owner: str | None, url: str | None) -> str:
    """The id on the hub: on Hugging Face with its owner, which the page's address has where the name has not."""
    if hub != "huggingface" or "/" in model:
        return model
    path = urlsplit(url or "").path.strip("/")
    if path.split("/")[-1] == model:
        return path
    return f"{owner}/{model}" if owner else model


def _datasets(listed: Any) -> list[str] | None:
    if not isinstance(listed, list):
        return None
    names = (entry.get("DatasetName") if isinstance(entry, dict) else entry for entry in listed)
    return [name for name in names if isinstance(name, str) and name]


def _papers(listed: Any) -> tuple[list[str] | None, list[str] | None]:
    """arXiv numbers and other DOIs."""
    if not isinstance(listed, list):
        return None, None
    words = [
        re.sub(r"^(doi:|https?://(dx\.)?doi\.org/)", "", word.strip(), flags=re.I) for word in listed if _text(word)
    ]
    arxiv = [found[1] for word in words if (found := _ARXIV.match(word))]
    return arxiv, [word for word in words if not _ARXIV.match(word)]


def _text(value: Any) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
