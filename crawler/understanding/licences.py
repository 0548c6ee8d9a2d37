"""Licences in prose: ``License: MIT``, ``released under the Apache 2.0 licence``, links and badges."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.understanding._base import Value
from crawler.understanding._document import Document, words_around

_NAMES = re.compile(
    r"(?P<apache>\bapache(?:[ -]?(?:software )?licen[cs]e)?(?:[,]? ?(?:version|v\.?)? "
    r"?-?(?P<apachev>[12](?:\.\d)?))?)"
    r"|(?P<mit>\bMIT\b(?!-|/| media| csail| press| lab))"
    r"|\b(?P<cc0>CC[- ]?0(?:[- ]1\.0)?)\b"
    r"|\bcc[ -]by(?P<cc>(?:[ -](?:nc|sa|nd)){0,2})(?:[ -]v?(?P<ccv>\d\.\d))?\b"
    r"|creative ?commons attribution(?P<words>(?:[ -]{1,3}(?:non[ -]?commercial|share[ -]?alike|no[ "
    r"-]?deriv(?:ative)?s))"
    r"{0,2})(?: ?(?:international)? ?(?P<wordsv>\d\.\d))?"
    r"|\b(?P<rail>(?:creativeml|bigscience|bigcode|cogvlm|stable[ -]?diffusion)?[ -]?(?:bloom[ -])?open[ "
    r"-]?rail(?:\+\+)?"
    r"(?:[ -+]m)?)(?![a-z])|(?P<bloom>bigscience[ -](?:bloom[ -])?rail(?:[ -]1\.0)?)"
    r"|\b(?P<gnu>[AL]?GPL)[ -]?(?:v|version )?(?P<gnuv>[23])?(?:\.0)?"
    r"|gnu (?P<gnuw>affero |lesser )?general public licen[cs]e(?:,? ?(?:v|version ?)?(?P<gnuwv>[23]))?"
    r"|\b(?P<bsd>bsd[ -]?(?P<bsdn>[23])?|(?P<bsdm>[23])[ -]clause bsd)\b"
    r"|\bllama[ -]?(?P<llama>[23](?:\.[0-9])?)?[ -](?:community|license|licence)"
    r"|\b(?P<gemma>gemma)(?: terms| license| licence|\b)"
    r"|\b(?P<mpl>mpl[ -]?2(?:\.0)?|mozilla public licen[cs]e)|\b(?P<afl>afl[ -]?3(?:\.0)?|academic free licen[cs]e)"
    r"|\b(?P<odc>odc[ -]by)|\b(?P<unlicense>unlicense)\b|\b(?P<wtfpl>wtfpl)\b|\b(?P<isc>isc) licen[cs]e",
    re.IGNORECASE,
)
_CONTEXT = re.compile(
    r"licen[cs](?:e|ed|ing)\b|(?:released|distributed|available|published|provided|shared|open[ -]?sourced) under",
    re.IGNORECASE,
)
_FIRST = [
    "license", "licence", "licensed", "licenced", "licensing", "licencing", "released", "distributed", "available",
    "published", "provided", "shared", "open", "opensourced",
]  # fmt: skip
_DATA = re.compile(
    r"\b(?:data(?:set)?s?|corpus|corpora|code|paper|images?|tokenizer|dependenc\w{1,5}|original|upstream|library)\b"
    r"[^.]{0,60}$|(?:inherits?|differs?)\b[^.]{0,40}$"
)
_CODE = re.compile(r"\bcode (?:repository )?(?:is|are)\b")
_SUBJECT = re.compile(r"\b(?:models?|weights|checkpoints?|this (?:repo|work|project)|adapters?)\b")
_ADDRESS = re.compile(
    r"(?P<apache>apache\.org/licenses/LICENSE-2)|opensource\.org/licen[sc]es?/(?P<osi>mit|bsd-3-clause"
    r"|bsd-2-clause|apache-2\.0|isc)"
    r"|creativecommons\.org/(?:licenses/(?P<cc>by(?:-(?:nc|sa|nd)){0,2})/(?P<v>\d\.\d)|publicdomain/(?P<zero>zero)/)"
    r"|gnu\.org/licenses/(?P<gnu>[al]?gpl)-(?P<gnuv>[23])"
    r"|huggingface\.co/spaces/(?P<rail>CompVis)/stable-diffusion-license"
    r"|huggingface\.co/spaces/bigscience/(?P<bloom>license)|choosealicense\.com/licenses/(?P<choose>[a-z0-9.-]{2,20})"
    r"|img\.shields\.io/badge/(?:[a-z_%0-9]{0,12}licen[sc]e|licen[sc]e)[^-]{0,20}-(?P<badge>[A-Za-z0-9._%+]{2,40})",
    re.IGNORECASE,
)
_FILLER = re.compile(r"\b(?:more information needed|unknown|n/?a|other|tbd|\[)", re.IGNORECASE)


def find(document: Document) -> Iterator[Value]:
    """Licences by their words near "licence", in a section of that name, and by address."""
    for label in document.labels:
        if label.key in (
            "license",
            "licence",
            "licenses",
            "model license",
            "weights license",
            "license(s)",
            "licensing",
        ):
            named = _named(label.value[:200])
            if named and not _FILLER.match(label.value):
                yield document.of(label, "licence", named[0][0], "licence.label", 0.93)
            elif re.fullmatch(r"[a-z][a-z0-9.+-]{1,30}-?\d(?:\.\d)?(?:-[a-z]{1,9})?", label.value):
                yield document.of(label, "licence", label.value.lower(), "licence.label", 0.9)
    yield from _near(document)
    yield from _sections(document)
    yield from _addresses(document)


def _near(document: Document) -> Iterator[Value]:
    """A licence's name within the words around "licensed", "released under" and the like."""
    seen: set[int] = set()
    for context in document.matches(_CONTEXT, _FIRST, 60):
        first, last = document.block(context.start())
        start, end = max(first, context.start() - 60), min(last, context.end() + 120)
        named = _named(document.plain[start:end])
        several = len({name for name, _, _ in named}) > 2
        for name, begin, stop in named[:2]:
            if start + begin in seen:
                continue
            seen.add(start + begin)
            before = document.lower[max(first, context.start() - 90) : context.start()]
            other = several or (bool(_DATA.search(before)) and not _SUBJECT.search(before[-60:]))
            rule, confidence = ("licence.of_other", 0.35) if other else ("licence.sentence", 0.88)
            yield document.value("licence", name, start + begin, start + stop, rule, confidence)


