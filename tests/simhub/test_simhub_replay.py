"""Real dumps served page by page."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest
import requests

from simhub import SimHub, add_folder, build_synthetic, load_replay

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[2].parent / "shared/data")) / "hf"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared real dumps are not here")


def test_a_dump_comes_back_unchanged(tmp_path, walker) -> None:
    rows = [
        {"_id": f"621ffdc136468d709f17{n:04x}", "id": f"a/m{n}", "likes": n, "private": False, "downloads": n * 7,
         "tags": ["région:us"], "createdAt": "2022-03-02T23:29:05.000Z", "modelId": f"a/m{n}"}
        for n in range(25)
    ]  # fmt: skip
    rows[3] |= {"pipeline_tag": "fill-mask", "library_name": "transformers"}
    source = tmp_path / "dump.jsonl.gz"
    with gzip.open(source, "wt", encoding="utf-8") as stream:
        stream.writelines(json.dumps(r) + "\n" for r in rows)
    with SimHub(load_replay(source)) as hub:
        assert list(walker(hub.endpoint).walk(limit=10)) == rows
        assert hub.advance() == 1 and hub.truth.count() in (24, 25)
        assert requests.get(f"{hub.endpoint}/a/m1/resolve/main/README.md").status_code == 404


def test_old_records_without_id_and_rare_fields(tmp_path) -> None:
    record = {"modelId": "gpt2", "sha": "a" * 40, "lastModified": "2022-01-20T12:13:34.000Z", "tags": [],
              "pipeline_tag": None, "siblings": [{"rfilename": "x"}], "config": None, "private": False, "likes": 0,
              "safetensors": {"total": 5}}  # fmt: skip
    (tmp_path / "d.jsonl").write_text(json.dumps(record) + "\n")
    (tmp_path / "cards.jsonl").write_text(json.dumps({"modelId": "gpt2", "readme": "# GPT-2\r\n"}) + "\n")
    with SimHub(load_replay(tmp_path / "d.jsonl", cards=tmp_path / "cards.jsonl")) as hub:
        info = requests.get(f"{hub.endpoint}/api/models/gpt2").json()
        assert info["id"] == "gpt2" and "downloads" not in info and info["safetensors"] == {"total": 5}
        assert requests.get(f"{hub.endpoint}/gpt2/resolve/main/README.md").content == b"# GPT-2\r\n"


def test_a_folder_of_checkpoints_joins_the_hub(tmp_path) -> None:
    body = {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    text = json.dumps(body).encode()
    model = tmp_path / "zoo" / "tiny"
    model.mkdir(parents=True)
    (model / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text + bytes(range(24)))
    (model / "README.md").write_bytes(b"---\r\nlicense: mit\r\nbase_model: a/b\r\n---\r\n# Tiny\r\n")
    (model / "config.json").write_text('{"model_type": "bert", "architectures": ["BertModel"]}')
    store = build_synthetic(20, seed=1)
    assert add_folder(store, tmp_path) == ["zoo/tiny"]
    with SimHub(store) as hub:
        info = requests.get(f"{hub.endpoint}/api/models/zoo/tiny?blobs=true").json()
        assert {"license:mit", "base_model:a/b", "safetensors"} <= set(info["tags"])
        assert info["safetensors"] == {"parameters": {"F32": 6}, "total": 6}
        assert info["cardData"] == {"license": "mit", "base_model": "a/b"}
        for name in ("model.safetensors", "README.md"):
            sent = requests.get(f"{hub.endpoint}/zoo/tiny/resolve/main/{name}").content
            assert sent == (model / name).read_bytes()
        assert hub.truth.model("zoo/tiny").licences == ("mit",) and hub.advance() == 1


@needs_shared
@pytest.mark.shared
@pytest.mark.parametrize(
    ("name", "limit"),
    [
        ("raw_2024-07-11_api_models_page001.json.gz", None),
        ("2022-02-15_models_full.jsonl.gz", 3_000),
        ("2024-07-11_models_list.parquet", 5_000),
    ],
)
def test_shared_dumps(name, limit, walker) -> None:
    from itertools import islice

    from simhub.replay import records

    true = list(islice(records(SHARED / name), limit))
    with SimHub(load_replay(SHARED / name, limit=limit)) as hub:
        found = list(walker(hub.endpoint).walk(full="true", config="true"))
        assert [r["id"] for r in found] == [r.get("id") or r["modelId"] for r in true]
        for sent, kept in zip(found, true, strict=True):
            for key in ("downloads", "likes", "tags", "sha", "pipeline_tag", "siblings", "config"):
                assert sent.get(key) == kept.get(key), key


@needs_shared
@pytest.mark.shared
def test_a_replayed_page_equals_the_recorded_one(walker) -> None:
    name = SHARED / "raw_2024-07-11_api_models_page001.json.gz"
    with gzip.open(name) as stream:
        recorded = json.load(stream)
    with SimHub(load_replay(name)) as hub:
        assert list(walker(hub.endpoint).walk()) == recorded
