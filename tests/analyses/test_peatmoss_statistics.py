"""The statistics of sizes and of trends, against numpy, scipy and series whose answer is known."""

from __future__ import annotations

from datetime import date

import duckdb
import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.multitest import multipletests

from analyses import _sizes, _trends
from analyses._families import families, spoken_of
from analyses._topics import coded, topics
from simhub.discussions import TITLES


def remove_outliers(values: np.ndarray) -> np.ndarray:
    """The study's rule, written out."""
    first, third = np.percentile(values, 25), np.percentile(values, 75)
    reach = 1.5 * (third - first)
    return values[(values >= first - reach) & (values <= third + reach)]


def grouped(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.unique(values, return_counts=True)


@pytest.mark.parametrize("seed", range(8))
def test_medians_of_groups_are_those_of_the_values(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = np.round(10 ** rng.normal(8, 1.3, size=rng.integers(5, 400)), -6) + 1e6
    found = {one.rule: one for one in _sizes.medians(*grouped(values))}
    assert found["all"].estimate.value == pytest.approx(np.median(values))
    kept = remove_outliers(values)
    assert found["as published"].estimate.value == pytest.approx(np.median(kept))
    assert found["as published"].removed == len(values) - len(kept)
    logs = np.exp(remove_outliers(np.log(values)))
    assert found["log scale"].estimate.value == pytest.approx(np.median(logs))
    for one in found.values():
        assert one.estimate.low <= one.estimate.value <= one.estimate.high and one.estimate.n + one.removed == len(
            values
        )


def test_the_interval_of_a_median_holds_the_true_one_about_as_often_as_it_says() -> None:
    rng, held = np.random.default_rng(1), 0
    for _ in range(200):
        one = _sizes.medians(*grouped(np.exp(rng.normal(0, 1, size=60))))[1]
        held += one.estimate.low <= 1 <= one.estimate.high
    assert 180 <= held <= 199


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("llama-7b", 7e9), ("Qwen2.5-0.5B-Instruct", 0.5e9), ("Mixtral-8x7B-v0.1", 56e9), ("opt-350m", 350e6),
        ("bloom_560m", 560e6), ("7B", 7e9), ("gpt-j-6b.gguf", 6e9), ("bert-base", None), ("v2beta", None),
        ("model-3.1-8bit", None), ("7bx", None), ("llama-70", None), ("9999b-fake", 9.999e12), ("x-0b", None),
        ("1m-sentences", 1e6), ("a" * 500 + "-7b", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_name_says(name: str, said: float | None) -> None:
    found = duckdb.execute(f"SELECT {_sizes.BY_NAME} FROM (SELECT ? AS name)", [name]).fetchone()
    assert found is not None and found[0] == (pytest.approx(said) if said else None)


@pytest.mark.parametrize(
    ("day", "half"),
    [
        (date(2022, 6, 1), date(2022, 11, 1)), (date(2022, 11, 30), date(2022, 11, 1)),
        (date(2022, 12, 1), date(2023, 5, 1)), (date(2023, 1, 15), date(2023, 5, 1)),
        (date(2023, 5, 31), date(2023, 5, 1)), (date(2023, 6, 1), date(2023, 11, 1)),
    ],
)  # fmt: skip
def test_half_years_end_with_may_and_november(day: date, half: date) -> None:
    assert duckdb.execute(f"SELECT {_sizes.HALF} FROM (SELECT ?::DATE AS created_at)", [day]).fetchone() == (half,)


def walk(rng: np.random.Generator, n: int, memory: float) -> np.ndarray:
    """A series without a trend whose steps resemble their neighbours."""
    values = np.zeros(n)
    for place in range(1, n):
        values[place] = memory * values[place - 1] + rng.normal()
    return values


def test_the_robust_test_is_seldom_fooled_by_series_that_resemble_themselves() -> None:
    rng = np.random.default_rng(7)
    found = [_trends.examine(walk(rng, 29, 0.6)) for _ in range(300)]
    fooled = {name: sum(getattr(one, name) < 0.05 for one in found) for name in ("p", "p_hamed_rao", "p_first_order")}
    assert fooled["p"] > 60, "Mann-Kendall's own test is, in a fifth of them"
    assert fooled["p_first_order"] < 0.55 * fooled["p_hamed_rao"] < 0.55 * fooled["p"]
    assert fooled["p_first_order"] < 36


def test_independent_months_lose_nothing() -> None:
    rng = np.random.default_rng(3)
    found = [_trends.examine(rng.normal(size=40)) for _ in range(300)]
    assert 2 <= sum(one.p_first_order < 0.05 for one in found) <= 22
    assert sum(one.slope.low <= 0 <= one.slope.high for one in found) > 278, "Sen's interval holds the true slope"


def test_a_planted_trend_is_found_with_its_slope() -> None:
    rng = np.random.default_rng(5)
    found = _trends.examine(0.3 * np.arange(36) + walk(rng, 36, 0.3))
    assert found.tau > 0.8 and found.p_first_order < 1e-4 and found.slope.low < 0.3 < found.slope.high
    falling = _trends.examine(-0.3 * np.arange(36) + walk(rng, 36, 0.3))
    assert falling.tau < -0.8 and falling.slope.value == pytest.approx(-0.3, abs=0.1)


def test_mann_kendall_is_that_of_scipy_and_short_series_say_nothing() -> None:
    values = np.random.default_rng(2).normal(size=25)
    expected = stats.kendalltau(np.arange(25), values)
    found = _trends.examine(values)
    assert (found.tau, found.p) == pytest.approx((expected.statistic, expected.pvalue))
    for nothing in ([], [1.0], [1.0] * 30, list(range(7))):
        assert np.isnan(_trends.examine(nothing).tau)


def test_holm_passes_over_what_is_not_known() -> None:
    found = _trends.holm([0.01, float("nan"), 0.04, 0.03])
    assert found[[0, 2, 3]] == pytest.approx(multipletests([0.01, 0.04, 0.03], method="holm")[1]) and np.isnan(
        found[1]
    )
    assert np.isnan(_trends.holm([float("nan")])).all() and len(_trends.holm([])) == 0


def spoken(text: str) -> list[str]:
    found = duckdb.execute(f"SELECT {spoken_of('t')} FROM (SELECT ? AS t)", [text]).fetchone()
    return list(found[0]) if found else []


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("bert-base-uncased or RoBERTa?", {"BERT", "RoBERTa"}), ("distilbert is smaller", {"DistilBERT"}),
        ("flan-t5-xl and mT5", {"T5"}), ("t50 is no model", set()), ("xlm-roberta-base", {"XLM-RoBERTa"}),
        ("gpt2 vs GPT-2 vs gpt-20", {"GPT-2"}), ("llama.cpp", {"LLaMA"}), ("activity of the clipboard", set()),
        ("Wav2Vec2 and whisper", {"Wav2Vec2", "Whisper"}), ("", set()), ("Albert Einstein", {"ALBERT"}),
    ],
)  # fmt: skip
def test_families_that_a_text_speaks_of(text: str, named: set[str]) -> None:
    found = set(spoken(text))
    assert found - {"RoBERTa"} == named - {"RoBERTa"} and ("RoBERTa" in named) <= ("RoBERTa" in found)


def test_patterns_take_hostile_texts_in_their_stride() -> None:
    text = ("distil-" * 2000 + "no module named " * 2000)[:100_000]
    assert duckdb.execute(f"SELECT {coded('t')}, {spoken_of('t')} FROM (SELECT ? AS t)", [text]).fetchone()


def test_the_vocabularies_are_whole() -> None:
    names = [family.name for family in families()]
    assert len(set(names)) == len(names) > 30
    words = [word for family in families() for word in family.model_types]
    assert len(set(words)) == len(words), "a word is of one family"
    kinds = [topic.kind for topic in topics()]
    assert (kinds.count("challenge"), kinds.count("benefit")) == (17, 6), "as many as the study has"
    assert all(topic.definition.endswith(".") and topic.named in ("study", "own") for topic in topics())


def test_the_coding_finds_planted_topics() -> None:
    """Titles and cues are ours, so this shows that the rules do what they say, not that people would agree."""
    known = {topic.category for topic in topics()}
    hits = wrong = missed = 0
    for title, truth in TITLES:
        assert known.issuperset(truth), title
        found = duckdb.execute(
            f"SELECT {coded('t')} FROM (SELECT ? AS t)", [title.replace("{arch}", "bert")]
        ).fetchone()
        assert found is not None
        hits += len(set(found[0]) & set(truth))
        wrong += len(set(found[0]) - set(truth))
        missed += len(set(truth) - set(found[0]))
    assert hits / (hits + wrong) > 0.85 and hits / (hits + missed) > 0.85
