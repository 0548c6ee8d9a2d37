"""Repositories, commits and files as nodes of GitHub's GraphQL: dicts under GitHub's names, with fields that are
worked out when they are asked for."""

from __future__ import annotations

from typing import Any

from simhub.github import describe, objects
from simhub.github.connections import Info, Node, Refused, connected
from simhub.github.shelf import Held, Shelf, licence_of, node_id, numbers_of, user_id
from simhub.github.talk import Talk, actor

MOST_IDS = 100
MOST_TEXT = 512_000


class Nodes:
    """Makes the nodes of what a forge holds."""

    def __init__(self, shelf: Shelf, seed: int) -> None:
        self._shelf = shelf
        self._talk = Talk(seed, self.of)

    def named(self, _: Info, owner: str, name: str, followRenames: bool | None = True) -> Node:
        """The repository of a name; raises `Refused` where there is none that can be had."""
        held, moved = self._shelf.find(f"{owner}/{name}")
        if held is None or (moved and followRenames is False):
            raise Refused("NOT_FOUND", f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        if held.repository.state == "blocked":
            # Nobody has written down what GitHub's GraphQL says here; the words are those of its REST API.
            raise Refused("FORBIDDEN", "Repository access blocked")
        return self.of(held)

    def node(self, _: Info, id: str) -> Node:
        """The repository, issue or pull request of a global id."""
        return self._identified(id)

    def nodes(self, _: Info, ids: list[str]) -> list[Node | Refused]:
        """The nodes of up to a hundred ids; null, and an error, for each that is not there."""
        if len(ids) > MOST_IDS:
            raise Refused(
                "ARGUMENT_LIMIT", f"You may not provide more than {MOST_IDS} node ids; you provided {len(ids)}."
            )
        found: list[Node | Refused] = []
        for identifier in ids:
            try:
                found.append(self._identified(identifier))
            except Refused as refused:
                found.append(refused)
        return found

    def of(self, held: Held) -> Node:
        """The node of a repository."""
        repository = held.repository
        licence = licence_of(repository.licence)
        empty, organised = held.empty, repository.organisation
        return {
            "__typename": "Repository",
            "id": held.node,
            "databaseId": held.number,
            "name": repository.name,
            "nameWithOwner": repository.full_name,
            "owner": account(repository.owner, organised),
            "url": f"{describe.SITE}/{repository.full_name}",
            "description": repository.description,
            "homepageUrl": repository.homepage,
            "stargazerCount": repository.stars,
            "forkCount": repository.forks,
            "watchers": connected(range(repository.watchers), lambda number: actor(f"watcher-{number}")),
            "createdAt": repository.created_at,
            "pushedAt": None if empty else repository.pushed_at,
            "updatedAt": max(repository.created_at, repository.pushed_at),
            "isArchived": repository.archived,
            "isFork": repository.fork,
            "isDisabled": False,
            "isEmpty": empty,
            "isInOrganization": organised,
            "isLocked": False,
            "isMirror": False,
            "isPrivate": False,
            "isTemplate": False,
            "hasIssuesEnabled": True,
            "visibility": "PUBLIC",
            "diskUsage": describe.kilobytes(held),
            "parent": None,
            "primaryLanguage": None if empty or repository.language is None else _language(repository.language),
            "licenseInfo": None
            if licence is None
            else {
                "id": node_id("L", len(licence.key)),
                "key": licence.key,
                "name": licence.name,
                "nickname": None,
                "spdxId": licence.spdx,
                "url": f"http://choosealicense.com/licenses/{licence.key}/" if licence.known else None,
            },
            "repositoryTopics": connected(repository.topics, lambda topic: _topic(held, topic)),
            "defaultBranchRef": None if empty else lambda _: self._branch(held),
            "object": lambda _, expression=None, oid=None: self._object(held, expression, oid),
            "issues": lambda info, **asked: self._talk.threads(held, "issue", info, asked),
            "pullRequests": lambda info, **asked: self._talk.threads(held, "pull", info, asked),
        }

    def _identified(self, identifier: str) -> Node:
        prefix, numbers = numbers_of(identifier)
        held = self._shelf.numbered(numbers[0]) if numbers else None
        found: Node | None = None
        if held is not None and held.repository.state != "blocked":
            if prefix == "R" and len(numbers) == 1:
                found = self.of(held)
            elif prefix in ("I", "PR") and len(numbers) == 2:
                found = self._talk.one(held, "issue" if prefix == "I" else "pull", numbers[1])
        if found is None:
            raise Refused("NOT_FOUND", f"Could not resolve to a node with the global id of '{identifier}'.")
        return found

    def _branch(self, held: Held) -> Node:
        name = held.repository.branch
        return {
            "id": node_id("REF", held.number),
            "name": name,
            "prefix": "refs/heads/",
            "target": self._commit(held),
        }

    def _commit(self, held: Held) -> Node:
        date, name = held.repository.pushed_at, held.repository.full_name
        person = {"name": objects.AUTHOR, "email": objects.EMAIL, "date": date, "user": None}
        return {
            **self._git(held, "Commit", held.commit),
            "committedDate": date,
            "authoredDate": date,
            "message": objects.MESSAGE,
            "messageHeadline": objects.MESSAGE,
            "messageBody": "",
            "url": f"{describe.SITE}/{name}/commit/{held.commit}",
            "author": person,
            "authors": connected([person], dict),
            "statusCheckRollup": None,
            "tree": lambda _: self._tree(held, ""),
        }

    def _object(self, held: Held, expression: str | None, oid: str | None) -> Node | None:
        """The object of ``HEAD``, ``BRANCH:PATH`` or an id; None where there is none."""
        if held.empty:
            return None
        if oid is not None:
            path = next((path for path, sha in held.snapshot.blobs.items() if sha == oid), None)
            if path is not None:
                return self._blob(held, path)
            return self._tree(held, "") if oid == held.snapshot.tree else self._object(held, oid, None)
        ref, colon, path = (expression or "").partition(":")
        if not held.knows(ref):
            return None
        if not colon:
            return self._commit(held)
        path = path.strip("/")
        if path in held.snapshot.trees:
            return self._tree(held, path)
        return self._blob(held, path) if path in held.snapshot.blobs else None

    def _git(self, held: Held, kind: str, sha: str) -> Node:
        named = {"__typename": kind, "id": node_id(kind[0], held.number), "oid": sha, "abbreviatedOid": sha[:7]}
        return {**named, "repository": lambda _: self.of(held)}

    def _tree(self, held: Held, path: str) -> Node:
        tree = held.snapshot.trees[path]
        return {
            **self._git(held, "Tree", tree.sha),
            "entries": lambda _: [self._entry(held, path, *entry) for entry in tree.entries],
        }

    def _entry(self, held: Held, folder: str, name: str, mode: int, sha: str) -> Node:
        path, is_tree = f"{folder}/{name}" if folder else name, mode == 0o40000
        return {
            "extension": None if is_tree or "." not in name else f".{name.rpartition('.')[2]}",
            "mode": mode,
            "name": name,
            "nameRaw": name,
            "oid": sha,
            "path": path,
            "size": 0 if is_tree else len(held.files[path]),
            "type": "tree" if is_tree else "blob",
            "object": lambda _: self._tree(held, path) if is_tree else self._blob(held, path),
        }

    def _blob(self, held: Held, path: str) -> Node:
        body = held.files[path]
        binary = b"\0" in body[:8000]
        return {
            **self._git(held, "Blob", held.snapshot.blobs[path]),
            "byteSize": len(body),
            "isBinary": binary,
            "isTruncated": len(body) > MOST_TEXT,
            "text": None if binary else body[:MOST_TEXT].decode("utf-8", "replace"),
        }


def account(login: str, organised: bool) -> Node:
    """The node of an account that owns repositories."""
    return {
        "__typename": "Organization" if organised else "User",
        "id": node_id("O" if organised else "U", user_id(login)),
        "databaseId": user_id(login),
        "login": login,
        "name": None,
        "url": f"{describe.SITE}/{login}",
    }


def _language(name: str) -> Node:
    return {"id": node_id("LANG", len(name)), "name": name, "color": "#3572A5"}


def _topic(held: Held, topic: str) -> Node:
    named: dict[str, Any] = {"id": node_id("T", user_id(topic)), "name": topic}
    return {
        "id": node_id("RT", held.number, user_id(topic)),
        "topic": named,
        "url": f"{describe.SITE}/topics/{topic}",
    }
