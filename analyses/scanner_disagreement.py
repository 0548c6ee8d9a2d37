"""Where scanners differ about the same bytes: the gap between two readers is where malicious files hide."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import _probe, _stats
from analyses._base import Answer, absent, analysis
from analyses._probe import Probed
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "scanner_disagreement"
TITLE = "Scanners side by side"
QUESTION = "On how many files do our scan, other scanners and the hub differ, and which files are those?"
SOURCE = "Cohen, Educ. Psychol. Meas. 20, 1960 (kappa); Basu, Banerjee and Sen, Biometrics 56, 2000 (its interval)."
NEEDS = ("scanners",)

#: Words for "look at this", for "could not be judged" and for "was not looked at"; any other lets the file pass.
FLAGGED = ("suspicious", "dangerous", "unsafe", "malicious", "infected")
FAILED = ("error", "failed", "timeout")
SILENT = ("skipped", "not-installed", "no-scan", "unscanned", "queued", "unknown")
OURS = "hubcensus"
ROUNDS = 4_000

_CALLS = f"""
        SELECT *, CASE WHEN word IN {FLAGGED} THEN 2 WHEN word IN {FAILED} THEN 0 ELSE 1 END AS call
        FROM (SELECT *, replace(lower(trim(verdict)), '_', '-') AS word FROM mart.scanner_verdict)
        WHERE sha256 IS NOT NULL AND word NOT IN {SILENT}
"""
# Of several looks at the same bytes the worst call counts: a file may lie in many models.
_BLOBS = f"SELECT sha256, scanner, max(call) AS call, arg_max(word, call) AS word FROM ({_CALLS}) GROUP BY ALL"
_SPLIT = f"""
        SELECT sha256 FROM ({_BLOBS}) GROUP BY sha256 HAVING max(call) = 2 AND bool_or(call = 1)
