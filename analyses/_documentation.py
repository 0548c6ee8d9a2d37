"""The queries of :mod:`analyses.documentation`, its published numbers and one of its charts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses._tables import LISTING, at

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

TAG_FIELDS = (
    "task",
    "library",
    "licence",
    "language",
    "base model",
    "paper",
    "dataset",
    "evaluation claim",
    "carbon",
)
_TESTS = (
    "task IS NOT NULL",
    "library IS NOT NULL",
    "licences > 0",
    "languages > 0",
    "base_models > 0",
    "papers > 0",
    "datasets > 0",
    "claims",
    "carbon",
)
_KNOWN = ("task_known", "library_known", *["about_id IS NOT NULL"] * 7)

SQL = {
    "fields by tag": "SELECT "
    + ", ".join(
        f"count(*) FILTER ({known} AND {test}), count(*) FILTER ({known})"
        for test, known in zip(_TESTS, _KNOWN, strict=True)
    )
    + " FROM scope",
    "described": """
        CREATE OR REPLACE TEMP VIEW described AS
        WITH covered
            AS (SELECT 2 * count(card_score) >= count(*) AS cards, 2 * count(has_card) >= count(*) AS files
                FROM scope)
        SELECT s.* REPLACE (
            CASE WHEN covered.files THEN s.has_card END AS has_card,
            CASE WHEN covered.cards THEN s.documentation_score ELSE s.metadata_score END AS documentation_score)
        FROM scope s, covered
    """,
    "front matter": """
        SELECT field, 'front matter' AS "read from", count(*) AS models,
            (SELECT count(*) FROM scope WHERE front_id IS NOT NULL) AS n
        FROM (SELECT unnest(front_matter_fields) AS field FROM scope WHERE front_id IS NOT NULL)
        GROUP BY field ORDER BY models DESC, field LIMIT 40
    """,
    "by band": """
        SELECT band, field, count(*) FILTER (stated) AS models, count(stated) AS n FROM (
            SELECT band, unnest([
                {field: 'licence', stated: licences > 0},
                {field: 'dataset', stated: CASE WHEN about_id IS NOT NULL THEN datasets > 0 END},
                {field: 'task', stated: CASE WHEN task_known THEN task IS NOT NULL END},
                {field: 'card', stated: has_card}], recursive := true)
            FROM described WHERE band IS NOT NULL)
        GROUP BY ALL HAVING n > 0
    """,
    "by month": """
        SELECT month, count(*) FILTER (licences > 0) AS licence, count(licences) AS n,
            count(*) FILTER (has_card) AS card,
            count(has_card) AS card_known, avg(documentation_score) AS score
        FROM described
            WHERE month IS NOT NULL AND about_id IS NOT NULL AND NOT backfilled GROUP BY month ORDER BY month
    """,
    "known": "SELECT count(card_score), count(has_card), count(front_id), count(card_id), count(*) FROM scope",
    "score": """
        SELECT count(documentation_score), avg(documentation_score), median(documentation_score),
            stddev_samp(documentation_score)
        FROM described
    """,
    "score by band": """
        SELECT coalesce(band, 'unknown') AS band, count(documentation_score) AS n, avg(documentation_score) AS mean,
            quantile_cont(documentation_score, 0.1) AS p10, median(documentation_score) AS median,
            quantile_cont(documentation_score, 0.9) AS p90, avg(metadata_score) AS metadata,
                count(card_score) AS cards,
            avg(card_score) AS card
        FROM described GROUP BY ALL ORDER BY min(downloads) NULLS LAST
    """,
    "sections": """
        SELECT section, count(*) AS models, (SELECT count(card_id) FROM scope) AS n
        FROM (SELECT unnest(card_sections) AS section FROM scope WHERE card_id IS NOT NULL)
        GROUP BY section ORDER BY models DESC, section
    """,
    "top and bottom": """
        WITH ranked AS (SELECT model_id, downloads, documentation_score AS score
            FROM described WHERE downloads IS NOT NULL AND score IS NOT NULL),
        size AS (SELECT least(1000, count(*) // 2) AS k FROM ranked)
        SELECT * FROM (
            (SELECT 'top' AS part, score FROM ranked ORDER BY downloads DESC, hash(model_id) LIMIT (SELECT k
                FROM size))
            UNION ALL
            (SELECT 'bottom' AS part, score FROM ranked ORDER BY downloads, hash(model_id) LIMIT (SELECT k FROM size))
        )
    """,
}


def published(fields: pd.DataFrame, bands: pd.DataFrame) -> list[tuple[object, ...]]:
    """What others found."""
    tags = fields.loc[fields["read from"] == "tags or listing"]
    fig7 = "theirs: 11,693 cards of models with > 50 monthly downloads, read by a language model; ours: tags of all"
    rows: list[tuple[object, ...]] = [
        (f"{name} ({ours})", value, at(tags, "field", ours, "share"), "share", "MSR 2024 (PeaTMOSS), fig. 7", fig7)
        for name, ours, value in (
            ("licence", "licence", 0.7801),
            ("datasets", "dataset", 0.7441),
            ("base model", "base model", 0.7348),
            ("evaluation", "evaluation claim", 0.5860),
            ("paper", "paper", 0.4803),
            ("carbon emitted", "carbon", 0.0480),
        )
    ]
    for field, value in (
        ("licence", 0.3776),
        ("dataset", 0.0998),
        ("base model", 0.1542),
        ("evaluation claim", 0.0832),
    ):
        rows.append((f"{field}, all models", value, at(tags, "field", field, "share"), "share", LISTING, ""))
    licence = bands.loc[bands["field"] == "licence"]
    for band, value in (("0", 0.317), ("1-50", 0.402), ("51-1,000", 0.677), ("> 1,000", 0.738)):
        rows.append((f"licence, {band} downloads", value, at(licence, "band", band, "share"), "share", LISTING, ""))
    return rows


def draw_bands(axes: Axes, bands: pd.DataFrame) -> None:
    """Share of models with a licence, a dataset, a task, a card by popularity band."""
    from analyses import _style as look

    order = list(dict.fromkeys(bands["band"]))
    ends: list[tuple[float, str, str]] = []
    for colour, (field, frame) in zip(look.CYCLE, bands.groupby("field", sort=False), strict=False):
        places = [order.index(band) for band in frame["band"]]
        axes.plot(places, frame["share"], marker="o", markersize=4, color=colour)
        axes.fill_between(places, frame["low"], frame["high"], color=colour, alpha=0.15, linewidth=0)
        ends.append((float(frame["share"].iloc[-1]), str(field), colour))
    height = -1.0
    for end, field, colour in sorted(ends):
        height = max(end, height + 0.055)
        axes.annotate(
            field,
            (len(order) - 1, height),
            xytext=(7, 0),
            textcoords="offset points",
            va="center",
            color=colour,
            fontsize=9,
        )
    axes.set_xticks(range(len(order)), order)
    axes.set_xlim(-0.2, len(order) - 0.2)
    look.as_percent(axes.yaxis)
