"""What goes in and what comes out: labels, prompt templates, sampling rates, image sizes, vectors."""

from __future__ import annotations

import re
from collections.abc import Iterator

from crawler.understanding._base import Value
from crawler.understanding._document import Document, sentence

MAX_WORDS = 1_000
_KEYS = re.compile(
    r"(?P<i>(?:model )?inputs?(?: ?\(?s?\)?)?(?: (?:format|types?|modalit\w{1,4}|data|shape|specs?"
    r"|specification))?(?: ?\(s\))?|prompt (?:format|template)|image size|input (?:image )?(?:size"
    r"|resolution)|sampl(?:e|ing) rate)"
    r"|(?P<o>(?:model )?outputs?(?: (?:format|types?|modalit\w{1,4}|data|shape|specification))?(?: ?\(s\))?"
    r"|output dimension\w{0,6}|labels)"
)
_TITLES = (
    (
        "input_format",
        re.compile(
            r"prompt (?:format|template)|input (?:format|data|spec)|^inputs?$|chat (?:format|template)"
            r"|instruction (?:format|template)|prompting$|prompt style|prompts?$"
        ),
    ),
    ("output_format", re.compile(r"output (?:format|data|spec)|^outputs?$|^labels$|label (?:mapping|set)")),
)
_BEGIN = re.compile(
    r"(?<![^\n])(?P<w>Input|Output)s?(?: \(s\))? (?=(?:models? |the model |text|image|audio)[^\n]{3,200})",
    re.MULTILINE | re.IGNORECASE,
)
_INPUT = re.compile(
    r"(?:(?:sampled|sampling rate|sample rate)(?: \w{1,10}){0,3}? (?P<khz>\d{1,2}(?:\.\d{1,3})?) ?k(?:hz)?\b)"
    r"|(?P<res>(?:resolution|images? (?:of )?size|input size|resized? to|size)(?: of| is| to|:)? "
    r"?(?P<px>\d{2,4} ?[x×] ?\d{2,4}))"
    r"|(?P<fix>(?:add|use|with|prepend)[^\n]{0,40} prefix(?:es)? [^\n]{3,60})"
    r"|(?P<as>(?:takes?|accepts?|expects?|requires?|given) (?:in )?(?:an? |the )?[^.\n]{2,60}? (?:as (?:an? "
    r"|the )?inputs?|input))"
    r"|(?P<is>\b(?:model )?inputs? (?:to the model )?(?:is|are|should be|must be|consists? of) [^.\n]{3,120})",
    re.IGNORECASE,
)
_OUTPUT = re.compile(
    r"(?P<vec>(?P<dim>\d{2,5})[- ]dim(?:ensional|s|ensions?)?\b(?: \w{3,10}){0,3})"
    r"|(?P<out>\b(?:model|it|which|that) (?:outputs|returns|predicts) (?:an? |the |either |one of )?[^.\n]{3,100})"
    r"|(?P<is>\b(?:model )?outputs? (?:of the model )?(?:is|are|will be|consists? of) [^.\n]{3,120})"
    r"|(?P<gen>Models? generates? [^.\n]{3,80} only)",
    re.IGNORECASE,
)
_TOKENS = re.compile(
    r"<\|[\w-]{2,30}\|>|\[/?INST\]|###? ?(?:Instruction|Response|Human|Assistant|Input)s?:|<s>|\bUSER:"
    r"|ASSISTANT:|<start_of_turn>|<\|im_start\|>"
)
_MARKS = re.compile(r"<\||INST|##|<s>|USER|ASSI|<st")
_PLACEHOLDER = re.compile(r"more information needed|^\W*$|^n/?a$", re.IGNORECASE)


