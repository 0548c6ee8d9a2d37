"""Hyper-parameters: lists, tables, code, and sentences such as "a learning rate of 1e-4"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from crawler.understanding._base import Value
from crawler.understanding._document import Document
from crawler.understanding.numbers import NUMBER, number, scaled

_NAMES: dict[str, str] = {
    "learning_rate": "learning rate|lr|peak learning rate|max learning rate|initial learning rate|base "
        "learning rate|peak lr|base_lr",
    "batch_size": "batch size|train batch size|training batch size|global batch size|effective batch size"
        "|total train batch size|"
    "per device train batch size|batchsize|bs|per_gpu_train_batch_size|micro batch size|total batch size|eff "
    "batch size|train_bs",
    "eval_batch_size": "eval batch size|per device eval batch size|evaluation batch size",
    "epochs": "epochs|num epochs|n epochs|number of epochs|num train epochs|training epochs|epoch|train epochs"
        "|max epochs|n_epochs",
    "steps": "steps|training steps|max steps|num steps|total steps|train steps|global step|number of steps"
        "|max_steps|iterations|total training steps",
    "optimizer": "optimizer|optimiser|optim", "weight_decay": "weight decay|wd",
    "warmup_steps": "warmup steps|warm-up steps|lr scheduler warmup steps|num warmup steps|warmup|lr warmup "
        "steps|warm up steps",
    "warmup_ratio": "warmup ratio|lr scheduler warmup ratio|warmup proportion|lr_warmup_ratio",
    "lr_scheduler": "lr scheduler type|lr scheduler|lr schedule|learning rate schedule|learning rate scheduler"
        "|scheduler|scheduler type|learning rate decay|lr_decay",
    "seed": "seed|random seed", "gradient_accumulation_steps": "gradient accumulation steps|gradient "
        "accumulation|gradient accumulations|grad accumulation",
    "max_length": "max length|max seq length|max seq len|maximum sequence length|max sequence length"
        "|max_seq_len|sequence length|context length|block size|"
    "max input length|max source length|seq length|sequence len|max_seq_length|context window|seq_len"
    "|cutoff_len|maximum length|max token length|n_ctx|n ctx",
    "max_query_length": "max query length", "doc_stride": "doc stride", "dropout": "dropout|dropout rate|lora "
        "dropout|hidden dropout|attention dropout|hidden_dropout_prob",
    "label_smoothing": "label smoothing|label smoothing factor", "gradient_clipping": "gradient clipping|max "
        "grad norm|grad clip|clip grad",
    "adam_beta1": "adam beta1|beta1", "adam_beta2": "adam beta2|beta2", "adam_epsilon": "adam epsilon|epsilon"
        "|adam eps|eps",
    "lora_rank": "lora rank|lora r|lora_r|rank", "lora_alpha": "lora alpha|alpha", "temperature": "temperature",
    "mixed_precision": "mixed precision training|mixed precision|training regime|training precision|precision"
        "|bf16|fp16",
    "layers": "layers|num layers|n layers|number of layers|num hidden layers|n_layers|hidden layers"
        "|num_hidden_layers|encoder layers|decoder layers",
    "hidden_size": "hidden size|hidden dimension|d_model|d model|embedding size|hidden_size|embedding "
        "dimension|dimensions|output dimensionality|hidden dim",
    "attention_heads": "attention heads|num attention heads|n heads|number of heads|num heads|n_heads",
    "vocabulary_size": "vocab size|vocabulary size|vocabulary|n_vocab|n vocab|vocab_size",
    "loss": "loss function|training loss function|loss fct|criterion", "num_beams": "num beams|beam size",
    "eval_steps": "eval steps",
    "save_steps": "save steps", "distributed_type": "distributed type", "num_devices": "num devices",
    "tokens": "training tokens",
    "distillation_loss_weight": "distillation loss weight", "pooling": "pooling mode|pooling method|pooling",
    "gmacs": "gmacs", "activations": "activations (m)", "image_size": "image size|input resolution|resolution",
}  # fmt: skip
_KNOWN = {re.sub(r"[ _-]", "", alias): name for name, text in _NAMES.items() for alias in (name, *text.split("|"))}
_TEXT = {"optimizer", "lr_scheduler", "mixed_precision", "loss", "distributed_type", "pooling", "image_size"}
_WEAK = {
    "loss",
    "temperature",
    "layers",
    "hidden_size",
    "attention_heads",
    "precision",
    "alpha",
    "rank",
    "gmacs",
    "activations",
}
_KEY = re.compile(
    r"[\s`*\"'\-|]*([A-Za-z][A-Za-z0-9_ "
    r"().-]{1,45}?)[`*\"']{0,3}\s?(?:\([^()\n]{1,20}\))?\s?[=:]\s?[`*\"']{0,2}([^\n#]{1,120})"
)
_SENTENCE = re.compile(
    rf"(?P<lr>learning[ -]rate(?: (?:of|is|was|set to|to|at|=|:|peaked at|with a peak of)|=| \(\w{{1,3}}\) "
    rf"of){{1,2}} ?(?P<lrv>{NUMBER}(?: ?[x×*] ?10 ?\^? ?\{{?[-−]?\d{{1,2}}\}}?)?))"
    rf"|(?P<bs>batch[ -]size(?:s)?(?: (?:of|is|was|set to|to|=|:)|=){{1,2}} ?(?P<bsv>{NUMBER}))"
    rf"|(?P<ep>(?:for|over|after) (?:a total of |about |around |approximately |up to "
    rf")?(?P<epv>\d{{1,4}}(?:\.\d)?|one|two|three|four|five|six|seven|eight|nine|ten|twenty) (?:training "
    rf"|full |more |additional )?epochs?)"
    rf"|(?P<st>(?:for|after|over|of) (?:a total of |about |around |approximately |up to )?(?P<stv>{NUMBER}) "
    rf"?(?P<stu>[kKmM]|thousand|million)? (?:training |optimi[sz]ation |gradient |update |global |more "
    rf")?(?:steps|iterations|updates)\b)"
    rf"|(?P<wd>weight[ -]decay(?: rate)?(?: (?:of|is|was|set to|to|=|:)|=){{1,2}} ?(?P<wdv>{NUMBER}))"
    rf"|(?P<wu>(?:warm[- ]?up(?: \w{{1,10}}){{0,2}} (?:of|for|over|is|steps of) (?:the first "
    rf")?(?P<wuv>{NUMBER}) ?(?P<wuu>[kK])?(?= ?(?:steps|iterations|updates))))"
    rf"|(?P<ml>(?:max(?:imum)?(?: \w{{1,12}})? (?:length|tokens)|sequence length|context (?:length|window|size)"
    rf"|block size)(?: (?:of|is|was|set to|to|limited to|=|:)|=){{1,2}} ?(?:up to )?(?P<mlv>{NUMBER}) "
    rf"?(?P<mlu>[kK])?\b)"
    rf"|(?P<dr>dropout(?: \w{{1,12}})? (?:of|is|was|=) ?(?P<drv>{NUMBER}))"
    rf"|(?P<vo>vocab(?:ulary)?(?: size)? (?:of|is|size of) (?:size )?(?:about )?(?P<vov>{NUMBER}) ?(?P<vou>[kK])?\b)"
    rf"|(?P<se>seed (?:of|is|was|=) ?(?P<sev>\d{{1,6}}))",
    re.IGNORECASE,
)
_OPTIMIZER = re.compile(
    r"\b(AdamW?(?:8bit|[ -]8bit)?|Adafactor|AdaFactor|LAMB|Lion|RMSprop|Adagrad|SGD|Sophia|paged_adamw_\w{2,9}"
    r"|adamw_\w{2,15}|AdaBelief|NAdam|RAdam)\b(?= ?(?:optimi[sz]er|with|\(|algorithm)"
    r"|[^\n]{0,30}optimi[sz]er)"
)
_BACKWARDS = re.compile(
    rf"(?P<bsv>{NUMBER}) (?:as )?(?:the )?batch[ -]size|(?P<wuv>{NUMBER}) (?:steps of )?(?:linear )?warm[- "
    rf"]?up(?: steps)?",
    re.IGNORECASE,
)
_FIRST = [
    "learning", "batch", "for", "over", "after", "of", "weight", "warm", "warmup", "max", "maximum", "sequence",
    "context", "block", "dropout", "vocab", "vocabulary", "seed",
]  # fmt: skip
_OPTIMIZERS = [
    "adam", "adamw", "adam8bit", "adamw8bit", "adafactor", "lamb", "lion", "rmsprop", "adagrad", "sgd", "sophia",
    "paged", "adabelief", "nadam", "radam",
]  # fmt: skip
_OF_GROUP = {"lr": "learning_rate", "bs": "batch_size", "ep": "epochs", "st": "steps", "wd": "weight_decay",
             "wu": "warmup_steps", "ml": "max_length", "dr": "dropout", "vo": "vocabulary_size",
             "se": "seed"}  # fmt: skip
_WORDS = dict(
    zip(["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"], range(1, 11), strict=True)
) | {"twenty": 20}
_SECTION = re.compile(
    r"hyper-?\s?param|training (?:procedure|details|config|setup|arguments|param)|train|configuration|details"
    r"|settings"
)
_GENERATION = re.compile(r"\b(?:inference|usage|how to use|generat|quickstart|sampling|example|deploy|serv)")


def find(document: Document) -> Iterator[Value]:
    """Hyper-parameters of training and of the architecture, under one name each."""
    for label in document.labels:
        name = canonical(label.key)
        if name and label.place != "heading":
            titles = " ".join(document.titles(label.at))
            sure = 0.92 if _SECTION.search(titles) else 0.6 if name in _WEAK else 0.8
            value = _read(name, label.value)
            if value is not None:
                yield document.of(
                    label, "hyper_parameter", {"name": name, "value": value}, _rule(sure, label.place), sure
                )
    yield from _columns(document)
    yield from _sentences(document)
    yield from _code(document)


def _rule(sure: float, place: str) -> str:
    return f"hyper.{'table' if place == 'table' else 'list'}{'' if sure > 0.9 else '_elsewhere'}"


def canonical(key: str) -> str | None:
    """The one name of a hyper-parameter, however it is written; None for others."""
    return _KNOWN.get(re.sub(r"[ _-]", "", re.sub(r"\(.*|\[.*", "", key).lower())) or _KNOWN.get(
        re.sub(r"[ _-]", "", key.lower())
    )


def _read(name: str, text: str) -> float | str | None:
    """A number, or words for the few that are words."""
    text = text.strip(" `*_,;\"'|")
    if not text or re.match(r"\[?more information|n/?a\b|none\b", text, re.IGNORECASE):
        return None
    if name == "loss" and re.match(r"[\d.]", text):
        return None
    if name in _TEXT:
        return text[:120]
    value = number(text[:40]) if re.match(r"[~≈]? ?[-−.\d]", text) else None
    if value is None:
        return None
    total = re.search(rf"= ?({NUMBER})\s*$", text)
    if total:
        return number(total[1])
    if name == "tokens":
        scale = re.match(r"[~≈]? ?[\d.,]+ ?([KMBT])", text, re.IGNORECASE)
        return scaled(str(value), scale[1]) if scale else value
    unit = re.match(r"[~≈]? ?[\d.,]+ ?([kKmM])\b", text)
    return (
        value * (1e3 if unit[1] in "kK" else 1e6)
        if unit and name in ("steps", "max_length", "vocabulary_size", "warmup_steps", "tokens")
        else value
    )


def _columns(document: Document) -> Iterator[Value]:
    """A table whose header names hyper-parameters and that has one row, or whose first column does and has three."""
    for table in document.tables[:60]:
        if len(table.rows) == 2 and len(table.rows[0]) > 2:
            for head, cell in zip(table.rows[0], table.rows[1], strict=False):
                name = canonical(head.text)
                value = _read(name, cell.text) if name else None
                if name and value is not None:
                    yield document.at(
                        "hyper_parameter",
                        {"name": name, "value": value},
                        cell.start,
                        cell.end,
                        "hyper.row",
                        0.75,
                        "table",
                    )


def _sentences(document: Document) -> Iterator[Value]:
    for match in _sentence_matches(document):
        group = next(key for key in _OF_GROUP if match.groupdict().get(f"{key}v"))
        digits = match[f"{group}v"]
        value = _WORDS.get(digits.lower(), number(digits))
        if value is None:
            continue
        unit = match.groupdict().get(f"{group}u")
        value = value * (1e3 if unit[0] in "kKt" else 1e6) if unit else value
        sure = 0.55 if _GENERATION.search(" ".join(document.titles(match.start())[:1])) else 0.75
        yield document.value(
            "hyper_parameter",
            {"name": _OF_GROUP[group], "value": value},
            match.start(),
            match.end(),
            "hyper.sentence",
            sure,
        )
    for match in document.matches(_OPTIMIZER, _OPTIMIZERS, 5):
        yield document.value(
            "hyper_parameter",
            {"name": "optimizer", "value": match[1]},
            match.start(1),
            match.end(1),
            "hyper.optimizer",
            0.8,
        )


def _sentence_matches(document: Document) -> Iterator[re.Match[str]]:
    yield from document.matches(_SENTENCE, _FIRST, 60)
    yield from document.before(_BACKWARDS, ("batch", "warm", "warmup"), 24, 20)


def _code(document: Document) -> Iterator[Value]:
    """``batch_size = 96`` in blocks of code under a heading about training, and in YAML or JSON anywhere."""
    for block in document.code[:60]:
        titles = " ".join(document.titles(block.at)[:2])
        training = bool(re.search(r"hyper-?\s?param|training|train\b|config|fine-?tun", titles))
        if not training or _GENERATION.search(titles[:40]) or "import " in block.text[:2_000]:
            continue
        for match in islice(_KEY.finditer(block.text[:20_000]), 80):
            name = canonical(match[1])
            value = _read(name, match[2]) if name else None
            if name and value is not None:
                start = block.start + match.start(1)
                yield document.at(
                    "hyper_parameter",
                    {"name": name, "value": value},
                    start,
                    block.start + match.end(2),
                    "hyper.code",
                    0.75,
                    "code",
                )
