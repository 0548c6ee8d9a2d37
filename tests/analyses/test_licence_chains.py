"""The licence reasoner: its tables, the edges and chains of a hub counted by hand, the verb, and real data."""

from __future__ import annotations

import contextlib
import gzip
import io
import json
import os
from collections import Counter
from pathlib import Path

import pytest
from doors import hubcensus
from downstream.landed import land, mined, usage
from small_hub import HOSTILE, shared_data

import analyses
import warehouse
from analyses import _style
from hubcensus.cli import run
from hubcensus.licensing import DEEPEST, Reasoner
from warehouse.reader import Reader

SHARED = Path(os.environ.get("HUBCENSUS_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
CHAINS = SHARED / "licenses" / "hf_2024-07_licensing_changes_chains.json.gz"
WORSE = {"identical": 0, "compatible": 0, "conditional": 1, "incompatible": 2}

#: id, licence words, other tags
HUB = [
    ("meta/Llama-3-8B", ["llama3"], []),
    ("ann/quiet-8B", [], ["base_model:meta/Llama-3-8B"]),
    ("ann/free-8B", ["apache-2.0"], ["base_model:ann/quiet-8B"]),
    ("ann/Llama-3-free", ["apache-2.0"], ["base_model:meta/Llama-3-8B"]),
    ("lab/nc", ["cc-by-nc-4.0"], []),
    ("lab/mit", ["mit"], ["dataset:d/free", "dataset:d/sa", "dataset:d/none", "dataset:d/gone"]),
    ("lab/gpl", ["gpl-3.0"], []),
    ("lab/sa", ["cc-by-sa-4.0"], []),
    ("lab/nd", ["cc-by-nd-4.0"], []),
    ("lab/odd", ["other"], []),
    ("joe/mix", ["mit"], ["base_model:lab/nc", "base_model:lab/mit", "merge"]),
    ("joe/lora", ["mit"], ["base_model:lab/nc", "base_model:lab/gpl", "peft"]),
    ("joe/nd-GGUF", ["mit"], ["base_model:lab/nd"]),
    ("joe/sa-GGUF", ["mit"], ["base_model:lab/sa"]),
    ("joe/tuned", ["mit"], ["base_model:lab/nd", "base_model:lab/odd", "base_model:gone/model"]),
    ("joe/gpl", ["gpl-3.0"], ["base_model:lab/mit"]),
    ("joe/two", ["mit", "gpl-3.0"], ["base_model:lab/mit"]),
    ("cyc/a", ["mit"], ["base_model:cyc/b"]),
    ("cyc/b", ["cc-by-nc-4.0"], ["base_model:cyc/a"]),
    ("cyc/self", ["mit"], ["base_model:cyc/self"]),
    (HOSTILE, [HOSTILE + "\x1b[31m"], ["base_model:lab/mit", f"base_model:{HOSTILE}x"]),
]
DATA = [
    {"id": "d/free", "tags": ["license:cc0-1.0", "size_categories:1K<n<10K"]},
    {"id": "d/sa", "tags": ["license:cc-by-sa-4.0", "size_categories:1K<n<10K"]},
    {"id": "d/none", "tags": ["size_categories:1K<n<10K"]},
]


def census(folder: Path, models: list[tuple[str, list[str], list[str]]]) -> None:
    lines = [
        json.dumps({"id": name, "tags": [f"license:{word}" for word in words] + tags, "downloads": 1})
        for name, words, tags in models
    ]
    (folder / "models.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    hubcensus(folder, "import", "hf-list", str(folder / "models.jsonl"), "--observed-at", "2026-01-02", "--complete")


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("chains")
    old = [{"id": "mit-model", "_id": f"5f{1:022x}", "tags": ["license:mit"]}]
    (folder / "old.jsonl").write_text(json.dumps(old[0]) + "\n")
    hubcensus(folder, "import", "hf-list", str(folder / "old.jsonl"), "--observed-at", "2025-01-01", "--complete")
    (folder / "data.jsonl").write_text("\n".join(map(json.dumps, DATA)) + "\n")
    hubcensus(folder, "import", "hf-list", str(folder / "data.jsonl"), "--observed-at", "2026-01-01")
    renamed = {"id": "org/mit-model", "_id": f"5f{1:022x}", "tags": ["license:mit"], "downloads": 1}
    census(folder, HUB)
    with (folder / "models.jsonl").open("a") as stream:
        stream.write(json.dumps(renamed) + "\n")
    hubcensus(folder, "import", "hf-list", str(folder / "models.jsonl"), "--observed-at", "2026-01-03", "--complete")
    everything = [usage(name) for name in ("lab/nc", "lab/mit", "lab/gpl", "meta/Llama-3-8B", "no/model")]
    land(folder, "mine", "mined", mined("a/app", *everything, licences=("MIT",)), mined("b/app", *everything[:1]))
    hubcensus(folder, "load")
    hubcensus(folder, "check")
    return folder


@pytest.fixture(scope="module")
def reader(home: Path):
    with Reader(home / "warehouse.duckdb") as opened:
        yield opened


@pytest.fixture(scope="module")
def every(tmp_path_factory):
    """A census that has met every licence of the hub's list, so that the tables are whole."""
    folder = tmp_path_factory.mktemp("every")
    words = (Path(warehouse.__file__).parent / "licence_families.csv").read_text(encoding="utf-8").splitlines()[1:]
    census(folder, [(f"x/{place}", [line.split(",")[0]], []) for place, line in enumerate(words)])
    hubcensus(folder, "load")
    with Reader(folder / "warehouse.duckdb") as opened:
        yield opened


def edges(reader: Reader) -> dict[tuple[str, str], tuple[str, str, str, list[str], list[str], str]]:
    rows = reader.rows(
        "SELECT downstream_id, upstream_id, relation, verdict, cause, conditions, clauses, source "
        "FROM mart.licence_edge"
    )
    assert len({row[:2] for row in rows}) == len(rows)
    return {row[:2]: row[2:] for row in rows}


def test_edges_counted_by_hand(reader):
    found = edges(reader)
    said = {pair: (row[0], row[1], *row[3]) for pair, row in found.items() if row[1] != "unknown"}
    app = "https://github.com/a/app"
    assert said == {
        ("ann/Llama-3-free", "meta/Llama-3-8B"): ("finetune", "conditional", "policy"),
        ("joe/mix", "lab/nc"): ("merge", "incompatible"),
        ("joe/mix", "lab/mit"): ("merge", "identical"),
        ("joe/lora", "lab/nc"): ("adapter", "conditional", "non-commercial"),
        ("joe/lora", "lab/gpl"): ("adapter", "conditional", "separate"),
        ("joe/nd-GGUF", "lab/nd"): ("quantized", "conditional", "unmodified"),
        ("joe/sa-GGUF", "lab/sa"): ("quantized", "incompatible"),
        ("joe/tuned", "lab/nd"): ("finetune", "incompatible"),
        ("joe/gpl", "lab/mit"): ("finetune", "compatible"),
        ("cyc/a", "cyc/b"): ("finetune", "incompatible"),
        ("cyc/b", "cyc/a"): ("finetune", "compatible"),
        ("lab/mit", "d/free"): ("dataset", "compatible"),
        ("lab/mit", "d/sa"): ("dataset", "conditional", "adaptation"),
        (app, "lab/nc"): ("loads", "incompatible"),
        (app, "lab/mit"): ("loads", "identical"),
        (app, "lab/gpl"): ("loads", "incompatible"),
        (app, "meta/Llama-3-8B"): ("loads", "conditional", "policy"),
    }
    assert found["joe/gpl", "lab/mit"][5] == "osadl" and found["joe/mix", "lab/nc"][5] == "family"
    assert found["joe/mix", "lab/nc"][4] == ["CC-BY-NC-4.0#2(a)(1)"]
    assert "LicenseRef-Llama-3#1.b.i (name)" in found["ann/Llama-3-free", "meta/Llama-3-8B"][4]


@pytest.mark.parametrize(
    ("upstream", "downstream", "verdict"),
    [
        ("MIT OR GPL-3.0-only", "mit", "identical"),
        ("MIT OR GPL-3.0-only", "apache-2.0", "compatible"),
        ("MIT AND GPL-3.0-only", "mit", "unknown"),
        ("gpl-3.0", "MIT OR GPL-3.0-only", "incompatible"),
        ("mit", "MIT OR GPL-3.0-only", "identical"),
    ],
)
def test_of_alternatives_one_is_chosen(tmp_path, upstream, downstream, verdict):
    """Taken under the licence that asks for least; and whoever offers alternatives must be free to offer each."""
    census(tmp_path, [("lab/base", [upstream], []), ("joe/tuned", [downstream], ["base_model:lab/base"])])
    hubcensus(tmp_path, "load")
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        assert opened.value("SELECT verdict FROM mart.licence_edge") == verdict


def test_what_is_unknown_has_its_cause(reader):
    assert {pair: row[2] for pair, row in edges(reader).items() if row[1] == "unknown"} == {
        ("ann/quiet-8B", "meta/Llama-3-8B"): "downstream states no licence",
        ("ann/free-8B", "ann/quiet-8B"): "upstream states no licence",
        ("joe/tuned", "lab/odd"): "upstream licence not understood",
        ("joe/tuned", "gone/model"): "upstream not in the census",
        ("joe/two", "lab/mit"): "downstream states several licences",
        (HOSTILE, "lab/mit"): "downstream licence not understood",
        (HOSTILE, f"{HOSTILE}x"): "downstream licence not understood",
        ("lab/mit", "d/none"): "upstream states no licence",
        ("lab/mit", "d/gone"): "upstream not in the census",
        ("https://github.com/a/app", "no/model"): "upstream not in the census",
        ("https://github.com/b/app", "lab/nc"): "downstream states no licence",
    }


def test_naming_an_id_passes_nothing_on(reader):
    said = dict(
        reader.rows("SELECT upstream_id, at_run_time FROM mart.licence_edge WHERE downstream_id LIKE '%a/app'")
    )
    assert said == {
        "lab/nc": "conditional", "lab/mit": "compatible", "lab/gpl": "compatible", "meta/Llama-3-8B": "conditional",
        "no/model": None,
    }  # fmt: skip


def test_a_demand_does_not_end_where_somebody_forgot_it(reader):
    rows = reader.rows(
        "SELECT ancestor_id, depth, verdict, conditions, naming FROM mart.licence_chain "
        "WHERE model_id = 'ann/free-8B'"
    )
    assert rows == [("meta/Llama-3-8B", 2, "conditional", ["policy"], "lacks")]
    assert reader.value("SELECT naming FROM mart.licence_chain WHERE model_id = 'ann/Llama-3-free'") == "begins"


def test_cycles_end(reader):
    rows = reader.rows(
        "SELECT model_id, ancestor_id, depth FROM mart.licence_chain WHERE model_id LIKE 'cyc/%' ORDER BY 1"
    )
    assert rows == [("cyc/a", "cyc/b", 1), ("cyc/b", "cyc/a", 1)]


def test_a_chain_is_bounded(tmp_path):
    steps = [(f"c/{place:02}", ["mit"], [f"base_model:c/{place + 1:02}"]) for place in range(15)]
    census(tmp_path, [*steps, ("c/15", ["mit"], ["base_model:c/00"])])
    hubcensus(tmp_path, "load")
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        found = opened.rows("SELECT model_id, max(depth), count(*) FROM mart.licence_chain GROUP BY 1")
        assert len(found) == 16 and {row[1:] for row in found} == {(DEEPEST, DEEPEST)}
        key = opened.value("SELECT model_id FROM core.model WHERE name = 'c/00'")
        assert len(Reasoner(opened).chain("huggingface", "c/00", key).everything()) == DEEPEST + 1


def test_what_cannot_be_kept_names_a_clause_that_is_written_down(every):
    bare = (
        "SELECT act, downstream, upstream FROM core.licence_compat WHERE verdict IN ('incompatible', 'conditional')"
    )
    assert every.rows(f"{bare} AND len(clauses) = 0") == []
    named = "SELECT DISTINCT unnest(clauses) FROM core.licence_compat EXCEPT SELECT clause FROM core.licence_term"
    assert every.rows(named) == []
    conditions = (
        "SELECT DISTINCT unnest(conditions) FROM core.licence_compat EXCEPT "
        "SELECT condition FROM core.licence_condition"
    )
    assert every.rows(conditions) == []
    assert every.rows("SELECT 1 FROM core.licence_compat WHERE downstream = upstream") == []
    double = "SELECT act, downstream, upstream FROM core.licence_compat GROUP BY ALL HAVING count(*) > 1"
    assert every.rows(double) == []
    assert every.value("SELECT count(DISTINCT clause) = count(*) FROM core.licence_term")
    assert every.rows("SELECT licence FROM core.licence_term WHERE licence NOT LIKE 'family:%' AND licence NOT IN "
                      "(SELECT licence FROM core.licence_word)") == []  # fmt: skip


def judged(reader: Reader) -> dict[tuple[str, str, str], str]:
    """Every pair of single licences by the rules, as the view finds them."""
    rows = reader.rows(
        """
        SELECT a.act, d.licence, u.licence, coalesce(x.verdict, f.verdict)
        FROM (SELECT DISTINCT licence, family FROM core.licence_word) d
        CROSS JOIN (SELECT DISTINCT licence FROM core.licence_word) u
        CROSS JOIN (SELECT DISTINCT act FROM core.licence_matrix) a
        LEFT JOIN core.licence_compat x ON x.act = a.act AND x.downstream = d.licence AND x.upstream = u.licence
        LEFT JOIN core.licence_compat f
            ON f.act = a.act AND f.downstream = 'family:' || d.family AND f.upstream = u.licence
        WHERE d.licence <> u.licence
        """
    )
    return {row[:3]: row[3] for row in rows}


def test_doing_more_with_a_work_never_asks_for_less(every):
    rules = judged(every)
    assert len(rules) > 100_000
    for less, more in (("name", "beside"), ("beside", "ship"), ("ship", "adapt"), ("convert", "adapt")):
        odd = [
            (a, b, less, rules[less, a, b], more, rules[more, a, b])
            for act, a, b in rules
            if act == less and WORSE.get(rules[less, a, b], 9) > WORSE.get(rules[more, a, b], 9)
        ]
        assert odd == []


_STRICTER = (
    ("CC0-1.0", "CC-BY-4.0"),
    ("CC-BY-4.0", "CC-BY-NC-4.0"),
    ("CC-BY-4.0", "CC-BY-ND-4.0"),
    ("CC-BY-4.0", "CC-BY-SA-4.0"),
    ("MIT", "GPL-3.0-only"),
    ("GPL-3.0-only", "AGPL-3.0-only"),
)


def test_asking_for_more_is_never_easier_to_keep(every):
    rules = judged(every)
    downstream = {a for act, a, _ in rules if not a.startswith("CC-BY")}
    for act in ("ship", "adapt", "beside"):
        for first, second in _STRICTER:
            for a in downstream - {first, second}:
                low, high = rules[act, a, first], rules[act, a, second]
                if "GPL" in a and ("AGPL" in second or "-SA" in second):
                    continue  # named as compatible by the licence itself, one way
                assert WORSE.get(low, 9) <= WORSE.get(high, 9), (act, a, first, low, second, high)


def test_agreement_with_osadl_in_the_warehouse(every):
    """Our rules for a changed copy against OSADL's matrix of programs; the figures stand in the documentation."""
    rows = every.rows(
        """
        WITH word AS (SELECT DISTINCT licence, family FROM core.licence_word),
        ours AS (
            SELECT o.downstream, o.upstream, o.verdict AS theirs, coalesce(p.verdict, f.verdict) AS ours
            FROM core.licence_matrix o
            JOIN word d ON d.licence = o.downstream JOIN word u ON u.licence = o.upstream
            LEFT JOIN core.licence_matrix p
                ON p.source = 'pair' AND p.act = o.act AND p.downstream = o.downstream AND p.upstream = o.upstream
            LEFT JOIN core.licence_matrix f
                ON f.source = 'family' AND f.act = o.act AND f.downstream = 'family:' || d.family
                AND f.upstream = 'family:' || u.family
            WHERE o.source = 'osadl' AND o.act = 'adapt' AND o.verdict <> 'conditional'
        )
        SELECT ours, theirs, count(*) FROM ours GROUP BY ALL
        """
    )
    found = Counter({(a, b): n for a, b, n in rows})
    decided = sum(n for (ours, _), n in found.items() if ours in ("compatible", "incompatible"))
    same = found["compatible", "compatible"] + found["incompatible", "incompatible"]
    assert decided > 9_000 and same / decided > 0.95


def text(home: Path, *words: str) -> tuple[int, str]:
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        code = run(["--home", str(home), *words])
    return code, out.getvalue()


def test_the_verb_explains_a_model(home):
    code, said = text(home, "licence", "ann/free-8B", "--in", "gpl-3.0")
    assert code == 1 and said.rstrip().endswith("it is no legal advice.")
    assert "upstream states no licence" in said and "conditional on policy" in said and "1.b.i (name)" in said
    assert "cannot be shipped under GPL-3.0-only" in said and "GPL-3.0-only#10" in said
    assert max(map(len, said.splitlines())) <= 100
    assert text(home, "licence", "joe/gpl")[0] == 0


def test_the_verb_in_json(home):
    said = hubcensus(home, "licence", "joe/mix", code=1)
    assert said["licence"] == "MIT" and said["evidence"][0]["kind"] == "tag"
    made = {row["id"]: row["to_child"]["verdict"] for row in said["made_from"]}
    assert made == {"lab/nc": "incompatible", "lab/mit": "identical"}
    assert said["findings"][0]["clauses"] == ["CC-BY-NC-4.0#2(a)(1)"] and said["in"] is None
    deep = next(row for row in said["made_from"] if row["id"] == "lab/mit")["made_from"]
    assert deep == [], "data sets are told of the model that is asked about"
    assert {row["from"][0] for row in said["to_do"]["use"]} == {"lab/nc"}
    data = hubcensus(home, "licence", "lab/mit")
    assert {row["id"]: row["kind"] for row in data["made_from"]}["d/sa"] == "dataset"


def test_the_verb_follows_a_rename(home):
    said = hubcensus(home, "licence", "mit-model")
    assert said["model"]["model_id"] == "org/mit-model" and said["model"]["asked_for"] == "mit-model"


def test_the_verb_knows_what_it_does_not_know(home):
    assert "nearest ids: lab/mit" in hubcensus(home, "licence", "labb/mit", code=2)
    assert "No table here knows" in hubcensus(home, "licence", "lab/mit", "--in", "nonsense", code=2)
    said = hubcensus(home, "licence", "ann/quiet-8B", code=1)
    assert said["licence"] is None and "states no licence" in said["unknown"][0]
    assert "Llama at the beginning" in said["findings"][0]["what"]


def test_the_verb_is_inert(home):
    code, said = text(home, "licence", HOSTILE)
    assert code == 0 and "\x1b" not in said and HOSTILE in said


def test_the_verb_says_what_the_views_say(home, reader):
    """The front door asks the tables model by model, the views all at once: both must come to the same."""
    for name, key in reader.rows(
        "SELECT name, model_key FROM mart.licence_held h JOIN core.model m ON m.model_id = h.model_key"
    ):
        said = hubcensus(
            home, "licence", name, code=int(bool(json.loads(text(home, "--json", "licence", name)[1])["findings"]))
        )
        told = {row["id"]: (row["to_child"]["verdict"], row["to_child"]["cause"], sorted(row["to_child"]["clauses"]))
                for row in said["made_from"]}  # fmt: skip
        rows = reader.rows(
            "SELECT upstream_id, verdict, cause, list_sort(clauses) FROM mart.licence_edge WHERE downstream_key = $1",
            [key],
        )
        assert told == {row[0]: row[1:] for row in rows}, name


def test_the_analysis(reader):
    result = analyses.run("licence_chains", reader)
    assert result.available and result.statement.endswith(".") and "nan" not in result.statement
    table = result.table.set_index("verdict")["edges"].to_dict()
    assert table == {"identical": 1, "compatible": 2, "conditional": 4, "incompatible": 4, "unknown": 7}
    clauses = result.tables["clauses"].set_index(["verdict", "clause"])["edges"]
    assert clauses["incompatible", "CC-BY-NC-4.0#2(a)(1)"] == 2
    naming = result.tables["naming clause"].set_index("name")["models"].to_dict()
    assert naming == {"begins": 1, "lacks": 2}
    assert _style.png(result.figure(), dpi=40).startswith(b"\x89PNG")


@pytest.mark.shared
@pytest.mark.skipif(not CHAINS.is_file(), reason="the chains of the study are not here")
def test_the_chains_of_the_study(tmp_path):
    """The study's chains, landed as models: its classes of licence change come out of the census."""
    chains = json.loads(gzip.decompress(CHAINS.read_bytes()))
    models: dict[str, tuple[list[str], set[str]]] = {}
    for entry in chains:
        steps = entry["chain"]
        for place, step in enumerate(steps):
            words = [word for word in step["license"] if word != "UNKNOWN"]
            _, bases = models.setdefault(step["model"].lower(), (words, set()))
            if place:
                bases.add(steps[place - 1]["model"].lower())
    census(tmp_path, [(name, words, [f"base_model:{b}" for b in sorted(up)]) for name, (words, up) in models.items()])
    hubcensus(tmp_path, "load")
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        tags = "string_agg(value, ', ' ORDER BY value) FROM mart.model_tag WHERE kind = 'licence' GROUP BY 1"
        licence = dict(opened.rows(f"SELECT model_id, {tags}"))
        whole = {row[:2] for row in opened.rows("SELECT model_id, ancestor_id FROM mart.licence_chain")}
    stated = [[licence.get(step["model"].lower()) for step in entry["chain"]] for entry in chains]
    counts = Counter(tag for entry in chains for tag in entry["tags"])
    assert sum(len(set(row)) > 1 for row in stated) == counts["license_change"] == 1_236
    assert sum(None in row for row in stated) == counts["unknown_license"] == 745
    names = [[step["model"].lower() for step in entry["chain"]] for entry in chains]
    llama = [
        any(
            (word or "").startswith("llama") and "llama" not in name
            for name, word in list(zip(a, b, strict=True))[1:]
        )
        for a, b in zip(names, stated, strict=True)
    ]
    assert sum(llama) == counts["llama_naming_issue"] == 103
    ends = [(a[-1], a[0]) for a, b in zip(names, stated, strict=True) if b[0] is not None and len(a) <= DEEPEST]
    assert set(ends) <= whole, "from the last of a chain the census climbs to its first"


@pytest.mark.shared
@pytest.mark.slow
@pytest.mark.skipif(shared_data() is None, reason="the real dumps are not here")
def test_llama_2_to_apache_on_the_real_listing(tmp_path):
    """2,429 children of Llama 2 models say Apache-2.0, 3,001 say nothing; each of the former is told what it owes."""
    import duckdb

    listing = shared_data() / "2024-07-11_models_list.parquet"
    _subset(duckdb, listing, tmp_path / "llama.jsonl")
    hubcensus(
        tmp_path, "import", "hf-list", str(tmp_path / "llama.jsonl"), "--observed-at", "2024-07-11", "--complete"
    )
    hubcensus(tmp_path, "load")
    with Reader(tmp_path / "warehouse.duckdb") as opened:
        rows = opened.rows(
            "SELECT verdict, clauses, count(*) FROM mart.licence_edge WHERE upstream_licence = 'LicenseRef-Llama-2' "
            "AND downstream_licence = 'Apache-2.0' AND cause IS NULL GROUP BY ALL"
        )
        silent = opened.value(
            "SELECT count(*) FROM mart.licence_edge WHERE upstream_licence = 'LicenseRef-Llama-2' "
            "AND cause = 'downstream states no licence'"
        )
    assert sum(row[2] for row in rows if row[0] in ("conditional", "incompatible")) == 2_429 and silent == 3_001
    assert all("LicenseRef-Llama-2#1.b.i" in row[1] for row in rows)


def _subset(duckdb, listing: Path, target: Path) -> None:
    """The models that declare Llama 2 and those that name one of them as their base."""
    connection = duckdb.connect()
    connection.execute(f"CREATE TABLE model AS SELECT id, tags FROM read_parquet('{listing}')")
    connection.execute(
        f"""
        COPY (
            WITH parent AS (SELECT id FROM model WHERE list_contains(tags, 'license:llama2')),
            child AS (
                SELECT id FROM (SELECT id, unnest(tags) AS tag FROM model)
                WHERE starts_with(tag, 'base_model:') AND tag[12:] IN (FROM parent)
            )
            SELECT id, tags FROM model WHERE id IN (FROM parent) OR id IN (FROM child) ORDER BY id
        ) TO '{target}' (FORMAT json)
        """
    )
