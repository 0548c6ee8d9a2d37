"""A day passes: commits, new models, renames, deletions, doors that open and close, counters that move.

Everything is drawn from (seed, day), so two hubs with the same past have the same future. About 2 % of
the models change, 0.4 % are new, 0.05 % vanish, 55 % of the counters move.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from simhub import claims
from simhub.clock import DAY0, DAY_SECONDS, number, within
from simhub.families import Families, Parent
from simhub.naming import owner_name
from simhub.population import Counters, Generator
from simhub.spec import Spec
from simhub.store import Store
from simhub.vocab import FUN

_COUNTERS = """
WITH moved AS (
  SELECT ordinal, (ordinal * 2654435761 + :salt) % 1000003 AS h FROM state WHERE downloads >= 0)
UPDATE state SET
  downloads = max(0, downloads + downloads * (h % 21 - 10) / 100 + h / 7 % 5 - 1),
  all_time = all_time + h / 7 % 5,
  likes = likes + (h % 97 = 0),
  trending = CASE WHEN h % 53 = 0 THEN h % 40 ELSE trending END
FROM moved WHERE moved.ordinal = state.ordinal AND h % 100 < 55
"""
_METRICS = """
INSERT OR REPLACE INTO metric SELECT :day, ordinal, downloads, likes FROM state
WHERE downloads >= 0 AND (ordinal * 2654435761 + :salt) % 1000003 % 100 < 55
"""


def advance(store: Store) -> int:
    """Let one day pass; the new day."""
    day = store.day + 1
    rng = Random(number(store.seed, "day", day))
    store.drop_lazy()
    store.db.execute("BEGIN")
    _move_counters(store, day)
    alive = _alive(store)
    _change(store, day, alive, rng)
    store.db.execute("COMMIT")
    if store.get("kind") == "synthetic":
        store.add(_newcomers(store, day, len(alive), rng), day)
    store.put("day", day)
    return day


def _alive(store: Store) -> list[int]:
    """The models that days may change: all but those with real files."""
    fixed = set(json.loads(store.get("fixed", "[]")))
    return [o for (o,) in store.db.execute("SELECT ordinal FROM state ORDER BY ordinal") if o not in fixed]


def _move_counters(store: Store, day: int) -> None:
    bound = {"day": day, "salt": number(store.seed, "counters", day) % 999_983}
    store.db.execute(_COUNTERS, bound)
    store.db.execute(_METRICS, bound)


def _share(count: int, share: float) -> int:
    """At least one, so that small hubs show every event."""
    return min(count, max(1, int(count * share)))


def _change(store: Store, day: int, alive: list[int], rng: Random) -> None:
    removed = rng.sample(alive, _share(len(alive), 0.0005))
    for ordinal in removed:
        store.remove(ordinal, day)
    gone = set(removed)
    alive = [o for o in alive if o not in gone]
    for kind, share in (("rename", 0.0005), ("door", 0.001), ("commit", 0.019)):
        for ordinal in rng.sample(alive, _share(len(alive), share)):
            spec = store.current(ordinal)
            if spec is not None:
                _EVENTS[kind](store, spec, day, rng)
                store.revise(spec, day)


def _rename(store: Store, spec: Spec, day: int, rng: Random) -> None:
    """The id changes, `_id` stays; the old id keeps working as a redirect."""
    old = spec.id
    spec.origin = spec.first_id
    new_owner = owner_name(rng.randrange(140)) if rng.random() < 0.5 else spec.owner
    spec.id = (
        f"{new_owner}/{spec.name}-r{day}" if new_owner == spec.owner else f"{new_owner}/{spec.name}-{spec.ordinal}"
    )
    store.db.execute("UPDATE alias SET new_id=? WHERE ordinal=?", (spec.id, spec.ordinal))
    store.db.execute("INSERT OR REPLACE INTO alias VALUES (?,?,?,?)", (old, spec.ordinal, day, spec.id))


def _door(store: Store, spec: Spec, day: int, rng: Random) -> None:
    """A model goes private, comes back, or becomes gated: settings, no commit."""
    if spec.private or rng.random() < 0.5:
        spec.private = not spec.private
    else:
        spec.gated = "" if spec.gated else rng.choice(("auto", "manual"))


def _commit(store: Store, spec: Spec, day: int, rng: Random) -> None:
    """One to three commits: the card, the licence, the tags or the weights change."""
    titles = []
    moments = sorted(rng.randrange(DAY_SECONDS) for _ in range(rng.choice((1, 1, 1, 2, 3))))
    for moment in moments:
        spec.commits += 1
        titles.append(_edit(spec, rng))
        spec.modified = within(day, moment)
        made = (spec.ordinal, spec.commits, day, spec.modified, titles[-1])
        store.db.execute("INSERT INTO commit_made VALUES (?,?,?,?,?)", made)


_EVENTS = {"rename": _rename, "door": _door, "commit": _commit}


def _edit(spec: Spec, rng: Random) -> str:
    roll = rng.random()
    if roll < 0.3:
        spec.weights_rev += 1
        return "Upload folder using huggingface_hub"
    if spec.card in ("none", "empty"):
        spec.card = rng.choice(("yaml_only", "template", "full"))
        return "Create README.md"
    spec.card_rev += 1
    if roll < 0.5 and spec.declares:
        spec.licences = [rng.choice(("apache-2.0", "mit", "cc-by-nc-4.0", "llama3"))]
        spec.licence_name = ""
        return "Update license"
    if roll < 0.6 and spec.declares and not spec.results:
        spec.results = claims.results(spec.task, spec.words, rng)
        return "Add evaluation results"
    if roll < 0.7 and spec.declares:
        spec.words = [*spec.words, f"{rng.choice(FUN)}-{spec.card_rev}"]
    return "Update README.md"


def _newcomers(store: Store, day: int, alive: int, rng: Random) -> Iterator[tuple[Spec, Counters]]:
    families = _families(store)
    generator = Generator(store.seed, int(store.get("models", "1")), families)
    first, count = store.next_ordinal(), _share(alive, 0.004)
    for index in range(count):
        moment = DAY0 + day * DAY_SECONDS + index * DAY_SECONDS // (count + 1)
        spec, counters = generator.make(first + index, moment)
        spec.modified, spec.commits = spec.created, 1
        yield spec, Counters(min(counters.downloads, 50), 0, min(counters.downloads, 50), 0)


def _families(store: Store) -> Families:
    """Possible parents of today's new models: the oldest public ones."""
    families, rng = Families(), Random(0)
    for spec in store.specs("valid_to IS NULL AND private = 0 AND ordinal < 3000"):
        if spec.arch and spec.relation in ("", "finetune"):
            families.offer(Parent(spec.id, spec.arch, tuple(spec.size), tuple(spec.licences)), rng)
    return families
