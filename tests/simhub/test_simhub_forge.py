"""The simulated forge: commits, archives of copies at hand, refusals, archives that attack."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
import zipfile
from pathlib import Path

import pytest
import requests

from simhub.api import SimApi
from simhub.apps import _archives
from simhub.apps.forge import Forge

FILES = {"README.md": b"# zoo\n", "models/é.yml": b"id: a\n"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy as a checkout, with what is no part of it."""
    for path, body in {**FILES, ".git/HEAD": b"ref: refs/heads/main\n"}.items():
        target = tmp_path / "zoo" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body)
    (tmp_path / "zoo" / "link.md").symlink_to("README.md")
    return tmp_path / "zoo"


def get(url: str, **headers: str) -> requests.Response:
    return requests.get(url, headers={name.replace("_", "-"): value for name, value in headers.items()}, timeout=20)


def members(body: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive if m.isreg()}


def test_a_copy_becomes_a_repository(folder: Path):
    with SimApi(Forge({"toys/Zoo": folder})) as forge:
        base = f"{forge.endpoint}/repos/toys/zoo"
        commit = get(f"{base}/commits/main").json()["sha"]
        assert len(commit) == 40 and get(f"{base}/commits/{commit}").json()["sha"] == commit
        assert get(f"{base}/commits/main", Accept="application/vnd.github.sha").text == commit
        assert get(f"{base}/commits/main", If_None_Match=f'W/"{commit}"').status_code == 304
        first = requests.get(f"{base}/tarball/{commit}", allow_redirects=False, timeout=5)
        archive = get(f"{base}/tarball/{commit}")
        truth = forge.truth["toys/Zoo"]
    assert first.status_code == 302 and "/codeload/" in first.headers["Location"]
    assert archive.headers["Content-Type"] == "application/x-gzip"
    top = f"toys-Zoo-{commit[:7]}"
    assert members(archive.content) == {f"{top}/{path}": body for path, body in FILES.items()}
    with tarfile.open(fileobj=io.BytesIO(archive.content)) as opened:
        assert opened.next() is not None and opened.pax_headers["comment"] == commit
    assert truth == {"commit": commit, "files": {p: hashlib.sha256(b).hexdigest() for p, b in FILES.items()}}


def test_the_commit_is_that_of_the_content(folder: Path, tmp_path: Path):
    packed, plain, single = tmp_path / "copy.zip", tmp_path / "copy.tar", tmp_path / "models.json.gz"
    with zipfile.ZipFile(packed, "w") as archive:
        for path, body in FILES.items():
            archive.writestr(f"zoo-main/{path}", body)
    with tarfile.open(plain, "w") as archive:
        archive.add(folder / "README.md", "zoo/README.md")
        archive.add(folder / "models", "zoo/models")
    single.write_bytes(gzip.compress(b"[]"))
    copies = {"a/zoo": folder, "A/zoo": packed}
    commits = [Forge({name: path}).truth()[name]["commit"] for name, path in copies.items()]
    assert commits[0] == commits[1] == Forge({"a/zoo": plain}).truth()["a/zoo"]["commit"]
    assert list(Forge({"a/one": single}).truth()["a/one"]["files"]) == ["models.json"]
    (folder / "README.md").write_bytes(b"# changed\n")
    assert Forge({"a/zoo": folder}).truth()["a/zoo"]["commit"] != commits[0]


def test_what_is_not_there_is_said_as_the_forge_says_it(tmp_path: Path):
    (tmp_path / "empty").mkdir()
    with SimApi(Forge({"toys/empty": tmp_path / "empty"})) as empty:
        assert get(f"{empty.endpoint}/repos/toys/empty/commits/main").status_code == 409
    with SimApi(Forge(2, 1)) as forge:
        name = next(iter(forge.truth))
        missing = get(f"{forge.endpoint}/repos/toys/none/commits/main")
        unknown = get(f"{forge.endpoint}/repos/{name}/commits/no-such-branch")
        archive = get(f"{forge.endpoint}/repos/{name}/tarball/no-such-branch")
        about = get(f"{forge.endpoint}/repos/{name}").json()
    assert (missing.status_code, unknown.status_code, archive.status_code) == (404, 422, 404)
    assert missing.json()["message"] == "Not Found" and "no-such-branch" in unknown.json()["message"]
    assert about["full_name"] == name


def test_requests_are_limited_and_archives_are_not():
    with SimApi(Forge(1, quota=2)) as forge:
        name = next(iter(forge.truth))
        url = f"{forge.endpoint}/repos/{name}/commits/main"
        archive = get(f"{forge.endpoint}/codeload/{name}/legacy.tar.gz/refs/heads/main")
        first, second, third, fourth = (get(url) for _ in range(4))
    assert archive.status_code == 200 and "x-ratelimit-used" not in archive.headers
    assert first.headers["x-ratelimit-remaining"] == "1" and second.status_code == 200
    assert third.status_code == 403 and third.headers["x-ratelimit-remaining"] == "0"
    assert int(third.headers["x-ratelimit-reset"]) > 1_700_000_000
    assert fourth.status_code == 429 and int(fourth.headers["Retry-After"]) > 0


def test_an_archive_cut_half_way():
    with SimApi(Forge(1, cut=True)) as forge:
        name = next(iter(forge.truth))
        body = get(f"{forge.endpoint}/repos/{name}/tarball/main").content
    with pytest.raises((EOFError, tarfile.ReadError)):
        members(body)


def test_archives_that_attack(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_archives, "CROWD", 2_000)
    with SimApi(Forge(1, hostile=("paths", "links", "devices", "crowd"))) as forge:
        name, truth = next(iter(forge.truth.items()))
        body = get(f"{forge.endpoint}/repos/{name}/tarball/main").content
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        entries = archive.getmembers()
    kinds = {entry.type for entry in entries}
    assert {tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE} <= kinds
    names = [entry.name for entry in entries]
    assert "../evil.md" in names and "/etc/evil.md" in names
    assert len(names) > 2_000 + len(truth["files"])


def test_a_bomb_is_small_on_the_wire(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_archives, "BOMB_BYTES", 128 << 20)
    with SimApi(Forge(1, hostile=("bomb",))) as forge:
        name = next(iter(forge.truth))
        body = get(f"{forge.endpoint}/repos/{name}/tarball/main").content
    assert len(body) < 1 << 20
    with tarfile.open(fileobj=io.BytesIO(body), mode="r|*") as archive:
        sizes = {entry.name.partition("/")[2]: entry.size for entry in archive}
    assert sizes["bomb.md"] == 128 << 20 and "README.md" in sizes
