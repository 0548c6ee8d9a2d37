"""Datasets from folders and from a hub, hostile names and damaged files, overlap of training and test data."""

from __future__ import annotations

import json
from types import SimpleNamespace

import duckdb
import pytest
from claims_models import card, rows
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError
from hypothesis import given
from hypothesis import strategies as st

from probe.claims import contamination, datasets, fetching
from probe.claims.normalise import Unclear

ROWS = [{"text": f"row {i}", "label": i % 2} for i in range(20)]


def put(root, name, suffix, values=ROWS):
    path = root / f"{name}{suffix}"
    path.parent.mkdir(parents=True, exist_ok=True)
    if suffix in (".jsonl", ".ndjson"):
        path.write_text("\n".join(json.dumps(v) for v in values) + "\n\n")
    elif suffix == ".json":
        path.write_text(json.dumps({"data": values}))
    elif suffix in (".csv", ".tsv"):
        comma = "," if suffix == ".csv" else "\t"
        path.write_text(
            "\ufefftext,label\n".replace(",", comma) + "".join(f"{v['text']}{comma}{v['label']}\n" for v in values)
        )
    else:
        text = json.dumps(values)
        source = root / "source.json"
        source.write_text(text)
        duckdb.connect().execute(f"COPY (SELECT * FROM read_json('{source}')) TO '{path}' (FORMAT parquet)")
        source.unlink()


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"])
def test_every_format_gives_the_same_rows(tmp_path, suffix):
    put(tmp_path, "o/n/test", suffix)
    table = datasets.load(tmp_path, datasets.find(tmp_path, [("o/n", None)]), "test")
    assert [(r["text"], int(r["label"])) for r in table.rows] == [(r["text"], r["label"]) for r in ROWS]
    assert (table.total, table.split, table.columns) == (20, "test", ["text", "label"])


def test_shards_configurations_and_the_hubs_own_layout(tmp_path):
    put(tmp_path, "o/n/cfg/data/test-00000-of-00002", ".parquet", ROWS[:5])
    put(tmp_path, "o/n/cfg/data/test-00001-of-00002", ".parquet", ROWS[5:])
    put(tmp_path, "o/n/cfg/data/dev", ".jsonl")
    put(tmp_path, "o/n/other/test", ".jsonl", ROWS[:3])
    found = datasets.find(tmp_path, [("absent/x", None), ("o/n", "cfg")])
    assert found[:2] == ("o/n", "cfg") and set(found[2]) == {"test", "validation"}
    assert datasets.load(tmp_path, found, "test").total == 20
    for config in (None, "third"):
        with pytest.raises(Unclear, match="cfg, other") as caught:
            datasets.find(tmp_path, [("o/n", config)])
        assert caught.value.code == "NO_DATASET"


def test_a_part_of_a_split_is_drawn_by_the_seed_and_evenly(tmp_path):
    put(tmp_path, "o/n/test", ".jsonl")
    found = datasets.find(tmp_path, [("o/n", None)])
    seen = [0] * 20
    for seed in range(400):
        table = datasets.load(tmp_path, found, "test", limit=5, seed=seed)
        drawn = [int(r["text"].split()[1]) for r in table.rows]
        assert drawn == sorted(set(drawn)) and len(drawn) == 5 and table.total == 20
        for i in drawn:
            seen[i] += 1
    assert min(seen) > 60 and max(seen) < 145
    again = [datasets.load(tmp_path, found, "test", limit=5, seed=7).rows for _ in range(2)]
    assert again[0] == again[1]


@pytest.mark.parametrize(
    "name", ["../secret", "/etc", "a/b/c", "..", "a/..", ".hidden/x", "", "a b/c", "a/b\n", "C:/x"]
)
def test_names_that_lead_elsewhere_are_not_looked_for(tmp_path, name):
    put(tmp_path, "secret/test", ".jsonl")
    root = tmp_path / "root"
    root.mkdir()
    assert not datasets.safe(name)
    with pytest.raises(Unclear) as caught:
        datasets.find(root, [(name, None)])
    assert caught.value.code == "NO_DATASET"


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path):
    put(tmp_path, "elsewhere/test", ".jsonl")
    (tmp_path / "root" / "o").mkdir(parents=True)
    (tmp_path / "root" / "o" / "n").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(Unclear, match="o/n"):
        datasets.find(tmp_path / "root", [("o/n", None)])


