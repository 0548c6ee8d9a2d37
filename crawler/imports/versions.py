"""Tables about the versions of models that others made: changes of weight files, kinds of variants, parts of names.

The columns say which of the three a CSV file (also ``.gz``) is:

    owner, model_name, file_changed, changed_frequency       how often each weight file stands in the commits
    owner, model_name, pipeline, variants                    finetuned, quantized, ... by task
    owner, selected_model, Conventional naming               the parts of a name in braces, as a person read them

They are those of the SAIL study of how language models are released on Hugging Face; any table with these columns
will do. A model may be written with its owner or without. The file lands as it was, and beside it the rows in one
form. It does not say when it was made, so ``--observed-at`` is needed.
"""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path

from crawler.imports._dump import Dump
from crawler.imports._runs import OnLanded, Runs
from landing import Manifest, RunWriter, UsageError, Zone
from landing.errors import storage
from landing.files import sha256_file

TITLE = "weight-file changes, kinds of variants, parts of names (CSV tables of release studies)"
VERSION = "versions/1"
SOURCE = "versions"
HUB = "huggingface"

#: Kind of table -> the columns of the common form and what they are called in the file.
TABLES: dict[str, dict[str, tuple[str, ...]]] = {
    "weight-changes": {"model": ("model_name",), "path": ("file_changed",), "changes": ("changed_frequency",)},
    "variants": {"model": ("model_name",), "variant": ("variants", "variant"), "task": ("pipeline", "task")},
    "name-patterns": {"model": ("selected_model", "model_name"), "pattern": ("Conventional naming", "pattern")},
}
LONGEST = 512


def land(
    zone: Zone,
    path: Path,
    *,
    observed_at: datetime | None = None,
    program: str,
    complete: bool = False,
    on_landed: OnLanded | None = None,
) -> list[Manifest]:
    """Land one table as one run; returns that run.

    Raises :class:`UsageError` where the columns are those of none of the three, or nobody says when it was made.
    """
    if observed_at is None:
        raise UsageError(f"{path.name} does not say when it was made; add --observed-at TIME.")
    if complete:
        raise UsageError(f"{path.name} holds no listing; leave out --complete.")
    if not path.is_file():
        raise UsageError(f"There is no file {path}.")
    dump = Dump(path)
    kind, columns = _kind(dump)

    def fill(writer: RunWriter) -> None:
        if not writer.landed:
            writer.adopt(path, format=dump.format, kind="original", records=1, fields=[], url=path.name)
        if writer.landed < 2:
            _rows(writer, dump, kind, columns)

    with zone.lock(SOURCE):
        runs = Runs(zone, SOURCE, program=program, parser=VERSION, complete=False, on_landed=on_landed)
        return [runs.run(sha256_file(path), path.name, observed_at, fill)]


def _kind(dump: Dump) -> tuple[str, dict[str, str]]:
    """Which table it is, and the SQL of its columns."""
    # A byte order mark and blanks may stand before the first name.
    held = {name.strip("\ufeff \t"): name for name in dump.columns}
    for kind, wanted in TABLES.items():
        found = {key: next((held[name] for name in names if name in held), None) for key, names in wanted.items()}
        if all(found.values()):
            owner = f"coalesce({dump.column(held['owner'])}, '')" if "owner" in held else "''"
            columns = {key: dump.column(str(name)) for key, name in found.items()}
            model = columns.pop("model")
            named = (
                f"CASE WHEN contains({model}, '/') OR {owner} = '' THEN {model} ELSE {owner} || '/' || {model} END"
            )
            return kind, {"model_id": named, **columns}
    raise UsageError(
        f"{dump.path.name} is none of the tables that are understood; its columns are {', '.join(dump.columns[:12])}."
    )


def _rows(writer: RunWriter, dump: Dump, kind: str, columns: dict[str, str]) -> None:
    picked = ", ".join(f"left({source}, {LONGEST}) AS {name}" for name, source in columns.items())
    query = f"SELECT {picked}, '{HUB}' AS hub, row_number() OVER () AS ordinal FROM {dump.relation}"
    with storage(writer.folder, "write to"), tempfile.TemporaryDirectory(dir=writer.folder) as folder:
        path = Path(folder) / f"{kind}.parquet"
        target = str(path).replace("'", "''")
        with dump.connect() as connection:
            connection.execute("SET preserve_insertion_order = true")
            connection.execute(f"COPY ({query}) TO '{target}' (FORMAT parquet, COMPRESSION zstd)")
        writer.adopt(path, format="parquet", kind=kind, records=dump.count, fields=list(columns), url=dump.path.name)
