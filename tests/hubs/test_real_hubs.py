"""The real contents of seventeen registries: crawled from their copies, loaded, checked, counted."""

from __future__ import annotations

import csv
import os
import re
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from zoo import census, hubcensus

from warehouse.reader import Reader

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
pytestmark = [
    pytest.mark.shared,
    pytest.mark.slow,
    pytest.mark.skipif(not (SHARED / "hubs").is_dir(), reason="the shared copies of registries are not here"),
    pytest.mark.xdist_group("real-hubs"),
]
COPIES = {
    "bioimageio": "hubs/bioimageio_collection.json.gz",
    "coqui": "hubs/coqui_tts.tar.gz",
    "kipoi": "hubs/kipoi.tar.gz",
    "model-openness": "hubs/model_openness_tool.tar.gz",
    "modelhub-ai": "hubs/modelhub_ai.tar.gz",
    "monai": "hubs/monai_zoo.tar.gz",
    "ollama": "hubs/ollama_library.tar.gz",
    "onnx-zoo": "hubs/onnx_model_zoo.tar.gz",
    "openmmlab": "hubs/mmpretrain.tar.gz",
    "openvino": "hubs/openvino_omz.tar.gz",
    "paddlehub": "hubs/paddlehub.tar.gz",
    "pytorch-hub": "hubs/pytorch_hub.tar.gz",
    "qualcomm": "hubs/qualcomm_ai_hub.tar.gz",
    "replicate": "hubs/replicate.tar.gz",
    "spacy": "hubs/spacy_models.tar.gz",
    "tensorflow-hub": "hubs/tfhub_dev.tar.gz",
    "timm": "claims/timm_results.tar.gz",
}
# Models and releases of each hub. ONNX: 184 files under 116 names. OpenVINO: 264 model.yml and 12 composite models.
# Kipoi: 65 folders and 2,111 rows of templates. PaddleHub: folders whose README is that of a module.
COUNTS = {
    "bioimageio": (44, 95),
    "coqui": (88, 0),
    "kipoi": (2176, 0),
    "model-openness": (273, 262),
    "modelhub-ai": (34, 0),
    "monai": (31, 446),
    "onnx-zoo": (116, 184),
    "openmmlab": (548, 0),
    "openvino": (276, 0),
    "paddlehub": (462, 806),
    "pytorch-hub": (52, 128),
    "qualcomm": (167, 255),
    "replicate": (3276, 0),
    "spacy": (101, 1100),
    "tensorflow-hub": (1332, 2730),
    "timm": (1267, 0),
}
# At least this share of models has the fact. What PTMTorrent left empty (data sets, task, architecture, DOI) is here.
RATES = {
    "pytorch-hub": {"task": 1.0, "architecture": 1.0, "datasets": 0.85, "papers": 0.9, "releases": 0.9, "card": 1.0},
    "onnx-zoo": {
        "task": 1.0,
        "architecture": 1.0,
        "datasets": 0.95,
        "papers": 0.7,
        "file hashes": 1.0,
        "claims": 0.6,
    },
    "modelhub-ai": {
        "task": 0.97,
        "architecture": 0.55,
        "datasets": 0.55,
        "papers": 0.55,
        "licence": 0.55,
        "card": 0.55,
    },
    "tensorflow-hub": {
        "task": 0.99,
        "architecture": 0.8,
        "datasets": 0.65,
        "papers": 0.75,
        "languages": 0.28,
        "card": 1.0,
    },
    "openvino": {
        "task": 1.0,
        "licence": 1.0,
        "file hashes": 0.95,
        "datasets": 0.85,
        "claims": 0.9,
        "parameters": 0.95,
    },
    "openmmlab": {
        "task": 0.85,
        "architecture": 1.0,
        "datasets": 0.98,
        "papers": 0.99,
        "parameters": 1.0,
        "claims": 0.8,
    },
    "spacy": {"task": 1.0, "licence": 1.0, "datasets": 0.98, "languages": 1.0, "releases": 1.0, "claims": 0.85},
    "monai": {
        "task": 0.9,
        "licence": 1.0,
        "datasets": 0.8,
        "papers": 0.4,
        "releases": 0.95,
        "claims": 0.6,
        "card": 1.0,
    },
    "qualcomm": {"task": 1.0, "licence": 1.0, "datasets": 0.45, "papers": 0.85, "parameters": 0.85, "claims": 0.6},
    "kipoi": {"task": 0.97, "library": 1.0, "licence": 0.55, "datasets": 0.98, "papers": 0.99, "file hashes": 0.97},
    "paddlehub": {"task": 1.0, "architecture": 0.85, "datasets": 0.78, "papers": 0.28, "releases": 0.7, "card": 1.0},
    "coqui": {"task": 1.0, "architecture": 1.0, "licence": 1.0, "datasets": 0.93, "languages": 0.9, "files": 1.0},
    "bioimageio": {"task": 0.85, "licence": 1.0, "papers": 1.0, "datasets": 0.33, "releases": 1.0, "downloads": 1.0},
    "model-openness": {"task": 0.7, "licence": 0.5, "architecture": 0.8, "parameters": 0.85, "links": 0.6},
    "replicate": {"description": 0.7, "downloads": 1.0, "links": 0.4},
    "timm": {"task": 1.0, "architecture": 1.0, "datasets": 0.99, "parameters": 1.0, "claims": 1.0},
}


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Reader, float]]:
    home = tmp_path_factory.mktemp("registries")
    began = time.monotonic()
    for hub, copy in COPIES.items():
        hubcensus(home, "crawl", hub, "--from", str(SHARED / copy))
    with census(home) as reader:
        yield reader, time.monotonic() - began


