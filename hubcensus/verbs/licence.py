"""Explain the licence of one model: what is declared, what its bases and data ask for, what has to be done."""

from __future__ import annotations

import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from hubcensus.cli import FINDING, FINE, Context
from hubcensus.options import json_option

if TYPE_CHECKING:
    from rich.tree import Tree

    from hubcensus.licensing import Reasoner, Ruling, Work

_DEEDS = {
    "use": "To use it",
    "output": "For what it produces",
    "derivative": "To fine-tune, merge or convert it and pass the result on",
    "redistribution": "To pass it on",
}
_SHOWN = 12


@click.command(epilog="Example: hubcensus licence meta-llama/Meta-Llama-3-8B --in apache-2.0")
@click.argument("model")
@click.option("--hub", metavar="HUB", help="The hub, where several have a model of this id.")
@click.option("--as-of", metavar="TIME", help="The state of the hubs at this moment.")
@click.option("--in", "within", metavar="LICENCE", help="Also: may it be shipped in a repository under this licence?")
@json_option
@click.pass_obj
def command(context: Context, model: str, hub: str | None, as_of: str | None, within: str | None) -> int:
    """Tell in words what is known about the licence of MODEL; renames are followed.

    Exit code 1 when something that a base, a data set or --in asks for cannot be kept. This is no legal advice.
    """
    from hubcensus.census import when
    from hubcensus.licensing import Reasoner
    from hubcensus.output import print_json
    from warehouse.reader import Reader

    with Reader(context.settings.warehouse, as_of=when(as_of)) as reader:
        document = _explain(Reasoner(reader), model, hub, within)
    if context.json:
        print_json({name: value for name, value in document.items() if name != "_work"})
    else:
        _print(document)
    return FINDING if document["findings"] else FINE


def _explain(reasoner: Reasoner, asked: str, hub: str | None, within: str | None) -> dict[str, Any]:
    from hubcensus.licensing import NOTE

    target = reasoner.word(within) if within else None
    found, name, key, url, removed, old = reasoner.find(asked, hub)
    work = reasoner.chain(found, name, key)
    document: dict[str, Any] = {
        "model": {"hub": found, "model_id": name, "url": url, "removed": removed, "asked_for": old or name},
        "licence": work.licence,
        "family": work.family,
        "stated_licences": work.licences,
        "evidence": _evidence(reasoner, key),
        "made_from": [_plain(above) for above in work.up],
        "to_do": _to_do(reasoner, work),
        "in": _within(reasoner, work, *target) if target else None,
        "_work": work,
    }
    document["findings"] = _findings(work, document["in"])
    document["unknown"] = _unknown(work)
    document["note"] = NOTE
    return document


def _evidence(reasoner: Reasoner, key: int) -> list[dict[str, Any]]:
    query = (
        "SELECT kind, raw, licence, confidence, place, detail FROM mart.licence_own WHERE model_key = $1 "
        "ORDER BY list_position(['tag', 'front matter', 'licence file', 'license_name', 'license_link'], kind) "
        "NULLS LAST, confidence DESC, raw LIMIT 100"
    )
    columns = ("kind", "raw", "licence", "confidence", "place", "detail")
    return [dict(zip(columns, row, strict=True)) for row in reasoner.reader.rows(query, [key])]


def _plain(work: Work) -> dict[str, Any]:
    said = asdict(work)
    said["made_from"] = [_plain(above) for above in work.up]
    for name in ("up", "key", "act", "known"):
        del said[name]
    return {**said, "in_the_census": work.known}


def _to_do(reasoner: Reasoner, work: Work) -> dict[str, list[dict[str, Any]]]:
    """The clauses of every licence in the chain, by what somebody wants to do; each with who brings it."""
    deeds: dict[str, list[dict[str, Any]]] = {deed: [] for deed in _DEEDS}
    sources: dict[str, list[str]] = {}
    terms: dict[str, list[dict[str, Any]]] = {}
    for each in work.everything():
        if each.licence and each.family and each.act != "train":
            sources.setdefault(each.licence, []).append(each.id)
            terms[each.licence] = reasoner.terms(each.licence, each.family)
    for licence, clauses in terms.items():
        for clause in clauses:
            for deed in deeds:
                if deed in clause["applies"] and clause["demand"] not in ("none", "output"):
                    row = {name: clause[name] for name in ("clause", "demand", "text", "certain", "version")}
                    deeds[deed].append({"licence": licence, **row, "from": sources[licence][:5]})
    return deeds


