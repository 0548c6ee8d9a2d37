"""Datasets of a folder, as huggingface_hub's own client sees them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import requests
from huggingface_hub import HfApi, hf_hub_download
from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

from simhub import SimHub, add_datasets, build_synthetic


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    folder = tmp_path_factory.mktemp("datasets")
    files = {
        "README.md": b"# Reviews\n",
        "plain/test.jsonl": b'{"text": "a"}\n',
        "plain/arrays.bin": bytes(range(256)) * 9,
    }
    for path, body in files.items():
        place = folder / "zoo" / "reviews" / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(body)
    store = build_synthetic(20, seed=1)
    assert add_datasets(store, folder) == ["zoo/reviews"]
    with SimHub(store) as hub:
        yield hub, files


def test_info_tree_and_files(served, tmp_path):
    hub, files = served
    api = HfApi(endpoint=hub.endpoint, token=False)
    info = api.dataset_info("zoo/reviews", files_metadata=True)
    assert {one.rfilename: one.size for one in info.siblings} == {path: len(body) for path, body in files.items()}
    assert [one.lfs.sha256 for one in info.siblings if one.lfs] == [
        hashlib.sha256(files["plain/arrays.bin"]).hexdigest()
    ]
    listed = {one.path for one in api.list_repo_tree("zoo/reviews", repo_type="dataset", recursive=True)}
    assert listed == {*files, "plain"}
    for path, body in files.items():
        got = hf_hub_download(
            "zoo/reviews",
            path,
            repo_type="dataset",
            revision=info.sha,
            endpoint=hub.endpoint,
            cache_dir=tmp_path,
            token=False,
        )
        assert Path(got).read_bytes() == body
    (one,) = api.get_paths_info("zoo/reviews", ["plain/arrays.bin", "none"], repo_type="dataset")
    assert one.size == len(files["plain/arrays.bin"])


def test_large_files_redirect_and_take_ranges(served):
    hub, files = served
    url = f"{hub.endpoint}/datasets/zoo/reviews/resolve/main/plain/arrays.bin"
    answer = requests.head(url, allow_redirects=False)
    body = files["plain/arrays.bin"]
    assert answer.status_code == 302 and answer.headers["X-Linked-Size"] == str(len(body))
    assert answer.headers["X-Linked-Etag"] == f'"{hashlib.sha256(body).hexdigest()}"'
    part = requests.get(url, headers={"Range": "bytes=10-19"})
    assert (part.status_code, part.content) == (206, body[10:20])


def test_what_is_not_there(served, tmp_path):
    hub, _ = served
    api = HfApi(endpoint=hub.endpoint, token=False)
    with pytest.raises(RepositoryNotFoundError):
        api.dataset_info("zoo/none")
    with pytest.raises(RevisionNotFoundError):
        api.dataset_info("zoo/reviews", revision="0" * 40)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(
            "zoo/reviews", "no.txt", repo_type="dataset", endpoint=hub.endpoint, cache_dir=tmp_path, token=False
        )
    other = requests.get(f"{hub.endpoint}/cdn/datasets/{'0' * 64}/zoo%2Freviews/plain/arrays.bin")
    assert other.status_code == 404