@given(st.text(max_size=30), st.text(max_size=10))
def test_any_name_is_answered(name, config):
    safe = datasets.safe(name, config)
    assert not safe or (".." not in name and not name.startswith("/") and "\\" not in name)


@pytest.mark.parametrize(
    ("suffix", "content"),
    [
        (".jsonl", b'{"a": 1}\n[2]\n'),
        (".jsonl", b"{broken\n"),
        (".jsonl", b"\xff\xfe{}\n"),
        (".json", b"[" * 100_000),
        (".json", b'{"x": 1}'),
        (".csv", b'a,b\n"' + b"x" * 200_000 + b'",1\n'),
        (".parquet", b"PAR1 not at all PAR1"),
        (".jsonl", b""),
    ],
)
def test_damaged_files_say_so(tmp_path, suffix, content):
    (tmp_path / "o/n").mkdir(parents=True)
    (tmp_path / f"o/n/test{suffix}").write_bytes(content)
    found = datasets.find(tmp_path, [("o/n", None)])
    with pytest.raises(Unclear) as caught:
        datasets.load(tmp_path, found, "test")
    assert caught.value.code == "NO_DATASET"
    with pytest.raises(Unclear, match="no split 'train'"):
        datasets.load(tmp_path, found, "train")


def test_what_is_too_large_is_not_read(tmp_path, monkeypatch):
    put(tmp_path, "o/n/test", ".jsonl")
    found = datasets.find(tmp_path, [("o/n", None)])
    for name, most in (("MAX_BYTES", 10), ("MAX_ROWS", 5)):
        with monkeypatch.context() as patch:
            patch.setattr(datasets, name, most)
            with pytest.raises(Unclear) as caught:
                datasets.load(tmp_path, found, "test")
            assert caught.value.code == "TOO_LARGE"
    with monkeypatch.context() as patch:
        patch.setattr(datasets, "MAX_LINE", 8)
        with pytest.raises(Unclear, match="a line of more"):
            datasets.load(tmp_path, found, "test")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("features.json", '{"label": ["neg", "pos"]}'),
        ("features.json", '{"label": {"names": ["neg", "pos"], "_type": "ClassLabel"}}'),
        ("dataset_infos.json", '{"default": {"features": {"label": {"names": ["neg", "pos"]}}}}'),
        (
            "dataset_info.json",
            '{"features": [{"name": "label", "dtype": {"class_label": {"names": {"1": "pos", "0": "neg"}}}}]}',
        ),
        (
            "README.md",
            "---\ndataset_info:\n  features:\n  - name: label\n    dtype:\n      class_label:\n        names:\n"
            "          '0': neg\n          '1': pos\n---\n# Data\n",
        ),
        (
            "README.md",
            "---\ndataset_info:\n- config_name: default\n  features:\n  - name: label\n    sequence:\n"
            "      class_label: {names: [neg, pos]}\n---\n",
        ),
    ],
)
def test_class_names_in_any_of_their_forms(tmp_path, name, text):
    (tmp_path / name).write_text(text)
    assert datasets.label_names(tmp_path, "default").get("label", datasets.label_names(tmp_path).get("label")) == [
        "neg",
        "pos",
    ]


@pytest.mark.parametrize(
    "text", ["[", "[1, 2]", '{"features": 5}', '{"label": {"names": 3}}', "---\n{\n---\n", "{" * 50_000]
)
def test_odd_descriptions_name_no_classes(tmp_path, text):
    for name in ("features.json", "README.md"):
        (tmp_path / name).write_text(text)
    assert datasets.label_names(tmp_path) == {}


def test_overlap_counts_equal_inputs_and_runs_of_thirteen_words():
    long = " ".join(f"w{i}" for i in range(20))
    train = ["The cat, sat!", long, [1, 2], {"bytes": b"x", "path": "p"}]
    test = [
        "the cat sat",
        "a dog",
        "new " + " ".join(f"w{i}" for i in range(3, 16)) + " end",
        [1, 2],
        {"bytes": b"x", "path": "q"},
        " ".join(f"v{i}" for i in range(30)),
    ]
    found = contamination.overlap(train, test)
    assert (found["train"], found["test"], found["exact"]) == (4, 6, 3)
    assert (found["long_enough"], found["sharing_13_words"], found["sharing_share"]) == (2, 1, 0.5)
    assert found["exact_share"] == 0.5
    assert contamination.overlap([], [])["exact_share"] is None


