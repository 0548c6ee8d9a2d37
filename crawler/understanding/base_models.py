"""What a model was made from: labels, "fine-tuned version of", quantised files, merges, adapters."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from itertools import islice

from crawler.understanding._base import Value
from crawler.understanding._document import Document, Label
from crawler.understanding._names import hub_id, link_at, name_at

_ARTICLES = (
    r"(?: the| an| a| our| this| original| pre-?trained| base| multilingual| large| language| model| "
    r"checkpoint| following| official|:){0,6} "
)
_PHRASES = re.compile(
    r"(?P<finetune>fine[- ]?tun(?:ed|e|ing)(?: and \w{2,15})?(?: model)?(?: with \w{2,12})?(?: \w{2,15}){0,2}?"
    r" (?:(?:version|variant|checkpoint|model|fork|derivative|instance)s? (?:of|from|based on)|from|on top of"
    r"|using|with))"
    r"|(?P<version>(?:version|variant|conversion|port|copy|checkpoint|reproduction|derivative|iteration) (?:of"
    r"|based on))"
    r"|(?P<quantized>(?:gguf|ggml|gptq|awq|exl2|exl3|onnx|int[48]|[48][- ]bit|fp8|mlx|quanti[sz]ed|quants?"
    r"|quanti[sz]ations?|"
    r"imatrix|bnb|ctranslate2|openvino|coreml)(?: \w{2,15}){0,4}? (?:of|for|from))"
    r"|(?P<distil>(?:distill?(?:ed|ation)|teacher)(?: \w{2,15}){0,2}? (?:of|from|is|was|model))"
    r"|(?P<init>(?:initiali[sz]ed|warm[- ]started|starting|started|bootstrapped|continued|resumed|continue"
    r"|built|build|builds|derived|adapted|"
    r"converted|trained|pre-?trained|further trained)(?: \w{2,12}){0,2}? (?:from|with|on top of|upon))"
    r"|(?P<based>based (?:up)?on)"
    r"|(?P<tuning>fine[- ]?tun(?:e|ed|ing)(?: of)?(?= [A-Z\w-]{2,60} (?:on|for|using|with|model)\b))"
    r"|(?P<adapter>(?:lora|adapter|qlora|peft|controlnet)s?(?: \w{2,12}){0,3}? (?:for|of|on|to))"
    r"|(?P<merge>(?:merge|merged|blend|frankenmerge)(?: \w{2,12}){0,4}? (?:of|between|from|with)|merging)"
    r"|(?P<created>(?:this repo(?:sitory)? (?:contains|hosts)|weights (?:of|for)|files? for))",
    re.IGNORECASE,
)
_FIRST = [
    "fine", "finetuned", "finetune", "finetuning", "version", "versions", "variant", "conversion", "port", "copy",
    "checkpoint", "reproduction", "derivative", "iteration", "gguf", "ggml", "gptq", "awq", "exl2", "exl3", "onnx",
    "int4", "int8", "4", "8", "fp8", "mlx", "quantized", "quantised", "quant", "quants", "quantization",
    "quantizations", "quantisation", "imatrix", "bnb", "ctranslate2", "openvino", "coreml", "distilled",
    "distillation", "teacher", "initialized", "initialised", "warm", "started", "starting", "bootstrapped",
    "continued", "resumed", "continue", "built", "build", "builds", "derived", "adapted", "converted", "trained",
    "pre", "pretrained", "further", "based", "lora", "loras", "adapter", "adapters", "qlora", "peft", "controlnet",
    "merge", "merged", "blend", "frankenmerge", "merging", "this", "weights", "file", "files",
]  # fmt: skip
#: What names of models have in them; a name without a link counts only with one of these, or as ``owner/name``.
_FAMILY = re.compile(
    r"bert|gpt|llama|\bt5|mt5|byt5|\bt0|bart|mistral|mixtral|qwen|gemma|\bphi|falcon|pythia|neox?\b|\bopt\b"
    r"|bloom|wav2vec|whisper|hubert|wavlm|\bvit|clip|"
    r"resnet|convnext|swin|deit|beit|detr|yolo|diffusion|\bsd[- ]?(?:xl|v?\d)|flux|electra|xlnet|xlm|xls-r"
    r"|marian|pegasus|mpnet|minilm|longformer|bigbird|"
    r"albert|beto|coder|codegen|vicuna|alpaca|\byi-|deepseek|solar|zephyr|hermes|internlm|chatglm|baichuan|\be5"
    r"|\bbge|\bgte|blip|llava|dino|speecht5|\bmms|"
    r"vits|tacotron|segformer|layoutlm|donut|trocr|mamba|rwkv|olmo|stablelm|\bmpt|dolly|nllb|m2m|flan|\bul2"
    r"|wizard|orca|efficientnet|mobilenet|inception|"
    r"\banything|waifu|dreamlike|\bpony|command|granite|nemotron|smollm|\baya|\besm|opus-mt|chronos|tapas"
    r"|doc2query|colbert|splade|\d[bB]\b",
    re.IGNORECASE,
)
_OTHERS = re.compile(
    r"\b(?:card|code|recipe|script|readme|template|notebook|latest|data ?sets?|paper|demo|tokenizer"
    r"|install\w{0,3}|license|results?|images?)\b"
)
_RELATIONS = {
    "finetune": ("finetune", 0.9, 0.72), "quantized": ("quantized", 0.85, 0.65), "distil": ("distillation", 0.8, 0.6),
    "adapter": ("adapter", 0.75, 0.5), "merge": ("merge", 0.85, 0.6), "init": ("finetune", 0.75, 0.55),
    "based": (None, 0.75, 0.5), "version": (None, 0.75, 0.5), "tuning": ("finetune", 0.8, 0.55), "created": (None,
    0.5, 0.2),
}  # fmt: skip
_KEYS = {
    "base model": None, "base models": None, "base_model": None, "parent model": "finetune",
    "original model": "quantized",
    "finetuned from": "finetune", "finetuned from model": "finetune", "fine-tuned from model": "finetune",
    "fine-tuned from": "finetune", "foundation model": None, "teacher model": "distillation", "language model": None,
    "source model": None, "upstream model": None, "based on": None, "base architecture": None, "backbone": None,
    "finetuned model": None, "model base": None, "student model": None, "quantized from": "quantized",
    "pretrained model": None, "pre-trained model": None, "checkpoint": None, "related models": None,
    "merged models": "merge",
}  # fmt: skip
_WEAK = {"related models", "checkpoint", "backbone", "base architecture", "student model"}
_CODE = re.compile(
    r"\b(?:base_model(?:_name(?:_or_path)?|_id)?|- model|model)\b[\"']? ?[:=] "
    r"?[\"']?([\w.-]{1,96}/[\w.-]{1,96})[\"']?"
)
_REPOSITORY = re.compile(r"[\w.-]{2,60}/[\w.-]{2,96}")
_MORE = re.compile(r"(?:, | and |, and | & | with )")


def find(document: Document) -> Iterator[Value]:
    """Base models with the relation where the words say one."""
    for label in document.labels:
        if label.key in _KEYS:
            yield from _of_label(document, label)
    for match in document.matches(_PHRASES, _FIRST):
        yield from _of_phrase(document, match)
    yield from _merged(document)
    yield from _recipes(document)


def _value(name: str, relation: str | None) -> dict[str, str]:
    return {"name": name} | ({"relation": relation} if relation else {})


def _of_label(document: Document, label: Label) -> Iterator[Value]:
    relation = _KEYS[label.key]
    confidence = 0.5 if label.key in _WEAK else 0.9
    ids = [found[1] for url in label.urls if (found := hub_id(url)) and found[0] == "model"]
    for name in dict.fromkeys(ids[:8]):
        yield document.of(label, "base_model", _value(name, relation), "base.label_link", confidence)
    if not ids:
        words = re.split(r"[,;(\[]| and | by ", label.value[:120])[0].strip(" `*_.")
        if 2 <= len(words) <= 80 and not re.match(
            r"more information|n/?a\b|none|unknown|yes|no\b|tbd", words, re.IGNORECASE
        ):
            yield document.of(label, "base_model", _value(words, relation), "base.label", confidence - 0.08)


def _of_phrase(document: Document, match: re.Match[str]) -> Iterator[Value]:
    """The name after a phrase; more names where the phrase is about a merge."""
    kind = match.lastgroup or "based"
    before = document.lower[max(document.block(match.start())[0], match.start() - 40) : match.start()]
    if document.quoted is not None and match.start() > document.quoted:
        return
    if kind in ("init", "version", "based") and _OTHERS.search(before):
        return
    relation, linked, plain = _RELATIONS[kind]
    relation = _refined(document, match, relation)
    _, last = document.block(match.start())
    start = match.end()
    skipped = re.compile(_ARTICLES).match(document.plain, start, last)
    start = skipped.end() if skipped else start + 1
    for _ in range(6 if kind == "merge" else 1):
        end = yield from _one(document, start, last, (relation, linked, plain, kind))
        more = _MORE.match(document.plain, end, last) if end else None
        if more is None:
            return
        start = more.end()


def _one(
    document: Document, start: int, last: int, how: tuple[str | None, float, float, str]
) -> Generator[Value, None, int]:
    """One name at a place; the generator's result is where it ends, 0 where there was none."""
    relation, linked, plain, kind = how
    link = link_at(document, start)
    if link is not None:
        found = hub_id(link.url)
        if found and found[0] == "model":
            name, end = found[1], link.at + len(link.words or link.url)
            yield document.at(
                "base_model", _value(name, relation), link.start, link.end, f"base.{kind}_link", linked, "link"
            )
            return end
    named = name_at(document, start, min(last, start + 120))
    if named is None or (link and link.url.startswith("https://arxiv")):
        return 0
    name, end = named
    if re.match(
        r" ?(?:data ?sets?|corp(?:us|ora)|data\b|paper|benchmark|gpus?|optimi[sz]er|splits?)",
        document.plain[end : end + 12],
        re.IGNORECASE,
    ):
        return 0
    is_id = _REPOSITORY.fullmatch(name) is not None
    if (kind in ("created", "version") and not is_id) or "+" in name or not (is_id or _FAMILY.search(name)):
        return 0
    rule, confidence = (f"base.{kind}_id", plain + 0.15) if is_id else (f"base.{kind}_name", plain)
    yield document.value("base_model", _value(name, relation), start, end, rule, confidence)
    return end


