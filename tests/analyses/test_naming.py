"""Names taken apart: the door in Python and the SQL say the same, and people's labels agree with them."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import os
import re
from collections import Counter
from pathlib import Path

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from small_census import census, model
from small_hub import shared_data

import analyses
from analyses import _naming, naming_elements
from analyses._naming import convention, elements

STUDY = Path(os.environ.get("HUBCENSUS_STUDIES", "/nonexistent")) / "PTM-Naming" / "Naming_practices"
needs_study = pytest.mark.skipif(not STUDY.is_dir(), reason="set HUBCENSUS_STUDIES")
needs_data = pytest.mark.skipif(shared_data() is None, reason="the real dumps are not here")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("someone/bert-base-uncased-finetuned-squad", "implementation unit"),
        ("xlm-roberta-large", "implementation unit"),
        ("google/vit-base-patch16-224", "implementation unit"),
        ("facebook/opt-1.3b", "implementation unit"),
        ("someone/option-pricing", "combined pattern"),
        ("microsoft/deberta-v3-base", "combined pattern"),
        ("huggingartists/somebody", "combined pattern"),
        ("a/sentiment-classifier", "combined pattern"),
        ("a/autotrain-things-123", "uninformative"),
        ("a/my-model", "uninformative"),
        ("a/mystery", "combined pattern"),
        ("", "combined pattern"),
    ],
)
def test_convention(name: str, kind: str) -> None:
    assert convention(name) == kind


def test_elements_say_which_part() -> None:
    found = elements("mrm8488/distilbert-base-uncased-finetuned-sst2-english-v1.2")
    assert found["architecture"] == ("distilbert",) and found["model size"] == ("base",)
    assert found["dataset"] == ("sst2",) and found["language"] == ("english",)
    assert found["reuse method"] == ("finetuned",) and found["version"] == ("v1.2",)
    assert found["dataset characteristic"] == ("uncased",)
    assert elements("x/Llama-2-7B-GPTQ")["parameter count"] == ("7b",)
    assert set(elements("x/bert_uncased_L-4_H-256_A-4")) >= {"number of layers", "number of heads"}
    assert elements("x/zuzzzle") == {"other": ("zuzzzle",)}
    assert elements("x/zuzzzle-7b")["architecture"] == ("zuzzzle",)
    assert elements("") == {} == elements("a/...---")


def both(names: list[str]) -> dict[str, tuple[set[str], str]]:
    """What SQL makes of base names."""
    connection = duckdb.connect()
    connection.execute("CREATE TABLE raw AS SELECT unnest($1::VARCHAR[]) AS name", [names])
    connection.execute(f"CREATE TABLE named AS SELECT name, {_naming.sql_base('name')} AS base FROM raw")
    rows = connection.execute(
        f"SELECT n.name, m.mask, {_naming.sql_convention('n.base')} FROM named n "
        f"JOIN ({_naming.sql_masks('named')}) m ON m.base = n.base"
    ).fetchall()
    return {name: (_naming.decode(mask), kind) for name, mask, kind in rows}


def agree(names: list[str]) -> None:
    said = both(names)
    assert set(said) == set(names)
    wrong = [name for name in said if said[name] != (set(elements(name)), convention(name))]
    assert wrong == []


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=240), max_size=30, unique=True)
)
def test_python_and_sql_agree_on_anything(names: list[str]) -> None:
    agree(names)


def test_hostile_names_cost_nothing() -> None:
    from time import perf_counter

    bad = [
        "bert-" * 4000,
        "a" * 100_000,
        "2bert" * 40,
        "<img src=x onerror=alert(1)>",
        "' OR 1=1 --",
        "İK\n\x1b[31m",
        "t5\n",
    ]
    start = perf_counter()
    agree(bad)
    assert perf_counter() - start < 20


def test_every_word_of_the_vocabulary_can_be_met() -> None:
    """A word that no split yields would never count."""
    unreachable = [word for word in _naming.words() if _naming.tokens(_naming._base(word)) != [word]]
    assert unreachable == []
    assert all(mask > 0 for mask in _naming.words().values())


def test_shares_of_a_small_hub(tmp_path: Path) -> None:
    models = [
        model("a/bert-base", 100), model("b/t5-small-summarization", 100), model("c/my-model", 0),
        model("d/sentiment", 0),
    ]  # fmt: skip
    with census(tmp_path, models) as reader:
        result = analyses.run("naming_elements", reader)
    practices = dict(zip(result.tables["practices"]["practice"], result.tables["practices"]["models"], strict=True))
    assert practices == {
        "implementation": 1, "implementation with application or task": 1, "application or task": 1, "other": 1
    }  # fmt: skip
    found = result.tables["elements"].set_index("element")
    assert found.loc["architecture", "models"] == 2 and found.loc["architecture", "used"] == 2
    kinds = dict(zip(result.tables["conventions"]["convention"], result.tables["conventions"]["models"], strict=True))
    assert kinds == {"implementation unit": 2, "combined pattern": 1, "uninformative": 1}


def labels() -> list[tuple[str, str]]:
    folder = shared_data()
    assert folder is not None
    path = folder.parent / "docs_labels" / "ptm_naming_labels.csv"
    with path.open(encoding="utf-8") as lines:
        return [(row["modelId"], row["label"]) for row in csv.DictReader(lines)]


def in_test(name: str) -> bool:
    """The part of the labels that no rule was written on: four tenths by hash."""
    return int(hashlib.sha256(name.encode()).hexdigest()[:8], 16) % 10 >= 6


@needs_data
def test_labels_of_people() -> None:
    rows = [(label, convention(name)) for name, label in labels() if in_test(name)]
    classes = sorted({label for label, _ in rows})
    f1 = []
    for kind in classes:
        right = sum(a == b == kind for a, b in rows)
        f1.append(2 * right / (sum(a == kind for a, _ in rows) + sum(b == kind for _, b in rows)))
    accuracy = sum(a == b for a, b in rows) / len(rows)
    majority = max(Counter(label for label, _ in rows).values()) / len(rows)
    assert len(rows) > 2_000 and accuracy > 0.95 > majority and min(f1) > 0.9


@needs_data
def test_python_and_sql_agree_on_real_names() -> None:
    folder = shared_data()
    assert folder is not None
    with gzip.open(folder / "2022-08-15_model_ids.csv.gz", "rt", encoding="utf-8") as lines:
        names = sorted({line.strip().split(",")[0] for line in lines})
    assert len(names) > 60_000
    agree(names[::3])


@needs_study
def test_element_shares_of_the_study() -> None:
    """Published: a name counts once for each element that the study's language model saw in it."""
    found = json.loads((STUDY / "naming_elements" / "results.json").read_text(encoding="utf-8"))
    counts = Counter(code for codes in found.values() for code in set(codes))
    assert len(found) == 14_178
    for code, word in _naming.CODES.items():
        assert counts[code] / len(found) == pytest.approx(naming_elements.THEIRS[word], abs=6e-5), word


