"""What a model's name says: the elements of its parts, and the convention it follows.

``elements`` and ``convention`` answer for one name; ``ELEMENTS`` and ``CONVENTION`` are the same rules as SQL, for a
whole hub at once. Both read ``naming_words.csv`` (words and their elements) and the expressions below, which mean the
same to Python and to RE2; a test holds the two against each other. Only the base name counts, in lower case, its
first 200 characters.

The elements are those of PTM-Naming (Jiang et al., "Naming practices of pre-trained models in Hugging Face",
arXiv 2310.01642). ``docs/naming.md`` says how good the rules are and where they fail.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib import resources

# Letters as in the study's files, in the order of the bits of a mask.
CODES = {
    "A": "architecture",
    "S": "model size",
    "O": "other",
    "T": "task",
    "D": "dataset",
    "L": "language",
    "P": "parameter count",
    "V": "version",
    "C": "dataset characteristic",
    "F": "reuse method",
    "N": "number of layers",
    "R": "training process",
    "H": "number of heads",
}
UNIT, COMBINED, VOID = "implementation unit", "combined pattern", "uninformative"
_UNKNOWN = 1 << len(CODES)
_BITS = {code: 1 << place for place, code in enumerate(CODES)}
_LENGTH = 200

# Spellings that a split would tear apart.
_WHOLE = (
    ("gpt-neo", "gptneo"),
    ("gpt-j", "gptj"),
    ("xls-r", "xlsr"),
    ("big-bird", "bigbird"),
    ("fine-tun", "finetun"),
)
_SPLIT = "[^a-z0-9.]+"

# Fragments of a word that is not in the vocabulary.
_FRAGMENTS = {
    "A": "bert|gpt|llama|t5|wav2vec|electra|bart|former|net|whisper|vit|diffusion|mistral|mixtral|vicuna|wizard"
    "|hermes|yolo|bloom|falcon|qwen|gemma|swin|clip|stable|coder|phi|lm$|^[a-z]{2,4}xlm|alpaca|xlsr|hubert|orca|glm|distil"
    "|pegasus|chat|zephyr|mamba|rwkv|nllb|dqn|ppo|sac$|a2c",
    "T": "sentiment|emotion|classif|detect|summar|translat|generat|questionanswering|segmentation|recogni|caption"
    "|hatespeech|chatbot|tagger|tweet|instruct|retriev|rerank|embed",
    "D": "squad|imagenet|wiki|conll|imdb|pubmed|librispeech|commonvoice|cifar|mnist|coco$|laion|msmarco|mnli|in1k"
    r"|in2[12]k|in12k|[.](fb|ms|sw|augreg|in1k|in21k|in22k|in12k|laion2b|a1|ra|sail|timm)",
    "F": "finetun|distill|^lora|lora$|qlora|dreambooth|slerp|merge",
    "P": "^[a-z]?[0-9]+([.][0-9]+)?[bm]$|^[0-9]+x[0-9]+([.][0-9]+)?b$",
    "V": "^v[0-9]+[a-z0-9.]*$|^[0-9]+[.][0-9]+([.][0-9]+)?$|[a-z]v[0-9]+$|^20(1[5-9]|2[0-9])$",
    "S": "^[lha][0-9]+$|(resnet|densenet|vgg)[0-9]+$|(base|large|small|tiny)$",
    "N": "^l[0-9]{1,2}$",
    "H": "^h[0-9]{2,4}$|^a[0-9]{1,2}$",
    "C": "^(patch|window|p|w)[0-9]{1,2}$|^[0-9]{3}x[0-9]{3}$|^(224|256|288|384|448|512|640)[.]",
    "O": "^[0-9]+bit$|^q[0-9]$|^(int|fp|bf|nf)[0-9]+$|gptq|ggml|gguf|awq|exl2|autotrain|autonlp|test|dummy|uncensored"
    "|checkpoint",
    "R": "^[0-9]+(e|ep|epoch|epochs|step|steps)$|^(e|ep|epoch|epochs|bs|lr|seed)[0-9]+$",
}
# Two parts that mean something only together: L-12, H_768.
_PAIRS = {"N": "(^|[^a-z0-9])l[-_ ][0-9]", "H": "(^|[^a-z0-9])[ha][-_ ][0-9]"}

# A name that its author did not choose, or that says nothing.
_VOID = "^(autotrain|autonlp)|^(my|test|demo|dummy)([-_. ]|$|model|[0-9])"
# Words of the names of classes: BertForMaskedLM, Wav2Vec2ForCTC. GPT2LMHeadModel and MarianMTModel have none of the
# form "XFor...", and the labels of the study do not count them; see docs/naming.md.
_UNITS = (
    "bert|electra|gptneo|gptj|gptsan|t5|bart|pegasus|wav2vec2|whisper|wavlm|beit|deit|swin|convnext|resnet|layoutlm"
    "|longformer|bigbird|reformer|fnet|mpnet|segformer|detr|yolos|regnet|clip|data2vec(audio|vision|text)|unispeech"
    "|m2m100|codegen|tapas|perceiver|levit|cvt|poolformer|maskformer|mask2former|canine|bloom|vilt|dinat|splinter"
    "|mobilenet|mobilevit|efficientformer|videomae|timesformer|speecht5|roformer|nystromformer|funnel|luke|xglm"
    "|megatron|prophetnet|blenderbot|trocr|groupvit|owlvit|glpn|flava|efficientnet|pix2struct|upernet|oneformer"
    "|markuplm|yoso|llama|mistral|mixtral|falcon|gemma|qwen2|phi3|mamba|rwkv|encoderdecoder|timeseriestransformer"
)
_SHORT_UNITS = "(^|[^a-z])(opt|led|dit|van|vit|nat|lilt|sew|dpt|git|mvp|rag|esm)([^a-z]|$)|(^|[^a-z])vit[a-z_-]"
# Names that hold such a word, while the class is another: RoBERTa models called something-bert, DeBERTa after the
# first, ViT models called deit, pairs of an encoder and a decoder, misspellings.
_OTHERS = (
    "bertweet|phobert|codebert|graphcodebert|robbert|icebert|slovakbert|climatebert|bertin|flaubert|distillbert"
    "|m?deberta-?v[3-9]|deberta-(base|large)-(japanese|chinese|coptic)|wangchanberta|mathberta|emoberta|tavbert"
    "|babyberta|ruperta|distilcamenbert|soongsil-bert|deit-(base|small|tiny)-patch"
    "|(bert|roberta|gpt2|electra|t5|vit|bart)[a-z-]*2[a-z]*(bert|roberta|gpt)[a-z]*"
    "|(bert|roberta|xlnet|ernie)(_large)?_(distil)?(gpt2|bert|ernie|roberta)|s2t-wav2vec2"
    "|wav2vec2-xls-r-[12]b-[a-z0-9]+-to|prot_t5_xl_half|nli-?mpnet"
)


@cache
def words() -> dict[str, int]:
    """The vocabulary: a word and the mask of its elements."""
    text = resources.files("analyses").joinpath("naming_words.csv").read_text(encoding="utf-8")
    return {row[0]: sum(_BITS[code] for code in row[1]) for row in csv.reader(text.splitlines()[1:])}


def convention(name: str) -> str:
    """Whether a name follows the ``implementation unit``, is a ``combined pattern`` or ``uninformative``.

    ``name`` is an id or a base name. The three classes are those of the labels of PTM-Naming.
    """
    base = _base(name)
    if re.search(_VOID, base):
        return VOID
    base = re.sub(_OTHERS, " ", base)
    found = re.search(_SHORT_UNITS, base) or re.search(_UNITS, re.sub("[-_.]", "", base))
    return UNIT if found else COMBINED


def elements(name: str) -> dict[str, tuple[str, ...]]:
    """The elements of a name, each with the parts of the name that say so, in the order of ``CODES``.

    Parts that no rule knows stand under ``other`` where the name says no architecture and else under none; beside a
    size, a version or a number of parameters an unknown part is taken for the name of an architecture.
    """
    base = _base(name)
    parts: dict[int, list[str]] = {}
    for token in tokens(base):
        mask = _mask(token)
        for bit in (*_BITS.values(), _UNKNOWN):
            if mask & bit:
                parts.setdefault(bit, []).append(token)
    for code, pattern in _PAIRS.items():
        for found in re.finditer(pattern, base):
            parts.setdefault(_BITS[code], []).append(found[0].strip("-_. "))
    unknown = parts.pop(_UNKNOWN, [])
    if unknown and _BITS["A"] not in parts:
        parts.setdefault(_BITS["O"], []).extend(unknown)
        if any(_BITS[code] in parts for code in "SPVN"):
            parts[_BITS["A"]] = unknown
    return {CODES[code]: tuple(parts[bit]) for code, bit in _BITS.items() if bit in parts}


def tokens(base: str) -> list[str]:
    """The parts of a base name as :func:`_base` gives it."""
    for written, joined in _WHOLE:
        base = base.replace(written, joined)
    return [token for token in (part.strip(".") for part in re.split(_SPLIT, base)) if token]


def _base(name: str) -> str:
    base = name.rsplit("/", 1)[-1][:_LENGTH]
    return re.sub("[^a-z0-9._-]", " ", re.sub("[A-Z]", lambda letter: letter[0].lower(), base))


@cache
def _compiled() -> dict[int, re.Pattern[str]]:
    return {_BITS[code]: re.compile(pattern) for code, pattern in _FRAGMENTS.items()}


def _mask(token: str) -> int:
    known = words().get(token)
    if known is not None:
        return known
    mask = sum(bit for bit, pattern in _compiled().items() if pattern.search(token))
    return mask or (_UNKNOWN if re.search("[^0-9.]", token) and len(token) > 1 else 0)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def sql_base(column: str) -> str:
    """SQL: the base name of an id as the rules read it."""
    ascii_lower = "abcdefghijklmnopqrstuvwxyz"
    lower = f"translate(left(split_part({column}, '/', -1), {_LENGTH}), '{ascii_lower.upper()}', '{ascii_lower}')"
    return f"regexp_replace({lower}, '[^a-z0-9._-]', ' ', 'g')"


def sql_convention(base: str) -> str:
    """SQL: the convention of a base name that :func:`sql_base` gave."""
    other = f"regexp_replace({base}, {_text(_OTHERS)}, ' ', 'g')"
    return f"""CASE WHEN regexp_matches({base}, {_text(_VOID)}) THEN '{VOID}'
        WHEN regexp_matches({other}, {_text(_SHORT_UNITS)})
            OR regexp_matches(regexp_replace({other}, '[-_.]', '', 'g'), {_text(_UNITS)}) THEN '{UNIT}'
        ELSE '{COMBINED}' END"""


def sql_has(mask: str, code: str) -> str:
    """SQL: whether a mask holds the element of a letter."""
    return f"{mask} & {_BITS[code]} > 0"


def sql_masks(names: str) -> str:
    """SQL: ``base`` and ``mask`` of the distinct base names in the relation ``names(base)``.

    Names are split into tokens, the distinct tokens judged once (by the vocabulary, else by fragments), and the
    masks of a name's tokens joined with a bitwise or.
    """
    whole = "base"
    for written, joined in _WHOLE:
        whole = f"replace({whole}, '{written}', '{joined}')"
    fragments = " + ".join(
        f"CASE WHEN regexp_matches(token, {_text(pattern)}) THEN {_BITS[code]} ELSE 0 END"
        for code, pattern in _FRAGMENTS.items()
    )
    pairs = " | ".join(
        f"CASE WHEN regexp_matches(base, {_text(pattern)}) THEN {_BITS[code]} ELSE 0 END"
        for code, pattern in _PAIRS.items()
    )
    size = sum(_BITS[code] for code in "SPVN")
    listed = ", ".join(f"({_text(word)}, {mask})" for word, mask in words().items())
    return f"""
        WITH word(token, mask) AS (VALUES {listed}),
        named AS (SELECT DISTINCT base FROM {names}),
        part AS (SELECT base, unnest(list_distinct(list_transform(
            regexp_split_to_array({whole}, '{_SPLIT}'), t -> trim(t, '.')))) AS token FROM named),
        distinct_token AS (SELECT DISTINCT token FROM part WHERE token <> ''),
        fragment AS (SELECT token, {fragments} AS mask FROM distinct_token ANTI JOIN word USING (token)),
        judged AS (FROM word UNION ALL SELECT token, CASE WHEN mask = 0 AND length(token) > 1
            AND regexp_matches(token, '[^0-9.]') THEN {_UNKNOWN} ELSE mask END FROM fragment),
        joined AS (SELECT base, bit_or(mask) AS mask FROM part JOIN judged USING (token) GROUP BY base),
        summed AS (SELECT base, coalesce(mask, 0) | {pairs} AS mask FROM named LEFT JOIN joined USING (base))
        SELECT base, CASE WHEN mask & {_UNKNOWN} = 0 THEN mask
            WHEN mask & {_BITS["A"]} > 0 THEN mask - {_UNKNOWN}
            ELSE ((mask - {_UNKNOWN}) | {_BITS["O"]})
                | CASE WHEN mask & {size} > 0 THEN {_BITS["A"]} ELSE 0 END END AS mask
        FROM summed
    """


def decode(mask: int) -> set[str]:
    """The elements of a mask."""
    return {CODES[code] for code, bit in _BITS.items() if mask & bit}
