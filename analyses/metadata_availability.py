"""Which metadata model cards hold, field by field, read by rules from their text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from analyses import _stats
from analyses._base import Answer, absent, analysis
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "metadata_availability"
TITLE = "Metadata in model cards"
QUESTION = "For each of the twenty kinds of metadata of PeaTMOSS: what share of the models with a card states it?"
SOURCE = (
    "Jiang et al., MSR 2024 (PeaTMOSS), fig. 7: availability = models with a field that is not empty / models with a "
    "card that can be read."
)
NEEDS = ("models", "card values")

#: A value counts from this confidence on.
LEAST = 0.5
POPULAR = 50

# Our field, its name in their figure, their share, and what of the listing and the front matter says the same.
_FIELDS = (
    ("library", "libraries", 0.9885, "library IS NOT NULL"),
    ("domain", "domain", 0.9874, "task IS NOT NULL"),
    ("task", "model_task", 0.9873, "task IS NOT NULL"),
    ("framework", "frameworks", 0.8358, "library IS NOT NULL"),
    ("licence", "license", 0.7801, "licences > 0"),
    ("dataset", "datasets", 0.7441, "datasets > 0"),
    ("base_model", "base_model", 0.7348, "base_models > 0"),
    ("demo", "demo", 0.7056, "false"),
    ("github", "github_repo", 0.5869, "false"),
    ("metric", "evaluation", 0.5860, "claims"),
    ("language", "language", 0.5277, "languages > 0"),
    ("paper", "paper", 0.4803, "papers > 0"),
    ("hyper_parameter", "hyper_parameters", 0.3324, "false"),
    ("parameter_count", "parameter_count", 0.3011, "parameters IS NOT NULL"),
    ("hardware", "hardware", 0.2939, "false"),
    ("input_format", "input_format", 0.2267, "false"),
    ("limitation", "limitation_and_bias", 0.1816, "false"),
    ("output_format", "output_format", 0.1810, "false"),
    ("grant", "grant", 0.0781, "false"),
    ("carbon", "carbon_emitted", 0.0480, "carbon"),
)
_THEIRS = 11_693

# Theirs in a word; ours beside it. What is not listed differs by the sample and by the reader alone.
_WHY = {
    "library": "theirs from the hub's tags, ours from the card's words and code",
    "domain": "theirs from the hub's tags, ours from a task that the card names",
    "task": "theirs from the hub's tags, ours from the card",
    "framework": "theirs from the hub's tags, ours from the card's words and code",
    "demo": "theirs counts any code or address to try; ours a link, a widget or example code",
    "input_format": "free text: a language model fills it where a rule needs plain words",
    "output_format": "free text: a language model fills it where a rule needs plain words",
    "limitation": "ours asks for a section or a sentence that says so",
    "grant": "ours asks for words of funding",
}

SQL = {
    "read": f"""
        CREATE OR REPLACE TEMP TABLE read_card AS
        SELECT r.card_id, list(v.field) FILTER (v.confidence >= {LEAST}) AS likely, list(v.field) AS every,
            list(v.field) FILTER (v.confidence >= 0.8) AS sure, list(v.field) FILTER (v.front) AS front
        FROM core.card_reading r
        LEFT JOIN (
            SELECT reading_id, field, max(confidence) AS confidence,
                bool_or(place = 'front matter' AND confidence >= {LEAST}) AS front
            FROM core.card_value GROUP BY reading_id, field
        ) v ON v.reading_id = r.reading_id
        WHERE r.newest AND r.method = 'rules' AND r.card_id IN (SELECT card_id FROM scope)
        GROUP BY r.card_id
    """,
    "models": f"""
        CREATE OR REPLACE TEMP TABLE read_model AS
        SELECT s.*, c.likely, c.every, c.sure, c.front, coalesce(s.downloads > {POPULAR}, false) AS popular
        FROM scope s JOIN read_card c ON c.card_id = s.card_id
    """,
    "known": """
        SELECT count(*), count(DISTINCT card_id), count(*) FILTER (popular), (SELECT count(card_id) FROM scope)
        FROM read_model
    """,
    "fields": "\nUNION ALL ".join(
        f"""SELECT '{field}' AS field, count(*) FILTER (list_contains(likely, '{field}')) AS models, count(*) AS n,
            count(*) FILTER (list_contains(sure, '{field}')) AS sure,
            count(*) FILTER (list_contains(every, '{field}')) AS at_any,
            count(*) FILTER (list_contains(front, '{field}')) AS in_front,
            count(*) FILTER (list_contains(likely, '{field}') OR {tags}) AS with_tags,
            count(*) FILTER (popular AND list_contains(likely, '{field}')) AS popular,
            count(*) FILTER (popular) AS popular_n
        FROM read_model"""
        for field, _, _, tags in _FIELDS
    ),
    "agreement": f"""
        SELECT v.field, count(DISTINCT v.reading_id) AS cards,
            count(DISTINCT v.reading_id) FILTER (w.reading_id IS NOT NULL) AS agreeing
        FROM core.card_value v JOIN core.card_reading r ON r.reading_id = v.reading_id
        JOIN core.card_reading q ON q.card_id = r.card_id AND q.newest AND q.method = 'rules'
        LEFT JOIN core.card_value w ON w.reading_id = q.reading_id AND w.field = v.field AND w.confidence >= {LEAST}
            AND lower(w.value) = lower(v.value)
        WHERE r.newest AND r.method = 'language model' AND r.card_id IN (SELECT card_id FROM scope)
        GROUP BY v.field ORDER BY cards DESC, v.field
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Share of the models with a read card that state each field: all of them, and the downloaded ones."""
    scope.reader.execute(SQL["read"])
    scope.reader.execute(SQL["models"])
    models, cards, popular, with_card = (int(value) for value in scope.row(SQL["known"]))
    if not models:
        return absent("no card of the models of this census was read; run 'hubcensus cards understand'")
    fields = _fields(scope)
    tables = {"fields": fields}
    agreement = scope.frame(SQL["agreement"])
    if len(agreement):
        tables["language model"] = shared(agreement, "agreeing", "cards")
    licence = fields.loc[fields["field"] == "licence"].iloc[0]
    rho = _stats.spearman(fields["published"], fields["share"], [1.0] * len(fields))
    statement = (
        f"Of {count(models)} models with a card that was read, "
        f"{share_with_interval(_stats.share(int(licence['models']), models))} state a licence in it, "
        f"{percent(at(fields, 'field', 'dataset', 'share'))} a data set, "
        f"{percent(at(fields, 'field', 'metric', 'share'))} a result and "
        f"{percent(at(fields, 'field', 'carbon', 'share'))} emissions; over the {len(fields)} fields the shares "
        f"and PeaTMOSS's have Spearman's rho = {number(rho, 2)} ({scope.cite()})."
    )
    return Answer(
        statement,
        tables,
        lambda: _draw(fields, popular, scope),
        _alt(fields),
        _published(fields, popular),
        _notes(models, cards, popular, with_card),
        headline=(percent(licence["share"], 1), "of read cards state a licence"),
    )


def _fields(scope: Scope) -> pd.DataFrame:
    """A row per field, in the order of the published figure."""
    frame = shared(scope.frame(SQL["fields"]))
    order = {field: place for place, (field, *_) in enumerate(_FIELDS)}
    frame = frame.assign(place=frame["field"].map(order)).sort_values("place", ignore_index=True)
    told = shared(frame[["field", "popular", "popular_n"]], "popular", "popular_n")
    n = frame["n"].astype(float)
    columns: dict[str, Any] = {
        "share at any confidence": frame["at_any"] / n,
        "share at 0.8": frame["sure"] / n,
        "share in front matter": frame["in_front"] / n,
        "share in card or tags": frame["with_tags"] / n,
        "popular share": told["share"],
        "popular low": told["low"],
        "popular high": told["high"],
        "published": [share for _, _, share, _ in _FIELDS],
    }
    frame = frame.drop(columns="place").assign(**columns)
    pairs = zip(frame["share"], frame["published"], strict=True)
    return frame.assign(**{"cohen h": [_stats.cohen_h(ours, theirs) for ours, theirs in pairs]})


def _published(fields: pd.DataFrame, popular: int) -> list[tuple[object, ...]]:
    """Their figure beside ours, of the downloaded models where there are enough: theirs are those."""
    of_popular = popular >= 100
    column = "popular share" if of_popular else "share"
    who = f"models with more than {POPULAR} downloads" if of_popular else "all models, few of them downloaded"
    rows: list[tuple[object, ...]] = []
    for field, name, share, _ in _FIELDS:
        why = _WHY.get(field, "theirs by a language model, ours by rules that need plain words")
        note = f"theirs: {count(_THEIRS)} cards of 2023 with more than 50 monthly downloads; ours: {who}. {why}"
        rows.append((name, share, at(fields, "field", field, column), "share", "MSR 2024 (PeaTMOSS), fig. 7", note))
    return rows


def _notes(models: int, cards: int, popular: int, with_card: int) -> list[str]:
    return [
        f"A field counts where the rules found a value of a confidence of {LEAST} and more in the card's text or "
        "front matter; the shares at any confidence and at 0.8 stand beside it. What a rule misses lowers a share, "
        "and what it takes wrongly for a value raises it; the page on the rules says how often either happens.",
        f"{count(models)} of {count(with_card)} models with a known card were read ({count(cards)} different cards); "
        f"{count(popular)} of them have more than {POPULAR} downloads in 30 days.",
        "The shares are those of the cards that were crawled or imported, of whatever age, and not of the hub.",
        "'In card or tags' adds what the listing says of the same field, as theirs does for libraries, tasks and "
        "frameworks. A language model's values, where there are any, stand in a table of their own and count nowhere "
        "else.",
    ]


def _alt(fields: pd.DataFrame) -> str:
    parts = [
        f"{row['field']} {percent(row['share'], 1)} (published {percent(row['published'], 1)})"
        for _, row in fields.iterrows()
    ]
    return "Share of models with a read card that state each field: " + ", ".join(parts) + "."


def _draw(fields: pd.DataFrame, popular: int, scope: Scope) -> Figure:
    from analyses import _style as look

    figure, (axes,) = look.figure(height=6.2)
    places = range(len(fields))
    axes.hlines(places, 0, 1, color=look.PALE, linewidth=0.6, zorder=0)
    axes.scatter(fields["published"], places, marker="|", s=150, color=look.RED, linewidths=2.2, zorder=2)
    groups = [("share", "low", "high", look.BLUE, "o", -0.12 if popular >= 100 else 0.0)]
    if popular >= 100:
        groups.append(("popular share", "popular low", "popular high", look.GREEN, "D", 0.16))
    for middle, low, high, colour, shape, shift in groups:
        below, above = fields[middle] - fields[low], fields[high] - fields[middle]
        axes.errorbar(
            fields[middle],
            [place + shift for place in places],
            xerr=[below.clip(lower=0), above.clip(lower=0)],
            fmt=shape,
            markersize=5,
            color=colour,
            elinewidth=1,
            zorder=3,
        )
    axes.set_yticks(list(places), [name.replace("_", " ") for name in fields["field"]])
    axes.set_ylim(len(fields) - 0.4, -1.5)
    axes.set_xlim(-0.02, 1.02)
    axes.tick_params(axis="y", length=0)
    axes.spines["left"].set_visible(False)
    look.as_percent(axes.xaxis)
    legend = [("● all read cards", look.BLUE, 0.0), ("| PeaTMOSS, fig. 7", look.RED, 0.62)]
    if popular >= 100:
        legend.append((f"◆ more than {POPULAR} downloads", look.GREEN, 0.27))
    for text, colour, where in legend:
        axes.text(where, -1.05, text, color=colour, fontsize=9, va="center")
    look.headline(figure, "Models with a read card that state ...")
    look.caption(
        figure,
        scope.caption(int(fields["n"].max()), "models with a read card")
        + f". Values of confidence {LEAST} and more; whiskers: 95 % Wilson intervals.",
    )
    return figure
