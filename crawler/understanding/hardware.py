"""Hardware that trained the model, parameter counts, carbon, and who paid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from crawler.understanding._base import Value
from crawler.understanding._document import Document, sentence, words_around
from crawler.understanding._vocabulary import table
from crawler.understanding.numbers import NUMBER, number, scaled

_TRAIN = re.compile(r"train|fine-?\s?tun|experiment|comput|hardware|infrastructure|hours|epoch|days")
_INFER = re.compile(
    r"inference|\brun(?:s|ning)?\b|\bfits?\b|\bload|vram|serve|deploy|generat|speed|latency|throughput"
    r"|requires?|memory|quantiz"
)
_GENERIC = re.compile(r"\b(?P<n>\d{1,4}) ?[x×]? ?(?P<mem>\d{1,3} ?GB )?(?P<what>GPUs?|TPUs?|NVIDIA GPUs?)\b")
_HOURS = re.compile(rf"({NUMBER}) ?(?P<unit>gpu[ -]hours|hours?|hrs?|days?|weeks?)\b", re.IGNORECASE)
_BEFORE = re.compile(
    r"(?:(?<![\w.-])(?P<count>\d{1,4}|one|two|three|four|five|six|seven|eight|sixteen|a single|single) ?[x×*]? "
    r"?(?:of )?(?:(?P<pre>\d{1,4}) ?[x×*] ?)?)"
    r"(?:(?:nvidia|tesla|google|amd|cloud|amazon|aws|intel|quadro|geforce|\d{2,3} ?gb|dgx|hgx)[- ]){0,3}$",
    re.IGNORECASE,
)
_BEHIND = re.compile(
    r"(?:[ -]?(?:pcie|sxm\d?|laptop|\(?\d{2,3} ?gb\)?)){0,3}(?: gpus?| tpus?| pods?)?(?: ?[x×] "
    r"?(?P<after>\d{1,4})\b)?",
    re.IGNORECASE,
)
_COUNT_WORDS = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "sixteen"],
        [*range(1, 11), 16],
        strict=True,
    )
) | {"a single": 1, "single": 1}
_HARD_KEYS = {
    "hardware type",
    "hardware",
    "gpu",
    "gpus",
    "gpu type",
    "training hardware",
    "infrastructure",
    "hardware used",
    "compute",
    "gpu model",
    "device",
    "accelerator",
}
_CARBON_KEY = re.compile(
    r"(?:total )?(?:carbon|co2|co₂)[ \w₂]{0,20}(?:emitted|emissions?|footprint|eq)?(?: ?\(.{1,25}\))?"
)
_CARBON = re.compile(
    rf"(?P<n>{NUMBER}) ?(?P<unit>k?g|kilograms?|grams?|t(?:ons?|onnes?)?|metric tons?)(?: of)? ?(?:CO2|CO₂|CO_2"
    rf"|carbon)(?:[- ]?eq\w{{0,10}})?",
    re.IGNORECASE,
)
_SIZE_BEFORE = re.compile(
    rf"(?<![\w.])(?P<n>{NUMBER}) ?(?P<u>[KMBT]|thousand|million|billion|trillion|mil|bn)?[- ]?(?:trainable "
    rf"|learnable |model |total |active |non-embedding )?"
    r"param(?:eter)?s?\b",
    re.IGNORECASE,
)
_SIZE_AFTER = re.compile(
    r"(?:(?:number of )?(?:parameters?|params?)|model size|parameter count)(?: "
    r"?\((?P<u3>[MB])(?:illions?)?\))?(?: is| are| of|:|=|~){0,3} ?(?:about |around |approximately "
    r"|roughly |~)?"
    rf"(?P<n>{NUMBER}) ?(?P<u>[KMBT]|million|billion|trillion)(?!\w)",
    re.IGNORECASE,
)
_SIZE_KEY = re.compile(
    r"(?:(?:number|no\.?|#|total|num) ?(?:of )?)?(?:model )?(?:trainable |total )?param(?:eter)?s?(?: "
    r"count)?(?: ?\((?P<u>[mb])(?:illions?)?\))?|model size|n_?param(?:eter)?s|parameter size"
)
_TITLE_SIZE = re.compile(r"(?<![\w.])(?P<n>\d{1,3}(?:\.\d{1,2})?) ?-?(?P<u>[BM])(?![\w])")
_GRANT = re.compile(
    r"(?:funded|supported|financed|sponsored|backed)(?: \w{2,15}){0,3}? (?:by|through|from)\b|\bgrant "
    r"(?:agreement|no\.?|number|n[o°º]|id)|\bfunding (?:from|by|was provided|received)|"
    r"(?:under|through|by) (?:the )?(?:grant|contract)\b|\b(?:tpu )?research cloud|\btfrc\b|\btrc program"
    r"|compute (?:resources|time|credits?)?(?: were| was)? ?(?:provided|granted|donated|sponsored"
    r"|supported) by|"
    r"horizon (?:2020|europe)|computing (?:resources|grant)",
    re.IGNORECASE,
)


@cache
def _names() -> tuple[re.Pattern[str], list[str]]:
    """One expression for all accelerators, each a numbered group in the order of the table."""
    rows = table("hardware")
    alternatives = "|".join(f"(?P<h{number}>{row['pattern']})" for number, row in enumerate(rows))
    expression = rf"(?<![\w-])(?:{alternatives})(?![\w])"
    return re.compile(expression, re.IGNORECASE), [row["name"] for row in rows]


_GRANT_FIRST = [
    "funded", "supported", "financed", "sponsored", "backed", "grant", "funding", "under", "through", "by", "tpu",
    "research", "tfrc", "trc", "compute", "horizon", "computing",
]  # fmt: skip


def find(document: Document) -> Iterator[Value]:
    """Hardware, size, carbon and grants."""
    yield from _labels(document)
    yield from _hardware(document)
    yield from _sizes(document)
    yield from _carbon(document)
    yield from _grants(document)


def _labels(document: Document) -> Iterator[Value]:
    extra = {"hours used": "hours", "cloud provider": "provider", "compute region": "region"}
    said: dict[str, object] = {}
    for label in document.labels:
        text = label.value.strip(" `*_[]")
        if label.key in extra and text and not _empty(text):
            entry = number(text) if label.key == "hours used" else text[:100]
            if entry is not None:
                said[extra[label.key]] = entry
    for label in document.labels:
        text = label.value.strip(" `*_")
        if (
            label.key in _HARD_KEYS
            and not _empty(text)
            and re.search(r"[A-Za-z]\w*\d|GPU|TPU|CPU|NVIDIA|RTX|DGX|DGX|Apple|AMD|Intel", text)
        ):
            value = {"name": text[:120], **_count(text), **said}
            yield document.of(label, "hardware", value, "hardware.label", 0.9)
        elif (
            _CARBON_KEY.fullmatch(label.key)
            and (amount := number(text)) is not None
            and re.match(r"[~≈<]? ?[\d.]", text)
        ):
            yield document.of(label, "carbon", {"grams": amount * _unit(label.key, text)}, "carbon.label", 0.9)
        elif label.key.startswith(("funded by", "grant", "funding")) and len(text) > 2 and not _empty(text):
            yield document.of(label, "grant", text[:300], "grant.label", 0.9)
        elif (key := _SIZE_KEY.fullmatch(label.key)) and (size := _labelled_size(key, text)):
            yield document.of(label, "parameter_count", size, "size.label", 0.9)


def _empty(text: str) -> bool:
    return bool(
        re.match(
            r"\[?(?:more information|n/?a\b|none\b|unknown|not (?:available|specified|applicable|disclosed)|tbd|-$)",
            text,
            re.IGNORECASE,
        )
    )


def _labelled_size(key: re.Match[str], text: str) -> float | None:
    match = re.match(
        rf"[~≈]? ?(?:about |around |approximately )?({NUMBER}) ?([KMBT]\b|thousand|million|billion|trillion)?",
        text,
        re.IGNORECASE,
    )
    if match is None:
        return None
    size = scaled(match[1], match[2] or key["u"] or "")
    return size if size and size >= 1e4 else None


def _unit(key: str, text: str) -> float:
    """Grams: cards of AutoTrain count in grams, the calculators in kilograms; a bare number is what the key says."""
    words = f"{text[:80]} {key}".lower()
    if re.search(r"\bkg|kilogram", words):
        return 1e3
    if re.search(r"\d ?(?:t\b|tco|tons?|tonnes?|metric)", words):
        return 1e6
    return 1.0


def _count(text: str) -> dict[str, float]:
    match = re.search(r"(?<![\w.-])(\d{1,4}) ?(?:[x×*] ?)(?=[A-Za-z\d])|^(\d{1,4}) (?=[A-Z])|[x×] ?(\d{1,4})\b", text)
    digits = next((group for group in match.groups() if group), None) if match else None
    twice = re.match(r"(\d{1,4}) ?[x×] ?(\d{1,3}) ?[x×] ?[A-Za-z]", text)
    if twice:
        return {"count": int(twice[1]) * int(twice[2])}
    return {"count": int(digits)} if digits else {}


def _hardware(document: Document) -> Iterator[Value]:
    expression, names = _names()
    for match in document.matches(expression, _hardware_words(), 60):
        group = next(key for key, value in match.groupdict().items() if value and key[0] == "h")
        name = names[int(group[1:])]
        name = match[group].upper().replace(" ", "-") if name == "TPU" else name
        count, start, end = _counted(document, match)
        value = {"name": name, **count} | _hours(document, match)
        training, rule = _training(document, match.start(), match.end())
        yield document.value("hardware", value, start, end, rule, training)
    for match in document.before(_GENERIC, ("gpu", "gpus", "tpu", "tpus", "nvidia"), 20, 20):
        training, rule = _training(document, match.start(), match.end())
        if rule.split(".")[0] == "hardware" and training > 0.5:
            value = {"name": "TPU" if match["what"].startswith("T") else "GPU", "count": int(match["n"])}
            yield document.value("hardware", value, match.start(), match.end(), "hardware.generic", 0.6)


def _counted(document: Document, match: re.Match[str]) -> tuple[dict[str, int], int, int]:
    """How many there are, and where the words about it begin and end."""
    first, last = document.block(match.start())
    before = _BEFORE.search(document.plain, max(first, match.start() - 50), match.start())
    behind = _BEHIND.match(document.plain, match.end(), last)
    digits = (before and (before["pre"] or before["count"])) or (behind and behind["after"])
    start, end = before.start() if before else match.start(), behind.end() if behind else match.end()
    count = (int(digits) if digits.isdigit() else _COUNT_WORDS.get(digits.lower())) if digits else None
    return ({"count": count} if count else {}), start, end


def _hours(document: Document, match: re.Match[str]) -> dict[str, float]:
    """The time in the same sentence, where it says "for 90 hours" or "days"."""
    start, end = sentence(document, match.start(), match.end())
    found = _HOURS.search(document.plain, match.end(), min(end, match.end() + 120)) or _HOURS.search(
        document.plain, max(start, match.start() - 80), match.start()
    )
    amount = number(found[1]) if found else None
    if found is None or amount is None:
        return {}
    return {"hours": amount * {"d": 24, "w": 168}.get(found["unit"].lower()[0], 1)}


def _training(document: Document, start: int, end: int) -> tuple[float, str]:
    """How surely the words around speak of training and not of running the model."""
    around = words_around(document, start, end, 120)
    titles = " ".join(document.titles(start)[:2])
    train = len(_TRAIN.findall(around)) + 2 * bool(
        re.search(r"train|hardware|comput|environment|infrastructure|procedure", titles)
    )
    infer = len(_INFER.findall(around)) + 2 * bool(
        re.search(r"infer|usage|use\b|run|speed|perform|deploy|install|quick", titles)
    )
    if train > infer:
        return 0.8, "hardware.training"
    return (0.5, "hardware.mention") if train == infer else (0.3, "hardware.running")


def _size_matches(document: Document) -> Iterator[re.Match[str]]:
    """Sizes in the order of the text: numbers before "parameters", and numbers after it."""
    found = [
        *document.before(
            _SIZE_BEFORE, ("parameter", "parameters", "param", "params", "trainable", "learnable"), 34, 40
        )
    ]
    found += document.matches(_SIZE_AFTER, ("parameter", "parameters", "param", "params", "model", "number"), 40)
    return iter(sorted(found, key=lambda match: match.start()))


@cache
def _hardware_words() -> frozenset[str]:
    """First words of the accelerators' names, with the versions of TPUs."""
    words = {row["name"].lower().split()[0].split("-")[0] for row in table("hardware")}
    numbers = {re.sub(r"\D", "", row["name"]) for row in table("hardware") if row["name"].startswith("RTX")}
    plural = {f"{word}s" for word in words | numbers}
    return frozenset(
        words
        | numbers
        | plural
        | {"geforce", "quadro", "habana", "mi250", "mi300", "gaudi2"}
        | {f"tpuv{n}" for n in range(2, 6)}
    )