def _refined(document: Document, match: re.Match[str], relation: str | None) -> str | None:
    """``quantized version of`` and ``fine-tuned ... based on`` say more than their last words."""
    if relation is not None:
        return relation
    before = document.lower[max(0, match.start() - 60) : match.end()]
    for words, said in (
        ("quanti", "quantized"),
        ("gguf", "quantized"),
        ("fine", "finetune"),
        ("distil", "distillation"),
    ):
        if words in before:
            return said
    return None


def _merged(document: Document) -> Iterator[Value]:
    """The list under "Models Merged"."""
    for section in document.sections:
        if section.titles and section.titles[0].startswith(("models merged", "merged models", "models used")):
            for url in document.urls(section.body, section.end)[:20]:
                found = hub_id(url)
                if found and found[0] == "model":
                    link = next(one for one in document.links if one.url == url and one.at >= section.body)
                    value = _value(found[1], "merge")
                    yield document.at("base_model", value, link.start, link.end, "base.merge_list", 0.9, "link")


def _recipes(document: Document) -> Iterator[Value]:
    """Merge recipes and configurations in blocks of code."""
    for block in document.code[:60]:
        if block.info not in ("yaml", "yml", "json", "") or "model" not in block.text:
            continue
        merge = "merge_method" in block.text or "slices:" in block.text
        for match in islice(_CODE.finditer(block.text[:20_000]), 20):
            rule, confidence = ("base.recipe", 0.8) if merge else ("base.configuration", 0.45)
            value = _value(match[1], "merge" if merge else None)
            start = block.start + match.start(1)
            yield document.at("base_model", value, start, start + len(match[1]), rule, confidence, "code")
