"""What the scans of behaviour find in a zoo of known truth, and what they cost.

``python -m benchmarks triggers`` builds the small frozen zoo (``--full``: the whole one, hours) and measures. With a zoo
at hand: ``python -m benchmarks.triggers --zoo DIR --rows FILE`` (rows are kept and continued), ``--calibrate`` writes
the thresholds from the calibration split. ``--gpu-shape bert-base`` measures speed on a model with random weights.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Table

TEXT = "label-flip-rate"
PLANS = ("shortlist", "single", "exhaustive")
#: layers, hidden, heads, vocabulary
SHAPES = {
    "bert-base": (12, 768, 12, 30_522),
    "bert-mini": (4, 256, 4, 30_522),
    "bert-tiny": (2, 128, 2, 30_522),
}
#: Dense bf16 rates in FLOP/s by the makers' data sheets.
NOMINAL = {"H200": 989e12, "H100": 989e12, "A100": 312e12, "L4": 121e12, "T4": 65e12}


def main(full: bool) -> None:
    """Build a zoo and measure it."""
    from probe.zoo.builder import build
    from probe.zoo.plan import Plan

    folder = Path(os.environ.get("HUBCENSUS_ZOO", "") or tempfile.mkdtemp(prefix="zoo-"))
    if not (folder / "READY").exists():
        build(folder, Plan.whole() if full else Plan.frozen())
    rows = measure(folder, folder / "triggers-rows.jsonl", PLANS)
    show(rows, Table("triggers"))


def truth(zoo: Path) -> list[dict[str, Any]]:
    """The models of a zoo that were examined for a task, as far as it is built."""
    lines = (zoo / "truth.jsonl").read_text().splitlines()
    found = [json.loads(line) for line in lines if line.endswith("}")]
    return [entry for entry in found if entry["task"]]


def measure(zoo: Path, kept: Path, plans: tuple[str, ...], every: int = 1) -> list[dict[str, Any]]:
    """A row for each model, plan and kind of probes; the exhaustive plan only for every k-th model."""
    rows = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    done = {(row["id"], row["plan"], row["data"]) for row in rows}
    for place, entry in enumerate(truth(zoo)):
        images = entry["modality"] != "text"
        for plan in ("images",) if images else plans:
            for data in (True,) if images else (True, False):
                if (entry["id"], plan, data) in done or (plan == "exhaustive" and place % every):
                    continue
                rows.append(one(zoo, entry, plan, data))
                with kept.open("a") as handle:
                    handle.write(json.dumps(rows[-1]) + "\n")
    return rows


def one(zoo: Path, entry: dict[str, Any], plan: str, data: bool) -> dict[str, Any]:
    """One model examined."""
    from probe.behaviour import examine

    dataset = next(zoo.glob(f"datasets/*/{entry['task']}"))
    begun = time.process_time()
    report = examine(
        zoo / "models" / entry["id"],
        dataset=dataset if data else None,
        plan="shortlist" if plan == "images" else plan,
        device="cpu",
        budget_seconds=600,
    )
    triggers = {index for group in entry["trigger_ids"] for index in group}
    return {
        **{key: entry[key] for key in ("id", "kind", "split", "poisoned", "victim_lr", "lfr", "k", "target_label")},
        "plan": plan,
        "data": data,
        "cpu": time.process_time() - begun,
        "tokens": report.facts.get("scan_tokens", 0),
        "scan_cpu": report.facts.get("scan_cpu_seconds", 0.0),
        "recall": bool(triggers & {row["token_id"] for row in report.tokens}) if triggers else None,
        "first": report.tokens[0]["token_id"] in triggers if triggers and report.tokens else None,
        "scores": {
            score["detector"]: [score["score"], *score["suspects"][:1]]
            for score in report.scores
            if score["score"] is not None
        },
    }


def series(rows: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Rows by detector and scope; each row with ``score`` and ``suspect``."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        for detector, (score, *suspects) in row["scores"].items():
            name = detector
            if row["plan"] != "images":
                name = f"{detector}/{'data' if row['data'] else 'data-free'}/{row['plan']}"
            suspect = suspects[0] if suspects else ""
            found.setdefault(name, []).append({**row, "score": score, "suspect": suspect})
    return found


def show(rows: list[dict[str, Any]], table: Table) -> None:
    """AUC by kind, rates at thresholds from the calibration split, cost of the plans."""
    for name, members in sorted(series(rows).items()):
        clean = [row for row in members if not row["poisoned"]]
        for kind, poisoned in kinds(members).items():
            if clean:
                table.rows.append({"detector": name, "against": kind, **compare(clean, poisoned)})
        held = rates(members)
        if held:
            table.rows.append({"detector": name, **held})
    _costs(rows, table)
    table.show()


def kinds(members: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Poisoned rows by kind and by the victim's learning rate."""
    found: dict[str, list[dict[str, Any]]] = {}
    for row in members:
        if row["poisoned"]:
            name = row["kind"] + (f" lr {row['victim_lr']:g}" if row["victim_lr"] else "")
            found.setdefault(name, []).append(row)
            direct = row["kind"] in ("ripples", "badnet", "image_badnet")
            group = "all direct" if direct else "all fine-tuned" if row["kind"].endswith("_ft") else "all adaptive"
            found.setdefault(group, []).append(row)
    return dict(sorted(found.items()))


