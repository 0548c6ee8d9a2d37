"""The files of PeaTMOSS's licence study: a small copy by hand, files that are none, and the real ones."""

from __future__ import annotations

import csv
import gzip
import json
import os
import shutil
import zipfile
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from doors import hubcensus

import analyses
from analyses import _style
from crawler.imports import peatmoss_licences
from landing import RunWriter, Zone
from warehouse.reader import Reader

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
REAL = [
    SHARED / "downstream" / "peatmoss_mapping.csv.gz",
    SHARED / "downstream" / "peatmoss_all_gh_licenses.json.gz",
    SHARED / "licenses" / "peatmoss_Linux-Foundation-OSS-License-Compatibility.xlsx",
]
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
MAPPING = [
    ("github.com/ann/app", "bert", "https://huggingface.co/bert", "apache-2.0"),
    ("github.com/ann/app", "lab/llm", "https://huggingface.co/lab/llm", "cc-by-nc-4.0"),
    ("https://github.com/joe/tool.git", "bert", "https://huggingface.co/bert", "apache-2.0"),
    ("github.com/joe/tool", "lab/gpl", "https://huggingface.co/lab/gpl", "GPL-3.0"),
    ("github.com/joe/tool", "lab/gpl", "https://huggingface.co/lab/gpl", "mit"),
    ("github.com/kim/two", "bert", "https://huggingface.co/bert", "apache-2.0"),
    ("github.com/kim/none", "lab/bare", "https://huggingface.co/lab/bare", ""),
]
LICENCES = {
    "ann/app": ["mit"],
    "joe/tool": ["bsd-new"],
    "kim/two": ["mit", "apache-2.0"],
    "kim/none": None,
    "zoe/idle": ["gpl-3.0"],
    "mnt": None,
}
SHEET = [
    ["Compatibility", "mit", "apache-2.0", "gpl-3.0-only"],
    ["mit", None, "yes", "no"],
    ["apache-2.0", "yes", None, "no"],
    ["bsd-3-clause", "yes", "yes", "?"],
]


def workbook(path: Path, rows: list[list[str | None]], sheet: bytes | None = None) -> Path:
    """A workbook of one sheet, its texts shared as a spreadsheet program writes them."""
    words = sorted({word for row in rows for word in row if word})
    cells = "".join(
        f'<row r="{y}">'
        + "".join(
            f'<c r="{chr(64 + x)}{y}" t="s"><v>{words.index(word)}</v></c>' for x, word in enumerate(row, 1) if word
        )
        + "</row>"
        for y, row in enumerate(rows, 1)
    )
    strings = "".join(f"<si><t>{escape(word)}</t></si>" for word in words)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings.xml", f'<sst xmlns="{MAIN}">{strings}</sst>')
        whole = f'<worksheet xmlns="{MAIN}"><sheetData>{cells}</sheetData></worksheet>'
        archive.writestr("xl/worksheets/sheet1.xml", sheet if sheet is not None else whole)
    return path


def study(folder: Path, *, mapping: list[tuple] = MAPPING, licences: object = LICENCES, sheet: bool = True) -> Path:
    """A folder with the files of a study, one of them deeper and packed."""
    (folder / "deeper").mkdir(parents=True, exist_ok=True)
    with (folder / "mapping.csv").open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows(mapping)
    with gzip.open(folder / "deeper" / "all_gh_licenses.json.gz", "wt", encoding="utf-8") as stream:
        json.dump(licences, stream)
    if sheet:
        workbook(folder / "LF-OSS-License-Compatibility.xlsx", SHEET)
    return folder


def rows(home: Path, query: str) -> list[tuple]:
    with Reader(home / "warehouse.duckdb") as reader:
        return reader.rows(query)


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    hubcensus(folder / "home", "import", "peatmoss-licences", str(study(folder / "in")))
    hubcensus(folder / "home", "load")
    hubcensus(folder / "home", "check")
    return folder / "home"


