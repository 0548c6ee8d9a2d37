"""The probe from the command line: own files, the contract's JSON, exit codes; a sample from draw to warehouse."""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from pathlib import Path

import pytest
from doors import hubcensus

from hubcensus.probing import stages
from probe.zoo import imitation
from simhub import SimHub, add_folder, build_synthetic
from warehouse.reader import Reader


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    out = tmp_path_factory.mktemp("zoo")
    imitation.build(out, seed=1, siblings=5)
    return out


def test_the_scan_prints_the_contract(zoo, tmp_path):
    told = hubcensus(tmp_path, "probe", "scan", str(zoo), code=1)
    verdicts = {file["path"].removeprefix(f"{zoo}/"): file["verdict"] for file in told["files"]}
    bad = {path for path, verdict in verdicts.items() if verdict in ("suspicious", "dangerous")}
    assert bad == {
        "census-zoo/loads-code/pytorch_model.bin",
        "census-zoo/loads-code/tokenizer_config.json",
        "census-zoo/remote-code/config.json",
    }
    finding = next(f for file in told["files"] for f in file["findings"] if f["severity"] == "dangerous")
    assert {"rule", "severity", "message", "where"} <= finding.keys()
    assert told["summary"]["files"] == len(told["files"])


def test_clean_files_leave_with_nothing(zoo, tmp_path):
    told = hubcensus(tmp_path, "probe", "scan", str(zoo / "census-zoo" / "base"), code=0)
    assert told["files"]
    assert {file["verdict"] for file in told["files"]} == {"clean"}


def test_what_cannot_be_judged_leaves_with_two(tmp_path):
    # A zip whose only member is encrypted: there is nothing to see, and nothing that is worse.
    sealed = tmp_path / "sealed.zip"
    with zipfile.ZipFile(sealed, "w") as packed:
        packed.writestr("data.bin", b"\0" * 64)
    data = bytearray(sealed.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    start = data.index(b"\0" * 64)
    data[start : start + 64] = hashlib.sha512(b"as if it were a cipher").digest()
    sealed.write_bytes(data)
    told = hubcensus(tmp_path, "probe", "scan", str(sealed), code=2)
    assert told["files"][0]["verdict"] == "error"


def test_a_missing_path_is_one_sentence(tmp_path):
    told = hubcensus(tmp_path, "probe", "scan", str(tmp_path / "nothing"), code=2)
    assert "There is no" in told and "Traceback" not in told


def test_sarif_is_written(zoo, tmp_path):
    hubcensus(tmp_path, "probe", "scan", str(zoo), "--sarif", str(tmp_path / "log.sarif"), code=1)
    log = json.loads((tmp_path / "log.sarif").read_text())
    assert log["version"] == "2.1.0" and len(log["runs"][0]["results"]) >= 3


def test_weights_name_the_triggers(zoo, tmp_path):
    folder = zoo / "census-zoo"
    base = ("--base", str(folder / "base"))
    told = hubcensus(tmp_path, "probe", "weights", str(folder / "tuned-with-triggers"), *base, code=1)
    flagged = {score["detector"]: score["suspects"] for score in told["scores"] if score["flagged"]}
    planted = next(one for one in imitation.build(tmp_path / "again", seed=1, siblings=5) if one.triggers)
    assert set(planted.triggers) <= set(flagged["base-rows"])
    hubcensus(tmp_path, "probe", "weights", str(folder / "tuned-0"), *base)


def test_stages_out_of_order_say_what_comes_first(tmp_path):
    for stage in ("fetch", "scan", "weights"):
        assert "probe sample" in hubcensus(tmp_path, "probe", stage, code=2)


def test_without_the_extra_one_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setattr(stages, "equipped", lambda: False)
    with pytest.raises(stages.UsageError, match=r"hubcensus\[probe\]"):
        stages.require("verify")
    stages.require("weights")


def test_a_sample_goes_from_the_hub_to_the_warehouse(zoo, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    population = build_synthetic(60, 5, tmp_path / "hub.sqlite")
    add_folder(population, zoo)
    # Relative, as most people name it: children work in another folder.
    home = Path("census")
    with SimHub(population) as hub:
        hubcensus(home, "crawl", "huggingface", "--endpoint", hub.endpoint)
        hubcensus(home, "load")
        drawn = hubcensus(home, "probe", "sample", "--models", "4", "--also", "census-zoo")
        sizes = ("--largest", "0.004", "--budget", "0.3")
        hubcensus(home, "probe", "fetch", "--endpoint", hub.endpoint, *sizes)
        before = hub.stats()["requests"]
        hubcensus(home, "probe", "scan", code=1)
        hubcensus(home, "probe", "weights", code=1)
        # What was fetched is all that they need.
        assert hub.stats()["requests"] == before
    assert hubcensus(home, "probe", "scan") == {"run": None}
    hubcensus(home, "load")

    with Reader(home / "warehouse.duckdb") as reader:
        severe = "severity IN ('suspicious', 'dangerous')"
        bad = reader.rows(f"SELECT DISTINCT model_id FROM mart.finding WHERE {severe} AND stage = 'scan' ORDER BY 1")
        assert bad == [("census-zoo/loads-code",), ("census-zoo/remote-code",)]
        assert (
            reader.value("SELECT count(*) FROM mart.examination WHERE stage = 'scan'")
            == drawn["drawn"] + drawn["certain"]
        )


def test_the_cache_may_be_lost(zoo, tmp_path):
    population = build_synthetic(10, 5, tmp_path / "hub.sqlite")
    add_folder(population, zoo)
    home = tmp_path / "census"
    with SimHub(population) as hub:
        hubcensus(home, "crawl", "huggingface", "--endpoint", hub.endpoint)
        hubcensus(home, "load")
        drawn = hubcensus(home, "probe", "sample", "--models", "1", "--also", "census-zoo/tuned-0", "--siblings", "0")
        told = hubcensus(home, "probe", "scan", code=3)
        assert "probe fetch" in told["run"]["failures"][0]["reason"]
        hubcensus(home, "probe", "fetch", "--endpoint", hub.endpoint, "--largest", "0.004")
        shutil.rmtree(home / "models")
        lost = hubcensus(home, "probe", "scan", "--again")
        assert lost["run"]["counts"]["state refused"] == drawn["drawn"] + drawn["certain"]
