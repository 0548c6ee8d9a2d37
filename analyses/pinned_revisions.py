"""Whether repositories say which version of a model they mean, and of the library that loads it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _downstream, _stats
from analyses._base import Answer, absent, analysis
from analyses._downstream import Mined
from analyses._scope import Scope
from analyses._tables import shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

NAME = "pinned_revisions"
TITLE = "Pinned revisions"
QUESTION = "How many repositories pin the revision of the models that they load, and the library that loads them?"
SOURCE = "Jiang et al., ICSE 2023, table of mitigations (checkout by commit hash); Wilson 1927."
NEEDS = ("usages",)

# Hubs whose models are git repositories, so that a call may ask for a revision.
_VERSIONED = "('huggingface', 'modelscope', 'pytorch-hub')"
# torch.hub takes the revision inside the id: owner/repo:revision, and the entry after it.
_ASKED = r"""
    coalesce(revision, CASE WHEN hub = 'pytorch-hub'
        THEN nullif(regexp_extract(id_as_written, '^[^:]+:([^:]+):[^:]+$', 1), '') END)
"""
_PINS = rf"""
        SELECT *, {_ASKED} AS asked, CASE
            WHEN asked IS NULL THEN 'none'
            WHEN regexp_full_match(lower(asked), '[0-9a-f]{{40}}') THEN 'commit'
            WHEN lower(asked) IN ('main', 'master', 'head') THEN 'default branch'
            WHEN regexp_full_match(lower(asked), '[0-9a-f]{{7,39}}') THEN 'short commit'
            ELSE 'branch or tag' END AS pin
        FROM uses WHERE hub IN {_VERSIONED}
"""
# The package that a module comes from, as in mart.usage.
_PACKAGE = """replace(lower(CASE library WHEN 'open_clip' THEN 'open-clip-torch'
    WHEN 'llama_cpp' THEN 'llama-cpp-python'
        ELSE library END), '_', '-')"""
_LOADED = f"""
        SELECT DISTINCT repository_id, library, {_PACKAGE} AS package, package || '@' || repository_id AS place
        FROM uses WHERE library <> 'unknown'
"""
_LIBRARIES = f"""
        SELECT l.library, l.repository_id, n.place IS NOT NULL AS named, coalesce(n.pinned, false) AS pinned,
            coalesce(n.locked, false) AS locked
        FROM ({_LOADED}) l LEFT JOIN (
            SELECT package || '@' || repository_id AS place, bool_or(version IS NOT NULL) AS pinned,
                bool_or(locked AND version IS NOT NULL) AS locked
            FROM mart.dependency WHERE ecosystem <> 'npm' GROUP BY 1
        ) n ON n.place = l.place
