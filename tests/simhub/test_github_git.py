"""The simulated GitHub as Git sees it: real clones and fetches, filters, redirects, and ids that Git agrees with."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.objects import snapshot
from simhub.github.repository import Repository

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
FILES = {
    "README.md": b"# zoo\n",
    "src/a.py": b"import torch\n",
    "src/deep/er/b.py": b"x = 1\n",
    "src.py": b"y = 2\n",
    "src-x": b"",
    "src0": b"0",
    "模型/é.bin": bytes(range(256)) * 40,
}


@pytest.fixture(scope="module")
def forge() -> Iterator[SimApi]:
    states = [Repository("toys", state, FILES, state=state) for state in ("gone", "empty", "blocked")]
    zoo = Repository("toys", "zoo", FILES, branch="trunk", former=("toys/old",))
    with SimApi(GitHub([zoo, *states])) as running:
        yield running


def git(folder: Path, *args: str, check: bool = True, **more: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
    env |= {f"GIT_{who}_{what}": "x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")} | more
    command = ["git", "-c", "core.quotePath=false", *args]
    return subprocess.run(command, cwd=folder, env=env, check=check, capture_output=True, text=True, timeout=60)


@needs_git
def test_ids_are_those_of_git_itself(tmp_path: Path):
    """Git builds the same commit from the same files, by its own means."""
    git(tmp_path, "init", "-q", ".")
    for path, body in FILES.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(body)
    git(tmp_path, "add", *FILES)
    tree = git(tmp_path, "write-tree").stdout.strip()
    who = {"NAME": "Mira Vega", "EMAIL": "mira@example.org", "DATE": "1762164000 +0000"}
    named = {f"GIT_{role}_{key}": value for role in ("AUTHOR", "COMMITTER") for key, value in who.items()}
    commit = git(tmp_path, "commit-tree", tree, "-m", "The files at hand", **named).stdout.strip()
    made = snapshot(FILES, "2025-11-03T10:00:00Z")
    assert (made.tree, made.commit) == (tree, commit)
    assert made.blobs["src/a.py"] == git(tmp_path, "hash-object", "src/a.py").stdout.strip()


def test_a_path_cannot_be_a_file_and_a_folder():
    with pytest.raises(ValueError, match="a"):
        snapshot({"a": b"", "a/b": b""}, "2025-11-03T10:00:00Z")


@needs_git
def test_a_clone_has_all_files_and_the_same_commit(forge: SimApi, tmp_path: Path):
    git(tmp_path, "clone", "-q", f"{forge.endpoint}/toys/zoo.git", "zoo")
    zoo = tmp_path / "zoo"
    assert git(zoo, "rev-parse", "HEAD").stdout.strip() == forge.truth["toys/zoo"]["commit"]
    assert git(zoo, "branch", "--show-current").stdout.strip() == "trunk"
    git(zoo, "fsck", "--strict")
    assert {path: (zoo / path).read_bytes() for path in FILES} == FILES
    sha = {"Accept": "application/vnd.github.sha"}
    told = requests.get(f"{forge.endpoint}/repos/toys/zoo/commits/HEAD", headers=sha, timeout=5).text
    assert told == forge.truth["toys/zoo"]["commit"]


@needs_git
@pytest.mark.parametrize("version", ["0", "2"])
def test_a_filtered_fetch_brings_files_when_they_are_asked_for(forge: SimApi, tmp_path: Path, version: str):
    git(tmp_path, "init", "-q", ".")
    url, commit = f"{forge.endpoint}/toys/zoo", forge.truth["toys/zoo"]["commit"]
    git(tmp_path, "remote", "add", "origin", url)
    protocol = ("-c", f"protocol.version={version}")
    git(tmp_path, *protocol, "fetch", "-q", "--filter=blob:none", "--depth", "1", "origin", commit)
    listed = git(tmp_path, "ls-tree", "-r", "--name-only", commit).stdout.split()
    assert sorted(listed) == sorted(FILES)
    missing = git(tmp_path, "rev-list", "--objects", "--missing=print", commit).stdout
    assert missing.count("\n?") == len(FILES)
    assert git(tmp_path, *protocol, "show", f"{commit}:src/a.py").stdout == "import torch\n"
    after = git(tmp_path, "rev-list", "--objects", "--missing=print", commit).stdout
    assert after.count("\n?") == len(FILES) - 1


@needs_git
def test_a_long_request_comes_in_chunks(forge: SimApi, tmp_path: Path):
    """Git tells which commits it has, and sends that in chunks once it fills its buffer."""
    git(tmp_path, "init", "-q", ".")
    lines = "".join(f"commit refs/heads/x\ncommitter x <x> {at} +0000\ndata 0\n" for at in range(6_000))
    (tmp_path / "stream").write_text(lines)
    with (tmp_path / "stream").open() as stream:
        subprocess.run(["git", "fast-import", "--quiet"], cwd=tmp_path, stdin=stream, check=True, timeout=60)
    sent = git(
        tmp_path, "-c", "http.postBuffer=65536", "fetch", f"{forge.endpoint}/toys/zoo", "trunk", GIT_TRACE_CURL="1"
    )
    assert "Transfer-Encoding: chunked" in sent.stderr
    assert git(tmp_path, "rev-parse", "FETCH_HEAD").stdout.strip() == forge.truth["toys/zoo"]["commit"]


@needs_git
def test_chunks_are_put_together(forge: SimApi):
    parts = (b"0014comm", b"and=ls-refs\n", b"00010000")
    url = f"{forge.endpoint}/toys/zoo.git/git-upload-pack"
    listed = requests.post(url, iter(parts), headers={"Git-Protocol": "version=2"}, timeout=20)
    assert forge.truth["toys/zoo"]["commit"].encode() in listed.content
    with pytest.raises(requests.ConnectionError):
        requests.post(url, b"zz\r\n", headers={"Transfer-Encoding": "chunked"}, timeout=20)


@needs_git
def test_a_request_in_gzip_is_read_and_a_bomb_is_not(forge: SimApi):
    url = f"{forge.endpoint}/toys/zoo.git/git-upload-pack"
    headers = {"Git-Protocol": "version=2", "Content-Encoding": "gzip"}
    listed = requests.post(url, gzip.compress(b"0014command=ls-refs\n00010000"), headers=headers, timeout=20)
    assert forge.truth["toys/zoo"]["commit"].encode() in listed.content
    assert listed.headers["Content-Type"] == "application/x-git-upload-pack-result"
    assert requests.post(url, b"no gzip", headers=headers, timeout=20).status_code == 400
    assert requests.post(url, gzip.compress(bytes(65 << 20), 1), headers=headers, timeout=20).status_code == 400


@needs_git
def test_a_former_name_still_clones(forge: SimApi, tmp_path: Path):
    git(tmp_path, "clone", "-q", f"{forge.endpoint}/toys/old.git", "zoo")
    assert (tmp_path / "zoo" / "src.py").read_bytes() == FILES["src.py"]
    refs = f"{forge.endpoint}/toys/old.git/info/refs?service=git-upload-pack"
    first = requests.get(refs, allow_redirects=False, timeout=5)
    assert first.status_code == 301 and "/toys/zoo.git/info/refs?service=" in first.headers["Location"]


@needs_git
def test_an_empty_repository_clones_as_one(forge: SimApi, tmp_path: Path):
    done = git(tmp_path, "clone", f"{forge.endpoint}/toys/empty.git", "empty")
    assert "empty repository" in done.stderr


@needs_git
@pytest.mark.parametrize(("name", "said"), [("gone", "Repository not found."), ("blocked", "DMCA takedown")])
def test_what_is_not_there_is_refused(forge: SimApi, tmp_path: Path, name: str, said: str):
    done = git(tmp_path, "clone", f"{forge.endpoint}/toys/{name}.git", "x", check=False)
    assert done.returncode and said in done.stderr
    status = requests.get(
        f"{forge.endpoint}/toys/{name}.git/info/refs?service=git-upload-pack", timeout=5
    ).status_code
    assert status == {"gone": 404, "blocked": 451}[name]


def test_nobody_writes(forge: SimApi):
    refused = requests.get(f"{forge.endpoint}/toys/zoo.git/info/refs?service=git-receive-pack", timeout=5)
    assert refused.status_code == 401
    assert requests.get(f"{forge.endpoint}/toys/zoo.git/info/refs", timeout=5).status_code in (403, 501)


def test_without_git_there_is_nothing_to_clone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with SimApi(GitHub([Repository("a", "b", FILES)])) as forge:
        refs = requests.get(f"{forge.endpoint}/a/b.git/info/refs?service=git-upload-pack", timeout=5)
        assert refs.status_code == 501
        assert requests.get(f"{forge.endpoint}/repos/a/b", timeout=5).status_code == 200


@needs_git
def test_what_was_written_goes_when_the_forge_closes(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with SimApi(GitHub([Repository("a", "b", FILES)])) as forge:
        requests.get(f"{forge.endpoint}/a/b.git/info/refs?service=git-upload-pack", timeout=5)
        assert len(list(tmp_path.iterdir())) == 1
    assert not list(tmp_path.iterdir())