"""
SQL = {
    "scanners": f"""
        SELECT scanner, string_agg(DISTINCT version, ', ' ORDER BY version) AS versions,
            (SELECT count(*) FROM ({_BLOBS}) b WHERE b.scanner = c.scanner) AS blobs,
            (SELECT count(*) FROM ({_BLOBS}) b WHERE b.scanner = c.scanner AND b.call = 2) AS flagged,
            (SELECT count(*) FROM ({_BLOBS}) b WHERE b.scanner = c.scanner AND b.call = 0) AS errors,
            count(DISTINCT (hub, model_id)) AS models
        FROM ({_CALLS}) c GROUP BY scanner ORDER BY scanner <> '{OURS}', scanner
    """,
    "pairs": f"""
        SELECT a.scanner AS first, b.scanner AS second,
            count(*) FILTER (a.call = 2 AND b.call = 2) AS both,
            count(*) FILTER (a.call = 2 AND b.call = 1) AS only_first,
            count(*) FILTER (a.call = 1 AND b.call = 2) AS only_second,
            count(*) FILTER (a.call = 1 AND b.call = 1) AS neither,
            count(*) FILTER (a.call = 0 AND b.call > 0) AS error_first,
            count(*) FILTER (a.call > 0 AND b.call = 0) AS error_second,
            count(*) FILTER (a.call = 0 AND b.call = 0) AS error_both, count(*) AS blobs
        FROM ({_BLOBS}) a JOIN ({_BLOBS}) b ON a.sha256 = b.sha256
        WHERE (a.scanner <> '{OURS}', a.scanner) < (b.scanner <> '{OURS}', b.scanner)
            AND (a.scanner = '{OURS}' OR NOT (starts_with(a.scanner, 'hub/') OR starts_with(b.scanner, 'hub/')))
        GROUP BY a.scanner, b.scanner ORDER BY a.scanner <> '{OURS}', a.scanner, b.scanner
    """,
    "disagreements": f"""
        WITH place AS (
            SELECT sha256, arg_min(path, (hub, model_id, path)) AS path,
                arg_min(model_id, (hub, model_id, path)) AS model_id, count(DISTINCT (hub, model_id)) AS models
            FROM mart.scanner_verdict WHERE sha256 IN ({_SPLIT}) GROUP BY sha256
        )
        SELECT p.path, p.sha256, p.model_id, p.models,
            any_value(word) FILTER (scanner = '{OURS}') AS {OURS},
            any_value(word) FILTER (scanner = 'picklescan') AS picklescan,
            any_value(word) FILTER (scanner = 'modelscan') AS modelscan,
            any_value(word) FILTER (scanner = 'fickling') AS fickling,
            any_value(word) FILTER (scanner = 'hub') AS hub,
            string_agg(scanner || ': ' || word, ', ' ORDER BY scanner)
                FILTER (scanner NOT IN ('{OURS}', 'picklescan', 'modelscan', 'fickling', 'hub')) AS others
        FROM ({_BLOBS}) b JOIN place p ON p.sha256 = b.sha256
        GROUP BY p.path, p.sha256, p.model_id, p.models
        ORDER BY max(call) FILTER (scanner = '{OURS}') = 1 DESC, p.models DESC, p.path, p.sha256 LIMIT 500
    """,
    "blobs": f"""
        SELECT (SELECT count(*) FROM ({_SPLIT})) AS differ, count(*) AS n
        FROM (SELECT sha256 FROM ({_BLOBS}) WHERE call > 0 GROUP BY sha256 HAVING count(*) > 1)
    """,
    "no hash": "SELECT count(*) FROM mart.scanner_verdict WHERE sha256 IS NULL",
}


def kappa(both: int, only_first: int, only_second: int, neither: int, *, seed: int = _stats.SEED) -> _stats.Estimate:
    """Cohen's kappa of two calls with its 95 % credible interval.

    (p_o - p_e)/(1 - p_e) with p_o the share of equal calls and p_e what the margins give by chance (Cohen 1960); the
    interval is of the posterior with Jeffreys's prior, one half in every cell (Basu, Banerjee, Sen 2000), stretched
    to hold the estimate: unlike the normal one it does not shrink to nothing where two scanners agree on few files.
    NaN where nobody flags anything, or both flag all.
    """
    cells = np.array([both, only_first, only_second, neither], dtype=np.float64)
    n = int(cells.sum())
    value = float(_kappa(cells[None, :])[0]) if n else float("nan")
    if value != value:
        return _stats.Estimate(value, value, value, n)
    drawn = _kappa(np.random.default_rng(seed).dirichlet(cells + 0.5, ROUNDS))
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return _stats.Estimate(value, min(float(low), value), max(float(high), value), n)


def _kappa(cells: _stats.Floats) -> _stats.Floats:
    """Kappa of each row of (both, first only, second only, neither)."""
    p = cells / cells.sum(axis=1, keepdims=True)
    first, second = p[:, 0] + p[:, 1], p[:, 0] + p[:, 2]
    chance = first * second + (1 - first) * (1 - second)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(chance < 1, (p[:, 0] + p[:, 3] - chance) / (1 - chance), np.nan)


@analysis
def run(scope: Scope) -> Answer:
    """Every pair of scanners over the blobs that both called, and the blobs on which they differ."""
    mined = _probe.probed(scope, "scan")
    pairs = _agreement(scope.frame(SQL["pairs"]))
    if pairs.empty:
        return absent("no two scanners looked at the same file")
    differ, n = (int(value) for value in scope.row(SQL["blobs"]))
    some = _stats.share(differ, n)
    ours = pairs[pairs["first"] == OURS]
    statement = (
        f"Scanners differ on {share_with_interval(some)} of the blobs that two or more of them judged; {_said(ours)}"
        f"({mined.cite(scope)})."
    )
    (lost,) = scope.row(SQL["no hash"])
    return Answer(
        statement,
        {
            "pairs": pairs,
            "disagreements": scope.frame(SQL["disagreements"]),
            "scanners": scope.frame(SQL["scanners"]),
        },
        lambda: _draw(pairs, scope, mined, n),
        _alt(pairs),
        (),
        [
            "A blob is a distinct SHA-256, wherever it lies; of several looks at the same bytes the worst counts. "
            "Flagged: suspicious or dangerous for our scan (a name on no list is not flagged), the words for it of "
            "the others. Disagreement: one flags what another looked at and did not flag; a scanner that failed, or "
            "that skipped the file, does not disagree.",
            "No scanner is the truth here: kappa says how far two agree beyond chance, not which one is right. Its "
            "interval is of the posterior with Jeffreys's prior; it is unknown where neither flags anything.",
            *([f"{count(lost)} verdicts on files without a hash are left out."] if lost else []),
        ],
        headline=(percent(some.value, 1), "of blobs divide the scanners"),
    )


def _agreement(pairs: pd.DataFrame) -> pd.DataFrame:
    """Each pair with the share of equal calls and kappa, over the blobs that both judged."""
    cells = ["both", "only_first", "only_second", "neither"]
    made = shared(pairs.assign(n=pairs[cells].sum(axis=1), equal=pairs["both"] + pairs["neither"]), "equal")
    found = [kappa(*(int(row[cell]) for cell in cells)) for _, row in made.iterrows()]
    return made.assign(
        kappa=[one.value for one in found],
        kappa_low=[one.low for one in found],
        kappa_high=[one.high for one in found],
    )


def _said(ours: pd.DataFrame) -> str:
    parts = [
        f"{row['second']} {number_with_interval(_estimate(row), 2)}"
        for _, row in ours.iterrows()
        if row["kappa"] == row["kappa"]
    ]
    return f"Cohen's kappa of our scan with {', '.join(parts)} " if parts else ""


def _estimate(row: pd.Series[Any]) -> _stats.Estimate:
    return _stats.Estimate(float(row["kappa"]), float(row["kappa_low"]), float(row["kappa_high"]), int(row["n"]))


def _alt(pairs: pd.DataFrame) -> str:
    said = "; ".join(
        f"{row['first']} and {row['second']}: both flag {count(row['both'])}, only the first "
        f"{count(row['only_first'])}, only the second {count(row['only_second'])}, neither {count(row['neither'])}, "
        f"kappa {number(row['kappa'], 2)}"
        for _, row in pairs.iterrows()
    )
    return f"Calls of pairs of scanners on the same blobs. {said}."


def _draw(pairs: pd.DataFrame, scope: Scope, mined: Probed, n: int) -> Figure:
    from analyses import _style as look

    shown = pairs.head(12)
    figure, (left, right) = look.figure(2, height=1.9 + 0.3 * max(len(shown), 3), ratios=(1.7, 1))
    _calls(left, shown)
    _kappas(right, shown)
    for axes in (left, right):
        axes.set_ylim(max(len(shown), 3) - 0.4, -0.6)
        axes.tick_params(axis="y", length=0)
        axes.spines["left"].set_visible(False)
    look.caption(figure, mined.caption(scope, n, "blobs judged by two scanners or more") + ". Whiskers: 95 %.")
    return figure


def _calls(axes: Axes, shown: pd.DataFrame) -> None:
    """What each pair says of the blobs that both saw, as stacked shares."""
    from analyses import _style as look

    failed = shown["error_first"] + shown["error_second"] + shown["error_both"]
    start = np.zeros(len(shown))
    for words, part, colour in (
        ("both flag", shown["both"], look.RED),
        ("only the first", shown["only_first"], look.ORANGE),
        ("only the second", shown["only_second"], look.PURPLE),
        ("neither", shown["neither"], look.PALE),
        ("one failed", failed, look.GREY),
    ):
        width = (part / shown["blobs"]).to_numpy(dtype=float)
        axes.barh(range(len(shown)), width, left=start, color=colour, height=0.66, label=words)
        ink = "white" if colour in (look.RED, look.GREY) else look.INK
        for place, (begin, wide, k) in enumerate(zip(start, width, part, strict=True)):
            if wide > 0.07:
                axes.text(begin + wide / 2, place, look.si(k), ha="center", va="center", fontsize=8, color=ink)
        start = start + width
    names = [look.label(f"{row['first']} / {row['second']}", 40) for _, row in shown.iterrows()]
    axes.set_yticks(range(len(shown)), names)
    axes.set_xlim(0, 1)
    look.as_percent(axes.xaxis)
    axes.set_title("Calls on the same blobs", fontsize=10)
    down = -0.32 / (0.3 * max(len(shown), 3))
    axes.legend(ncols=3, fontsize=8, loc="upper left", bbox_to_anchor=(-0.02, down), handlelength=1, columnspacing=1)


def _kappas(axes: Axes, shown: pd.DataFrame) -> None:
    """Kappa of each pair with its interval."""
    from analyses import _style as look

    for place, (_, row) in enumerate(shown.iterrows()):
        one = _estimate(row)
        if one.value != one.value:
            axes.text(0.5, place, "unknown", ha="center", va="center", fontsize=8, color=look.GREY)
            continue
        error = [[one.value - one.low], [one.high - one.value]]
        axes.errorbar(one.value, place, xerr=error, fmt="o", color=look.BLUE, elinewidth=1.1, capsize=2, markersize=5)
        axes.annotate(
            number(one.value, 2),
            (one.value, place),
            xytext=(0, 5),
            textcoords="offset points",
            ha="center",
            fontsize=8,
        )
    axes.set_xlim(float(np.nanmin([0.0, *shown["kappa_low"]])) - 0.05, 1.08)
    axes.axvline(0, color=look.PALE, linewidth=0.8, zorder=0)
    axes.set_yticks([])
    axes.set_title("Cohen's kappa", fontsize=10)
