"""The stages over a sample, from the command line: started, watched, told of."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hubcensus.output import print_json, say
from landing import Manifest, UsageError, Zone

if TYPE_CHECKING:
    from hubcensus.cli import Context
    from hubcensus.settings import Settings
    from probe.sample import Sampled

_ADVICE = "needs torch, transformers and scikit-learn; install them with: pip install 'hubcensus[probe]'"


def program() -> str:
    """Who writes the records."""
    from hubcensus import __version__

    return f"hubcensus {__version__}"


def equipped() -> bool:
    """Whether the probe extra is there."""
    return all(find_spec(name) is not None for name in ("torch", "transformers", "sklearn"))


def require(stage: str) -> None:
    """Raise :class:`UsageError` where a stage that runs models lacks the probe extra."""
    if stage in ("verify", "triggers") and not equipped():
        raise UsageError(f"'hubcensus probe {stage}' {_ADVICE}.")


def sample(context: Context, **options: Any) -> int:
    """Draw, land, tell."""
    manifest, drawn = draw(context.settings, **options)
    strata = len({one.stratum for one in drawn if one.role == "drawn"})
    roles = {role: sum(one.role == role for one in drawn) for role in ("drawn", "certain", "base", "sibling")}
    if context.json:
        print_json({"run": _facts(manifest), "strata": strata, **roles})
    else:
        say(
            f"Drew {roles['drawn']:,} models from {strata} strata and took {roles['certain']} as asked, with "
            f"{roles['base']} bases and {roles['sibling']} siblings to compare with; run {manifest.run_id}."
        )
    return 0


def draw(
    settings: Settings, *, hub: str, models: int, also: Iterable[str], siblings: int, seed: int
) -> tuple[Manifest, list[Sampled]]:
    """Draw a sample from the warehouse and land it; raises :class:`UsageError` for a model that is not there."""
    from hubcensus.probing import frame
    from probe.landed import Results
    from probe.sample import Sampled, draw
    from warehouse.reader import Reader

    also = list(also)
    with Reader(settings.warehouse) as reader:
        drawn = draw(lambda: frame.rows(reader, hub), models, seed)
        certain = dict(frame.listed(reader, hub, also)) if also else {}
        if also and not certain:
            raise UsageError(f"{hub} has neither a model nor an owner called {', '.join(also)}.")
        known = {one.model_id for one in drawn}
        drawn += [
            Sampled(hub, name, commit, "", 1.0, 1, 1, role="certain")
            for name, commit in certain.items()
            if name not in known
        ]
        drawn = _with_relatives(reader, hub, drawn, siblings)
    config = {"hub": hub, "models": models, "also": also, "siblings": siblings, "seed": seed}
    results = Results(Zone(settings.landing), "sample", tool="sample/1", program=program(), config=config, fresh=True)
    with results as out:
        for one in drawn:
            out.land("sample", one.model_id, one.revision, one.body())
    assert out.manifest is not None
    return out.manifest, drawn


def _with_relatives(reader: Any, hub: str, drawn: list[Sampled], siblings: int) -> list[Sampled]:
    """The drawn with base and siblings named, and these after them, each once."""
    from dataclasses import replace

    from hubcensus.probing import frame
    from probe.sample import Sampled

    relatives = frame.relatives(reader, hub, [one.model_id for one in drawn], siblings)
    named = [
        replace(one, base=relatives[one.model_id][0], siblings=relatives[one.model_id][1])
        if one.model_id in relatives
        else one
        for one in drawn
    ]
    bases = {one.base: "base" for one in named if one.base}
    wanted = {name: "sibling" for one in named for name in one.siblings} | bases
    commits = frame.revisions(reader, hub, list(wanted))
    here = {one.model_id for one in named}
    return named + [
        Sampled(hub, name, commits[name], "", 1.0, 1, 1, role=role)
        for name, role in sorted(wanted.items())
        if name in commits and name not in here
    ]


def examine(context: Context, stage: str, *, again: bool = False, fresh: bool = False, **options: Any) -> int:
    """Run one stage over the sample."""
    require(stage)
    manifest = walk(context.settings, stage, again=again, fresh=fresh, **options)
    if manifest is None:
        if context.json:
            print_json({"run": None})
        say("Everything in the sample has been examined by this version; --again examines it again.")
        return 0
    return _tell(context, manifest)


def walk(
    settings: Settings, stage: str, *, again: bool = False, fresh: bool = False, **options: Any
) -> Manifest | None:
    """One stage over the newest sample."""
    from probe.stages import Options, run

    told = {name: value for name, value in options.items() if value is not None}
    with _watching(stage) as tell:
        return run(
            Zone(settings.landing),
            stage,
            settings.models,
            Options(**told),
            program=program(),
            again=again,
            fresh=fresh,
            tell=tell,
        )


class _watching:
    """Progress on a terminal: which model, of how many."""

    def __init__(self, stage: str) -> None:
        from hubcensus.progress import Reporter

        self._reporter = Reporter(stage)

    def __enter__(self) -> Callable[[int, int, str], None]:
        from crawler.source import Progress

        self._reporter.__enter__()
        return lambda number, total, _: self._reporter.progress(Progress("models", 0, number + 1, total))

    def __exit__(self, *error: Any) -> None:
        self._reporter.__exit__(*error)


def _facts(manifest: Manifest) -> dict[str, Any]:
    names = ("run_id", "kind", "state", "complete", "counts", "requests", "failures")
    return {name: getattr(manifest, name) for name in names}


def _tell(context: Context, manifest: Manifest) -> int:
    """Say how a stage ended; 1 where something was found, 3 where something is missing."""
    counts = {name: n for name, n in manifest.counts.items() if name not in ("parts", "records")}
    found = [name for name in ("dangerous", "suspicious", "needs review") if counts.get(name)]
    found += [name for name in counts if name.startswith("DISCREPANT")]
    if context.json:
        print_json({"run": _facts(manifest)})
    else:
        listed = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        say(f"{manifest.kind}: {manifest.state}: {listed or 'nothing'}; run {manifest.run_id}.")
        for failure in manifest.failures[:10]:
            say(f"  missing: {failure['key']}: {failure['reason']}")
        say("'hubcensus load' brings it into the warehouse.")
    return 3 if manifest.state == "partial" else 1 if found else 0


def fetch(context: Context, **options: Any) -> int:
    """Fetch the sample's files."""
    return _tell(context, fetched(context.settings, **options))


