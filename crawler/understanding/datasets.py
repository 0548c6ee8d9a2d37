"""Data sets a card names, and whether the model was trained or evaluated on them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawler.understanding._base import Value
from crawler.understanding._document import Document, Label, Table, words_around
from crawler.understanding._names import hub_id, link_at, name_at
from crawler.understanding._vocabulary import Mention, aliases

_TRAIN = re.compile(
    r"\b(?:pre-?|re-?)?train|fine-?\s?tun|\bpretrain|\bdistill|\blearn(?:ed|t)\b|instruction|sft|dpo|adapted"
)
_EVAL = re.compile(r"\beval|\btest|\bbenchmark|\bvalidat|achiev|perform|\bscore|\bresult|accuracy|\bmetric")
_LEAD = re.compile(
    r"(?P<train>(?:pre-?|re-?|further )?train(?:ed|ing)?|fine[- ]?tun(?:ed|ing|e)|distill?ed)"
    r"(?: \w{2,20}){0,4}? (?:on|using|with|over|upon|from)(?: \w{2,20}){0,3}? (?=[A-Z0-9]|\w{1,40}[-_/]\w|the "
    r"|\w{2,40} (?:data|corp))"
    r"|(?P<eval>evaluat(?:ed|ion)|tested|benchmarked|results|performance|scores?)(?: \w{2,20}){0,2}? (?:on"
    r"|over)(?: the)? (?=[A-Z0-9]|\w{1,40}[-_/]\w)"
    r"|(?P<trainer>(?:version of|from) [^\n]{2,160}? on (?:the |an? ))",
)
_SAID = re.compile(r"[^\n.]{0,40}\bdata ?sets?\b", re.IGNORECASE)
_FIRST = [
    "pre", "re", "further", "pretrained", "trained", "training", "train", "retrained", "fine", "finetuned",
    "finetune", "finetuning", "distilled", "distiled", "evaluated", "evaluation", "tested", "benchmarked",
    "results", "performance", "score", "scores", "version", "from",
]  # fmt: skip
_SKIP = re.compile(
    r"(?:the |a |an |our |its |both |subsets? of |parts? of |all of |english |german |public |popular |large "
    r"|well-known )*",
    re.IGNORECASE,
)
_MORE = re.compile(r"(?:,? and |, | \+ | & |; )(?:the |on the |on )?(?=\w)")
_NOUN = re.compile(
    r" ?(?:\([^()\n]{1,40}\) ?)?-?(?:data ?sets?|corp(?:us|ora)|benchmarks?|treebanks?|data\b|train|dev\b|test"
    r"|split|subset)",
    re.IGNORECASE,
)
_BARE_NOUN = re.compile(
    r"(?<![\w-])((?:[A-Z][\w.+-]{1,40}|[\w-]{1,40}_[\w-]{1,40})(?: (?:[A-Z0-9][\w.+-]{0,40}|v\d))*) (?:data "
    r"?sets?|corpus|corpora)\b"
)
_KEY = re.compile(
    r"(?:(?:pre-?)?train(?:ing)?|fine-?tun\w{1,4}|eval(?:uation)?|test(?:ing)?|validation|model|source|used)? ?"
    r"(?:data ?sets?(?: ?\(s\))?|data|corpus|corpora)(?: used| name|\(s\))?"
)
_TITLE = re.compile(r"(?:train|data|corpus|corpora|pre-?train|fine-?tun)")
_EVAL_TITLE = re.compile(r"\b(?:eval|result|performance|benchmark|testing|test data|metric|score)")
_LOAD = re.compile(r"\bload_dataset\( {0,4}(?:\n {0,12})?(?:path ?= ?)?[\"']([\w./-]{2,100})[\"']")
_NOT = re.compile(
    r"(?:unknown|none|null|more|custom|generator|imagefolder|json|csv|an|own|this|the|n/?a|audiofolder|text"
    r"|unspecified|different|following)\b",
    re.IGNORECASE,
)


def find(document: Document, named: dict[str, list[Mention]]) -> Iterator[Value]:
    """Data sets by link, label, sentence, table and known name."""
    yield from _links(document)
    for label in document.labels:
        if _KEY.fullmatch(label.key):
            yield from _label(document, label)
    for match in document.matches(_LEAD, _FIRST, 200):
        yield from _after(document, match)
    yield from _known(document, named.get("datasets", []))
    yield from _nouns(document)
    for table in document.tables[:60]:
        yield from _table(document, table)
    for block in document.code[:60]:
        for match in islice(_LOAD.finditer(block.text[:20_000]), 5):
            start = block.start + match.start(1)
            yield document.at(
                "dataset", _value(match[1], None), start, start + len(match[1]), "dataset.load", 0.45, "code"
            )


def _value(name: str, role: str | None) -> dict[str, str]:
    return {"name": name[:200]} | ({"role": role} if role else {})


def _role(document: Document, start: int, end: int) -> str | None:
    """``train`` or ``eval`` by the words before the name, else by the section's title."""
    around = words_around(document, start, end, 140)
    train, held = _TRAIN.search(around), _EVAL.search(around)
    if train and not held:
        return "train"
    if held and not train:
        return "eval"
    for title in document.titles(start):
        if _EVAL_TITLE.search(title):
            return "eval"
        if _TITLE.search(title):
            return "train"
    return "train" if train else None


