"""Look-alikes, renames, families, drift, merges and carbon, each on a hub whose truth was planted."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from small_census import census, model
from small_hub import shared_data

import analyses
from analyses import _kin, carbon_estimates, trait_drift
from analyses import _lookalike as alike

needs_data = pytest.mark.skipif(shared_data() is None, reason="the real dumps are not here")


@pytest.mark.parametrize(
    ("name", "target", "how"),
    [
        ("google", "google", alike.SAME), ("Google", "google", alike.CASE), ("googIe", "google", alike.LETTERS),
        ("meta-11ama", "meta-llama", alike.LETTERS), ("rnistral", "mistral", alike.LETTERS),
        ("metallama", "meta-llama", alike.SEPARATORS), ("bert_base", "bert-base", alike.SEPARATORS),
        ("gooogle", "google", alike.ADDED), ("gogle", "google", alike.MISSING), ("googel", "google", alike.SWAPPED),
        ("boogle", "google", alike.OTHER), ("microsoft", "google", alike.VARIANT),
    ],
)  # fmt: skip
def test_resemblance_of_owners(name: str, target: str, how: str) -> None:
    assert alike.resemblance(name, target, whole=True) == how


@pytest.mark.parametrize(
    ("name", "target"),
    [("llama-3-7b", "llama-2-7b"), ("opus-mt-en-da", "opus-mt-en-de"), ("model5", "models"), ("yolov8s", "yolov8n"),
     ("whisper-ta", "whisper-pa"), ("bert-base-v2", "bert-base-v1"), ("deberta-snli", "deberta-mnli")],
)  # fmt: skip
def test_versions_and_known_words_are_variants(name: str, target: str) -> None:
    assert alike.resemblance(name, target) == alike.VARIANT


POPULAR = [model("google/bert-base-uncased", 900_000, ("license:mit",)), model("meta-llama/Llama-2-7b-hf", 500_000),
           model("EleutherAI/gpt-j-6b", 40_000), model("facebook/opus-mt-en-de", 30_000),
           model("stabilityai/sdxl-turbo", 200_000), model("mid/popular-model", 9_000)]  # fmt: skip
PLANTED = {
    "googIe/bert-base-uncased": "google/bert-base-uncased", "meta-11ama/Llama-2-7b-hf": "meta-llama/Llama-2-7b-hf",
    "EleuterAI/gpt-j-6B": "EleutherAI/gpt-j-6b", "meta_llama/llama-2-7b-hf": "meta-llama/Llama-2-7b-hf",
    "eve/bert-base-uncaesd": "google/bert-base-uncased", "eve/sdxI-turbo": "stabilityai/sdxl-turbo",
    "stabiltyai/sdxl_turbo": "stabilityai/sdxl-turbo",
}  # fmt: skip
INNOCENT = ["ann/bert-base-uncased", "ann/opus-mt-en-da", "ann/Llama-3-7b-hf", "google/bert-base-uncase",
            "ann/unrelated", "mld/popular-model", "stabilityai/sdxl_turbo"]  # fmt: skip


def test_planted_look_alikes_come_first(tmp_path: Path) -> None:
    """Every planted name is found with its target, and nothing else is; a fork that names its base is left out."""
    fork = model("eve2/sdxl-turb0", 0, ("base_model:stabilityai/sdxl-turbo",))
    models = [*POPULAR, *(model(name) for name in PLANTED), *(model(name, 3) for name in INNOCENT), fork]
    with census(tmp_path, models) as reader:
        result = analyses.run("typosquats", reader)
    suspects = result.tables["suspects"]
    assert dict(zip(suspects["model_id"], suspects["target"], strict=True)) == PLANTED
    owners = suspects["kind"].str.startswith("owner")
    assert suspects.loc[owners, "suspicion"].min() > suspects.loc[~owners, "suspicion"].max()
    assert suspects["evidence"].iloc[0].startswith("owner: ")
    assert "1 pairs are left out" in result.notes[0]
    found = set(result.tables["owners"]["owner"])
    assert found == {"googIe", "meta-11ama", "EleuterAI", "meta_llama", "stabiltyai"}


def test_owner_changes(tmp_path: Path) -> None:
    before = [model("bert", 10, number=1), model("old/a", 5, number=2), model("old/b", 5, number=3),
              model("x/same", 1, number=4), model("x/gone", 1, number=5), model("x/before", 1, number=6)]  # fmt: skip
    now = [model("org/bert", 10, number=1), model("new/a", 5, number=2), model("new/b", 5, number=3),
           model("x/same", 1, number=4), model("x/after", 1, number=6)]  # fmt: skip
    with census(tmp_path, before, now) as reader:
        result = analyses.run("owner_changes", reader)
    kinds = dict(zip(result.table["kind"], result.table["models"], strict=True))
    assert kinds == {"came under an owner": 1, "another owner, same name": 2, "another name": 1}
    flows = result.tables["flows"].iloc[0]
    assert (flows["old_owner"], flows["new_owner"], flows["models"]) == ("old", "new", 2)
    assert list(result.tables["ownerless"]["new_id"]) == ["org/bert"]
    listing = result.tables["listings"].iloc[0]
    assert (listing["n"], listing["same id"], listing["renamed"], listing["gone"]) == (6, 1, 4, 1)
    assert (listing["owners"], listing["owners still listed"], listing["owners gone, models moved"]) == (2, 1, 1)


def test_mapped_models_of_peatmoss(tmp_path: Path) -> None:
    """1,431 of the 1,512 models that PeaTMOSS maps to repositories keep their id until 2024-07-11; 52 have no "
    "owner."""
    folder = shared_data()
    if folder is None:
        pytest.skip("the real dumps are not here")
    import duckdb

    path = folder.parent / "downstream" / "peatmoss_mapping.csv.gz"
    query = """
        WITH mapped AS (SELECT DISTINCT column1 AS id FROM read_csv($1, header = false, all_varchar = true)),
        now AS (SELECT id FROM read_parquet($2))
        SELECT count(*), count(now.id), count(*) FILTER (NOT contains(mapped.id, '/'))
        FROM mapped LEFT JOIN now USING (id)
    """
    row = duckdb.execute(query, [str(path), str(folder / "2024-07-11_models_list.parquet")]).fetchone()
    assert row == (1_512, 1_431, 52)


