"""Models that changed their name or their owner, and owners that did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._history import ALIASES, listings
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval
from analyses.survival import SQL as SURVIVAL

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "owner_changes"
TITLE = "Renames and changes of owner"
QUESTION = "Which models go by another id today, who took them over, and what became of ids without an owner?"
SOURCE = (
    "Re-listing of the names of Jiang et al., ICSE 2023 (HFTorrent, 2022-08) in the listing of 2024-07-11, counted "
    "by other code; renames by mart.alias."
)
NEEDS: tuple[str, ...] = ()
_KNOWN = """
        SELECT a.hub, a.model_id AS old_id, a.canonical_id AS new_id, a.evidence, a.confidence,
            CASE WHEN contains(a.model_id, '/') THEN split_part(a.model_id, '/', 1) END AS old_owner,
            CASE WHEN contains(a.canonical_id, '/') THEN split_part(a.canonical_id, '/', 1) END AS new_owner,
            split_part(a.model_id, '/', -1) AS old_name, split_part(a.canonical_id, '/', -1) AS new_name, m.downloads,
            m.model_id IS NOT NULL AS listed, count(*) OVER (PARTITION BY a.canonical_id) > 1 AS contested
        FROM (SELECT hub, model_id, arg_max(canonical_id, (confidence, canonical_id)) AS canonical_id,
                arg_max(evidence, (confidence, canonical_id)) AS evidence, max(confidence) AS confidence
            FROM mart.alias WHERE hub = $1 GROUP BY hub, model_id) a
        LEFT JOIN main m ON m.model_id = a.canonical_id
