"""Licences that the prose of a card states: in labels, under headings, in sentences, badges and links.

A pure reading of text, line by line, in bounded time. What a line says of code or of data is kept apart from what it
says of the model: ``how`` names the form, ``confidence`` is how often that form gave the licence of the front matter on
cards that have one (``docs/licence-evidence.md``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from warehouse.licence_names import named, of_badge, of_link, plain
from warehouse.licences import understand

MAX_TEXT = 400_000
MAX_MENTIONS = 24
_LINE = 1_500
_SECTION = 900
# A sentence with so many licences lists those of the training data.
_LISTING = 4

_FRONT = re.compile(r"\A\s{0,40}---[ \t]*\r?\n.*?^---[ \t]*\r?$", re.DOTALL | re.MULTILINE)
_WORD = re.compile(r"licen[cs]|licesed|lizenz|licenza|licencia|许可|協議|协议|ライセンス|라이선스", re.IGNORECASE)
_HEADING = re.compile(r"\s{0,3}#{1,6}\s|\s{0,3}<h[1-6]\b|\s{0,3}\*\*[^*]{3,60}\*\*:?\s*$", re.IGNORECASE)
_LABEL = re.compile(
    r"\W{0,16}(?:(?:model|weights?)(?:'s)? )?(?:licen[cs]es?|lizenz|许可证?|ライセンス)(?:\(s\)| ?\(?nlp\)?| information| type)?\W{0,8}[:：|]\W{0,12}(?P<value>\w.{0,300})",
    re.IGNORECASE,
)
_GRANT = re.compile(
    r"licen[cs]|licesed|released|distributed|available|published|covered|governed|provided|open-?sourced|inherit|subject to|under|许可|协议|ライセンス"
)
_URL = re.compile(r"(?:https?:)?//[^\s)\"'<>\]]{4,400}|\[[^\]\n]{0,200}\]\((?P<target>[^)\s]{3,400})\)")
_ADDRESS = re.compile(r"https?://[^\s)\"'<>\]]{4,400}")
_CLAUSE = re.compile(
    r"(?<=[a-z0-9)])[.;!?](?=\s|$)|,? (?:while|whereas|but|and (?:the|its|all|our|model)|the use of|, the) |；|，|。|、而"
)
_MODEL = re.compile(
    r"\bmodels?\b|\bweights?\b|\bcheckpoints?\b|\bthis (?:work|project)\b|模型|权重|モデル|parameters"
)
_BESIDE = re.compile(
    r"\bcode\b|codebase|\bdata ?sets?\b|\bdata\b|corpus|corpora|\blibrary\b|\brepo(?:sitory)?\b|\bimages?\b|\bsoftware\b|annotations?|\btext\b"
    r"|wikipedia|tokenizer|articles?|\bpaper\b|代码|コード|\bscripts?\b|\bdemo\b|toolkit|framework|\boriginal\b|\bbase model\b|backbone|based on|built on"
)
_NOT = re.compile(r"\b(?:not|never|isn't|no longer|unlike|previously|formerly|instead of)\b[^.]{0,30}$")
_NONCOMMERCIAL = re.compile(
    r"non-?commercial (?:use|purposes?|research|scientific)|not (?:be used )?for commercial|research(?: use| purposes?)? only|only for (?:academic|research)"
)
_PLACEHOLDER = re.compile(r"more information needed|\bn/a\b|\bunknown\b|not (?:stated|specified)|\btbd\b|\bnone\b")

#: How surely a form of prose gives the licence of the model; the second number holds where it speaks of code or data.
CONFIDENCE = {
    "label": (0.95, 0.4),
    "section": (0.85, 0.4),
    "sentence": (0.85, 0.3),
    "badge": (0.8, 0.4),
    "link": (0.55, 0.2),
    "limit": (0.3, 0.3),
}


@dataclass(frozen=True, slots=True)
class Mention:
    """A licence that a line of a card states; ``line`` counts from 1, front matter included."""

    how: str
    raw: str
    licence: str
    confidence: float
    line: int


def mentions(card: str) -> list[Mention]:
    """The licences that a card's prose states, in the order of lines, once per form and licence."""
    text = card[:MAX_TEXT]
    front = _FRONT.match(text)
    skipped = text.count("\n", 0, front.end()) if front else 0
    lines = text.split("\n")
    found: dict[tuple[str, str, float], Mention] = {}
    for mention in _read(lines, skipped + 1 if front else 0):
        found.setdefault((mention.how, mention.licence, mention.confidence), mention)
        if len(found) >= MAX_MENTIONS:
            break
    return list(found.values())


