"""What GitHub's REST API says of a repository: the short form of search results, that of lists, and the full one."""

from __future__ import annotations

from typing import Any

from simhub.github.shelf import Held, Licence, licence_of, node_id, user_id

SITE = "https://github.com"

# The addresses below a repository, as the API lists them; what stands in braces is left to the client.
_BELOW = {
    "archive_url": "{archive_format}{/ref}",
    "assignees_url": "assignees{/user}",
    "blobs_url": "git/blobs{/sha}",
    "branches_url": "branches{/branch}",
    "collaborators_url": "collaborators{/collaborator}",
    "comments_url": "comments{/number}",
    "commits_url": "commits{/sha}",
    "compare_url": "compare/{base}...{head}",
    "contents_url": "contents/{+path}",
    "contributors_url": "contributors",
    "deployments_url": "deployments",
    "downloads_url": "downloads",
    "events_url": "events",
    "forks_url": "forks",
    "git_commits_url": "git/commits{/sha}",
    "git_refs_url": "git/refs{/sha}",
    "git_tags_url": "git/tags{/sha}",
    "hooks_url": "hooks",
    "issue_comment_url": "issues/comments{/number}",
    "issue_events_url": "issues/events{/number}",
    "issues_url": "issues{/number}",
    "keys_url": "keys{/key_id}",
    "labels_url": "labels{/name}",
    "languages_url": "languages",
    "merges_url": "merges",
    "milestones_url": "milestones{/number}",
    "notifications_url": "notifications{?since,all,participating}",
    "pulls_url": "pulls{/number}",
    "releases_url": "releases{/id}",
    "stargazers_url": "stargazers",
    "statuses_url": "statuses/{sha}",
    "subscribers_url": "subscribers",
    "subscription_url": "subscription",
    "tags_url": "tags",
    "teams_url": "teams",
    "trees_url": "git/trees{/sha}",
}


def owner(held: Held, origin: str) -> dict[str, Any]:
    """The account that owns a repository."""
    login, organised = held.repository.owner, held.repository.organisation
    return {
        "login": login,
        "id": user_id(login),
        "node_id": node_id("O" if organised else "U", user_id(login)),
        "avatar_url": f"https://avatars.githubusercontent.com/u/{user_id(login)}?v=4",
        "gravatar_id": "",
        "url": f"{origin}/users/{login}",
        "html_url": f"{SITE}/{login}",
        "repos_url": f"{origin}/users/{login}/repos",
        "type": "Organization" if organised else "User",
        "user_view_type": "public",
        "site_admin": False,
    }


def short(held: Held, origin: str) -> dict[str, Any]:
    """The form inside a search result."""
    repository = held.repository
    base = f"{origin}/repos/{repository.full_name}"
    return {
        "id": held.number,
        "node_id": held.node,
        "name": repository.name,
        "full_name": repository.full_name,
        "private": False,
        "owner": owner(held, origin),
        "html_url": f"{SITE}/{repository.full_name}",
        "description": repository.description,
        "fork": repository.fork,
        "url": base,
        **{name: _joined(base, rest) for name, rest in _BELOW.items()},
    }


def listed(held: Held, origin: str) -> dict[str, Any]:
    """The form inside a list of repositories."""
    repository = held.repository
    name = repository.full_name
    counted = repository.issues + repository.pulls
    return {
        **short(held, origin),
        "created_at": repository.created_at,
        "updated_at": max(repository.created_at, repository.pushed_at),
        "pushed_at": repository.pushed_at,
        "git_url": f"git://github.com/{name}.git",
        "ssh_url": f"git@github.com:{name}.git",
        "clone_url": f"{origin}/{name}.git",
        "svn_url": f"{SITE}/{name}",
        "homepage": repository.homepage,
        "size": kilobytes(held),
        "stargazers_count": repository.stars,
        # GitHub's "watchers" is the stars by another name; who watches is subscribers_count.
        "watchers_count": repository.stars,
        "language": None if held.empty else repository.language,
        "has_issues": True,
        "has_projects": True,
        "has_downloads": True,
        "has_wiki": True,
        "has_pages": False,
        "has_discussions": False,
        "forks_count": repository.forks,
        "mirror_url": None,
        "archived": repository.archived,
        "disabled": repository.state == "blocked",
        "open_issues_count": counted,
        "license": _licence(licence_of(repository.licence), origin),
        "allow_forking": True,
        "is_template": False,
        "web_commit_signoff_required": False,
        "topics": list(repository.topics),
        "visibility": "public",
        "forks": repository.forks,
        "open_issues": counted,
        "watchers": repository.stars,
        "default_branch": repository.branch,
        "permissions": {"admin": False, "maintain": False, "push": False, "triage": False, "pull": True},
    }


def full(held: Held, origin: str) -> dict[str, Any]:
    """The form of a repository asked for by itself."""
    about = {
        **listed(held, origin),
        "temp_clone_token": "",
        "network_count": held.repository.forks,
        "subscribers_count": held.repository.watchers,
    }
    if held.repository.organisation:
        about["organization"] = owner(held, origin)
    return about


def kilobytes(held: Held) -> int:
    """Its size as GitHub gives it, in units of 1,024 bytes; 0 where it is empty."""
    return -(-sum(map(len, held.files.values())) // 1024)


def _joined(base: str, rest: str) -> str:
    return f"{base}/{rest}"


def _licence(licence: Licence | None, origin: str) -> dict[str, Any] | None:
    if licence is None:
        return None
    return {
        "key": licence.key,
        "name": licence.name,
        "spdx_id": licence.spdx,
        "url": f"{origin}/licenses/{licence.key}" if licence.known else None,
        "node_id": node_id("L", len(licence.key)),
    }
