"""Every documented quantity of the simulated hub is recovered exactly: on every day, and under faults."""

from __future__ import annotations

import itertools
import re

import pytest

pytestmark = pytest.mark.xdist_group("census")


def full_days(census):
    """The days of full listings: only they promise attributes that change without a commit."""
    return [day for day, run in census.runs.items() if run["kind"] == "listing"]


def test_models_of_every_day(census):
    for day in census.moments:
        with census.reader(day) as reader:
            found = {row[0] for row in reader.rows("SELECT model_id FROM mart.model WHERE NOT removed")}
        assert found == set(census.truth.models(day)), day


def test_attributes(census):
    for day in full_days(census):
        with census.reader(day) as reader:
            rows = reader.rows(
                "SELECT model_id, native_id, sha, task, library, gated, disabled, has_card FROM mart.model "
                "WHERE NOT removed"
            )
        truth = census.truth.models(day)
        for name, native, sha, task, library, gated, disabled, has_card in rows:
            model = truth[name]
            assert (native, sha, task, library) == (model.oid, model.sha, model.task or None, model.library or None)
            assert (gated, disabled, has_card) == (model.gated or "false", bool(model.disabled), model.has_card), name


def test_tags_licences_datasets_languages(census):
    for day in full_days(census):
        with census.reader(day) as reader:
            rows = reader.rows("SELECT model_id, kind::VARCHAR, value, tag FROM mart.model_tag")
        found: dict[str, dict[str, set]] = {}
        for name, kind, value, tag in rows:
            model = found.setdefault(name, {"tags": set()})
            model["tags"].add(tag)
            model.setdefault(kind, set()).add(value)
        for name, model in census.truth.models(day).items():
            seen = found.get(name, {"tags": set()})
            assert seen["tags"] == {tag[:1024] for tag in model.tags}, name
            assert seen.get("licence", set()) == set(model.licences), name
            assert seen.get("dataset", set()) == set(model.datasets), name


def test_lineage(census):
    for day in full_days(census):
        with census.reader(day) as reader:
            rows = reader.rows("SELECT child_id, parent_id, relation, resolved, self_loop FROM mart.lineage_edge")
        truth = {(e.child, e.parent, e.relation or None, e.resolved, e.self_loop) for e in census.truth.edges(day)}
        assert len(rows) == len(set(rows))
        assert set(rows) == truth


def test_counters_of_every_day(census):
    for day, moment in census.moments.items():
        with census.reader() as reader:
            rows = reader.rows(
                "SELECT model_id, downloads, likes FROM mart.model_metric WHERE observed_at = $1::TIMESTAMP",
                [moment.replace(tzinfo=None)],
            )
        found = {name: (downloads, likes) for name, downloads, likes in rows}
        assert len(found) == len(rows)
        assert found == census.truth.metrics(day), day


def test_what_vanished_is_dated_and_what_returned_is_back(census):
    days = sorted(census.moments)
    for before, day in itertools.pairwise(days):
        gone = set(census.truth.models(before)) - set(census.truth.models(day))
        with census.reader(day) as reader:
            rows = reader.rows("SELECT model_id, removed_at, last_seen FROM mart.model WHERE removed")
        found = {name: (removed, seen) for name, removed, seen in rows}
        assert gone <= set(found)
        for name in gone:
            assert found[name][0] == census.moments[day].replace(tzinfo=None)
            assert found[name][1] == census.moments[before].replace(tzinfo=None)


def test_renames_are_certain(census):
    last = max(census.moments)
    seen = set().union(*(census.truth.models(day) for day in census.moments))
    truth = {(old, now) for _, old, now in census.truth.renames(last) if old in seen and now in seen and old != now}
    with census.reader() as reader:
        rows = reader.rows("SELECT model_id, canonical_id, confidence FROM mart.alias WHERE evidence = 'native-id'")
    assert {(old, new) for old, new, _ in rows} == truth
    assert all(confidence == 1 for *_, confidence in rows)


def test_claims_and_carbon(census):
    for day in full_days(census):
        with census.reader(day) as reader:
            claims = reader.rows("SELECT model_id, task, dataset, metric, value_raw, value, verified FROM mart.claim")
            carbon = dict(reader.rows("SELECT model_id, emissions_g FROM mart.carbon"))
        truth = [
            (c.id, c.task, c.dataset, c.metric, str(c.value_raw), c.value, c.verified)
            for c in census.truth.claims(day)
        ]
        assert sorted(claims, key=repr) == sorted(truth, key=repr)
        assert set(carbon) == set(census.truth.carbon(day))
        for name, (_, grams) in census.truth.carbon(day).items():
            assert carbon[name] == pytest.approx(grams) if grams is not None else carbon[name] is None


def test_cards(census):
    for day in full_days(census):
        with census.reader(day) as reader:
            rows = reader.rows(
                "SELECT model_id, sha256, truncated, has_front_matter, front_matter_valid FROM mart.card"
            )
        truth = {card.id: card for card in census.truth.cards(day)}
        # A gated or disabled card cannot be read; an id that is no id (../../etc/passwd) never gets into a URL.
        fit = re.compile(r"[\w.-]+(/[\w.-]+)?")
        models = census.truth.models(day)
        readable = {
            name
            for name, model in models.items()
            if not (model.gated or model.disabled) and fit.fullmatch(name) and ".." not in name
        }
        found = {row[0]: row for row in rows}
        assert set(found) & readable == set(truth) & readable
        for name in set(found) & readable:
            _, sha256, truncated, has_front, valid = found[name]
            card = truth[name]
            if card.size <= 5 << 20:
                assert (sha256, truncated) == (card.sha256, False), name
                assert {"none": (False, None), "valid": (True, True), "invalid": (True, False)}[
                    card.front_matter
                ] == (
                    has_front,
                    valid,
                ), name
            else:
                assert truncated


def test_bad_records_are_quarantined_and_counted(stormy):
    bad = stormy.truth.bad_records()
    with stormy.reader() as reader:
        rows = reader.rows("SELECT run_key, count(*) FROM raw.quarantine WHERE NOT kept AND ordinal >= -1 GROUP BY 1")
        counted = reader.rows("SELECT quarantined FROM core.snapshot ORDER BY 1")
    assert sum(bad.values()) == 8
    assert [n for _, n in rows] == [8, 8]
    assert counted == [(8,), (8,)]


def test_details(calm):
    day = max(calm.moments)
    with calm.reader(day) as reader:
        files = reader.rows("SELECT model_id, path, size, sha256 FROM mart.file WHERE size IS NOT NULL")
        commits = reader.value("SELECT count(*) FROM core.commit")
        tensors = reader.rows(
            "SELECT m.name, sum(t.parameters) FROM core.tensor_file t JOIN core.model m USING (model_id) GROUP BY ALL"
        )
    by_model: dict[str, set] = {}
    for name, path, size, sha256 in files:
        by_model.setdefault(name, set()).add((path, size, sha256))
    models = calm.truth.models(day)
    open_models = [name for name, model in models.items() if not (model.gated or model.disabled)]
    compared = 0
    for name in open_models:
        if name in by_model:
            truth = {(f.path, f.size, f.sha256 if f.pointer_size else None) for f in calm.truth.files(name, day)}
            assert by_model[name] == truth, name
            compared += 1
    assert compared > 0.9 * len(open_models)
    assert commits > len(models)
    assert tensors


def test_no_check_fails(census):
    from warehouse.check import run
    from warehouse.database import open_reader

    connection = open_reader(census.home / "warehouse.duckdb")
    failed = [check for check in run(connection) if not check.ok and not check.warning]
    connection.close()
    assert failed == []
