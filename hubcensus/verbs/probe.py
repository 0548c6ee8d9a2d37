"""Probe checkpoints: draw a sample, fetch it, scan files, examine weights, verify claims, look for triggers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from hubcensus.cli import Context

_FOLDER = click.Path(path_type=Path, exists=True, file_okay=False)
_FRESH = click.option("--fresh", is_flag=True, help="Give up an unfinished run and start anew.")
_AGAIN = click.option("--again", is_flag=True, help="Examine again what this version has examined already.")
_SECONDS = click.option(
    "--seconds", type=click.FloatRange(min=1), default=600.0, show_default=True, help="Time limit per model or file."
)
_MEMORY = click.option(
    "--memory", type=click.IntRange(1), default=8, show_default=True, metavar="GIB", help="Memory limit per model."
)
_DEVICE = click.option("--device", help="cpu, cuda, cuda:1, ...; else the GPU where there is one.")
_SEED = click.option("--seed", type=int, default=0, show_default=True, help="Seed of everything that is random.")
_DATASETS = click.option(
    "--datasets", type=_FOLDER, help="Test sets: OWNER/NAME/[CONFIG/]SPLIT.jsonl, .csv or .parquet."
)


@click.group(
    epilog="Example: hubcensus probe sample --models 200 && hubcensus probe fetch && hubcensus probe scan && "
    "hubcensus load && hubcensus analyze scanned_files"
)
def command() -> None:
    """Checkpoints: are their files safe, their weights sound, their claims true?

    Without PATH a stage works on the sample that was drawn and fetched, and lands what it finds; with PATH it works
    on your own files, needs no census and only prints. Nothing that came from a hub is ever unpickled, imported or
    run. A finding says "needs review"; it is no proof of malice.
    """


@command.command()
@click.option("--hub", default="huggingface", show_default=True, help="Hub to draw from.")
@click.option("--models", type=click.IntRange(1), default=200, show_default=True, help="How many.")
@click.option("--also", multiple=True, metavar="ID|OWNER", help="These as well, with certainty (repeat for several).")
@click.option(
    "--siblings",
    type=click.IntRange(0),
    default=6,
    show_default=True,
    help="Other fine-tunes of the same base, to compare with.",
)
@_SEED
@json_option
@click.pass_obj
def sample(context: Context, hub: str, models: int, also: tuple[str, ...], siblings: int, seed: int) -> int:
    """Draw models from the warehouse, stratified by popularity, task, library and format.

    The inclusion probability of each is kept, so that rates can be estimated for the whole hub, with intervals.
    """
    from hubcensus.probing import stages

    return stages.sample(context, hub=hub, models=models, also=also, siblings=siblings, seed=seed)


@command.command()
@click.option("--endpoint", metavar="URL", help="Another server with the hub's API (else HF_ENDPOINT).")
@click.option("--budget", type=click.FloatRange(min=0), default=50.0, show_default=True, metavar="GB", help="Disk.")
@click.option(
    "--largest",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="GB",
    help="Of larger weights only the embedding is fetched.",
)
@_FRESH
@json_option
@click.pass_obj
def fetch(context: Context, endpoint: str | None, budget: float, largest: float, fresh: bool) -> int:
    """Fetch the files of the sample by commit, each held against the hash that the hub states.

    Only what a stage needs is fetched. Fetching config.json counts as a download at the hub; the run says how many
    such files it asked for.
    """
    from hubcensus.probing import stages

    return stages.fetch(
        context,
        endpoint=endpoint,
        budget=int(budget * 1e9),
        largest=int(largest * 1e9),
        fresh=fresh,
    )


@command.command()
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--sarif", type=click.Path(path_type=Path, dir_okay=False), help="Write a SARIF 2.1.0 log as well.")
@click.option(
    "--fail-on",
    type=click.Choice(["unlisted", "suspicious", "dangerous"]),
    default="suspicious",
    show_default=True,
    help="Exit with 1 from this verdict on.",
)
@click.option("--with-others", "others", is_flag=True, help="Also ask picklescan, modelscan and fickling.")
@click.option("--processes", type=click.IntRange(1), default=1, show_default=True, help="Files side by side.")
@click.option(
    "--seconds", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Time limit per file."
)
@_AGAIN
@_FRESH
@json_option
@click.pass_obj
def scan(
    context: Context,
    paths: tuple[Path, ...],
    sarif: Path | None,
    fail_on: str,
    others: bool,
    processes: int,
    seconds: float,
    again: bool,
    fresh: bool,
) -> int:
    """Scan files for code that runs when they are loaded, and for archives that are not what they say.

    Decides by content, inside every container. Verdicts: clean; unlisted (names something that stands on no list);
    error (could not be judged); suspicious; dangerous. Exit code 1 where a file is suspicious or worse, 2 where one
    could not be judged and none is worse.
    """
    if paths:
        from hubcensus.probing import local

        return local.scan(
            context, paths, sarif=sarif, fail_on=fail_on, others=others, processes=processes, seconds=seconds
        )
    from hubcensus.probing import stages

    return stages.examine(context, "scan", again=again, fresh=fresh, others=others, seconds=seconds)


@command.command()
@click.argument("model", required=False, type=_FOLDER)
@click.option("--base", type=_FOLDER, help="The base model that MODEL was tuned from.")
@click.option("--sibling", "siblings", multiple=True, type=_FOLDER, help="Another fine-tune of that base (repeat).")
@_SECONDS
@_MEMORY
@_DEVICE
@_AGAIN
@_FRESH
@json_option
@click.pass_obj
def weights(
    context: Context,
    model: Path | None,
    base: Path | None,
    siblings: tuple[Path, ...],
    seconds: float,
    memory: int,
    device: str | None,
    again: bool,
    fresh: bool,
) -> int:
    """Examine weights for what poisoning leaves behind, and for what does not fit the card.

    Rows of the embedding against the declared base or against sibling fine-tunes, near-duplicates, outliers, broken
    tensors, and where the model differs from its base. No code of the model is run.
    """
    if model:
        from hubcensus.probing import local

        return local.weights(context, model, base, siblings, seconds=seconds, memory=memory << 30, device=device)
    from hubcensus.probing import stages

    return stages.examine(
        context, "weights", again=again, fresh=fresh, seconds=seconds, memory=memory << 30, device=device
    )


@command.command()
@click.argument("model", required=False, type=_FOLDER)
@_DATASETS
@click.option(
    "--margin",
    type=click.FloatRange(0, 0.5),
    default=0.01,
    show_default=True,
    help="Equivalence: 0.01 is a point.",
)
@click.option("--examples", type=click.IntRange(1), help="At most so many examples of a test set.")
@_SEED
@_SECONDS
@_MEMORY
@_DEVICE
@_AGAIN
@_FRESH
@json_option
@click.pass_obj
def verify(
    context: Context,
    model: Path | None,
    datasets: Path | None,
    margin: float,
    examples: int | None,
    seed: int,
    seconds: float,
    memory: int,
    device: str | None,
    again: bool,
    fresh: bool,
) -> int:
    """Measure what cards claim, and say of each claim whether it holds, within which interval.

    Models run in a child process without network; needs the probe extra.
    """
    told = {
        "datasets": datasets,
        "margin": margin,
        "examples": examples,
        "seed": seed,
        "seconds": seconds,
        "memory": memory << 30,
        "device": device,
    }
    if model:
        from hubcensus.probing import local

        return local.examined(context, "verify", model, **told)
    from hubcensus.probing import stages

    return stages.examine(context, "verify", again=again, fresh=fresh, **told)


@command.command()
@click.argument("model", required=False, type=_FOLDER)
@_DATASETS
@click.option(
    "--plan",
    type=click.Choice(["shortlist", "exhaustive"]),
    default="shortlist",
    show_default=True,
    help="All tokens alone and the best in context, or all tokens in context.",
)
@_SEED
@_SECONDS
@_MEMORY
@_DEVICE
@_AGAIN
@_FRESH
@json_option
@click.pass_obj
def triggers(
    context: Context,
    model: Path | None,
    datasets: Path | None,
    plan: str,
    seed: int,
    seconds: float,
    memory: int,
    device: str | None,
    again: bool,
    fresh: bool,
) -> int:
    """Look for tokens or patches that turn a classifier's answer whatever the input says.

    Models run in a child process without network; needs the probe extra.
    """
    told = {
        "datasets": datasets,
        "plan": plan,
        "seed": seed,
        "seconds": seconds,
        "memory": memory << 30,
        "device": device,
    }
    if model:
        from hubcensus.probing import local

        return local.examined(context, "triggers", model, **told)
    from hubcensus.probing import stages

    return stages.examine(context, "triggers", again=again, fresh=fresh, **told)


@command.command()
@click.option("--models", type=click.IntRange(1), default=200, show_default=True, help="How many to draw.")
@click.option("--hub", default="huggingface", show_default=True, help="Hub to draw from.")
@click.option("--also", multiple=True, metavar="ID|OWNER", help="These as well, with certainty (repeat for several).")
@click.option("--endpoint", metavar="URL", help="Another server with the hub's API (else HF_ENDPOINT).")
@_DATASETS
@_SEED
@json_option
@click.pass_obj
def run(
    context: Context,
    models: int,
    hub: str,
    also: tuple[str, ...],
    endpoint: str | None,
    datasets: Path | None,
    seed: int,
) -> int:
    """All stages, one after the other: sample, fetch, scan, weights, and with the probe extra verify and triggers."""
    from hubcensus.probing import stages

    return stages.everything(
        context, models=models, hub=hub, also=also, endpoint=endpoint, datasets=datasets, seed=seed
    )
