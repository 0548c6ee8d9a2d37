"""huggingface_hub's own client works against the simulated hub."""

from __future__ import annotations

from pathlib import Path

import pytest
from huggingface_hub import HfApi, ModelCard, hf_hub_download
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from simhub import SimHub, build_synthetic
from simhub.routes_repo import discussions


@pytest.fixture(scope="module")
def api(hub: SimHub) -> HfApi:
    return HfApi(endpoint=hub.endpoint, token=False)


@pytest.fixture(scope="module")
def weighty(hub: SimHub):
    """An open model with a card and one safetensors file."""
    return next(
        s
        for s in hub.truth.specs()
        if s.formats == ["safetensors"] and s.size and s.declares and not s.gated and not s.disabled
        and any(f.path == "model.safetensors" for f in hub.truth.files(s.id))
    )  # fmt: skip


def test_lists_every_public_model(api, hub) -> None:
    found = list(api.list_models(full=True, cardData=True, fetch_config=True))
    truth = hub.truth.models()
    assert sorted(m.id for m in found) == sorted(truth)
    for model in found:
        true = truth[model.id]
        assert (model.sha, tuple(model.tags), model.pipeline_tag) == (true.sha, true.tags, true.task)
        assert model.library_name == true.library and len(model.siblings) == len(hub.truth.files(model.id))


def test_expand_gives_what_was_asked(api, hub) -> None:
    found = {m.id: m for m in api.list_models(expand=["downloads", "likes", "safetensors", "baseModels"])}
    assert {k: (m.downloads, m.likes) for k, m in found.items()} == hub.truth.metrics()
    counts = {k: m.safetensors.parameters for k, m in found.items() if m.safetensors}
    assert counts == hub.truth.safetensors() and counts
    assert all(m.tags is None for m in found.values())
    children = {e.child for e in hub.truth.edges()}
    assert children == {k for k, m in found.items() if m.base_models}


def test_filters_by_author_task_and_tag(api, hub) -> None:
    models = hub.truth.models().values()
    assert {m.id for m in api.list_models(author="nor-labs")} == {
        m.id for m in models if m.id.startswith("nor-labs/")
    }
    tagged = {m.id for m in api.list_models(filter=["license:mit", "pytorch"])}
    assert tagged == {m.id for m in models if {"license:mit", "pytorch"} <= set(m.tags)} and tagged
    task = {m.id for m in api.list_models(pipeline_tag="fill-mask")}
    assert task == {m.id for m in models if m.task == "fill-mask"}
    assert {m.id for m in api.list_models(gated=True)} == {m.id for m in models if m.gated}
    assert {m.id for m in api.list_models(search="LUNAR")} == {m.id for m in models if "lunar" in m.id.lower()}


def test_model_info_with_files(api, hub, weighty) -> None:
    info = api.model_info(weighty.id, files_metadata=True, securityStatus=True)
    true = {f.path: f for f in hub.truth.files(weighty.id)}
    assert {s.rfilename: (s.size, s.blob_id) for s in info.siblings} == {p: (f.size, f.oid) for p, f in true.items()}
    assert {s.rfilename: s.lfs.sha256 for s in info.siblings if s.lfs} == {
        p: f.sha256 for p, f in true.items() if f.sha256
    }
    assert info.security_repo_status["scansDone"] is True
    assert api.model_info(weighty.id, expand=["sha"]).sha == weighty.sha
    assert api.model_info(weighty.id, revision=weighty.sha).sha == weighty.sha


def test_tree_commits_refs_paths(api, hub, weighty) -> None:
    tree = {e.path: e for e in api.list_repo_tree(weighty.id, recursive=True, expand=True)}
    assert set(tree) == {f.path for f in hub.truth.files(weighty.id)}
    assert tree["README.md"].last_commit.oid == weighty.sha
    assert tree["model.safetensors"].security.status == "safe"
    commits = api.list_repo_commits(weighty.id)
    assert len(commits) == weighty.commits and commits[0].commit_id == weighty.sha
    dates = [c.created_at for c in commits]
    assert dates == sorted(dates, reverse=True)
    refs = api.list_repo_refs(weighty.id, include_pull_requests=True)
    assert refs.branches[0].target_commit == weighty.sha
    assert api.get_paths_info(weighty.id, ["README.md", "no"], expand=True)[0].blob_id == tree["README.md"].blob_id


def test_folders_of_a_tree(api, hub) -> None:
    spec = next(s for s in hub.truth.specs() if s.library == "diffusers")
    top = {e.path for e in api.list_repo_tree(spec.id)}
    assert {"unet", "vae", "scheduler", "model_index.json"} <= top
    assert {e.path for e in api.list_repo_tree(spec.id, path_in_repo="vae")} == {"vae/config.json"}
    with pytest.raises(EntryNotFoundError):
        list(api.list_repo_tree(spec.id, path_in_repo="nowhere"))


