"""Which libraries load the models."""

from __future__ import annotations

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._listing import alt_top, draw_top
from analyses._scope import Scope
from analyses._tables import LISTING, shared
from analyses._text import share_with_interval

NAME = "libraries"
TITLE = "Libraries"
QUESTION = "Which share of models states the library that loads it, and which libraries are they?"
SOURCE = "Jones et al., ESEM 2024 (library preservation); libraries as the hub names them."
NEEDS = ("libraries",)
SQL = {
    "libraries": """
        SELECT library, count(*) AS models, sum(downloads)::BIGINT AS downloads
        FROM scope WHERE library IS NOT NULL GROUP BY library ORDER BY models DESC, library
    """,
    "by hub": """
        SELECT hub, count(library) AS models, count(*) AS n
            FROM scope WHERE library_known GROUP BY hub ORDER BY n DESC, hub
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Shares of all models whose source states libraries."""
    hubs = shared(scope.frame(SQL["by hub"]))
    stated, n = int(hubs["models"].sum()), int(hubs["n"].sum())
    libraries = shared(scope.frame(SQL["libraries"]).assign(n=n))
    first = f"; the most frequent is {libraries['library'].iloc[0]}" if stated else ""
    return Answer(
        f"{share_with_interval(_stats.share(stated, n))} of models state their library{first} ({scope.cite()}).",
        {"libraries": libraries, "hubs": hubs},
        lambda: draw_top(
            libraries, "library", "Models by library", scope, n, note="Whiskers: 95 % Wilson intervals."
        ),
        alt_top(libraries, "library", "libraries"),
        [
            (
                "models with a library",
                0.6119,
                stated / n,
                "share",
                LISTING,
                "",
            )
        ],
    )