FAMILY = [model("a/root", 10, ("license:apache-2.0", "en", "fr")),
          model("b/one", 1, ("license:mit", "base_model:a/root", "en")),
          model("b/two", 1, ("base_model:a/root", "gguf")), model("c/three", 1, ("base_model:b/one", "lora")),
          model("d/root", 1), model("d/child", 1, ("base_model:d/root",)), model("e/alone", 1),
          model("f/self", 1, ("base_model:f/self",)),
          model("g/merge", 1, ("base_model:b/one", "base_model:b/two", "merge"))]  # fmt: skip


def test_families(tmp_path: Path) -> None:
    with census(tmp_path, FAMILY) as reader:
        result = analyses.run("family_trees", reader)
    families = result.table.set_index("founder")
    assert dict(families["models"]) == {"a/root": 5, "d/root": 2}
    assert (families.loc["a/root", "generations"], families.loc["a/root", "leaves"]) == (2, 2)
    kinds = result.tables["kinds"].set_index("kind")["edges"].to_dict()
    assert kinds == {"finetune": 2, "quantized": 1, "adapter": 1, "merge": 2}
    steps = result.tables["generations"]
    assert dict(zip(steps["generation"], steps["models"], strict=True)) == {0: 2, 1: 3, 2: 2}


def test_generations_of_a_cycle_end() -> None:
    """0 <- 1 <- 2, and 3 and 4 below each other."""
    depth = _kin.generations(np.array([1, 2, 3, 4]), np.array([0, 1, 4, 3]), 5)
    assert list(depth) == [0, 1, 2, 0, 0]


def test_drift(tmp_path: Path) -> None:
    with census(tmp_path, FAMILY) as reader:
        traits = analyses.run("trait_drift", reader).table.set_index("trait")
    assert (traits.loc["owner", "n"], traits.loc["owner", "changed"]) == (6, 5)
    assert (traits.loc["licence", "n"], traits.loc["licence", "changed"]) == (1, 1)
    assert (traits.loc["languages", "n"], traits.loc["languages", "up"], traits.loc["languages", "down"]) == (1, 1, 0)
    assert (traits.loc["licence declared", "up"], traits.loc["licence declared", "down"]) == (0, 3)


def test_direction_is_mcnemar_where_parents_have_one_child() -> None:
    """Clusters of one edge: z² is McNemar's statistic without correction, and the interval Wald's."""
    from statsmodels.stats.contingency_tables import mcnemar

    up, down, same = 40, 22, 138
    n, x = up + down + same, up + down
    frame = pd.DataFrame([{"trait": "t", "up_means": "", "n": n, "parents": n, "changed": x, "share": x / n,
                           "low": 0.0, "high": 1.0, "up": up, "down": down, "xx": x, "xn": x, "nn": n,
                           "turn": up + down}])  # fmt: skip
    row = trait_drift.tested(frame).iloc[0]
    known = mcnemar([[0, up], [down, same]], exact=False, correction=False)
    assert row["z"] ** 2 == pytest.approx(known.statistic) and row["p"] == pytest.approx(known.pvalue)
    half = 1.959964 * np.sqrt(x / n * (1 - x / n) / n)
    assert row["clustered_high"] - row["share"] == pytest.approx(half, rel=1e-5)
    assert row["g"] == pytest.approx(up / x - 0.5)


