"""What people write about in discussions of models and in issues: challenges and benefits of reuse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats, _threads
from analyses._base import Answer, analysis
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, percent, share_with_interval
from analyses._threads import Told
from analyses._topics import KINDS, coded, topics

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "discussion_topics"
TITLE = "Topics of discussions"
QUESTION = "Which challenges and benefits of reuse do discussions of models and issues of repositories speak of?"
SOURCE = (
    "Taraghi et al., SANER 2024: a taxonomy of 17 challenges and 6 benefits, sorted by hand from the forum; here "
    "coded by rules (analyses/discussion_topics.csv)."
)
NEEDS = ("threads",)

SQL = {
    "threads": _threads.THREADS,
    "coded": f"CREATE OR REPLACE TEMP TABLE coded AS SELECT source, pull, {coded('text')} AS topics FROM thread",
    "topics": """
        SELECT topic, count(*) AS threads, count(*) FILTER (len(topics) = 1) AS alone,
            (SELECT count(*) FROM coded) AS n
        FROM (SELECT unnest(topics) AS topic, topics FROM coded) GROUP BY topic
    """,
    "sources": """
        SELECT source, topic, count(*) AS threads, any_value(n) AS n FROM (
            SELECT source, unnest(topics) AS topic, count(*) OVER (PARTITION BY source) AS n FROM coded
        ) GROUP BY ALL ORDER BY source, threads DESC, topic
    """,
    "coded by source": """
        SELECT source, count(*) FILTER (len(topics) > 0) AS threads, count(*) AS n, avg(len(topics)) AS "topics each"
        FROM coded GROUP BY source ORDER BY n DESC, source
    """,
    "together": """
        WITH pair AS (
            SELECT a AS first, b AS second, count(*) AS threads
            FROM (SELECT topics, unnest(topics) AS a FROM coded), LATERAL (SELECT unnest(topics) AS b)
            WHERE a < b GROUP BY ALL
        )
        SELECT * FROM pair ORDER BY threads DESC, first, second LIMIT 30
    """,
}
_DOMINANT = ("Model usage and understanding", "Training pipeline", "Output comprehensibility")


@analysis
def run(scope: Scope) -> Answer:
    """Shares of threads by category; a thread may have several, and those without any are told."""
    told = _threads.enter(scope)
    scope.reader.execute(SQL["coded"])
    table = _table(scope.frame(SQL["topics"]), told.threads)
    by_source = shared(scope.frame(SQL["coded by source"]), "threads")
    some = int(by_source["threads"].sum())
    uncoded = _stats.share(told.threads - some, told.threads)
    return Answer(
        f"{share_with_interval(_stats.share(some, told.threads))} of threads have a category by the rules, "
        f"{percent(uncoded.value, 1)} none{_first(table)} ({told.cite(scope)}).",
        {
            "topics": table,
            "coded": by_source,
            "by source": _with_shares(scope.frame(SQL["sources"]), scope),
            "together": scope.frame(SQL["together"]),
        },
        lambda: _draw(table, told, uncoded, scope),
        _alt(table, uncoded),
        _published(table),
        [
            f"Rules, not people: cues in the title and in the first {_threads.LONGEST:,} characters of the text. How "
            "often they agree with people is not measured, since no labels of threads are at hand; shares are of "
            "what the cues find, and a cue misses what it has no word for and what is not English.",
            "The study's names are used where they are known (its abstract and summaries of it); categories marked "
            "own are ours and fill up the number. The study sorted topics of the forum, which is not landed here.",
            f"A thread may have several categories. Pull requests are {percent(told.pulls / told.threads, 1)} of "
            "threads; by source apart in the table."
            + ("" if told.discussions else " No discussions of models are landed.")
            + (" Of discussions the hub's list gives the title alone." if told.discussions else ""),
        ],
    )


def _table(found: pd.DataFrame, n: int) -> pd.DataFrame:
    """Every category of the file, also those that no thread has."""
    import pandas as pd

    counted = {row["topic"]: row for _, row in found.iterrows()}
    rows = [
        (t.kind, t.category, t.named, int(counted[t.category]["threads"]) if t.category in counted else 0,
         int(counted[t.category]["alone"]) if t.category in counted else 0, n, t.definition)
        for t in topics()
    ]  # fmt: skip
    columns = ["kind", "category", "named", "threads", "alone", "n", "definition"]
    frame = shared(pd.DataFrame(rows, columns=columns), "threads")
    order = frame["kind"].map({kind: place for place, kind in enumerate(KINDS)})
    frame = frame.assign(place=order).sort_values(
        ["place", "threads", "category"], ascending=[True, False, True], ignore_index=True
    )
    return frame[["kind", "category", "named", "threads", "alone", "n", "share", "low", "high", "definition"]]


def _with_shares(frame: pd.DataFrame, scope: Scope) -> pd.DataFrame:
    """Shares among the threads of each source, coded or not."""
    sizes = dict(scope.reader.rows("SELECT source, count(*) FROM coded GROUP BY source"))
    return shared(frame.assign(n=frame["source"].map(sizes)), "threads")


def _first(table: pd.DataFrame) -> str:
    parts = []
    for kind in KINDS:
        part = table.loc[(table["kind"] == kind) & (table["threads"] > 0)]
        if len(part):
            row = part.iloc[0]
            estimate = _stats.Estimate(row["share"], row["low"], row["high"], int(row["n"]))
            parts.append(f"the most frequent {kind} is {row['category'].lower()}, {share_with_interval(estimate)}")
    return f"; {' and '.join(parts)}" if parts else ""


def _published(table: pd.DataFrame) -> list[tuple[object, ...]]:
    challenges = table.loc[table["kind"] == "challenge"].reset_index(drop=True)
    ranks = challenges.assign(rank=challenges["threads"].rank(ascending=False, method="min"))
    note = "theirs: topics of the forum, sorted by people; ours: rank by the rules among 17"
    rows: list[tuple[object, ...]] = [
        (f"{name}, rank among challenges", "among the first",
         f"{int(at(ranks, 'category', name, 'rank'))}", "number", "SANER 2024, abstract and conclusions", note)
        for name in _DOMINANT
    ]  # fmt: skip
    for kind, theirs in zip(KINDS, (17, 6), strict=True):
        found = int((table.loc[table["kind"] == kind, "threads"] > 0).sum())
        note = "ours: categories of the file that any thread has"
        rows.append((f"categories of {kind}s", theirs, found, "count", "SANER 2024, abstract", note))
    return rows


def _alt(table: pd.DataFrame, uncoded: _stats.Estimate) -> str:
    parts = [f"{row['category']} {percent(row['share'], 1)}" for _, row in table.iterrows() if row["threads"]]
    return (
        f"Bars of threads by category. {', '.join(parts[:12]) or 'None'}. Without any: {percent(uncoded.value, 1)}."
    )


def _draw(table: pd.DataFrame, told: Told, uncoded: _stats.Estimate, scope: Scope) -> Figure:
    from analyses import _style as look

    most = int(table["kind"].value_counts().max())
    figure, panels = look.figure(2, height=4.9)
    for axes, kind, colour in zip(panels, KINDS, (look.BLUE, look.GREEN), strict=True):
        part = table.loc[table["kind"] == kind]
        names = [
            name + (" *" if named == "own" else "")
            for name, named in zip(part["category"], part["named"], strict=True)
        ]
        look.bars(
            axes,
            names,
            list(part["share"]),
            [f"{percent(s, 1)} ({look.si(k)})" for s, k in zip(part["share"], part["threads"], strict=True)],
            intervals=(list(part["low"]), list(part["high"])),
            colour=colour,
            room=1.75,
        )
        axes.tick_params(axis="y", labelsize=8)
        axes.set(title=f"{kind.capitalize()}s")
        look.as_percent(axes.xaxis)
        axes.set_ylim(most - 0.4, -0.6)
    look.caption(
        figure,
        f"n = {count(told.threads)} threads; {told.cite(scope)}. Without a category: {percent(uncoded.value, 1)}. * "
        "a category of ours. Coded by rules whose agreement with people is not measured. Whiskers: 95 % Wilson "
        "intervals.",
    )
    return figure
