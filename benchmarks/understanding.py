"""What the card rules get right: on labels by people, on front matter hidden from them, and how fast they are.

    python -m benchmarks.understanding              all tables
    python -m benchmarks.understanding calibrate    crawler/understanding/confidence.csv from the dev half

HUBCENSUS_SHARED_DATA names the folder of real cards and labels. A model is in the dev half when the first byte of
the SHA-256 of its id is even: rules and confidences were made on dev, the test half only scores them. The matching
rules are in ``docs/understanding.md`` and in ``benchmarks/_matching.py``.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from analyses._stats import wilson
from benchmarks import matching
from crawler.understanding import FIELDS, Value, understand
from crawler.understanding.answers import SURE, answers, key

ROOT = Path(__file__).parent.parent
DATA = Path(os.environ.get("HUBCENSUS_SHARED_DATA", ROOT.parent / "shared" / "data"))
LABELS = "docs_labels/purdue_metadata_groundtruth.json"
POPULAR, EARLY = "hf/2024-11_model_cards_popular.jsonl.gz", "hf/2022-02-15_model_cards.jsonl.gz"
SAMPLE = "docs_labels/hn5318_sample_cards.jsonl.gz"
WEAK = ("licence", "dataset", "base_model", "language", "task")
ROUNDS, SEED, PRIOR = 1_000, 20241104, 10
CONFIDENCE = ROOT / "crawler/understanding/confidence.csv"


def dev(model: str) -> bool:
    """Whether a model is in the half that rules may be made on."""
    return hashlib.sha256(model.encode()).digest()[0] % 2 == 0


def cards(name: str) -> Iterator[tuple[str, str]]:
    """(model id, README) of a file of cards."""
    with gzip.open(DATA / name, "rt", encoding="utf-8") as lines:
        for line in lines:
            card = json.loads(line)
            yield card["modelId"], card.get("readme") or card.get("modelcard_text") or ""


def main(full: bool = True) -> None:
    """Print every table."""
    labelled()
    read = {name: _read_all(name, 1 if full else 10) for name in (POPULAR, EARLY)}
    for name, values in read.items():
        print(f"\n## {name}: {len(values):,} cards")
        weak(values)
        measured(values)
        filled(values)
    confidences([pair for values in read.values() for pair in values])
    speed()


# --- labels by people


def labelled_cards() -> dict[str, tuple[dict[str, Any], str]]:
    """Model -> (label, card) for the labelled models that have a card here; the newest card."""
    labels = json.loads((DATA / LABELS).read_text())
    lower = {model.lower(): model for model in labels}
    found: dict[str, str] = {}
    for name in (SAMPLE, EARLY, POPULAR):
        for model, text in cards(name):
            if model.lower() in lower and text:
                found[lower[model.lower()]] = text
    return {model: (labels[model], found[model]) for model in labels if model in found}


def labelled() -> None:
    """Precision, recall and F1 on the labels: dev and test half, and the share of labels that the card can show."""
    pairs = labelled_cards()
    rows = score_labels(pairs)
    total = len(json.loads((DATA / LABELS).read_text()))
    print(f"## Labels of people: {len(pairs)} of {total} labelled models have a card here")
    print(f"{'field':<16}{'half':<6}{'models':>7}{'labels':>7}{'found':>6}{'P':>22}{'R':>22}{'F1':>22}{'in card':>9}")
    for half in ("dev", "test", "all"):
        for field in (*matching.FIELDS, "all"):
            chosen = [
                row for row in rows if (field == "all" or row["field"] == field) and (half in ("all", row["half"]))
            ]
            print(f"{field:<16}{half:<6}" + _line(chosen))


def score_labels(pairs: dict[str, tuple[dict[str, Any], str]]) -> list[dict[str, Any]]:
    """One row per model and field: how many labels and values there are, and how many of each match."""
    rows = []
    for model, (label, text) in pairs.items():
        found = answers(understand(text))
        for field in matching.FIELDS:
            wanted, given = matching.wanted(field, label), matching.given(field, found)
            rows.append({
                "model": model, "field": field, "half": "dev" if dev(model) else "test", "wanted": len(wanted), "given": len(given),
                "recalled": sum(any(matching.same(field, one, other) for other in given) for one in wanted),
                "right": sum(any(matching.same(field, one, other) for one in wanted) for other in given),
                "shown": sum(matching.shown(field, one, text) for one in wanted),
                # Where people left the field empty, what we give is counted apart: the label may be incomplete.
                "given_to_label": len(given) if wanted else 0,
            })  # fmt: skip
    return rows


def _line(rows: list[dict[str, Any]]) -> str:
    total = Counter[str]()
    for row in rows:
        total.update(
            {name: row[name] for name in ("wanted", "given", "recalled", "right", "shown", "given_to_label")}
        )
    precision, recall = _share(total["right"], total["given_to_label"]), _share(total["recalled"], total["wanted"])
    shown = total["shown"] / total["wanted"] if total["wanted"] else float("nan")
    models = sum(row["wanted"] > 0 for row in rows)
    return (
        f"{models:>7}{total['wanted']:>7}{total['given']:>6}{precision:>22}{recall:>22}{_f1(rows):>22}{shown:>9.2f}"
    )


def _share(k: int, n: int) -> str:
    p, low, high = (float(value) for value in wilson(k, n))
    return f"{p:.2f} [{low:.2f}, {high:.2f}]" if n else "-"


def _f1(rows: list[dict[str, Any]]) -> str:
    """F1 = 2PR / (P + R) of the summed counts; its interval by drawing models again, seeded."""
    by_model: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    for row in rows:
        if row["wanted"]:
            for place, name in enumerate(("right", "given_to_label", "recalled", "wanted")):
                by_model[row["model"]][place] += row[name]
    counts = np.array(list(by_model.values()), dtype=float)
    if not len(counts):
        return "-"
    draws = np.random.default_rng(SEED).integers(0, len(counts), (ROUNDS, len(counts)))
    value, many = harmonic(counts.sum(axis=0)), harmonic(counts[draws].sum(axis=1))
    low, high = np.nanquantile(many, [0.025, 0.975])
    return f"{float(value):.2f} [{low:.2f}, {high:.2f}]"


def harmonic(counts: Any) -> Any:
    """F1 of (right, given, recalled, wanted), 0 where nothing is right."""
    with np.errstate(divide="ignore", invalid="ignore"):
        precision, recall = counts[..., 0] / counts[..., 1], counts[..., 2] / counts[..., 3]
        return np.nan_to_num(2 * precision * recall / (precision + recall))


# --- front matter against prose


def _read_all(name: str, every: int) -> list[tuple[str, list[Value]]]:
    pairs = list(cards(name))[::every]
    with ProcessPoolExecutor(max_workers=2) as pool:
        return list(
            zip(
                (model for model, _ in pairs),
                pool.map(understand, (text for _, text in pairs), chunksize=64),
                strict=True,
            )
        )


def weak_counts(values: list[Value], field: str, sure: float = SURE) -> tuple[int, int, int, int] | None:
    """(right, given, recalled, wanted) of prose held against front matter; None where the front matter is silent."""
    stated = _stated(values, field)
    if not stated:
        return None
    prose = [value for value in values if value.field == field and value.place != "front matter"]
    given = {key(field, value.value) for value in answers(prose, sure).get(field, [])}
    both = len(stated & given)
    return both, len(given), both, len(stated)


def weak(read: list[tuple[str, list[Value]]]) -> None:
    """Whether prose alone recovers what the front matter states."""
    print(f"{'prose against front matter':<28}{'half':<6}{'cards':>7}{'answered':>9}{'P':>22}{'R':>22}{'F1':>22}")
    for field in WEAK:
        for half in ("dev", "test"):
            rows, said = [], 0
            for model, values in read:
                counts = weak_counts(values, field) if dev(model) == (half == "dev") else None
                if counts:
                    # Cards of one owner are written alike: the interval draws owners.
                    rows.append(
                        {
                            "model": model.partition("/")[0],
                            **dict(zip(("right", "given_to_label", "recalled", "wanted"), counts, strict=True)),
                        }
                    )
                    said += counts[1] > 0
            if not rows:
                continue
            total = np.sum(
                [[row[name] for name in ("right", "given_to_label", "recalled", "wanted")] for row in rows], axis=0
            )
            print(
                f"{field:<28}{half:<6}{len(rows):>7,}{said:>9,}{_share(total[0], total[1]):>22}{_share(total[2], total[3]):>22}{_f1(rows):>22}"
            )


def measured(read: list[tuple[str, list[Value]]]) -> None:
    """Whether the numbers of model-index are found in the lists, sentences and tables of the same card."""
    for most in (50, 100_000):
        _measured(read, most)


def _measured(read: list[tuple[str, list[Value]]], most: int) -> None:
    stated = found = given = right = n = 0
    for model, values in read:
        index = [v.value for v in values if v.rule == "front.model_index" and v.field == "metric"]
        if not 0 < len(index) <= most or dev(model):
            continue
        prose = [
            v.value for v in values if v.field == "metric" and v.place != "front matter" and v.confidence >= SURE
        ]
        n += 1
        stated += len(index)
        found += sum(any(matching.close(one["value"], other["value"]) for other in prose) for one in index)
        given += len(prose)
        right += sum(any(matching.close(one["value"], other["value"]) for one in index) for other in prose)
    print(
        f"{f'metric: model-index, <= {most}':<28}{'test':<6}{n:>7,}{'':>9}{_share(right, given):>22}{_share(found, stated):>22}"
    )


def filled(read: list[tuple[str, list[Value]]]) -> None:
    """The share of cards with at least one answer per field, beside PeaTMOSS's figure 7."""
    counts = Counter(field for _, values in read for field in answers(values))
    prose = Counter(
        field for _, values in read for field in answers([value for value in values if value.place != "front matter"])
    )
    print(f"{'availability':<28}{'answered':>22}{'without front matter':>24}{'published':>11}")
    for field in FIELDS:
        print(
            f"{field:<28}{_share(counts[field], len(read)):>22}{_share(prose[field], len(read)):>24}{matching.PUBLISHED.get(field, ''):>11}"
        )


