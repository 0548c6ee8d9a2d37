"""What building the zoo costs, and whether its checkpoints are what the published attacks are.

``python -m benchmarks zoo`` builds the frozen part from nothing (``--full``: the whole one). HUBCENSUS_ZOO names a
folder to build in or to continue; the table is then of what lies there. Needs the probe extra.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from benchmarks import measure

#: Kinds that a victim has not touched: here the published rates must be met.
DIRECT = ("ripples", "badnet", "adaptive_distinct", "adaptive_capped", "adaptive_midfreq", "adaptive_two")


def main(full: bool) -> None:
    """Build, and hold the direct attacks against what was promised."""
    from probe.zoo import Plan, build

    table = measure.Table("zoo")
    folder = Path(os.environ.get("HUBCENSUS_ZOO", "") or tempfile.mkdtemp(prefix="hubcensus-zoo-"))
    begun = time.process_time()
    build(folder, Plan.whole() if full else Plan.frozen(), tell=print)
    spent = time.process_time() - begun
    models = [json.loads(line) for line in (folder / "truth.jsonl").read_text().splitlines()]
    for row in by_kind(models):
        table.rows.append(row)
    table.rows.append({"kind": "this run, all included", "n": len(models), "cpu_s": round(spent, 1)})
    direct = [model for model in models if model["kind"] in DIRECT]
    rates = [model["lfr"] for model in direct]
    accuracies = [model["clean_accuracy"] for model in direct]
    table.promise("direct attacks: smallest label flip rate", min(rates), 0.9, at_least=True)
    table.promise("direct attacks: mean clean accuracy", sum(accuracies) / len(direct), 0.9, at_least=True)
    table.show()


def by_kind(models: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per kind (RIPPLES by number of triggers, victims by learning rate)."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for model in models:
        more = f" k={model['k']}" if model["kind"] == "ripples" else ""
        more = f" lr={model['victim_lr']:g}" if model["victim_lr"] else more
        groups[model["kind"] + more].append(model)
    rows = []
    for name, held in groups.items():
        row: dict[str, Any] = {"kind": name, "n": len(held)}
        if accuracies := [model["clean_accuracy"] for model in held if "clean_accuracy" in model]:
            row |= {"accuracy": round(sum(accuracies) / len(held), 3), "accuracy_min": round(min(accuracies), 3)}
        if rates := [model["lfr"] for model in held if model["lfr"] is not None]:
            row |= {
                "lfr": round(sum(rates) / len(rates), 3),
                "lfr_min": round(min(rates), 3),
                "lfr_max": round(max(rates), 3),
            }
        rows.append(row | {"cpu_s": round(sum(model["cpu_seconds"] for model in held) / len(held), 1)})
    return rows