def _links(document: Document) -> Iterator[Value]:
    for link in document.links:
        found = None if link.image else hub_id(link.url)
        if found and found[0] == "dataset":
            role = _role(document, link.at, link.at + len(link.words))
            confidence = 0.85 if role == "train" else 0.6
            yield document.at(
                "dataset",
                _value(found[1], role),
                link.start,
                link.end,
                f"dataset.link_{role or 'plain'}",
                confidence,
                "link",
            )


def _label(document: Document, label: Label) -> Iterator[Value]:
    """``Training data: SQuAD 2.0, MLQA``: hub links, else names between commas."""
    role = (
        "eval" if re.match(r"eval|test|valid", label.key) else "train" if re.search(r"train|tun", label.key) else None
    )
    ids = [found[1] for url in label.urls if (found := hub_id(url)) and found[0] == "dataset"]
    if ids:
        for name in dict.fromkeys(ids[:20]):
            yield document.of(label, "dataset", _value(name, role), "dataset.label_link", 0.85)
        return
    for part in re.split(r", | and |; | \+ |\. ", label.value[:300])[:12]:
        name = re.sub(r"\(.*", "", part).strip(" `*_.[]\"'")
        name = re.sub(
            r"^(?:the |on |\d[\d,.]*[kKmM]? (?:samples|examples|rows) (?:of|from) )|(?: train(?:ing)?| dev| "
            r"test)?(?: data ?sets?| corpus| set| data| split)$",
            "",
            name,
            flags=re.IGNORECASE,
        )
        if 2 <= len(name) <= 50 and len(name.split()) <= 5 and not _NOT.match(name) and not name.startswith("http"):
            canonical = _canonical(name)
            sure = 0.8 if canonical in _names() or role else 0.65
            yield document.of(label, "dataset", _value(canonical, role), "dataset.label", sure)


def _after(document: Document, match: re.Match[str]) -> Iterator[Value]:
    """The names after "trained on", "evaluated on" or the trainer's sentence."""
    kind = match.lastgroup or "train"
    role = "eval" if kind == "eval" else "train"
    _, last = document.block(match.start())
    start = match.end()
    for _ in range(8):
        skipped = _SKIP.match(document.plain, start, last)
        start = skipped.end() if skipped else start
        link = link_at(document, start, 1)
        found = hub_id(link.url) if link else None
        if found and found[0] == "model":
            return
        named = name_at(document, start, min(last, start + 100))
        if named is None and kind == "trainer":
            word = re.compile(r"[\w./-]{2,100}").match(document.plain, start, last)
            named = (word[0], word.end()) if word and not _NOT.match(word[0]) else None
        if named is None:
            return
        name, end = named
        if _NOT.match(name) or re.match(
            r" ?(?:gpus?|tpus?|epochs?|steps|hours|languages?|optimi|tokens|samples|images|v\d-)",
            document.lower[end : end + 12],
        ):
            return
        noun = _NOUN.match(document.plain, end, last)
        canonical = _canonical(name)
        listed = canonical in _names()
        if not listed and (
            canonical.lower() in aliases("languages", "names")
            or (noun and noun[0].strip() == "data" and canonical.islower())
        ):
            return
        if kind == "trainer" and not _SAID.match(document.plain, end, last):
            return
        if listed or kind == "trainer" or (noun and not noun[0].strip().startswith("data")):
            rule = f"dataset.{kind}_{'known' if listed else 'noun' if noun else 'bare'}"
            confidence = {"trainer": 0.9, "train": 0.75, "eval": 0.45}[kind]
            yield document.value("dataset", _value(canonical, role), start, end, rule, confidence)
        more = _MORE.match(document.plain, noun.end() if noun else end, last)
        if more is None or kind == "trainer":
            return
        start = more.end()