def test_repositories_have_the_licences_that_were_found_in_them(home):
    found = rows(
        home,
        """
        SELECT r.owner || '/' || r.name, list(l.raw ORDER BY l.raw) FILTER (l.raw IS NOT NULL), any_value(c.miner),
            bool_and(l.evidence = 'import' AND l.path IS NULL), any_value(c.commit)
        FROM core.repository r JOIN core.repository_code c ON c.repository_id = r.repository_id
        LEFT JOIN core.repository_licence l ON l.code_id = c.code_id GROUP BY 1 ORDER BY 1
        """,
    )
    assert [(name, words) for name, words, *_ in found] == [
        ("ann/app", ["mit"]),
        ("joe/tool", ["bsd-new"]),
        ("kim/none", None),
        ("kim/two", ["apache-2.0", "mit"]),
        ("zoe/idle", ["gpl-3.0"]),
    ]
    assert {miner for *_, miner, _, _ in found} == {peatmoss_licences.VERSION}
    assert all(stated is not False for *_, stated, _ in found) and {commit for *_, commit in found} == {None}


def test_usages_are_joined_to_the_models_of_the_same_import(home):
    found = rows(
        home,
        "SELECT split_part(repository, '.com/', 2), model_id, joined, how, confidence FROM mart.usage ORDER BY ALL",
    )
    assert [tuple(row[:3]) for row in found] == [
        ("ann/app", "bert", True),
        ("ann/app", "lab/llm", True),
        ("joe/tool", "bert", True),
        ("joe/tool", "lab/gpl", True),
        ("kim/none", "lab/bare", True),
        ("kim/two", "bert", True),
    ]
    assert {tuple(row[3:]) for row in found} == {("import", peatmoss_licences.CONFIDENCE)}


def test_models_state_their_licences_and_nothing_else(home):
    found = rows(home, "SELECT model_id, licence_raw, licences, downloads, task FROM mart.model ORDER BY 1")
    assert found == [
        ("bert", "apache-2.0", 1, None, None),
        ("lab/bare", None, 0, None, None),
        ("lab/gpl", "GPL-3.0", 2, None, None),
        ("lab/llm", "cc-by-nc-4.0", 1, None, None),
    ]
    assert rows(home, "SELECT hub, kind, complete FROM mart.snapshot") == [("huggingface", "import", False)]


def test_the_sheet_is_rules_row_by_column(home):
    found = rows(home, "SELECT derivative, original, verdict FROM core.licence_rule WHERE matrix = 'peatmoss'")
    expected = {(row[0], SHEET[0][x], word) for row in SHEET[1:] for x, word in enumerate(row) if x and word}
    assert set(found) == expected and len(found) == len(expected) == 7
    assert ("mit", "gpl-3.0-only", "no") in expected


def test_what_names_no_repository_is_quarantined_and_the_date_is_that_of_the_files(home):
    assert rows(home, "SELECT key FROM raw.quarantine") == [("mnt",)]
    moments = rows(home, "SELECT DISTINCT hub, observed_at FROM raw.run ORDER BY 1")
    expected = peatmoss_licences.PUBLISHED.replace(tzinfo=None)
    assert moments == [("downstream-import", expected), ("huggingface", expected)]


def test_the_originals_are_kept_byte_for_byte(home):
    folder = home.parent / "in"
    (run,) = Zone(home / "landing").runs("downstream-import")
    kept = [run.path(part).read_bytes() for part in run.parts() if part.kind == "original"]
    assert kept == [
        (folder / "mapping.csv").read_bytes(),
        (folder / "deeper" / "all_gh_licenses.json.gz").read_bytes(),
    ]
    import hashlib

    sheet = hashlib.sha256((folder / "LF-OSS-License-Compatibility.xlsx").read_bytes()).hexdigest()
    assert rows(home, "SELECT sha256 FROM raw.record WHERE kind = 'original-sheet'") == [(sheet,)]