class Hub:
    """A hub of files in memory, with the two calls of HfApi that are used."""

    def __init__(self, repositories, error=None):
        self.repositories, self.error, self.asked = repositories, error, []

    def list_repo_tree(self, name, *, repo_type, recursive, revision=None):
        assert repo_type == "dataset" and recursive
        self.asked.append((name, revision))
        if self.error:
            raise self.error
        if name not in self.repositories:
            raise RepositoryNotFoundError(
                "not there", response=SimpleNamespace(status_code=404, headers={}, request=None)
            )
        files = self.repositories[name].get(revision, {})
        return iter([SimpleNamespace(path="data"), *(SimpleNamespace(path=p, size=len(b)) for p, b in files.items())])

    def hf_hub_download(self, name, path, *, repo_type, revision, local_dir):
        content = self.repositories[name].get(revision, {}).get(path)
        if content is None:
            raise OSError("no such file")
        to = local_dir / path
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_bytes(content)
        return str(to)


LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()


def test_what_is_missing_is_fetched_from_the_hub(tmp_path):
    card(tmp_path / "m", {"metric": "accuracy", "value": "0.5", "dataset": "sst2", "split": "test"})
    main = {
        "data/test-00000-of-00002.jsonl": LINES,
        "data/test-00001-of-00002.jsonl": LINES,
        "data/train.jsonl": LINES,
        "README.md": b"---\ndataset_info: {features: [{name: label, class_label: {names: [no, yes]}}]}\n---\n",
        "../escape/test.jsonl": LINES,
        "script.py": b"raise SystemExit",
    }
    hub = Hub({"stanfordnlp/sst2": {None: main}})
    root = tmp_path / "data"
    assert fetching.fetch(tmp_path / "m", root, hub=hub) == {}
    found = datasets.find(root, [("stanfordnlp/sst2", None)])
    table = datasets.load(root, found, "test")
    assert table.total == 40 and set(found[2]) == {"test", "train"} and table.labels == {"label": ["no", "yes"]}
    assert not (tmp_path / "escape").exists() and not list(root.rglob("*.py")) and not list(root.rglob(".*"))
    asked = len(hub.asked)
    assert fetching.fetch(tmp_path / "m", root, hub=hub) == {} and len(hub.asked) == asked


def test_a_script_alone_is_never_run_and_the_hubs_conversion_is_taken(tmp_path):
    card(tmp_path / "m", {"metric": "accuracy", "value": "0.5", "dataset": "o/n", "config": "de", "split": "test"})
    put(tmp_path, "made", ".parquet")
    data = (tmp_path / "made.parquet").read_bytes()
    hub = Hub(
        {
            "o/n": {
                None: {"n.py": b"boom"},
                "refs/convert/parquet": {"de/test/0000.parquet": data, "en/test/0000.parquet": b"x"},
            }
        }
    )
    root = tmp_path / "data"
    assert fetching.fetch(tmp_path / "m", root, hub=hub) == {}
    assert datasets.load(root, datasets.find(root, [("o/n", "de")]), "test").total == 20


def test_why_a_dataset_cannot_be_had(tmp_path, monkeypatch):
    card(tmp_path / "m", {"metric": "accuracy", "value": "0.5", "dataset": "o/n", "split": "test"})
    answer = SimpleNamespace(status_code=403, headers={}, request=None)
    for hub, code in (
        (Hub({}), "NO_DATASET"),
        (Hub({}, GatedRepoError("gated", response=answer)), "GATED_OR_PRIVATE"),
        (
            Hub(
                {},
                RepositoryNotFoundError(
                    "private", response=SimpleNamespace(status_code=401, headers={}, request=None)
                ),
            ),
            "GATED_OR_PRIVATE",
        ),
        (Hub({}, OSError("no network")), "NO_DATASET"),
        (Hub({"o/n": {None: {"readme.txt": b""}}}), "NO_DATASET"),
    ):
        assert fetching.fetch(tmp_path / "m", tmp_path / "data", hub=hub)["o/n"][0] == code
    monkeypatch.setattr(fetching, "MAX_SPLIT", 10)
    hub = Hub({"o/n": {None: {"test.jsonl": LINES}}})
    assert fetching.fetch(tmp_path / "m", tmp_path / "data", hub=hub)["o/n"][0] == "TOO_LARGE"


def test_rows_helper_and_find_agree(tmp_path):
    rows(tmp_path, "validation", ROWS)
    assert set(datasets.find(tmp_path, [("tiny/data", None)])[2]) == {"validation"}
