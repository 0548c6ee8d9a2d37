"""What people write about models: discussions on a hub, issues and pull requests of repositories.

One temporary table stands for them, as of the reader's moment:

    thread      source, model_key (of a discussion), repository_id (of an issue), month, title, text, pull

Of a hub's discussion the list gives the title; of an issue the forge gives the body too. Texts are cut.
"""

from __future__ import annotations

from dataclasses import dataclass

from analyses._scope import Scope
from analyses._text import count

#: Characters of a text that are kept.
LONGEST = 4_000
_MOMENT = "coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')"

THREADS = f"""
CREATE OR REPLACE TEMP TABLE thread AS
SELECT 'discussion' AS source, h.hub, d.model_id AS model_key, NULL::INTEGER AS repository_id,
    date_trunc('month', d.created_at)::DATE AS month, left(coalesce(d.title, ''), 500) AS title,
    left(coalesce(d.title, ''), {LONGEST}) AS text, coalesce(d.pull_request, false) AS pull
FROM core.discussion d JOIN core.model m ON m.model_id = d.model_id JOIN core.hub h ON h.hub_id = m.hub_id
WHERE d.created_at IS NULL OR d.created_at <= {_MOMENT}
UNION ALL
SELECT CASE i.kind WHEN 'pull' THEN 'pull request' ELSE 'issue' END, NULL, NULL, i.repository_id,
    date_trunc('month', i.created_at)::DATE, left(coalesce(i.title, ''), 500),
    left(concat_ws(chr(10), i.title, i.fields->>'$.body'), {LONGEST}), i.kind = 'pull'
FROM core.repository_issue i
WHERE i.observed_at <= {_MOMENT} AND (i.created_at IS NULL OR i.created_at <= {_MOMENT})
"""
COUNTED = """
SELECT count(*), count(*) FILTER (source = 'discussion'), count(*) FILTER (source <> 'discussion'),
    count(*) FILTER (pull), min(month), max(month), count(DISTINCT coalesce(model_key, -repository_id))
FROM thread
"""


@dataclass(frozen=True, slots=True)
class Told:
    """How many threads there are, of which kind, over which months, about how many models and repositories."""

    threads: int
    discussions: int
    issues: int
    pulls: int
    span: str
    places: int

    def cite(self, scope: Scope) -> str:
        """The threads and the snapshots, for the end of a sentence."""
        parts = [f"{count(self.discussions)} discussions of models" if self.discussions else ""]
        parts.append(f"{count(self.issues)} issues and pull requests of repositories" if self.issues else "")
        read = " and ".join(part for part in parts if part)
        return "; ".join(part for part in (f"{read}{self.span}", scope.cite()) if part)


def enter(scope: Scope) -> Told:
    """Let ``thread`` stand for the threads, and count them."""
    scope.reader.execute(THREADS)
    threads, discussions, issues, pulls, first, last, places = scope.row(COUNTED)
    span = f", {first:%Y-%m} to {last:%Y-%m}" if first is not None else ""
    return Told(threads, discussions, issues, pulls, span, places)