def _within(reasoner: Reasoner, work: Work, licence: str, family: str) -> dict[str, Any]:
    """Shipping the model in, or naming it from, a repository under a licence."""
    from hubcensus.licensing import Work

    repository = Work("repository", "", licence, family, licences=1)
    rulings = []
    for each in work.everything():
        if each.act != "train" and (each is work or each.licence):
            ships = reasoner.ruling("ship", each, repository)
            names = reasoner.rule("name", each.licence, None, "unlicensed") if each.family else None
            do = reasoner.words(ships.conditions)
            row = {"of": each.id, "licence": each.licence, "shipped": asdict(ships), "to_do": do}
            rulings.append({**row, "named_at_run_time": asdict(names) if names else None})
    return {"licence": licence, "family": family, "rulings": rulings}


def _findings(work: Work, within: dict[str, Any] | None) -> list[dict[str, Any]]:
    """What cannot be kept, or is visibly not kept."""
    found: list[dict[str, Any]] = []

    def look(below: Work) -> None:
        for above in below.up:
            for ruling, of in ((above.to_child, below), (above.to_model, work)):
                if ruling and ruling.verdict == "incompatible" and (of is below or below is not work):
                    what = f"{above.id} ({above.licence}) asks for what {of.id} ({of.licence}) does not keep"
                    found.append({"what": what, "clauses": ruling.clauses, "reason": ruling.reason})
            if above.naming == "lacks":
                what = f"{above.licence} of {above.id} wants Llama at the beginning of the name {work.id}"
                found.append({"what": what, "clauses": [f"{above.licence}#1.b.i (name)"], "reason": "naming clause"})
            look(above)

    look(work)
    for row in within["rulings"] if within else []:
        if row["shipped"]["verdict"] == "incompatible":
            what = f"{row['of']} ({row['licence']}) cannot be shipped under {within['licence'] if within else ''}"
            found.append({"what": what, "clauses": row["shipped"]["clauses"], "reason": row["shipped"]["reason"]})
    seen: set[str] = set()
    return [row for row in found if not (row["what"] in seen or seen.add(row["what"]))]  # type: ignore[func-returns-value]


def _unknown(work: Work) -> list[str]:
    lines = [] if work.licences else [f"{work.id} states no licence, so nothing is permitted by it"]
    if work.licences > 1:
        lines.append(f"{work.id} states several licences ({work.evidence}); which holds is not said")
    if work.licences and not work.family:
        lines.append(f"no table here understands the licence of {work.id} ({work.licence})")
    for above in work.everything()[1:]:
        if above.to_child and above.to_child.cause and not above.to_child.cause.startswith("downstream"):
            lines.append(f"{above.id}: {above.to_child.cause}")
    return list(dict.fromkeys(lines))


