"""Days pass: what is served is what is true, on each day; equal seeds give equal hubs."""

from __future__ import annotations

import hashlib

import pytest

from simhub import SimHub, build_synthetic
from simhub.clock import within
from simhub.evolve import advance


def _fingerprint(store) -> str:
    tables = ("state", "doc", "version", "edge", "claim", "carbon", "metric", "alias", "removal", "commit_made")
    text = "".join(repr(store.db.execute(f"SELECT * FROM {t} ORDER BY 1, 2").fetchall()) for t in tables)
    return hashlib.sha256(text.encode()).hexdigest()


def test_equal_seeds_give_equal_hubs() -> None:
    prints = []
    for seed in (1, 1, 2):
        store = build_synthetic(500, seed=seed)
        advance(store), advance(store)
        prints.append(_fingerprint(store))
        store.close()
    assert prints[0] == prints[1] != prints[2]


def test_served_lists_agree_with_the_truth_day_by_day(walker) -> None:
    with SimHub(build_synthetic(1_200, seed=11)) as hub:
        served = []
        for day in range(4):
            listed = list(walker(hub.endpoint).walk(full="1"))
            served.append({r["id"]: r for r in listed})
            assert len(listed) == len(served[day]) == hub.truth.count(day)
            if day < 3:
                assert hub.advance() == day + 1
        for day, found in enumerate(served):
            # Asked at the end: the truth of earlier days must not have moved.
            truth, metrics = hub.truth.models(day), hub.truth.metrics(day)
            assert set(found) == set(truth)
            for name, record in found.items():
                true = truth[name]
                assert (record["sha"], record["lastModified"]) == (true.sha, true.last_modified)
                assert (record["_id"], tuple(record["tags"])) == (true.oid, true.tags)
                assert (record["downloads"], record["likes"]) == metrics[name]
                assert record["gated"] == (true.gated or False)


@pytest.fixture(scope="module")
def grown():
    with SimHub(build_synthetic(2_000, seed=13)) as hub:
        hub.advance(5)
        yield hub


def test_something_of_everything_happens(grown) -> None:
    truth = grown.truth
    first, last = truth.ids(0), truth.ids(5)
    assert 3 <= len(truth.removals()) <= 5 and len(truth.renames()) >= 3
    reasons = [reason for day in range(1, 6) for reason in truth.vanished(day).values()]
    assert {"deleted", "private", "renamed"} == set(reasons)
    reasons = [reason for day in range(1, 6) for reason in truth.appeared(day).values()]
    assert {"new", "renamed"} <= set(reasons)
    assert set(last.values()) - set(first.values()) and set(first.values()) - set(last.values())
    before, after = truth.models(0), truth.models(5)
    changed = [n for n in before if n in after and before[n].sha != after[n].sha]
    assert any(before[n].licences != after[n].licences for n in changed)
    assert any(before[n].tags != after[n].tags for n in changed)
    assert any(not before[n].has_card and after[n].has_card for n in changed)
    same = set(before) & set(after)
    assert any(before[n].gated != after[n].gated for n in same)
    for name in changed:
        assert after[name].last_modified >= within(1, 0) and after[name].oid == before[name].oid
    counts = truth.metrics(0), truth.metrics(1)
    moved = sum(counts[0][n] != counts[1][n] for n in counts[0] if n in counts[1]) / len(counts[0])
    assert 0.25 < moved < 0.6


def test_identity_survives_a_rename(grown) -> None:
    truth = grown.truth
    for day, old, new in truth.renames():
        assert truth.ids(day - 1).get(old) in (None, truth.ids().get(new))
        assert old not in truth.ids()


def test_commits_of_the_days_are_recorded(grown) -> None:
    from huggingface_hub import HfApi

    api = HfApi(endpoint=grown.endpoint, token=False)
    name, date, title = next(c for c in grown.truth.commits(3) if c[0] in grown.truth.ids())
    commits = api.list_repo_commits(name)
    assert any(c.title == title and c.created_at.isoformat()[:19] == date[:19] for c in commits)
    assert commits[0].commit_id == grown.truth.model(name).sha
    assert [c.created_at for c in commits] == sorted((c.created_at for c in commits), reverse=True)


def test_population_has_the_published_skews() -> None:
    store = build_synthetic(8_000, seed=5)
    with SimHub(store) as hub:
        models, metrics = list(hub.truth.models().values()), hub.truth.metrics()
        edges = hub.truth.edges()

        def share(test) -> float:
            return sum(map(bool, map(test, models))) / len(models)

        assert abs(share(lambda m: m.licences) - 0.378) < 0.03
        assert abs(share(lambda m: m.task) - 0.533) < 0.03
        assert abs(share(lambda m: m.library) - 0.612) < 0.03
        assert abs(share(lambda m: m.created_at.startswith("2022-03-02T23:29:04")) - 0.04) < 0.01
        assert abs(sum(d == 0 for d, _ in metrics.values()) / len(metrics) - 0.495) < 0.03
        assert 0.7 < sum(e.resolved for e in edges) / len(edges) < 0.95
        assert any(e.self_loop for e in edges) and {e.relation for e in edges} == {
            "finetune", "adapter", "quantized", "merge",
        }  # fmt: skip
        _assert_acyclic(hub.truth)
        claims = hub.truth.claims()
        assert any(c.value is None for c in claims) and any(c.value_raw.endswith("%") for c in claims)
        assert {None, True, False} == {c.verified for c in claims}
        assert {m.front_matter for m in models} == {"valid", "invalid", "none"}


def _assert_acyclic(truth) -> None:
    ordinals = truth.ids()
    for edge in truth.edges():
        if edge.resolved and not edge.self_loop:
            assert ordinals[edge.parent] < ordinals[edge.child]
