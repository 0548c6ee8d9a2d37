"""What claims mean: numbers with their rounding, metrics, units, datasets, splits, tasks."""

from __future__ import annotations

import csv
import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from probe.claims import normalise, parse
from probe.claims.names import METRICS
from probe.claims.normalise import Metric, Unclear

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[4] / "shared" / "data"))


@pytest.mark.parametrize(
    ("raw", "number", "half", "spread", "percent"),
    [
        ("0.9", 0.9, 0.05, 0, False),
        ("0.90", 0.9, 0.005, 0, False),
        ("92", 92, 0.5, 0, False),
        ("20.0 ± 1.2", 20, 0.05, 1.2, False),
        ("20.0 (+/- 1.2)", 20, 0.05, 1.2, False),
        ("81.3%", 81.3, 0.05, 0, True),
        ("81.3 ± 0.4%", 81.3, 0.05, 0.4, True),
        ("1,234.5", 1234.5, 0.05, 0, False),
        ("92,3", 92.3, 0.05, 0, False),
        ("0,912", 0.912, 0.0005, 0, False),
        ("9.27e-1", 0.927, 0.0005, 0, False),
        ("~0.88", 0.88, 0.005, 0, False),
        ("−0.5", -0.5, 0.05, 0, False),
        ("88.1 F1", 88.1, 0.05, 0, False),
        ("1 234,5", 1, 0.5, 0, False),
    ],
)
def test_numbers_as_people_write_them(raw, number, half, spread, percent):
    if raw == "1 234,5":
        with pytest.raises(Unclear, match="no number"):
            normalise.number(raw)
        return
    found = normalise.number(raw)
    assert (found.number, found.spread, found.percent) == (pytest.approx(number), spread, percent)
    assert found.half == pytest.approx(half)


@pytest.mark.parametrize(
    "raw",
    [
        None,
        "",
        " ",
        "NA",
        "???",
        "NaN",
        ".nan",
        "inf",
        "-.inf",
        "1e999",
        "[]",
        '{"a":1}',
        "true",
        "xx.xx",
        "12:30",
        "0.9 seconds",
        "0.8-0.9",
        "0.9 0.8",
        "9" * 300,
        "1e-9999",
        "٣٫٤",
    ],
)
def test_what_is_no_number_says_so(raw):
    with pytest.raises(Unclear) as caught:
        normalise.number(raw)
    assert caught.value.code == "CLAIM_UNPARSABLE"


@given(st.text(max_size=40))
def test_any_text_is_a_number_or_unclear(raw):
    try:
        found = normalise.number(raw)
    except Unclear:
        return
    assert found.half > 0 and abs(found.number) < float("inf")


@given(st.integers(0, 10_000), st.integers(0, 4))
def test_percent_and_fraction_say_the_same(points, decimals):
    """92.5 %, 92.5 and 0.925 are one claim with one rounding."""
    percent = f"{points / 100:.{decimals}f}"
    value = float(percent)
    fraction = f"{value / 100:.{decimals + 2}f}"
    accuracy = Metric("accuracy")
    told = [normalise.stated(raw, accuracy) for raw in (f"{percent}%", fraction)]
    if value > 1:
        told.append(normalise.stated(percent, accuracy))
    assert all(t.value == pytest.approx(value / 100, abs=1e-12) for t in told)
    assert all(t.half == pytest.approx(0.5 * 10 ** -(decimals + 2)) for t in told)


@pytest.mark.parametrize(
    ("kind", "name", "args", "metric"),
    [
        ("acc", None, None, Metric("accuracy")),
        ("eval_accuracy", None, None, Metric("accuracy")),
        (None, "Test Accuracy", None, Metric("accuracy")),
        ("f1", "F1 (macro)", None, Metric("f1", "macro")),
        ("Macro-F1", None, None, Metric("f1", "macro")),
        ("f1_weighted", None, None, Metric("f1", "weighted")),
        ("f1", None, {"average": "Micro"}, Metric("f1", "micro")),
        ("f1", None, [{"name": "x"}, {"average": "binary"}], Metric("f1", "binary")),
        ("f_score", "F Score", None, Metric("f1")),
        ("exact-match", None, None, Metric("exact_match")),
        ("squad", "F1", None, Metric("f1")),
        ("squad_v2", "Exact Match", None, Metric("exact_match")),
        ("spearmanr", None, None, Metric("spearman")),
        ("cos_sim_pearson", None, None, Metric("pearson", None, "cosine")),
        ("euclidean_spearman", None, None, Metric("spearman", None, "euclidean")),
        ("matthews_correlation", "Matthews Correlation", None, Metric("matthews_correlation")),
        ("rogue-1", "Rouge-1", None, Metric("rouge1")),
        ("rouge-Lsum", None, None, Metric("rougeLsum")),
        ("top-5-accuracy", None, None, Metric("top5_accuracy")),
        ("perplexity", None, None, Metric("perplexity")),
        ("ppl", None, None, Metric("perplexity")),
        ("mean_squared_error", None, None, Metric("mse")),
    ],
)
def test_metrics_by_any_of_their_names(kind, name, args, metric):
    assert normalise.metric(parse.Claim(1, metric=kind, metric_name=name, args=args)) == metric


