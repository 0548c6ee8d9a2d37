"""Which licence a text is: for the licence files of model repositories, and for those of code.

``decode`` turns the bytes of a licence file into plain JSON. It opens nothing, fetches nothing and never raises; what
it cannot identify it says so. Every text comes from a stranger, so all that can grow is bounded.

Four things are tried, the surest first. *Tags*: ``SPDX-License-Identifier`` lines. *Texts*: the file is the text of a
licence of choosealicense.com, as the library ``identify`` compares them (at most 5 % of the letters differ). *Parts*:
most runs of five words of such a text are in the file, which finds altered licences, and several in one file.
*Titles*: the first lines name a licence, and further down stand words that its text has; that is how licences made
for models are known, which no list of licence texts has. A file of a few lines may only *name* a licence.

``VERSION`` changes whenever the output for some text changes; it travels with every record.

    {"path", "title",          the first line, inert, at most 200 characters
     "form",                   text, empty, binary or page (HTML)
     "licences": [{"licence", "score", "evidence"}],   evidence: tag, text, altered, title, policy, name
     "characters", "cut", "truncated"}
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

from crawler.licence_titles import CLAUSES, NAMES, POLICIES, TITLES

VERSION = "licence-text/1"

#: A licence is no longer than this; comparing texts costs with the square of their length.
MAX_TEXT = 128 << 10
MAX_LICENCES = 8
# Where a title stands: preambles and copyright lines may come first.
_HEAD = 1_500
# A file this short cannot hold a licence of models; it may name one.
_SHORT = 700
_RUN = 5
# Of the runs of a licence's words, so many must be in a file that holds it with changes.
_ALTERED = 0.86
_EDITED = 0.05

_TAG = re.compile(r"SPDX-License-Identifier:[ \t]{0,20}([\w.+()\- ]{1,200}?)[ \t]{0,20}(?:\*/|-->|$)", re.MULTILINE)
_MARK = re.compile(r"<[^<>]{0,300}>")
_PAGE = re.compile(r"\s{0,100}(?:<!doctype html|<html|<head|<body)", re.IGNORECASE)
_WORD = re.compile(r"[^\W_]+")
_LIMIT = re.compile(
    r"(?:for|to) (?:any )?non-?commercial (?:use|purposes?|research)|use non-?commercially"
    r"|not (?:be )?(?:used|permitted) for commercial|(?:research|academic|educational)(?: use| purposes?)? only"
)
# The heading of the part of a file that is about the weights.
_WEIGHTS = re.compile(
    r"^[^\w\n]{0,8}(?:licen[cs]e (?:of|for) (?:the )?)?(?:model|weights?|checkpoints?)(?: weights?)?(?: licen[cs]e)?"
    r"[^\w\n]{0,8}$",
    re.IGNORECASE | re.MULTILINE,
)
_SPACE = re.compile(r"\s+")
_COPYRIGHT = re.compile(r"^\s{0,20}copyright\b[^\n]{0,300}$", re.MULTILINE | re.IGNORECASE)

# Licences of which others were made with few changes: what their own first line says.
_OWN = {"EPL-1.0": "eclipse", "OSL-3.0": "open software licen[cs]e", "AFL-3.0": "academic", "EUPL-1.1": "1\\.1|union"}

#: Names of licence files at the top of a repository, for Python and for RE2 (DuckDB).
NAME = (
    r"^(?:[\w +-]{0,60}[-_ ])?(?:un)?licen[cs]e(?:[-_ ](?:[\w +-]|\.\d){0,60})?(?:\.(?:md|txt|rst))?$"
    r"|^copying(?:[-_. ]lesser)?(?:\.(?:md|txt|rst))?$|^notice(?:\.(?:md|txt))?$"
    r"|^(?:[\w +-]{0,40}[-_ ])?(?:use|usage)[-_ ]policy(?:\.(?:md|txt))?$"
)
_NAME = re.compile(NAME, re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Found:
    """A licence that a text is, holds or names: ``score`` from 0 to 1, ``evidence`` as in the module's docstring."""

    licence: str
    score: float
    evidence: str


def is_licence_file(path: str) -> bool:
    """Whether the name of a file at the top of a repository says licence, notice or use policy."""
    return len(path) <= 150 and _NAME.search(path) is not None


def order(path: str) -> tuple[bool, int, str]:
    """Sorts licence files: plain names before long ones, notices and policies last."""
    return bool(re.search(r"notice|polic", path, re.IGNORECASE)), len(path), path


def decode(body: bytes, path: str = "", *, truncated: bool = False) -> dict[str, Any]:
    """Describe the licence file whose bytes are ``body``."""
    whole, form = _read(body)
    text = whole[:MAX_TEXT]
    found = identify(text) if form in ("text", "page") else []
    if path.lower().startswith("notice"):
        # A notice tells whose parts are inside, under whatever terms.
        found = [Found(one.licence, round(one.score * 0.7, 3), one.evidence) for one in found]
    return {
        "path": path,
        "title": title(text) if form != "binary" else "",
        "form": form,
        "licences": [asdict(one) for one in found[:MAX_LICENCES]],
        "characters": len(whole),
        "cut": len(text) < len(whole),
        "truncated": truncated,
    }


