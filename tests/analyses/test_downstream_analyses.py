"""Who loads what: the analyses of repositories on a census that was counted by hand, and on a generated forest.

lab/root -> lab/mid -> lab/left, lab/right -> lab/tip     a diamond
lab/root -> lab/quant                                     loop/a <-> loop/b, old/name -> loop/b, solo/self -> itself
"""

from __future__ import annotations

import random
import time
from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from downstream.landed import MOMENT, about, land, mined, usage
from scipy.stats import spearmanr
from scipy.stats.contingency import odds_ratio
from small_hub import FIRST, FLOOR, SECOND, jsonl, records

import analyses
from analyses import _downstream, _style, blast_radius
from analyses._base import Result
from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

NAMES = ("reuse", "reuse_domain", "reuse_downloads", "pinned_revisions", "unsafe_loading", "blast_radius")
LATER = MOMENT + timedelta(days=30)
COMMIT = "0123456789abcdef0123456789ABCDEF01234567"


def model(number: int, name: str, downloads: int, tags: list[str], task: str | None = None) -> tuple[Any, ...]:
    return (name, downloads, 0, FLOOR, tags, task, None, number)


MODELS = [
    model(1, "lab/root", 1_000_000, ["pytorch"], "fill-mask"),
    model(2, "lab/mid", 1_000, ["base_model:lab/root"], "text-generation"),
    model(3, "lab/left", 500, ["base_model:lab/mid", "pytorch", "safetensors"], "text-generation"),
    model(4, "lab/right", 400, ["base_model:lab/mid"], "text-generation"),
    model(5, "lab/tip", 300, ["base_model:lab/left", "base_model:lab/right", "safetensors"], "text-generation"),
    model(6, "lab/quant", 200, ["base_model:lab/root", "base_model:quantized:lab/root", "gguf"]),
    model(7, "loop/a", 100, ["base_model:loop/b"], "automatic-speech-recognition"),
    model(8, "loop/b", 90, ["base_model:loop/a", "base_model:old/name"]),
    model(9, "solo/self", 80, ["base_model:solo/self"], "image-classification"),
    model(10, "cv/net", 50, [], "image-classification"),
    model(11, "new/name", 700, []),
    model(12, "gone/parent", 5, ["base_model:nobody/knows"]),
    model(13, "zero/one", 0, [], "tabular-classification"),
]
EARLY = [model(1, "lab/root", 10, []), model(11, "old/name", 10, [])]
STARS = {
    "alice/one": 0,
    "bob/two": 5,
    "bob/three": 50,
    "carol/four": 500,
    "carol/five": 5_000,
    "dan/six": 7,
    "fred/nine": 28,
}
PIN = {"path": "requirements.txt", "ecosystem": "pypi", "locked": False}
REPOSITORIES = [
    mined(
        "alice/one",
        usage("lab/root", revision=COMMIT),
        dependencies=[{**PIN, "package": "transformers", "specifier": "==4.1", "version": "4.1"}],
    ),
    mined(
        "bob/two",
        usage("lab/tip", revision="main", flags=["trust_remote_code"]),
        usage("lab/root"),
        dependencies=[{**PIN, "package": "transformers", "specifier": ">=4", "version": None}],
    ),
    mined("bob/three", usage("lab/tip", revision="v1.0"), usage("lab/left"), usage("lab/left", line=9)),
    mined("carol/four", usage("loop/a")),
    mined("carol/five", usage("solo/self"), usage("old/name")),
    mined(
        "dan/six",
        usage("unknown/model"),
        usage("resnet50", hub="torchvision", library="torchvision"),
        usage("pytorch/vision:resnet18", hub="pytorch-hub", library="torch",
              id_as_written="pytorch/vision:v0.10.0:resnet18"),
        usage(None, library="torch", flags=["not_weights_only"]),
        dependencies=[{**PIN, "package": "torchvision", "version": "0.9", "locked": True}],
    ),
    mined("eve/seven"),
    mined("eve/eight", usage("lab/mid", confidence=0.4, flags=["trust_remote_code"])),
    mined("fred/nine", usage("lab/mid")),
]  # fmt: skip