def _sections(document: Document) -> Iterator[Value]:
    """The first licence named under a heading about the licence."""
    for section in document.sections:
        if section.titles and re.search(r"licen[cs]", section.titles[0]):
            named = _named(document.plain[section.body : min(section.end, section.body + 400)])
            for name, begin, end in named[:1] if not _of_code(document, section.body, named) else named[1:2]:
                yield document.value(
                    "licence", name, section.body + begin, section.body + end, "licence.section", 0.9
                )


def _of_code(document: Document, start: int, named: list[tuple[str, int, int]]) -> bool:
    """Whether the first licence named after a place is that of code or data: "this code repository is under MIT"."""
    before = document.lower[start : start + named[0][1]][-90:] if named else ""
    return bool(_DATA.search(before) or _CODE.search(before)) and not _SUBJECT.search(before[-60:])


def _addresses(document: Document) -> Iterator[Value]:
    for link in document.links[:500]:
        match = _ADDRESS.search(link.url[:300])
        name = _of_address(match) if match else None
        if name:
            around = words_around(document, link.at, link.at, 80)
            rule, confidence = ("licence.link", 0.85) if "licen" in around or link.image else ("licence.address", 0.7)
            yield document.at("licence", name, link.start, link.end, rule, confidence, "link")


def _of_address(match: re.Match[str]) -> str | None:
    if match["apache"]:
        return "apache-2.0"
    if match["cc"]:
        return f"cc-{match['cc'].lower()}-{match['v']}"
    if match["gnu"]:
        return f"{match['gnu'].lower()}-{match['gnuv']}.0"
    if match["zero"]:
        return "cc0-1.0"
    if match["rail"]:
        return "creativeml-openrail-m"
    if match["bloom"]:
        return "bigscience-bloom-rail-1.0"
    if match["badge"]:
        named = _named(match["badge"].replace("%20", " ").replace("_", " "))
        return named[0][0] if named else None
    return (match["osi"] or match["choose"] or "").lower() or None


def _named(text: str) -> list[tuple[str, int, int]]:
    """(key, begin, end) of the licences that a short text names."""
    found = []
    for match in _NAMES.finditer(text):
        key = _key(match)
        if key:
            found.append((key, match.start(), match.end()))
    return found


def _key(match: re.Match[str]) -> str | None:
    """The Hub's key for a licence's name."""
    said = {name: text.lower() for name, text in match.groupdict().items() if text is not None}
    for name, key in _FIXED.items():
        if name in said:
            return key
    if "apache" in said:
        return "apache-1.1" if said.get("apachev", "2").startswith("1") else "apache-2.0"
    if "gnu" in said:
        return f"{said['gnu']}-{said['gnuv']}.0" if "gnuv" in said else said["gnu"]
    if "gnuw" in said or match[0].lower().startswith("gnu"):
        letter = {"a": "agpl", "l": "lgpl"}.get(said.get("gnuw", " ")[0], "gpl")
        return f"{letter}-{said['gnuwv']}.0" if "gnuwv" in said else letter
    if "bsd" in said:
        clauses = said.get("bsdn") or said.get("bsdm")
        return f"bsd-{clauses}-clause" if clauses else "bsd"
    if "rail" in said:
        return _rail(said["rail"])
    if "llama" in said or match[0].lower().startswith("llama"):
        return f"llama{said['llama']}" if "llama" in said else None
    return _commons(said)


def _commons(said: dict[str, str]) -> str:
    parts = said.get("cc", "") + said.get("words", "")
    short = re.sub(r"[ -]", "", parts).replace("noncommercial", "nc").replace("sharealike", "sa")
    kinds = [
        kind for kind in ("nc", "sa", "nd") if kind in short.replace("noderivatives", "nd").replace("noderivs", "nd")
    ]
    return "-".join(["cc-by", *kinds, *filter(None, [said.get("ccv") or said.get("wordsv")])])


def _rail(words: str) -> str:
    plain = re.sub(r"[ -]", "", words)
    if "++" in plain:
        return "openrail++"
    for owner in ("bigscience", "bigcode"):
        if plain.startswith(owner):
            return f"{owner}-openrail-m"
    if plain.startswith(("creativeml", "stablediffusion")):
        return "creativeml-openrail-m"
    return "openrail"


_FIXED = {
    "mit": "mit", "cc0": "cc0-1.0", "bloom": "bigscience-bloom-rail-1.0", "gemma": "gemma", "mpl": "mpl-2.0",
    "afl": "afl-3.0", "odc": "odc-by", "unlicense": "unlicense", "wtfpl": "wtfpl", "isc": "isc",
}  # fmt: skip
