"""Issues and pull requests as nodes: all that ``gh issue list --json`` and ``gh pr list --json`` ask for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from simhub.github import describe, threads
from simhub.github.connections import Info, Node, connected, page
from simhub.github.shelf import Held, node_id, user_id
from simhub.github.threads import Facts, Kind, moment

_REACTIONS = ("THUMBS_UP", "THUMBS_DOWN", "LAUGH", "HOORAY", "CONFUSED", "HEART", "ROCKET", "EYES")
_ASSOCIATIONS = ("NONE", "CONTRIBUTOR", "MEMBER", "OWNER", "COLLABORATOR", "FIRST_TIME_CONTRIBUTOR")
_VERDICTS = ("APPROVED", "CHANGES_REQUESTED", "COMMENTED", "DISMISSED", "PENDING")


class Talk:
    """Makes the threads of a repository; ``of`` makes the node of a repository."""

    def __init__(self, seed: int, of: Callable[[Held], Node]) -> None:
        self._seed, self._of = seed, of

    def threads(self, held: Held, kind: Kind, info: Info, asked: dict[str, Any]) -> Node:
        """One page of the threads of a kind, filtered and in order as asked for."""
        found = [facts for facts in threads.facts(held, self._seed, kind) if _wanted(facts, asked)]
        order = asked.get("orderBy")
        if order is not None:
            keys = {"UPDATED_AT": "updated", "CREATED_AT": "created", "COMMENTS": "comments"}
            name = keys[order["field"]]
            down = order["direction"] == "DESC"
            found.sort(key=lambda facts: (getattr(facts, name), facts.number), reverse=down)
        return page(found, lambda facts: self.of(held, facts), info, asked)

    def one(self, held: Held, kind: Kind, number: int) -> Node | None:
        """The thread of a number; None where there is none of its kind."""
        found = threads.facts(held, self._seed, kind)
        return next((self.of(held, facts) for facts in found if facts.number == number), None)

    def of(self, held: Held, facts: Facts) -> Node:
        """The node of a thread."""
        rng = threads.draws(held, self._seed, facts.number, "thread")
        about = self._common(held, facts, rng)
        if facts.kind == "pull":
            return {**about, **self._pull(held, facts, rng, about["url"])}
        reason = None if facts.state == "OPEN" else ("COMPLETED", "NOT_PLANNED")[facts.number % 2]
        return {**about, "__typename": "Issue", "stateReason": reason, "isPinned": facts.number == 1}

    def _common(self, held: Held, facts: Facts, rng: Random) -> Node:
        body, pull = rng.choice(threads.BODIES), facts.kind == "pull"
        url = f"{describe.SITE}/{held.repository.full_name}/{'pull' if pull else 'issues'}/{facts.number}"
        labels = rng.sample(threads.LABELS, rng.choice((0, 0, 1, 2, 3)))
        return {
            "id": node_id("PR" if pull else "I", held.number, facts.number),
            "databaseId": held.number + facts.number,
            "number": facts.number,
            "title": rng.choice(threads.TITLES),
            "body": body,
            "bodyText": body,
            "url": url,
            "state": facts.state,
            "closed": facts.state != "OPEN",
            "closedAt": facts.closed,
            "createdAt": facts.created,
            "updatedAt": facts.updated,
            "author": _somebody(rng),
            "authorAssociation": rng.choice(_ASSOCIATIONS),
            "assignees": connected(_people(rng, rng.choice((0, 0, 1, 2))), dict),
            "labels": connected(labels, _label),
            "milestone": _milestone(held) if rng.random() < 0.2 else None,
            "locked": rng.random() < 0.05,
            "comments": connected(range(facts.comments), lambda at: self._comment(held, facts, at, url)),
            "projectCards": connected([], dict),
            "reactionGroups": _reactions(rng),
            "repository": lambda _: self._of(held),
        }

    def _comment(self, held: Held, facts: Facts, at: int, url: str) -> Node:
        rng = threads.draws(held, self._seed, facts.number, f"comment {at}")
        number = facts.number * 1_000 + at
        hidden = rng.random() < 0.1
        return {
            "id": node_id("IC", held.number, number),
            "author": _somebody(rng),
            "authorAssociation": rng.choice(_ASSOCIATIONS),
            "body": rng.choice(threads.BODIES),
            "createdAt": moment(facts.created, (at + 1) / 10),
            "includesCreatedEdit": rng.random() < 0.2,
            "isMinimized": hidden,
            "minimizedReason": "spam" if hidden else "",
            "reactionGroups": _reactions(rng),
            "url": f"{url}#issuecomment-{number}",
            "viewerDidAuthor": False,
        }

    def _pull(self, held: Held, facts: Facts, rng: Random, url: str) -> Node:
        """What a pull request has besides. A fork it came from may be gone, and its owner with it."""
        merged, is_open, crossing = facts.state == "MERGED", facts.state == "OPEN", rng.random() < 0.6
        base = held.commit or threads.sha(held.number, "base")
        commits = [self._commit(held, facts, at) for at in range(rng.choice((1, 1, 2, 5)))]
        files = [_file(rng, path) for path in _paths(held, rng)]
        reviews = [self._review(held, facts, at) for at in range(rng.choice((0, 0, 1, 3)))]
        mergeable = rng.choice(("MERGEABLE", "MERGEABLE", "CONFLICTING", "UNKNOWN")) if is_open else "UNKNOWN"
        fork = self._fork(held, rng) if crossing else self._of(held)
        merge = self._commit(held, facts, 99)
        return {
            "__typename": "PullRequest",
            "additions": sum(file["additions"] for file in files),
            "deletions": sum(file["deletions"] for file in files),
            "changedFiles": len(files),
            "files": connected(files, dict),
            "commits": connected(commits, lambda commit: _pull_commit(commit, url)),
            "baseRefName": held.repository.branch,
            "baseRefOid": base,
            "headRefName": rng.choice(("patch-1", "fix/加载", "dependabot/pip/torch-2.6.0", held.repository.branch)),
            "headRefOid": commits[-1]["oid"],
            "headRepository": fork,
            "headRepositoryOwner": fork["owner"] if fork else None,
            "isCrossRepository": crossing,
            "isDraft": is_open and rng.random() < 0.2,
            "maintainerCanModify": is_open and crossing,
            "merged": merged,
            "mergedAt": facts.closed if merged else None,
            "mergedBy": _somebody(rng) if merged else None,
            "mergeCommit": merge if merged else None,
            "potentialMergeCommit": merge if mergeable == "MERGEABLE" else None,
            "mergeable": mergeable,
            "mergeStateStatus": {"MERGEABLE": "CLEAN", "CONFLICTING": "DIRTY"}.get(mergeable, "UNKNOWN"),
            "reviewDecision": rng.choice((None, "APPROVED", "CHANGES_REQUESTED", "REVIEW_REQUIRED")),
            "reviewRequests": connected(_requested(held, rng), dict),
            "reviews": lambda info, **asked: page(_states(reviews, asked), dict, info, asked),
            "latestReviews": connected(reviews[-1:], dict),
            "statusCheckRollup": commits[-1]["statusCheckRollup"],
        }

    def _fork(self, held: Held, rng: Random) -> Node | None:
        if rng.random() < 0.2:
            return None
        login = rng.choice(threads.LOGINS[:5])
        named = f"{login}/{held.repository.name}"
        own = {
            "id": node_id("R", user_id(named)),
            "databaseId": user_id(named),
            "nameWithOwner": named,
            "isFork": True,
        }
        person = {**actor(login), "__typename": "User"}
        return {**self._of(held), **own, "owner": person, "url": f"{describe.SITE}/{named}"}

    def _review(self, held: Held, facts: Facts, at: int) -> Node:
        rng = threads.draws(held, self._seed, facts.number, f"review {at}")
        return {
            "id": node_id("PRR", held.number, facts.number * 100 + at),
            "author": _somebody(rng),
            "authorAssociation": rng.choice(_ASSOCIATIONS),
            "body": rng.choice(threads.BODIES),
            "commit": self._commit(held, facts, 0),
            "reactionGroups": _reactions(rng),
            "state": rng.choice(_VERDICTS[:4]),
            "submittedAt": moment(facts.created, at + 1),
        }

    def _commit(self, held: Held, facts: Facts, at: int) -> Node:
        rng = threads.draws(held, self._seed, facts.number, f"commit {at}")
        oid, date = threads.sha(self._seed, held.number, facts.number, at), moment(facts.created, -1 - at)
        people = [
            {"name": who["name"] or who["login"], "email": f"{at}@example.org", "date": date, "user": who}
            for who in _people(rng, rng.choice((1, 1, 2)))
        ]
        people[0]["user"] = people[0]["user"] if rng.random() < 0.8 else None
        headline, body = rng.choice(threads.TITLES[:7]), rng.choice(("", "Co-authored-by: Zoë <z@example.org>"))
        return {
            "__typename": "Commit",
            "id": node_id("C", held.number, facts.number * 100 + at),
            "oid": oid,
            "abbreviatedOid": oid[:7],
            "author": people[0],
            "authors": connected(people, dict),
            "authoredDate": date,
            "committedDate": date,
            "message": f"{headline}\n\n{body}" if body else headline,
            "messageHeadline": headline,
            "messageBody": body,
            "repository": lambda _: self._of(held),
            "statusCheckRollup": _checks(held, facts, date) if rng.random() < 0.6 else None,
            "tree": {"__typename": "Tree", "id": node_id("T", held.number), "oid": threads.sha(oid), "entries": []},
            "url": f"{describe.SITE}/{held.repository.full_name}/commit/{oid}",
        }


def actor(login: str) -> Node:
    """The node of somebody who writes: a user, or a bot."""
    bot = login.endswith("[bot]")
    bare = login.removesuffix("[bot]")
    names = dict(zip(threads.LOGINS, threads.NAMES, strict=True))
    return {
        "__typename": "Bot" if bot else "User",
        "id": node_id("BOT" if bot else "U", user_id(bare)),
        "databaseId": user_id(bare),
        "login": bare,
        "name": names.get(login),
        "url": f"{describe.SITE}/apps/{bare}" if bot else f"{describe.SITE}/{bare}",
    }


def _wanted(facts: Facts, asked: dict[str, Any]) -> bool:
    return not asked.get("states") or facts.state in asked["states"]


def _states(reviews: list[Node], asked: dict[str, Any]) -> list[Node]:
    return [review for review in reviews if not asked.get("states") or review["state"] in asked["states"]]


def _somebody(rng: Random) -> Node | None:
    """Somebody, or None for an account that was deleted."""
    return None if rng.random() < 0.15 else actor(rng.choice(threads.LOGINS))


def _people(rng: Random, count: int) -> list[Node]:
    return [actor(login) for login in rng.sample(threads.LOGINS[:5], count)]


def _label(label: tuple[str, str | None, str]) -> Node:
    name, description, color = label
    return {"id": node_id("LA", user_id(name)), "name": name, "description": description, "color": color}


def _milestone(held: Held) -> Node:
    about = {"id": node_id("MI", held.number), "number": 1, "title": "v1.0 🎉", "description": None, "state": "OPEN"}
    return {**about, "dueOn": None}


def _reactions(rng: Random) -> list[Node]:
    """All eight, most of them with nobody."""
    counts = [rng.choice((0, 0, 0, 1, 12)) for _ in _REACTIONS]
    return [
        {
            "content": content,
            "createdAt": None,
            "users": connected(range(count), lambda number: actor(f"reader-{number}")),
            "reactors": connected(range(count), lambda number: actor(f"reader-{number}")),
            "viewerHasReacted": False,
        }
        for content, count in zip(_REACTIONS, counts, strict=True)
    ]


def _requested(held: Held, rng: Random) -> list[Node]:
    """Who was asked for a review: a user, a team, or somebody who is no longer there."""
    team: Node = {"__typename": "Team", "id": node_id("TE", held.number), "name": "Core Team", "slug": "core-team"}
    owner = held.repository.owner
    organisation = {
        "id": node_id("O", user_id(owner)),
        "login": owner,
        "url": f"{describe.SITE}/{owner}",
        "name": None,
    }
    team["organization"] = {"__typename": "Organization", **organisation}
    found = rng.choice(([], [], [team], [actor("octo-mira")], [None, team]))
    return [
        {"id": node_id("RR", held.number, at), "asCodeOwner": False, "requestedReviewer": who}
        for at, who in enumerate(found)
    ]


def _paths(held: Held, rng: Random) -> list[str]:
    paths = sorted(held.files) or ["README.md"]
    return rng.sample(paths, min(len(paths), rng.choice((1, 1, 2, 4))))


def _file(rng: Random, path: str) -> Node:
    return {"path": path, "additions": rng.randrange(80), "deletions": rng.randrange(30), "changeType": "MODIFIED"}


def _pull_commit(commit: Node, url: str) -> Node:
    return {"id": commit["id"], "commit": commit, "url": f"{url}/commits/{commit['oid']}"}


def _checks(held: Held, facts: Facts, date: str) -> Node:
    """One check run and one status of the old kind."""
    ident = node_id("CR", held.number, facts.number)
    suite = {"id": ident, "workflowRun": {"id": ident, "workflow": {"id": ident, "name": "CI"}}}
    run = {
        "__typename": "CheckRun",
        "id": ident,
        "name": "tests (3.11)",
        "checkSuite": suite,
        "status": "COMPLETED",
        "conclusion": ("SUCCESS", "FAILURE")[facts.number % 2],
        "startedAt": date,
        "completedAt": moment(date, 1),
        "detailsUrl": f"{describe.SITE}/{held.repository.full_name}/actions/runs/{facts.number}",
        "isRequired": False,
    }
    status = {
        "__typename": "StatusContext",
        "id": ident,
        "context": "ci/circleci",
        "description": None,
        "state": "SUCCESS",
        "targetUrl": None,
        "createdAt": date,
        "isRequired": False,
    }
    state = ("SUCCESS", "FAILURE")[facts.number % 2]
    both: list[Node] = [run, status]
    return {"id": ident, "state": state, "contexts": connected(both, dict)}