def test_all_of_them_in_less_than_five_minutes(loaded):
    assert loaded[1] < 300


def test_every_model_and_release_is_there(loaded):
    models = dict(loaded[0].rows("SELECT hub, count(*) FROM mart.model GROUP BY hub"))
    releases = dict(loaded[0].rows("SELECT hub, count(*) FROM mart.release GROUP BY hub"))
    assert {hub: (models[hub], releases.get(hub, 0)) for hub in COUNTS} == COUNTS
    assert models["ollama"] >= 150


def test_nothing_was_quarantined(loaded):
    assert loaded[0].rows("SELECT key, reason FROM raw.quarantine") == []
    assert loaded[0].value("SELECT bool_and(complete) FROM mart.snapshot WHERE hub <> 'ollama'")


def test_what_the_hubs_state_is_filled(loaded):
    import analyses

    fill = analyses.run("hub_coverage", loaded[0]).tables["fill"]
    shares = {(row["hub"], row["field"]): row["share"] for _, row in fill[fill["stated"]].iterrows()}
    low = {
        (hub, field): (shares.get((hub, field)), least)
        for hub, wanted in RATES.items()
        for field, least in wanted.items()
        if not shares.get((hub, field), 0) >= least
    }
    assert not low


def test_every_onnx_file_has_its_hash_and_size(loaded):
    told = loaded[0].row("SELECT count(*), count(sha256), count(size) FROM mart.release WHERE hub = 'onnx-zoo'")
    assert told == (184, 184, 184)


def test_words_are_normalised(loaded):
    unknown = loaded[0].rows(
        "SELECT hub, task_raw, count(*) FROM mart.model WHERE task IS NULL AND task_raw IS NOT NULL GROUP BY ALL"
    )
    assert sum(count for _, _, count in unknown) <= 12, unknown
    licences = loaded[0].rows("SELECT raw FROM core.licence WHERE source = 'none' ORDER BY raw")
    assert len(licences) <= 12, licences


