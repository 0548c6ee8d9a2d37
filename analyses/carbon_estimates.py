"""What training may have emitted where nobody reports it: an estimate with its interval, never mixed with reports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from analyses import _naming
from analyses._base import Answer, analysis
from analyses._kin import MADE
from analyses._scope import Scope
from analyses._stats import SEED
from analyses._text import count, number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "carbon_estimates"
TITLE = "Carbon, estimated"
QUESTION = (
    "How much may the training of popular models have emitted, from their size or the compute that cards state?"
)
SOURCE = (
    "Training compute 6·N·D: Kaplan et al., arXiv 2001.08361; at least 20 tokens a parameter: Hoffmann et al., arXiv "
    "2203.15556; energy x PUE x grid intensity: Patterson et al., arXiv 2104.10350. Compare the FLOPs-based "
    "estimate of "
    "Hugging Carbon (5.8e4 t for models with more than 5,000 downloads)."
)
NEEDS = ("downloads", "tags")
POPULAR = 5_000
# Ranges of what is not known, log-uniform: (low, high).
TOKENS = (20.0, 2_000.0)  # training tokens a parameter: Hoffmann's optimum to Llama 3 8B's 15 T
UTILISATION = (0.2, 0.5)  # share of the peak that training reaches
PEAK, WATTS = 312e12, 400.0  # A100 SXM, bf16 without sparsity: FLOP/s and W by its data sheet
PUE = (1.1, 1.6)  # large clouds to the mean of data centres
INTENSITY = (0.05, 0.8)  # kg CO2e a kWh: hydropower and nuclear to coal
ROUNDS = 20_000
_LARGEST = 2e12

# Power of a device at load in W, by its data sheet; the first that the text names.
_DEVICES = (("h100", 700.0), ("a100", 400.0), ("v100", 300.0), ("p100", 250.0), ("t4", 70.0), ("a10g", 150.0),
            ("a6000", 300.0), ("a4500", 200.0), ("a5000", 230.0), ("a40", 300.0), ("l4", 72.0), ("3090", 350.0),
            ("4090", 450.0), ("tpu", 250.0), ("k80", 300.0))  # fmt: skip
_SIZE = "(^|[^a-z0-9.])([0-9]{1,4}([.][0-9]{1,3})?)(b|m)([^a-z0-9]|$)"
SQL = {
    "founders": f"""
        WITH sized AS (
            SELECT s.model_id, s.owner, s.downloads, s.parameters,
                regexp_extract({_naming.sql_base("s.name")}, '{_SIZE}', ['before', 'size', 'part', 'unit', 'after'])
                    AS said
            FROM main s LEFT JOIN ({MADE}) m ON m.about_id = s.about_id
            WHERE s.downloads > {POPULAR} AND s.base_models = 0 AND m.about_id IS NULL
                AND NOT regexp_matches(lower(s.name), 'random|laion')),
        counted AS (SELECT model_id, owner, downloads, parameters IS NOT NULL AS stated,
            coalesce(parameters::DOUBLE, TRY_CAST(said['size'] AS DOUBLE)
                * CASE said['unit'] WHEN 'b' THEN 1e9 WHEN 'm' THEN 1e6 END) AS size FROM sized)
        SELECT coalesce(owner, model_id) AS owner, size, arg_max(model_id, downloads) AS model_id,
            max(downloads) AS downloads, count(*) AS models, bool_or(stated) AS stated
        FROM counted WHERE size BETWEEN 1e6 AND {_LARGEST} GROUP BY ALL ORDER BY size DESC, 1
    """,
    "popular": f"""
        SELECT count(*) FILTER (downloads > {POPULAR}) AS n,
            count(*) FILTER (downloads > {POPULAR} AND base_models > 0) AS derived FROM main
    """,
    "compute": r"""
        SELECT m.model_id, hardware, hours FROM (
            SELECT card_id, left(regexp_extract(text, '(?i)hardware type[:* ]{1,8}([^\n\r]{1,120})', 1), 120)
                    AS hardware,
                left(regexp_extract(text, '(?i)hours used[:* ]{1,8}([0-9][0-9.,]{0,12})', 1), 14) AS hours
            FROM core.card WHERE contains(lower(text), 'hours used')) c
        JOIN main m ON m.card_id = c.card_id WHERE hours <> '' ORDER BY 1
    """,
    "reported": """
        SELECT count(e.emissions_g) AS models, sum(e.emissions_g) / 1e6 AS tonnes
        FROM main m JOIN core.carbon_claim e ON e.front_id = m.front_id
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Estimates by size for founders, by compute where a card states it; reports stand in a row of their own."""
    import pandas as pd

    founders, compute = scope.frame(SQL["founders"]), by_compute(scope.frame(SQL["compute"]))
    n, derived = (int(value or 0) for value in scope.row(SQL["popular"]))
    told, tonnes = scope.row(SQL["reported"])
    low, middle, high = factor()
    squares = float((founders["size"].astype(float) ** 2).sum())
    sized = founders.assign(tonnes=founders["size"] ** 2 * middle, low=founders["size"] ** 2 * low,
                            high=founders["size"] ** 2 * high)  # fmt: skip
    summary = pd.DataFrame(
        [
            ("estimated from size", len(founders), squares * middle, squares * low, squares * high),
            ("estimated from stated compute", len(compute), compute["tonnes"].sum(), compute["low"].sum(),
             compute["high"].sum()),
            ("reported by the authors", int(told), float(tonnes or 0), float("nan"), float("nan")),
        ],
        columns=["how", "trainings", "tonnes", "low", "high"],
    )  # fmt: skip
    return Answer(
        f"{count(len(founders))} trainings whose size is known, of the {count(n)} models with more than "
        f"{count(POPULAR)} "
        f"downloads, may have emitted {_tonnes(squares * middle)} ({_tonnes(squares * low)} to "
        f"{_tonnes(squares * high)}) of CO2e; {count(int(told))} models report numbers ({scope.cite(scope.hub)}).",
        {"summary": summary, "by size": sized, "by compute": compute},
        lambda: _draw(summary, sized, scope, n),
        f"Tonnes of CO2e: from size {_tonnes(squares * middle)}, from stated compute "
        f"{_tonnes(float(compute['tonnes'].sum()))}, reported {_tonnes(float(tonnes or 0))}; and the largest "
        "estimates.",
        [
            ("tonnes for models with more than 5,000 downloads", 58_000.0, squares * middle, "number",
             "Hugging Carbon (2026), FLOPs-based",
             f"theirs: the hub of 2026, more kinds of models; ours: founders with a known size only, "
             f"{_tonnes(squares * low)} to {_tonnes(squares * high)}"),
        ],
        [
            "t = 6·N·D FLOP, D = N x tokens a parameter, / (peak x utilisation) x power x PUE x intensity. What "
            "is not "
            f"known is log-uniform: tokens a parameter {TOKENS}, utilisation {UTILISATION}, PUE {PUE}, kg a kWh "
            f"{INTENSITY}; middle is the median of {count(ROUNDS)} draws, low and high their 2.5th and 97.5th "
            "percentiles. One draw stands for all models: their errors are taken as shared, the widest case.",
            f"Left out: {count(derived)} models that name a base, quantizations, merges and adapters by their "
            "tags, and "
            "models whose size neither their files nor their names say. One training per owner and size: copies by "
            "others and fine-tuned models that name no base are counted as trainings, experts that rest "
            "(mixtures) as active.",
            "Stated compute: hours x power of the device named; whether hours are of one device or of all is seldom "
            "said, so the high end multiplies by the number of devices.",
        ],
    )  # fmt: skip


def factor() -> tuple[float, float, float]:
    """Tonnes of CO2e per squared parameter: 2.5th percentile, median, 97.5th."""
    rng = np.random.default_rng(SEED)

    def drawn(bounds: tuple[float, float]) -> np.ndarray:
        return np.exp(rng.uniform(np.log(bounds[0]), np.log(bounds[1]), ROUNDS))

    joules = 6 * drawn(TOKENS) * WATTS / (PEAK * drawn(UTILISATION)) * drawn(PUE)
    tonnes = joules / 3.6e6 * drawn(INTENSITY) / 1_000
    low, middle, high = np.percentile(tonnes, [2.5, 50, 97.5])
    return float(low), float(middle), float(high)


def by_compute(cards: pd.DataFrame) -> pd.DataFrame:
    """Cards with hours and a device: tonnes, for one device (low) and for as many as the text names (high)."""
    import pandas as pd

    rows = []
    for card in cards.to_dict("records"):
        hours = _number(str(card["hours"]))
        text = str(card["hardware"]).lower()
        watts = next((power for word, power in _DEVICES if word in text), None)
        if hours is None or watts is None:
            continue
        many = max([1, *(int(found) for found in re.findall(r"\b([0-9]{1,4}) ?x", text))])
        energy = hours * watts / 1_000
        low, high = energy * PUE[0] * INTENSITY[0] / 1_000, energy * many * PUE[1] * INTENSITY[1] / 1_000
        rows.append((card["model_id"], card["hardware"], hours, many, float(np.sqrt(low * high)), low, high))
    return pd.DataFrame(rows, columns=["model_id", "hardware", "hours", "devices", "tonnes", "low", "high"])


def _number(text: str) -> float | None:
    """Hours as written: 1,536 or 11 or 2.5; nothing above a hundred million."""
    found = re.fullmatch(r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,9})(\.[0-9]{1,3})?[.,]?", text)
    value = float(found[1].replace(",", "") + (found[2] or "")) if found else None
    return value if value is not None and 0 < value < 1e8 else None


def _tonnes(value: float) -> str:
    return f"{count(value)} t" if value >= 10 else f"{number(value, 2)} t"


def _draw(summary: pd.DataFrame, sized: pd.DataFrame, scope: Scope, n: int) -> Figure:
    from analyses import _style as look

    shown = sized.sort_values("tonnes", ascending=False).head(12)
    known = summary[summary["trainings"] > 0]
    figure = look.canvas(height=2.9 + 0.3 * max(len(shown), 1))
    grid = figure.add_gridspec(2, 1, height_ratios=(3, max(len(shown), 1)))
    for axes, names, frame, colour, title in (
        (
            figure.add_subplot(grid[0]),
            list(known["how"]),
            known,
            look.GREEN,
            "Tonnes of CO2e, by how they are known",
        ),
        (figure.add_subplot(grid[1]), list(shown["model_id"]), shown, look.ORANGE, "Largest estimates from size, t"),
    ):
        places = range(len(frame))
        ends = frame["high"].fillna(frame["tonnes"])
        axes.hlines(places, frame["low"].fillna(frame["tonnes"]).clip(lower=1e-3), ends, color=colour, linewidth=2)
        axes.plot(frame["tonnes"].clip(lower=1e-3), places, "o", color=colour)
        for place, end, value in zip(places, ends, frame["tonnes"], strict=True):
            axes.annotate(_tonnes(value), (max(end, 1e-3), place), xytext=(6, 0), textcoords="offset points",
                          va="center", fontsize=8.5, annotation_clip=False)  # fmt: skip
        axes.set_yticks(list(places), [look.label(name, 46) for name in names])
        axes.set_ylim(max(len(frame), 1) - 0.4, -0.6)
        axes.set(title=title, xscale="log")
        most = float(ends.max()) if len(frame) and ends.max() > 0 else 1.0
        least = float(frame["low"].fillna(frame["tonnes"]).min()) if len(frame) else 1.0
        axes.set_xlim(max(least, 1e-3) / 3, max(most, 1e-2) * 12)
        look.as_count(axes.xaxis)
        axes.minorticks_off()
    look.caption(figure, scope.caption(n, f"models with more than {count(POPULAR)} downloads", scope.hub)
                 + ". Dot: middle; line: 95 % of draws.")  # fmt: skip
    return figure
