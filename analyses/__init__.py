"""The analyses: one question, one file.

A file here that does not begin with an underscore is an analysis. It has

    NAME, TITLE    what it is called (NAME is the file's name)
    QUESTION       what it answers, in one sentence
    SOURCE         the study whose statistic it is, with the section
    NEEDS          what the warehouse must hold (words of :mod:`analyses._scope`)
    SQL            its queries by name; sets are SQL's work, statistics are scipy's
    run(reader)    -> :class:`analyses._base.Result`

and nothing else has to be told of it: ``hubcensus analyze``, the report and the tests list this
folder. Statistics of a whole hub are taken over the *scope*, one rule for all of them, in
:mod:`analyses._scope`. Every share carries its n and a 95 % Wilson interval, every coefficient a
bootstrap or asymptotic one (:mod:`analyses._stats` has the formulas with their sources); numbers
that somebody has published stand beside ours, with the reason where they differ.

This package imports only the warehouse's reading door, so it never writes and never speaks HTTP.

    from analyses import run
    from warehouse.reader import Reader

    with Reader(path) as reader:
        result = run("licence", reader)
        result.statement, result.table, result.figure(), result.published
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, cast

from landing.errors import UsageError

if TYPE_CHECKING:
    from analyses._base import Analysis, Result
    from warehouse.reader import Reader

__all__ = ["find", "names", "run"]

# The report tells a story: what there is, how it is described, how it is licensed, how it hangs
# together, who uses it. An analysis that is not named here comes after those, by name.
_ORDER = (
    "census_overview",
    "tasks",
    "model_domains",
    "families",
    "libraries",
    "formats",
    "parameter_growth",
    "documentation",
    "missing_attributes",
    "metadata_availability",
    "documentation_trend",
    "documentation_popularity",
    "claims",
    "naming_elements",
    "naming",
    "typosquats",
    "owner_changes",
    "licence",
    "licence_drift",
    "licence_chains",
    "repository_licence",
    "lineage",
    "family_trees",
    "trait_drift",
    "descendants",
    "library_preservation",
    "merges",
    "versioning",
    "popularity",
    "popularity_dynamics",
    "turnover",
    "survival",
    "downloads_likes",
    "registries",
    "concentration",
    "reuse",
    "reuse_domain",
    "reuse_downloads",
    "blast_radius",
    "pinned_revisions",
    "unsafe_loading",
    "mentions",
    "discussion_topics",
    "scanned_files",
    "scanner_disagreement",
    "weight_review",
    "trigger_frequency",
    "claim_verdicts",
    "security_practice",
    "stride",
    "carbon",
    "carbon_estimates",
    "hub_coverage",
    "uniform_schema",
    "hub_profile",
    "hub_overlap",
)


def names() -> list[str]:
    """The names of all analyses, in the order of the report."""
    found = {path.stem for path in Path(__file__).parent.glob("[a-z]*.py")}
    return [name for name in _ORDER if name in found] + sorted(found.difference(_ORDER))


def find(name: str) -> Analysis:
    """The analysis of that name; raises :class:`UsageError` where there is none."""
    if name not in names():
        raise UsageError(f"There is no analysis called {name!r}; 'hubcensus analyze --list' names them all.")
    return cast("Analysis", import_module(f"analyses.{name}"))


def run(name: str, reader: Reader) -> Result:
    """Run one analysis."""
    return find(name).run(reader)