@pytest.mark.parametrize("kind", ["eer", "min_dcf-p=0.05", "re+ macro f1", "ser", "", None, "mAP@0.5"])
def test_metrics_that_nobody_here_measures_are_unknown(kind):
    with pytest.raises(Unclear) as caught:
        normalise.metric(parse.Claim(1, metric=kind))
    assert caught.value.code == "METRIC_UNKNOWN"


@pytest.mark.parametrize(
    ("raw", "metric"),
    [("101", "accuracy"), ("-3", "accuracy"), ("-0.2", "f1"), ("150%", "matthews_correlation"), ("12%", "mse")],
)
def test_values_outside_of_what_the_metric_can_be(raw, metric):
    with pytest.raises(Unclear, match=r"outside|percent"):
        normalise.stated(raw, Metric(metric))


def test_metrics_without_a_percent_stay_as_they_are():
    assert normalise.stated("23.10", Metric("perplexity")).value == 23.1
    assert normalise.stated("88.5", Metric("spearman")).value == pytest.approx(0.885)
    assert normalise.stated("-0.25", Metric("pearson")).value == -0.25
    assert normalise.stated("120", Metric("wer")).value == pytest.approx(1.2)


def test_datasets_splits_and_tasks_by_their_other_names():
    assert normalise.datasets("glue", "sst2") == [
        ("glue", "sst2"),
        ("nyu-mll/glue", "sst2"),
        ("stanfordnlp/sst2", None),
    ]
    assert ("nyu-mll/glue", "sst2") in normalise.datasets("stanfordnlp/sst2")
    assert ("imdb", None) in normalise.datasets("stanfordnlp/imdb")
    assert normalise.datasets(None) == [] == normalise.datasets("  ")
    assert [normalise.split(s) for s in ("dev", "Eval", "test[:10%]", "validation_matched", None, "")] == [
        "validation",
        "validation",
        "test",
        "validation_matched",
        None,
        None,
    ]
    assert normalise.task("Named Entity_Recognition") == "token-classification"
    assert normalise.task("text-classification") == "text-classification" and normalise.task(None) is None


def test_every_alias_leads_to_a_metric_by_itself():
    for alias, name in METRICS.items():
        assert normalise.metric(parse.Claim(1, metric=alias)).name == name


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "hf").is_dir(), reason="the shared dumps are not here")
def test_nearly_every_real_claim_is_understood():
    understood = unclear = 0
    with gzip.open(SHARED / "hf" / "2022-02-15_model_cards.jsonl.gz", "rt", encoding="utf-8") as handle:
        for line in handle:
            for claim in parse.from_card(json.loads(line)["readme"]).claims:
                try:
                    normalise.stated(claim.value_raw, normalise.metric(claim))
                    understood += 1
                except Unclear:
                    unclear += 1
    assert understood + unclear > 3_400
    assert understood / (understood + unclear) > 0.95


@pytest.mark.shared
@pytest.mark.skipif(not (SHARED / "claims").is_dir(), reason="the shared tables are not here")
@pytest.mark.parametrize("name", ["open_asr_en_shortform.csv", "open_asr_multilingual.csv", "HFCO2.csv"])
def test_the_numbers_of_public_tables_of_claims_are_read(name):
    """Every cell that Python takes for a number is the same number here, and no other cell raises another error."""
    cells = 0
    with (SHARED / "claims" / name).open(encoding="utf-8", newline="") as handle:
        for row in csv.DictReader(handle):
            for cell in row.values():
                try:
                    expected = float(cell)
                except (TypeError, ValueError):
                    with pytest.raises(Unclear) if not cell or not any(c.isdigit() for c in cell) else _either():
                        normalise.number(cell)
                    continue
                if expected == expected and abs(expected) < float("inf"):
                    cells += 1
                    assert normalise.number(cell).number == pytest.approx(expected)
    assert cells > 200


class _either:
    """A cell with digits may be a number with words around it, or none."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        return kind is None or issubclass(kind, Unclear)
