"""What GitHub says of repositories, by GraphQL: one query for many, and the issues and pull requests of one.

A repository that cannot be had is an observation too: its envelope has the status that REST would give (404, 451)
and the errors as they came.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from crawler.downstream.github import GitHub
from landing import Record, TransientError
from landing.clock import now

_REPOSITORY = """
id databaseId nameWithOwner url description homepageUrl stargazerCount forkCount watchers { totalCount }
createdAt pushedAt updatedAt isArchived isFork isDisabled isEmpty isTemplate diskUsage
primaryLanguage { name } licenseInfo { key spdxId name }
repositoryTopics(first: 20) { nodes { topic { name } } }
defaultBranchRef { name target { oid ... on Commit { committedDate } } }
"""
_COMMON = """
id number title body state closed closedAt createdAt updatedAt url author { login }
assignees(first: 20) { nodes { login } }
labels(first: 50) { nodes { name color description } }
milestone { number title description dueOn }
reactionGroups { content users { totalCount } }
projectCards(first: 10) { nodes { project { name } column { name } } }
comments(first: 100) { totalCount nodes { id author { login } authorAssociation body createdAt url } }
"""
_PULL = """
additions deletions changedFiles baseRefName headRefName headRepository { id name } headRepositoryOwner { login }
isCrossRepository isDraft maintainerCanModify mergeable mergeStateStatus mergedAt mergedBy { login } reviewDecision
mergeCommit { oid } potentialMergeCommit { oid }
files(first: 100) { nodes { path additions deletions } }
commits(first: 100) { totalCount nodes { commit { oid messageHeadline committedDate authoredDate } } }
reviews(first: 50) { nodes { author { login } authorAssociation body state submittedAt } }
reviewRequests(first: 20) { nodes { requestedReviewer { __typename ... on User { login } } } }
checks: commits(last: 1) { nodes { commit { statusCheckRollup { state } } } }
"""
#: What PeaTMOSS took of an issue (17 fields) and of a pull request (39), by the names of GraphQL.
_FIELDS = {"issues": _COMMON, "pullRequests": _COMMON + _PULL}
_THREADS = """
query($owner: String!, $name: String!, $first: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    %s(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: ASC}) {
      totalCount pageInfo { endCursor hasNextPage } nodes { %s }
    }
  }
}
"""
_CONNECTIONS = {"issues": ("issues", 100), "pulls": ("pullRequests", 20)}
_SMALLEST = 1


class About(NamedTuple):
    """A repository that was asked for: its own name, its newest commit (None where it has none or is not there)."""

    asked: str
    name: str
    commit: str | None
    fork: bool


@dataclass(slots=True)
class Told:
    """The answers about a chunk of repositories, in its order."""

    records: list[Record] = field(default_factory=list)
    listed: list[About] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)


def ask(hub: GitHub, names: list[str]) -> Told:
    """Ask about repositories in one query; in smaller ones where GitHub gives up on it."""
    told = Told()
    _ask(hub, names, told)
    return told


def _ask(hub: GitHub, names: list[str], told: Told) -> None:
    variables = {f"o{n}": name.split("/")[0] for n, name in enumerate(names)}
    variables |= {f"n{n}": name.split("/")[1] for n, name in enumerate(names)}
    declared = ", ".join(f"${key}: String!" for key in variables)
    asked = "\n".join(f"r{n}: repository(owner: $o{n}, name: $n{n}) {{ ...Facts }}" for n in range(len(names)))
    query = f"query({declared}) {{ {asked} }} fragment Facts on Repository {{ {_REPOSITORY} }}"
    try:
        _, answer = hub.graphql(query, variables)
    except TransientError as error:
        if len(names) <= _SMALLEST:
            told.failures += [(name, str(error)) for name in names]
            return
        for half in (names[: len(names) // 2], names[len(names) // 2 :]):
            _ask(hub, half, told)
        return
    errors = _errors(answer)
    for n, name in enumerate(names):
        _note(hub, name, answer["data"].get(f"r{n}"), errors.get(f"r{n}", []), told)


def _errors(answer: dict[str, Any]) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    for error in answer.get("errors") or []:
        path = error.get("path") if isinstance(error, dict) else None
        found.setdefault(str(path[0]) if isinstance(path, list) and path else "", []).append(error)
    return found


def _note(hub: GitHub, name: str, node: Any, errors: list[Any], told: Told) -> None:
    url, moment = f"{hub.endpoint}/graphql", now()
    if isinstance(node, dict) and isinstance(node.get("nameWithOwner"), str):
        body = json.dumps(node, ensure_ascii=True).encode()
        told.records.append(Record("repository", name, url, 200, moment, body))
        target = (node.get("defaultBranchRef") or {}).get("target") or {}
        told.listed.append(About(name, node["nameWithOwner"], target.get("oid"), bool(node.get("isFork"))))
        return
    status = _status(errors)
    if status is None:
        said = "; ".join(str(error.get("message")) for error in errors if isinstance(error, dict)) or "no answer"
        told.failures.append((name, f"GitHub does not say what it is: {said[:300]}"))
        return
    body = json.dumps({"errors": errors}, ensure_ascii=True).encode()
    told.records.append(Record("repository", name, url, status, moment, body))
    told.listed.append(About(name, name, None, False))


def _status(errors: list[Any]) -> int | None:
    """What REST would answer: 404 for one that is gone or private, 451 for one that is blocked; None for the rest.

    Messages repeat the name that was asked for, so a word in one tells only where the type leaves it open.
    """
    kinds = {str(error.get("type")) for error in errors if isinstance(error, dict)}
    if "NOT_FOUND" in kinds:
        return 404
    said = " ".join(str(error.get("message")) for error in errors if isinstance(error, dict)).lower()
    if re.search(r"\bdmca\b|access blocked|legal reason", said):
        return 451
    return 404 if "FORBIDDEN" in kinds else None


def threads(hub: GitHub, name: str, kind: str) -> list[Record]:
    """The issues or the pull requests of a repository, a page a record; raises where one cannot be had."""
    connection, size = _CONNECTIONS[kind]
    return list(_pages(hub, name, kind, connection, size))


def _pages(hub: GitHub, name: str, kind: str, connection: str, size: int) -> Iterator[Record]:
    owner, _, bare = name.partition("/")
    query = _THREADS % (connection, _FIELDS[connection])
    after: str | None = None
    while True:
        try:
            _, answer = hub.graphql(query, {"owner": owner, "name": bare, "first": size, "after": after})
        except TransientError:
            if size <= _SMALLEST:
                raise
            size = max(_SMALLEST, size // 4)
            continue
        node = answer["data"].get("repository")
        if not isinstance(node, dict) or not isinstance(node.get(connection), dict):
            raise TransientError(f"GitHub gives no {kind} of {name}.")
        body = json.dumps(node, ensure_ascii=True).encode()
        yield Record(kind, name, f"{hub.endpoint}/graphql", 200, now(), body)
        page = node[connection].get("pageInfo") or {}
        if not page.get("hasNextPage") or page.get("endCursor") in (None, after):
            return
        after = page["endCursor"]