def _known(document: Document, named: list[Mention]) -> Iterator[Value]:
    """Known data sets wherever they are named; the role decides how surely they are the model's own."""
    for mention in named[:300]:
        role = _role(document, mention.start, mention.end)
        written = document.plain[mention.start : mention.end]
        if written.islower() and len(written) <= 5 and "-" not in written:
            continue
        confidence = {"train": 0.65, "eval": 0.35, None: 0.3}[role]
        place = document.kind(mention.start)
        yield document.value(
            "dataset",
            _value(mention.name, role),
            mention.start,
            mention.end,
            f"dataset.known_{role or place}",
            confidence,
        )


def _nouns(document: Document) -> Iterator[Value]:
    """``the XYZ dataset``: a name that is followed by the word."""
    for match in document.before(_BARE_NOUN, ("dataset", "datasets", "data", "corpus", "corpora"), 60, 60):
        name = re.sub(
            r"^(?:The|This|Our|These|A|An|Each|Training|All|Both|We|For|On|In|Model|Trained|Evaluation|Original"
            r"|Custom|Large|Public|Private) ",
            "",
            match[1],
        )
        ordinary = name.lower() in _WORDS or name.lower() in aliases("languages", "names") or ". " in name
        if len(name) > 2 and not _NOT.match(name) and not ordinary:
            role = _role(document, match.start(1), match.end(1))
            confidence = 0.6 if role == "train" else 0.4
            start = match.end(1) - len(name)
            yield document.value(
                "dataset",
                _value(_canonical(name), role),
                start,
                match.end(1),
                f"dataset.noun_{role or 'plain'}",
                confidence,
            )


def _table(document: Document, table: Table) -> Iterator[Value]:
    """The column named "Dataset" of a table in a section about training."""
    if not table.rows or len(table.rows) < 2:
        return
    columns = [
        number
        for number, cell in enumerate(table.rows[0])
        if re.fullmatch(r"(?:training )?(?:data ?sets?|corpus|data source)", cell.text.lower())
    ]
    if not columns:
        return
    words = " ".join(cell.text.lower() for cell in table.rows[0])
    train = bool(re.search(r"training|tuples|pairs|tokens|size|weight|sampling|#", words)) or any(
        _TRAIN.search(title) for title in document.titles(table.at)
    )
    for row in table.rows[1:120]:
        if len(row) > columns[0] and 2 <= len(row[columns[0]].text) <= 80:
            cell = row[columns[0]]
            if re.match(r"total|sum|all$|average|number|size|language|\d", cell.text.lower()):
                continue
            ids = [found[1] for url in cell.links if (found := hub_id(url)) and found[0] == "dataset"]
            name = ids[0] if ids else _canonical(re.sub(r"\s?[(\[].*", "", cell.text))
            role = "train" if train else "eval"
            yield document.at(
                "dataset",
                _value(name, role),
                cell.start,
                cell.end,
                f"dataset.table_{role}",
                0.8 if train else 0.5,
                "table",
            )


def _names() -> frozenset[str]:
    return frozenset(aliases("datasets", "aliases").values())


def _canonical(name: str) -> str:
    """The known name of a data set, else the name as written."""
    words = re.sub(r"(?i)[ -]?(?:data ?sets?|corpus|corpora)$", "", name.strip())
    return aliases("datasets", "aliases").get(words.lower(), words)


_WORDS = {
    "training",
    "evaluation",
    "test",
    "validation",
    "the",
    "this",
    "custom",
    "private",
    "public",
    "dataset",
    "large",
    "original",
    "hugging face",
    "language",
}