def land_models(home: Path, name: str, models: list[tuple[Any, ...]], moment: datetime) -> None:
    hf_list.land(
        Zone(home / "landing"),
        jsonl(home / f"{name}.jsonl", records(models)),
        observed_at=moment,
        program="test",
        complete=True,
    )


def built(home: Path) -> Path:
    load(Zone(home / "landing"), home / "warehouse.duckdb", Limits("3GB", threads=2))
    return home / "warehouse.duckdb"


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("reuse")
    land_models(home, "early", EARLY, FIRST)
    land_models(home, "models", MODELS, SECOND)
    told = [about(name, number, stargazerCount=stars) for number, (name, stars) in enumerate(STARS.items(), 1)]
    land(home, "discover", "repository", *told)
    land(home, "mine", "mined", *REPOSITORIES)
    # Read again: it has changed to another model.
    land(home, "mine", "mined", mined("fred/nine", usage("lab/quant", revision="abc1234")), at=LATER)
    return built(home)


@pytest.fixture
def reader(warehouse: Path) -> Iterator[Reader]:
    with Reader(warehouse) as opened:
        yield opened


def cells(result: Result, table: str, key: str, value: str) -> dict[Any, Any]:
    frame = result.tables[table]
    return dict(zip(frame[key], frame[value], strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_answers_with_statement_figure_and_sources(name: str, reader: Reader) -> None:
    result = analyses.run(name, reader)
    assert result.available, result.statement
    assert "9 repositories read from 2026-01-10 to 2026-02-09; huggingface snapshot 2" in result.statement
    assert "nan" not in result.statement and result.statement.endswith(".") and result.snapshots == [2]
    assert _style.png(result.figure(), dpi=40).startswith(b"\x89PNG")
    assert any("0.5" in note for note in result.notes)


@pytest.mark.parametrize("name", NAMES)
def test_before_anything_was_fetched(name: str, warehouse: Path) -> None:
    with Reader(warehouse, as_of=MOMENT - timedelta(days=1)) as early:
        result = analyses.run(name, early)
    assert not result.available
    assert result.statement == "Not answered: this warehouse holds no place in a repository that loads a model."


def test_repositories_that_load_nothing(tmp_path: Path) -> None:
    land_models(tmp_path, "models", MODELS, SECOND)
    land(tmp_path, "mine", "mined", mined("eve/seven"), mined("eve/eight", usage("lab/root", confidence=0.4)))
    with Reader(built(tmp_path)) as opened:
        for name in NAMES:
            result = analyses.run(name, opened)
            assert not result.available and result.statement.startswith("Not answered: this warehouse holds no place")
            assert _style.png(result.figure(), dpi=40)


def test_without_any_listing_of_a_hub(tmp_path: Path) -> None:
    """Nothing is known of models; what is about repositories alone is answered all the same."""
    land(tmp_path, "mine", "mined", *REPOSITORIES)
    with Reader(built(tmp_path)) as opened:
        results = {name: analyses.run(name, opened) for name in NAMES}
        assert {name for name, result in results.items() if result.available} == {
            "reuse", "pinned_revisions", "unsafe_loading"
        }  # fmt: skip
        assert "holds no whole listing of a hub" in results["reuse_downloads"].statement
        assert cells(results["reuse"], "joined", "what", "links")["other hub"] == 12
        assert all(_style.png(result.figure(), dpi=40) for result in results.values())


def test_only_paths_of_the_machine(tmp_path: Path) -> None:
    land_models(tmp_path, "models", MODELS, SECOND)
    land(tmp_path, "mine", "mined", mined("eve/seven", usage(None, flags=["not_weights_only"])))
    with Reader(built(tmp_path)) as opened:
        results = {name: analyses.run(name, opened) for name in NAMES}
    assert {name for name, result in results.items() if result.available} == {"unsafe_loading"}
    assert results["reuse"].statement.endswith("load nothing from a hub.")
    assert cells(results["unsafe_loading"], "flags", "flag", "share") == {"not_weights_only": 1.0}


def test_only_models_that_the_census_does_not_know(tmp_path: Path) -> None:
    """Models that the census does not know have no family, no downloads and no task."""
    land_models(tmp_path, "models", MODELS, SECOND)
    land(tmp_path, "mine", "mined", mined("eve/seven", usage("nobody/knows")))
    with Reader(built(tmp_path)) as opened:
        results = {name: analyses.run(name, opened) for name in NAMES}
        assert not results["blast_radius"].available and not results["reuse_downloads"].available
        assert results["reuse"].available and not results["reuse_domain"].available
        assert _style.png(results["reuse"].figure(), dpi=40)


# ---------------------------------------------------------------- each by hand


def test_reuse(reader: Reader) -> None:
    result = analyses.run("reuse", reader)
    models = cells(result, "models", "model_id", "repositories")
    assert models == {
        "lab/root": 2, "lab/tip": 2, "lab/left": 1, "lab/quant": 1, "loop/a": 1, "solo/self": 1, "new/name": 1,
        "unknown/model": 1, "resnet50": 1, "pytorch/vision:resnet18": 1,
    }  # fmt: skip
    assert cells(result, "models", "model_id", "owners")["lab/tip"] == 1
    assert cells(result, "models", "model_id", "usages")["lab/left"] == 2
    measures = cells(result, "measures", "measure", "value")
    x = [1] * 8 + [2] * 2
    gini = 2 * sum(i * value for i, value in enumerate(x, 1)) / (10 * 12) - 11 / 10
    assert measures["Gini coefficient"] == pytest.approx(gini)
    assert (measures["median"], measures["mean"], measures["share of the top 10"]) == (1, 1.2, 1)
    assert measures["share loaded by one repository"] == 0.8
    assert measures["share of the census loaded by none"] == pytest.approx(6 / 13)
    assert "77.78 % (95 % CI 45.26 to 93.68 %; n = 9)" in result.statement
    assert cells(result, "joined", "what", "links") == {"in the census": 9, "other hub": 2, "unknown": 1}
    assert cells(result, "hubs", "hub", "links") == {"huggingface": 10, "pytorch-hub": 1, "torchvision": 1}
    assert cells(result, "libraries", "library", "repositories") == {"transformers": 7, "torch": 1, "torchvision": 1}


def test_reuse_is_the_view_of_the_mart(reader: Reader) -> None:
    ours = analyses.run("reuse", reader).tables["models"]
    theirs = reader.frame("SELECT model_id, repositories, owners, usages FROM mart.reuse")
    columns = ["model_id", "repositories", "owners", "usages"]
    assert sorted(map(tuple, ours[columns].to_numpy())) == sorted(map(tuple, theirs[columns].to_numpy()))


def test_published_numbers_are_found_under_todays_names(tmp_path: Path) -> None:
    land_models(tmp_path, "models", [model(1, "openai-community/gpt2", 5, []), model(2, "x/not-gpt2", 4, [])], SECOND)
    used = [mined(f"a/r{place}", usage("openai-community/gpt2"), usage("x/not-gpt2")) for place in range(3)]
    land(tmp_path, "mine", "mined", *used, mined("a/r9", usage("x/not-gpt2")))
    with Reader(built(tmp_path)) as opened:
        published = analyses.run("reuse", opened).published
    ours = dict(zip(published["quantity"], published["ours"], strict=True))
    assert (ours["repositories that load gpt2"], ours["repositories that load bert-base-uncased"]) == (3, 0)


def test_reuse_domain(reader: Reader) -> None:
    result = analyses.run("reuse_domain", reader)
    assert cells(result, "domains", "domain", "links") == {"NLP": 5, "Computer vision": 2, "Audio": 1}
    assert cells(result, "domains", "domain", "by the task") == {"NLP": 5, "Computer vision": 1, "Audio": 1}
    assert cells(result, "domains", "domain", "share")["NLP"] == 5 / 8
    hubs = {(row.hub, row.domain): row.links for row in result.tables["hubs"].itertuples()}
    assert hubs == {
        ("huggingface", "NLP"): 5, ("huggingface", "Computer vision"): 1, ("huggingface", "Audio"): 1,
        ("torchvision", "Computer vision"): 1,
    }  # fmt: skip
    against = result.tables["against the census"].set_index("domain")
    assert dict(against["models"]) == {"NLP": 3, "Computer vision": 1, "Other": 0, "Audio": 1}
    assert dict(against["n"]) == {"NLP": 5, "Computer vision": 2, "Other": 1, "Audio": 1}
    assert against.loc["Computer vision", "odds ratio"] == pytest.approx((1 * 3) / (1 * 4))
    published = dict(zip(result.published["quantity"], result.published["ours"], strict=True))
    assert published["Hugging Face: NLP"] == pytest.approx(5 / 7)
    assert published["PyTorch: Computer vision"] == 1
    assert any("of 4 of 12 links is not known" in note for note in result.notes)


def test_reuse_downloads(reader: Reader) -> None:
    result = analyses.run("reuse_downloads", reader)
    loaded = {"lab/root": 2, "lab/tip": 2, "lab/left": 1, "lab/quant": 1, "loop/a": 1, "solo/self": 1, "new/name": 1}
    every = [(entry[1], loaded.get(entry[0], 0)) for entry in MODELS]
    some = [pair for pair in every if pair[1]]
    values = cells(result, "correlations", "models", "value")
    first = result.tables["correlations"].iloc[0]
    assert (first["value"], first["n"]) == (pytest.approx(spearmanr(some).statistic), 7)
    assert values["all"] == pytest.approx(spearmanr(every).statistic)
    # lab/mid, lab/right and loop/b are of the ten most downloaded, and in no repository.
    assert cells(result, "top", "top", "models") == {10: 3}
    assert list(result.tables["never seen"]["model_id"][:3]) == ["lab/mid", "lab/right", "loop/b"]
    assert cells(result, "bands", "band", "n") == {"0": 1, "1-50": 2, "51-1,000": 9, "> 1,000": 1}
    assert cells(result, "bands", "band", "models")["51-1,000"] == 6
    assert any(note.startswith("1 ids of huggingface") for note in result.notes)


def test_pinned_revisions(reader: Reader) -> None:
    result = analyses.run("pinned_revisions", reader)
    kinds = {"none": 7, "branch or tag": 2, "commit": 1, "default branch": 1, "short commit": 1}
    assert cells(result, "kinds", "pin", "usages") == kinds
    assert cells(result, "repositories", "pins", "repositories") == {
        "some by commit": 1, "all by commit": 1, "some by commit, tag or branch": 4, "all by commit, and libraries": 1
    }  # fmt: skip
    assert set(result.tables["repositories"]["n"]) == {7}
    assert cells(result, "libraries", "library", "n") == {"transformers": 11, "torch": 1}
    assert cells(result, "versions", "library", "repositories") == {"transformers": 1, "torch": 0, "torchvision": 1}
    assert cells(result, "versions", "library", "n") == {"transformers": 7, "torch": 1, "torchvision": 1}
    assert cells(result, "versions", "library", "name it")["transformers"] == 2
    assert cells(result, "versions", "library", "in a lock file")["torchvision"] == 1
    assert set(result.tables["revisions"]["revision"]) == {COMMIT, "main", "v1.0", "v0.10.0", "abc1234"}
    assert any("'main'" in note and "pins nothing" in note for note in result.notes)


def test_unsafe_loading(reader: Reader) -> None:
    result = analyses.run("unsafe_loading", reader)
    assert cells(result, "flags", "flag", "repositories") == {"trust_remote_code": 1, "not_weights_only": 1}
    summary = result.tables["repositories"]
    assert (list(summary["repositories"]), list(summary["n"])) == ([2, 2], [7, 9])
    assert cells(result, "libraries", "library", "repositories") == {"transformers": 1, "torch": 1, "torchvision": 0}
    assert cells(result, "formats", "format", "links") == {
        "pickled only": 2, "safe only": 3, "pickled and safe": 1, "not known": 3
    }  # fmt: skip
    assert cells(result, "formats", "format", "share")["pickled only"] == pytest.approx(2 / 6)
    assert list(result.tables["stars"]["stars"]) == ["0", "1-9", "10-99", "100-999", "1,000 and more"]
    assert list(result.tables["stars"]["repositories"]) == [0, 2, 0, 0, 0]
    popular = result.tables["popular"].iloc[0]
    assert (popular["median of stars"], popular["n"]) == (28, 7)
    assert popular["odds ratio"] == pytest.approx((0.5 * 2.5) / (3.5 * 2.5))


def test_a_call_that_is_pinned_is_told_apart(tmp_path: Path) -> None:
    land_models(tmp_path, "models", MODELS, SECOND)
    flags = ["trust_remote_code"]
    used = [usage("lab/root", flags=flags, revision=COMMIT), usage("lab/tip", flags=flags, revision="main")]
    land(tmp_path, "mine", "mined", mined("a/b", *used))
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("unsafe_loading", opened)
    assert cells(result, "flags", "flag", "pinned by commit") == {"trust_remote_code": 1}
    assert "nan" not in result.statement and "the odds are unknown" in result.statement


def test_odds_ratio() -> None:
    found = _downstream.odds_ratio(10, 30, 5, 45)
    assert found.value == pytest.approx((10 * 40) / (20 * 5))
    theirs = odds_ratio([[10, 20], [5, 40]], kind="sample").confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(theirs.low), pytest.approx(theirs.high))
    assert _downstream.odds_ratio(0, 0, 1, 2).value != _downstream.odds_ratio(0, 0, 1, 2).value


# ---------------------------------------------------------------- families


def families(result: Result) -> dict[str, tuple[int, int, int, int, int]]:
    columns = ["reached", "direct", "via", "owners", "depth"]
    return {row["model_id"]: tuple(int(row[column]) for column in columns) for _, row in result.table.iterrows()}


def test_blast_radius(reader: Reader) -> None:
    result = analyses.run("blast_radius", reader)
    assert families(result) == {
        "lab/root": (4, 2, 2, 3, 3),
        "lab/mid": (2, 0, 2, 1, 2),
        "lab/left": (2, 1, 1, 1, 1),
        "lab/right": (2, 0, 2, 1, 1),
        "lab/tip": (2, 2, 0, 1, 0),
        "lab/quant": (1, 1, 0, 1, 0),
        "loop/a": (1, 1, 0, 1, 0),
        "loop/b": (1, 0, 1, 1, 1),
        "solo/self": (1, 1, 0, 1, 0),
        "new/name": (2, 1, 1, 1, 2),
    }
    descendants = cells(result, "top", "model_id", "descendants")
    assert (descendants["lab/root"], descendants["loop/a"], descendants["solo/self"]) == (5, 1, 0)
    assert cells(result, "families", "model_id", "descendants loaded") == {
        "lab/root": 3, "lab/mid": 2, "lab/right": 1, "lab/left": 1, "loop/b": 1, "new/name": 1
    }  # fmt: skip
    amplification = cells(result, "families", "model_id", "amplification")
    assert amplification["lab/root"] == 1 and amplification["lab/mid"] != amplification["lab/mid"]
    covered = cells(result, "measures", "families", "repositories")
    assert covered == {"held by the top 10": 6, "held by the top 1": 4, "held by the top 100": 6}
    assert cells(result, "relations", "relation", "repositories") == {"not said": 3, "quantized": 1}
    assert any("3 of them are loaded by nobody themselves" in note for note in result.notes)


def test_blast_radius_as_of_an_earlier_reading(warehouse: Path) -> None:
    """Then fred/nine loaded lab/mid."""
    with Reader(warehouse, as_of=MOMENT + timedelta(days=1)) as early:
        found = families(analyses.run("blast_radius", early))
    assert (found["lab/mid"], found["lab/root"]) == ((3, 1, 2, 2, 2), (4, 2, 2, 3, 3)) and "lab/quant" not in found


ONE = {
    "lab/root": ("lab/root", 2, 2, 4, 3, 5, 3),
    "lab/right": ("lab/right", 0, 2, 2, 1, 1, 1),
    "loop/b": ("loop/b", 0, 1, 1, 1, 1, 1),
    "solo/self": ("solo/self", 1, 0, 1, 1, 0, 0),
    "old/name": ("new/name", 1, 1, 2, 1, 2, 2),
    "unknown/model": ("unknown/model", 1, 0, 1, 1, 0, 0),
    "nobody/here": ("nobody/here", 0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize("name", ONE)
def test_one_model(name: str, reader: Reader) -> None:
    """The mart alone answers it, before any analysis has run."""
    asked = {"hub": "huggingface", "model_id": name}
    assert reader.row(blast_radius.SQL["one model"], asked) == ONE[name]


def test_the_repositories_of_one_model(reader: Reader) -> None:
    asked = {"hub": "huggingface", "model_id": "lab/root"}
    rows = reader.rows(blast_radius.SQL["repositories of one model"], asked)
    assert [(row[0].removeprefix("https://github.com/"), *row[1:]) for row in rows] == [
        ("alice/one", 0, ["lab/root"], 1),
        ("bob/two", 0, ["lab/root", "lab/tip"], 2),
        ("fred/nine", 1, ["lab/quant"], 1),
        ("bob/three", 2, ["lab/left", "lab/tip"], 3),
    ]


def test_blast_radius_of_a_large_forest(tmp_path: Path) -> None:
    """60,000 models, more than 100,000 edges, cycles among them: as a walk in Python says, in seconds."""
    rng, size = random.Random(7), 60_000
    parents = {i: {i // 3, *rng.sample(range(i), k=min(i, int(rng.random() < 0.8)))} - {i} for i in range(1, size)}
    for i in range(20, 60):
        parents[i].add(size - i)
    models = [
        model(i, f"m/{i}", i, [f"base_model:m/{parent}" for parent in sorted(parents.get(i, ()))])
        for i in range(size)
    ]
    loads = {f"o{r % 90}/r{r}": rng.sample(range(size), k=3) for r in range(200)}
    land_models(tmp_path, "models", models, SECOND)
    land(tmp_path, "mine", "mined", *[mined(name, *(usage(f"m/{i}") for i in ids)) for name, ids in loads.items()])
    with Reader(built(tmp_path), limits=Limits("3GB", threads=2)) as opened:
        since = time.monotonic()
        result = analyses.run("blast_radius", opened)
        took = time.monotonic() - since
        one = opened.row(blast_radius.SQL["one model"], {"hub": "huggingface", "model_id": "m/40"})
    assert sum(map(len, parents.values())) > 100_000 and took < 10, took
    found = cells(result, "families", "model_id", "reached")
    for asked in (0, 1, 2, 40, 100, 333):
        assert found[f"m/{asked}"] == len(_reached(asked, parents, loads))
    assert one[3] == found["m/40"]


def _reached(asked: int, parents: dict[int, set[int]], loads: dict[str, list[int]]) -> set[str]:
    children = defaultdict(set)
    for child, above in parents.items():
        for parent in above:
            children[parent].add(child)
    family, todo = {asked}, [asked]
    while todo:
        todo = [child for node in todo for child in children[node] if child not in family]
        family.update(todo)
    return {name for name, ids in loads.items() if family.intersection(ids)}


def test_families_end_at_a_depth_that_is_said(tmp_path: Path) -> None:
    """A chain that somebody made to be long costs no more than a deep family."""
    chain = [model(i, f"c/{i}", 1, [f"base_model:c/{i - 1}"] if i else []) for i in range(130)]
    land_models(tmp_path, "models", chain, SECOND)
    land(tmp_path, "mine", "mined", mined("a/b", usage("c/129")))
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("blast_radius", opened)
    assert len(result.tables["families"]) == blast_radius.DEEPEST
    assert any("lower bounds" in note and "reached:" in note for note in result.notes)
