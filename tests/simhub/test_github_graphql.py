"""The simulated GitHub's GraphQL: repositories, issues and pull requests, pages, errors, and what a call costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.repository import Repository

pytest.importorskip("graphql")

FILES = {"README.md": "# zoo ✓\n".encode(), "src/a.py": b"import torch\n", "w.bin": b"\0\1"}
COMMENTS = """comments(first: 100) { nodes { id author { login } authorAssociation body createdAt includesCreatedEdit
  isMinimized minimizedReason reactionGroups { content users { totalCount } } url viewerDidAuthor }
  pageInfo { hasNextPage endCursor } totalCount }"""
# What `gh issue list --json` asks for with all of its fields, and `gh pr list --json` besides.
ISSUE = f"""assignees(first: 100) {{ nodes {{ id login name }} totalCount }} author {{ login }} body closed {COMMENTS}
  createdAt closedAt id labels(first: 100) {{ nodes {{ id name description color }} totalCount }}
  milestone {{ number title description dueOn }} number state title updatedAt url
  projectCards(first: 100) {{ nodes {{ project {{ name }} column {{ name }} }} totalCount }}
  reactionGroups {{ content users {{ totalCount }} }}"""
PULL = f"""{ISSUE} additions baseRefName changedFiles deletions headRefName isCrossRepository isDraft
  maintainerCanModify mergeable mergedAt mergeStateStatus reviewDecision mergedBy {{ login }}
  commits(first: 100) {{ nodes {{ commit {{ authors(first: 100) {{ nodes {{ name email user {{ id login }} }} }}
    messageHeadline messageBody oid committedDate authoredDate }} }} }}
  files(first: 100) {{ nodes {{ additions deletions path }} }}
  headRepository {{ id name }} headRepositoryOwner {{ id login ... on User {{ name }} }}
  mergeCommit {{ oid }} potentialMergeCommit {{ oid }}
  reviewRequests(first: 100) {{ nodes {{ requestedReviewer {{ __typename ... on User {{ login }}
    ... on Team {{ organization {{ login }} name slug }} }} }} }}
  reviews(first: 100) {{ nodes {{ author {{ login }} authorAssociation submittedAt body state
    reactionGroups {{ content users {{ totalCount }} }} }} pageInfo {{ hasNextPage endCursor }} totalCount }}
  statusCheckRollup: commits(last: 1) {{ nodes {{ commit {{ statusCheckRollup {{ contexts(first: 100) {{ nodes {{
    __typename ... on StatusContext {{ context state targetUrl createdAt }}
    ... on CheckRun {{ name checkSuite {{ workflowRun {{ workflow {{ name }} }} }} status conclusion startedAt
      completedAt detailsUrl }} }} pageInfo {{ hasNextPage endCursor }} }} }} }} }} }}"""


def population() -> list[Repository]:
    zoo = Repository(
        "toys",
        "zoo",
        FILES,
        stars=7,
        forks=2,
        watchers=5,
        licence="MIT",
        topics=("nlp", "模型"),
        former=("toys/old",),
        issues=130,
        pulls=60,
        organisation=True,
        homepage="https://example.org",
    )
    states = [Repository("toys", state, FILES, state=state) for state in ("gone", "empty", "blocked")]
    return [zoo, Repository("ann", "bare", {"a.py": b""}, language=None, archived=True, fork=True), *states]


@pytest.fixture(scope="module")
def forge() -> Iterator[SimApi]:
    with SimApi(GitHub(population(), seed=5)) as running:
        yield running


def call(forge: SimApi, query: str, token: str = "t", **variables: Any) -> dict[str, Any]:
    headers = {"Authorization": f"bearer {token}"} if token else {}
    body = {"query": query, "variables": variables}
    answer = requests.post(f"{forge.endpoint}/graphql", json=body, headers=headers, timeout=20)
    assert answer.status_code == (200 if token else 401)
    return answer.json()


def zoo(forge: SimApi, fields: str) -> dict[str, Any]:
    answer = call(forge, f'{{ repository(owner: "toys", name: "zoo") {{ {fields} }} }}')
    assert "errors" not in answer, answer["errors"]
    return answer["data"]["repository"]


def test_a_repository_says_what_rest_says(forge: SimApi):
    got = zoo(
        forge,
        """id databaseId nameWithOwner name owner { login __typename } url description homepageUrl stargazerCount
        forkCount watchers { totalCount } createdAt pushedAt updatedAt isArchived isFork isDisabled isEmpty isPrivate
        isTemplate diskUsage primaryLanguage { name } licenseInfo { key spdxId name }
        repositoryTopics(first: 20) { nodes { topic { name } } }
        defaultBranchRef { name target { oid __typename ... on Commit { committedDate tree { oid } } } }
        issues { totalCount } pullRequests { totalCount }""",
    )
    rest = requests.get(f"{forge.endpoint}/repos/toys/zoo", timeout=5).json()
    assert (got["id"], got["databaseId"], got["nameWithOwner"]) == (rest["node_id"], rest["id"], rest["full_name"])
    assert (got["stargazerCount"], got["watchers"]["totalCount"]) == (rest["stargazers_count"], 5)
    assert got["owner"] == {"login": "toys", "__typename": "Organization"}
    assert got["licenseInfo"] == {"key": "mit", "spdxId": "MIT", "name": "MIT License"}
    assert [node["topic"]["name"] for node in got["repositoryTopics"]["nodes"]] == ["nlp", "模型"]
    assert (got["defaultBranchRef"]["name"], got["defaultBranchRef"]["target"]["__typename"]) == ("main", "Commit")
    assert got["defaultBranchRef"]["target"]["oid"] == forge.truth["toys/zoo"]["commit"]
    assert (got["issues"]["totalCount"], got["pullRequests"]["totalCount"]) == (130, 60)


def test_many_repositories_in_one_call(forge: SimApi):
    """Those that cannot be had are null, each with an error of its own; the others are whole."""
    query = """query ($o: String!) {
      a: repository(owner: $o, name: "zoo") { ...f } b: repository(owner: $o, name: "gone") { ...f }
      c: repository(owner: $o, name: "blocked") { ...f } d: repository(owner: $o, name: "empty") { ...f }
      e: repository(owner: "TOYS", name: "OLD") { ...f }
      f: repository(owner: $o, name: "old", followRenames: false) { ...f } }
      fragment f on Repository { nameWithOwner isEmpty defaultBranchRef { name } primaryLanguage { name } }"""
    answer = call(forge, query, o="toys")
    data, errors = answer["data"], {error["path"][0]: error for error in answer["errors"]}
    assert data["a"]["nameWithOwner"] == data["e"]["nameWithOwner"] == "toys/zoo"
    assert data["d"] == {
        "nameWithOwner": "toys/empty",
        "isEmpty": True,
        "defaultBranchRef": None,
        "primaryLanguage": None,
    }
    assert [data[alias] for alias in "bcf"] == [None] * 3 and sorted(errors) == ["b", "c", "f"]
    assert errors["b"] == {
        "type": "NOT_FOUND",
        "path": ["b"],
        "locations": [{"line": 2, "column": 54}],
        "message": "Could not resolve to a Repository with the name 'toys/gone'.",
    }
    assert errors["c"]["message"] == "Repository access blocked"


def test_nodes_are_found_by_their_ids(forge: SimApi):
    first = zoo(forge, "id issues(first: 1) { nodes { id number } } pullRequests(first: 1) { nodes { id number } }")
    ids = [first["id"], first["issues"]["nodes"][0]["id"], first["pullRequests"]["nodes"][0]["id"], "R_none"]
    query = """query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id ... on Repository { nameWithOwner }
      ... on Issue { number } ... on PullRequest { number repository { name } } } }"""
    answer = call(forge, query, ids=ids)
    kinds = [node and node["__typename"] for node in answer["data"]["nodes"]]
    assert kinds == ["Repository", "Issue", "PullRequest", None]
    assert [node["id"] for node in answer["data"]["nodes"][:3]] == ids[:3]
    assert answer["errors"][0]["type"] == "NOT_FOUND" and answer["errors"][0]["path"] == ["nodes", 3]
    assert call(forge, query, ids=["x"] * 101)["errors"][0]["type"] == "ARGUMENT_LIMIT"


@pytest.mark.parametrize(("kind", "fields", "count"), [("issues", ISSUE, 130), ("pullRequests", PULL, 60)])
def test_all_that_gh_asks_of_threads(forge: SimApi, kind: str, fields: str, count: int):
    """Every field of `gh issue list` and `gh pr list`, page after page, with what real threads hold."""
    query = f"""query ($after: String) {{ repository(owner: "toys", name: "zoo") {{
      {kind}(first: 25, after: $after) {{
      totalCount pageInfo {{ endCursor hasNextPage }} nodes {{ {fields} }} }} }} }}"""
    found: list[dict[str, Any]] = []
    after, more = None, True
    while more:
        answer = call(forge, query, after=after)
        assert "errors" not in answer, answer["errors"]
        page = answer["data"]["repository"][kind]
        found += page["nodes"]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    assert len({node["number"] for node in found}) == len(found) == page["totalCount"] == count
    assert {node["author"] is None for node in found} == {True, False}
    assert "" in {node["body"] for node in found} and any("\r\n" in node["body"] for node in found)
    assert any(not node["title"].isascii() for node in found)
    assert all(node["closed"] == (node["closedAt"] is not None) for node in found)
    assert all(node["comments"]["totalCount"] >= len(node["comments"]["nodes"]) for node in found)
    if kind == "pullRequests":
        assert {node["state"] for node in found} == {"OPEN", "CLOSED", "MERGED"}
        assert all((node["state"] == "MERGED") == (node["mergeCommit"] is not None) for node in found)
        assert all((node["headRepository"] is None) == (node["headRepositoryOwner"] is None) for node in found)
        assert any(node["headRepository"] is None for node in found)
        assert any(node["statusCheckRollup"]["nodes"][0]["commit"]["statusCheckRollup"] for node in found)
        names = {
            "kinds": {type(one["requestedReviewer"]) for node in found for one in node["reviewRequests"]["nodes"]}
        }
        assert names["kinds"] == {dict, type(None)}


def test_threads_are_the_same_each_time_and_share_their_numbers(forge: SimApi):
    fields = f"issues(first: 30) {{ nodes {{ {ISSUE} }} }} pullRequests(first: 30) {{ nodes {{ {PULL} }} }}"
    first = zoo(forge, fields)
    with SimApi(GitHub(population(), seed=5)) as again, SimApi(GitHub(population(), seed=6)) as other:
        assert zoo(again, fields) == first != zoo(other, fields)
    numbers = [{node["number"] for node in first[kind]["nodes"]} for kind in ("issues", "pullRequests")]
    assert not numbers[0] & numbers[1]


def test_threads_in_order_and_of_a_state(forge: SimApi):
    got = zoo(
        forge,
        """open: issues(states: OPEN) { totalCount } closed: issues(states: [CLOSED]) { totalCount }
        new: issues(first: 100, orderBy: {field: UPDATED_AT, direction: DESC}) { nodes { updatedAt } }
        last: issues(last: 2) { nodes { number } pageInfo { hasPreviousPage hasNextPage } }
        all: issues(first: 100) { edges { cursor node { number createdAt } } }
        merged: pullRequests(first: 100, states: MERGED) { nodes { state mergedAt } }""",
    )
    assert got["open"]["totalCount"] + got["closed"]["totalCount"] == 130 and got["open"]["totalCount"] > 20
    dates = [node["updatedAt"] for node in got["new"]["nodes"]]
    assert dates == sorted(dates, reverse=True)
    assert got["last"]["pageInfo"] == {"hasPreviousPage": True, "hasNextPage": False}
    made = [edge["node"]["createdAt"] for edge in got["all"]["edges"]]
    assert made == sorted(made)
    assert all(node["state"] == "MERGED" and node["mergedAt"] for node in got["merged"]["nodes"])


@pytest.mark.parametrize(
    ("fields", "kind", "said"),
    [
        ("issues { nodes { id } }", "MISSING_PAGINATION_BOUNDARIES", "properly paginate the `issues` connection"),
        ("issues { ...x }", "MISSING_PAGINATION_BOUNDARIES", "`first` or `last`"),
        ("issues(first: 101) { totalCount }", "EXCESSIVE_PAGINATION", "Requesting 101 records on the `issues`"),
        ("issues(last: 0) { totalCount }", "EXCESSIVE_PAGINATION", "`last` limit of 100"),
        ('issues(first: 1, after: "!") { nodes { id } }', "INVALID_CURSOR_ARGUMENTS", "valid cursor"),
    ],
)
def test_pages_that_cannot_be_had(forge: SimApi, fields: str, kind: str, said: str):
    fragment = " fragment x on IssueConnection { edges { cursor } }" if "...x" in fields else ""
    answer = call(forge, f'{{ repository(owner: "toys", name: "zoo") {{ name {fields} }} }}{fragment}')
    assert answer["data"] == {"repository": None}
    (error,) = answer["errors"]
    assert error["type"] == kind and error["path"] == ["repository", "issues"] and said in error["message"]


def test_calls_that_are_too_much(forge: SimApi):
    query = """{ repository(owner: "toys", name: "zoo") { issues(first: 100) { nodes { comments(first: 100) { nodes {
      reactionGroups { reactors(first: 100) { nodes { __typename } } } } } } } } }"""
    answer = call(forge, query)
    assert "data" not in answer and answer["errors"][0]["type"] == "MAX_NODE_LIMIT_EXCEEDED"
    assert "1,010,100 possible nodes" in answer["errors"][0]["message"]


def test_a_call_costs_what_its_connections_ask(forge: SimApi):
    query = """query ($n: Int = 100) { rateLimit { cost nodeCount }
      repository(owner: "toys", name: "zoo") { ...f } }
      fragment f on Repository { issues(first: $n) { nodes { labels(first: 60) { nodes { name } }
        comments(first: 5) { totalCount } } } pullRequests { totalCount } }"""
    assert call(forge, query)["data"]["rateLimit"] == {"cost": 2, "nodeCount": 100 + 6_000 + 500}
    assert call(forge, query, n=10)["data"]["rateLimit"] == {"cost": 1, "nodeCount": 10 + 600 + 50}


def test_queries_that_are_wrong(forge: SimApi):
    (error,) = call(forge, '{ repository(owner: "a", name: "b") { starCount } }')["errors"]
    assert error["message"] == "Field 'starCount' doesn't exist on type 'Repository'"
    assert error["extensions"] == {"code": "undefinedField", "typeName": "Repository", "fieldName": "starCount"}
    assert "Parse error" in call(forge, "{ repository(")["errors"][0]["message"]
    assert call(forge, "")["errors"][0]["message"].startswith("A query attribute must be specified")
    assert (
        "$n"
        in call(forge, "query ($n: Int!) { viewer { login } x: nodes(ids: []) { id } }", n="z")["errors"][0][
            "message"
        ]
    )
    bad = requests.post(f"{forge.endpoint}/graphql", data=b"{", headers={"Authorization": "bearer t"}, timeout=5)
    assert (bad.status_code, bad.json()["message"]) == (400, "Problems parsing JSON")


def test_a_token_is_needed(forge: SimApi):
    assert "authenticated" in call(forge, "{ viewer { login } }", token="")["message"]
    with SimApi(GitHub(population(), tokens=["good"])) as other:
        headers = {"Authorization": "bearer bad"}
        answer = requests.post(f"{other.endpoint}/graphql", json={"query": "{ viewer { login } }"}, headers=headers)
        assert (answer.status_code, answer.json()["message"]) == (401, "Bad credentials")
        assert call(other, "{ viewer { login } }", token="good")["data"]["viewer"]["login"]


def test_files_through_graphql(forge: SimApi):
    got = zoo(
        forge,
        """readme: object(expression: "HEAD:README.md") { oid ... on Blob { text byteSize isBinary } }
        binary: object(expression: "main:w.bin") { ... on Blob { text isBinary } }
        top: object(expression: "HEAD:") { ... on Tree { entries { name type mode path size
          object { ... on Tree { entries { path } } } } } }
        none: object(expression: "HEAD:none") { oid } head: object(expression: "HEAD") { __typename oid }""",
    )
    assert got["readme"]["text"] == "# zoo ✓\n" and got["readme"]["byteSize"] == len(FILES["README.md"])
    assert got["binary"] == {"text": None, "isBinary": True} and got["none"] is None
    entries = {entry["name"]: entry for entry in got["top"]["entries"]}
    assert entries["src"]["type"] == "tree" and entries["src"]["object"]["entries"] == [{"path": "src/a.py"}]
    assert entries["README.md"]["mode"] == 0o100644 and got["head"]["oid"] == forge.truth["toys/zoo"]["commit"]


def test_the_schema_can_be_asked_for(forge: SimApi):
    answer = call(forge, '{ __type(name: "PullRequest") { fields { name } } }')
    assert "mergeStateStatus" in {field["name"] for field in answer["data"]["__type"]["fields"]}
