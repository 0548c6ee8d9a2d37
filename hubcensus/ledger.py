"""The operational ledger: what is scheduled, what was run, who holds the work.

SQLite in the home by default, any database that SQLAlchemy speaks with ``HUBCENSUS_LEDGER_URL``. It is not the
warehouse: losing it loses the schedule and the log of executions, never a record or a run.

    schedule    name, when (cron or interval), the command's words as JSON, enabled
    execution   one firing: when it was due, began and ended, how, by whom, where its output is
    lease       who may run the schedule now, until when; with it several workers can come later

Schedules are plain JSON rows and not APScheduler's own job store: that one pickles its jobs, and a
project about supply chains does not unpickle a file from a shared folder. APScheduler gets its jobs
from these rows at start.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import JSON, DateTime, Engine, String, create_engine, select
from sqlalchemy.exc import DatabaseError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from landing.errors import BusyError, CorruptError, OperationalError, UsageError, storage


class Base(DeclarativeBase):
    """All tables of the ledger."""


class Schedule(Base):
    """A command that is to be run again and again."""

    __tablename__ = "schedule"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    kind: Mapped[str] = mapped_column(String(10))
    expression: Mapped[str] = mapped_column(String(200))
    argv: Mapped[list[str]] = mapped_column(JSON)
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(DateTime)


class Execution(Base):
    """One firing of a schedule. Times are UTC."""

    __tablename__ = "execution"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    due_at: Mapped[datetime] = mapped_column(DateTime)
    started_at: Mapped[datetime] = mapped_column(DateTime)
    finished_at: Mapped[datetime | None] = mapped_column(DateTime)
    exit_code: Mapped[int | None]
    holder: Mapped[str] = mapped_column(String(200))
    log: Mapped[str] = mapped_column(String(1000))


class Lease(Base):
    """Who may do a thing, until when."""

    __tablename__ = "lease"
    name: Mapped[str] = mapped_column(String(100), primary_key=True)
    holder: Mapped[str] = mapped_column(String(200))
    expires_at: Mapped[datetime] = mapped_column(DateTime)


def utc() -> datetime:
    """Now, without an offset, as the ledger keeps times."""
    return datetime.now(UTC).replace(tzinfo=None)


class Ledger:
    """An open ledger. Errors: :class:`CorruptError` for a damaged file, :class:`OperationalError` otherwise."""

    def __init__(self, path: Path, url: str = "") -> None:
        """Open, and make the tables that are not there."""
        self.path, self.url = path, url
        if not url:
            with storage(path.parent, "write to"):
                path.parent.mkdir(parents=True, exist_ok=True)
        self._engine: Engine = create_engine(url or f"sqlite:///{path}")
        with self._guard():
            Base.metadata.create_all(self._engine)

    @contextmanager
    def session(self) -> Iterator[Session]:
        """A transaction: committed at the end of the block."""
        with self._guard(), Session(self._engine) as session, session.begin():
            yield session

    @contextmanager
    def _guard(self) -> Iterator[None]:
        try:
            yield
        except IntegrityError:
            raise
        except DatabaseError as error:
            what = str(error.orig)
            if "not a database" in what or "malformed" in what:
                raise CorruptError(
                    f"The ledger {self.path} is damaged ({what}). Move it aside: only the schedule and the log of "
                    "executions are in it; runs and data stand in the landing zone.",
                    self.path,
                ) from error
            raise OperationalError(f"The ledger {self.url or self.path} cannot be used ({what}).") from error

    def add(self, name: str, kind: str, expression: str, argv: list[str]) -> None:
        """Add a schedule; raises :class:`UsageError` where the name is taken."""
        row = Schedule(name=name, kind=kind, expression=expression, argv=argv, enabled=True, created_at=utc())
        try:
            with self.session() as session:
                session.add(row)
        except IntegrityError:
            raise UsageError(f"There is a schedule {name!r} already; remove it or choose another name.") from None

    def remove(self, name: str) -> None:
        """Remove a schedule; its executions stay in the log."""
        with self.session() as session:
            row = session.get(Schedule, name)
            if row is None:
                raise UsageError(f"There is no schedule {name!r}; 'hubcensus schedule list' shows those there are.")
            session.delete(row)

    def schedules(self) -> list[dict[str, Any]]:
        """Every schedule with its last execution."""
        with self.session() as session:
            rows = session.scalars(select(Schedule).order_by(Schedule.name)).all()
            return [{**_facts(row), "last": self._last(session, row.name)} for row in rows]

    def _last(self, session: Session, name: str) -> dict[str, Any] | None:
        query = select(Execution).where(Execution.name == name).order_by(Execution.id.desc()).limit(1)
        row = session.scalars(query).first()
        return _facts(row) if row else None

    def begin(self, name: str, due_at: datetime, holder: str, log: Path) -> int:
        """Note that an execution begins; returns its number."""
        row = Execution(name=name, due_at=due_at, started_at=utc(), holder=holder, log=str(log))
        with self.session() as session:
            session.add(row)
            session.flush()
            return row.id

    def end(self, number: int, exit_code: int) -> None:
        """Note how an execution ended."""
        with self.session() as session:
            row = session.get_one(Execution, number)
            row.finished_at, row.exit_code = utc(), exit_code

    def lease(self, name: str, holder: str, seconds: float) -> None:
        """Take or renew a lease; raises :class:`BusyError` while another holder's has not run out."""
        with self.session() as session:
            row = session.get(Lease, name)
            if row is not None and row.holder != holder and row.expires_at > utc():
                raise BusyError(
                    f"{row.holder} is running the schedule (its lease lasts until {row.expires_at:%H:%M:%S} UTC); "
                    "one worker at a time."
                )
            session.merge(Lease(name=name, holder=holder, expires_at=utc() + timedelta(seconds=seconds)))

    def release(self, name: str, holder: str) -> None:
        """Give a lease back."""
        with self.session() as session:
            row = session.get(Lease, name)
            if row is not None and row.holder == holder:
                session.delete(row)


def _facts(row: Base) -> dict[str, Any]:
    return {column.name: getattr(row, column.name) for column in row.__table__.columns}
