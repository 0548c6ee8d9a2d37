"""How many repositories let a model run code of its author when they load it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _downstream, _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import Scope
from analyses._tables import at, shared
from analyses._text import count, number_with_interval, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "unsafe_loading"
TITLE = "Unsafe loading"
QUESTION = "How many repositories load models in ways that let a model run code, and do popular ones do it less?"
SOURCE = "Jiang et al., ICSE 2023 (threats of loading a model); Woolf, Ann. Hum. Genet. 19, 1955 (odds ratio)."
NEEDS = ("usages",)

# Weights that run code when they are read, and weights that cannot; the rule of the analysis of formats.
_PICKLED, _SAFE = "('pytorch', 'pickle', 'joblib')", "('safetensors', 'gguf', 'onnx')"
_REPOSITORIES = """
        SELECT c.repository_id, r.stars, bool_or(len(c.flags) > 0) AS unsafe
        FROM calls c LEFT JOIN readings r ON r.repository_id = c.repository_id GROUP BY ALL
"""
_FORMATS = f"""
        WITH used AS (
            SELECT m.model_key, m.files_id, m.about_id FROM mart.model m
            WHERE m.model_key IN (SELECT model_key FROM uses)
        ),
        found AS (
            SELECT u.model_key, f.kind::VARCHAR AS format FROM used u JOIN core.file f ON f.files_id = u.files_id
            UNION ALL
            SELECT u.model_key, t.value FROM used u JOIN core.about_tag a ON a.about_id = u.about_id
            JOIN core.tag t ON t.tag_id = a.tag_id WHERE t.kind = 'format'
        ),
        judged AS (
            SELECT model_key, bool_or(format IN {_PICKLED}) AS pickled, bool_or(format IN {_SAFE}) AS safe
            FROM found GROUP BY model_key
        )
        SELECT model_key, CASE WHEN pickled AND safe THEN 'pickled and safe' WHEN pickled THEN 'pickled only'
            WHEN safe THEN 'safe only' ELSE 'other formats' END AS format
        FROM judged
