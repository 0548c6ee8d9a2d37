"""The static scan of a model's files, with the verdicts of the hub and of other scanners beside it."""

from __future__ import annotations

from typing import Any

from probe.examination import Examination
from probe.stages.subject import Options, Subject

TOOL = "hubcensus-scan/1"


def examine(subject: Subject, options: Options) -> Examination:
    """Every file of the model, judged by its content."""
    from probe.scan import scan
    from probe.scan.detector import Budget

    done = Examination(subject.hub, subject.model_id, subject.revision, "scan", TOOL)
    read = 0
    for report in scan([subject.folder], budget=Budget(seconds=options.seconds)):
        facts = report.facts()
        facts["path"] = path = _inside(subject, report.path)
        if _ours(subject, path):
            continue
        read += report.size
        done.files.append(facts)
        if said := subject.hub_says.get(path):
            done.others.append({"path": path, "sha256": report.sha256, "tool": "hub", **said})
    if options.others:
        done.others += _others(subject, options)
    done.cost["read_bytes"] = read
    return done


def _ours(subject: Subject, path: str) -> bool:
    """Whether the fetch made this file from ranges; what came from the hub under that name is a link to its blob."""
    return path == "partial.safetensors" and not (subject.folder / path).is_symlink()


def _others(subject: Subject, options: Options) -> list[dict[str, Any]]:
    from probe.scan.others import compare

    rows = compare([subject.folder], seconds=options.seconds)
    inside = [row | {"path": _inside(subject, row["path"])} for row in rows if row["verdict"] != "not-installed"]
    return [row for row in inside if not _ours(subject, row["path"])]


def _inside(subject: Subject, path: str) -> str:
    """The path in the repository."""
    return path.removeprefix(str(subject.folder)).lstrip("/")
