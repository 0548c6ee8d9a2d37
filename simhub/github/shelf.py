"""The repositories that a simulated GitHub holds, with the ids it gives them, found by name, former name and id."""

from __future__ import annotations

import base64
import struct
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from simhub.github import objects
from simhub.github.repository import Repository

FIRST_ID = 700_000_000

#: Names of licences by SPDX id; GitHub's key is the id in lower case.
LICENCES = {
    "Apache-2.0": "Apache License 2.0",
    "MIT": "MIT License",
    "BSD-2-Clause": 'BSD 2-Clause "Simplified" License',
    "BSD-3-Clause": 'BSD 3-Clause "New" or "Revised" License',
    "GPL-2.0": "GNU General Public License v2.0",
    "GPL-3.0": "GNU General Public License v3.0",
    "AGPL-3.0": "GNU Affero General Public License v3.0",
    "LGPL-3.0": "GNU Lesser General Public License v3.0",
    "MPL-2.0": "Mozilla Public License 2.0",
    "CC0-1.0": "Creative Commons Zero v1.0 Universal",
    "CC-BY-4.0": "Creative Commons Attribution 4.0 International",
    "Unlicense": "The Unlicense",
    "NOASSERTION": "Other",
}


@dataclass(frozen=True, slots=True)
class Licence:
    """A licence as GitHub names it; its address is None where GitHub knows none."""

    key: str
    name: str
    spdx: str
    known: bool


def licence_of(spdx: str | None) -> Licence | None:
    """The licence that GitHub shows; a file that it cannot tell is "other"."""
    if spdx is None:
        return None
    key = "other" if spdx == "NOASSERTION" else spdx.lower()
    return Licence(key, LICENCES.get(spdx, spdx), spdx, spdx != "NOASSERTION")


def user_id(login: str) -> int:
    """The number of an account."""
    return 1_000 + zlib.crc32(login.lower().encode()) % 200_000_000


def node_id(prefix: str, *numbers: int) -> str:
    """A global id in GitHub's new form: a prefix, and a packed list of numbers. It is opaque to clients."""
    packed = bytes([0x91 + len(numbers), 0]) + b"".join(b"\xce" + struct.pack(">I", number) for number in numbers)
    return f"{prefix}_" + base64.urlsafe_b64encode(packed).rstrip(b"=").decode()


def numbers_of(identifier: str) -> tuple[str, tuple[int, ...]]:
    """The prefix and the numbers of a global id; ("", ()) for what is none."""
    prefix, _, packed = identifier.partition("_")
    try:
        raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))[2:]
        return prefix, tuple(struct.unpack(">I", raw[at + 1 : at + 5])[0] for at in range(0, len(raw), 5))
    except (ValueError, struct.error):
        return "", ()


class Held:
    """One repository as the forge holds it; its commit is worked out when it is first asked for."""

    __slots__ = ("_snapshot", "number", "repository")

    def __init__(self, repository: Repository, number: int) -> None:
        self.repository, self.number = repository, number
        self._snapshot: objects.Snapshot | None = None

    @property
    def files(self) -> Mapping[str, bytes]:
        """Its files; none where it is empty."""
        return {} if self.repository.state == "empty" else self.repository.files

    @property
    def empty(self) -> bool:
        """Whether it has no commit."""
        return not self.files

    @property
    def snapshot(self) -> objects.Snapshot:
        """Its one commit, with all ids."""
        if self._snapshot is None:
            self._snapshot = objects.snapshot(self.files, self.repository.pushed_at)
        return self._snapshot

    @property
    def commit(self) -> str:
        """The id of its one commit; "" where it is empty."""
        return "" if self.empty else self.snapshot.commit

    @property
    def node(self) -> str:
        """Its global id."""
        return node_id("R", self.number)

    @property
    def owner_node(self) -> str:
        """The global id of its owner."""
        return node_id("O" if self.repository.organisation else "U", user_id(self.repository.owner))

    def knows(self, ref: str) -> bool:
        """Whether its branch, HEAD, or its commit by at least seven digits."""
        bare = ref.removeprefix("refs/heads/").removeprefix("heads/")
        if bare in ("HEAD", self.repository.branch):
            return True
        return len(bare) >= 7 and self.commit.startswith(bare.lower())


class Shelf:
    """All repositories. Two of one name are a ``ValueError``."""

    def __init__(self, repositories: Iterable[Repository]) -> None:
        self.all: list[Held] = []
        self.by_name: dict[str, Held] = {}
        self.by_number: dict[int, Held] = {}
        self.by_owner: dict[str, list[Held]] = {}
        self.logins: dict[int, str] = {}
        self._former: dict[str, Held] = {}
        for place, repository in enumerate(repositories):
            self._add(Held(repository, FIRST_ID + 7 * place))

    def _add(self, held: Held) -> None:
        repository = held.repository
        name, owner = repository.full_name.lower(), repository.owner.lower()
        if name in self.by_name:
            raise ValueError(f"two repositories are called {repository.full_name}")
        self.all.append(held)
        self.by_name[name] = self.by_number[held.number] = held
        self.by_owner.setdefault(owner, []).append(held)
        self.logins.setdefault(user_id(repository.owner), owner)
        for former in repository.former:
            whole = former if "/" in former else f"{repository.owner}/{former}"
            self._former[whole.lower()] = held

    def find(self, name: str) -> tuple[Held | None, bool]:
        """The repository of a name, not one that is gone, and whether that is a former name."""
        held = self.by_name.get(name.lower())
        if held is not None:
            return (None if held.repository.state == "gone" else held), False
        held = self._former.get(name.lower())
        return (None, False) if held is None or held.repository.state == "gone" else (held, True)

    def numbered(self, number: int) -> Held | None:
        """The repository of a number, not one that is gone."""
        held = self.by_number.get(number)
        return None if held is None or held.repository.state == "gone" else held

    def organised(self, owner: str) -> bool | None:
        """Whether an account is an organisation; None where there is no such account."""
        owned = self.by_owner.get(owner.lower())
        return any(held.repository.organisation for held in owned) if owned else None
