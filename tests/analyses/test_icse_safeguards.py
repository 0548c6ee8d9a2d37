"""Safeguards and the table of threats: held against a simulated hub whose owners and scans are known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from downstream.landed import about, land, mined, usage

import analyses
from analyses._base import Result
from crawler.crawl import Options, crawl
from crawler.session import Patience
from landing import Zone
from simhub import SimHub, build_synthetic
from simhub.truth import OwnerTruth
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

PIN = "a" * 40


class Known:
    """A census of a simulated hub, and what is true of it."""

    def __init__(self, folder: Path) -> None:
        build_synthetic(600, seed=8, path=folder / "hub.sqlite").close()
        zone = Zone(folder / "landing")
        with SimHub(folder / "hub.sqlite") as hub:
            options = Options(endpoint=hub.endpoint, details=("owners", "files"), patience=Patience(base=0.01))
            crawl(zone, "huggingface", options, program="test")
            self.owners: dict[str, OwnerTruth] = hub.truth.owners()
            self.specs = {spec.id: spec for spec in hub.truth.specs()}
            self.files = {name: [file.path for file in hub.truth.files(name)] for name in self.specs}
        first, second = sorted(self.specs)[:2]
        code = [mined("x/pinned", usage(first, revision=PIN)), mined("x/loose", usage(second, revision="main"))]
        land(folder, "discover", "repository", about("x/pinned", 1), about("x/loose", 2))
        land(folder, "mine", "mined", *code)
        load(zone, folder / "warehouse.duckdb", Limits("1GB", threads=1))
        self.warehouse = folder / "warehouse.duckdb"

    def flagged(self) -> set[str]:
        """Models of which the hub's scanners call a file unsafe (the rule of the simulated hub)."""
        pickles = (".bin", ".pkl", ".pt", ".pth", ".ckpt")
        return {
            name for name, spec in self.specs.items()
            if spec.seed % 40 == 0 and any(path.endswith(pickles) for path in self.files[name])
        }  # fmt: skip


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Known:
    return Known(tmp_path_factory.mktemp("safeguards"))


@pytest.fixture(scope="module")
def reader(known: Known) -> Iterator[Reader]:
    with Reader(known.warehouse) as opened:
        yield opened


def counts(result: Result, name: str) -> tuple[int, int]:
    row = result.table.set_index("practice").loc[name]
    return int(row["models"]), int(row["n"])


def test_verified_organisations_are_those_of_the_hub(known: Known, reader: Reader) -> None:
    result = analyses.run("security_practice", reader)
    organisations = [owner for owner in known.owners.values() if owner.organisation]
    verified = [owner for owner in organisations if owner.verified]
    assert verified, "the population must have some for the test to mean anything"
    assert counts(result, "verified organisations") == (len(verified), len(organisations))
    assert counts(result, "owners that are verified organisations") == (len(verified), len(known.owners))
    models = sum(owner.models for owner in known.owners.values())
    assert counts(result, "models of verified organisations") == (sum(o.models for o in verified), models)
    row = result.published.set_index("quantity").loc["verified organisations"]
    assert row["published"] == pytest.approx(0.0319, abs=5e-5) and row["ours"] == len(verified) / len(organisations)


def test_gates_and_scans_are_those_of_the_hub(known: Known, reader: Reader) -> None:
    result = analyses.run("security_practice", reader)
    gated = sum(bool(spec.gated) for spec in known.specs.values())
    assert counts(result, "gated models") == (gated, len(known.specs))
    flagged = known.flagged()
    assert flagged, "the population must have some for the test to mean anything"
    with_files = sum(bool(paths) for paths in known.files.values())
    assert counts(result, "models flagged by pickleImportScan") == (len(flagged), with_files)
    assert counts(result, "models flagged by ClamAV (avScan)") == (0, with_files)
    rows = reader.rows("SELECT DISTINCT model_id FROM mart.hub_scan WHERE scanner = 'hub' AND verdict = 'dangerous'")
    assert {row[0] for row in rows} == flagged


