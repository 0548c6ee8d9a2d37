"""The models of a PeaTMOSS database in the form in which crawls of their hubs land them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import groupby
from typing import Any

import sqlalchemy as sa

from crawler.imports._hubs import hub_of, known
from crawler.imports._peatmoss_file import Database
from landing import Record, RunWriter, UsageError

Step = Callable[[RunWriter], None]

# Dictionaries of names that a model is linked to by ``model_to_<name>``.
_LINKED = ("tag", "library", "framework", "license", "dataset", "paper", "language", "architecture", "author")
_BUNDLE = 200
_ARXIV = re.compile(r"^(?:arxiv:)?(\d{4}\.\d{4,5})(?:v\d+)?$", re.IGNORECASE)


@dataclass
class Hubs:
    """The hubs of a database: ids of its ``model_hub`` by our names, and models of hubs we do not know by theirs."""

    known: dict[str, list[int]] = field(default_factory=dict)
    unknown: dict[str, int] = field(default_factory=dict)


def hubs(database: Database) -> Hubs:
    """Which hubs the models are of; raises :class:`UsageError` where there is none that we know."""
    hub, model = database.table("model_hub"), database.table("model")
    assert hub is not None and model is not None
    needed = {"id", "context_id", "model_hub_id"}
    if missing := sorted(needed - set(model.c.keys())):
        raise UsageError(f"{database.path.name}: table model has no column {', '.join(missing)}.")
    count = sa.select(sa.func.count()).where(model.c.model_hub_id == hub.c.id).scalar_subquery()
    found = Hubs()
    for row in list(
        database.rows(sa.select(hub.c.id, hub.c.name, hub.c.url, count.label("models")).order_by(hub.c.id))
    ):
        ours = hub_of(row.name) or hub_of(re.sub(r"^https?://(www\.)?", "", str(row.url or "")))
        if ours:
            found.known.setdefault(ours, []).append(row.id)
        elif row.models:
            found.unknown[str(row.name)] = row.models
    if not found.known:
        names = ", ".join(found.unknown) or "none"
        raise UsageError(f"{database.path.name} has models of no hub that we know ({names}; known: {known()}).")
    return found


def steps(database: Database, hub: str, ids: list[int], moment: datetime) -> Iterator[Step]:
    """What lands of one hub after the tables, a part each, always in the same order."""
    native = hub == "huggingface"
    kind, shape = ("models", _as_page) if native else ("facts", _as_facts)
    fields = _fields(database, native=native)

    def listing(writer: RunWriter) -> None:
        lines = (shape(row, fields) for row in database.rows(_query(database, ids)))
        database.land(writer, lines, kind=kind, fields=fields, name=f"{database.path.name}#model")

    yield listing
    for records in (_commits(database, ids, moment), _discussions(database, ids, moment)) if native else ():
        for bundle in _bundled(records):
            yield lambda writer, bundle=bundle: writer.write_records(bundle, walk="import")  # type: ignore[misc]


def _query(database: Database, ids: list[int]) -> sa.Select[Any]:
    """Every model of a hub with the names it is linked to, each kind as a JSON array."""
    model = database.table("model")
    assert model is not None
    columns: list[Any] = [model]
    for name in _LINKED:
        link, names = database.table(f"model_to_{name}"), database.table(name)
        if link is not None and names is not None:
            word = names.c.name if name != "language" else sa.func.coalesce(names.c.abbreviation, names.c.name)
            columns.append(
                sa.select(sa.func.json_group_array(word))
                .where(link.c.model_id == model.c.id, names.c.id == link.c[f"{name}_id"])
                .scalar_subquery()
                .label(f"{name}_names")
            )
    return sa.select(*columns).where(model.c.model_hub_id.in_(ids)).order_by(model.c.id)


def _fields(database: Database, *, native: bool) -> list[str]:
    """What the records state: only what the database has tables and columns for."""
    model = database.table("model")
    assert model is not None
    has = {name for name in _LINKED if database.table(f"model_to_{name}") is not None}
    counters = [name for name in ("sha", "downloads", "likes") if name in model.c]
    if native:
        said = {"tags": has & {"tag", "license", "dataset"}, "config": has & {"architecture"}}
    else:
        said = {
            "tags": has & {"tag"},
            "licence": has & {"license"},
            "datasets": has & {"dataset"},
            "papers": has & {"paper"},
            "languages": has & {"language"},
            "architecture": has & {"architecture"},
            "library": has & {"library", "framework"},
        }
    return ["id", *counters, *(name for name, tables in said.items() if tables)]


def _as_page(row: sa.Row[Any], fields: list[str]) -> dict[str, Any]:
    """A record as the listing of Hugging Face has it; what PeaTMOSS took out of the tags goes back among them."""
    tags = _names(row, "tag")
    for kind, prefix in (("license", "license:"), ("dataset", "dataset:"), ("library", ""), ("framework", "")):
        tags += [f"{prefix}{name.removeprefix(prefix)}" for name in _names(row, kind)]
    tags += _names(row, "language")
    tags += [f"arxiv:{found[1]}" for name in _names(row, "paper") if (found := _ARXIV.match(name))]
    record = {
        **_counters(row),
        "id": str(row.context_id),
        "tags": list(dict.fromkeys(tags)),
        "config": {"architectures": _names(row, "architecture")},
    }
    return {name: record.get(name) for name in fields}


def _as_facts(row: sa.Row[Any], fields: list[str]) -> dict[str, Any]:
    """A facts record."""
    libraries = _names(row, "library") or _names(row, "framework")
    architectures = _names(row, "architecture")
    record = {
        **_counters(row),
        "id": str(row.context_id),
        "tags": _names(row, "tag"),
        "licence": _names(row, "license"),
        "datasets": _names(row, "dataset"),
        "papers": _names(row, "paper"),
        "languages": _names(row, "language"),
        "architecture": architectures[0] if architectures else None,
        "library": libraries[0] if libraries else None,
    }
    return {name: record.get(name) for name in fields}


def _counters(row: sa.Row[Any]) -> dict[str, Any]:
    return {name: row._mapping.get(name) for name in ("sha", "downloads", "likes")}


def _names(row: sa.Row[Any], kind: str) -> list[str]:
    """The names of one kind that a model is linked to, in order."""
    listed = row._mapping.get(f"{kind}_names")
    return sorted(str(name) for name in json.loads(listed) if name) if listed else []


def _commits(database: Database, ids: list[int], moment: datetime) -> Iterator[Record]:
    """The commits of a model as one record, as the hub lists them."""
    for model, rows in _by_model(database, "hf_commit", "commit_id", ids):
        listed = [
            {
                "id": row.commit_id,
                "title": row.title,
                "message": row.message,
                "date": row.created_at,
                "authors": [{"user": name} for name in _names(row, "author")],
            }
            for row in rows
        ]
        yield _record("commits", model, listed, moment)


def _discussions(database: Database, ids: list[int], moment: datetime) -> Iterator[Record]:
    """The discussions of a model as one record, as the hub lists them."""
    for model, rows in _by_model(database, "discussion", "num", ids):
        listed = [
            {
                "num": row.num,
                "title": row.title,
                "status": row.status,
                "isPullRequest": bool(row.is_pull_request),
                "createdAt": row.created_at,
                "author": {"name": next(iter(_names(row, "author")), None)},
            }
            for row in rows
        ]
        yield _record("discussions", model, {"discussions": listed, "count": len(listed)}, moment)


def _by_model(
    database: Database, name: str, column: str, ids: list[int]
) -> Iterator[tuple[str, Iterator[sa.Row[Any]]]]:
    """The rows of a table about models, by the model's id on its hub, with the names of their authors."""
    table, model = database.table(name), database.table("model")
    link, author = database.table(f"{name}_to_author"), database.table("author")
    if table is None or model is None or column not in table.c:
        return
    columns: list[Any] = [table, model.c.context_id]
    if link is not None and author is not None:
        columns.append(
            sa.select(sa.func.json_group_array(author.c.name))
            .where(link.c[f"{name}_id"] == table.c.id, author.c.id == link.c.author_id)
            .scalar_subquery()
            .label("author_names")
        )
    query = (
        sa.select(*columns)
        .join(model, model.c.id == table.c.model_id)
        .where(model.c.model_hub_id.in_(ids))
        .order_by(table.c.model_id, table.c.id)
    )
    for model_id, rows in groupby(database.rows(query), lambda row: row.context_id):
        yield str(model_id), rows


def _record(kind: str, model: str, listed: Any, moment: datetime) -> Record:
    body = json.dumps(listed, ensure_ascii=True).encode()
    return Record(kind=kind, key=model, url="", status=200, fetched_at=moment.astimezone(UTC), body=body)


def _bundled(records: Iterator[Record]) -> Iterator[list[Record]]:
    bundle: list[Record] = []
    for record in records:
        bundle.append(record)
        if len(bundle) >= _BUNDLE:
            yield bundle
            bundle = []
    if bundle:
        yield bundle
