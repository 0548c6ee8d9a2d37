"""What model cards say: licence, data, sizes, results and the rest as values, each with the words that say it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from hubcensus.options import json_option

if TYPE_CHECKING:
    from crawler.language_model import Endpoint
    from hubcensus.cli import Context


@click.group(
    epilog="Example: hubcensus crawl huggingface --with cards && hubcensus cards understand && hubcensus load"
)
def command() -> None:
    """Read model cards by rules and, where asked, by a language model. Nothing in a card is ever followed or run."""


@command.command()
@click.option("--limit", type=click.IntRange(min=1), help="Read at most so many cards.")
@click.option(
    "--processes",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    help="Cards side by side; 0: a process a core.",
)
@click.option("--llm", metavar="URL", help="Also ask a language model at this OpenAI-compatible endpoint (.../v1).")
@click.option("--llm-model", metavar="NAME", help="The model to ask for there.")
@click.option("--llm-budget", type=click.IntRange(min=1), metavar="TOKENS", help="Stop asking before it costs more.")
@click.option(
    "--llm-at-once", type=click.IntRange(1, 32), default=4, show_default=True, help="Questions side by side."
)
@click.option("--fresh", is_flag=True, help="Give up an unfinished run and start anew.")
@json_option
@click.pass_obj
def understand(
    context: Context,
    limit: int | None,
    processes: int,
    llm: str | None,
    llm_model: str | None,
    llm_budget: int | None,
    llm_at_once: int,
    fresh: bool,
) -> int:
    """Read every card in the landing zone that this version has not read yet; each content once.

    With --llm the same cards go to a language model as well (OPENAI_API_KEY is sent to that host only). What it
    answers counts where the card has the words it quotes; it stands beside the rules' values and never replaces
    them. A card that this model was asked about under this prompt is not asked about again.
    """
    from crawler.card_stage import rules
    from hubcensus import __version__
    from hubcensus.output import print_json, say
    from hubcensus.progress import Reporter
    from landing import UsageError, Zone

    if llm and not llm_model:
        raise UsageError("--llm needs --llm-model NAME as well.")
    if (llm_model or llm_budget) and not llm:
        raise UsageError("--llm-model and --llm-budget go with --llm URL.")
    zone, program = Zone(context.settings.landing), f"hubcensus {__version__}"
    with Reporter("cards") as reporter:
        read = rules.understand_all(
            zone, limit=limit, fresh=fresh, processes=processes, program=program, tell=reporter.progress
        )
        asked = None
        if llm and llm_model:
            endpoint = _endpoint(context, llm, llm_model, reporter.wait)
            asked = _ask(zone, endpoint, limit, llm_budget, llm_at_once, program, reporter)
    if context.json:
        print_json({"run": _facts(read), **({"llm": _facts(asked)} if llm else {})})
    if read is None:
        say("Every landed card has been read by this version.")
    else:
        say(_told("rules", read))
    if llm:
        say(_told("language model", asked) if asked else "This model was asked about every landed card.")
    return _code(read, asked)


@command.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--min-confidence", type=click.FloatRange(0, 1), default=0.0, help="Leave out values below this.")
@json_option
@click.pass_obj
def read(context: Context, paths: tuple[Path, ...], min_confidence: float) -> int:
    """Show what the cards in PATHS say: README files, or folders of them. Needs no census.

    With --json also the sections, by what they are about, and the quality from 0 to 1 (code, usage, description).
    """
    from crawler.card_stage import local
    from hubcensus.cli import FINE, PARTIAL
    from hubcensus.output import inert, print_json, say, table
    from landing import UsageError

    for path in paths:
        if not path.exists():
            raise UsageError(f"There is no file or folder {path}.")
    found, unread = [], []
    for path in local.cards(paths):
        card, reason = local.read(path)
        if card is None:
            unread.append(f"{path}: {reason}")
            continue
        card["values"] = [value for value in card["values"] if value["confidence"] >= min_confidence]
        found.append(_with_sections(card))
    if not found and not unread:
        raise UsageError("There is no Markdown file in there.")
    if context.json:
        print_json({"cards": found, "unread": unread})
    else:
        for card in found:
            rows = [
                (value["field"], _short(value["value"]), value["confidence"], value["place"], _short(value["raw"]))
                for value in card["values"]
            ]
            if rows:
                table(("field", "value", "confidence", "place", "words of the card"), rows, title=inert(card["path"]))
            else:
                say(f"{card['path']}: no values.")
    say(f"{sum(len(card['values']) for card in found):,} values in {len(found):,} cards.")
    for line in unread:
        say(f"  not read: {line}")
    return PARTIAL if unread else FINE


def _with_sections(card: dict[str, Any]) -> dict[str, Any]:
    """The card with what its sections are about, and its quality; as core.card_section and core.card have them."""
    from warehouse.sections import classify

    text, sections = card.pop("text"), card["sections"]
    about = classify([(section["level"], section["title"]) for section in sections])
    card["sections"] = [
        {name: section[name] for name in ("level", "title", "words")}
        | ({"category": category, "part": part, "aspect": aspect} if _filled(section) else {})
        for section, (category, part, aspect) in zip(sections, about, strict=True)
    ]
    there = {section.get("part") for section in card["sections"]}
    signs = (text["code_blocks"] > 0, "usage" in there, "description" in there)
    return card | {"quality": round(sum(signs) / len(signs), 3)}


def _filled(section: dict[str, Any]) -> bool:
    """Whether there is anything under the heading."""
    return bool(section["words"] + section["code_blocks"])


def _short(value: Any) -> str:
    """A value on one line of a table."""
    import json

    text = " ".join((value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)).split())
    return text if len(text) <= 80 else text[:79] + "…"


def _endpoint(context: Context, url: str, model: str, on_wait: Any) -> Endpoint:
    from crawler.language_model import endpoint
    from crawler.session import Patience
    from hubcensus import __version__

    settings = context.settings
    # A language model thinks longer than a hub does; a longer patience can be set for both.
    patience = Patience(attempts=5, silence=max(180.0, settings.timeout), deadline=600.0, refusals=10)
    agent = f"hubcensus/{__version__}"
    return endpoint(
        url, model, key=os.environ.get("OPENAI_API_KEY") or None, agent=agent, patience=patience, on_wait=on_wait
    )


def _ask(
    zone: Any, to: Endpoint, limit: int | None, budget: int | None, at_once: int, program: str, reporter: Any
) -> Any:
    from crawler.card_stage import asked

    try:
        return asked.ask_all(
            zone, to, limit=limit, budget=budget, at_once=at_once, program=program, tell=reporter.progress
        )
    finally:
        to.session.close()


def _facts(manifest: Any) -> dict[str, Any] | None:
    if manifest is None:
        return None
    names = ("run_id", "source", "kind", "parser", "state", "complete", "counts", "requests", "failures")
    return {**{name: getattr(manifest, name) for name in names}, "stopped": manifest.config.get("stopped")}


def _told(who: str, manifest: Any) -> str:
    """One sentence about a run, and its first failures."""
    counts = manifest.counts
    text = f"{who}: {counts['cards']:,} cards, {counts['values']:,} values"
    if "prompt_tokens" in counts:
        text += (
            f", {counts['rejected']:,} answers that no card bears out; {counts['prompt_tokens']:,} tokens asked, "
            f"{counts['completion_tokens']:,} answered"
        )
        if stopped := manifest.config.get("stopped"):
            text += f"; stopped at the {stopped}"
    if counts.get("unread"):
        text += f", {counts['unread']:,} cards that could not be read"
    lines = [f"{text}; run {manifest.run_id}."]
    lines += [f"  missing: {failure['key']}: {failure['reason']}" for failure in manifest.failures[:10]]
    more = len(manifest.failures) - 10
    return "\n".join([*lines, f"  and {more:,} more; see the manifest."] if more > 0 else lines)


def _code(*manifests: Any) -> int:
    from hubcensus.cli import FINE, PARTIAL

    lost = any(run is not None and (run.state == "partial" or run.counts.get("unread")) for run in manifests)
    return PARTIAL if lost else FINE