def fetched(
    settings: Settings,
    *,
    endpoint: str | None,
    budget: int,
    largest: int,
    tensor: int = 4 * 10**9,
    fresh: bool = False,
) -> Manifest:
    """Fetch; the token goes to the hub's own host, or to the one that the environment names."""
    from probe.stages import download

    own = settings.hf_endpoint
    chosen = endpoint or own
    secret = settings.hf_token.get_secret_value() if settings.hf_token and chosen == own else None
    with _watching("fetch") as tell:
        return download.run(
            Zone(settings.landing),
            settings.models,
            endpoint=chosen,
            token=secret,
            budget=budget,
            largest=largest,
            tensor=tensor,
            fresh=fresh,
            program=program(),
            tell=tell,
        )


def everything(
    context: Context,
    *,
    models: int,
    hub: str,
    also: tuple[str, ...],
    endpoint: str | None,
    datasets: Path | None,
    seed: int,
) -> int:
    """Sample, fetch and every stage; the worst of their exit codes."""
    codes = [sample(context, hub=hub, models=models, also=also, siblings=6, seed=seed)]
    codes.append(fetch(context, endpoint=endpoint, budget=50 * 10**9, largest=2 * 10**9, fresh=False))
    codes += [examine(context, "scan"), examine(context, "weights")]
    if equipped():
        codes += [examine(context, "verify", datasets=datasets, seed=seed), examine(context, "triggers", seed=seed)]
    else:
        say(f"verify and triggers were left out: that {_ADVICE}")
    return max(codes)
