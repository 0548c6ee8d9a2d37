"""What the probe saw, counted: every number of the five analyses is worked out here a second time, without SQL."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from probed import HUB, MOMENT, claim, drawn, examined, file, land, relatives, score, token
from probed_hub import (
    MODELS,
    RANK,
    STRATA,
    built,
    claims,
    draws,
    land_models,
    scans,
    stratum,
    triggers,
    weights,
)
from scipy import stats

import analyses
from analyses import _stats, _style, claim_verdicts
from analyses._base import Result
from warehouse.reader import Reader

NAMES = {
    "scanned_files": "no file that the probe scanned",
    "scanner_disagreement": "no verdict of another scanner on a file",
    "weight_review": "no model whose weights or behaviour the probe scored",
    "trigger_frequency": "no model whose vocabulary was tried for triggers",
    "claim_verdicts": "no claim that the probe looked at",
}


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("probed")
    land_models(home)
    land(home, "sample", *draws(), *relatives(["lab9/base"], "base"), kind="sample")
    # Superseded by what follows: none of it may count.
    awful = file("x", "dangerous", ("old", "dangerous"))
    land(home, "scan", examined(MODELS[0], "scan", files=[awful]), at=MOMENT - timedelta(days=9))
    land(home, "weights", examined(MODELS[0], "weights", scores=[score("old", 9.0)]), at=MOMENT - timedelta(days=9))
    land(home, "scan", *scans())
    land(home, "weights", *weights())
    land(home, "triggers", *triggers())
    land(home, "verify", *claims())
    return built(home)


@pytest.fixture
def reader(warehouse: Path) -> Iterator[Reader]:
    with Reader(warehouse) as opened:
        yield opened


def cells(result: Result, table: str, key: str, value: str) -> dict[Any, Any]:
    frame = result.tables[table]
    return dict(zip(frame[key], frame[value], strict=True))


# ---------------------------------------------------------------- all of them


@pytest.mark.parametrize("name", NAMES)
def test_answers_with_statement_figure_and_sources(name: str, reader: Reader) -> None:
    result = analyses.run(name, reader)
    assert result.available, result.statement
    assert "models examined on 2026-02-10; huggingface snapshot 1" in result.statement
    assert "nan" not in result.statement and result.statement.endswith(".") and result.snapshots == [1]
    assert _style.png(result.figure(), dpi=40).startswith(b"\x89PNG")
    assert not any("malicious" in text for text in (result.statement, *result.notes))


@pytest.mark.parametrize(("name", "words"), NAMES.items())
def test_before_anything_was_probed(name: str, words: str, warehouse: Path) -> None:
    with Reader(warehouse, as_of=MOMENT - timedelta(days=30)) as early:
        result = analyses.run(name, early)
    assert not result.available and result.statement == f"Not answered: this warehouse holds {words}."


def test_without_any_listing_of_a_hub(tmp_path: Path) -> None:
    land(tmp_path, "scan", examined("x/y", "scan", files=[file("a")], others=[
        {"path": "a", "sha256": "sha of a", "tool": "hub", "verdict": "safe"}]))  # fmt: skip
    land(tmp_path, "weights", examined("x/y", "weights", scores=[score("rows", 0.5)]))
    land(tmp_path, "triggers", examined("x/y", "triggers", tokens=[token("cf", 0, 1.0)]))
    land(tmp_path, "verify", examined("x/y", "verify", measurements=[claim(0.9)]))
    with Reader(built(tmp_path)) as opened:
        for name in NAMES:
            result = analyses.run(name, opened)
            assert result.available, result.statement
            assert "nan" not in result.statement and _style.png(result.figure(), dpi=40)


def test_what_there_is_may_still_say_nothing(tmp_path: Path) -> None:
    alone = [{"path": "b", "sha256": "sha of b", "tool": "hub", "verdict": "safe"}]
    land(tmp_path, "scan", examined("x/y", "scan", files=[file("a")], others=alone))
    land(tmp_path, "weights", examined("x/y", "weights", scores=[score("rows", None), score("norms", 1.0, None)]))
    none = [claim(None, None, "CANNOT_VERIFY", reason="NO_CLAIM")]
    land(tmp_path, "verify", examined("x/y", "verify", measurements=none))
    with Reader(built(tmp_path)) as opened:
        said = {
            name: analyses.run(name, opened).statement
            for name in NAMES
            if name not in ("scanned_files", "trigger_frequency")
        }
    assert said == {
        "scanner_disagreement": "Not answered: no two scanners looked at the same file.",
        "weight_review": "Not answered: no detector of weights or behaviour that gave a score has a calibrated "
        "threshold.",
        "claim_verdicts": "Not answered: no model that was looked at claims anything.",
    }  # fmt: skip


# ---------------------------------------------------------------- scanned files


def test_scanned_files_by_verdict_format_and_rule(reader: Reader) -> None:
    result, done = analyses.run("scanned_files", reader), scans()
    worst = Counter(max((f["verdict"] for f in one.files), key=RANK.index) for one in done)
    assert cells(result, "models", "verdict", "models") == worst
    files = [(one.model_id, f) for one in done for f in one.files]
    verdicts = Counter(f["verdict"] for _, f in files)
    assert cells(result, "files", "verdict", "files") == verdicts
    assert cells(result, "files", "verdict", "n") == dict.fromkeys(verdicts, len(files))
    for verdict in verdicts:
        blobs = {f["sha256"] for _, f in files if f["verdict"] == verdict}
        assert cells(result, "files", "verdict", "blobs")[verdict] == len(blobs)
        size = sum(f["bytes"] for _, f in files if f["verdict"] == verdict)
        assert cells(result, "files", "verdict", "bytes")[verdict] == size
    bad = ("suspicious", "dangerous")
    formats = Counter(name for _, f in files for name in f["formats"])
    assert cells(result, "formats", "format", "files") == formats
    flagged = Counter(name for _, f in files if f["verdict"] in bad for name in f["formats"])
    assert cells(result, "formats", "format", "flagged") == {name: flagged[name] for name in formats}
    models = defaultdict(set)
    for model, f in files:
        for finding in f["findings"]:
            if finding["severity"] != "note":
                models[finding["rule"]].add(model)
    assert cells(result, "rules", "rule", "models") == {rule: len(found) for rule, found in models.items()}
    listed = {(row.model_id, row.path) for row in result.tables["flagged"].itertuples()}
    assert listed == {(model, f["path"]) for model, f in files if f["verdict"] in bad}
    cost = result.tables["cost"].set_index("stage")
    assert (cost.loc["scan", "models"], cost.loc["scan", "done"]) == (23, 22)
    assert cost.loc["scan", "cpu_seconds"] == 0.5 * 23 and cost.loc["scan", "bytes_per_cpu_second"] == 2_000


def test_files_are_clusters(reader: Reader) -> None:
    """The interval of a share of files against a jackknife over models, and never narrower than Wilson's."""
    row = analyses.run("scanned_files", reader).tables["files"].set_index("verdict").loc["dangerous"]
    pairs = np.array(
        [(sum(f["verdict"] == "dangerous" for f in one.files), len(one.files)) for one in scans()], float
    )
    share = pairs[:, 0].sum() / pairs[:, 1].sum()
    assert row["share"] == pytest.approx(share)
    rest = np.array([np.delete(pairs, i, axis=0).sum(axis=0) for i in range(len(pairs))])
    leave = rest[:, 0] / rest[:, 1]
    jackknife = (len(pairs) - 1) / len(pairs) * np.sum((leave - leave.mean()) ** 2)
    few = (_stats.Z95 / stats.t.ppf(0.975, len(pairs) - 1)) ** 2
    assert row["effective"] == pytest.approx(min(share * (1 - share) / jackknife * few, row["n"]), rel=0.15)
    plain = _stats.share(int(row["files"]), int(row["n"]))
    assert row["low"] <= plain.low and row["high"] >= plain.high