"""
SQL = {
    "repositories": f"""
        SELECT count(*) FILTER (unsafe) AS repositories, count(*) AS n, (SELECT count(*) FROM readings) AS readings
        FROM ({_REPOSITORIES})
    """,
    "flags": """
        SELECT flag, count(*) AS usages, count(DISTINCT repository_id) AS repositories,
            count(*) FILTER (pinned) AS "pinned by commit"
        FROM (SELECT repository_id, unnest(list_distinct(flags)) AS flag,
            coalesce(regexp_full_match(lower(revision), '[0-9a-f]{40}'), false) AS pinned FROM calls)
        GROUP BY flag ORDER BY repositories DESC, flag
    """,
    "libraries": """
        SELECT library, count(DISTINCT repository_id) FILTER (len(flags) > 0) AS repositories,
            count(DISTINCT repository_id) AS n, count(*) FILTER (len(flags) > 0) AS "unsafe usages",
                count(*) AS usages
        FROM calls GROUP BY library ORDER BY n DESC, library
    """,
    "models": """
        SELECT hub, model_id, flag, count(DISTINCT repository_id) AS repositories
        FROM (SELECT hub, model_id, repository_id, unnest(list_distinct(flags)) AS flag FROM uses)
        GROUP BY ALL ORDER BY repositories DESC, hub, model_id, flag LIMIT 100
    """,
    "formats": f"""
        SELECT coalesce(f.format, 'not known') AS format, count(*) AS links,
            count(DISTINCT l.model_key) AS models, count(DISTINCT l.repository_id) AS repositories
        FROM (SELECT DISTINCT repository_id, model_key FROM uses WHERE model_key IS NOT NULL) l
        LEFT JOIN ({_FORMATS}) f ON f.model_key = l.model_key GROUP BY 1 ORDER BY links DESC, 1
    """,
    "stars": f"""
        SELECT CASE WHEN stars = 0 THEN '0' WHEN stars < 10 THEN '1-9' WHEN stars < 100 THEN '10-99'
            WHEN stars < 1000 THEN '100-999' ELSE '1,000 and more' END AS stars,
            count(*) FILTER (unsafe) AS repositories, count(*) AS n
        FROM ({_REPOSITORIES}) known WHERE known.stars IS NOT NULL GROUP BY 1 ORDER BY min(known.stars)
    """,
    "popular": f"""
        WITH known AS (SELECT * FROM ({_REPOSITORIES}) WHERE stars IS NOT NULL),
        sided AS (SELECT unsafe, stars > m.middle AS popular, m.middle FROM known,
            (SELECT median(stars) AS middle FROM known) m)
        SELECT any_value(middle), count(*) FILTER (unsafe AND popular), count(*) FILTER (popular),
            count(*) FILTER (unsafe AND NOT popular), count(*) FILTER (NOT popular)
        FROM sided
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Repositories with an unsafe call, by flag, library and stars; what they load that is pickled."""
    mined = _downstream.enter(scope, read=True)
    unsafe, n, readings = (int(value) for value in scope.row(SQL["repositories"]))
    if n == 0:
        return absent("no repository whose files were read loads a model")
    flags = shared(scope.frame(SQL["flags"]).assign(n=n), "repositories")
    libraries = shared(scope.frame(SQL["libraries"]), "repositories")
    stars, (middle, ratio) = shared(scope.frame(SQL["stars"]), "repositories"), _popular(scope)
    formats = scope.frame(SQL["formats"])
    formats, pickled = _exposure(formats)
    some = _stats.share(unsafe, n)
    above = "unknown" if middle != middle else f"{middle:g}"
    statement = (
        f"{share_with_interval(some)} of repositories that load a model do so at least once in a way that may run "
        f"its author's code; for those above the median of {above} stars the odds are "
        f"{number_with_interval(ratio, 2)} times the others'; {share_with_interval(pickled)} of links lead to "
        f"models with pickled weights only ({mined.cite(scope)})."
    )
    return Answer(
        statement,
        {
            "repositories": _summary(unsafe, n, readings),
            "flags": flags,
            "libraries": libraries,
            "formats": formats,
            "stars": stars,
            "popular": _ratio(middle, ratio),
            "models": scope.frame(SQL["models"]),
        },
        lambda: _draw(flags, libraries, stars, scope, mined, n),
        _alt(flags, libraries, stars),
        (),
        [
            _downstream.NOTE + " Loads from a path of the machine count here too.",
            "trust_remote_code and trust_repo run Python files of the model; not_weights_only unpickles whatever "
            "the file says. A call that is pinned to a commit runs code that somebody may have read (pinned by "
            "commit). What is not written as a constant in the call is not seen, so the shares are lower bounds.",
            f"Pickled only: some of {_PICKLED} and none of {_SAFE}, by the model's files and the "
            "hub's format tags; links to models whose formats are not known are left out of the share.",
            "Odds ratio: unsafe repositories among those above the median of stars against the rest (Woolf's "
            "interval); repositories whose stars are not known are left out.",
        ],
        headline=(percent(some.value, 1), "of repositories load a model unsafely"),
    )


def _popular(scope: Scope) -> tuple[float, _stats.Estimate]:
    """The median of stars, and the odds ratio of the repositories above it."""
    middle, *cells = scope.row(SQL["popular"])
    return float("nan") if middle is None else float(middle), _downstream.odds_ratio(
        *(int(cell or 0) for cell in cells)
    )


def _ratio(middle: float, ratio: _stats.Estimate) -> pd.DataFrame:
    import pandas as pd

    columns = ["median of stars", "odds ratio", "low", "high", "n"]
    return pd.DataFrame([(middle, ratio.value, ratio.low, ratio.high, ratio.n)], columns=columns)


def _summary(unsafe: int, n: int, readings: int) -> pd.DataFrame:
    import pandas as pd

    rows = [("of those that load a model", unsafe, n), ("of those that were read", unsafe, readings)]
    return shared(pd.DataFrame(rows, columns=["unsafe", "repositories", "n"]), "repositories")


def _exposure(formats: pd.DataFrame) -> tuple[pd.DataFrame, _stats.Estimate]:
    """Shares of the links whose formats are known."""
    n = int(formats.loc[formats["format"] != "not known", "links"].sum())
    known = shared(formats.loc[formats["format"] != "not known"].assign(n=n), "links")
    unknown = formats.loc[formats["format"] == "not known"]
    import pandas as pd

    made = pd.concat([known, unknown], ignore_index=True) if len(unknown) else known.reset_index(drop=True)
    return made, _stats.share(int(at(known, "format", "pickled only", "links")), n)


def _alt(flags: pd.DataFrame, libraries: pd.DataFrame, stars: pd.DataFrame) -> str:
    kinds = ", ".join(f"{row['flag']} {percent(row['share'], 1)}" for _, row in flags.iterrows())
    first = ", ".join(f"{row['library']} {percent(row['share'], 1)}" for _, row in libraries.head(4).iterrows())
    bands = ", ".join(f"{row['stars']} stars {percent(row['share'], 1)}" for _, row in stars.iterrows())
    return f"Repositories with unsafe loads. By flag: {kinds or 'none'}. By library: {first}. {bands}."


def _draw(
    flags: pd.DataFrame, libraries: pd.DataFrame, stars: pd.DataFrame, scope: Scope, mined: Mined, n: int
) -> Figure:
    from analyses import _style as look

    figure = look.canvas(height=4.8)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.35))
    places = [figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :])]
    for axes, frame, name, title, colour in (
        (places[0], flags, "flag", "Repositories by kind of unsafe load", look.RED),
        (places[1], stars, "stars", "Unsafe, by stars", look.GREEN),
        (places[2], libraries.head(8), "library", "Unsafe, by the library that loads", look.BLUE),
    ):
        beside = [f"{count(k)} of {count(of)}" for k, of in zip(frame["repositories"], frame["n"], strict=True)]
        _downstream.bars(axes, frame, name, title, colour, beside=beside, room=1.35 if axes is places[2] else 1.9)
    look.caption(figure, mined.caption(scope, n, "repositories that load a model") + ". Whiskers: 95 %.")
    return figure