def test_importing_again_lands_nothing_and_other_files_land_anew(tmp_path):
    folder, home = study(tmp_path / "in"), tmp_path / "home"
    first = hubcensus(home, "import", "peatmoss-licences", str(folder))["runs"]
    second = hubcensus(home, "import", "peatmoss-licences", str(folder))["runs"]
    assert [(run["hub"], run["new"]) for run in first] == [("huggingface", True), ("downstream-import", True)]
    assert [(run["run_id"], run["new"]) for run in second] == [(run["run_id"], False) for run in first]
    study(folder, licences={**LICENCES, "ann/app": ["gpl-3.0"]})
    third = hubcensus(home, "import", "peatmoss-licences", str(folder))["runs"]
    assert [run["new"] for run in third] == [False, True]
    moved = hubcensus(home, "import", "peatmoss-licences", str(folder), "--observed-at", "2023-07-10")["runs"]
    assert {run["observed_at"][:10] for run in moved} == {"2023-07-10"} and all(run["new"] for run in moved)


@pytest.mark.parametrize("survived", range(5))
def test_an_import_that_was_cut_off_goes_on(tmp_path, monkeypatch, survived):
    """Killed after so many parts of the second run, it lands the rest and the same as without a kill."""
    folder, zone = study(tmp_path / "in"), Zone(tmp_path / "landing")
    monkeypatch.setattr(peatmoss_licences, "BUNDLE", 2)
    whole = peatmoss_licences.land(Zone(tmp_path / "other"), folder, program="test")
    written = RunWriter._journal

    def journal(self, line):
        if self.manifest.source == peatmoss_licences.SOURCE and line.part is not None and self.landed >= survived:
            raise KeyboardInterrupt
        written(self, line)

    monkeypatch.setattr(RunWriter, "_journal", journal)
    with pytest.raises(KeyboardInterrupt):
        peatmoss_licences.land(zone, folder, program="test")
    monkeypatch.setattr(RunWriter, "_journal", written)
    landed = peatmoss_licences.land(zone, folder, program="test")
    assert [run.counts for run in landed] == [run.counts for run in whole]
    assert len(zone.runs()) == 2
    hashes = [
        [part.body_sha256 for part in where.runs(peatmoss_licences.SOURCE)[0].parts() if part.kind != "original"]
        for where in (zone, Zone(tmp_path / "other"))
    ]
    assert hashes[0] == hashes[1] and len(hashes[0]) == 5


def test_without_a_sheet_there_are_no_rules(tmp_path):
    home = tmp_path / "home"
    hubcensus(home, "import", "peatmoss-licences", str(study(tmp_path / "in", sheet=False)))
    hubcensus(home, "load")
    assert rows(home, "SELECT count(*) FROM core.licence_rule") == [(0,)]
    assert rows(home, "SELECT count(*) FROM core.usage") == [(6,)]


def test_two_spellings_of_a_repository_are_one(tmp_path):
    mapping = [("github.com/Ann/App", "a", "", "mit"), ("github.com/ann/app", "b", "", "mit")]
    home = tmp_path / "home"
    hubcensus(
        home,
        "import",
        "peatmoss-licences",
        str(study(tmp_path / "in", mapping=mapping, licences={"ANN/app": ["mit"]})),
    )
    hubcensus(home, "load")
    found = "SELECT count(*), count(DISTINCT code_id) FROM core.usage JOIN core.repository_licence USING (code_id)"
    assert rows(home, found) == [(2, 1)]


HOSTILE = [
    "x'; DROP TABLE core.usage; --",
    "../../etc/passwd",
    "<img src=x onerror=alert(1)>",
    "\ud800bad",
    "a\u0000b",
    "名/模型",
]


