"""Counters of models over time as one table: imported series, and the whole listings of a hub.

A *series* is a list that somebody kept: a model that it lacks on a day was not on the list, which says nothing of its
downloads, so the last number stands for a while and is unknown after that. A *listing* is all of a hub: a model that
it lacks is not there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from analyses._history import listings, renames
from analyses._scope import Scope
from analyses._text import count, short

if TYPE_CHECKING:
    import pandas as pd

Floats = NDArray[np.float64]

SQL = {
    "series": """
        SELECT series_id, name, hub, moments FROM mart.series WHERE moments >= 3 ORDER BY moments DESC, series_id
    """,
    "series rows": """
        SELECT model_id, observed_at, downloads::DOUBLE AS downloads, likes::DOUBLE AS likes
        FROM mart.model_metric WHERE series_id = $1 ORDER BY observed_at, model_id
    """,
    "top": """
        SELECT model_id FROM mart.model_metric WHERE snapshot_id = $1 AND hub = $2 AND downloads IS NOT NULL
        ORDER BY downloads DESC, model_id LIMIT $3
    """,
    "listing rows": """
        SELECT model_id, observed_at, downloads::DOUBLE AS downloads, likes::DOUBLE AS likes FROM mart.model_metric
        WHERE list_contains($1::INTEGER[], snapshot_id) AND hub = $2
            AND model_id IN (SELECT unnest($3::VARCHAR[]))
        ORDER BY observed_at, model_id
    """,
}
TOP = 1000
#: Listings of a hub and rows of a series that are looked at; more are thinned out evenly.
MOST_LISTINGS, MOST_MOMENTS = 60, 1500
#: For how many days the last number of a model stands that a series does not list.
CARRY_DAYS = 31
TOPS = (1, 5, 10, 20, 50, 100, 200, 500, 1000)


@dataclass(slots=True)
class Panel:
    """Downloads and likes, moments by models; NaN where unknown.

    ``whole``: absence means that the model is not there. ``step``: the usual number of days between two moments.
    ``k``: how many models the top holds, about a tenth of a listing, up to a sixth of a series. ``raw`` has only what
    was stated, ``downloads`` also what is carried over. ``aliased``: names that were joined to the name a model goes
    by now.
    """

    name: str
    cite: str
    whole: bool
    times: pd.DatetimeIndex
    models: list[str]
    raw: Floats
    downloads: Floats
    likes: Floats
    step: float
    k: int
    aliased: int

    @property
    def days(self) -> Floats:
        """Days since the first moment."""
        return np.asarray((self.times - self.times[0]).total_seconds() / 86_400, dtype=np.float64)

    def ks(self) -> list[int]:
        """The sizes of the top that are reported."""
        listed = int(np.median(np.sum(np.isfinite(self.raw), axis=1)))
        fitting = [k for k in TOPS if k <= max(listed // 3, 1) and k <= (self.k if self.whole else k)]
        return sorted({*fitting[-4:], self.k})

    def member(self, k: int) -> NDArray[np.bool_]:
        """Whether a model is among the ``k`` most downloaded; ties by name."""
        value = np.where(np.isfinite(self.downloads), self.downloads, -1.0)
        order = np.argsort(-value, axis=1, kind="stable")
        inside = np.zeros(value.shape, dtype=bool)
        np.put_along_axis(inside, order[:, :k], True, axis=1)
        return inside & (value >= 0)


def panels(scope: Scope) -> Iterator[Panel]:
    """Every series, the longest first, and then the whole listings of the largest hub."""
    aliases = renames(scope) if scope.hub else {}
    for key, name, hub, moments in scope.reader.rows(SQL["series"]):
        frame = scope.frame(SQL["series rows"], [int(key)])
        known = aliases if hub == scope.hub else {}
        cite = f"series {short(name, 60)} of {short(hub, 30)}, {count(moments)} moments, not a snapshot of the hub"
        if (made := _panel(short(name, 60), cite, frame, known, whole=False)) is not None:
            yield made
    if (hub_panel := _listed(scope, aliases)) is not None:
        yield hub_panel


def _listed(scope: Scope, aliases: dict[str, str]) -> Panel | None:
    snapshots = listings(scope, ("downloads",)) if scope.hub else None
    if snapshots is None or len(snapshots) < 2:
        return None
    if len(snapshots) > MOST_LISTINGS:
        snapshots = snapshots.iloc[np.unique(np.linspace(0, len(snapshots) - 1, MOST_LISTINGS).astype(int))]
    ids = [int(key) for key in snapshots["snapshot_id"]]
    k = max(1, min(TOP, int(snapshots["records"].min()) // 10))
    ever = {str(row[0]) for key in ids for row in scope.reader.rows(SQL["top"], [key, scope.hub, k])}
    # A model that was renamed is looked up under every name that it had.
    canonical = {aliases.get(name, name) for name in ever}
    ever |= {name for name, now in aliases.items() if now in canonical} | canonical
    frame = scope.frame(SQL["listing rows"], [ids, scope.hub, sorted(ever)])
    shown = ", ".join(map(str, ids)) if len(ids) < 6 else f"{ids[0]} to {ids[-1]}"
    return _panel(
        f"listings of {scope.hub}",
        f"whole listings, snapshots {shown} of {scope.hub}",
        frame,
        aliases,
        whole=True,
        k=k,
    )


def _panel(
    name: str, cite: str, frame: pd.DataFrame, aliases: dict[str, str], *, whole: bool, k: int = 0
) -> Panel | None:
    """The rows as a table; names that are one model now are joined, the larger counter counts."""
    import pandas as pd

    aliased = int(frame["model_id"].drop_duplicates().isin(list(aliases)).sum()) if aliases else 0
    if aliased:
        frame = frame.assign(model_id=frame["model_id"].map(lambda old: aliases.get(old, old)))
        frame = frame.groupby(["observed_at", "model_id"], as_index=False)[["downloads", "likes"]].max()
    wide = frame.pivot(index="observed_at", columns="model_id", values=["downloads", "likes"]).sort_index()
    if len(wide) < 2:
        return None
    if len(wide) > MOST_MOMENTS:
        wide = wide.iloc[np.unique(np.linspace(0, len(wide) - 1, MOST_MOMENTS).astype(int))]
    raw, likes = (wide[part].to_numpy(dtype=np.float64, na_value=np.nan) for part in ("downloads", "likes"))
    step = float(np.median(np.diff(wide.index.to_numpy()) / np.timedelta64(1, "D")))
    listed = int(np.median(np.isfinite(raw).sum(axis=1)))
    if listed < 1:
        return None
    size = k or max([top for top in TOPS if top <= max(listed // 6, 1)], default=1)
    carried = raw if whole else _carry(raw, max(1, round(CARRY_DAYS / max(step, 1.0))))
    models = [str(model) for model in wide["downloads"].columns]
    return Panel(name, cite, whole, pd.DatetimeIndex(wide.index), models, raw, carried, likes, step, size, aliased)


def _carry(values: Floats, steps: int) -> Floats:
    """The last number carried over gaps of at most ``steps`` moments; nothing after a model's last number."""
    held, age = values.copy(), np.zeros(values.shape[1])
    last = np.where(np.isfinite(values), np.arange(len(values))[:, None], -1).max(axis=0)
    for place in range(1, len(values)):
        missing = ~np.isfinite(values[place])
        age = np.where(missing, age + 1, 0)
        take = missing & (age <= steps) & (place < last)
        held[place, take] = held[place - 1, take]
    return held