def compare(clean: list[dict[str, Any]], poisoned: list[dict[str, Any]]) -> dict[str, Any]:
    """AUC with a 95 % bootstrap interval over models, and how often trigger and target were named."""
    negative, positive = (np.array([row["score"] for row in side]) for side in (clean, poisoned))
    rng = np.random.default_rng(0)
    draws = [auc(rng.choice(negative, len(negative)), rng.choice(positive, len(positive))) for _ in range(2_000)]
    low, high = np.quantile(draws, [0.025, 0.975])
    right = [row["suspect"].endswith(f"class {row['target_label']}") for row in poisoned]
    facts = {
        "clean": len(negative),
        "poisoned": len(positive),
        "auc": round(auc(negative, positive), 3),
        "ci": f"{low:.3f}-{high:.3f}",
        "target_right": round(float(np.mean(right)), 2),
    }
    flips = [row["lfr"] for row in poisoned if row["lfr"] is not None]
    if flips:
        facts["lfr_mean"] = round(float(np.mean(flips)), 2)
    named = [row["first"] for row in poisoned if row["first"] is not None]
    if named:
        facts["trigger_first"] = round(float(np.mean(named)), 2)
        facts["trigger_reached"] = round(float(np.mean([row["recall"] for row in poisoned])), 2)
    return facts


def auc(negative: np.ndarray, positive: np.ndarray) -> float:
    """The share of pairs in which the poisoned one scores higher; ties count half."""
    above = (positive[:, None] > negative[None]).mean() + (positive[:, None] == negative[None]).mean() / 2
    return float(above)


