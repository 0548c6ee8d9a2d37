"""What a forge says of a repository besides its files: names, numbers, dates, words."""

from __future__ import annotations

from itertools import accumulate
from math import exp
from random import Random
from typing import Any

from simhub.apps._invent import HOSTILE, WORDS
from simhub.clock import DAY0, DAY_SECONDS, iso, number

_FIRST = (
    "ada",
    "bo",
    "chidi",
    "dara",
    "emre",
    "fen",
    "goro",
    "hana",
    "Ivo",
    "june",
    "kofi",
    "lena",
    "Mei",
    "nils",
    "oya",
)
_GROUPS = ("labs", "AI", "research", "hq", "dev", "Foundation", "nlp")
_KINDS = (
    "demo",
    "bot",
    "finetune",
    "api",
    "paper",
    "search",
    "notebooks",
    "toolkit",
    "bench",
    "app",
    "RAG",
    "course",
)
_TOPICS = (
    "nlp",
    "transformers",
    "pytorch",
    "llm",
    "huggingface",
    "deep-learning",
    "rag",
    "speech",
    "computer-vision",
)
_TEXTS = (
    "Fine-tuning {word} models on {other} data",
    "Code for the paper “{Word} is all you need”",
    "A small API around a {word} model 🤗",
    "My notes and notebooks on {word}",
    "{Word} search for {other}",
)
_SCRIPTS = (
    "基于预训练模型的文本分类项目",
    "نموذج لتلخيص النصوص العربية",
    "Проект по распознаванию речи",
    "日本語の埋め込みモデルを試す",
    "हिन्दी के लिए भाषा मॉडल",
    "Ταξινόμηση κειμένου",
)
_LANGUAGES = (*(["Python"] * 12), *(["Jupyter Notebook"] * 5), "TypeScript", "Shell", "HTML", "C++", None)
_BRANCHES = (*(["main"] * 14), *(["master"] * 5), "develop", "feature/new-model", "v2.0")


class Names:
    """Owners and names, each pair once, whatever its case."""

    def __init__(self, count: int, seed: int) -> None:
        rng = Random(number(seed, "owners", count))
        self._owners = [self._invented(rng, ordinal) for ordinal in range(10 + count // 3)]
        self._cumulative = list(accumulate(1 / (rank + 4) ** 0.8 for rank in range(len(self._owners))))
        self._taken: set[str] = set()

    @staticmethod
    def _invented(rng: Random, ordinal: int) -> tuple[str, bool]:
        """A name, and whether it is an organisation's: many of those that have much are."""
        if rng.random() < (0.7 if ordinal < 12 else 0.12):
            return f"{rng.choice(WORDS)}-{rng.choice(_GROUPS)}{ordinal or ''}", True
        return f"{rng.choice(_FIRST)}{rng.choice(('', '-', 'x'))}{rng.choice(WORDS)}{ordinal}", False

    def owner(self, rng: Random) -> tuple[str, bool]:
        """An owner, and whether it is an organisation."""
        return rng.choices(self._owners, cum_weights=self._cumulative)[0]

    def of(self, owner: str, rng: Random) -> str:
        """A name that this owner has not given yet."""
        words = [rng.choice(WORDS), rng.choice(WORDS), rng.choice(_KINDS)][rng.randrange(2) :]
        return self.like(owner, rng.choice(("-", "-", "_", ".")).join(words))

    def like(self, owner: str, name: str) -> str:
        """This name, or the next one with a number."""
        free, turn = name, 1
        while f"{owner}/{free}".lower() in self._taken:
            turn += 1
            free = f"{name}-{turn}"
        self._taken.add(f"{owner}/{free}".lower())
        return free


def moment(rng: Random, days: int) -> str:
    """Some time in the days before the first simulated one, as GitHub writes it."""
    return _github(DAY0 - 1 - rng.randrange(days * DAY_SECONDS))


def _github(seconds: int) -> str:
    return iso(seconds).replace(".000Z", "Z")


def about(rng: Random, ordinal: int) -> dict[str, Any]:
    """Numbers, dates and words of a repository."""
    shared = rng.gauss(0, 1)
    stars = int(exp(1.0 + 1.9 * (0.5 * shared + 0.87 * rng.gauss(0, 1)))) - 1
    forks = int(exp(0.1 + 1.5 * (0.5 * shared + 0.87 * rng.gauss(0, 1)))) - 1
    created = DAY0 - 1 - int(7 * 365 * DAY_SECONDS * rng.random() ** 1.6)
    return {
        "stars": max(stars, 0),
        "forks": max(forks, 0),
        "watchers": 1 + max(stars, 0) // rng.randrange(10, 60),
        "created_at": _github(created),
        "pushed_at": _github(created + int((DAY0 - 1 - created) * rng.random() ** 2)),
        "description": _description(rng, ordinal),
        "homepage": rng.choice((None, None, None, "", "https://example.org/demo", "javascript:alert(1)")),
        "language": rng.choice(_LANGUAGES),
        "topics": tuple(rng.sample(_TOPICS, rng.choice((0, 0, 0, 1, 3, 5)))),
        "branch": rng.choice(_BRANCHES),
        "issues": rng.choice((0, 0, 0, 1, 2, 5, rng.randrange(31))),
        "pulls": rng.choice((0, 0, 0, 0, 1, 3, rng.randrange(31))),
    }


def _description(rng: Random, ordinal: int) -> str | None:
    roll = rng.random()
    if roll < 0.25:
        return None
    if roll < 0.29:
        return HOSTILE[ordinal % len(HOSTILE)]
    if roll < 0.36:
        return rng.choice(_SCRIPTS)
    word = rng.choice(WORDS)
    return rng.choice(_TEXTS).format(word=word, Word=word.title(), other=rng.choice(WORDS))
