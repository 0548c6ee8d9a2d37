"""Whether what cards claim holds when it is measured again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import _probe, _stats
from analyses._base import Answer, absent, analysis
from analyses._probe import Probed
from analyses._scope import Scope
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "claim_verdicts"
TITLE = "Claims measured again"
QUESTION = "Do models perform as their cards claim, and where they do not, by how much do they differ?"
SOURCE = (
    "Jiang et al., ICSE 2023 (discrepancies of claimed performance); Schuirmann 1987 (equivalence); Benjamini and "
    "Hochberg 1995; Montes et al., ESEC/FSE 2022."
)
NEEDS = ("measurements",)

VERDICTS = ("VERIFIED", "WITHIN_TOLERANCE", "UNDECIDED", "PROTOCOL_MISMATCH", "DISCREPANT_LOW", "DISCREPANT_HIGH",
            "CANNOT_VERIFY")  # fmt: skip
FOREST = 18

# A model without a claim has one row that says so: it is no claim.
_CLAIMS = """
        SELECT *, split_part(coalesce(reason, ''), ':', 1) AS code, lower(coalesce(metric, '(none)')) AS metric_name,
            verdict <> 'CANNOT_VERIFY' AND measured IS NOT NULL AS tested
        FROM mart.measurement WHERE coalesce(split_part(reason, ':', 1), '') <> 'NO_CLAIM'
"""
# Fractions are told in points of per cent; an unbounded metric (perplexity, a squared error) has no points.
_POINTS = f"""
        SELECT *, 100 * (claimed - measured) AS difference, 100 * (claimed - ci_high) AS low,
            100 * (claimed - ci_low) AS high
        FROM ({_CLAIMS})
        WHERE tested AND claimed BETWEEN -1 AND 1 AND measured BETWEEN -1 AND 1
            AND NOT regexp_matches(metric_name, 'loss|perplexity|mse|mae|squared|absolute_error')
