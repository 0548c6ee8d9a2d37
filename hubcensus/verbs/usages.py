"""Find the models that source code loads: Python files, notebooks, configuration, containers, scripts."""

from __future__ import annotations

import gc
import json
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context

_ORDER = (
    "path",
    "line",
    "cell",
    "library",
    "api",
    "model_id",
    "hub",
    "id_as_written",
    "revision",
    "how",
    "confidence",
)


@click.command(epilog="Example: hubcensus usages src/ notebooks/ | jq -r .model_id | sort | uniq -c")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Leave out usages below this.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="Read files side by side.")
@click.option("--local", is_flag=True, help="Also what is loaded from the machine: paths, and any torch.load.")
@json_option
@click.pass_obj
def command(context: Context, paths: tuple[Path, ...], min_confidence: float, processes: int, local: bool) -> int:
    """Print every usage of a pre-trained model in PATHS, one JSON object a line; with --json one document.

    Nothing is imported and nothing is run. Needs no census. Files that could not be read are named at the end.
    """
    from crawler.downstream.tree import Counts, usages
    from crawler.downstream.workers import Team
    from hubcensus.cli import FINE, PARTIAL
    from hubcensus.output import print_json, say
    from landing import UsageError

    counts, found = Counts(), list[dict[str, Any]]()
    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
    with Team(processes) if processes > 1 else nullcontext() as team:
        for path in paths:
            for usage in usages(path, counts, team=team, local=local):
                if usage["confidence"] < min_confidence:
                    continue
                shown = {**{name: usage[name] for name in _ORDER}, "flags": usage["flags"]}
                if len(paths) > 1:
                    shown["path"] = (path / usage["path"]).as_posix() if path.is_dir() else path.as_posix()
                if context.json:
                    found.append(shown)
                else:
                    click.echo(json.dumps(shown, ensure_ascii=False))
    # This process is about to end: nobody needs to look through what it has read for cycles.
    gc.freeze()
    if context.json:
        print_json({"usages": found, "files": counts.files, "parsed": counts.parsed, "unread": counts.unread})
    else:
        say(f"{counts.usages:,} usages in {counts.files:,} files ({counts.parsed:,} parsed).")
        for line in counts.unread:
            say(f"  not read: {line}")
    return PARTIAL if counts.unread else FINE
