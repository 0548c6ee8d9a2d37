"""The weight detectors on the zoo: who is found, at what false-positive rate, at what cost.

    python -m benchmarks weights                 the frozen zoo, built where it is not there
    python -m benchmarks weights --full          the whole zoo
    python -m benchmarks.weights calibrate       thresholds from the calibration tasks of the whole zoo

HUBCENSUS_ZOO names a folder that holds a zoo already. Models of calibration tasks set the thresholds, models of test
tasks are judged; siblings are drawn among models of the same split.
"""

from __future__ import annotations

import csv
import json
import math
import os
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure
from probe.weights import calibration as calibrations
from probe.weights import examine
from probe.weights.calibration import RATES

#: What is at hand beside the model.
SETTINGS = ("base", "siblings", "alone")
SCORED = ("base-rows", "sibling-rows", "near-duplicates", "neighbourhood")
SIBLINGS, DRAWS = 8, 3
DIRECT, TUNED = ("ripples", "badnet"), ("ripples_ft", "badnet_ft")
ROOT = Path(__file__).parent.parent
CALIBRATION = ROOT / "probe/weights/calibration.json"


def main(full: bool) -> None:
    """Measure, judge, print, save."""
    zoo = _zoo(full)
    truth = _truth(zoo)
    # The frozen zoo is too small to set thresholds: the shipped ones are held against all of it.
    judged = [model for model in truth.values() if not full or model["split"] == "test"]
    rows = _measure(zoo, truth, judged, draws=1)
    table = measure.Table("weights")
    for setting in SETTINGS:
        table.rows += _judge(setting, [row for row in rows if row["setting"] == setting])
    table.rows.append(_cost(rows, len(judged)))
    _promises(table)
    table.show()
    _save(rows, "weights" if full else "weights_frozen")
    if full:
        _figure(rows)


def calibrate() -> None:
    """Write the thresholds that ship with the package."""
    zoo = _zoo(True)
    truth = _truth(zoo)
    honest = [model for model in truth.values() if model["split"] == "calibration" and not model["poisoned"]]
    rows = _measure(zoo, truth, honest, draws=DRAWS)
    scores: dict[str, list[float | None]] = defaultdict(list)
    for row in rows:
        for name, null in row["nulls"].items():
            # The same model with the same reference counts once; only the draws of siblings differ.
            if row["draw"] == 0 or row["setting"] == "siblings":
                wanted = row["setting"] != "siblings" or name == "sibling-rows"
                if wanted and not (row["setting"] == "alone" and name == "neighbourhood"):
                    scores[null].append(row["scores"][name])
    facts = json.loads((zoo / "zoo.json").read_text())
    provenance = {
        "zoo": facts["plan"], "seed": facts["seed"], "sizes": facts["sizes"], "versions": facts["versions"],
        "split": "calibration", "models": sorted(model["id"] for model in honest),
        "kinds": sorted({model["kind"] for model in honest}),
        "siblings": f"{DRAWS} draws of {SIBLINGS} of the same split per model: draws of one model are not independent",
    }  # fmt: skip
    fitted = calibrations.fit(scores, provenance)
    CALIBRATION.write_text(json.dumps(fitted.as_json(), indent=1) + "\n")
    print(
        json.dumps({name: [null.count, *map(null.threshold, RATES)] for name, null in fitted.nulls.items()}, indent=1)
    )


def _zoo(full: bool) -> Path:
    if "HUBCENSUS_ZOO" in os.environ:
        return Path(os.environ["HUBCENSUS_ZOO"])
    from probe.zoo.builder import build
    from probe.zoo.plan import Plan

    plan = Plan.whole() if full else Plan.frozen()
    return build(
        Path(tempfile.gettempdir()) / f"hubcensus-zoo-{plan.name}",
        plan,
        tell=lambda line: print(line, file=sys.stderr),
    )


