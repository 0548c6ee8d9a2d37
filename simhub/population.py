"""A synthetic hub from a seed: one model at a time, in order of creation, from flat memory.

`Generator.make(ordinal)` is deterministic for (seed, number of models). The skews are those of
`simhub.vocab` and of the public crawl of 2024: half of the models are never downloaded, 4 % carry the
Hub's backfilled creation date, popular models are better documented.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

from simhub import claims, naming
from simhub.clock import DAY0, FLOOR, digest, iso, number
from simhub.families import Families, Parent, declare_parents, relation_for
from simhub.spec import Spec
from simhub.vocab import (
    ARCHS,
    ARXIV,
    DATASETS,
    DRIFTS,
    FUN,
    GAMES,
    LANGUAGES,
    LICENCES,
    PROFILES,
    Profile,
)

_PROFILE_CUM = list(accumulate(p.share for p in PROFILES))
_LICENCE_NAMES = [name for name, _ in LICENCES]
_LICENCE_CUM = list(accumulate(weight for _, weight in LICENCES))
_DECLARED = ("yaml_only", "template", "auto", "full", "crlf", "multilingual")
_DECLARED_CUM = list(accumulate((29, 15, 33, 20, 1.5, 1.5)))
_BARE = ("none", "empty", "plain", "invalid")
_BARE_CUM = list(accumulate((82, 8, 8, 2)))


class Counters(NamedTuple):
    """The moving numbers of a model."""

    downloads: int
    likes: int
    all_time: int
    trending: int


class Generator:
    """Makes the models of one population."""

    def __init__(self, seed: int, models: int, families: Families | None = None) -> None:
        self.seed = seed
        self.models = max(models, 1)
        self.families = families or Families()
        self.owners = 20 + models // 6

    def all(self) -> Iterator[tuple[Spec, Counters]]:
        """Every model of day 0, oldest first."""
        for ordinal in range(1, self.models + 1):
            yield self.make(ordinal, self._created(ordinal))

    def make(self, ordinal: int, created: int) -> tuple[Spec, Counters]:
        """The model with this running number, created at this moment."""
        rng = Random(number(self.seed, "model", ordinal))
        profile = PROFILES[_pick(_PROFILE_CUM, rng)]
        counters = _counters(rng)
        oid = f"{created:08x}{digest(self.seed, 'machine', length=10)}{ordinal:06x}"
        spec = Spec(ordinal, oid, "", iso(created), "", seed=rng.getrandbits(31))
        spec.library, spec.task, spec.head = profile.library, profile.task, profile.head
        self._body(spec, profile, rng)
        self._lineage_and_name(spec, profile, counters, rng)
        if spec.declares:
            _declare(spec, profile, counters, rng)
        self._dates_and_doors(spec, created, rng)
        if spec.arch and not spec.private and spec.relation in ("", "finetune"):
            parent = Parent(spec.id, spec.arch, tuple(spec.size), tuple(spec.licences))
            self.families.offer(parent, rng)
        return spec, counters

    def _created(self, ordinal: int) -> int:
        share = ordinal / self.models
        if share <= 0.04:
            return FLOOR
        return FLOOR + 1 + int((DAY0 - FLOOR - 4_000) * ((share - 0.04) / 0.96) ** 0.5)

    def _body(self, spec: Spec, profile: Profile, rng: Random) -> None:
        if not profile.archs:
            spec.formats = rng.choice(([], [], [], ["pytorch"], ["onnx"]))
            return
        spec.arch = rng.choice(profile.archs)
        spec.size = list(rng.choice(ARCHS[spec.arch].sizes)[1:])
        spec.dtype = rng.choice(("BF16", "F16", "F32")) if spec.size[1] > 1500 else "F32"
        roll = rng.random()
        if profile.library in ("stable-baselines3", "ml-agents"):
            spec.formats = ["zip"] if profile.library == "stable-baselines3" else ["onnx"]
        elif profile.library == "nemo":
            spec.formats = ["nemo"]
        else:
            spec.formats = ["safetensors"] if roll < 0.48 else ["pytorch"] if roll < 0.85 else _both(roll)
        if profile.task == "reinforcement-learning":
            spec.words = [rng.choice(GAMES)]

    def _lineage_and_name(self, spec: Spec, profile: Profile, counters: Counters, rng: Random) -> None:
        spec.card = _card_kind(counters, profile, rng)
        label = next((s[0] for s in ARCHS[spec.arch].sizes if list(s[1:]) == spec.size), "") if spec.arch else ""
        parent = self.families.pick(spec.arch, rng) if rng.random() < profile.lineage else None
        bare = rng.random() < 0.2
        spec.id = naming.single_owner(spec.ordinal) if bare else naming.shared_owner(self.owners, rng)
        if parent is None:
            name = (
                naming.bare_name(spec.task, spec.arch, label, rng)
                if bare
                else naming.numbered_name(spec.arch, label, spec.ordinal, rng)
            )
            spec.id += "/" + name
            return
        spec.relation = relation_for(spec.library, spec.task, rng)
        spec.id += "/" + naming.derived_name(parent.id, spec.relation, spec.ordinal, rng)
        spec.size = list(parent.size)
        if spec.relation == "quantized":
            _quantise(spec)
        if spec.declares:
            spec.parents = declare_parents(spec.id, parent, spec.relation, self.families, rng)
            spec.relation_declared = rng.random() < 0.15
            spec.licences = _inherit(list(parent.licences), rng)

    def _dates_and_doors(self, spec: Spec, created: int, rng: Random) -> None:
        spec.commits = 1 + min(int(rng.expovariate(0.35)), 60)
        latest = created if spec.commits == 1 else created + int((DAY0 - 1 - created) * rng.random() ** 6)
        spec.modified = iso(max(created, latest))
        roll = rng.random()
        spec.private = roll < 0.01
        spec.disabled = 0.01 <= roll < 0.012
        spec.gated = "auto" if 0.02 <= roll < 0.035 else "manual" if 0.035 <= roll < 0.045 else ""


def _pick(cumulative: Sequence[float], rng: Random) -> int:
    roll = rng.random() * cumulative[-1]
    return next(i for i, edge in enumerate(cumulative) if roll < edge)


def _both(roll: float) -> list[str]:
    return ["pytorch", "safetensors"] if roll < 0.97 else ["pytorch", "safetensors", "onnx"]


def _counters(rng: Random) -> Counters:
    """Downloads with the published bands and tail; likes and trending follow them loosely."""
    roll = rng.random()
    if roll < 0.495:
        downloads = 0
    elif roll < 0.94:
        downloads = int(50 ** rng.random())
    else:
        downloads = min(int(50 * (1 - rng.random()) ** -2.114), 700_000_000)
    likes = 0
    if rng.random() < (0.04 if downloads == 0 else 0.1 if downloads <= 50 else 0.6):
        likes = 1 + int(rng.paretovariate(1.2) * (1 + downloads**0.3)) if downloads > 50 else rng.choice((1, 1, 2, 3))
    trending = likes // 10 if likes > 10 and rng.random() < 0.5 else 0
    return Counters(downloads, likes, downloads * rng.randrange(1, 12), trending)


def _card_kind(counters: Counters, profile: Profile, rng: Random) -> str:
    share = 0.46 if counters.downloads == 0 else 0.62 if counters.downloads <= 50 else 0.86
    if profile.library in ("stable-baselines3", "peft", "sentence-transformers"):
        share = 0.95
    if rng.random() < share:
        return _DECLARED[_pick(_DECLARED_CUM, rng)]
    return _BARE[_pick(_BARE_CUM, rng)]


def _quantise(spec: Spec) -> None:
    """GGUF files, or packed integers in safetensors, as the name says."""
    if "-GGUF-" in spec.id:
        spec.formats, spec.dtype = ["gguf"], "GGUF"
    else:
        spec.formats, spec.dtype = ["safetensors"], "GPTQ" if "-GPTQ-" in spec.id else "AWQ"


def _inherit(licences: list[str], rng: Random) -> list[str]:
    """A child's licences: mostly the parent's, sometimes dropped or changed along known drifts."""
    roll = rng.random()
    if not licences:
        return [rng.choice(("apache-2.0", "mit"))] if roll < 0.1 else []
    if roll < 0.65:
        return licences
    if roll < 0.84:
        return []
    return [DRIFTS.get(licences[0], rng.choice(_LICENCE_NAMES))]


def _declare(spec: Spec, profile: Profile, counters: Counters, rng: Random) -> None:
    """What the card's front matter says besides lineage."""
    if not spec.parents and rng.random() < (0.72 if counters.downloads <= 50 else 0.86):
        spec.licences = [_LICENCE_NAMES[_pick(_LICENCE_CUM, rng)]]
        if rng.random() < 0.003:
            spec.licences = ["apache-2.0", "cc-by-4.0"]
    if "other" in spec.licences and rng.random() < 0.6:
        spec.licence_name = rng.choice(("community-licence", "llama-3.1", "research-only", "my-terms"))
    if rng.random() < 0.35:
        spec.languages = ["en", "fr", "de", "eo"] if spec.card == "multilingual" else [rng.choice(LANGUAGES)]
    if rng.random() < (0.2 if counters.downloads else 0.13):
        spec.datasets = sorted({rng.choice(DATASETS) for _ in range(rng.choice((1, 1, 2)))})
    if spec.card == "template":
        spec.arxiv = ["1910.09700"]  # the card template cites this paper by itself
    elif rng.random() < 0.05:
        spec.arxiv = [rng.choice(ARXIV)]
    if rng.random() < 0.003:
        spec.doi = f"10.57967/hf/{spec.ordinal:04d}"
    if rng.random() < profile.claims:
        spec.results = claims.results(spec.task, spec.words, rng)
    if rng.random() < 0.005:
        spec.co2 = claims.carbon(rng)
    if rng.random() < 0.1:
        spec.words = [*spec.words, rng.choice(FUN)]
    if spec.card == "auto":
        spec.words = [*spec.words, "generated_from_trainer"]
    spec.widget = rng.random() < 0.06
    spec.region = "eu" if rng.random() < 0.01 else "us"