"""
SQL = {
    "kinds": f"""
        SELECT pin, count(*) AS usages, sum(count(*)) OVER () AS n, count(DISTINCT repository_id) AS repositories
        FROM ({_PINS}) GROUP BY pin ORDER BY usages DESC, pin
    """,
    "repositories": f"""
        SELECT count(*) AS n, count(*) FILTER (one) AS "some by commit", count(*) FILTER (whole) AS "all by commit",
            count(*) FILTER (asks) AS "some by commit, tag or branch",
            count(*) FILTER (whole AND coalesce(libraries, false)) AS "all by commit, and libraries"
        FROM (SELECT repository_id, bool_or(pin = 'commit') AS one, bool_and(pin = 'commit') AS whole,
                bool_or(pin NOT IN ('none', 'default branch')) AS asks FROM ({_PINS}) GROUP BY repository_id) r
        LEFT JOIN (SELECT repository_id, bool_and(pinned) AS libraries FROM ({_LIBRARIES}) GROUP BY repository_id) l
            ON l.repository_id = r.repository_id
    """,
    "libraries": f"""
        SELECT library, count(*) FILTER (pin = 'commit') AS usages, count(*) AS n,
            count(*) FILTER (pin IN ('branch or tag', 'short commit')) AS "by branch or tag",
            count(*) FILTER (pin = 'default branch') AS "by the default branch",
            count(DISTINCT repository_id) AS repositories,
            count(DISTINCT repository_id) FILTER (pin = 'commit') AS "repositories by commit"
        FROM ({_PINS}) GROUP BY library ORDER BY n DESC, library
    """,
    "versions": f"""
        SELECT library, count(*) FILTER (pinned) AS repositories, count(*) AS n, count(*) FILTER (named) AS "name it",
            count(*) FILTER (locked) AS "in a lock file"
        FROM ({_LIBRARIES}) GROUP BY library ORDER BY n DESC, library
    """,
    "any version": f"SELECT count(*) FILTER (pinned), count(*) FROM ({_LIBRARIES})",
    "revisions": f"""
        SELECT pin, asked AS revision, count(*) AS usages, count(DISTINCT repository_id) AS repositories
        FROM ({_PINS}) WHERE asked IS NOT NULL GROUP BY ALL ORDER BY repositories DESC, usages DESC, revision
            LIMIT 100
    """,
}
_MEANING = (
    "A commit of 40 digits is the only revision that cannot move. 'main' (or 'master', 'HEAD') is what a call "
    "without a revision asks for, so it pins nothing; a tag may be moved and a branch does; a call cannot tell the "
    "two apart, so they are one kind, with abbreviated commits beside them."
)


@analysis
def run(scope: Scope) -> Answer:
    """Shares of usages and of repositories, each with its Wilson interval."""
    mined = _downstream.enter(scope, read=True)
    kinds = shared(scope.frame(SQL["kinds"]), "usages")
    if kinds.empty:
        return absent("the repositories that were read load nothing from a hub whose models have revisions")
    whole = scope.frame(SQL["repositories"]).iloc[0]
    repositories = _rows(whole)
    libraries, versions = (
        shared(scope.frame(SQL["libraries"]), "usages"),
        shared(scope.frame(SQL["versions"]), "repositories"),
    )
    pinned, loads = (int(value) for value in scope.row(SQL["any version"]))
    commits = int(kinds.loc[kinds["pin"] == "commit", "usages"].sum())
    usages = _stats.share(commits, int(kinds["n"].iloc[0]))
    some = _stats.share(int(whole["some by commit"]), int(whole["n"]))
    version = _stats.share(pinned, loads)
    statement = (
        f"{share_with_interval(usages)} of usages and {share_with_interval(some)} of repositories pin a model by its "
        f"commit; {share_with_interval(version)} of the libraries that they load them with are pinned "
        f"({mined.cite(scope)})."
    )
    return Answer(
        statement,
        {
            "kinds": kinds,
            "repositories": repositories,
            "libraries": libraries,
            "versions": versions,
            "revisions": scope.frame(SQL["revisions"]),
        },
        lambda: _draw(kinds, repositories, versions, scope, mined),
        _alt(repositories, versions),
        (),
        [
            _downstream.NOTE,
            _MEANING,
            "Usages: of hubs whose models are git repositories (Hugging Face, ModelScope, PyTorch Hub). A revision "
            "that the code computes is not seen and counts as none.",
            "The library is pinned where a file of the repository names one version of it (==, or a lock file); a "
            "repository counts once for each library that it loads models with. npm packages are left out.",
        ],
        headline=(percent(some.value, 1), "of repositories pin a model by commit"),
    )


def _rows(whole: pd.Series) -> pd.DataFrame:
    """The one row of counts as a table of shares."""
    import pandas as pd

    kinds = [name for name in whole.index if name != "n"]
    made = pd.DataFrame({"pins": kinds, "repositories": [int(whole[name]) for name in kinds], "n": int(whole["n"])})
    return shared(made, "repositories")


def _alt(repositories: pd.DataFrame, versions: pd.DataFrame) -> str:
    shares = ", ".join(f"{row['pins']} {percent(row['share'], 1)}" for _, row in repositories.iterrows())
    pinned = ", ".join(f"{row['library']} {percent(row['share'], 1)}" for _, row in versions.head(4).iterrows())
    return f"Repositories by how they pin models: {shares}. Libraries that are pinned: {pinned or 'none'}."


def _draw(
    kinds: pd.DataFrame, repositories: pd.DataFrame, versions: pd.DataFrame, scope: Scope, mined: Mined
) -> Figure:
    from analyses import _style as look

    figure = look.canvas(height=4.8)
    grid = figure.add_gridspec(2, 2, height_ratios=(1, 1.35))
    axes = [figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :])]
    for place, frame, name, title, colour in (
        (axes[0], kinds, "pin", "Usages by revision asked for", look.BLUE),
        (axes[1], repositories, "pins", "Repositories", look.GREEN),
        (axes[2], versions.head(8), "library", "Repositories that pin the loading library", look.ORANGE),
    ):
        beside = [count(k) for k in frame["usages" if name == "pin" else "repositories"]]
        room = 1.3 if name == "library" else 1.7
        _downstream.bars(place, frame, name, title, colour, beside=beside, room=room)
    n = int(kinds["n"].iloc[0])
    total = count(repositories["n"].iloc[0])
    look.caption(figure, mined.caption(scope, n, f"usages in {total} repositories") + ". Whiskers: 95 %.")
    return figure