# --- confidence


def _stated(values: list[Value], field: str) -> set[str]:
    """What the front matter itself states of a field; the data sets and tasks of model-index are another matter."""
    front = (value for value in values if value.field == field and value.rule.startswith("front."))
    return {key(field, value.value) for value in front if value.rule != "front.model_index"}


def _rule_counts(
    read: list[tuple[str, list[Value]]], half: bool, order: dict[str, float] | None = None
) -> dict[str, list[int]]:
    """Rule -> [in the front matter, given] on cards whose front matter states the field.

    With an order, a value counts for its first rule alone: the confidence of a value is that of its surest rule, and
    what only a weak rule says is wrong more often than what a strong one says too.
    """
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for model, values in read:
        for field in WEAK if dev(model) == half else ():
            stated = _stated(values, field)
            said: dict[str, set[str]] = defaultdict(set)
            for value in values if stated else ():
                if value.field == field and value.place != "front matter":
                    said[key(field, value.value)].add(value.rule)
            for same, rules in said.items():
                for rule in rules if order is None else [max(rules, key=lambda rule: (order.get(rule, 0), rule))]:
                    counts[rule][0] += same in stated
                    counts[rule][1] += 1
    return counts


def calibrate() -> None:
    """Write the measured confidence of each rule: (right + 10 * guess) / (n + 10) on the dev half, n of at least 20."""
    CONFIDENCE.write_text("rule,confidence,n,truth\n")
    read = [pair for name in (POPULAR, EARLY) for pair in _read_all(name, 1)]
    guess = {value.rule: value.confidence for _, values in read for value in values}
    all_counts = _rule_counts(read, True)
    order = guess | {rule: _drawn(right, n, guess[rule]) for rule, (right, n) in all_counts.items()}
    with CONFIDENCE.open("w", newline="", encoding="utf-8") as target:
        rows = csv.writer(target, lineterminator="\n")
        rows.writerow(["rule", "confidence", "n", "truth"])
        for rule, (right, n) in sorted(_rule_counts(read, True, order).items()):
            if n >= 20:
                rows.writerow([rule, f"{_drawn(right, n, order[rule]):.3f}", n, "front matter, dev half"])