def _read(lines: list[str], start: int) -> Iterator[Mention]:
    fenced = False
    section = 0
    for number in range(start, len(lines)):
        line = lines[number][:_LINE]
        if line.lstrip().startswith(("```", "~~~")):
            fenced = not fenced
            continue
        if fenced or not line.strip():
            continue
        if _HEADING.match(line):
            section = _SECTION if _WORD.search(line) else 0
        elif section > 0:
            section -= len(line)
            yield from _under_heading(line, number + 1)
            continue
        if _WORD.search(line) or "creativecommons.org" in line or "shields.io" in line:
            yield from _line(line, number + 1)


def _under_heading(line: str, number: int) -> Iterator[Mention]:
    """A line of the section about the licence: short ones may be no more than a word."""
    text = plain(_ADDRESS.sub(" ", line))
    if _PLACEHOLDER.search(text) and len(text) < 60:
        return
    hits = list(_clauses(text, "section", number, bare=len(text) <= 80))
    yield from hits
    if not hits and 2 <= len(text) <= 40 and (licence := _understood(text)):
        yield Mention("section", text, licence, CONFIDENCE["section"][0], number)
    yield from _links(line, number, CONFIDENCE["section"][0] if not hits else None)


def _line(line: str, number: int) -> Iterator[Mention]:
    label = _LABEL.match(line)
    if label:
        value = plain(_ADDRESS.sub(" ", label["value"]))
        if _PLACEHOLDER.search(value) and len(value) < 40:
            return
        hits = list(_clauses(value, "label", number, bare=len(value) <= 120))
        yield from hits
        if not hits and len(value) <= 40 and (licence := _understood(value)):
            yield Mention("label", value, licence, CONFIDENCE["label"][0], number)
        yield from _links(line, number, CONFIDENCE["label"][0] if not hits else None)
        return
    for badge, licence in of_badge(line):
        yield Mention("badge", badge, licence, CONFIDENCE["badge"][0], number)
    text = plain(_ADDRESS.sub(" ", line))
    if _WORD.search(text):
        yield from _clauses(text, "sentence", number, bare=False)
    yield from _links(line, number, None)


def _clauses(text: str, how: str, number: int, *, bare: bool) -> Iterator[Mention]:
    """The licences of a text, each judged by the clause that it stands in."""
    hits = sorted(named(text, bare=bare))
    if how == "sentence" and len({licence for _, _, licence in hits}) >= _LISTING:
        return
    breaks = [match.end() for match in _CLAUSE.finditer(text)]
    for start, end, licence in hits:
        begin = max((at for at in breaks if at <= start), default=0)
        clause = text[begin:start]
        if _NOT.search(clause) or (how == "sentence" and not _GRANT.search(text[begin : end + 40])):
            continue
        if licence == "LicenseRef-CC" and how == "sentence":
            continue
        beside = _aside(clause)
        yield Mention(how, text[begin:end][-300:].strip(), licence, CONFIDENCE[how][beside], number)
    limit = _NONCOMMERCIAL.search(text)
    if limit and not hits:
        yield Mention(
            "limit",
            text[max(0, limit.start() - 80) : limit.end()],
            "LicenseRef-NonCommercial",
            CONFIDENCE["limit"][0],
            number,
        )


def _aside(clause: str) -> bool:
    """Whether a clause speaks of code, of data or of another model, and of no model of its own."""
    said = _BESIDE.findall(clause)
    if "subject to" in clause and _MODEL.search(clause):
        return False
    return bool(said) and ("backbone" in said or "based on" in said or not _MODEL.search(clause))


def _links(line: str, number: int, confidence: float | None) -> Iterator[Mention]:
    for match in _URL.finditer(line):
        link = match["target"] or match[0]
        licence, sure = of_link(link)
        if licence:
            beside = bool(_BESIDE.search(plain(line[: match.start()])[-120:])) and not _MODEL.search(plain(line))
            likely = confidence or CONFIDENCE["link"][beside]
            yield Mention("link", link[:300], licence, round(min(likely, sure), 2), number)


def _understood(text: str) -> str | None:
    """The licence of a word that our tables know."""
    licence, _, _, source = understand(text.strip(" .()[]"))
    return None if source == "none" or licence in ("LicenseRef-unknown", "LicenseRef-other") else licence
