"""Names taken apart: the rules against people's labels and against the study's language model, and their cost.

The labels are read from HUBCENSUS_NAMING_LABELS (modelId,label), the study's elements from
HUBCENSUS_STUDIES/PTM-Naming/Naming_practices/naming_elements/results.json. Both are split by the hash of the id, six
tenths to write rules on, four tenths to measure; only the latter is shown.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import duckdb
import numpy as np

from analyses import _naming, _stats
from analyses._naming import CODES, convention, elements

ROUNDS = 2_000


def main(full: bool) -> None:
    """Print precision, recall and F1 of each class and each element, the failures, and names a second."""
    where = os.environ.get("HUBCENSUS_NAMING_LABELS")
    if where is None:
        print("naming: set HUBCENSUS_NAMING_LABELS to a file of modelId,label")
        return
    with Path(where).open(encoding="utf-8") as lines:
        rows = [(row["modelId"], row["label"]) for row in csv.DictReader(lines)]
    held = [(name, label) for name, label in rows if in_test(name)]
    conventions(held, full)
    study = Path(os.environ.get("HUBCENSUS_STUDIES", "")) / "PTM-Naming/Naming_practices/naming_elements/results.json"
    if study.is_file():
        seen = {name: set(codes) for name, codes in json.loads(study.read_text(encoding="utf-8")).items()}
        against_study({name: codes for name, codes in seen.items() if in_test(name)})
        speed(list(seen))


def in_test(name: str) -> bool:
    """Whether an id belongs to the four tenths that no rule was written on."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 10 >= 6


def conventions(held: list[tuple[str, str]], full: bool) -> None:
    """The three classes; the intervals of F1 by bootstrap over names."""
    truth, said = [label for _, label in held], [convention(name) for name, _ in held]
    classes = sorted(set(truth))
    right = sum(a == b for a, b in zip(truth, said, strict=True))
    print(f"n {len(held)}  accuracy {_interval(right, len(held))}")
    print(f"majority baseline {_interval(max(Counter(truth).values()), len(held))}")
    labels, guesses = np.array(truth), np.array(said)
    rng = np.random.default_rng(_stats.SEED)
    draws = [rng.integers(0, len(held), len(held)) for _ in range(ROUNDS)]
    macro = [float(np.mean([_f1(labels[at], guesses[at], kind) for kind in classes])) for at in draws]
    print(f"macro F1 {np.mean([_f1(labels, guesses, kind) for kind in classes]):.4f} {_percentiles(macro)}")
    for kind in classes:
        both = sum(a == b == kind for a, b in zip(truth, said, strict=True))
        spread = _percentiles([_f1(labels[at], guesses[at], kind) for at in draws])
        print(f"{kind}: precision {_interval(both, said.count(kind))} recall {_interval(both, truth.count(kind))} "
              f"F1 {_f1(labels, guesses, kind):.4f} {spread}")  # fmt: skip
    wrong = Counter((label, guess) for label, guess in zip(truth, said, strict=True) if label != guess)
    print("labelled, said:", dict(wrong))
    if full:
        for name, label in held:
            if convention(name) != label:
                print(f"  {name}: {label}, said {convention(name)}")


def against_study(seen: dict[str, set[str]]) -> None:
    """Each element: shares, precision and recall with the language model's answers as the truth."""
    found = {name: set(elements(name)) for name in seen}
    for code, word in CODES.items():
        both = sum(code in codes and word in found[name] for name, codes in seen.items())
        ours, theirs = sum(word in parts for parts in found.values()), sum(code in codes for codes in seen.values())
        print(f"{word}: theirs {100 * theirs / len(seen):.2f} % ours {100 * ours / len(seen):.2f} % "
              f"precision {_interval(both, ours)} recall {_interval(both, theirs)}")  # fmt: skip


def speed(names: list[str]) -> None:
    """Names a second, one core: the SQL over all of them at once, and the door in Python one by one."""
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("CREATE TABLE raw AS SELECT unnest($1::VARCHAR[]) AS name", [names])
    connection.execute(f"CREATE TABLE named AS SELECT {_naming.sql_base('name')} AS base FROM raw")
    begun = time.process_time()
    connection.execute(f"CREATE TABLE mask AS {_naming.sql_masks('named')}")
    middle = time.process_time()
    for name in names:
        elements(name)
    end = time.process_time()
    print(f"names a CPU second: SQL {len(names) / (middle - begun):,.0f}, Python {len(names) / (end - middle):,.0f}")


def _f1(truth: np.ndarray, said: np.ndarray, kind: str) -> float:
    total = int((truth == kind).sum() + (said == kind).sum())
    return float(2 * ((truth == kind) & (said == kind)).sum() / total) if total else 0.0


def _interval(part: int, whole: int) -> str:
    found = _stats.share(part, whole)
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"


def _percentiles(values: Sequence[float]) -> str:
    low, high = np.percentile(values, [2.5, 97.5])
    return f"[{low:.4f}, {high:.4f}]"


if __name__ == "__main__":
    main("--full" in sys.argv)
