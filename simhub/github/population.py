"""A synthetic GitHub whose truth is known: repositories that load models in every way, or only seem to.

`invent` is deterministic for (count, seed, models). Models are reused as Zipf has it, in the order in which they are
given; stars and forks are log-normal and share a little of their draw with each other and nothing with what a
repository loads, so that a correlation with anything else that is found here is one that was made up. A third of the
repositories loads nothing, though a search for words of code finds them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from random import Random

from simhub.apps import _archives
from simhub.clock import number
from simhub.github import _about, _compose
from simhub.github._models import MODELS
from simhub.github.repository import Repository, State

#: What can be wrong with the archive of a repository.
HOSTILE_ARCHIVES = (*_archives.HOSTILE, "huge", "cut")
#: What repositories are beside being there, with the share of each.
_SHARES = {
    "gone": 0.01,
    "empty": 0.005,
    "blocked": 0.005,
    "renamed": 0.01,
    "hostile": 0.01,
    "fork": 0.05,
    "archived": 0.03,
    "busy": 0.02,
    "bulky": 0.004,
    "crowded": 0.001,
}
_STATES: Mapping[str, State] = {"gone": "gone", "empty": "empty", "blocked": "blocked"}
_IDLE = 1 / 3


def invent(count: int, seed: int = 0, models: Sequence[str] = MODELS) -> list[Repository]:
    """So many repositories that load these models; the first models are the most used."""
    roles = _roles(count, seed)
    names = _about.Names(count, seed)
    chosen = _compose.Chosen(models)
    made: list[Repository] = []
    for ordinal in range(count):
        rng = Random(number(seed, "repository", ordinal))
        role = roles.get(ordinal, "")
        parent = _parent(made, rng) if role == "fork" else None
        owner, organisation = names.owner(rng)
        if parent is not None:
            made.append(_forked(parent, names, owner, organisation, rng))
            continue
        name = names.of(owner, rng)
        about = _about.about(rng, ordinal)
        written = _compose.write(owner, name, chosen, rng, uses=rng.random() >= _IDLE, role=role)
        one = replace(written, organisation=organisation, **about)
        made.append(_with_role(one, role, names, rng))
    return _with_archives(made, [ordinal for ordinal, role in roles.items() if role == "hostile"])


def truth_usages(
    repositories: Iterable[Repository], refused: Collection[str] = frozenset()
) -> set[tuple[str, str, str]]:
    """Repository, path and model of every load in what can be fetched.

    Not in what is gone, empty or blocked, nor where the archive has something that is ``refused`` as a whole.
    """
    return {
        (one.full_name, usage.path, usage.model_id)
        for one in repositories
        if one.state == "there" and not set(one.hostile) & set(refused)
        for usage in one.usages
    }


def _roles(count: int, seed: int) -> dict[int, str]:
    """Which repositories are something special; each is one thing."""
    least = {"hostile": len(HOSTILE_ARCHIVES) if count >= 300 else 0, "crowded": int(count >= 300)}
    least["bulky"] = 3 * (count >= 300)
    order = list(range(count))
    Random(number(seed, "roles", count)).shuffle(order)
    roles: dict[int, str] = {}
    for role, share in _SHARES.items():
        some = max(round(share * count), least.get(role, 0), int(count >= 100))
        for _ in range(min(some, len(order))):
            roles[order.pop()] = role
    return roles


def _with_role(one: Repository, role: str, names: _about.Names, rng: Random) -> Repository:
    if role in _STATES:
        return _emptied(one) if role == "empty" else replace(one, state=_STATES[role])
    if role == "renamed":
        owner, _ = names.owner(rng)
        before = [f"{one.owner}/{names.of(one.owner, rng)}", f"{owner}/{names.of(owner, rng)}"]
        return replace(one, former=tuple(before[: rng.choice((1, 1, 2))]))
    if role == "archived":
        return replace(one, archived=True)
    if role == "busy":
        return replace(one, issues=rng.randrange(120, 251), pulls=rng.randrange(120, 251))
    return one


def _emptied(one: Repository) -> Repository:
    """What nobody has pushed to yet."""
    bare = replace(one, files={}, usages=(), dependencies=(), licence=None, language=None)
    return replace(bare, state="empty", pushed_at=one.created_at)


def _parent(made: list[Repository], rng: Random) -> Repository | None:
    """Something to fork: popular ones are forked more."""
    fit = [one for one in made if one.state == "there" and not one.fork and len(one.files) < 100]
    return rng.choices(fit, [1 + one.forks for one in fit])[0] if fit else None


def _forked(parent: Repository, names: _about.Names, owner: str, organisation: bool, rng: Random) -> Repository:
    """A copy at somebody else's, as it mostly stays; now and then with a file of its own."""
    files = dict(parent.files)
    if rng.random() < 0.3:
        files["FORK.md"] = f"# Our copy of {parent.full_name}\n".encode()
    pushed = max(parent.created_at, _about.moment(rng, 400))
    return replace(
        parent,
        owner=owner,
        name=names.like(owner, parent.name),
        files=files,
        fork=True,
        organisation=organisation,
        stars=rng.choice((0, 0, 0, 1, 2)),
        forks=0,
        watchers=rng.choice((0, 1)),
        issues=0,
        pulls=rng.choice((0, 0, 1)),
        created_at=pushed,
        pushed_at=pushed,
        former=(),
        archived=False,
    )


def _with_archives(made: list[Repository], ordinals: list[int]) -> list[Repository]:
    """The repositories, with every kind of hostile archive in turn."""
    for turn, ordinal in enumerate(sorted(ordinals)):
        kind = HOSTILE_ARCHIVES[turn % len(HOSTILE_ARCHIVES)]
        made[ordinal] = replace(made[ordinal], hostile=(kind,))
    return made
