"""Limitations and intended uses: sections under such headings, and sentences elsewhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.understanding._base import Value
from crawler.understanding._document import Document, Section, sentence

MAX_WORDS = 2_000
_LIMITATION = re.compile(
    r"limitation|\bbias|\brisks?\b|caveat|ethic|out[- ]of[- ]scope|mis-?use|known issues?|\bwarning|\bsafety"
    r"|shortcoming|weakness|fairness|disclaimer|"
    r"malicious|content warning|harm|restrictions? (?:of|on) use|failure"
)
_USE = re.compile(
    r"\bintended|use[- ]cases?|^(?:🎯 |📌 )?(?:direct |downstream |primary |potential |recommended |model "
    r")?uses?$|direct use|downstream use|applications?\b|^purpose|primary use|what .{0,20}used? for"
    r"|suitable"
)
_NOT_USE = re.compile(r"out[- ]of[- ]scope|limitation|license|how to use")
_PLACEHOLDER = re.compile(r"more information needed|\[needs more|^n/?a\.?$|coming soon", re.IGNORECASE)
_LIMITED = re.compile(
    r"\blimitations?\b|not (?:suitable|intended|recommended|appropriate|meant|designed|advised) (?:for|to)"
    r"|should not be (?:used|relied|considered)|"
    r"(?:may|can|could|might|will|sometimes|tends? to) (?:\w{2,15} ){0,3}?(?:produce|generate|contain|exhibit"
    r"|reflect|output|have|be|hallucinate|reinforce|amplify|propagate)[^.\n]{0,80}"
    r"(?:bias|harmful|offensive|inaccura|incorrect|inappropriate|stereotyp|toxic|disturbing|hallucinat|wrong"
    r"|unreliable|factual)|"
    r"bias(?:ed)? (?:predictions?|and|in|from|towards|present)|nsfw bias|does not (?:achieve|work well|perform "
    r"well|generali[sz]e|render|support)|"
    r"will not work (?:as )?well|might not work well|performs? (?:worse|poorly|unevenly|badly)|struggles? "
    r"(?:with|to)|not (?:been )?(?:trained|tested|evaluated) (?:for|on|to)|"
    r"text longer than|no guarantee|prone to|lack(?:s)? (?:of )?(?:robust|the ability)|use (?:it )?at your own "
    r"risk|hallucinat",
    re.IGNORECASE,
)
_INTENDED = re.compile(
    r"\bintended (?:for|to be|use|to)\b|(?:can|could|may|should) be (?:used|applied|fine-tuned|employed) (?:for"
    r"|to|as|on)\b|\b(?:is|was|are) (?:designed|meant|suitable|built|useful|aimed|suited) (?:for|to)\b|"
    r"you can use (?:this|the|it)[^.\n]{0,60} (?:for|to)\b|mostly intended",
    re.IGNORECASE,
)


_LIMITED_FIRST = [
    "limitation", "limitations", "not", "should", "may", "can", "could", "might", "will", "sometimes", "tend",
    "tends", "bias", "biased", "nsfw", "does", "perform", "performs", "struggle", "struggles", "text", "no",
    "prone", "lack", "lacks", "use", "hallucinate", "hallucinates", "hallucination", "hallucinations",
]  # fmt: skip
_INTENDED_FIRST = ["intended", "can", "could", "may", "should", "is", "was", "are", "you", "mostly"]


def find(document: Document) -> Iterator[Value]:
    """The text that says what the model is for and where it fails."""
    limited, used = [], []
    for section in document.sections:
        if not _filled(document, section):
            continue
        own, parents = section.titles[0] if section.titles else "", " ".join(section.titles[1:3])
        if _LIMITATION.search(own) or _LIMITATION.search(parents):
            limited.append(section)
        if _USE.search(own) and not _NOT_USE.search(own):
            used.append(section)
    for field, sections in (("limitation", limited), ("intended_use", used)):
        for section in sections[:12]:
            own = (section.titles or ("",))[0]
            direct = bool((_LIMITATION if field == "limitation" else _USE).search(own))
            rule, sure = (f"{field}.section", 0.9) if direct else (f"{field}.subsection", 0.7)
            yield _of(document, field, section.body, section.end, rule, sure)
    yield from _sentences(document, "limitation", _LIMITED, _LIMITED_FIRST, limited)
    yield from _sentences(document, "intended_use", _INTENDED, _INTENDED_FIRST, used)
    for label in document.labels:
        field = "limitation" if re.fullmatch(r"(?:warning|limitations?|disclaimer|caveats?|known issues"
            r"|bias(?:es)?|note on bias|content warning)", label.key) else (
            "intended_use" if re.fullmatch(r"(?:intended use|use cases?|primary use|purpose|downstream task"
                r"|intended users?|applications?|direct use)(?:s|\(s\))?", label.key) else ""
        )  # fmt: skip
        if field and len(label.value) > 3 and not _PLACEHOLDER.search(label.value):
            yield document.of(label, field, label.value[:MAX_WORDS], f"{field}.label", 0.85)


def _filled(document: Document, section: Section) -> bool:
    """Whether a section says anything of its own."""
    text = document.plain[section.body : min(section.end, section.body + 400)].strip()
    return len(text) >= 15 and not (_PLACEHOLDER.search(text) and len(text) < 80) and not text.startswith("<!--")


def _of(document: Document, field: str, start: int, end: int, rule: str, sure: float) -> Value:
    text = document.plain[start:end]
    start += len(text) - len(text.lstrip())
    end = start + len(text.strip())
    return document.value(field, " ".join(text.split())[:MAX_WORDS], start, end, rule, sure, "prose")


def _sentences(
    document: Document, field: str, pattern: re.Pattern[str], first: list[str], sections: list[Section]
) -> Iterator[Value]:
    """Sentences outside the sections already taken."""
    last = -1
    for match in document.matches(pattern, first, 40):
        if any(section.start <= match.start() < section.end for section in sections):
            continue
        if document.kind(match.start()) == "heading":
            continue
        start, end = sentence(document, match.start(), match.end())
        if start == last or end - start < 20:
            continue
        last = start
        yield _of(document, field, start, end, f"{field}.sentence", 0.55 if sections else 0.65)