"""
_KIND = """CASE WHEN old_owner IS NULL AND new_owner IS NOT NULL THEN 'came under an owner'
            WHEN lower(old_owner) IS DISTINCT FROM lower(new_owner) AND lower(old_name) = lower(new_name)
                THEN 'another owner, same name'
            WHEN lower(old_owner) IS DISTINCT FROM lower(new_owner) THEN 'another owner, another name'
            WHEN lower(old_name) = lower(new_name) THEN 'upper and lower case' ELSE 'another name' END"""
SQL = {
    "kinds": f"""
        SELECT {_KIND} AS kind, count(*) AS models, count(*) FILTER (confidence >= 0.9) AS sure,
            count(*) FILTER (listed) AS listed, count(*) FILTER (contested) AS contested,
            (SELECT count(*) FROM mart.model WHERE hub = $1) AS n
        FROM ({_KNOWN}) GROUP BY kind ORDER BY models DESC, kind
    """,
    "flows": f"""
        SELECT coalesce(old_owner, '(none)') AS old_owner, new_owner, count(*) AS models,
            sum(downloads)::BIGINT AS downloads, min(confidence) AS least_confidence
        FROM ({_KNOWN}) WHERE lower(old_owner) IS DISTINCT FROM lower(new_owner) AND new_owner IS NOT NULL
        GROUP BY ALL ORDER BY models DESC, downloads DESC NULLS LAST, old_owner, new_owner LIMIT 1000
    """,
    "ownerless": f"""
        SELECT old_id, new_id, new_owner, evidence, confidence, downloads
        FROM ({_KNOWN}) WHERE old_owner IS NULL ORDER BY downloads DESC NULLS LAST, old_id LIMIT 1000
    """,
    "evidence": """
        SELECT evidence, confidence, count(*) AS models FROM mart.alias WHERE hub = $1
        GROUP BY ALL ORDER BY 3 DESC, 1, 2
    """,
    "owners": f"""
        WITH old AS (SELECT m.name, split_part(m.name, '/', 1) AS owner FROM core.metric x
                JOIN core.model m ON m.model_id = x.model_id WHERE x.snapshot_id = $1 AND contains(m.name, '/')),
        new AS (SELECT DISTINCT split_part(m.name, '/', 1) AS owner FROM core.metric x
                JOIN core.model m ON m.model_id = x.model_id WHERE x.snapshot_id = $2 AND contains(m.name, '/')),
        moved AS ({ALIASES.replace("$1", "$3")}),
        seen AS (SELECT o.owner, count(a.model_id) AS moved
            FROM old o LEFT JOIN moved a ON a.model_id = o.name GROUP BY o.owner)
        SELECT count(*) AS owners, count(n.owner) AS still_listed,
            count(*) FILTER (n.owner IS NULL AND s.moved > 0) AS gone_but_models_moved
        FROM seen s LEFT JOIN new n ON n.owner = s.owner
    """,
    "survivors": SURVIVAL["pair"],
}
_AGAIN = "HFTorrent names of 2022-08 against the listing of 2024-07-11, counted by other code"


@analysis
def run(scope: Scope) -> Answer:
    """All known renames of the hub with most models, and every earlier whole listing against the newest."""
    kinds = scope.frame(SQL["kinds"], [scope.hub])
    if kinds.empty:
        return Answer("Not answered: no model of this warehouse is known under two ids.", {})
    kinds = shared(kinds)
    flows, ownerless = (scope.frame(SQL[name], [scope.hub]) for name in ("flows", "ownerless"))
    then = _then(scope, listings(scope))
    total, n = int(kinds["models"].sum()), int(kinds["n"].iloc[0])
    pairs = int((flows["models"] > 1).sum())
    return Answer(
        f"{count(total)} of the {count(n)} ids that {scope.hub} ever listed go by another one today, "
        f"{share_with_interval(_stats.share(total, n))}; {count(len(flows))} pairs of owners exchanged models, "
        f"{count(pairs)} of them several ({scope.cite(scope.hub)}).",
        {
            "kinds": kinds,
            "flows": flows,
            "ownerless": ownerless,
            "listings": then,
            "evidence": scope.frame(SQL["evidence"], [scope.hub]),
        },
        lambda: _draw(kinds, flows, then, scope, n),
        _alt(kinds, flows),
        _published(then),
        [
            "A namesake is a guess with a confidence: the id is gone and one of the same base name came. Where "
            "several models went from one owner to another, each confirms the others; a single one with a common "
            "name may be another model. Contested: several ids that are gone would be the same model today.",
            "The rest of the ids that are gone were deleted, made private, or renamed without a trace in these data.",
        ],
        headline=(count(total), "models go by another id"),
    )


def _then(scope: Scope, snapshots: pd.DataFrame) -> pd.DataFrame:
    """One row per earlier listing: what became of its ids and its owners by the newest listing."""
    import pandas as pd

    rows = []
    for old in snapshots.iloc[:-1].to_dict("records"):
        places = [int(old["snapshot_id"]), int(snapshots["snapshot_id"].iloc[-1]), scope.hub]
        n, same, renamed, bare, bare_same = scope.row(SQL["survivors"], places)
        owners, still, moved = scope.row(SQL["owners"], places)
        rows.append((old["observed_at"], n, same, renamed, n - same - renamed, bare, bare_same, owners, still, moved))
    names = ["since", "n", "same id", "renamed", "gone", "without owner", "without owner, same id", "owners",
             "owners still listed", "owners gone, models moved"]  # fmt: skip
    return shared(pd.DataFrame(rows, columns=names), "same id")


def _published(then: pd.DataFrame) -> list[tuple[object, ...]]:
    if then.empty:
        return []
    nearest = then.iloc[(then["n"] - 63_367).abs().argsort()].iloc[0]
    note = f"ours: of the {count(nearest['n'])} ids listed on {nearest['since']:%Y-%m-%d}"
    return [
        ("ids of 2022-08 still listed", 58_771, int(nearest["same id"]), "count", _AGAIN, note),
        ("share of ids still listed", 0.9275, float(nearest["share"]), "share", _AGAIN, note),
        ("ids without an owner", 68, int(nearest["without owner"]), "count", _AGAIN, note),
        ("of these: same id today", 0, int(nearest["without owner, same id"]), "count", _AGAIN, note),
    ]


def _alt(kinds: pd.DataFrame, flows: pd.DataFrame) -> str:
    parts = ", ".join(f"{row['kind']} {count(row['models'])}" for _, row in kinds.iterrows())
    best = ", ".join(
        f"{row['old_owner']} to {row['new_owner']} {count(row['models'])}" for _, row in flows.head(4).iterrows()
    )
    return f"Renames by kind: {parts}. Largest moves between owners: {best or 'none'}."


def _draw(kinds: pd.DataFrame, flows: pd.DataFrame, then: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    shown = flows.head(10)
    figure = look.canvas(height=3.4 + 0.26 * len(shown) + 0.34 * len(then))
    grid = figure.add_gridspec(3, 1, height_ratios=(len(kinds) + 1, max(len(shown), 1) + 1, max(len(then), 1) + 1.6))
    top, middle, bottom = (figure.add_subplot(grid[row]) for row in range(3))
    look.bars(top, list(kinds["kind"]), list(kinds["models"]), [count(value) for value in kinds["models"]])
    look.as_count(top.xaxis)
    top.set(title="Models under another id, by what changed")
    names = [look.label(f"{row['old_owner']} → {row['new_owner']}", 48) for _, row in shown.iterrows()]
    look.bars(middle, names or ["none"], list(shown["models"]) or [0],
              [count(value) for value in shown["models"]] or ["0"], colour=look.ORANGE)  # fmt: skip
    look.as_count(middle.xaxis)
    middle.set(title="Owners that gave and took most models")
    left = then["n"] * 0.0
    for part, colour in (("same id", look.BLUE), ("renamed", look.ORANGE), ("gone", look.PALE)):
        share = then[part] / then["n"]
        bottom.barh(range(len(then)), share, left=left, color=colour, height=0.66)
        left = left + share
    for place, row in enumerate(then.to_dict("records")):
        said = ", ".join(f"{part} {percent(row[part] / row['n'], 1)}" for part in ("same id", "renamed", "gone"))
        bottom.annotate(said, (0.01, place), va="center", fontsize=8.5, color="white")
    bottom.set_yticks(range(len(then)), [f"{since:%Y-%m-%d} (n = {size:,})" for since, size in zip(
        then["since"], then["n"], strict=True)])  # fmt: skip
    bottom.set(title="Ids of earlier listings, in the newest", xlim=(0, 1))
    bottom.set_ylim(len(then) - 0.4, -0.6)
    look.as_percent(bottom.xaxis)
    look.caption(figure, scope.caption(n, "ids ever listed", scope.hub))
    return figure
