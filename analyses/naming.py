"""Names that many models share: copies, or coincidence?"""

from __future__ import annotations

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._listing import alt_top, draw_top
from analyses._scope import Scope
from analyses._tables import LISTING, shared
from analyses._text import count, share_with_interval

NAME = "naming"
TITLE = "Shared names"
QUESTION = "How many models share their base name with a model of another owner?"
SOURCE = (
    "Identity of base names, as counted on the names of HFTorrent (Jiang et al., ICSE 2023): 2,519 are duplicated."
)
NEEDS: tuple[str, ...] = ()
SQL = {
    "summary": """
        SELECT count(*) AS names, sum(models)::BIGINT AS models, (SELECT count(*) FROM main) AS n FROM (
            SELECT name, count(*) AS models FROM main GROUP BY name HAVING models > 1)
    """,
    "names": """
        SELECT name, count(*) AS models, count(DISTINCT owner) AS owners, sum(downloads)::BIGINT AS downloads
        FROM main GROUP BY name HAVING models > 1 ORDER BY models DESC, name LIMIT 1000
    """,
}


@analysis
def run(scope: Scope) -> Answer:
    """Base names (the id without its owner) that more than one model has, within the hub with most models."""
    names, models, n = (int(value or 0) for value in scope.row(SQL["summary"]))
    table = shared(scope.frame(SQL["names"]).assign(n=n))
    return Answer(
        f"{count(names)} base names are shared by {count(models)} models: "
        f"{share_with_interval(_stats.share(models, n))} "
        f"of models ({scope.cite(scope.hub)}).",
        {"names": table},
        lambda: draw_top(
            table, "name", "Base names that several models share", scope, n, note="Whiskers: 95 % Wilson intervals."
        ),
        alt_top(table, "name", "shared base names"),
        [
            ("base names shared", 29_822, names, "count", LISTING, ""),
            ("models with a shared base name", 195_325, models, "count", LISTING, ""),
        ],
        ["Names are compared as written, upper and lower case apart."],
    )