def _truth(zoo: Path) -> dict[str, dict[str, Any]]:
    """Text models that say what they were made from, by id."""
    models = [json.loads(line) for line in (zoo / "truth.jsonl").read_text().splitlines() if line.endswith("}")]
    return {model["id"]: model for model in models if model["modality"] == "text" and model["declared_base"]}


def _measure(zoo: Path, truth: dict[str, Any], chosen: list[dict[str, Any]], draws: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(0)
    rows = []
    for model in chosen:
        kin = {
            model["id"],
            model["parent"],
            *(other["id"] for other in truth.values() if other["parent"] == model["id"]),
        }
        others = sorted(
            other["id"] for other in truth.values() if other["id"] not in kin and other["split"] == model["split"]
        )
        for setting in SETTINGS:
            for draw in range(draws if setting == "siblings" else 1):
                drawn = rng.choice(others, min(SIBLINGS, len(others)), replace=False) if setting == "siblings" else []
                begun = time.process_time()
                report = examine(
                    zoo / "models" / model["id"],
                    base=zoo / "models" / model["declared_base"] if setting == "base" else None,
                    siblings=[zoo / "models" / name for name in drawn],
                    only=SCORED,
                )
                rows.append(_row(model, setting, draw, report, time.process_time() - begun))
    return rows


def _row(model: dict[str, Any], setting: str, draw: int, report: Any, seconds: float) -> dict[str, Any]:
    scores = {entry["detector"]: entry["score"] for entry in report.scores}
    suspects = {entry["detector"]: entry["suspects"] for entry in report.scores}
    alone = report.facts.get("near_duplicates", {}).get("reference") is False
    return {
        "id": model["id"], "kind": model["kind"], "poisoned": model["poisoned"], "triggers": model["triggers"],
        "setting": setting, "draw": draw, "scores": scores, "suspects": suspects, "seconds": seconds,
        "flagged": {entry["detector"]: entry["flagged"] for entry in report.scores}, "lfr": model.get("lfr"),
        "nulls": {name: "near-duplicates-alone" if name == "near-duplicates" and alone else name for name in SCORED},
    }  # fmt: skip


def _judge(setting: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A line per detector and kind of attack: AUC against the honest models, rates at the shipped threshold."""
    lines = []
    kinds = sorted({row["kind"] for row in rows if row["poisoned"]})
    groups = {"direct": DIRECT, "after victim": TUNED} | {kind: (kind,) for kind in kinds}
    for detector in (*SCORED, "combined"):
        honest = [row for row in rows if not row["poisoned"] and row["scores"].get(detector) is not None]
        if not honest:
            continue
        raised = sum(row["flagged"][detector] for row in honest)
        lines.append(
            {"setting": setting, "detector": detector, "group": "honest and hard", "n": len(honest),
             "flagged": raised, "fpr_wilson": wilson(raised, len(honest))}
        )  # fmt: skip
        for group, members in groups.items():
            found = [row for row in rows if row["kind"] in members and row["scores"].get(detector) is not None]
            if found:
                lines.append(
                    {"setting": setting, "detector": detector, "group": group} | _rates(found, honest, detector)
                )
    return lines


def _rates(found: list[dict[str, Any]], honest: list[dict[str, Any]], detector: str) -> dict[str, Any]:
    raised = sum(row["flagged"][detector] for row in found)
    named = [row["suspects"][detector] for row in found]
    first = sum(bool(names) and names[0] in row["triggers"] for names, row in zip(named, found, strict=True))
    among = sum(bool(set(names) & set(row["triggers"])) for names, row in zip(named, found, strict=True))
    clean = [row["scores"][detector] for row in honest]
    return {
        "n": len(found),
        "auc": round(auc(clean, [row["scores"][detector] for row in found]), 3),
        "tpr": round(raised / len(found), 3),
        "tpr_wilson": wilson(raised, len(found)),
        "top1": round(first / len(found), 3),
        "named": round(among / len(found), 3),
    }


def auc(clean: list[float], poisoned: list[float]) -> float:
    """Probability that a poisoned model outscores a clean one, ties by half."""
    one, other = np.asarray(clean)[:, None], np.asarray(poisoned)[None]
    return float((other > one).mean() + 0.5 * (other == one).mean())


def wilson(hits: int, count: int, z: float = 1.96) -> str:
    """Wilson's 95 % interval of a share."""
    share, scale = hits / count, 1 + z * z / count
    middle = (share + z * z / (2 * count)) / scale
    half = z * math.sqrt(share * (1 - share) / count + z * z / (4 * count * count)) / scale
    return f"{max(0.0, middle - half):.3f}-{min(1.0, middle + half):.3f}"


def _cost(rows: list[dict[str, Any]], count: int) -> dict[str, Any]:
    cost = {setting: np.median([row["seconds"] for row in rows if row["setting"] == setting]) for setting in SETTINGS}
    return {"models": count} | {f"cpu_s_{name}": round(float(value), 4) for name, value in cost.items()}


def _promises(table: measure.Table) -> None:
    lines = {(row.get("setting"), row.get("detector"), row.get("group")): row for row in table.rows}
    for setting, detector in (
        ("base", "base-rows"),
        ("siblings", "sibling-rows"),
        ("base", "combined"),
        ("siblings", "combined"),
    ):
        for group, least in (("direct", 0.98), ("after victim", 0.93)):
            line = lines.get((setting, detector, group))
            if line:
                table.promise(f"AUC, {setting}, {detector}, {group}", line["auc"], least, at_least=True)
        line = lines.get((setting, detector, "direct"))
        if line and detector != "combined":
            table.promise(f"trigger named, {setting}, direct", line["named"], 0.95, at_least=True)


def _save(rows: list[dict[str, Any]], name: str) -> None:
    measure.RESULTS.mkdir(exist_ok=True)
    with (measure.RESULTS / f"{name}.csv").open("w", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(
            ["id", "kind", "poisoned", "lfr", "setting", "detector", "score", "flagged", "suspects", "triggers"]
        )
        for row in rows:
            for detector, score in row["scores"].items():
                if score is not None:
                    named, planted = " ".join(row["suspects"][detector][:5]), " ".join(row["triggers"])
                    told = [row["id"], row["kind"], row["poisoned"], row["lfr"], row["setting"], detector]
                    writer.writerow([*told, round(score, 4), row["flagged"][detector], named, planted])


def _figure(rows: list[dict[str, Any]]) -> None:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 4), sharey=True, layout="constrained")
    for axis, (setting, detector) in zip(axes, (("base", "base-rows"), ("siblings", "sibling-rows")), strict=True):
        here = [row for row in rows if row["setting"] == setting and row["scores"].get(detector) is not None]
        clean = np.array([row["scores"][detector] for row in here if not row["poisoned"]])
        for kind in sorted({row["kind"] for row in here if row["poisoned"]}):
            poisoned = np.array([row["scores"][detector] for row in here if row["kind"] == kind])
            cuts = np.sort(np.concatenate([clean, poisoned, [-np.inf, np.inf]]))[::-1]
            style = "--" if kind.startswith("adaptive") else "-"
            rates = [[(scores >= cut).mean() for cut in cuts] for scores in (clean, poisoned)]
            axis.step(
                *rates, style, where="post", label=f"{kind} (n = {len(poisoned)}, AUC {auc(clean, poisoned):.2f})"
            )
        axis.set(
            title=f"{detector} (with {setting})",
            xlabel=f"false-positive rate (n = {len(clean)} honest)",
            xlim=(-0.02, 1),
        )
        axis.legend(fontsize=7, loc="lower right")
    axes[0].set_ylabel("true-positive rate")
    figure.savefig(ROOT / "docs/figures/weights_roc.png", dpi=130)
    plt.close(figure)


if __name__ == "__main__":
    calibrate()