def test_merges_of_merges(tmp_path: Path) -> None:
    models = [model("a/x", 1, ("license:mit",)), model("a/y", 1, ("license:apache-2.0",)),
              model("b/first-slerp", 1, ("base_model:a/x", "base_model:a/y", "merge", "license:mit")),
              model("b/second", 1, ("base_model:b/first-slerp", "base_model:a/x", "mergekit", "ties")),
              model("b/third", 1, ("merge",))]  # fmt: skip
    card = {"b/third": "---\ntags:\n- merge\n---\n```yaml\nmerge_method: task_arithmetic\n```\n"}
    with census(tmp_path, models, cards=card) as reader:
        result = analyses.run("merges", reader)
    methods = dict(zip(result.tables["methods"]["method"], result.tables["methods"]["models"], strict=True))
    assert methods == {"slerp": 1, "ties": 1, "task arithmetic": 1}
    assert list(result.tables["generations"]["models"]) == [2, 1]
    assert dict(zip(result.tables["parents"]["parents"], result.tables["parents"]["models"], strict=True)) == {
        "0": 1, "2": 2
    }  # fmt: skip
    licences = result.tables["licences of parents"].set_index("parents")
    assert (licences.loc["several of one family", "models"], licences.loc["several of one family", "keeps_one"]) == (
        1,
        1,
    )


CARD = "---\n---\n# M\n\n- **Hardware Type:** 8x A100-80GB\n- **Hours used:** 1,000\n"


def test_estimates_stand_apart_from_reports(tmp_path: Path) -> None:
    models = [model("a/big-7b", 9_000), model("a/big-7b-chat", 8_000), model("a/copy-7b-gguf", 9_000, ("gguf",)),
              model("b/tuned-7b", 9_000, ("base_model:a/big-7b",)), model("c/small-70m", 9_000),
              model("d/rare-70b", 10), model("e/told", 100)]  # fmt: skip
    reported = {"e/told": {"co2_eq_emissions": {"emissions": 12.5, "source": "codecarbon"}}}
    with census(tmp_path, models, cards={"c/small-70m": CARD}, front=reported) as reader:
        result = analyses.run("carbon_estimates", reader)
    by_size = result.tables["by size"]
    assert dict(zip(by_size["model_id"], by_size["size"], strict=True)) == {"a/big-7b": 7e9, "c/small-70m": 7e7}
    low, middle, high = carbon_estimates.factor()
    assert by_size["tonnes"].iloc[0] == pytest.approx(49e18 * middle) and low < middle < high
    stated = result.tables["by compute"].iloc[0]
    assert (stated["hours"], stated["devices"]) == (1_000, 8)
    assert stated["low"] == pytest.approx(1_000 * 0.4 * 1.1 * 0.05 / 1_000)
    assert stated["high"] == pytest.approx(8 * 1_000 * 0.4 * 1.6 * 0.8 / 1_000)
    told = result.table.set_index("how").loc["reported by the authors"]
    assert told["trainings"] == 1 and told["tonnes"] == pytest.approx(12.5e-6)


def test_the_factor_is_its_formula() -> None:
    """At the geometric means of the ranges the formula gives nearly the median."""

    def middle(bounds: tuple[float, float]) -> float:
        return float(np.sqrt(bounds[0] * bounds[1]))

    c = carbon_estimates
    kwh = 6 * middle(c.TOKENS) * c.WATTS / (c.PEAK * middle(c.UTILISATION)) * middle(c.PUE) / 3.6e6
    assert c.factor()[1] == pytest.approx(kwh * middle(c.INTENSITY) / 1_000, rel=0.05)


@pytest.mark.parametrize(
    ("text", "hours"),
    [("1,536", 1536.0), ("11", 11.0), ("2.5", 2.5), ("1,53", None), ("", None), ("9" * 12, None), ("0", None)],
)
def test_hours_as_written(text: str, hours: float | None) -> None:
    assert carbon_estimates._number(text) == hours


@needs_data
def test_reports_of_the_carbon_study(tmp_path: Path) -> None:
    """The 1,419 reports of the 2023 study, landed as front matter: the medians are those of its own table."""
    folder = shared_data()
    assert folder is not None
    with (folder.parent / "claims" / "HFCO2.csv").open(encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines))
    assert len(rows) == 1_419
    models, front = [], {}
    for place, row in enumerate(rows, 1):
        name = f"o/{place}-{row['modelId'].replace('/', '-')[:60]}"
        models.append(model(name, int(row["downloads"]), number=place))
        front[name] = {"co2_eq_emissions": {"emissions": float(row["co2_eq_emissions"]), "source": row["source"]}}
    with census(tmp_path, models, front=front) as reader:
        result = analyses.run("carbon", reader)
    expected = pd.DataFrame(rows)["co2_eq_emissions"].astype(float)
    reported = result.tables["reported by task"]
    assert reported["numbers"].sum() == 1_419
    assert reported["median_g"].iloc[0] == pytest.approx(expected.median())
    assert reported["tonnes"].sum() == pytest.approx(expected.sum() / 1e6)
