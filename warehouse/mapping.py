"""Reading ``mappings/<hub>.sql`` and building the relation ``source`` a mapping selects from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from importlib.metadata import entry_points
from importlib.resources.abc import Traversable

import duckdb

from landing.errors import UsageError
from landing.manifest import Format
from warehouse import sections, vocabulary
from warehouse.database import Connection

_SECTION = re.compile(r"^-- \[(\w+)\].*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Reading:
    """How one field of a hub's record is read from one column of a source."""

    field: str | None
    source: str
    type: str
    expression: str | None
    needs: str | None


@dataclass(frozen=True, slots=True)
class Mapping:
    """A hub's SQL, by section.

    ``by_facts`` says whether its records become facts records first (all hubs but those with a ``models`` section of
    their own).
    """

    hub: str
    sections: dict[str, str]
    by_facts: bool
    readings: tuple[Reading, ...] = ()
    types: dict[str, str] = field(default_factory=dict)
    states: tuple[tuple[str, str], ...] = ()

    @classmethod
    def load(cls, hub: str, connection: Connection, *, facts: bool = False) -> Mapping:
        """Read the mapping of ``hub``; with ``facts`` the one for records that are facts records already.

        Raises :class:`UsageError` where there is none.
        """
        own = _own(hub)
        if facts:
            own = {name: text for name, text in own.items() if name in ("hub", "tasks")}
        sections = {**_own("_facts"), **own}
        readings = tuple(Reading(*row) for row in connection.execute(sections["fields"]).fetchall())
        types = dict(connection.execute(sections["types"]).fetchall())
        states = tuple(connection.execute(sections["states"]).fetchall())
        return cls(hub, sections, "models" not in own, readings, types, states)

    def chosen(self, fields: frozenset[str]) -> dict[str, Reading]:
        """For every field of the record that ``fields`` (the source's columns) state: how it is read."""
        found: dict[str, Reading] = {}
        for reading in self._fitting(fields):
            if reading.field is not None:
                found.setdefault(reading.field, reading)
        return found

    def _fitting(self, fields: frozenset[str]) -> list[Reading]:
        return [r for r in self.readings if r.source in fields and (r.needs is None or r.needs in fields)]

    def known(self, fields: frozenset[str]) -> frozenset[str]:
        """The columns of the uniform schema that a source with these columns states."""
        chosen = self.chosen(fields)
        return frozenset(name for name, source in self.states if source in chosen)

    def facts(self) -> str:
        """SELECT of facts records: the hub's section ``facts``, with every column that it leaves out as null."""
        nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in _facts_types())
        return (
            f"SELECT * FROM ({self.sections['facts']}) "
            f"UNION ALL BY NAME SELECT NULL::INTEGER AS record_id, {nothing} WHERE false"
        )

    def json_columns(self, fields: frozenset[str]) -> dict[str, str]:
        """The JSON columns to read, with their types."""
        columns: dict[str, str] = {}
        for reading in self._fitting(fields):
            columns.setdefault(reading.source, reading.type)
        return columns

    def source(self, relation: str, fields: frozenset[str], format: Format) -> str:
        """SELECT that turns the columns of ``relation`` into the hub's record; what is not there is null."""
        chosen = self.chosen(fields)
        typed = format not in ("parquet", "csv")
        columns = []
        for name, kind in self.types.items():
            reading = chosen.get(name)
            if reading is None:
                columns.append(f'NULL::{kind} AS "{name}"')
            elif typed and reading.type == kind:
                columns.append(f'{reading.expression} AS "{name}"')
            else:
                columns.append(f'TRY_CAST({reading.expression} AS {kind}) AS "{name}"')
        return f"SELECT record_id, {', '.join(columns)} FROM {relation}"


@cache
def _facts_types() -> list[tuple[str, str]]:
    """The columns of a facts record with their types."""
    return [(name, kind) for name, kind in duckdb.sql(_own("_facts")["types"]).fetchall()]


@cache
def _own(hub: str) -> dict[str, str]:
    path = _files().get(hub) if hub != "_facts" else resources.files("warehouse.mappings").joinpath("_facts.sql")
    if path is None:
        raise UsageError(f"There is no mapping for {hub!r} (warehouse/mappings/{hub}.sql).")
    pieces = _SECTION.split(path.read_text(encoding="utf-8"))
    return {name: text.strip().rstrip(";") for name, text in zip(pieces[1::2], pieces[2::2], strict=True)}


def _files() -> dict[str, Traversable]:
    """Mappings by hub: our own, and those of installed packages (entry points of the group ``hubcensus.mappings``)."""
    folder = resources.files("warehouse.mappings")
    found = {entry.name: entry for entry in folder.iterdir()}
    for point in entry_points(group="hubcensus.mappings"):
        package, _, name = point.value.partition(":")
        found.setdefault(f"{point.name}.sql", resources.files(package).joinpath(name or f"{point.name}.sql"))
    return {name[:-4]: path for name, path in found.items() if name.endswith(".sql") and not name.startswith("_")}


def hubs() -> list[str]:
    """The hubs that have a mapping."""
    return sorted(_files())


def macros() -> str:
    """The SQL functions that every mapping may use."""
    return (
        resources.files("warehouse").joinpath("macros.sql").read_text(encoding="utf-8")
        + vocabulary.families()
        + sections.macros()
    )