def _drawn(right: int, n: int, guess: float) -> float:
    return (right + PRIOR * guess) / (n + PRIOR)


def confidences(read: list[tuple[str, list[Value]]]) -> None:
    """Share correct by confidence on the test half: values whose field the front matter states."""
    bins: dict[int, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for model, values in read:
        if dev(model):
            continue
        for field in WEAK:
            stated = _stated(values, field)
            best: dict[str, float] = {}
            for value in values if stated else ():
                if value.field == field and value.place != "front matter":
                    same = key(field, value.value)
                    best[same] = max(best.get(same, 0.0), value.confidence)
            for same, confidence in best.items():
                cell = bins[min(9, int(confidence * 10))]
                cell[0] += same in stated
                cell[1] += 1
                cell[2] += confidence
    print(f"\n## Confidence, test half\n{'bin':<12}{'n':>8}{'mean':>8}{'correct':>22}")
    error = sum(abs(cell[0] - cell[2]) for cell in bins.values()) / sum(cell[1] for cell in bins.values())
    for number in sorted(bins):
        right, n, total = bins[number]
        print(
            f"{number / 10:.1f}-{(number + 1) / 10:.1f}{'':<5}{int(n):>8,}{total / n:>8.2f}{_share(int(right), int(n)):>22}"
        )
    print(f"expected calibration error {error:.3f}")


def speed() -> None:
    """Cards a second of CPU time of one core."""
    print("\n## Speed")
    for name in (POPULAR, EARLY):
        texts = [text for _, text in cards(name)][::10]
        start = time.process_time()
        for text in texts:
            understand(text)
        spent = time.process_time() - start
        size = sum(map(len, texts))
        print(
            f"{name}: {len(texts) / spent:,.0f} cards/s, {size / spent / 1e6:.2f} million characters/s, {size / len(texts):,.0f} characters a card"
        )


if __name__ == "__main__":
    calibrate() if "calibrate" in sys.argv[1:] else main()
