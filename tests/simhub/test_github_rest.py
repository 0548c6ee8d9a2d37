"""The simulated GitHub's REST API: repositories, redirects, refusals, commits, archives, owners, ETags, folders."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from simhub.api import SimApi
from simhub.github import archive
from simhub.github.app import GitHub, Limits, from_folder
from simhub.github.repository import Dependency, Repository, Usage

FILES = {"README.md": b"# zoo\n", "src/a.py": b"import torch\n", "src.py": b"x = 1\n", "models/é.yml": b"id: a\n"}


def population() -> list[Repository]:
    usage = Usage("src/a.py", 3, "bert-base-uncased", library="transformers", flags=("dynamic",))
    zoo = Repository(
        "toys",
        "Zoo",
        FILES,
        stars=12,
        forks=3,
        watchers=4,
        licence="Apache-2.0",
        topics=("nlp", "zoo"),
        former=("toys/old-zoo", "elder"),
        organisation=True,
        usages=(usage,),
        dependencies=(Dependency("requirements.txt", "torch", "2.6.0"),),
    )
    states = [
        Repository("toys", state, FILES, state=state, organisation=True) for state in ("gone", "empty", "blocked")
    ]
    many = [
        Repository(
            "ann", f"r{number:03}", {"a.txt": b"%d" % number}, created_at=f"2024-01-{number % 28 + 1:02}T00:00:00Z"
        )
        for number in range(130)
    ]
    odd = [Repository("odd", kind, FILES, hostile=(kind,)) for kind in ("links", "cut", "huge")]
    told = [Repository("odd", "untold", FILES, licence="NOASSERTION")]
    return [zoo, *states, *many, *odd, *told]


@pytest.fixture(scope="module")
def forge() -> Iterator[SimApi]:
    with SimApi(GitHub(population())) as running:
        yield running


def get(forge: SimApi, path: str, follow: bool = True, **headers: str) -> requests.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    url = path if path.startswith("http") else f"{forge.endpoint}{path}"
    return requests.get(url, headers=named, timeout=20, allow_redirects=follow)


def members(body: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(body)) as opened:
        return {m.name.partition("/")[2]: opened.extractfile(m).read() for m in opened if m.isreg()}


def test_a_repository_says_what_is_true_of_it(forge: SimApi):
    about = get(forge, "/repos/TOYS/zoo").json()
    truth = forge.truth["toys/Zoo"]
    assert about["full_name"] == "toys/Zoo" and about["owner"]["type"] == "Organization"
    assert (about["stargazers_count"], about["forks_count"], about["subscribers_count"]) == (12, 3, 4)
    assert about["license"]["spdx_id"] == "Apache-2.0" and about["license"]["key"] == "apache-2.0"
    assert about["topics"] == ["nlp", "zoo"] and about["default_branch"] == "main"
    assert (about["id"], about["node_id"]) == (truth["id"], truth["node_id"])
    assert get(forge, f"/repositories/{about['id']}").json() == about
    other = get(forge, "/repos/odd/untold").json()["license"]
    assert (other["key"], other["spdx_id"], other["url"]) == ("other", "NOASSERTION", None)


def test_former_names_lead_on(forge: SimApi):
    first = get(forge, "/repos/toys/old-zoo/commits/main?x=1", follow=False)
    number = forge.truth["toys/Zoo"]["id"]
    assert first.status_code == 301
    assert first.headers["Location"] == f"{forge.endpoint}/repositories/{number}/commits/main?x=1"
    assert first.json()["message"] == "Moved Permanently"
    assert get(forge, "/repos/toys/old-zoo/commits/main").json()["sha"] == forge.truth["toys/Zoo"]["commit"]
    assert get(forge, "/repos/toys/ELDER").json()["full_name"] == "toys/Zoo"


def test_what_cannot_be_had_is_said_as_github_says_it(forge: SimApi):
    gone, blocked, empty = (get(forge, f"/repos/toys/{state}") for state in ("gone", "blocked", "empty"))
    assert (gone.status_code, gone.json()["message"]) == (404, "Not Found")
    assert (blocked.status_code, blocked.json()["message"]) == (451, "Repository access blocked")
    assert "html_url" in blocked.json()["block"]
    assert (empty.status_code, empty.json()["size"], empty.json()["language"]) == (200, 0, None)
    commit = get(forge, "/repos/toys/empty/commits/main")
    assert (commit.status_code, commit.json()["message"]) == (409, "Git Repository is empty.")
    unknown = get(forge, "/repos/toys/zoo/commits/no-such")
    assert unknown.status_code == 422 and "No commit found for SHA: no-such" in unknown.json()["message"]
    assert get(forge, "/repos/toys/zoo/wat").status_code == 404
    assert get(forge, f"/repositories/{forge.truth['toys/gone']['id']}").status_code == 404


def test_commits_and_archives_agree(forge: SimApi):
    truth = forge.truth["toys/Zoo"]
    commit = get(forge, "/repos/toys/Zoo/commits/main", Accept="application/vnd.github.sha").text
    assert commit == truth["commit"] and len(commit) == 40
    assert get(forge, f"/repos/toys/Zoo/commits/{commit[:7]}").json()["sha"] == commit
    first = get(forge, f"/repos/toys/Zoo/tarball/{commit}", follow=False)
    assert first.status_code == 302 and "/codeload/" in first.headers["Location"]
    fetched = get(forge, "/repos/toys/Zoo/tarball")
    assert members(fetched.content) == FILES
    assert fetched.headers["Content-Type"] == "application/x-gzip"
    assert "x-ratelimit-used" not in fetched.headers
    assert truth["files"] == {path: hashlib.sha256(body).hexdigest() for path, body in FILES.items()}
    assert get(forge, "/codeload/toys/Zoo/legacy.tar.gz/refs/heads/nope").text == "404: Not Found"
    with tarfile.open(fileobj=io.BytesIO(fetched.content)) as opened:
        assert opened.next().name == f"toys-Zoo-{commit[:7]}" and opened.pax_headers["comment"] == commit


def test_files_one_by_one(forge: SimApi):
    about = get(forge, "/repos/toys/Zoo/contents/models/é.yml").json()
    assert base64.b64decode(about["content"]) == b"id: a\n"
    raw = get(forge, "/repos/toys/Zoo/contents/src/a.py", Accept="application/vnd.github.raw+json")
    assert raw.content == FILES["src/a.py"]
    blob = get(forge, about["git_url"]).json()
    assert base64.b64decode(blob["content"]) == b"id: a\n" and blob["sha"] == about["sha"]
    tree = get(forge, "/repos/toys/Zoo/git/trees/main?recursive=1").json()["tree"]
    assert {entry["path"] for entry in tree} == set(FILES)
    assert get(forge, "/repos/toys/Zoo/contents/none").status_code == 404


def test_archives_that_attack_or_break(forge: SimApi, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(archive, "HUGE_BYTES", 3 << 20)
    links = get(forge, "/repos/odd/links/tarball").content
    with tarfile.open(fileobj=io.BytesIO(links)) as opened:
        assert any(member.issym() for member in opened)
    cut = get(forge, "/repos/odd/cut/tarball")
    assert len(cut.content) == int(cut.headers["Content-Length"])
    with pytest.raises((EOFError, tarfile.ReadError)):
        members(cut.content)
    huge = get(forge, "/repos/odd/huge/tarball").content
    assert len(huge) > 3 << 20
    assert members(gzip.compress(gzip.decompress(huge))) == FILES


def test_an_etag_saves_the_answer_and_the_limit():
    with SimApi(GitHub(population(), limits=Limits(core=10))) as forge:
        first = get(forge, "/repos/toys/zoo", Authorization="Bearer t")
        again = get(forge, "/repos/toys/zoo", Authorization="Bearer t", If_None_Match=first.headers["ETag"])
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["x-ratelimit-used"] == first.headers["x-ratelimit-used"] == "1"
        assert get(forge, "/repos/toys/zoo", If_None_Match='W/"other"').status_code == 200
        unknown = get(forge, "/repos/toys/zoo", If_None_Match=first.headers["ETag"])
        assert (unknown.status_code, unknown.headers["x-ratelimit-used"]) == (304, "2")


def test_owners_list_what_they_have_in_pages(forge: SimApi):
    found, url = [], "/users/ann/repos?per_page=50"
    while url:
        page = get(forge, url)
        found += [about["full_name"] for about in page.json()]
        url = page.links.get("next", {}).get("url", "")
    assert found == [f"ann/r{number:03}" for number in range(130)]
    first = get(forge, "/users/ann/repos?per_page=1000")
    assert len(first.json()) == 100 and first.links["last"]["url"].endswith("page=2")
    assert len(get(forge, "/users/ann/repos").json()) == 30 and get(forge, "/users/ann/repos?page=9").json() == []
    newest = [about["created_at"] for about in get(forge, "/users/ann/repos?sort=created").json()]
    assert newest == sorted(newest, reverse=True)


def test_an_organisation_is_no_user(forge: SimApi):
    listed = {about["name"]: about["disabled"] for about in get(forge, "/orgs/toys/repos").json()}
    assert listed == {"Zoo": False, "empty": False, "blocked": True}
    assert get(forge, "/orgs/ann/repos").status_code == 404
    assert len(get(forge, "/users/toys/repos").json()) == 3
    assert get(forge, "/orgs/nobody/repos").status_code == get(forge, "/users/nobody").status_code == 404
    assert get(forge, "/users/ann").json()["public_repos"] == 130


def test_the_truth_is_whole_and_plain(forge: SimApi):
    truth = forge.truth
    assert json.loads(json.dumps(truth)) == truth and len(truth) == len(population())
    zoo = truth["toys/Zoo"]
    assert zoo["usages"][0]["model_id"] == "bert-base-uncased" and zoo["usages"][0]["flags"] == ["dynamic"]
    assert zoo["dependencies"] == [{"path": "requirements.txt", "package": "torch", "version": "2.6.0"}]
    assert (zoo["state"], zoo["licence"], zoo["former"]) == ("there", "Apache-2.0", ["toys/old-zoo", "elder"])
    assert truth["toys/empty"]["commit"] is None and truth["toys/empty"]["files"] == {}
    assert truth["toys/gone"]["state"] == "gone"


def test_two_of_one_name_are_refused():
    with pytest.raises(ValueError, match="a/B"):
        GitHub([Repository("a", "b"), Repository("a", "B")])


def test_repositories_from_a_folder(tmp_path: Path):
    for path in ("toys/zoo/src/a.py", "toys/zoo/.git/HEAD", "ann/one/README.md"):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text("# x\n")
    (tmp_path / "ann" / "void").mkdir()
    (tmp_path / "ann" / "link").symlink_to(tmp_path / "toys" / "zoo")
    (tmp_path / "toys" / "zoo" / "passwd").symlink_to("/etc/passwd")
    (tmp_path / "linked").symlink_to(tmp_path / "toys")
    found = {one.full_name: one for one in from_folder(tmp_path)}
    assert set(found) == {"ann/one", "ann/void", "toys/zoo"}
    assert dict(found["toys/zoo"].files) == {"src/a.py": b"# x\n"}
    assert found["ann/void"].state == "empty" and found["ann/one"].licence is None
    assert GitHub(from_folder(tmp_path)).truth()["toys/zoo"]["commit"]


def test_faults_strike_here_too():
    with SimApi(GitHub(population()), faults="5xx=1,seed=3") as forge:
        statuses = [get(forge, "/repos/toys/zoo").status_code for _ in range(5)]
        assert statuses[0] >= 500 and statuses[-1] == 200
        assert forge.stats()["faults"]["server_error"] == 3
