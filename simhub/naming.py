"""Names in the Hub's style: owners with a heavy tail, model names that read like real ones.

Uniqueness needs no memory: a model that takes a common bare name gets an owner of its own, every other
name carries the model's running number.
"""

from __future__ import annotations

from random import Random

from simhub.clock import chance
from simhub.vocab import FUN, GAMES, ORG_WORDS, SUFFIXES, SYLLABLES

_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """A number in base 36."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


def owner_name(index: int) -> str:
    """The owner with this rank: organisations first, then users."""
    first, second = SYLLABLES[index % 14], SYLLABLES[index // 14 % 14]
    if index < 140:
        return f"{first}-{ORG_WORDS[index // 14]}"
    return f"{first.title()}{second}{base36(index)}"


def is_organisation(owner: str) -> bool:
    """Whether an owner made by `owner_name` is an organisation."""
    return owner.rpartition("-")[2] in ORG_WORDS


def is_verified(owner: str) -> bool:
    """Whether the hub calls an organisation verified: 3 of 100, as it was in 2022."""
    return is_organisation(owner) and chance("verified by the hub", owner) < 0.03


def followers(owner: str) -> int:
    """How many follow an owner: most have hardly any."""
    return int(2 / (1.002 - chance("followers", owner)))


def members(owner: str) -> int:
    """How many belong to an organisation."""
    return 1 + int(40 * chance("members", owner) ** 3)


def shared_owner(owners: int, rng: Random) -> str:
    """One of the owners that have many models; low ranks far more often."""
    return owner_name(int(owners * rng.random() ** 3))


def single_owner(ordinal: int) -> str:
    """An owner with this one model."""
    return f"{SYLLABLES[ordinal % 14]}{base36(ordinal)}u"


def bare_name(task: str | None, arch: str, label: str, rng: Random) -> str:
    """A name that many models share."""
    if task == "reinforcement-learning":
        return f"ppo-{rng.choice(GAMES)}"
    if not arch:
        return rng.choice(("test", "my-model", "model", "output", "first-try"))
    return f"{arch}-{label}-finetuned-{rng.choice(('imdb', 'squad', 'ner', 'emotion', 'cola'))}"


def numbered_name(arch: str, label: str, ordinal: int, rng: Random) -> str:
    """A name of its own: it carries the running number."""
    stem = f"{arch}-{label}" if arch else rng.choice(FUN)
    return f"{stem}-{rng.choice(SUFFIXES)}-{base36(ordinal)}"


def derived_name(parent: str, relation: str, ordinal: int, rng: Random) -> str:
    """A name that says where the model comes from."""
    stem = parent.rpartition("/")[2][:48]
    if relation == "quantized":
        return f"{stem}-{rng.choice(('GGUF', 'GGUF', 'GGUF', 'GPTQ', 'AWQ'))}-{base36(ordinal)}"
    if relation == "merge":
        return f"{rng.choice(FUN)}-{rng.choice(FUN)}-slerp-{base36(ordinal)}"
    if relation == "adapter":
        return f"{stem}-lora-{base36(ordinal)}"
    return f"{stem}-{rng.choice(SUFFIXES)}-{base36(ordinal)}"
