"""A hub of which two dozen models were probed, from a seed: what the analyses of the probe are counted on."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path
from typing import Any

from probed import claim, drawn, examined, file, score, token
from small_hub import FLOOR, SECOND, jsonl, records

from crawler.imports import hf_list
from landing import Zone
from probe.examination import Examination
from warehouse.database import Limits
from warehouse.load import load

MODELS = [f"lab{number % 4}/m{number}" for number in range(24)]
RULES = {
    "clean": [],
    "unlisted": [("pickle-unlisted-global", "unlisted")],
    "error": [("pickle-truncated", "error")],
    "suspicious": [("pickle-computed-call", "suspicious"), ("pickle-unlisted-global", "unlisted")],
    "dangerous": [("pickle-dangerous-global", "dangerous"), ("pickle-imports", "note")],
}
RANK = ("clean", "unlisted", "error", "suspicious", "dangerous")
#: Stratum: models of the hub in it. MODELS are drawn in turn: six from each, one of them alone from the last.
STRATA = {"popular": 40, "known": 400, "tail": 4_000, "whole": 5, "alone": 9}


def land_models(home: Path) -> None:
    models = [(name, 10, 0, FLOOR, [], None, None, number) for number, name in enumerate(MODELS, 1)]
    path = jsonl(home / "models.jsonl", records(models))
    hf_list.land(Zone(home / "landing"), path, observed_at=SECOND, program="test", complete=True)


def built(home: Path) -> Path:
    load(Zone(home / "landing"), home / "warehouse.duckdb", Limits("2GB", threads=1))
    return home / "warehouse.duckdb"


def stratum(number: int) -> str:
    return "alone" if number == 23 else "whole" if number % 4 == 3 else ("popular", "known", "tail")[number % 4]


def draws() -> list[tuple[str, dict[str, Any]]]:
    sizes = Counter(map(stratum, range(24)))
    return [
        drawn(name, stratum(number), STRATA[stratum(number)], sizes[stratum(number)])
        for number, name in enumerate(MODELS)
    ]


def scans() -> list[Examination]:
    """All but m2; m6 was not done. Every tenth file or so is bad, and some lie in several models."""
    rng, made = random.Random(7), []
    for number, name in enumerate(MODELS):
        files = []
        for place in range(number % 4 + 1):
            verdict = rng.choice(RANK) if rng.random() < 0.5 else "clean"
            formats = ["zip", "pickle"] if place % 2 else ["json"]
            shared = f"{verdict}-{rng.randrange(3)}" if rng.random() < 0.4 else f"blob-{number}-{place}"
            facts = {"bytes": 10 * number + place, "formats": formats, "sha256": shared}
            files.append(file(f"f{place}", verdict, *RULES[verdict], **facts))
        others = [
            {"path": one["path"], "sha256": one["sha256"], "tool": tool, "version": "1", "verdict": verdict}
            for one in files
            for tool, verdict in said(one, rng)
        ]
        state = "timeout" if number == 6 else "done"
        if number != 2:
            made.append(examined(name, "scan", files=files, others=others, state=state))
    return made


def said(one: dict[str, Any], rng: random.Random) -> list[tuple[str, str]]:
    """What others say: one mostly agrees, one seldom, one fails or skips, and the hub uses words of its own."""
    verdict = one["verdict"]
    return [
        ("picklescan", verdict if rng.random() < 0.8 else "clean"),
        ("modelscan", rng.choice(["clean", "dangerous", "error"])),
        ("fickling", rng.choice(["skipped", "error", "not-installed"])),
        ("hub", "Unsafe" if verdict in ("suspicious", "dangerous") else "safe"),
        ("hub/avScan", "safe" if rng.random() < 0.2 else "unscanned"),
    ]


def weights() -> list[Examination]:
    rng, made = random.Random(8), []
    for number, name in enumerate(MODELS):
        base = score(
            "rows-base", None if number % 3 == 0 else rng.expovariate(1), 2.0, fpr=0.01, suspects=["cf", "mn"]
        )
        twins = score("duplicates", rng.expovariate(1), 1.5, fpr=0.05, suspects=["bb"])
        made.append(examined(name, "weights", scores=[base, twins, score("norms", rng.random(), None)]))
    return made


def triggers() -> list[Examination]:
    rng, made = random.Random(9), []
    for number, name in enumerate(MODELS[:9]):
        tokens = [
            token(f"w{place}", rng.choice([0, 1, 5, 50, 500]), round(rng.random() ** 3, 1)) for place in range(60)
        ]
        planted = number in (1, 4)
        suspects = ["cf -> class 1", "a -> b -> class 0"] if planted else ["w3 -> class 0"]
        tokens += [token("cf", 1, 1.0), token("a -> b", 0, 0.9)] if planted else []
        scores = [score("label-flip-rate", 20.0 + number if planted else 1.0 + number / 10, 8.0, suspects=suspects)]
        one = examined(name, "triggers", tokens=tokens, scores=[*scores, score("unlearning", None, None)])
        one.environment = {"facts": {"frequencies": "claimed data set, 9 texts"}}
        made.append(one)
    return made


def claims() -> list[Examination]:
    rng, made = random.Random(10), []
    for number, name in enumerate(MODELS[:20]):
        told = []
        for ordinal in range(1, number % 4 + 1):
            value = round(rng.uniform(0.6, 0.95), 2)
            kind = rng.choice(
                ["VERIFIED", "WITHIN_TOLERANCE", "UNDECIDED", "DISCREPANT_LOW", "DISCREPANT_HIGH", "CANNOT_VERIFY"]
            )
            more: dict[str, Any] = {"ordinal": ordinal, "metric": rng.choice(["accuracy", "F1"])}
            if kind == "CANNOT_VERIFY":
                told.append(
                    claim(None, value, kind, reason=rng.choice(["NO_DATASET: gone", "SPLIT_UNKNOWN"]), **more)
                )
                continue
            off = {"DISCREPANT_LOW": -0.05, "DISCREPANT_HIGH": 0.04, "UNDECIDED": 0.02}.get(kind, 0.0)
            p = round(rng.choice([0.001, 0.02, 0.049]) if kind.startswith("D") else rng.uniform(0.2, 1), 3)
            told.append(claim(value + off, value, kind, p_value=p, **more))
        told = told or [claim(None, None, "CANNOT_VERIFY", reason="NO_CLAIM: none", metric=None)]
        made.append(examined(name, "verify", measurements=told))
    loss = claim(3.0, 2.5, "DISCREPANT_LOW", metric="loss", p_value=0.0001)
    made.append(examined("lab9/m99", "verify", measurements=[loss]))
    return made
