"""W9: what card sections are about and whether a card is good, against people's labels: ours, a majority, a linear model.

Labels: hn5318's sections (what, how, why, when, who, reference, other) and cards of high quality, and the sections of
hf-readme's READMEs. HUBCENSUS_SHARED_DATA names the folder that holds ``docs_labels``. Cards are split by a hash of
their id: the vocabulary was written looking at three fifths of them, the other two are the test. Neither the test nor
the linear model, which learns from the same three fifths, had a say in it.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analyses._stats import wilson
from benchmarks import measure

ASPECTS = ("what", "how", "reference", "other", "who", "why", "when")
PARTS = {
    "Introduction/Model Description": "description",
    "Usage/How to Use/Where to Use": "usage",
    "Model Limitations": "limitations",
    "Evaluation/Performance/Results": "evaluation",
    "Training Info": "training",
    "Citation/References": "citation",
    "License": "licence",
    "Contributions and Acknowledgement": "contributions",
}
_LABELLED = re.compile(r"\*\*([^\n]{1,200}?) ?\(H[1-6]\)\*\*")


@dataclass(frozen=True, slots=True)
class Case:
    """One labelled thing: the card, its heading, what people said (the first counts as the truth), what we say."""

    model: str
    title: str
    truth: tuple[str, ...]
    ours: str | None

    @property
    def said(self) -> str:
        """The label that counts: ours where people gave it too."""
        return self.ours if self.ours in self.truth and self.ours else self.truth[0]


def main(full: bool) -> None:
    """Score sections and cards; ``full`` adds every class."""
    if _labels() is None:
        print("card_sections: no labels here (HUBCENSUS_SHARED_DATA); left out")
        return
    table = measure.Table("card_sections")
    for name, cases, classes in (
        ("aspect of a section (hn5318)", aspects(), ASPECTS),
        ("part of a README (hf-readme)", list(parts()), tuple(PARTS.values())),
        ("high quality (hn5318)", quality(), ("high", "low")),
    ):
        score(table, name, cases, classes, full)
    table.show()


def score(table: measure.Table, name: str, cases: list[Case], classes: tuple[str, ...], full: bool) -> None:
    """Accuracy with its interval and macro F1, on the tuned part and the test, beside a majority and a linear model."""
    tuned, test = _split(cases)
    most = Counter(case.said for case in tuned).most_common(1)[0][0]
    for part, chosen in (("tuned", tuned), ("test", test)):
        _line(table, name, part, "vocabulary", [(case.ours, case.said) for case in chosen], classes, full)
        _line(table, name, part, "majority", [(most, _truth(case, most)) for case in chosen], classes, False)
    if name.startswith("high"):
        return
    learned = _linear(tuned, test)
    _line(table, name, "test", "linear model", list(learned), classes, False)


def _line(
    table: measure.Table,
    name: str,
    part: str,
    who: str,
    pairs: list[tuple[str | None, str]],
    classes: tuple[str, ...],
    full: bool,
) -> None:
    right = sum(ours == truth for ours, truth in pairs)
    share, low, high = (float(value) for value in wilson(right, len(pairs)))
    facts = {kind: _class(pairs, kind) for kind in classes}
    met = [fact for fact in facts.values() if fact["n"]]
    macro = sum(fact["f1"] for fact in met) / max(1, len(met))
    row = {"of": name, "on": part, "by": who, "n": len(pairs), "accuracy": round(share, 3)}
    table.rows.append({**row, "interval": f"{low:.3f} to {high:.3f}", "macro_f1": round(macro, 3)})
    if full:
        table.rows.extend({"of": name, "on": part, "class": kind, **fact} for kind, fact in facts.items())


def _class(pairs: list[tuple[str | None, str]], kind: str) -> dict[str, Any]:
    hit = sum(ours == truth == kind for ours, truth in pairs)
    said, true = sum(ours == kind for ours, _ in pairs), sum(truth == kind for _, truth in pairs)
    precision, low_p, high_p = (float(value) for value in wilson(hit, said))
    recall, low_r, high_r = (float(value) for value in wilson(hit, true))
    return {
        "n": true,
        "precision": round(precision, 3) if said else 0.0,
        "precision_interval": f"{low_p:.2f} to {high_p:.2f}" if said else "",
        "recall": round(recall, 3) if true else 0.0,
        "recall_interval": f"{low_r:.2f} to {high_r:.2f}" if true else "",
        "f1": round(2 * hit / (said + true), 3) if said + true else 0.0,
    }


def _truth(case: Case, guess: str) -> str:
    return guess if guess in case.truth else case.truth[0]


def _split(cases: Iterable[Case]) -> tuple[list[Case], list[Case]]:
    """Three fifths to tune on and two to test, by the card's id."""
    tuned: list[Case] = []
    test: list[Case] = []
    for case in cases:
        place = int(hashlib.sha256(case.model.encode()).hexdigest()[:8], 16) % 5
        (tuned if place < 3 else test).append(case)
    return tuned, test