def _print(document: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.text import Text

    from hubcensus.output import inert

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else 100
    console = Console(file=sys.stdout, width=width, highlight=False, markup=False, emoji=False)

    def say(text: str, style: str = "", indent: int = 0) -> None:
        from rich.padding import Padding

        for line in text.split("\n"):
            console.print(Padding(Text(inert(line), style=style), (0, 0, 0, indent), expand=False) if line else "")

    model, work = document["model"], document["_work"]
    say(f"{model['model_id']} on {model['hub']}", "bold")
    if model["asked_for"] != model["model_id"]:
        say(f"(asked for as {model['asked_for']}; it has been renamed)", indent=2)
    if model["removed"]:
        say("(gone from its hub)", indent=2)
    say(f"Licence: {_called(work)}", indent=2)
    _print_evidence(document["evidence"], say)
    if work.up:
        say("\nMade from", "bold")
        console.print(_tree(work))
    _print_to_do(document["to_do"], say)
    if document["in"]:
        _print_within(document["in"], say)
    for title, key in (("Found", "findings"), ("Not known", "unknown")):
        if document[key]:
            say(f"\n{title}", "bold")
            for row in document[key][:_SHOWN]:
                say("- " + (row if isinstance(row, str) else f"{row['what']}: {_cited(row)}"), indent=2)
            _more(document[key], say)
    say("")
    say(document["note"])


def _called(work: Work) -> str:
    if not work.licences:
        return "none stated"
    family = f" ({work.family})" if work.family else " (not understood)"
    return f"{work.licence}{family}" + (f", one of {work.licences} stated" if work.licences > 1 else "")


def _print_evidence(evidence: list[dict[str, Any]], say: Any) -> None:
    say("\nWhat says so", "bold")
    for row in evidence[:_SHOWN]:
        where = f", {row['place']}" if row["place"] and row["place"] != row["kind"] else ""
        how = f", {row['detail']}" if row["detail"] else ""
        words = " ".join(str(row["raw"]).split())[:160]
        say(f'- {row["kind"]}{where}{how}: "{words}" -> {row["licence"] or "not understood"}', indent=2)
    if not evidence:
        say("- nothing that this census has read", indent=2)
    _more(evidence, say)


def _tree(work: Work) -> Tree:
    from rich.text import Text
    from rich.tree import Tree

    from hubcensus.output import inert

    def grow(tree: Tree, below: Work) -> None:
        for above in below.up[: 3 * _SHOWN]:
            lines = [f"{above.id} [{above.relation}]" + (" (told above)" if above.repeated else "")]
            lines.append(_called(above) if above.known else "not in the census")
            if above.known and above.licences:
                lines += _steps(above, direct=below is work)
            grow(tree.add(Text(inert("\n".join(lines)))), above)
        if len(below.up) > 3 * _SHOWN:
            tree.add(Text(f"... and {len(below.up) - 3 * _SHOWN} more; --json has them all"))

    root = Tree(Text(inert(work.id)))
    grow(root, work)
    return root


def _steps(above: Work, *, direct: bool) -> list[str]:
    """The verdicts of one base: towards what is made of it, and towards the model that was asked about."""
    lines = []
    if above.to_child:
        lines.append(f"-> {'the model' if direct else 'what is below it'}: {_verdict(above.to_child)}")
    if above.to_model and not direct:
        same = above.to_child and _verdict(above.to_child) == _verdict(above.to_model)
        lines[-1:] = (
            [f"-> what is below it, and the model: {_verdict(above.to_model)}"]
            if same
            else [*lines[-1:], f"-> the model: {_verdict(above.to_model)}"]
        )
    return lines


def _verdict(ruling: Ruling) -> str:
    if ruling.verdict == "unknown":
        return f"unknown, {ruling.cause}"
    words = ruling.verdict + (f" on {', '.join(ruling.conditions)}" if ruling.conditions else "")
    return words + (f"; {', '.join(ruling.clauses[:6])}" if ruling.clauses else "")


def _print_to_do(to_do: dict[str, list[dict[str, Any]]], say: Any) -> None:
    for deed, title in _DEEDS.items():
        rows = to_do[deed]
        say(f"\n{title}", "bold")
        for row in rows[: 2 * _SHOWN]:
            unsure = "" if row["certain"] == "section" else " (section not checked)"
            say(f"- {row['text']} [{row['clause']}{unsure}]", indent=2)
        if not rows:
            say("- no clause of a licence that is known here", indent=2)


def _print_within(within: dict[str, Any], say: Any) -> None:
    say(f"\nIn a repository under {within['licence']}", "bold")
    for row in within["rulings"][:_SHOWN]:
        shipped, named = row["shipped"], row["named_at_run_time"]
        cause = f", {shipped['cause']}" if shipped["cause"] else ""
        say(f"- {row['of']} ({row['licence'] or 'no licence stated'})", indent=2)
        say(f"shipped with it: {shipped['verdict']}{cause}{_because(shipped)}", indent=4)
        for line in row["to_do"]:
            say(f"to do: {line}", indent=4)
        if named:
            bound = f" on {', '.join(named['conditions'])}" if named["conditions"] else ""
            say(f"only named, and fetched at run time: {named['verdict']}{bound}", indent=4)
    _more(within["rulings"], say)


def _because(ruling: dict[str, Any]) -> str:
    return f" ({', '.join(ruling['clauses'][:6])})" if ruling["clauses"] else ""


def _cited(row: dict[str, Any]) -> str:
    return ", ".join(row["clauses"][:6]) + (f" ({row['reason']})" if row["reason"] else "")


def _more(rows: list[Any], say: Any) -> None:
    if len(rows) > _SHOWN:
        say(f"... and {len(rows) - _SHOWN} more; --json has them all", indent=2)