def test_discussions_are_paged(api, hub) -> None:
    spec = max(hub.truth.specs(), key=lambda s: len(discussions(s)))
    assert len(list(api.get_repo_discussions(spec.id))) == len(discussions(spec)) > 10
    details = api.get_discussion_details(spec.id, 1)
    assert details.events[0].content


def test_downloads_a_readme_by_revision(hub, weighty, tmp_path) -> None:
    path = hf_hub_download(
        weighty.id, "README.md", revision=weighty.sha, endpoint=hub.endpoint, cache_dir=tmp_path, token=False
    )
    import hashlib

    card = next(c for c in hub.truth.cards() if c.id == weighty.id)
    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == card.sha256
    assert weighty.sha in path and ModelCard.load(path).data is not None


def test_downloads_a_large_file_through_the_redirect(hub, tmp_path) -> None:
    files = ((s, f) for s in hub.truth.specs() for f in hub.truth.files(s.id) if f.sha256 and f.size < 200_000)
    spec, file = next((s, f) for s, f in files if not s.gated and not s.disabled)
    path = hf_hub_download(spec.id, file.path, endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
    import hashlib

    assert hashlib.sha256(Path(path).read_bytes()).hexdigest() == file.sha256


def test_safetensors_headers_are_real(api, hub, weighty) -> None:
    found = api.parse_safetensors_file_metadata(weighty.id, "model.safetensors")
    assert found.parameter_count == hub.truth.safetensors()[weighty.id]
    true = next(f for f in hub.truth.files(weighty.id) if f.path == "model.safetensors")
    end = max(t.data_offsets[1] for t in found.tensors.values())
    assert true.size == len(true.head) + end


def test_sharded_weights_add_up(api, hub) -> None:
    spec = next(
        s for s in hub.truth.specs() if s.formats == ["safetensors"] and s.size == [28, 3584] and not s.gated
    )  # fmt: skip
    found = api.get_safetensors_metadata(spec.id)
    assert found.sharded and found.parameter_count == hub.truth.safetensors()[spec.id]


def test_doors(api, hub, tmp_path) -> None:
    gated = next(s for s in hub.truth.specs() if s.gated and s.card != "none" and not s.disabled)
    common = {"endpoint": hub.endpoint, "cache_dir": tmp_path}
    for token in (False, "hf_sim_free_stranger"):
        with pytest.raises(GatedRepoError):
            hf_hub_download(gated.id, "README.md", token=token, **common)
    assert hf_hub_download(gated.id, "README.md", token=f"hf_sim_free_{gated.owner}", **common)
    assert api.model_info(gated.id).gated == gated.gated
    with pytest.raises(RepositoryNotFoundError):
        api.model_info("no/such-model")
    open_one = next(s for s in hub.truth.specs() if not s.gated and not s.disabled)
    with pytest.raises(EntryNotFoundError):
        hf_hub_download(open_one.id, "no.txt", token=False, **common)
    with pytest.raises(RevisionNotFoundError):
        api.model_info(open_one.id, revision="nope", files_metadata=True)


def test_private_models_are_their_owners(hub) -> None:
    store = hub.truth.db
    name, owner = store.execute("SELECT id, owner FROM state WHERE private LIMIT 1").fetchone()
    for token in (False, "hf_sim_free_stranger"):
        with pytest.raises(RepositoryNotFoundError):
            HfApi(endpoint=hub.endpoint, token=token).model_info(name)
    own = HfApi(endpoint=hub.endpoint, token=f"hf_sim_pro_{owner}")
    assert own.model_info(name).private and name in {m.id for m in own.list_models(author=owner)}
    assert own.whoami()["name"] == owner
    with pytest.raises(HfHubHTTPError):
        HfApi(endpoint=hub.endpoint, token="hf_wrong").model_info(name)


def test_renamed_models_redirect(tmp_path) -> None:
    with SimHub(build_synthetic(300, seed=3)) as hub:
        hub.advance(2)
        api = HfApi(endpoint=hub.endpoint, token=False)
        for _day, old, new in hub.truth.renames():
            assert api.model_info(old).id == new
            assert [c.commit_id for c in api.list_repo_commits(old)] == [
                c.commit_id for c in api.list_repo_commits(new)
            ]
        _day, old, new = hub.truth.renames()[0]
        path = hf_hub_download(old, ".gitattributes", endpoint=hub.endpoint, cache_dir=tmp_path, token=False)
        assert Path(path).read_bytes()