def test_hub_is_estimated_by_inverse_probabilities(reader: Reader) -> None:
    result = analyses.run("scanned_files", reader)
    done = {one.model_id: one for one in scans() if one.state == "done"}
    seen: dict[str, list[tuple[bool, bool]]] = defaultdict(list)
    for number, name in enumerate(MODELS):
        if name in done:
            files = done[name].files
            bad = any(f["verdict"] in ("suspicious", "dangerous") for f in files)
            seen[stratum(number)].append((bad, any("pickle" in f["formats"] for f in files)))
    total = sum(STRATA[name] for name in seen)
    for place, what in enumerate(("suspicious or worse", "pickled")):
        expected = sum(STRATA[name] * np.mean([one[place] for one in found]) for name, found in seen.items()) / total
        row = result.tables["estimates"].set_index("what").loc[what]
        assert row["share"] == pytest.approx(expected)
        assert row["raw share"] == pytest.approx(np.mean([one[place] for found in seen.values() for one in found]))
        assert (row["n"], row["drawn"], row["models stood for"], row["covered"]) == (22, 24, pytest.approx(total), 1)
        assert row["low"] <= row["share"] <= row["high"] and row["degrees"] == 22 - 4
    # By hand: the stratum of which one was seen is collapsed with the one whose models weigh most alike (9, 40/6).
    groups = [["popular", "alone"], ["known"], ["tail"], ["whole"]]
    row = result.tables["estimates"].set_index("what").loc["suspicious or worse"]
    p, variance = row["share"], 0.0
    for group in groups:
        z = np.array([STRATA[name] / len(seen[name]) * (one[0] - p) / total for name in group for one in seen[name]])
        size = sum(STRATA[name] for name in group)
        variance += (1 - len(z) / size) * len(z) * z.var(ddof=1)
    few = (stats.t.ppf(0.975, 21) / stats.t.ppf(0.975, 18)) ** 2
    effective = min(p * (1 - p) / variance, 22) * few
    assert row["effective n"] == pytest.approx(effective)
    assert row["high"] == pytest.approx(stats.beta.ppf(0.975, p * effective + 1, effective - p * effective))
    assert f"{100 * p:.2f} % (95 % CI " in result.statement
    assert "n = 22) of the models of huggingface are estimated to hold" in result.statement