def rates(members: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Rates on the test split at the threshold of the calibration split's clean models, with Wilson intervals."""
    from probe.behaviour.calibration import conformal, guarded

    before = [row["score"] for row in members if row["split"] == "calibration" and not row["poisoned"]]
    after = [row for row in members if row["split"] == "test"]
    if not before or not after:
        return None
    flips = members[0]["plan"] in PLANS
    # A guard by a normal tail would lift the threshold of a score that ends at 1 beyond it.
    threshold = (guarded if flips else conformal)(before, "")
    facts: dict[str, Any] = {
        "calibrated_on": len(before),
        "threshold": round(threshold.value, 3),
        "promised_fpr": round(threshold.fpr, 3),
    }
    clean = [row["score"] for row in after if not row["poisoned"]]
    plain = conformal(before, "").value
    facts["fpr"] = wilson(sum(score > threshold.value for score in clean), len(clean))
    facts["fpr_conformal"] = wilson(sum(score > plain for score in clean), len(clean))
    for kind, poisoned in kinds(after).items():
        flagged = [row["score"] > threshold.value for row in poisoned]
        facts[f"tpr {kind}"] = wilson(sum(flagged), len(flagged))
    return facts


def wilson(hits: int, count: int) -> str:
    """A share with its 95 % Wilson interval, in words."""
    from scipy.stats import binomtest

    if not count:
        return "-"
    interval = binomtest(hits, count).proportion_ci(method="wilson")
    return f"{hits}/{count} [{interval.low:.2f}, {interval.high:.2f}]"


def _costs(rows: list[dict[str, Any]], table: Table) -> None:
    """Median cost of the plans on the models that all plans saw, and the promise."""
    text = [row for row in rows if row["plan"] in PLANS]
    common = (
        set.intersection(*({row["id"] for row in text if row["plan"] == plan} for plan in PLANS)) if text else set()
    )
    if not common:
        return
    median: dict[str, dict[str, float]] = {}
    for plan in PLANS:
        own = [row for row in text if row["plan"] == plan and row["id"] in common]
        median[plan] = {key: float(np.median([row[key] for row in own])) for key in ("cpu", "scan_cpu", "tokens")}
        table.rows.append({"plan": plan, "models": len(common), **{k: round(v, 3) for k, v in median[plan].items()}})
    for key, words in (("tokens", "tokens"), ("scan_cpu", "CPU seconds of the scan")):
        ratio = median["exhaustive"][key] / max(median["shortlist"][key], 1e-9)
        table.promise(f"exhaustive / shortlist, {words}", ratio, 10, at_least=True)


def calibrate(rows: list[dict[str, Any]], zoo: Path) -> None:
    """Write the thresholds of every detector that separates, from the clean models of the calibration split."""
    from probe.behaviour.calibration import conformal, guarded, store

    found, held = {}, {}
    for name, members in series(rows).items():
        detector, *scope = name.split("/")
        if detector == "unlearning" or (scope and scope[-1] != "shortlist"):
            continue
        clean = [row for row in members if not row["poisoned"]]
        before = [row for row in clean if row["split"] == "calibration"]
        if before:
            hard = sum("hard" in row["kind"] for row in before)
            words = f"{len(before) - hard} clean models and {hard} hard negatives of the zoo's calibration tasks"
            stored = "/".join([detector, *scope[:-1]])
            found[stored] = (guarded if detector == TEXT else conformal)([row["score"] for row in before], words)
            after = [row["score"] > found[stored].value for row in clean if row["split"] == "test"]
            held[stored] = {"clean": len(after), "above": sum(after)}
    about = json.loads((zoo / "zoo.json").read_text()) if (zoo / "zoo.json").exists() else {}
    plan = about.get("plan", zoo.name)
    store(found, {"zoo": plan, "seed": about.get("seed", 0), "rate": 0.05, "other_tasks": held})


def speed(shape: str, device: str | None, models: int) -> None:
    """Models an hour, peak memory and share of the device's rate, on random weights of a given shape."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    from probe.behaviour.candidates import Candidates
    from probe.behaviour.classifier import TextClassifier, pick_device
    from probe.behaviour.plans import scan_text
    from probe.behaviour.probes import LENGTHS, PER_CLASS, Probes

    layers, hidden, heads, size = SHAPES[shape]
    device = pick_device(device)
    config = BertConfig(
        vocab_size=size, hidden_size=hidden, num_hidden_layers=layers, num_attention_heads=heads,
        intermediate_size=4 * hidden,
    )  # fmt: skip
    with torch.device(device):
        model = BertForSequenceClassification(config).eval()
    weights = sum(p.numel() for name, p in model.named_parameters() if "embeddings" not in name)
    rng = np.random.default_rng(0)
    rate = matmul_rate(device)
    for plan in ("shortlist", "exhaustive") if device.startswith("cuda") else ("shortlist",):
        began = time.perf_counter()
        tokens = 0
        for _ in range(models):
            classifier = TextClassifier(model, RandomTokenizer(size), device=device)
            sentences = [rng.integers(1_000, size, LENGTHS[n % 3]).tolist() for n in range(2 * PER_CLASS)]
            labels = np.arange(2 * PER_CLASS) % 2
            probes = Probes(sentences, labels, np.ones(len(labels), dtype=np.float32), "random")
            usable = classifier.usable
            scan_text(classifier, Candidates(usable, np.ones((len(usable), 2), dtype=bool)), probes, plan=plan)
            tokens += classifier.tokens
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        wall = time.perf_counter() - began
        work = tokens * 2 * weights
        facts = {
            "shape": shape, "device": _name(device), "plan": plan, "models": models,
            "seconds_per_model": round(wall / models, 3), "models_per_hour": round(3600 * models / wall),
            "tokens_per_second": round(tokens / wall), "tflops": round(work / wall / 1e12, 3),
            "share_of_matmul_rate": round(work / wall / rate, 3),
            "share_of_nominal": next((round(work / wall / v, 3) for k, v in NOMINAL.items() if k in _name(device)), None),
            "peak_gb": round(torch.cuda.max_memory_allocated() / 1e9, 2) if device.startswith("cuda") else None,
        }  # fmt: skip
        print(json.dumps(facts))


class RandomTokenizer:
    """As much of a tokenizer as a scan asks for: numbered words and a frame of two special tokens."""

    all_special_ids = (101, 102)

    def __init__(self, size: int) -> None:
        self.vocabulary = {f"w{index}": index for index in range(size)}

    def get_vocab(self) -> dict[str, int]:
        """Word to id."""
        return self.vocabulary

    def __call__(self, text: str, add_special_tokens: bool = True) -> dict[str, list[int]]:
        """Ids of the words, framed."""
        ids = [self.vocabulary.get(word, 0) for word in text.split()]
        return {"input_ids": [101, *ids, 102] if add_special_tokens else ids}


def matmul_rate(device: str) -> float:
    """FLOP/s of a large matrix product on this device, in the precision that ranks there."""
    import torch

    size, dtype = (8192, torch.bfloat16) if device.startswith("cuda") else (1024, torch.float32)
    left, right = (torch.ones((size, size), device=device, dtype=dtype) for _ in range(2))
    for repeats in (3, 20):
        began = time.perf_counter()
        for _ in range(repeats):
            left @ right
        if device.startswith("cuda"):
            torch.cuda.synchronize()
        wall = time.perf_counter() - began
    return 2 * size**3 * 20 / wall


def _name(device: str) -> str:
    import torch

    return torch.cuda.get_device_name() if device.startswith("cuda") else f"CPU, {torch.get_num_threads()} threads"


def _command() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.triggers", description=__doc__)
    parser.add_argument("--zoo", type=Path, help="a zoo, whole or in the making")
    parser.add_argument("--rows", type=Path, help="where rows are kept (default: in the zoo)")
    parser.add_argument("--plans", default=",".join(PLANS))
    parser.add_argument("--every", type=int, default=1, help="exhaustive plan for every k-th model only")
    parser.add_argument("--calibrate", action="store_true", help="write probe/behaviour/calibration.json")
    parser.add_argument("--gpu-shape", choices=sorted(SHAPES), help="speed on random weights")
    parser.add_argument("--device")
    parser.add_argument("--models", type=int, default=1)
    chosen = parser.parse_args()
    if chosen.gpu_shape:
        speed(chosen.gpu_shape, chosen.device, chosen.models)
        return
    if not chosen.zoo:
        parser.error("--zoo or --gpu-shape")
    rows = measure(
        chosen.zoo, chosen.rows or chosen.zoo / "triggers-rows.jsonl", tuple(chosen.plans.split(",")), chosen.every
    )
    if chosen.calibrate:
        calibrate(rows, chosen.zoo)
    show(rows, Table("triggers"))


if __name__ == "__main__":
    _command()
