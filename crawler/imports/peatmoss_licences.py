"""What the licence study of PeaTMOSS counted (Jiang et al., MSR 2024, section 7): which repository uses which model,
under which licences, and the sheet that says which licence goes into which.

``PATH`` is a folder, and its files are known by how their names end, wherever in it they lie:

    mapping.csv[.gz]                  repository, model id, page and licence of the model; no header
    all_gh_licenses.json[.gz]         repository -> the licences that a scanner found in it, or null
    *License-Compatibility.xlsx       rows: licence of the work that uses, columns: of what it uses; may be missing

The models become a run of Hugging Face that states their licences and nothing else. The repositories become a run of
the source ``downstream-import``: one ``mined`` record each, the cells of the sheet as ``licence-rules``, and the
three files as they were. Words of licences stay as the files have them. A name that is no ``owner/name`` lands too;
the load quarantines it.

The mapping has only models that declare a licence, so a repository without a usage may still use models. A usage's
confidence is a round number: the study looked for the signature of a call and for an id, and nobody has measured how
many of its links are true. The files state no date; without ``--observed-at`` it is that of the commit that published
them.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import re
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, Record, RunWriter, UsageError, Zone
from landing.errors import storage
from landing.files import sha256_file

TITLE = "mapping, licences and compatibility sheet of PeaTMOSS's licence study"
VERSION = "peatmoss-licences/1"
HUB, SOURCE = "huggingface", "downstream-import"
#: When the files were published (PurdueDualityLab/PeaTMOSS-Artifact, commit 2e9d475); what they state is older.
PUBLISHED = datetime(2024, 1, 29, 2, 58, 17, tzinfo=UTC)
#: Not measured by anybody.
CONFIDENCE = 0.75

BUNDLE = 2000
#: The largest file that is read, unpacked; the study's own are below 3 MB, its sheet below 100 KB.
LARGEST, LARGEST_SHEET = 64 << 20, 4 << 20
_ENDINGS = {
    "mapping": ("mapping.csv", "mapping.csv.gz"),
    "licences": ("all_gh_licenses.json", "all_gh_licenses.json.gz"),
    "sheet": ("license-compatibility.xlsx",),
}
_REPOSITORY = re.compile(r"^(?:https?://)?(?:www\.)?github\.com[/:](.+?)(?:\.git)?/?$", re.IGNORECASE)
_CELL = re.compile(r"^([A-Z]{1,3})([1-9]\d{0,5})$")
_XML = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
Step = Callable[[RunWriter], object]


@dataclass(frozen=True)
class Study:
    """The three files, read: usages and licences by repository, licences by model, cells of the sheet."""

    paths: dict[str, Path]
    repositories: dict[str, dict[str, Any]]
    models: dict[str, list[str]]
    rows: int
    rules: list[dict[str, str]]


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land the study of a folder: a run of the models' hub and one of the repositories.

    Raises :class:`UsageError` where a file is missing, found twice, too large or not what its name says.
    """
    if complete:
        raise UsageError("The mapping names models that are used, not all of a hub; leave out --complete.")
    study, moment = _read(_files(path)), observed_at or PUBLISHED
    landed = []
    for source, steps, files in (
        (HUB, _of_models(study), ("mapping",)),
        (SOURCE, _of_repositories(study, moment), tuple(study.paths)),
    ):
        digest = _digest([study.paths[name] for name in files])
        with zone.lock(source):
            runs = Runs(zone, source, program=program, parser=VERSION, complete=False, on_landed=on_landed)
            landed.append(runs.run(digest, study.paths["mapping"].name, moment, _filler(steps)))
    return landed


def _filler(steps: list[Step]) -> Callable[[RunWriter], None]:
    """Land what is missing; every step is one part, in the same order whenever it is done."""

    def fill(writer: RunWriter) -> None:
        for step in steps[writer.landed :]:
            step(writer)

    return fill


def _digest(paths: list[Path]) -> str:
    """The hash of one file, or that of several hashes."""
    hashes = [sha256_file(path) for path in paths]
    return hashes[0] if len(hashes) == 1 else hashlib.sha256(" ".join(hashes).encode()).hexdigest()


def _files(folder: Path) -> dict[str, Path]:
    """Where the files are."""
    if not folder.is_dir():
        raise UsageError(
            f"There is no folder {folder}; name the one that holds mapping.csv and all_gh_licenses.json."
        )
    found = {}
    everything = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    for name, endings in _ENDINGS.items():
        fitting = [path for path in everything if path.name.lower().endswith(endings)]
        if len(fitting) > 1:
            raise UsageError(f"{folder} holds several files that end in {endings[0]}: {fitting[0]} and {fitting[1]}.")
        if fitting:
            found[name] = fitting[0]
        elif name != "sheet":
            raise UsageError(f"{folder} holds no file whose name ends in {' or '.join(endings)}.")
    return found