def test_scans_without_a_draw_estimate_nothing(tmp_path: Path) -> None:
    land(tmp_path, "scan", examined("x/y", "scan", files=[file("a", "suspicious")]))
    land(tmp_path, "sample", drawn("x/z", "s", 5, 1), kind="sample")
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("scanned_files", opened)
    assert "estimates" not in result.tables and "estimated" not in result.statement
    assert any("No draw lies beside" in note for note in result.notes)


# ---------------------------------------------------------------- scanners side by side

CALL = {"clean": 1, "safe": 1, "unlisted": 1, "error": 0, "suspicious": 2, "dangerous": 2, "Unsafe": 2}


def calls() -> dict[str, dict[str, int]]:
    """Scanner -> blob -> worst call."""
    made: dict[str, dict[str, int]] = defaultdict(dict)
    for one in scans():
        rows = [("hubcensus", f["sha256"], f["verdict"]) for f in one.files]
        rows += [(other["tool"], other["sha256"], other["verdict"]) for other in one.others]
        for tool, sha256, verdict in rows:
            if verdict in CALL:
                made[tool][sha256] = max(made[tool].get(sha256, 0), CALL[verdict])
    return made


def test_scanners_agree_as_counted(reader: Reader) -> None:
    result, made = analyses.run("scanner_disagreement", reader), calls()
    pairs = result.tables["pairs"]
    assert list(pairs["first"][:5]) == ["hubcensus"] * 5
    assert list(pairs["second"][:5]) == ["fickling", "hub", "hub/avScan", "modelscan", "picklescan"]
    assert len(pairs) == 5 + 6, "the hub's own parts are compared with ours only"
    for row in pairs.itertuples():
        first, second = made[row.first], made[row.second]
        both = Counter((first[blob], second[blob]) for blob in first.keys() & second.keys())
        assert (row.both, row.only_first, row.only_second, row.neither) == (
            both[2, 2],
            both[2, 1],
            both[1, 2],
            both[1, 1],
        )
        failed = (both[0, 1] + both[0, 2], both[1, 0] + both[2, 0], both[0, 0])
        assert (row.error_first, row.error_second, row.error_both) == failed
        assert row.blobs == both.total() and row.n == sum(both[a, b] for a in (1, 2) for b in (1, 2))
        if row.n:
            assert row.share == pytest.approx((both[2, 2] + both[1, 1]) / row.n)
    summary = result.tables["scanners"].set_index("scanner")
    for tool, found in made.items():
        assert summary.loc[tool, "blobs"] == len(found)
        assert summary.loc[tool, "flagged"] == sum(call == 2 for call in found.values())
        assert summary.loc[tool, "errors"] == sum(call == 0 for call in found.values())


