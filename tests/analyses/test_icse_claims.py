"""Figure 7 of ICSE'23: what its own numerators sum to, and our shares by its rule."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from small_hub import jsonl

import analyses
from analyses import claims
from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

THEN = datetime(2022, 8, 15, tzinfo=UTC)


def test_the_published_numerators_give_the_published_rates() -> None:
    total, token, other = claims.published_rate(), claims.published_rate("token-classification"), claims.FIG7["other"]
    assert (sum(part for part, _ in claims.FIG7.values()), total.n) == (2_594, 62_467)
    assert total.value == pytest.approx(0.0415, abs=5e-5) and total.low < total.value < total.high
    assert token.value == pytest.approx(0.1681, abs=5e-5) and token.n == 3_130
    assert other == (12, 26_192) and claims.published_rate("other").value == pytest.approx(0.00046, abs=5e-6)


def test_table_iv_is_contradicted_by_every_reading_but_the_class_other() -> None:
    over = [task for task in claims.FIG7 if claims.published_rate(task).value > 0.001]
    assert set(claims.FIG7) - set(over) == {"other"} and claims.published_rate().low > 0.001


def card(*results: object) -> str:
    front = json.dumps([{"name": "m", "results": list(results)}])
    return f"---\nmodel-index: {front}\n---\n# Model\n"


@pytest.fixture
def hub(tmp_path: Path) -> Path:
    """Six models of two tasks; three have the tag, one of them has a result and one an empty model-index."""
    tags = {"a/with": ["model-index"], "a/empty": ["model-index"], "a/odd": ["model-index"]}
    models = [
        {"id": name, "tags": tags.get(name, []), "pipeline_tag": task, "downloads": 1, "likes": 0}
        for name, task in (
            ("a/with", "token-classification"),
            ("a/empty", "token-classification"),
            ("a/none", "token-classification"),
            ("a/odd", "tabular-regression"),
            ("b/one", "tabular-regression"),
            ("b/two", None),
        )
    ]
    result = {"task": {"type": "token-classification"}, "dataset": {"name": "d", "type": "d"},
              "metrics": [{"type": "f1", "value": 0.5}]}  # fmt: skip
    cards = [
        {"modelId": "a/with", "readme": card(result)},
        {"modelId": "a/empty", "readme": card()},
        {"modelId": "a/odd", "readme": "---\nmodel-index: [[1]]\n---\n"},
    ]
    zone = Zone(tmp_path / "landing")
    hf_list.land(zone, jsonl(tmp_path / "m.jsonl", models), observed_at=THEN, program="test", complete=True)
    hf_list.land(zone, jsonl(tmp_path / "c.jsonl", cards), observed_at=THEN, program="test")
    load(zone, tmp_path / "warehouse.duckdb", Limits("1GB", threads=1))
    return tmp_path / "warehouse.duckdb"


def test_an_empty_model_index_is_no_claim_by_the_rule_of_the_figure(hub: Path) -> None:
    with Reader(hub) as reader:
        result = analyses.run("claims", reader)
    tagged = result.tables["tasks"].set_index("task").loc["token-classification"]
    assert (tagged["models"], tagged["n"]) == (2, 3)
    strict = result.tables["by the rule of fig. 7"].set_index("task")
    assert (strict.loc["token-classification", "models"], strict.loc["tabular-regression", "models"]) == (1, 0)
    beside = result.tables["fig7"].set_index("task")
    assert list(beside.loc["token-classification", ["published models", "published n"]]) == [526, 3_130]
    assert list(beside.loc["other", ["models", "n"]]) == [0, 3]
    assert beside["p_holm"].dropna().ge(beside["p"].dropna()).all()
    ours = result.published.set_index("quantity")["ours"]
    assert ours["claim rate, token-classification"] == pytest.approx(1 / 3)
    assert "by the rule of the published figure" in result.statement


def test_the_rule_waits_for_the_cards(hub: Path, tmp_path: Path) -> None:
    """Where most of the cards were not read, the rule is not answered by those that were."""
    zone = Zone(tmp_path / "other")
    models = [
        {"id": f"a/{n}", "tags": ["model-index"], "pipeline_tag": "fill-mask", "downloads": 1} for n in range(5)
    ]
    hf_list.land(zone, jsonl(tmp_path / "m2.jsonl", models), observed_at=THEN, program="test", complete=True)
    load(zone, tmp_path / "other.duckdb", Limits("1GB", threads=1))
    with Reader(tmp_path / "other.duckdb") as reader:
        result = analyses.run("claims", reader)
    assert "by the rule of fig. 7" not in result.tables and "too few of those cards" in " ".join(result.notes)