def _read(body: bytes) -> tuple[str, str]:
    """The text of a body and its form; mark-up is taken out of a page."""
    if body.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = body.decode("utf-16", "replace")
    else:
        text = body.decode("utf-8", "replace")
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    head = text[:4096]
    odd = sum(char == "\N{REPLACEMENT CHARACTER}" or (char < " " and char not in "\n\t\f") for char in head)
    if odd * 20 > len(head):
        return text, "binary"
    text = (
        "".join(char for char in text[: 2 * MAX_TEXT] if char in "\n\t" or unicodedata.category(char)[0] != "C")
        + (text[2 * MAX_TEXT :])
    )
    if not text.strip():
        return text, "empty"
    if _PAGE.match(text):
        return _MARK.sub(" ", text[: 2 * MAX_TEXT]), "page"
    return text, "text"


def title(text: str) -> str:
    """The first line with a word in it, without what cannot be seen."""
    for line in text[:20_000].splitlines():
        seen = "".join(char for char in line[:1000] if unicodedata.category(char)[0] != "C")
        if _WORD.search(seen):
            return _SPACE.sub(" ", seen).strip(" #*=-\t")[:200]
    return ""


def identify(text: str) -> list[Found]:
    """The licences of a text, that of the model first; none where nobody knows it.

    Where a file has a part of its own for the weights, what stands outside it counts little: it is for the code.
    """
    split = _WEIGHTS.search(text)
    if split is None or len(text) - split.end() < _SHORT:
        return _identify(text)
    weights = _identify(text[split.end() :])
    if not weights and _LIMIT.search(_folded(text[split.end() :])):
        weights = [Found("LicenseRef-NonCommercial", 0.7, "title")]
    beside = _identify(text[: split.start()])
    return [*weights, *(Found(one.licence, round(one.score * 0.4, 3), one.evidence) for one in beside)]


def _identify(text: str) -> list[Found]:
    tags = list(tagged(text))
    if tags:
        return [Found(tag, 1.0, "tag") for tag in tags]
    same = nearest(text)
    if same is not None:
        whole = Found(spdx(same[0]), same[1], "text")
        return [*_limits([whole], text), whole]
    named = titled(text)
    named = named and _restricted(named, text)
    if named is not None and named.licence.startswith("LicenseRef-"):
        return [named]
    parts = [_restricted(part, text) for part in altered(text)]
    if named is not None and named.score >= 0.8 and named.licence not in [part.licence for part in parts]:
        # What a title says of its own licence goes before likeness: licences borrow paragraphs of one another.
        parts = [named, *(part for part in parts if part.licence[:3] != named.licence[:3])]
    if parts or named is not None:
        return [*_limits(parts, text), *parts] or [named] if named else [*_limits(parts, text), *parts]
    return [*_policies(text), *_mentioned(text)][:1]


def _restricted(found: Found, text: str) -> Found:
    """The right one of the Creative Commons licences, which differ by few words."""
    if not found.licence.startswith("CC-BY") or "-N" in found.licence:
        return found
    return Found(_cc(found.licence, text), found.score, found.evidence)


def _cc(licence: str, text: str) -> str:
    """``CC-BY-4.0`` or ``CC-BY-SA-4.0`` with what else a text asks for: the library has these two only."""
    folded = _folded(text)
    share = "-SA" if folded.count("sharealike") + folded.count("adapter's license") >= 2 else ""
    closed = (
        "-ND"
        if folded.count("noderivatives") >= 2 or "not have permission under this public license to share" in folded
        else ""
    )
    purpose = "-NC" if folded.count("noncommercial") >= 3 else ""
    return f"CC-BY{purpose}{closed or share}-{licence.rpartition('-')[2]}"


def _limits(parts: list[Found], text: str) -> list[Found]:
    """A limit to some purposes that somebody wrote into a licence that has none."""
    if not parts or any("-NC" in part.licence or part.evidence == "title" or part.score == 1 for part in parts):
        return []
    limited = _LIMIT.search(_folded(text))
    return [Found("LicenseRef-NonCommercial", 0.7, "altered")] if limited else []


def tagged(text: str) -> Iterator[str]:
    """The ``SPDX-License-Identifier`` tags of a text as written, once each."""
    yield from dict.fromkeys(_TAG.findall(text[:MAX_TEXT]))


def like(text: str) -> str | None:
    """The licence of choosealicense.com whose text this is, by its id as there (``GPL-3.0``)."""
    found = nearest(text)
    return found and found[0]


