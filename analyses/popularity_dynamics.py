"""What is popular, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from analyses import _dynamics, _leadlag, _panel, _stats
from analyses._base import Answer, absent, analysis
from analyses._panel import Panel
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, number, number_with_interval, p_value, percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

NAME = "popularity_dynamics"
TITLE = "How long popularity lasts"
QUESTION = "What is popular, and for how long?"
SOURCE = (
    "Kaplan & Meier, JASA 1958 (stays in the top, censoring); Künsch, Annals of Statistics 1989 (block bootstrap); "
    "Jones et al., ESEM 2024, asked for turnover between four snapshots only."
)
NEEDS = ("counters",)
SQL = _panel.SQL
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
#: Panels with fewer moments say which models remained, not how long one stays.
FEWEST = 10


@analysis
def run(scope: Scope) -> Answer:
    """Stays in the top by Kaplan-Meier, stability of ranks, bursts, phases, seasons, lead and lag."""
    found = list(_panel.panels(scope))
    if not found:
        return absent("it takes the same models at two moments, in a series or in two whole listings")
    main = max(found, key=lambda panel: len(panel.times))
    stays = _stays([panel for panel in found if len(panel.times) >= FEWEST])
    curves = _dynamics.overlap(main, main.k)
    tables: dict[str, Any] = {"stays": stays} if len(stays) else {}
    tables |= {"overlap": curves, "panels": _panels(found), "stability": _dynamics.stability(main)}
    tests: list[tuple[str, float, str, float]] = []
    if len(main.times) >= FEWEST:
        _moving(main, tables, tests)
    tables["tests"] = _holm(tests)
    head, old = _row(stays, main, "entered while observed"), _row(stays, main, "there at the start")
    return Answer(
        _statement(main, head, old, tables),
        tables,
        lambda: _draw(main, tables),
        _alt(main, head, tables),
        [],
        _notes(main, found, tables),
        headline=_headline(main, head, tables),
    )


def _panels(found: list[Panel]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        (p.name, len(p.times), p.times[0], p.times[-1], p.step, len(p.models), p.k, p.whole, p.aliased) for p in found
    ]
    columns = ["panel", "moments", "from", "to", "days between", "models", "top", "whole listings", "names joined"]
    return pd.DataFrame(rows, columns=columns)


def _stays(found: list[Panel]) -> pd.DataFrame:
    """Median days in the top: by size of the top, by what counts as leaving, and by who is followed."""
    import pandas as pd

    rows = []
    for panel in found:
        for k in panel.ks():
            for grace in (_dynamics.GRACE_DAYS, 0.0):
                frame = _dynamics.spells(panel, k, grace)
                for who, part in (
                    ("entered while observed", frame.loc[frame["entered"]]),
                    ("first entry of each model", frame.loc[frame["entered"]].drop_duplicates("model")),
                    ("there at the start", frame.loc[frame["from"] == 0]),
                ):
                    middle = _dynamics.survival(*_times(part))[0]
                    models = part["model"].nunique()
                    rows.append(
                        (panel.name, k, grace, who, middle.value, middle.low, middle.high, len(part), models,
                         int(part["left"].sum()), k == panel.k)
                    )  # fmt: skip
    columns = ["panel", "top", "grace days", "who", "median days", "low", "high", "stays", "models", "ended", "main"]
    frame = pd.DataFrame(rows, columns=columns)
    return frame.sort_values(["main"], ascending=False, kind="stable", ignore_index=True).drop(columns="main")


def _times(part: pd.DataFrame) -> tuple[_stats.Floats, _dynamics.Bools]:
    return (part["to"] - part["from"]).to_numpy(dtype=np.float64), part["left"].to_numpy(dtype=bool)


def _row(stays: pd.DataFrame, main: Panel, who: str) -> dict[str, Any]:
    """The stays of the longest panel in its own top; a median that is not known where there are too few moments."""
    mine = (stays["panel"] == main.name) & (stays["top"] == main.k) & (stays["grace days"] > 0)
    found: list[Any] = stays.loc[mine & (stays["who"] == who)].to_dict("records")
    return dict(found[0]) if found else {"median days": float("nan")}


def _moving(main: Panel, tables: dict[str, Any], tests: list[tuple[str, float, str, float]]) -> None:
    """What takes a series of some length: phases, what comes after a peak, bursts, seasons, lead and lag."""
    import pandas as pd

    frame = _dynamics.spells(main, main.k, _dynamics.GRACE_DAYS)
    frame = frame.loc[frame["entered"]]
    late = (frame["from"] >= main.days[-1] / 2).to_numpy(dtype=bool)
    p, ratio = _dynamics.compare(*_times(frame), late)
    tests.append(("stays that began in the second half end sooner", p, "hazard ratio", ratio))
    tables["spells"] = frame.assign(model_id=[main.models[place] for place in frame["model"]]).drop(columns="model")
    shares, onward = _dynamics.phases(main)
    tables["phases"], tables["phase to phase"] = shared(shares), shared(onward)
    middle = _dynamics.survival(*(peak := _dynamics.after_peak(main)))[0]
    tables["after the peak"] = pd.DataFrame(
        [("days from the peak to half of it", middle.value, middle.low, middle.high, middle.n, int(peak[1].sum()))],
        columns=["what", "median days", "low", "high", "models", "ended"],
    )
    if main.step > 2.5:
        return
    change, still = _dynamics.growth(main)
    jumps = _dynamics.bursts(main, change)
    n = int(np.isfinite(change).sum())
    kinds = jumps.groupby("kind").size().rename("models").reset_index().assign(n=n)
    tables["jumps by kind"] = shared(kinds).sort_values("models", ascending=False, ignore_index=True)
    tables["jumps"] = jumps.head(1000)
    tables["not refreshed"] = pd.DataFrame({"observed_at": main.times[1:][still]})
    tables["weekdays"] = _weekdays(main, change, tests)
    tables["lead and lag"], gap, p = _leadlag.lead_lag(main)
    tests.append(("downloads lead likes more than likes lead downloads", p, "difference of mean r", gap.value))
    tables["asymmetry"] = pd.DataFrame([("downloads lead less likes lead", gap.value, gap.low, gap.high, gap.n)],
                                       columns=["what", "difference of mean r", "low", "high", "models"])  # fmt: skip


def _weekdays(main: Panel, change: _stats.Floats, tests: list[tuple[str, float, str, float]]) -> pd.DataFrame:
    """Mean change of downloads, and likes per model, by day of the week."""
    import pandas as pd

    likes = np.diff(main.likes, axis=0)
    likes[np.diff(main.days) > 1.5] = np.nan
    made = {}
    for name, values in (("downloads", np.clip(change, -1, 1)), ("likes", np.clip(likes, 0, None))):
        known = np.isfinite(values)
        mean = np.where(known, values, 0).sum(axis=1) / np.where(known.sum(axis=1) > 0, known.sum(axis=1), np.nan)
        p, effect, medians, n = _dynamics.weekday(mean, main.times[1:])
        tests.append((f"{name} depend on the weekday", p, "epsilon squared", effect))
        made[name] = (medians, n)
    return pd.DataFrame(
        {
            "day": DAYS,
            "median change of log downloads": made["downloads"][0],
            "median likes per model": made["likes"][0],
            "n": made["downloads"][1],
        }
    )


def _holm(tests: list[tuple[str, float, str, float]]) -> pd.DataFrame:
    import pandas as pd

    frame = pd.DataFrame(tests, columns=["test", "p", "effect size", "effect"])
    known = frame["p"].notna()
    frame["p (Holm)"] = np.nan
    if known.any():
        from statsmodels.stats.multitest import multipletests

        frame.loc[known, "p (Holm)"] = multipletests(frame.loc[known, "p"].to_numpy(), method="holm")[1]
    return frame


def _span(days: float) -> str:
    return f"{days:,.0f} days" if days == days else "longer than can be told"


def _interval(row: Any) -> str:
    if row["low"] != row["low"]:
        return "no limit to the interval"
    upper = f"to {row['high']:,.0f}" if np.isfinite(row["high"]) else "and more"
    return f"95 % CI {row['low']:,.0f} {upper}"


def _statement(main: Panel, head: Any, old: Any, tables: dict[str, Any]) -> str:
    if head["median days"] == head["median days"]:
        first = (
            f"A model that enters the {count(main.k)} most downloaded stays for a median of "
            f"{_span(head['median days'])} ({_interval(head)}; Kaplan-Meier over {count(head['stays'])} stays of "
            f"{count(head['models'])} models, {count(head['stays'] - head['ended'])} of them not over)"
        )
        if old["median days"] == old["median days"]:
            first += (
                f", and those that were there at the start for {_span(old['median days'])} more "
                f"({_interval(old)}; n = {count(old['stays'])})"
            )
    else:
        first = (
            f"For how long a model stays in the {count(main.k)} most downloaded cannot be told from so few moments"
        )
    last = tables["overlap"].iloc[-1]
    half = _dynamics.half_life(tables["overlap"])
    lasting = (
        f"half of the top is another after {_span(half)}"
        if half == half
        else f"{percent(last['share'], 0)} of the top is the same after {_span(last['days'])}"
    )
    return f"{first}; {lasting} ({main.cite})."


def _headline(main: Panel, head: Any, tables: dict[str, Any]) -> tuple[str, str] | None:
    if head["median days"] != head["median days"]:
        return None
    return (f"{head['median days']:,.0f} days", f"median stay in the top {count(main.k)} ({_interval(head)})")


def _notes(main: Panel, found: list[Panel], tables: dict[str, Any]) -> list[str]:
    notes = [
        "A stay begins at the first moment in the top and ends at the first moment of an absence of "
        f"{_dynamics.GRACE_DAYS:.0f} days and more. Stays that run at the end are censored; those that ran at the "
        "start have no known beginning and are a group of their own. Several stays of one model are not independent; "
        "the rows 'first entry of each model' show what that does.",
        "A series names the models of a list. One that it lacks on a day was not listed: its last number stands for "
        f"up to {_panel.CARRY_DAYS} days, and when it never comes back its stay is censored there, not ended.",
        "Downloads are sums of 30 days, so numbers less than 30 days apart share days: ranks look steadier than use "
        "is, and one day's burst stands for 30 days.",
    ]
    if main.aliased:
        notes.append(
            f"{count(main.aliased)} names were joined to the name that their model goes by now (mart.alias)."
        )
    if len(found) > 1:
        notes.append("Other panels: " + "; ".join(panel.cite for panel in found if panel is not main) + ".")
    if "jumps" in tables:
        notes.append(
            f"{count(len(tables['not refreshed']))} of {count(len(main.times) - 1)} moments repeat the counters of "
            "the one before and are left out of changes, jumps and weekdays. Neighbouring days are not independent, "
            "so the p values of weekdays are too small; their effect sizes are what to read."
        )
        gap = tables["asymmetry"].iloc[0]
        notes.append(
            "Lead and lag: mean correlation with likes of the next four weeks less that of the four before "
            f"{number_with_interval(_stats.Estimate(gap.iloc[1], gap['low'], gap['high'], int(gap['models'])))}."
        )
    for row in tables["tests"].to_dict("records"):
        if row["p"] == row["p"]:
            notes.append(
                f"Test: {row['test']}: {p_value(row['p (Holm)'])} after Holm over {len(tables['tests'])} tests, "
                f"{row['effect size']} {number(row['effect'])}."
            )
    return notes


def _alt(main: Panel, head: Any, tables: dict[str, Any]) -> str:
    shown = tables["overlap"].iloc[:: max(1, len(tables["overlap"]) // 4)]
    steps = "; ".join(f"{row['days']:,.0f} days {percent(row['share'], 0)}" for _, row in shown.iterrows())
    return (
        f"Share of stays in the top {count(main.k)} that go on, by days since entry; the median is "
        f"{_span(head['median days'])}. Share of the top that is the same after a lag: {steps}."
    )


def _draw(main: Panel, tables: dict[str, Any]) -> Figure:
    from analyses import _style as look

    if "phases" not in tables:
        figure, (axes,) = look.figure()
        _draw_overlap(axes, tables["overlap"], main)
    else:
        rich = "lead and lag" in tables
        figure, panels = look.figure(2, rows=2 if rich else 1, height=6.4 if rich else 3.9)
        _draw_stays(panels[0], main)
        _draw_overlap(panels[1], tables["overlap"], main)
        if rich:
            _draw_stability(panels[2], tables["stability"])
            _draw_lead(panels[3], tables["lead and lag"])
    look.caption(figure, f"n = {count(len(main.models))} models; {main.cite}. Bands: 95 % intervals.")
    return figure


def _draw_stays(axes: Axes, main: Panel) -> None:
    from analyses import _style as look

    colours = (look.BLUE, look.RED, look.GREEN, look.ORANGE)
    longest = 1.0
    for colour, k in zip(colours, main.ks(), strict=False):
        frame = _dynamics.spells(main, k, _dynamics.GRACE_DAYS)
        middle, days, share, low, high = _dynamics.survival(*_times(frame.loc[frame["entered"]]))
        if not len(days):
            continue
        days, share = np.concatenate(([0.0], days)), np.concatenate(([1.0], share))
        label = f"top {count(k)}: {middle.value:,.0f} days" if middle.value == middle.value else f"top {count(k)}"
        axes.step(days, share, where="post", color=colour, label=label, linewidth=2.2 if k == main.k else 1.3)
        if k == main.k:
            axes.fill_between(days[1:], low, high, step="post", color=colour, alpha=0.18, linewidth=0)
        longest = max(longest, float(days[-1]))
    axes.axhline(0.5, color=look.GREY, linewidth=0.8, linestyle="--")
    axes.set(title="Stays that go on (median)", xlabel="Days since entering the top", ylim=(0, 1), xlim=(0, longest))
    look.as_percent(axes.yaxis)
    axes.legend(loc="upper right", fontsize=8.5)


def _draw_overlap(axes: Axes, curve: pd.DataFrame, main: Panel) -> None:
    from analyses import _style as look

    axes.plot(curve["days"], curve["share"], marker="o", markersize=3, color=look.BLUE)
    axes.fill_between(curve["days"], curve["low"], curve["high"], color=look.BLUE, alpha=0.18, linewidth=0)
    axes.axhline(0.5, color=look.GREY, linewidth=0.8, linestyle="--")
    axes.set(title=f"Top {count(main.k)} that is the same", xlabel="Days later", ylim=(0, 1), xlim=(0, None))
    look.as_percent(axes.yaxis)


def _draw_stability(axes: Axes, curve: pd.DataFrame) -> None:
    from analyses import _style as look

    axes.plot(curve["days"], curve["tau"], marker="o", markersize=3, color=look.GREEN)
    axes.fill_between(curve["days"], curve["low"], curve["high"], color=look.GREEN, alpha=0.2, linewidth=0)
    axes.set(title="Kendall's tau of downloads", xlabel="Days later", ylim=(0, 1), xlim=(0, None))


def _draw_lead(axes: Axes, curve: pd.DataFrame) -> None:
    from analyses import _style as look

    axes.axvline(0, color=look.PALE, linewidth=0.9)
    axes.axhline(0, color=look.GREY, linewidth=0.8)
    axes.plot(curve["lag in weeks"], curve["r"], marker="o", markersize=3, color=look.RED)
    axes.fill_between(curve["lag in weeks"], curve["low"], curve["high"], color=look.RED, alpha=0.18, linewidth=0)
    axes.set(title="Downloads now and likes then", xlabel="Weeks that likes come later", ylabel="Correlation")
