"""A census in Python: ``hubcensus.open(home)``."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import TYPE_CHECKING, Any

from hubcensus.settings import Settings
from landing.clock import from_iso
from landing.errors import UsageError

if TYPE_CHECKING:
    import pandas as pd

    from analyses._base import Result
    from warehouse.reader import Parameters, Reader

Moment = str | datetime | None


class Census:
    """A published warehouse, for reading; ``as_of`` asks for the state at an earlier moment.

    census = hubcensus.open("census")
    census.sql("SELECT licence, count(*) AS models FROM mart.model GROUP BY 1", as_of="2024-07-11")
    census.analyze("licence").figure()
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._readers: dict[tuple[Any, ...], Reader] = {}

    def sql(self, query: str, params: Parameters = None, *, as_of: Moment = None) -> pd.DataFrame:
        """The rows of a query; it cannot write, nor reach files or the network."""
        return self._reader(as_of).frame(query, params)

    def analyze(self, name: str, *, as_of: Moment = None) -> Result:
        """Run one analysis: ``.statement``, ``.table``, ``.tables``, ``.figure()``, ``.published``."""
        import analyses

        return analyses.run(name, self._reader(as_of))

    def compare(self, *names: str, as_of: Moment = None) -> pd.DataFrame:
        """What has been published beside what this census says, analysis by analysis.

        Columns: analysis, quantity, published, ours, why different, source; an analysis that this census
        cannot answer has one row that says what it lacks.
        """
        import pandas as pd

        from analyses._text import quantity

        rows: list[tuple[str, ...]] = []
        for result in (self.analyze(name, as_of=as_of) for name in names):
            if not result.available:
                rows.append((result.name, result.title, "–", "–", result.statement, result.source))
            for row in result.published.itertuples():
                theirs, ours = quantity(row.published, str(row.unit)), quantity(row.ours, str(row.unit))
                why = "equal" if theirs == ours else str(row.note or f"other data than theirs: {row.source}")
                rows.append((result.name, str(row.quantity), theirs, ours, why, str(row.source)))
        columns = ["analysis", "quantity", "published", "ours", "why different", "source"]
        return pd.DataFrame(rows, columns=columns)

    @property
    def analyses(self) -> list[str]:
        """The names that :meth:`analyze` knows."""
        import analyses

        return analyses.names()

    @property
    def snapshots(self) -> pd.DataFrame:
        """The dated observations that this census is made of."""
        return self.sql("SELECT * FROM mart.snapshot ORDER BY observed_at, snapshot_id")

    def model(self, model_id: str, *, hub: str | None = None, as_of: Moment = None) -> dict[str, Any]:
        """One model as a dict; raises :class:`UsageError` where there is none, or one on each of several hubs."""
        reader = self._reader(as_of)
        found = reader.execute(
            "SELECT * FROM mart.model WHERE model_id = $1 AND hub = coalesce($2, hub) ORDER BY hub", [model_id, hub]
        )
        columns = [str(column[0]) for column in found.description or []]
        models: list[dict[str, Any]] = [dict(zip(columns, row, strict=True)) for row in found.fetchall()]
        if not models:
            raise UsageError(f"This census knows no model {model_id!r} at that moment.")
        if len(models) > 1:
            raise UsageError(
                f"{model_id!r} is on several hubs: {', '.join(model['hub'] for model in models)}; name one."
            )
        return models[0]

    def close(self) -> None:
        """Let go of the file; the census opens it again when it is asked again."""
        for reader in self._readers.values():
            reader.close()
        self._readers.clear()

    def _reader(self, as_of: Moment) -> Reader:
        """A reader of the file as it is published now; one per moment, since an analysis prepares its scope in it."""
        from warehouse.reader import Reader

        path, moment = self.settings.warehouse, when(as_of)
        stamp = path.stat() if path.is_file() else None
        key = (moment, stamp and (stamp.st_ino, stamp.st_mtime_ns))
        if key not in self._readers:
            if any(known[1] != key[1] for known in self._readers):
                self.close()
            self._readers[key] = Reader(path, as_of=moment)
        return self._readers[key]

    def __enter__(self) -> Census:
        """Enter a ``with`` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close at the end of a ``with`` block."""
        self.close()

    def __repr__(self) -> str:
        return f"<Census at {self.settings.home}>"


def when(as_of: Moment) -> datetime | None:
    """A moment from what people write, in UTC where none is said; a bare date means the end of that day."""
    if as_of is None or isinstance(as_of, datetime):
        return as_of.replace(tzinfo=UTC) if as_of is not None and as_of.tzinfo is None else as_of
    moment = from_iso(as_of)
    return moment + timedelta(days=1, microseconds=-1) if len(as_of) == len("2024-07-11") else moment