def _sizes(document: Document) -> Iterator[Value]:
    if "param" in document.lower or "size" in document.lower:
        first = True
        for match in _size_matches(document):
            unit = match["u"] or match.groupdict().get("u3") or ""
            size = scaled(match["n"], unit)
            if size is None or size < 1e4 or size > 1e13:
                continue
            yield document.value(
                "parameter_count",
                size,
                match.start(),
                match.end(),
                "size.first" if first else "size.later",
                0.75 if first else 0.4,
            )
            first = False
    for section in document.sections[:1]:
        named = _TITLE_SIZE.search(document.plain, section.start, section.body)
        if named:
            size = scaled(named["n"], named["u"])
            yield document.value("parameter_count", size, named.start(), named.end(), "size.title", 0.6)
    yield from _size_tables(document)


def _size_tables(document: Document) -> Iterator[Value]:
    for table_ in document.tables[:30]:
        if not table_.rows:
            continue
        for column, head in enumerate(table_.rows[0]):
            key = _SIZE_KEY.fullmatch(head.text.lower().strip(" :*#"))
            rows = [row for row in table_.rows[1:40] if len(row) > column]
            for row in rows if key else []:
                size = _labelled_size(key, row[column].text) if key else None
                if size:
                    sure = 0.8 if len(rows) == 1 else 0.3
                    yield document.at(
                        "parameter_count",
                        size,
                        row[column].start,
                        row[column].end,
                        "size.table" if len(rows) == 1 else "size.table_of_many",
                        sure,
                        "table",
                    )