_INPUT_FIRST = [
    "sampled", "sampling", "sample", "resolution", "image", "images", "input", "inputs", "resized", "resize",
    "size", "add", "use", "with", "prepend", "take", "takes", "accept", "accepts", "expect", "expects", "require",
    "requires", "given", "model",
]  # fmt: skip
_OUTPUT_FIRST = [
    "model",
    "models",
    "it",
    "which",
    "that",
    "outputs",
    "output",
    *map(str, (50, 64, 100, 128, 200, 256, 300, 312, 384, 512, 640, 768, 1024, 1536, 2048, 3072, 3584, 4096)),
]


def find(document: Document) -> Iterator[Value]:
    """Formats with the words that say them."""
    for label in document.labels:
        match = _KEYS.fullmatch(label.key)
        if match and len(label.value) > 2 and not _PLACEHOLDER.search(label.value[:60]):
            field = "input_format" if match["i"] else "output_format"
            yield document.of(label, field, label.value[:MAX_WORDS], f"{field}.label", 0.8)
    yield from _sections(document)
    yield from _prompts(document)
    for match in document.matches(_BEGIN, ("input", "inputs", "output", "outputs"), 6):
        field = f"{match['w'].lower()}_format"
        _, end = document.block(match.start())
        text = document.plain[match.end() : min(end, match.end() + 300)]
        yield document.value(field, text, match.start(), match.end() + len(text), f"{field}.begin", 0.85)
    for match in document.matches(_INPUT, _INPUT_FIRST, 6):
        said = f"{match['khz']} kHz" if match["khz"] else match["px"] or match[0]
        kind = "rate" if match["khz"] else "size" if match["px"] else "words"
        sure = {"rate": 0.8, "size": 0.6, "words": 0.55}[kind]
        yield document.value("input_format", said[:300], match.start(), match.end(), f"input_format.{kind}", sure)
    for match in document.matches(_OUTPUT, _OUTPUT_FIRST, 6):
        yield from _output(document, match)


def _output(document: Document, match: re.Match[str]) -> Iterator[Value]:
    if match["vec"] and not re.search(
        r"vector|embedding|space|dense", document.lower[match.start() : match.end() + 60]
    ):
        return
    kind = "vector" if match["vec"] else "words"
    start, end = sentence(document, match.start(), match.end()) if kind == "vector" else match.span()
    said = f"{match['dim']}-dimensional vector" if kind == "vector" else document.plain[start:end][:300]
    yield document.value(
        "output_format", said, match.start(), match.end(), f"output_format.{kind}", 0.75 if kind == "vector" else 0.5
    )


def _sections(document: Document) -> Iterator[Value]:
    for section in document.sections:
        for field, pattern in _TITLES:
            if section.titles and pattern.search(section.titles[0]):
                text = document.plain[section.body : section.end].strip()
                block = next((one for one in document.code if section.body <= one.at <= section.end), None)
                if block is not None and (field == "input_format"):
                    end = block.start + min(len(block.text), MAX_WORDS)
                    yield document.at(
                        field, block.text[:MAX_WORDS], block.start, end, f"{field}.template", 0.85, "code"
                    )
                elif len(text) > 5 and not _PLACEHOLDER.search(text[:60]):
                    yield document.value(
                        field,
                        " ".join(text.split())[:MAX_WORDS],
                        section.body,
                        section.end,
                        f"{field}.section",
                        0.8,
                        "prose",
                    )


def _prompts(document: Document) -> Iterator[Value]:
    """Special tokens of a prompt: in prose the sentence around them, in code the block, where it is no program."""
    match = _TOKENS.search(document.plain) if _MARKS.search(document.plain) else None
    if match:
        start, end = sentence(document, match.start(), match.end())
        yield document.value(
            "input_format", document.plain[start:end][:MAX_WORDS], start, end, "input_format.tokens", 0.75
        )
    for block in document.code[:30]:
        if (
            len(block.text) < 3_000
            and "import " not in block.text
            and "$ " not in block.text
            and _TOKENS.search(block.text)
        ):
            yield document.at(
                "input_format",
                block.text[:MAX_WORDS],
                block.start,
                block.start + len(block.text),
                "input_format.prompt",
                0.75,
                "code",
            )
            return