def nearest(text: str) -> tuple[str, float] | None:
    """The licence whose text this is but for 5 % of its letters, and the share of letters that are the same."""
    import ukkonen
    from identify.identify import _norm_license

    if len(text) > MAX_TEXT:
        return None
    bare = _norm_license(text)
    allowed = math.ceil(_EDITED * len(bare))
    best, least = None, allowed
    for licence, known in _texts():
        if bare == known:
            return licence, 1.0
        if abs(len(bare) - len(known)) <= _EDITED * len(bare):
            distance = ukkonen.distance(bare, known, allowed)
            if distance < least:
                best, least = licence, distance
    return None if best is None or _other_title(best, text) else (best, round(1 - least / len(bare), 3))


def _other_title(licence: str, text: str) -> bool:
    """Whether a text that is nearly that of ``licence`` is of another name: CC-BY-NC is within 5 % of CC-BY."""
    if licence.startswith("CC-BY"):
        return _cc(licence, text) != licence
    opening = title(text).lower()
    version = re.search(r"\d\.\d", opening)
    own = re.search(r"\d\.\d", licence)
    return bool(version and own and version[0] != own[0]) or bool(
        re.search(r"licen[cs]e", opening) and licence in _OWN and not re.search(_OWN[licence], opening)
    )


def library() -> list[str]:
    """The ids of the texts that whole files are compared with, as in choosealicense.com."""
    return [licence for licence, _ in _texts()]


@cache
def _texts() -> tuple[tuple[str, str], ...]:
    """The texts that ``identify`` carries, in its normal form."""
    from identify.identify import _norm_license
    from identify.vendor.licenses import LICENSES

    return tuple((licence, _norm_license(text)) for licence, text in LICENSES)


def altered(text: str) -> list[Found]:
    """Licences of which most is in a text, each from what the ones before have not explained."""
    runs = _runs(text)
    found: list[Found] = []
    while runs and len(found) < MAX_LICENCES:
        shares = [
            (len(known & runs) / len(known), len(known & runs), licence)
            for licence, known in _known()
            if known & runs
        ]
        likely = [(inside, share, licence) for share, inside, licence in shares if share >= _ALTERED]
        if not likely:
            return found
        _, share, licence = max(likely)
        found.append(Found(spdx(licence), round(share * 0.97, 3), "altered"))
        # What is a part of a licence that was found is no licence beside it.
        runs = runs - dict(_known())[licence]
    return found


@cache
def _known() -> tuple[tuple[str, frozenset[int]], ...]:
    # Three texts are too short to be told from a sentence in another licence.
    return tuple((licence, runs) for licence, text in _texts() if len(runs := _runs(text)) >= 60)


def _runs(text: str) -> frozenset[int]:
    """Hashes of every run of five words; copyright lines differ from copy to copy."""
    words = _WORD.findall(_COPYRIGHT.sub(" ", text[:MAX_TEXT]).lower())
    return frozenset(hash(tuple(words[start : start + _RUN])) for start in range(len(words) - _RUN + 1))


def titled(text: str) -> Found | None:
    """The licence that the first lines name, if words of its text stand further down."""
    folded = _folded(text)
    head = folded[:_HEAD]
    # The title that stands first is the file's own: a later one may be of a part.
    hits = [(match.start(), order, match.end(), licence) for order, (licence, pattern) in enumerate(TITLES)
            if (match := pattern.search(head))]  # fmt: skip
    if not hits:
        return None
    first = min(hits)[0]
    start, _, end, licence = min((hit for hit in hits if hit[0] <= first + 30), key=lambda hit: hit[1])
    words = next(words for stem, words in CLAUSES if stem in licence)
    present = sum(word in folded[end:] for word in words)
    if len(folded) < _SHORT or not present:
        return None
    return Found(
        licence,
        round(0.6 + 0.25 * present / len(words) + (0.14 if start < 120 else 0.05 if start < 400 else 0), 3),
        "title",
    )


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text[:MAX_TEXT]).lower()
    return _SPACE.sub(" ", re.sub(r"[\u2010-\u2015]", "-", re.sub(r"[*_#=“”\"'`]+", " ", plain)))


def _policies(text: str) -> Iterator[Found]:
    head = _folded(text)[:600]
    yield from (Found(licence, 0.7, "policy") for licence, pattern in POLICIES if pattern.search(head))


def _mentioned(text: str) -> Iterator[Found]:
    """A short text that names one licence and no other."""
    folded = _folded(text).strip()
    if not folded or len(folded) > _SHORT:
        return
    titles = (*TITLES, *NAMES)
    hits = {match.span(): licence for licence, pattern in reversed(titles) if (match := pattern.search(folded))}
    outer = [span for span in hits if not any(o != span and o[0] <= span[0] and span[1] <= o[1] for o in hits)]
    licences = {hits[span] for span in outer}
    if len(licences) == 1:
        yield Found(licences.pop(), 0.85 if len(folded) <= 60 else 0.7, "name")


def spdx(licence: str) -> str:
    """Today's spelling of an id: a text alone does not say "or later"."""
    return f"{licence}-only" if re.fullmatch(r"(?:A|L)?GPL-\d\.\d", licence) else licence