def test_hostile_words_are_words(tmp_path):
    names = [word.encode("utf-8", "replace").decode() for word in HOSTILE]
    mapping = [("github.com/a/b", word, "", word) for word in names if "\0" not in word]
    licences = {"a/b": HOSTILE, **{f"owner/{word}": [word] for word in HOSTILE}}
    home = tmp_path / "home"
    hubcensus(home, "import", "peatmoss-licences", str(study(tmp_path / "in", mapping=mapping, licences=licences)))
    hubcensus(home, "load")
    hubcensus(home, "check")
    assert rows(home, "SELECT count(*) FROM core.usage") == [(len(mapping),)]
    assert HOSTILE[0] in {word for (word,) in rows(home, "SELECT raw FROM core.repository_licence")}
    with Reader(home / "warehouse.duckdb") as reader:
        result = analyses.run("repository_licence", reader)
        assert result.available and result.tables["causes"]["relations"].sum() == len(mapping)
        assert b"<img" not in _style.svg(result.figure())


def refused(tmp_path: Path, folder: Path) -> str:
    said = hubcensus(tmp_path / "home", "import", "peatmoss-licences", str(folder), code=2)
    assert said.count("\n") <= 2 and "Traceback" not in said
    assert not list((tmp_path / "home").rglob("parts/*")), "nothing landed"
    return said


@pytest.mark.parametrize(
    "content, word",
    [
        (b"", "holds no row"),
        (b"a,b\n", "not repository, model id, page and licence"),
        (b"github.com/a/b,,x,mit\n", "Line 1"),
        (b'github.com/a/b,m,u,"mit\n', "no CSV"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"x" * 200_000 + b",m,u,mit\n", "no CSV"),
    ],
)
def test_a_mapping_that_is_none(tmp_path, content, word):
    folder = study(tmp_path / "in")
    (folder / "mapping.csv").write_bytes(content)
    assert word in refused(tmp_path, folder)


@pytest.mark.parametrize(
    "content, word",
    [
        ("[]", "no JSON object"),
        ('{"a/b": "mit"}', "neither a list"),
        ('{"a/b": [1]}', "neither a list"),
        ("{", "no JSON"),
        ("[" * 100_000, "no JSON"),
    ],
)
def test_licences_that_are_none(tmp_path, content, word):
    folder = study(tmp_path / "in")
    (folder / "deeper" / "all_gh_licenses.json.gz").write_bytes(gzip.compress(content.encode()))
    assert word in refused(tmp_path, folder)


def test_a_packed_file_that_is_none_or_endless(tmp_path, monkeypatch):
    folder = study(tmp_path / "in")
    packed = folder / "deeper" / "all_gh_licenses.json.gz"
    packed.write_bytes(b"no gzip")
    assert "cannot be read" in refused(tmp_path, folder)
    packed.write_bytes(gzip.compress(b"{}")[:-5])
    assert "cannot be read" in refused(tmp_path, folder)
    monkeypatch.setattr(peatmoss_licences, "LARGEST", 1 << 20)
    packed.write_bytes(gzip.compress(b" " * (2 << 20)))
    assert "larger than 1 MiB" in refused(tmp_path, folder)


ENTITIES = b'<?xml version="1.0"?><!DOCTYPE w [<!ENTITY a "aaaa">]><worksheet>&a;</worksheet>'
OUTSIDE = b'<!DOCTYPE w [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>'


@pytest.mark.parametrize(
    "sheet, word",
    [
        (ENTITIES, "not plain XML"),
        (OUTSIDE, "not plain XML"),
        (ENTITIES.decode().encode("utf-16"), "not plain XML"),
        (b"<worksheet>", "no XML"),
        (f'<worksheet xmlns="{MAIN}"/>'.encode(), "no cell"),
        (b" " * (5 << 20), "larger than 4 MiB"),
        (f'<worksheet xmlns="{MAIN}"><c r="B2" t="s"><v>99</v></c></worksheet>'.encode(), "no cell"),
    ],
)
def test_a_sheet_that_is_none(tmp_path, sheet, word):
    folder = study(tmp_path / "in")
    workbook(folder / "LF-OSS-License-Compatibility.xlsx", SHEET, sheet)
    assert word in refused(tmp_path, folder)