@pytest.mark.parametrize(
    ("hub", "model", "facts"),
    [
        ("onnx-zoo", "ResNet50", {"task": "image-classification", "model_type": "resnet", "licence": "Apache-2.0"}),
        (
            "openvino",
            "resnet-50-pytorch",
            {"task": "image-classification", "library": "pytorch", "parameters": 25530000},
        ),
        (
            "timm",
            "resnet50.a1_in1k",
            {"architecture": "resnet50", "url": "https://huggingface.co/timm/resnet50.a1_in1k"},
        ),
        ("spacy", "en_core_web_sm", {"licence": "MIT", "library": "spacy", "owner": "explosion"}),
        ("coqui", "tts_models/en/ljspeech/tacotron2-DDC", {"task": "text-to-speech", "licence": "Apache-2.0"}),
        ("qualcomm", "resnet50", {"licence": "BSD-3-Clause", "parameters": 25500000, "task": "image-classification"}),
        (
            "tensorflow-hub",
            "google/imagenet/resnet_v2_50/classification",
            {"owner": "google", "model_type": "resnet"},
        ),
        (
            "pytorch-hub",
            "pytorch_vision_resnet",
            {"task": "image-classification", "owner": "pytorch", "licence": None},
        ),
    ],
)
def test_models_checked_by_hand(loaded, hub, model, facts):
    columns = ", ".join(facts)
    query = f"SELECT {columns} FROM mart.model WHERE hub = $1 AND model_id = $2"
    assert dict(zip(facts, loaded[0].row(query, [hub, model]), strict=True)) == facts


def test_entry_points_versions_and_claims_checked_by_hand(loaded):
    reader = loaded[0]
    entries = reader.rows(
        "SELECT variant, version FROM mart.release WHERE model_id = 'pytorch_vision_resnet' ORDER BY ordinal"
    )
    assert ("pytorch/vision:resnet18", "v0.10.0") in entries and len(entries) == 5
    claim = "SELECT value FROM mart.claim WHERE hub = 'openvino' AND model_id = 'resnet-50-pytorch' AND metric = $1"
    assert reader.value(claim, ["accuracy@top1"]) == pytest.approx(0.76128)
    assert reader.value("SELECT count(*) FROM mart.release WHERE model_id = 'en_core_web_sm'") >= 20
    papers = "SELECT value FROM mart.model_tag WHERE hub = 'onnx-zoo' AND model_id = 'ResNet50' AND kind = 'arxiv'"
    assert ("1512.03385",) in reader.rows(papers)


def test_every_entry_that_a_page_of_pytorch_hub_loads_by_name_is_there(loaded):
    """Against the pages' own text: entries that are written out. The others (a variable, a list) come on top."""
    call = re.compile(r"""hub\.load\(\s*['"]([\w./-]+)(?::[\w./-]+)?['"]\s*,\s*(?:model\s*=\s*)?['"]([\w.-]+)['"]""")
    with tarfile.open(SHARED / COPIES["pytorch-hub"]) as archive:
        pages = [archive.extractfile(member) for member in archive if member.name.endswith(".md")]
        written = {f"{repo}:{entry}" for page in pages if page for repo, entry in call.findall(page.read().decode())}
    found = {name for (name,) in loaded[0].rows("SELECT variant FROM mart.release WHERE hub = 'pytorch-hub'")}
    assert len(written) > 100 and written <= found
    assert len(found) == 118


def test_the_pairs_judged_by_hand_are_found_with_the_evidence_they_were_judged_by(tmp_path):
    """Against the Hugging Face models of the sample alone: how often a name occurs needs the whole listing."""
    with (Path(__file__).parents[2] / "docs" / "identity.csv").open(newline="") as stream:
        pairs = [row for row in csv.DictReader(stream) if row["evidence"] in ("link", "reference", "owner-name")]
    names = tmp_path / "2024-07-11_sample.parquet"
    with duckdb.connect() as connection:
        connection.execute(
            f"COPY (FROM read_parquet('{SHARED}/hf/2024-07-11_models_list.parquet') "
            f"WHERE list_contains({[row['huggingface'] for row in pairs]}, id)) TO '{names}' (FORMAT parquet)"
        )
    home = tmp_path / "home"
    hubcensus(home, "import", "hf-list", str(names))
    for hub in {row["hub"] for row in pairs}:
        hubcensus(home, "crawl", hub, "--from", str(SHARED / COPIES[hub]))
    with census(home) as reader:
        query = (
            "SELECT hub, model_id, other_id, unnest(evidence) FROM mart.model_match WHERE other_hub = 'huggingface'"
        )
        found = set(reader.rows(query))
    assert len(pairs) == 50
    assert {(row["hub"], row["model"], row["huggingface"], row["evidence"]) for row in pairs} <= found