def _carbon(document: Document) -> Iterator[Value]:
    if "co2" not in document.lower and "carbon" not in document.lower and "co₂" not in document.lower:
        return
    for match in document.before(_CARBON, ("co2", "co2eq", "co", "carbon", "co₂", "co2e", "co₂eq"), 40, 10):
        amount = number(match["n"])
        if amount is not None:
            yield document.value(
                "carbon", {"grams": amount * _unit("", match[0])}, match.start(), match.end(), "carbon.sentence", 0.75
            )


def _grants(document: Document) -> Iterator[Value]:
    last = -1
    for match in document.matches(_GRANT, _GRANT_FIRST, 10):
        start, end = sentence(document, match.start(), match.end())
        around = document.lower[start:end]
        if start == last or re.search(
            r"supported by (?:the )?(?:transformers|vllm|llama|hugging|library|gradio|default)", around
        ):
            continue
        last = start
        sure = (
            0.8
            if re.search(
                r"grant|fund|program|research cloud|tfrc|trc|project|ministry|foundation|council|contract", around
            )
            else 0.35
        )
        yield document.value(
            "grant",
            " ".join(document.plain[start:end].split())[:300],
            start,
            end,
            "grant.sentence" if sure > 0.5 else "grant.thanks",
            sure,
        )