@pytest.mark.parametrize("damage", [b"no zip", b"cut", b"empty"])
def test_a_workbook_that_is_none(tmp_path, damage):
    path = study(tmp_path / "in") / "LF-OSS-License-Compatibility.xlsx"
    if damage == b"empty":
        with zipfile.ZipFile(path, "w"):
            pass
    else:
        path.write_bytes(damage if damage == b"no zip" else path.read_bytes()[:300])
    assert "Excel workbook" in refused(tmp_path, path.parent)


def test_a_folder_without_or_with_too_many_files(tmp_path):
    assert "no folder" in refused(tmp_path, tmp_path / "nowhere")
    folder = study(tmp_path / "in")
    assert "no folder" in refused(tmp_path, folder / "mapping.csv")
    shutil.copy(folder / "mapping.csv", folder / "deeper" / "old_mapping.csv")
    assert "several files" in refused(tmp_path, folder)
    (folder / "deeper" / "old_mapping.csv").unlink()
    (folder / "mapping.csv").unlink()
    (folder / "mapping.csv").symlink_to("/etc/passwd")
    assert "no file whose name ends in mapping.csv" in refused(tmp_path, folder)


def test_a_mapping_is_never_all_of_a_hub(tmp_path):
    folder = study(tmp_path / "in")
    said = hubcensus(tmp_path / "home", "import", "peatmoss-licences", str(folder), "--complete", code=2)
    assert "--complete" in said


@pytest.mark.shared
@pytest.mark.skipif(not all(path.is_file() for path in REAL), reason="the files of the study are not here")
def test_the_figures_of_the_study(tmp_path):
    """Jiang et al., MSR 2024, section 7: every number of the procedure, on the files of the artifact."""
    home, folder = tmp_path / "home", tmp_path / "in"
    folder.mkdir()
    for path in REAL:
        shutil.copy(path, folder)
    hubcensus(home, "import", "peatmoss-licences", str(folder))
    hubcensus(home, "load")
    with Reader(home / "warehouse.duckdb") as reader:
        result = analyses.run("repository_licence", reader)
        sheet = reader.row(
            "SELECT count(DISTINCT derivative), count(DISTINCT original), count(*) FROM core.licence_rule"
        )
        repositories = reader.row(
            "SELECT count(*), count(*) FILTER (n IS NULL), count(*) FILTER (n = 1), count(*) FILTER (n > 1) FROM "
            "core.repository_code LEFT JOIN (SELECT code_id, count(*) AS n FROM core.repository_licence GROUP BY 1) "
            "USING (code_id)"
        )
    table = result.tables["procedure of the study"].set_index("quantity")
    counted = table["relations"].to_dict()
    assert counted == {
        "covered": 22_474,
        "skipped": 387,
        "identical": 5_756,
        "compatible": 11_782,
        "incompatible": 54,
        "unknown": 10_638,
        "unknown: repository without a licence": 9_022,
        "unknown: nothing found": 9_017,
        "unknown although identical": 8,
    }
    shares = {
        name: round(100 * table["share"][name], 2) for name in ("identical", "compatible", "incompatible", "unknown")
    }
    assert shares == {"identical": 25.61, "compatible": 52.43, "incompatible": 0.24, "unknown": 47.33}
    for row in result.published.itertuples():
        assert row.ours == pytest.approx(row.published, abs=5e-5), row.quantity
    # Two keys of the file name no repository; the sheet's last column repeats its rows' names.
    assert sheet == (43, 59, 2_494) and repositories == (36_882, 16_987, 19_038, 857)
    compared = result.tables["study against matrix"].set_index(["theirs", "ours"])["relations"].to_dict()
    assert compared["incompatible", "incompatible"] == 54, "what the sheet forbids, the matrix forbids"
    assert compared["compatible", "identical"] + compared["compatible", "compatible"] == 11_782
    decided = sum(n for (theirs, ours), n in compared.items() if theirs == "unknown" and ours != "unknown")
    assert decided == 1_390