def aspects() -> list[Case]:
    """hn5318's labelled headings, each beside what our vocabulary makes of it where it stands in its card."""
    from warehouse.sections import classify

    told = {model: list(zip(found, classify(found), strict=True)) for model, found in _outlines()}
    cases: list[Case] = []
    model, place = "", 0
    for name, labels, heading in _rows("hn5318_section_categories.csv"):
        # The sheet names a card once; a row that names none, or a note, goes on with it.
        if "/" in name and name.strip() != model:
            model, place = name.strip(), 0
        known = told.get(model, [])
        hit = next((i for i in range(place, len(known)) if _bare(known[i][0][1]) == _bare(heading)), None)
        place = place if hit is None or not _bare(heading) else hit + 1
        if not labels or not heading:
            continue
        untitled = heading.lower() == "no heading"
        ours = "what" if untitled else classify([(1, heading)])[0][2] if hit is None else known[hit][1][2]
        cases.append(Case(model, heading, tuple(word.strip().lower() for word in labels.split(",")), ours))
    return cases


def parts() -> Iterator[Case]:
    """The headings that hf-readme's people put under a part of the README."""
    from crawler.cards import decode
    from warehouse.sections import classify

    for row in _lines("hfreadme_197_labelled_sections.jsonl.gz"):
        label: dict[str, str] = {}
        for name, text in row["sections"].items():
            for title in _LABELLED.findall(text or ""):
                label.setdefault(_bare(title), PARTS[name])
        found = [(one["level"], one["title"]) for one in decode(row["readme"].encode())["sections"]]
        for (_, title), (_, part, _) in zip(found, classify(found), strict=True):
            if _bare(title) in label:
                yield Case(row["model"], title, (label[_bare(title)],), part)


def quality() -> list[Case]:
    """hn5318's cards: high quality or not, and whether all three of our counts hold."""
    from crawler.cards import decode
    from warehouse.sections import classify

    cases = []
    for row in _lines("hn5318_sample_cards.jsonl.gz"):
        card = decode(row["modelcard_text"].encode())
        found = classify([(one["level"], one["title"]) for one in card["sections"]])
        have = {
            part
            for (_, part, _), one in zip(found, card["sections"], strict=True)
            if one["words"] + one["code_blocks"] > 0
        }
        high = card["text"]["code_blocks"] > 0 and {"usage", "description"} <= have
        truth = "high" if row["high_quality"] else "low"
        cases.append(Case(row["modelId"], "", (truth,), "high" if high else "low"))
    return cases


def _outlines() -> Iterator[tuple[str, list[tuple[int, str]]]]:
    from crawler.cards import decode

    for row in _lines("hn5318_sample_cards.jsonl.gz"):
        sections = decode(row["modelcard_text"].encode())["sections"]
        yield row["modelId"], [(one["level"], one["title"]) for one in sections]


def _linear(tuned: list[Case], test: list[Case]) -> Iterator[tuple[str, str]]:
    """Logistic regression on the heading's letters (two to four at a time), the best alternative that is as small."""
    from scipy.optimize import minimize
    from scipy.special import log_softmax, softmax

    kinds = sorted({case.truth[0] for case in tuned})
    grams = {gram: place for place, gram in enumerate(sorted({g for case in tuned for g in _grams(case.title)}))}
    x, y = _matrix(tuned, grams), np.eye(len(kinds))[[kinds.index(case.truth[0]) for case in tuned]]

    def loss(flat: Any) -> tuple[float, Any]:
        weights = flat.reshape(x.shape[1], len(kinds))
        scores = x @ weights
        value = -float((y * log_softmax(scores, axis=1)).sum()) + 0.05 * float((weights**2).sum())
        return value, (x.T @ (softmax(scores, axis=1) - y) + 0.1 * weights).ravel()

    start = np.zeros(x.shape[1] * len(kinds))
    weights = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 100}).x.reshape(x.shape[1], -1)
    for case, row in zip(test, (_matrix(test, grams) @ weights).argmax(axis=1), strict=True):
        yield kinds[row], _truth(case, kinds[row])


def _grams(title: str) -> set[str]:
    text = f" {title.lower()[:100]} "
    return {text[i : i + size] for size in (2, 3, 4) for i in range(len(text) - size + 1)}


def _matrix(cases: list[Case], grams: dict[str, int]) -> Any:
    from scipy.sparse import csr_matrix

    where = [(row, grams[gram]) for row, case in enumerate(cases) for gram in _grams(case.title) if gram in grams]
    rows, columns = ([], []) if not where else zip(*where, strict=True)
    counts = np.bincount(rows, minlength=len(cases)) if where else np.ones(len(cases))
    values = [1 / np.sqrt(counts[row]) for row in rows]
    return csr_matrix((values, (rows, columns)), shape=(len(cases), len(grams)))


def _bare(title: str) -> str:
    return re.sub(r"\W+", "", re.sub(r"<[^<>]{0,300}>", "", title).lower())[:40]


def _labels() -> Path | None:
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("HUBCENSUS_SHARED_DATA", beside)) / "docs_labels"
    return folder if folder.is_dir() else None


def _open(name: str, read: Callable[[Any], Iterator[Any]]) -> Iterator[Any]:
    folder = _labels()
    assert folder is not None
    path = folder / name
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as stream:
        yield from read(stream)


def _lines(name: str) -> Iterator[dict[str, Any]]:
    return _open(name, lambda stream: map(json.loads, stream))


def _rows(name: str) -> Iterator[list[str]]:
    return (row for number, row in enumerate(_open(name, csv.reader)) if number)


if __name__ == "__main__":
    main("--full" in sys.argv)