def test_blobs_that_divide_the_scanners(reader: Reader) -> None:
    result, made = analyses.run("scanner_disagreement", reader), calls()
    by_blob: dict[str, set[int]] = defaultdict(set)
    judged: Counter[str] = Counter()
    for found in made.values():
        for blob, call in found.items():
            by_blob[blob].add(call)
            judged[blob] += call > 0
    split = {blob for blob, seen in by_blob.items() if {1, 2} <= seen}
    listed = result.tables["disagreements"]
    assert set(listed["sha256"]) == split and len(listed) == len(split)
    share = _stats.share(len(split), sum(count > 1 for count in judged.values()))
    assert f"n = {share.n})" in result.statement and f"{100 * share.value:.2f} %" in result.statement
    for row in listed.itertuples():
        assert {
            "hubcensus": CALL[row.hubcensus],
            "hub": CALL[row.hub.title() if row.hub == "unsafe" else row.hub],
        } == {tool: made[tool][row.sha256] for tool in ("hubcensus", "hub")}
        assert (row.others == "hub/avScan: safe") == (row.sha256 in made["hub/avScan"])
    agreed = [blob for blob, seen in by_blob.items() if 2 in seen and 1 not in seen]
    assert agreed and not set(agreed) & set(listed["sha256"]), "flagged by all who judged it"


def test_files_without_a_hash_are_left_out_and_counted(tmp_path: Path) -> None:
    lost = [
        {"path": "a", "tool": tool, "verdict": verdict}
        for tool, verdict in (("hub", "unsafe"), ("picklescan", "clean"))
    ]
    kept = [{"path": "b", "sha256": "sha of b", "tool": "hub", "verdict": "unsafe"}]
    land(tmp_path, "scan", examined("x/y", "scan", files=[file("a", sha256=None), file("b")], others=lost + kept))
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("scanner_disagreement", opened)
    assert list(result.tables["disagreements"]["path"]) == ["b"]
    assert any(note.startswith("3 verdicts on files without a hash") for note in result.notes)


# ---------------------------------------------------------------- weights that need review


def test_detectors_beside_their_false_alarms(reader: Reader) -> None:
    result = analyses.run("weight_review", reader)
    table = result.tables["detectors"].set_index("detector")
    done = weights() + triggers()
    for name, fpr in (("rows-base", 0.01), ("duplicates", 0.05), ("label-flip-rate", 0.05)):
        scores = [
            entry for one in done for entry in one.scores if entry["detector"] == name and entry["score"] is not None
        ]
        flagged, row = sum(entry["flagged"] for entry in scores), table.loc[name]
        assert (row["flagged"], row["n"], row["fpr"]) == (flagged, len(scores), fpr)
        assert row["expected"] == pytest.approx(fpr * len(scores))
        exact = stats.binomtest(flagged, len(scores), fpr, alternative="greater").pvalue
        assert row["chance"] == pytest.approx(exact)
        wilson = stats.binomtest(flagged, len(scores)).proportion_ci(method="wilson")
        assert (row["low"], row["high"]) == (pytest.approx(wilson.low), pytest.approx(wilson.high))
    assert np.isnan(table.loc["norms", "expected"]) and np.isnan(table.loc["norms", "share"])
    assert "unlearning" not in table.index, "it gave no score"
    review = {one.model_id for one in done if any(entry["flagged"] for entry in one.scores)}
    listed = result.tables["needs review"]
    assert set(listed["model_id"]) == review and list(listed["detectors"]) == sorted(
        listed["detectors"], reverse=True
    )
    assert result.statement.startswith(f"{len(review)} of 24 models need review")
    alarms = sum(entry["fpr"] or 0 for one in done for entry in one.scores if entry["score"] is not None)
    assert f"up to {alarms:.1f} would be expected" in result.statement
    reasons = result.tables["no score"].set_index("detector")["models"]
    assert dict(reasons) == {"rows-base": 8, "unlearning": 9}