def test_what_cannot_be_measured_says_why_and_is_no_zero(known: Known, reader: Reader) -> None:
    table = analyses.run("security_practice", reader).table.set_index("practice")
    for name in ("repositories with a signed commit", "models flagged by jFrogScan"):
        row = table.loc[name]
        assert row["n"] == 0 and row["share"] != row["share"] and row["not measured"]
    assert (table.loc[table["n"] > 0, "not measured"] == "").all()


def test_the_table_of_threats_has_every_row_of_the_paper(known: Known, reader: Reader) -> None:
    table = analyses.run("stride", reader).table
    pairs = set(zip(table["threat"], table["mitigation"], strict=True))
    assert pairs == {
        ("Spoofing", "organisation verification"),
        ("Spoofing", "GPG commit signing"),
        ("Tampering", "GPG commit signing"),
        ("Tampering", "dependencies"),
        ("Tampering", "malware scan"),
        ("Tampering", "commit-hash checkout"),
        ("Repudiation", "GPG commit signing"),
        ("Repudiation", "documentation"),
        ("Elevation of privilege", "permission model"),
    }
    assert ((table["n"] > 0) == (table["not measured"] == "")).all() and (table["published"] != "").all()
    measured = table.loc[table["n"] > 0]
    assert ((measured["low"] <= measured["share"]) & (measured["share"] <= measured["high"])).all()
    for name in table["analysis"]:
        assert name in analyses.names()


def test_the_table_agrees_with_the_analyses_it_names(known: Known, reader: Reader) -> None:
    table = analyses.run("stride", reader).table.set_index("measure")
    practice = analyses.run("security_practice", reader)
    verified = table.loc["organisations that are verified"]
    assert (verified["models"], verified["n"]) == counts(practice, "verified organisations")
    pins = table.loc["repositories that pin a model by its commit"]
    whole = analyses.run("pinned_revisions", reader).tables["repositories"].set_index("pins").loc["some by commit"]
    assert (pins["models"], pins["n"]) == (whole["repositories"], whole["n"]) == (1, 2)
    claims = analyses.run("claims", reader).tables["tasks"]
    claimed = table.loc["models with a machine-readable claim"]
    assert (claimed["models"], claimed["n"]) == (claims["models"].sum(), claims["n"].sum())


def test_the_verdicts_of_2022_are_understood(tmp_path: Path) -> None:
    """The older block says safe and virusFound; a word that nobody knows is an error, not a pass."""
    import json
    from datetime import UTC, datetime

    from landing import Record

    zone, moment = Zone(tmp_path / "landing"), datetime(2022, 8, 15, tzinfo=UTC)
    old = {"safe": False, "avScan": {"virusFound": True}, "pickleImportScan": {"highestSafetyLevel": "innocuous"}}
    new = {"status": "banana", "avScan": {"status": "safe"}, "x\"'; DROP": {"status": "unsafe"}, "odd": 3}
    tree = [
        {"type": "file", "path": "a.bin", "size": 1, "security": old},
        {"type": "file", "path": "b.bin", "size": 1, "securityFileStatus": new},
        {"type": "file", "path": "c.bin", "size": 1, "securityFileStatus": "safe"},
        {"type": "file", "path": "d.bin", "size": 1},
    ]
    with zone.lock("huggingface"):
        writer = zone.start("huggingface", kind="details", program="test", parser="test/1", config={})
        record = Record("tree", "a/m", "https://h/t", 200, moment, json.dumps(tree).encode(), revision="c" * 40)
        writer.write_records([record], walk="files")
        writer.finish(complete=False, observed_at=moment)
    load(zone, tmp_path / "warehouse.duckdb", Limits("1GB", threads=1))
    with Reader(tmp_path / "warehouse.duckdb") as reader:
        rows = reader.rows("SELECT path, scanner, verdict, said FROM mart.hub_scan ORDER BY path, scanner")
    assert rows == [
        ("a.bin", "avScan", "dangerous", "infected"), ("a.bin", "hub", "dangerous", "unsafe"),
        ("a.bin", "pickleImportScan", "skipped", ""), ("b.bin", "avScan", "clean", "safe"),
        ("b.bin", "hub", "error", "banana"), ("b.bin", "x\"'; DROP", "dangerous", "unsafe"),
    ]  # fmt: skip
