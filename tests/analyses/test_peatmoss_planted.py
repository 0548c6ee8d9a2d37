"""Domains, sizes, families, trends and mentions on a hub whose answers are planted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from downstream.landed import about, issue, land
from small_hub import HOSTILE, jsonl, records

import analyses
from analyses._base import Result
from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

MOMENT = datetime(2024, 6, 1, tzinfo=UTC)
# Id, tags, task; all of one month.
TOLD: list[tuple[str, list[str], str | None]] = [
    ("a/one", ["text-classification", "bert"], "text-classification"),
    ("a/two", ["visual-question-answering", "vilt"], "visual-question-answering"),
    ("a/three", ["text-to-image", "stable-diffusion"], "text-to-image"),
    ("a/four", ["image-classification", "text-generation"], "image-classification"),
    ("a/five", ["reinforcement-learning"], "reinforcement-learning"),
    ("a/six", ["my-translation-notes"], None),
    ("a/seven", ["safetensors"], None),
    ("a/llama-7b", ["text-generation", "mistral"], "text-generation"),
    ("a/roberta-large-350m", [HOSTILE], None),
    ("a/gpt2-llama-mix", ["roberta"], None),
]
MONTHS = [f"{2022 + (4 + place) // 12}-{(4 + place) % 12 + 1:02d}" for place in range(18)]


def model(name: str, day: str, tags: list[str], task: str | None, number: int) -> tuple[Any, ...]:
    return (name, 5, 0, f"{day}T00:00:00.000Z", tags, task, None, number)


def planted() -> list[tuple[Any, ...]]:
    """The models above, and 40 a month of which ever more declare a licence and ever fewer are of BERT."""
    made = [model(name, "2024-03-05", tags, task, place) for place, (name, tags, task) in enumerate(TOLD)]
    for place, month in enumerate(MONTHS):
        for number in range(40):
            tags = ["license:mit"] if number < 4 + 2 * place else []
            tags += ["bert" if number < 36 - 2 * place else "t5"] if number < 38 else []
            made.append(model(f"m{month}/{number}-{17 * number % 7 + 1}b", f"{month}-10", tags, None, len(made)))
    return made


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    folder = tmp_path_factory.mktemp("planted")
    path = jsonl(folder / "models.jsonl", records(planted()))
    hf_list.land(Zone(folder / "landing"), path, observed_at=MOMENT, program="test", complete=True)
    land(folder, "discover", "repository", about("ann/app", 1))
    # Spoken of in proportion to uploads: BERT in every month but the last ones, T5 the other way round.
    asked = [
        issue(number, "bert" if number % 36 < 36 - 2 * (number // 36) else "t5 please",
              createdAt=f"{MONTHS[number // 36]}-12T00:00:00Z")
        for number in range(1, 36 * len(MONTHS))
    ]  # fmt: skip
    asked += [issue(9_001, "Roberta", "and roberta again"), issue(9_002, HOSTILE, "CUDA out of memory")]
    land(folder, "fetch", "issues", ("ann/app", {"issues": {"nodes": asked}}))
    load(Zone(folder / "landing"), folder / "warehouse.duckdb", Limits("2GB", threads=1))
    with Reader(folder / "warehouse.duckdb") as reader:
        yield reader


def cells(result: Result, table: str, key: str, value: str) -> dict[Any, Any]:
    frame = result.tables[table]
    return dict(zip(frame[key], frame[value], strict=True))


def test_domains_by_task_and_by_the_rule_of_the_study(hub: Reader) -> None:
    result = analyses.run("model_domains", hub)
    by_task = cells(result, "domains", "domain", "models")
    assert by_task == {"NLP": 2, "Computer vision": 2, "Multimodal": 1, "Other": 1}
    # Of the rule: text to image is Multimodal, so is a model of two domains; a tag that holds a task's name counts;
    # question-answering stands in visual-question-answering, which makes two domains too.
    assert cells(result, "study_rule", "domain", "models") == {"NLP": 3, "Multimodal": 3, "Other": 1}
    assert result.tables["coverage"]["n"][0] == len(planted()) and result.tables["coverage"]["models"][0] == 6


def test_sizes_in_names_stay_apart(hub: Reader) -> None:
    result = analyses.run("parameter_growth", hub)
    sources = cells(result, "sources", "source", "models")
    assert sources == {"name only": 40 * len(MONTHS) + 2, "unknown": len(TOLD) - 2}
    halves = result.tables["halves"]
    assert set(halves["source"]) == {"name only"} and set(halves["median"]) == {4e9}
    assert not any("stated" in row for row in result.published["quantity"])
    first = halves.loc[halves["rule"] == "all"].sort_values("half").iloc[0]
    assert (str(first["half"])[:7], first["n"]) == ("2022-05", 40), "May 2022 alone"


def test_families_go_by_configuration_then_tag_then_name(hub: Reader) -> None:
    table = analyses.run("families", hub).tables["families"].set_index("family")
    assert (table["models"]["Mistral"], table["tag"]["Mistral"]) == (1, 1), "the tag, although the name says LLaMA"
    assert (table["models"]["RoBERTa"], table["tag"]["RoBERTa"], table["name"]["RoBERTa"]) == (2, 1, 1)
    assert table["models"]["LLaMA"] == 0 and table["models"]["GPT-2"] == 0
    assert table["models"]["BERT"] == 1 + sum(36 - 2 * place for place in range(len(MONTHS)))


def test_trends_of_families_are_found(hub: Reader) -> None:
    trends = analyses.run("families", hub).tables["trends"].set_index("series")
    assert trends["slope"]["BERT"] == pytest.approx(-0.05, abs=0.005) and trends["p holm"]["BERT"] < 0.001
    assert trends["slope"]["T5"] == pytest.approx(0.05, abs=0.005)


def test_documentation_that_grows_is_seen_and_what_is_steady_is_not(hub: Reader) -> None:
    result = analyses.run("documentation_trend", hub)
    trends = result.tables["trends"]
    trends = trends.loc[trends["months"] == "all"].set_index("series")
    assert trends["slope"]["licence"] == pytest.approx(0.05, abs=1e-6) and trends["p holm"]["licence"] < 0.001
    assert "licence" in result.statement.split(" rise")[0] and trends["tau"].isna()["dataset"]
    months = result.tables["months"]
    assert len(months.loc[months["series"] == "licence"]) == len(MONTHS), "March 2024 has too few models"
    assert (months["n"] == 40).all()


def test_mentions_follow_uploads(hub: Reader) -> None:
    result = analyses.run("mentions", hub)
    table = result.table.set_index("family")
    asked = 36 * len(MONTHS) - 1
    assert table["mentions"]["BERT"] + table["mentions"]["T5"] == asked and table["mentions"]["RoBERTa"] == 1
    assert table["in discussions"].sum() == 0 and table["n"]["BERT"] == asked + 2
    within = result.tables["within families"].set_index("family")
    assert within["spearman"]["BERT"] > 0.95 and within["p holm"]["BERT"] < 1e-6
    assert within["tau of mentions"]["BERT"] < -0.9 and within["tau of uploads"]["BERT"] < -0.9
    assert any("No discussions of models are landed" in note for note in result.notes)


def test_topics_count_what_has_none(hub: Reader) -> None:
    result = analyses.run("discussion_topics", hub)
    topics = result.table.set_index("category")
    assert topics["threads"]["Memory and performance"] == 1 and (topics["n"] == 36 * len(MONTHS) + 1).all()
    coded = result.tables["coded"]
    assert coded["threads"].sum() < coded["n"].sum() and "none" in result.statement


def test_a_crawled_hub_has_discussions_with_planted_topics(tmp_path: Path) -> None:
    """Titles go over HTTP into the warehouse and keep their topics."""
    from doors import hubcensus

    from simhub import SimHub, build_synthetic
    from simhub.discussions import title
    from simhub.routes_repo import discussions

    store = build_synthetic(150, seed=3, path=tmp_path / "store.sqlite")
    with SimHub(store) as hub:
        hubcensus(tmp_path / "home", "crawl", "huggingface", "--endpoint", hub.endpoint, "--with", "discussions")
        truth = [
            set(title(spec, one["num"], one["isPullRequest"])[1])
            for spec in hub.truth.specs() for one in discussions(spec)
        ]  # fmt: skip
    hubcensus(tmp_path / "home", "load")
    with Reader(tmp_path / "home" / "warehouse.duckdb") as reader:
        result = analyses.run("discussion_topics", reader)
        assert analyses.run("mentions", reader).available
    found = cells(result, "topics", "category", "threads")
    assert result.table["n"][0] == len(truth) > 20
    for category in ("Collaboration", "Licence and permitted use", "Training pipeline"):
        planted_here = sum(category in topics for topics in truth)
        assert abs(found[category] - planted_here) <= 0.25 * planted_here + 2, category


def test_duckdb_reads_the_words_as_they_stand() -> None:
    """RE2 takes every pattern of both vocabularies: nothing in them can backtrack."""
    from analyses._families import families
    from analyses._topics import topics

    for pattern in [family.pattern for family in families()] + [topic.pattern for topic in topics()]:
        assert duckdb.execute("SELECT regexp_matches('', ?)", [pattern]).fetchone() == (False,)
