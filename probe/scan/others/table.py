"""Our verdicts and the others' side by side, one row per blob."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from probe.finding import FileReport

#: Verdicts by which a file is held back; the rest let it pass.
FLAGS = frozenset({"suspicious", "dangerous"})
#: Verdicts by which a file is neither flagged nor passed.
SILENT = frozenset({"error", "skipped", "not-installed"})


def disagreements(
    reports: Iterable[FileReport], others: Iterable[Mapping[str, Any]], *, everything: bool = False
) -> list[dict[str, Any]]:
    """A row per blob that not everybody judges alike: ``sha256, path, paths, ours, rules`` and a key per tool with
    its verdict; ``flagged_by`` and ``passed_by`` name who holds it back and who lets it pass, ``only_us`` and
    ``missed`` whether we flag alone or pass what another flags.

    The same bytes under several names are one row. ``others``: rows of :func:`probe.scan.others.compare`. Whoever
    is silent (an error, a format that it skips, not installed) neither agrees nor disagrees. ``everything`` gives
    the rows of agreement, too.
    """
    blobs: dict[str, dict[str, Any]] = {}
    places: dict[str, str] = {}
    for report in reports:
        key = report.sha256 or report.path
        places[report.path] = key
        row = blobs.setdefault(key, _empty(report))
        row["paths"].append(report.path)
    for other in others:
        key = other.get("sha256") or places.get(other["path"], other["path"])
        if key not in blobs:
            key = places.get(other["path"], key)
        if key in blobs:
            blobs[key]["tools"][other["tool"]] = other["verdict"]
    rows = [_judged(row) for row in blobs.values()]
    rows.sort(key=lambda row: (not row["missed"], not row["only_us"], row["path"]))
    return [row for row in rows if everything or (row["flagged_by"] and row["passed_by"])]


def _empty(report: FileReport) -> dict[str, Any]:
    rules = [finding.rule for finding in sorted(report.findings, key=lambda found: -found.severity)]
    return {
        "sha256": report.sha256,
        "path": report.path,
        "paths": [],
        "ours": report.verdict,
        "rules": list(dict.fromkeys(rules))[:5],
        "tools": {},
    }


def _judged(row: dict[str, Any]) -> dict[str, Any]:
    tools: dict[str, str] = row.pop("tools")
    everybody = {"ours": row["ours"]} | tools
    row |= {tool: tools[tool] for tool in sorted(tools)}
    row["flagged_by"] = [tool for tool, verdict in everybody.items() if verdict in FLAGS]
    row["passed_by"] = [tool for tool, verdict in everybody.items() if verdict not in FLAGS | SILENT]
    row["only_us"] = row["flagged_by"] == ["ours"] and len(row["passed_by"]) > 0
    row["missed"] = "ours" not in row["flagged_by"] and len(row["flagged_by"]) > 0
    return row