def _read(paths: dict[str, Path]) -> Study:
    licences = _licences(paths["licences"])
    usages: dict[str, dict[str, None]] = {}
    models: dict[str, list[str]] = {}
    number = 0
    for number, (place, model, licence) in enumerate(_mapping(paths["mapping"]), 1):  # noqa: B007 - counts
        matched = _REPOSITORY.match(place)
        usages.setdefault(matched[1] if matched else place, {})[model] = None
        known = models.setdefault(model, [])
        if licence and licence not in known:
            known.append(licence)
    # Two spellings of one repository are one; the spelling that comes first stays.
    spelled: dict[str, str] = {}
    repositories: dict[str, dict[str, Any]] = {}
    for name in [*usages, *licences]:
        spelling = spelled.setdefault(name.lower(), name)
        entry = repositories.setdefault(spelling, {"models": {}, "words": {}})
        entry["models"].update(usages.get(name, {}))
        entry["words"].update(dict.fromkeys(licences.get(name) or ()))
    return Study(paths, repositories, models, number, _sheet(paths["sheet"]) if "sheet" in paths else [])


def _text(path: Path) -> str:
    """What a file holds, unpacked, up to the largest size that is read."""
    try:
        with gzip.open(path) if path.name.lower().endswith(".gz") else path.open("rb") as stream:
            body = stream.read(LARGEST + 1)
        if len(body) > LARGEST:
            raise UsageError(f"{path.name} is larger than {LARGEST >> 20} MiB; it is not the study's.")
        return body.decode("utf-8-sig")
    except (gzip.BadGzipFile, EOFError, UnicodeDecodeError) as error:
        raise UsageError(f"{path.name} cannot be read: {error}.") from error
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror or error}.") from error


def _mapping(path: Path) -> Iterator[tuple[str, str, str]]:
    """Repository, model and licence of every row."""
    text = _text(path)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    empty = True
    try:
        for row in rows:
            if not row:
                continue
            if len(row) != 4 or not row[0].strip() or not row[1].strip():
                raise UsageError(
                    f"Line {rows.line_num} of {path.name} is not repository, model id, page and licence: "
                    f"{','.join(row)[:80]!r}."
                )
            empty = False
            yield row[0].strip(), row[1].strip(), row[3].strip()
    except csv.Error as error:
        raise UsageError(f"Line {rows.line_num} of {path.name} is no CSV: {error}.") from error
    if empty:
        raise UsageError(f"{path.name} holds no row.")


def _licences(path: Path) -> dict[str, list[str] | None]:
    """The licences of every repository."""
    try:
        # Half a surrogate pair is no character that could be written again.
        found = json.loads(re.sub(r"\\u[dD][89a-fA-F][0-9a-fA-F]{2}", r"\\ufffd", _text(path)))
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{path.name} is no JSON: {error}.") from error
    if not isinstance(found, dict):
        raise UsageError(f"{path.name} is no JSON object of repositories and their licences.")
    for name, words in found.items():
        if words is not None and not (isinstance(words, list) and all(isinstance(word, str) for word in words)):
            raise UsageError(f"{path.name}: the licences of {name[:80]!r} are neither a list of words nor null.")
    return found


def _sheet(path: Path) -> list[dict[str, str]]:
    """Every cell that says yes, no or ?, with the licence of its row and that of its column."""
    cells = _cells(path)
    rows = {row: word for (row, column), word in cells.items() if column == 1 and row > 1}
    columns = {column: word for (row, column), word in cells.items() if row == 1 and column > 1}
    rules = [
        {"matrix": "peatmoss", "derivative": rows[row], "original": columns[column], "verdict": word}
        for (row, column), word in sorted(cells.items())
        if row in rows and column in columns and word in ("yes", "no", "?")
    ]
    if not rules:
        raise UsageError(f"{path.name} has no cell that says yes, no or ? below and beside a licence.")
    return rules