@needs_study
def test_rules_against_the_study_on_the_same_names() -> None:
    """Ours on the 14,178 names: near their shares for the elements that are words of a closed set."""
    names = json.loads((STUDY / "naming_elements" / "results.json").read_text(encoding="utf-8"))
    counts = Counter(word for name in names for word in elements(name))
    for word, apart in (("architecture", 0.03), ("model size", 0.05), ("parameter count", 0.02), ("version", 0.02),
                        ("language", 0.02), ("dataset", 0.05), ("other", 0.05), ("task", 0.08)):  # fmt: skip
        assert counts[word] / len(names) == pytest.approx(naming_elements.THEIRS[word], abs=apart), word


@needs_study
def test_conventions_of_the_study() -> None:
    log = (STUDY / "naming_conventions" / "prediction.log").read_text(encoding="utf-8")
    last = re.findall(r"Prediction running all jsonl entry: (\{[^}]+\})", log)[-1]
    counts = json.loads(last.replace("'", '"'))
    total = sum(counts.values())
    assert total == 13_208
    named = {"Implementation": "implementation", "Other": "other", "Application and Task": "application or task",
             "Implementation with Application and Task": "implementation with application or task"}  # fmt: skip
    for theirs, ours in named.items():
        assert counts[theirs] / total == pytest.approx(naming_elements.PRACTICES[ours], abs=6e-5)


@needs_study
def test_agreement_of_the_study() -> None:
    """Two researchers on 200 names; one left one name blank, which counts as an answer of its own."""
    import pandas as pd
    from statsmodels.stats.inter_rater import cohens_kappa

    frame = pd.read_csv(STUDY / "naming_conventions" / "data" / "manual_label_data.csv", keep_default_na=False)
    first, second = frame["Researcher_1"], frame["Researcher_2"]
    answers = sorted({*first, *second})
    table = pd.crosstab(first, second).reindex(index=answers, columns=answers, fill_value=0)
    assert len(frame) == 200 and (first == second).mean() == pytest.approx(0.855)
    assert cohens_kappa(table.to_numpy()).kappa == pytest.approx(0.807, abs=5e-4)