"""
SQL = {
    "verdicts": f"""
        WITH per AS (
            SELECT v.verdict, c.hub, c.model_id, count(*) FILTER (c.verdict = v.verdict) AS k, count(*) AS m
            FROM ({_CLAIMS}) c, (SELECT unnest({list(VERDICTS)}) AS verdict) v GROUP BY ALL
        )
        SELECT verdict, {_probe.SUMS} FROM per GROUP BY verdict ORDER BY list_position({list(VERDICTS)}, verdict)
    """,
    "outcomes": f"""
        WITH per AS (
            SELECT hub, model_id, count(*) FILTER (tested) AS t, count(*) AS m,
                count(*) FILTER (tested AND verdict IN ('VERIFIED', 'WITHIN_TOLERANCE')) AS a,
                count(*) FILTER (tested AND starts_with(verdict, 'DISCREPANT')) AS d
            FROM ({_CLAIMS}) GROUP BY hub, model_id
        ), part AS (
            SELECT 'measured again' AS what, t AS k, m FROM per
            UNION ALL SELECT 'of those: agree', a, t FROM per WHERE t > 0
            UNION ALL SELECT 'of those: differ', d, t FROM per WHERE t > 0
        )
        SELECT what, {_probe.SUMS} FROM part GROUP BY what ORDER BY what
    """,
    "models": f"""
        SELECT (SELECT count(DISTINCT (hub, model_id)) FROM ({_CLAIMS})) AS claiming,
            (SELECT count(DISTINCT (hub, model_id)) FROM mart.examination WHERE stage = 'verify') AS examined
    """,
    "reasons": f"""
        SELECT code AS reason, count(*) AS claims, count(DISTINCT (hub, model_id)) AS models, min(reason) AS example
        FROM ({_CLAIMS}) WHERE verdict = 'CANNOT_VERIFY' GROUP BY code ORDER BY claims DESC, code
    """,
    "differences": f"SELECT hub, model_id, task, metric_name AS metric, difference FROM ({_POINTS}) ORDER BY ALL",
    "claims": f"""
        SELECT hub, model_id, task, dataset, config, split, metric, value_raw, claimed, measured, ci_low, ci_high,
            n::DOUBLE AS n, gap, p_value, q_value, verdict_alone, verdict, reason, protocol
        FROM ({_CLAIMS}) WHERE tested
        ORDER BY q_value NULLS LAST, abs(claimed - measured) DESC, hub, model_id, position LIMIT 1000
    """,
    "forest": f"""
        SELECT model_id, metric_name AS metric, dataset, difference, low, high, verdict FROM ({_POINTS})
        WHERE low IS NOT NULL AND high IS NOT NULL
        ORDER BY abs(difference) DESC, hub, model_id, position LIMIT {FOREST}
    """,
    "tests": f"""
        SELECT count(p_value) AS tests, count(*) FILTER (starts_with(verdict_alone, 'DISCREPANT')) AS alone,
            count(*) FILTER (starts_with(verdict, 'DISCREPANT')) AS controlled, min(q_value) AS lowest_q,
            count(DISTINCT (hub, model_id)) FILTER (p_value IS NOT NULL) AS models
        FROM ({_CLAIMS})
    """,
}
# Top-1 accuracy on ImageNet, claimed and measured again, in the artefact of the ICSE 2023 paper.
_DEIT = {"tiny": (72.2, 66.46), "small": (79.9, 77.06), "base": (81.8, 80.12), "small, distilled": (81.2, 81.01)}


@analysis
def run(scope: Scope) -> Answer:
    """Verdicts over claims, and claimed minus measured."""
    mined = _probe.probed(scope, "verify")
    verdicts = _counts(scope.frame(SQL["verdicts"]))
    if verdicts.empty:
        return absent("no model that was looked at claims anything")
    outcomes = _counts(scope.frame(SQL["outcomes"]))
    claiming, examined = (int(value) for value in scope.row(SQL["models"]))
    differences, forest = scope.frame(SQL["differences"]), scope.frame(SQL["forest"])
    summaries = {f"by {name}": _summary(differences, name) for name in ("metric", "task")}
    overall = _mean(differences)
    told = _told(outcomes, overall)
    n = int(verdicts["n"].iloc[0])
    measured = int(outcomes.loc[outcomes["what"] == "measured again", "claims"].sum())
    return Answer(
        f"Of {count(n)} claims of {count(claiming)} models, {told} ({mined.cite(scope)}).",
        {
            "verdicts": verdicts,
            "outcomes": outcomes,
            **{name: frame for name, frame in summaries.items() if len(frame)},
            "reasons": scope.frame(SQL["reasons"]),
            "tests": scope.frame(SQL["tests"]),
            "claims": scope.frame(SQL["claims"]),
        },
        lambda: _draw(verdicts, forest, scope, mined, n, len(differences)),
        _alt(verdicts, forest),
        _published(differences),
        _notes(scope.row(SQL["tests"]), claiming, examined),
        headline=(count(measured), f"of {count(n)} claims could be measured again"),
    )


def _counts(frame: pd.DataFrame) -> pd.DataFrame:
    """Shares of claims over the models that make them; none where there is nothing to share."""
    made = _probe.clustered(frame[frame["m"] > 0].reset_index(drop=True))
    return made.drop(columns=["kk", "km", "mm"]).rename(columns={"k": "claims", "m": "n"})


def _mean(differences: pd.DataFrame, of: Callable[[_stats.Floats], _stats.Floats] = np.asarray) -> _stats.Estimate:
    """Mean over claims, with the bootstrap interval of drawing models, whose claims are alike; of one model none."""
    values = of(differences["difference"].to_numpy(dtype=float))
    n, nothing = len(values), float("nan")
    sums = differences.assign(value=values).groupby(["hub", "model_id"])["value"].agg(["sum", "size"])
    if len(sums) < 2:
        return _stats.Estimate(float(values.mean()) if n else nothing, nothing, nothing, n)
    total, size = sums["sum"].to_numpy(dtype=float), sums["size"].to_numpy(dtype=float)
    made = _stats.bootstrap(np.ones(len(sums), dtype=np.int64), lambda w: float(w @ total / (w @ size)))
    return _stats.Estimate(made.value, made.low, made.high, n)


def _summary(differences: pd.DataFrame, name: str) -> pd.DataFrame:
    """Claimed minus measured in points, by metric or task."""
    import pandas as pd

    rows = []
    for value, part in differences.fillna({name: "(none)"}).groupby(name, sort=True):
        mean, size = _mean(part), _mean(part, np.abs)
        models = len(part[["hub", "model_id"]].drop_duplicates())
        largest = float(part["difference"].abs().max())
        rows.append(
            (value, mean.n, models, mean.value, mean.low, mean.high, size.value, size.low, size.high, largest)
        )
    columns = [name, "n", "models", "mean difference", "low", "high", "mean size", "size low", "size high", "largest"]
    return pd.DataFrame(rows, columns=columns).sort_values("n", ascending=False, kind="stable", ignore_index=True)


def _told(outcomes: pd.DataFrame, overall: _stats.Estimate) -> str:
    def one(what: str) -> _stats.Estimate:
        row = outcomes.loc[outcomes["what"] == what]
        if row.empty:
            return _stats.Estimate(float("nan"), float("nan"), float("nan"), 0)
        first = row.iloc[0]
        return _stats.Estimate(float(first["share"]), float(first["low"]), float(first["high"]), int(first["n"]))

    again = one("measured again")
    said = f"{share_with_interval(again)} could be measured again"
    if not again.value:
        return said
    said += f"; of these {share_with_interval(one('of those: agree'))} agree with the claim and "
    said += f"{share_with_interval(one('of those: differ'))} differ from it"
    if overall.n:
        said += f"; claimed minus measured is {number(overall.value, 2)} points on average"
        if overall.low == overall.low:
            said += f" (95 % CI {number(overall.low, 2)} to {number(overall.high, 2)}; n = {count(overall.n)})"
    return said


def _published(differences: pd.DataFrame) -> list[tuple[Any, ...]]:
    accuracy = differences.loc[differences["metric"].str.contains("acc"), "difference"].to_numpy(dtype=float)
    mean = float(accuracy.mean()) if len(accuracy) else float("nan")
    largest = np.sort(np.abs(accuracy))[::-1]
    source = "Jiang et al., ICSE 2023, artefact: ImageNet top-1, 50,000 images"
    note = "one family, probably other preprocessing; ours: mean over all accuracy claims measured again"
    rows: list[tuple[Any, ...]] = [
        (f"points claimed above measured, DeiT {name}", claimed - again, mean, "number", source, note)
        for name, (claimed, again) in _DEIT.items()
    ]
    for words, published, place in (("largest", 2.62, 0), ("tenth largest", 1.23, 9)):
        ours = float(largest[place]) if len(largest) > place else float("nan")
        rows.append(
            (f"{words} difference of accuracy, points", published, ours, "number",
             "Montes et al., ESEC/FSE-IVR 2022 (abstract)",
             "theirs: the same network between hubs, 36 networks; ours: a claim against its measurement")
        )  # fmt: skip
    return rows


def _notes(tests: tuple[Any, ...], claiming: int, examined: int) -> list[str]:
    number_of, alone, controlled = (int(value) for value in tests[:3])
    return [
        "VERIFIED: within rounding and ties; WITHIN_TOLERANCE: equivalent within the margin (two one-sided tests); "
        "UNDECIDED: too few examples to tell; DISCREPANT_LOW and _HIGH: the measurement is worse or better than the "
        "claim by more than the margin; PROTOCOL_MISMATCH: it fits under another split, averaging or label order.",
        f"Over {count(number_of)} tests, {count(alone)} claims differ taken alone and {count(controlled)} when the "
        "rate of false discoveries of each run is held at 5 % (Benjamini and Hochberg); the others are UNDECIDED.",
        "Claims of one model are alike: shares have Wilson intervals at the effective number of claims of a sample "
        "of clusters, means those of a bootstrap of models. Differences are claimed minus measured in points, each "
        "with the interval of its measurement; metrics without an upper end (loss, perplexity, squared error) are in "
        "the table of claims only.",
        f"{count(examined)} models were examined, {count(claiming)} of them claim something.",
    ]


def _alt(verdicts: pd.DataFrame, forest: pd.DataFrame) -> str:
    said = ", ".join(f"{row['verdict']} {count(row['claims'])}" for _, row in verdicts.iterrows())
    largest = "; ".join(
        f"{row['model_id']} {row['metric']} {number(row['difference'], 1)}" for _, row in forest.head(5).iterrows()
    )
    return f"Verdicts on claims: {said}. Largest differences, claimed minus measured, in points: {largest or 'none'}."


def _draw(verdicts: pd.DataFrame, forest: pd.DataFrame, scope: Scope, mined: Probed, n: int, measured: int) -> Figure:
    from analyses import _style as look

    shown = verdicts[verdicts["claims"] > 0]
    lines = max(len(forest), 2)
    figure = look.canvas(height=2.0 + 0.24 * len(shown) + 0.25 * lines)
    grid = figure.add_gridspec(2, 1, height_ratios=(0.55 + 0.24 * len(shown), 0.65 + 0.25 * lines))
    first, second = figure.add_subplot(grid[0, 0]), figure.add_subplot(grid[1, 0])
    look.bars(
        first,
        list(shown["verdict"].str.replace("_", " ").str.lower()),
        list(shown["share"]),
        [f"{percent(row['share'], 1)} ({count(row['claims'])})" for _, row in shown.iterrows()],
        intervals=(list(shown["low"]), list(shown["high"])),
        room=1.25,
    )
    look.as_percent(first.xaxis)
    first.set_xticks([tick for tick in first.get_xticks() if 0 <= tick <= min(1.0, first.get_xlim()[1])])
    first.set_title("Verdicts on claims", fontsize=10)
    _forest(second, forest, measured)
    look.caption(figure, mined.caption(scope, n, "claims") + ". Whiskers: 95 %; grey band: one point to each side.")
    return figure


def _forest(axes: Axes, forest: pd.DataFrame, measured: int) -> None:
    """Claimed minus measured of the claims that differ most."""
    from analyses import _style as look

    if forest.empty:
        axes.axis("off")
        axes.text(0.5, 0.5, "no claim in points was measured again", ha="center", va="center", color=look.GREY)
        return
    colours = {"VERIFIED": look.GREEN, "WITHIN_TOLERANCE": look.GREEN, "UNDECIDED": look.GREY,
               "PROTOCOL_MISMATCH": look.ORANGE, "DISCREPANT_LOW": look.RED,
               "DISCREPANT_HIGH": look.PURPLE}  # fmt: skip
    axes.axvspan(-1, 1, color=look.PALE, alpha=0.6, linewidth=0)
    axes.axvline(0, color=look.GREY, linewidth=0.8)
    for place, (_, row) in enumerate(forest.iterrows()):
        error = [[row["difference"] - row["low"]], [row["high"] - row["difference"]]]
        colour = colours[row["verdict"]]
        axes.errorbar(
            row["difference"],
            place,
            xerr=np.maximum(error, 0),
            fmt="o",
            color=colour,
            elinewidth=1.2,
            capsize=2,
            markersize=5,
        )
    names = [look.label(f"{row['model_id'].rpartition('/')[2]}: {row['metric']}", 40) for _, row in forest.iterrows()]
    axes.set_yticks(range(len(forest)), names)
    axes.set_ylim(max(len(forest), 2) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    whole = len(forest) == measured
    which = f"all {count(measured)}" if whole else f"the {len(forest)} largest of {count(measured)}"
    axes.set_title(f"Claimed minus measured, points ({which})", fontsize=10)
    seen = [verdict for verdict in VERDICTS if verdict in set(forest["verdict"])]
    for verdict in seen:
        axes.plot([], [], "o", color=colours[verdict], label=verdict.replace("_", " ").lower(), markersize=5)
    axes.legend(
        fontsize=8,
        ncols=min(len(seen), 2),
        loc="upper left",
        bbox_to_anchor=(-0.02, -0.35 / max(len(forest), 2) - 0.03),
    )