def _cells(path: Path) -> dict[tuple[int, int], str]:
    """The texts of the first sheet by row and column, from 1."""
    try:
        with zipfile.ZipFile(path) as archive:
            shared = _strings(_part(archive, "xl/sharedStrings.xml", path.name))
            sheet = _part(archive, "xl/worksheets/sheet1.xml", path.name)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, EOFError, OSError, RuntimeError) as error:
        raise UsageError(f"{path.name} cannot be read as an Excel workbook: {error}.") from error
    found = {}
    for cell in sheet.iter(f"{_XML}c"):
        place, value = _CELL.match(cell.get("r", "")), cell.findtext(f"{_XML}v", "").strip()
        if cell.get("t") == "inlineStr":
            value = "".join(cell.itertext())
        elif cell.get("t") == "s":
            value = shared[int(value)] if value.isdecimal() and int(value) < len(shared) else ""
        if place and value.strip():
            found[int(place[2]), _column(place[1])] = value.strip()
    return found


def _part(archive: zipfile.ZipFile, name: str, file: str) -> ElementTree.Element:
    """One XML part of a workbook, of a bounded size and without a document type, so that it can define nothing."""
    try:
        with archive.open(name) as stream:
            body = stream.read(LARGEST_SHEET + 1)
    except KeyError:
        raise UsageError(f"{file} is no Excel workbook: it has no {name}.") from None
    if len(body) > LARGEST_SHEET:
        raise UsageError(f"{name} of {file} is larger than {LARGEST_SHEET >> 20} MiB; it is not the study's.")
    if b"\0" in body or b"<!DOCTYPE" in body.upper() or b"<!ENTITY" in body.upper():
        raise UsageError(f"{name} of {file} is not plain XML in UTF-8; it is not the study's.")
    try:
        return ElementTree.fromstring(body)  # noqa: S314 - no document type, no entities, few bytes
    except ElementTree.ParseError as error:
        raise UsageError(f"{name} of {file} is no XML: {error}.") from error


def _strings(root: ElementTree.Element) -> list[str]:
    return ["".join(text.text or "" for text in entry.iter(f"{_XML}t")) for entry in root.iter(f"{_XML}si")]


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number


def _of_models(study: Study) -> list[Step]:
    def facts(writer: RunWriter) -> None:
        with storage(writer.folder, "write to"), tempfile.TemporaryDirectory(dir=writer.folder) as folder:
            path = Path(folder) / "models.jsonl"
            with path.open("w", encoding="utf-8") as stream:
                for name, words in study.models.items():
                    stream.write(json.dumps({"id": name, "licence": words}) + "\n")
            name, count = study.paths["mapping"].name, len(study.models)
            writer.adopt(path, format="jsonl", kind="facts", records=count, fields=["id", "licence"], url=name)

    return [facts]


def _of_repositories(study: Study, moment: datetime) -> list[Step]:
    steps: list[Step] = [
        lambda writer: _adopt(writer, study.paths["mapping"], study.rows),
        lambda writer: _adopt(writer, study.paths["licences"], 1),
    ]
    if "sheet" in study.paths:
        # A workbook is none of the shapes that a part can have, so it lands as the body of an envelope.
        path, key = study.paths["sheet"], "peatmoss/matrix"
        body = json.dumps({"rules": study.rules}).encode()
        for kind, content in (("original-sheet", path.read_bytes()), ("licence-rules", body)):
            record = Record(kind, key, path.name, 200, moment, content)
            steps.append(lambda writer, record=record: writer.write_records([record], walk="import"))  # type: ignore[misc]
    records = (_mined(study, name, moment) for name in study.repositories)
    while bundle := list(islice(records, BUNDLE)):
        steps.append(lambda writer, bundle=bundle: writer.write_records(bundle, walk="import"))  # type: ignore[misc]
    return steps


def _adopt(writer: RunWriter, path: Path, records: int) -> None:
    format = "csv" if ".csv" in path.name.lower() else "json-object"
    writer.adopt(path, format=format, kind="original", records=records, fields=[], url=path.name)  # type: ignore[arg-type]


def _mined(study: Study, name: str, moment: datetime) -> Record:
    """What the study says of one repository, in the form in which reading its files would land it."""
    entry = study.repositories[name]
    body = {
        "files": None,
        "parsed": None,
        "unread": [],
        "usages": [_usage(model) for model in entry["models"]],
        "licences": [
            {"path": None, "evidence": "import", "raw": word, "licence": word.lower()} for word in entry["words"]
        ],
        "dependencies": [],
    }
    url = study.paths["licences"].name
    return Record("mined", name, url, 200, moment, json.dumps(body).encode(), decoded={}, decoder=VERSION)


def _usage(model: str) -> dict[str, Any]:
    return {
        "path": None,
        "line": None,
        "cell": None,
        "library": None,
        "api": None,
        "id_as_written": model,
        "hub": HUB,
        "model_id": model,
        "revision": None,
        "flags": [],
        "how": "import",
        "confidence": CONFIDENCE,
    }
