"""PTMTorrent's records out and in: valid by its schema, filled, and the same after a round trip."""

from __future__ import annotations

import json
import os
from pathlib import Path

import jsonschema
import pytest
from doors import hubcensus

from warehouse.reader import Reader

FIXTURES = Path(__file__).parents[1] / "hubs" / "fixtures"
SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SCHEMA = SHARED / "schemas" / "ptmtorrent.json"
MOMENT = ("--observed-at", "2023-05-01")
TEXTS = ("ModelName", "ModelOwner", "ModelURL", "ModelOwnerURL", "LatestGitCommitSHA")


def record(name: str = "net", hub: str = "PyTorch Hub", **more: object) -> dict:
    about = {"ModelHubName": hub, "ModelHubURL": "", "MetadataFilePath": "m.json", "MetadataObjectID": 1}
    texts = {
        "ModelOwner": "lab",
        "ModelURL": "https://example.org/net",
        "ModelOwnerURL": "",
        "LatestGitCommitSHA": "c0ffee",
    }
    return {"id": 1, "ModelHub": about, "ModelName": name, **texts, **more}


def written(folder: Path, *records: object, name: str = "dump.json") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(json.dumps(list(records)), encoding="utf-8")
    return path


def models(home: Path) -> dict[str, tuple]:
    hubcensus(home, "load")
    hubcensus(home, "check")
    with Reader(home / "warehouse.duckdb") as reader:
        rows = reader.rows(
            "SELECT hub || ' ' || model_id, owner, url, sha, task, architecture, m.datasets, papers FROM mart.model m"
        )
    return {name: tuple(rest) for name, *rest in rows}


@pytest.fixture(scope="module")
def exported(tmp_path_factory) -> Path:
    home, out = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("out")
    for hub in ("onnx-zoo", "pytorch-hub", "tensorflow-hub", "modelhub-ai"):
        hubcensus(home, "crawl", hub, "--from", str(FIXTURES / hub / "tree"))
    hubcensus(home, "load")
    assert len(hubcensus(home, "export", "ptmtorrent", "--out", str(out))["files"]) == 8
    return out


def test_every_model_is_written_once_with_its_object(exported):
    for hub in ("onnx-zoo", "pytorch-hub", "tensorflow-hub", "modelhub-ai"):
        records = json.loads((exported / hub / "ptmtorrent.json").read_text())
        expected = json.loads((FIXTURES / hub / "expected.json").read_text())
        assert [record["ModelName"] for record in records] == sorted(expected["ids"])
        objects = {entry["id"]: entry for entry in json.loads((exported / hub / "models.json").read_text())}
        for record in records:
            about = record["ModelHub"]
            assert about["MetadataFilePath"] == f"{hub}/models.json"
            assert objects[about["MetadataObjectID"]]["model_id"] == record["ModelName"]


def test_records_have_what_the_schema_requires_and_no_empty_lists(exported):
    for path in exported.glob("*/ptmtorrent.json"):
        for record in json.loads(path.read_text()):
            assert all(isinstance(record[key], str) for key in TEXTS)
            assert record.get("Datasets") != [] and record.get("ModelPaperDOIs") != []
            assert all(value is not None for value in record.values())


def test_what_ptmtorrent_left_empty_is_filled(exported):
    for hub, more in (("onnx-zoo", ["Datasets"]), ("pytorch-hub", [])):
        records = json.loads((exported / hub / "ptmtorrent.json").read_text())
        for field in ("ModelTask", "ModelArchitecture", "ModelPaperDOIs", *more):
            assert any(record.get(field) for record in records), (hub, field)


@pytest.mark.shared
@pytest.mark.skipif(not SCHEMA.is_file(), reason="the shared schemas are not here")
def test_records_are_valid_by_the_published_schema(exported):
    validator = jsonschema.Draft202012Validator(json.loads(SCHEMA.read_text()))
    records = [record for path in exported.glob("*/ptmtorrent.json") for record in json.loads(path.read_text())]
    assert len(records) > 4 and all(validator.is_valid(record) for record in records)
    assert not validator.is_valid({**records[0], "ModelPaperDOIs": []})


def test_a_round_trip_keeps_every_record(exported, tmp_path):
    home, again = tmp_path / "home", tmp_path / "again"
    hubcensus(home, "import", "ptmtorrent", str(exported), *MOMENT)
    hubcensus(home, "load")
    hubcensus(home, "export", "ptmtorrent", "--out", str(again))
    for path in exported.glob("*/ptmtorrent.json"):
        assert json.loads((again / path.parent.name / path.name).read_text()) == json.loads(path.read_text())


def test_a_record_becomes_a_model_of_its_hub(tmp_path):
    path = written(
        tmp_path,
        record(
            "net", Datasets=[{"DatasetName": "ImageNet"}], ModelPaperDOIs=["doi:10.1/x", "10.48550/arXiv.1512.03385"]
        ),
        record("bert", "Hugging Face", ModelURL="https://huggingface.co/lab/bert", ModelTask="fill-mask"),
        record("old", "ONNX Model Zoo", Dataset=[{"DatasetName": "COCO"}], ModelArchitecture="ResNet"),
    )
    home = tmp_path / "home"
    hubcensus(home, "import", "ptmtorrent", str(path), *MOMENT)
    url = "https://example.org/net"
    assert models(home) == {
        "pytorch-hub net": ("lab", url, "c0ffee", None, None, 1, 2),
        "huggingface lab/bert": ("lab", "https://huggingface.co/lab/bert", "c0ffee", "fill-mask", None, None, None),
        "onnx-zoo old": ("lab", url, "c0ffee", None, "ResNet", 1, 0),
    }


def test_importing_again_lands_nothing(tmp_path):
    path, home = written(tmp_path, record()), tmp_path / "home"
    first = hubcensus(home, "import", "ptmtorrent", str(path), *MOMENT)["runs"]
    second = hubcensus(home, "import", "ptmtorrent", str(path), *MOMENT)["runs"]
    assert [run["new"] for run in first] == [True]
    assert [(run["new"], run["run_id"]) for run in second] == [(False, first[0]["run_id"])]


def test_a_bad_record_is_quarantined_and_the_others_load(tmp_path):
    path = written(tmp_path, record("good"), record(None), record("x", hub="Elsewhere"), "no object", record("last"))
    home = tmp_path / "home"
    hubcensus(home, "import", "ptmtorrent", str(path), *MOMENT)
    assert set(models(home)) == {"pytorch-hub good", "pytorch-hub last"}
    with Reader(home / "warehouse.duckdb") as reader:
        reasons = reader.rows("SELECT key, reason FROM raw.quarantine WHERE NOT kept ORDER BY key")
    assert [key for key, _ in reasons] == ["dump.json[1]", "dump.json[2]", "dump.json[3]"]
    assert "ModelName" in reasons[0][1] and "'Elsewhere'" in reasons[1][1]


@pytest.mark.parametrize(
    "content, word",
    [
        ("{", "no record of a known hub"),
        ("[{", "cannot be read"),
        ("[]", "no record of a known hub"),
        ('[{"ModelHub": 1}]', "no record of a known hub"),
    ],
)
def test_a_file_that_is_none_is_said_in_a_sentence(tmp_path, content, word):
    path = tmp_path / "dump.json"
    path.write_text(content)
    assert word in hubcensus(tmp_path / "home", "import", "ptmtorrent", str(path), *MOMENT, code=2)


def test_the_moment_is_asked_for(tmp_path):
    path = written(tmp_path, record())
    assert "--observed-at" in hubcensus(tmp_path / "home", "import", "ptmtorrent", str(path), code=2)
