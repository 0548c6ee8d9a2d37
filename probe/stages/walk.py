"""One stage over the newest sample: model by model, resumable, one record each."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from landing import Manifest, Run, UsageError, Zone
from probe.examination import Examination
from probe.landed import Results, cost, envelopes, environment, examined, newest
from probe.stages.subject import Options, Subject

#: Those that are examined; bases and siblings are there for comparison.
EXAMINED = ("drawn", "certain")
Tell = Callable[[int, int, str], None]


def run(
    zone: Zone,
    stage: str,
    models: Path,
    options: Options,
    *,
    program: str,
    again: bool = False,
    fresh: bool = False,
    tell: Tell | None = None,
) -> Manifest | None:
    """Examine every model of the newest sample that this version of the stage has not examined at that commit.

    None where nothing is left to examine. A model that is not in the cache ``models`` is noted as missing. Raises
    :class:`UsageError` where no sample was drawn.
    """
    sample = newest(zone, "sample")
    if sample is None:
        raise UsageError("No sample was drawn yet; run 'hubcensus probe sample' first.")
    # A child works in a folder of its own, where a relative path leads nowhere.
    models = models.resolve()
    module = import_module(f"probe.stages.{stage}")
    have = set() if again else examined(zone, stage, module.TOOL)
    todo = [one for one in subjects(zone, sample, models) if (one.model_id, one.revision) not in have]
    if not todo:
        return None
    asked = {name: str(value) for name, value in asdict(options).items() if value not in (None, False)}
    config = {"sample": sample.run_id, "options": asked}
    with Results(zone, stage, tool=module.TOOL, program=program, config=config, fresh=fresh) as out:
        for number, subject in enumerate(todo):
            if tell:
                tell(number, len(todo), subject.model_id)
            if not out.done(subject.model_id, subject.revision):
                _examine(out, module.examine, subject, options)
    return out.manifest


def _examine(out: Results, examine: Any, subject: Subject, options: Options) -> None:
    if not subject.folder.is_dir() and subject.fetched is None:
        out.fail(subject.model_id, "it was not fetched; run 'hubcensus probe fetch'")
        return
    if not subject.folder.is_dir():
        gone = Examination(subject.hub, subject.model_id, subject.revision, out.stage, out.tool, "refused")  # type: ignore[arg-type]
        gone.code, gone.reason = subject.fetched or "NO_FILES", "Fetching it left nothing to examine."
        out.put(gone)
        return
    spent: dict[str, float] = {}
    with cost(spent):
        done: Examination = examine(subject, options)
    done.cost = spent | done.cost
    done.environment = environment(seed=options.seed, device=options.device or "auto") | done.environment
    out.put(done)


def subjects(zone: Zone, sample: Run, models: Path) -> Iterator[Subject]:
    """The models of a sample that are to be examined, with where they and their relatives lie."""
    rows = [json.loads(one.body) for one in envelopes(sample)]
    where = {row["model_id"]: located(models, row["model_id"], row["revision"]) for row in rows}
    fetched = _fetched(zone)
    for row in rows:
        if row["role"] in EXAMINED:
            base = where.get(row["base"] or "")
            others = [where[name] for name in row["siblings"] if name in where]
            yield Subject(
                row["hub"],
                row["model_id"],
                row["revision"],
                where[row["model_id"]],
                row["role"],
                base if base is not None and base.is_dir() else None,
                tuple(path for path in others if path.is_dir()),
                *fetched.get((row["model_id"], row["revision"]), ({}, None)),
            )


def located(models: Path, model_id: str, revision: str) -> Path:
    """Where huggingface_hub keeps this commit of a model in the cache ``models``."""
    from huggingface_hub.file_download import repo_folder_name

    return models / repo_folder_name(repo_id=model_id, repo_type="model") / "snapshots" / revision


def _fetched(zone: Zone) -> dict[tuple[str, str | None], tuple[dict[str, Any], str]]:
    """What the newest fetch saw of each model: the hub's own verdicts by path, and why something is missing."""
    run = newest(zone, "fetch")
    if run is None:
        return {}
    rows = [(one, json.loads(one.body)) for one in envelopes(run)]
    return {
        (one.key, one.revision): (
            {row["path"]: row for row in facts.get("others") or () if row.get("tool") == "hub"},
            facts.get("code") or "",
        )
        for one, facts in rows
    }
