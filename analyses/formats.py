"""Which file formats the weights come in, and how many can run code when they are loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analyses import _stats
from analyses._base import Answer, analysis
from analyses._listing import alt_top, draw_top
from analyses._scope import Scope
from analyses._tables import LISTING, at, shared
from analyses._text import count, percent, share_with_interval

if TYPE_CHECKING:
    import pandas as pd

NAME = "formats"
TITLE = "Weight formats"
QUESTION = "Which formats are models published in, by the hub's format tags and by their files?"
SOURCE = (
    "Format tags of the hub; file kinds by name where file lists are known. Pickled weights run code when loaded."
)
NEEDS = ("tags",)
SQL = {
    "tags": """
        SELECT t.value AS format, count(DISTINCT s.model_key) AS models
        FROM scope s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
        WHERE t.kind = 'format' OR t.tag = 'custom_code'
        GROUP BY 1 ORDER BY models DESC, format
    """,
    "files": """
        SELECT f.kind::VARCHAR AS kind, count(DISTINCT s.model_key) AS models, count(*) AS files,
            sum(f.size)::BIGINT AS bytes
        FROM scope s JOIN core.file f ON f.files_id = s.files_id GROUP BY 1 ORDER BY models DESC, kind
    """,
    "known": "SELECT count(about_id) AS tags, count(files_id) AS files FROM scope",
    "pickled only": """
        SELECT count(*) FILTER (pickled) AS pickled, count(*) FILTER (pickled AND NOT safe) AS only_pickled FROM (
            SELECT s.model_key, bool_or(t.value IN ('pytorch', 'pickle', 'joblib')) AS pickled,
                bool_or(t.value IN ('safetensors', 'gguf', 'onnx')) AS safe
            FROM scope s JOIN core.about_tag a ON a.about_id = s.about_id JOIN core.tag t ON t.tag_id = a.tag_id
            WHERE t.kind = 'format' GROUP BY 1
        )
    """,
}
_PUBLISHED = (
    ("safetensors", 0.2699),
    ("pytorch", 0.2373),
    ("gguf", 0.0305),
    ("onnx", 0.0169),
    ("custom_code", 0.0120),
)


@analysis
def run(scope: Scope) -> Answer:
    """Shares of models whose tags are known; a model may have several formats."""
    n, listed = (int(value) for value in scope.row(SQL["known"]))
    formats = shared(scope.frame(SQL["tags"]).assign(n=n))
    files = shared(scope.frame(SQL["files"]).assign(n=listed))
    pickled, only = (int(value) for value in scope.row(SQL["pickled only"]))
    safe = _stats.share(int(at(formats, "format", "safetensors", "models")), n)
    statement = (
        f"{share_with_interval(safe)} of models are tagged safetensors, "
        f"{share_with_interval(_stats.share(only, n))} only with a pickled format ({scope.cite()})."
    )
    return Answer(
        statement,
        {"formats": formats, "file_kinds": files, "pickled": _pickled(pickled, only, n)},
        lambda: draw_top(
            formats, "format", "Models by format tag", scope, n, note="A model may have several; whiskers: 95 %."
        ),
        alt_top(formats, "format", "format tags"),
        [
            (
                f"tag {name}",
                value,
                at(formats, "format", name, "share"),
                "share",
                LISTING,
                "",
            )
            for name, value in _PUBLISHED
        ],
        [f"File lists are known for {count(listed)} models; the hub derives its format tags from file names."],
        headline=(percent(safe.value, 1), "tagged safetensors"),
    )


def _pickled(pickled: int, only: int, n: int) -> pd.DataFrame:
    import pandas as pd

    names = ["some pickled format", "pickled formats only"]
    return shared(pd.DataFrame({"tags": names, "models": [pickled, only], "n": [n, n]}))