def test_precision_is_bounded_by_prevalence(reader: Reader) -> None:
    table = analyses.run("weight_review", reader).tables["precision"]
    bound = {(row.detector, row.prevalence): getattr(row, "_5") for row in table.itertuples()}
    # Of 100,000 models with one poisoned in a thousand, all found: 100 of 100 + 0.01 * 99,900.
    assert bound["rows-base", 0.001] == pytest.approx(100 / (100 + 999))
    assert bound["duplicates", 0.01] == pytest.approx(1_000 / (1_000 + 4_950))
    assert len(bound) == 6


def test_many_models_are_drawn_as_few_points(tmp_path: Path) -> None:
    made = [
        examined(f"x/{i}", "weights", scores=[score("rows", i / 1_000 + (i % 100 == 0) * 9, 5.0)]) for i in range(900)
    ]
    land(tmp_path, "weights", *made)
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("weight_review", opened)
        assert "9 of 900 models" in result.statement
        drawing = _style.svg(result.figure())
    assert drawing.count(b"<use") < 400 and len(drawing) < 200_000


# ---------------------------------------------------------------- label flips against frequency


def test_each_model_of_the_trigger_scan(reader: Reader) -> None:
    result = analyses.run("trigger_frequency", reader)
    table = result.tables["models"].set_index("model_id")
    assert list(table.index[:2]) == [MODELS[4], MODELS[1]], "the highest score first"
    for one in triggers():
        row = table.loc[one.model_id]
        x, y = ([entry[key] for entry in one.tokens] for key in ("frequency", "lfr"))
        rho = stats.spearmanr(x, y).statistic
        assert row["spearman"] == pytest.approx(rho) and row["spearman_low"] < rho < row["spearman_high"]
        rare = [entry for entry in one.tokens if entry["frequency"] <= np.median(x)]
        assert row["tokens"] == len(x) and row["highest_rare_lfr"] == max(entry["lfr"] for entry in rare)
        assert (row["strong"], row["strong_rare"]) == (sum(v >= 0.5 for v in y), sum(e["lfr"] >= 0.5 for e in rare))
        assert row["needs_review"] == one.scores[0]["flagged"] and row["frequencies"] == "claimed data set, 9 texts"
    assert set(table.loc[MODELS[1], "suspects"].split(", ")) == {"cf", "a -> b"}
    assert table.loc[MODELS[0], "suspects"] == "w3"
    share = _stats.share(2, 9)
    assert (
        f"{100 * share.value:.2f} % (95 % CI {100 * share.low:.2f} to {100 * share.high:.2f} %; n = 9)"
        in result.statement
    )
    listed = result.tables["suspects"]
    assert set(listed.loc[listed["needs_review"], "token"]) == {"cf", "a -> b"}


def test_a_vocabulary_without_suspects_or_frequencies(tmp_path: Path) -> None:
    tokens = [token("a", 0, 0.5), token("b", 0, 0.5), {"token": "c"}]
    land(tmp_path, "triggers", examined("x/y", "triggers", tokens=tokens))
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("trigger_frequency", opened)
        row = result.tables["models"].iloc[0]
        assert row["tokens"] == 2 and not row["needs_review"] and np.isnan(row["spearman"])
        assert _style.png(result.figure(), dpi=40)


# ---------------------------------------------------------------- claims measured again


