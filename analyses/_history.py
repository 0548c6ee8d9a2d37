"""Shared by the analyses over time: the whole-hub snapshots of a hub, and renames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from analyses._scope import Scope, covering

if TYPE_CHECKING:
    import pandas as pd

ALIASES = """
        SELECT model_id, arg_max(canonical_id, (confidence, canonical_id)) FROM mart.alias
        WHERE hub = $1 GROUP BY model_id
"""
MONTH_DAYS = 30.4375


def listings(scope: Scope, needs: tuple[str, ...] = ()) -> pd.DataFrame:
    """Snapshots that covered the hub when they were taken, oldest first.

    As in the scope's rule, but against the largest listing known *by then*: a whole listing of 2022 is
    small beside one of 2024 and whole nevertheless.
    """
    query = covering(needs, running=True)
    return scope.frame(
        f"SELECT snapshot_id, observed_at, records FROM ({query}) WHERE hub = $1 AND kind <> 'counters' "
        "ORDER BY observed_at, snapshot_id",
        [scope.hub],
    )


def renames(scope: Scope) -> dict[str, str]:
    """Old id to the id that the model goes by now; chains are followed, cycles end."""
    step: dict[str, str] = dict(scope.reader.rows(ALIASES, [scope.hub]))
    return {name: resolve(name, step) for name in step}


def resolve(name: str, step: Mapping[str, str]) -> str:
    """Follow renames to the last name; on a cycle, the smallest name of it, so that all agree."""
    seen: list[str] = []
    while name in step and name not in seen:
        seen.append(name)
        name = step[name]
    return min(seen[seen.index(name) :]) if name in seen else name


def months_between(first: pd.Timestamp, second: pd.Timestamp) -> float:
    """Months from one snapshot to another."""
    return float((second - first).total_seconds()) / 86_400 / MONTH_DAYS
