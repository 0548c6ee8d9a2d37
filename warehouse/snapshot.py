"""The snapshot that a load is writing."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The snapshot that is being written."""

    snapshot_id: int
    hub_id: int
    observed_at: str

    @property
    def moment(self) -> str:
        """``observed_at`` as a SQL literal."""
        return f"TIMESTAMP '{self.observed_at}'"