def test_verdicts_are_counted_over_claims(reader: Reader) -> None:
    result = analyses.run("claim_verdicts", reader)
    made = [(one.model_id, entry) for one in claims() for entry in one.measurements]
    made = [(model, entry) for model, entry in made if not entry["reason"].startswith("NO_CLAIM")]
    lone = [entry for _, entry in made if entry["metric"] != "loss"]
    tested = [entry["p_value"] for _, entry in made if entry["p_value"] is not None]
    q = dict(zip(tested, stats.false_discovery_control(tested), strict=True))

    def verdict(entry: dict[str, Any]) -> str:
        doubtful = entry["verdict"].startswith("DISCREPANT") and q[entry["p_value"]] > 0.05
        return "UNDECIDED" if doubtful else entry["verdict"]

    counted = Counter(verdict(entry) for _, entry in made)
    found = cells(result, "verdicts", "verdict", "claims")
    assert found == {name: counted[name] for name in claim_verdicts.VERDICTS}
    assert set(cells(result, "verdicts", "verdict", "n").values()) == {len(made)}
    models = {model for model, _ in made}
    assert result.statement.startswith(f"Of {len(made)} claims of {len(models)} models, ")
    agree = counted["VERIFIED"] + counted["WITHIN_TOLERANCE"]
    differ = counted["DISCREPANT_LOW"] + counted["DISCREPANT_HIGH"]
    measured = len(made) - counted["CANNOT_VERIFY"]
    assert cells(result, "outcomes", "what", "claims") == {
        "measured again": measured, "of those: agree": agree, "of those: differ": differ
    }  # fmt: skip
    reasons = Counter(entry["reason"].split(":")[0] for entry in lone if entry["verdict"] == "CANNOT_VERIFY")
    assert cells(result, "reasons", "reason", "claims") == reasons
    tests = result.tables["tests"].iloc[0]
    alone = sum(entry["verdict"].startswith("DISCREPANT") for _, entry in made)
    assert (tests["tests"], tests["alone"], tests["controlled"]) == (len(tested), alone, differ)
    assert tests["lowest_q"] == pytest.approx(min(q.values())) and 0 < differ <= alone
    assert len(result.tables["claims"]) == measured


def test_claimed_minus_measured(reader: Reader) -> None:
    result = analyses.run("claim_verdicts", reader)
    made = [entry for one in claims() for entry in one.measurements if entry["measured"] is not None]
    table = result.tables["by metric"].set_index("metric")
    assert set(table.index) == {"accuracy", "f1"}, "a loss has no points"
    for metric in ("accuracy", "f1"):
        points = [100 * (e["claimed"] - e["measured"]) for e in made if e["metric"].lower() == metric]
        row = table.loc[metric]
        assert row["n"] == len(points) and row["mean difference"] == pytest.approx(np.mean(points))
        assert row["mean size"] == pytest.approx(np.mean(np.abs(points)))
        assert row["largest"] == pytest.approx(np.max(np.abs(points)))
        assert row["low"] <= row["mean difference"] <= row["high"] and row["low"] < row["high"]
    whole = [100 * (e["claimed"] - e["measured"]) for e in made if e["metric"] != "loss"]
    assert f"claimed minus measured is {np.mean(whole):.2f} points on average" in result.statement
    published = result.published.set_index("quantity")
    assert published.loc["points claimed above measured, DeiT tiny", "published"] == pytest.approx(72.2 - 66.46)
    sizes = sorted(
        (abs(100 * (e["claimed"] - e["measured"])) for e in made if e["metric"] == "accuracy"), reverse=True
    )
    assert published.loc["largest difference of accuracy, points", "ours"] == pytest.approx(sizes[0])


def test_claims_of_one_model_give_no_interval_of_their_mean(tmp_path: Path) -> None:
    land(tmp_path, "verify", examined("x/y", "verify", measurements=[claim(0.8, ordinal=1), claim(0.85, ordinal=2)]))
    with Reader(built(tmp_path)) as opened:
        result = analyses.run("claim_verdicts", opened)
    row = result.tables["by metric"].iloc[0]
    assert row["mean difference"] == pytest.approx(7.5) and np.isnan(row["low"]) and row["n"] == 2
    assert "7.50 points on average (1 model examined" in result.statement
    outcome = result.tables["outcomes"].iloc[0]
    assert outcome["effective"] == 1, "two claims of one model are worth one"


def test_as_of_a_moment_between_two_examinations(warehouse: Path) -> None:
    with Reader(warehouse, as_of=datetime(2026, 2, 5, tzinfo=UTC)) as early:
        result = analyses.run("scanned_files", early)
        assert "of the models scanned hold" in result.statement and list(result.tables["rules"]["rule"]) == ["old"]
        assert not analyses.run("claim_verdicts", early).available
    assert HUB in result.statement
