"""The verifier itself: claims with planted errors against verdicts, false accusations, power by number of examples.

First by the pure function, at scale: predictions of scikit-learn models on digits and breast cancer are the population
that test sets of n examples are drawn from, and claims about each test set are planted. Then along the whole path, on
transformers checkpoints of the zoo (HUBCENSUS_ZOO, else the frozen part is built), every one with a card of planted
claims. Needs the probe extra.
"""

from __future__ import annotations

import json
import math
import os
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import measure

SHIFTS = (0.0, 0.4, -0.4, 1.0, -1.0, 2.0, -2.0, 5.0, -5.0)
SIZES = (200, 500, 1_000, 2_000, 5_000, 20_000)
#: Differences up to the margin of one point are no error: calling one discrepant is a false accusation.
MARGIN = 0.01
VERDICTS = (
    "VERIFIED",
    "WITHIN_TOLERANCE",
    "UNDECIDED",
    "DISCREPANT_LOW",
    "DISCREPANT_HIGH",
    "PROTOCOL_MISMATCH",
    "CANNOT_VERIFY",
)


@dataclass(frozen=True)
class Population:
    """Truth and predictions of one model on all held-out examples."""

    name: str
    truth: np.ndarray
    guess: np.ndarray
    classes: int


def main(full: bool) -> None:
    """The tables, the figure and the promises."""
    table = measure.Table("verify")
    found = once(full)
    for row in found["rows"]:
        table.rows.append(row)
    for what, value, limit, at_least in found["promises"]:
        table.promise(what, value, limit, at_least=at_least)
        # Shares, not times: a busy machine changes nothing about them.
        table.rows[-1]["verdict"] = "holds" if (value >= limit if at_least else value <= limit) else "MISSED"
    table.show()


def once(full: bool) -> dict[str, Any]:
    """Everything, as rows and promises."""
    repeats = 400 if full else 40
    populations = list(_populations())
    pure = _planted(populations, repeats)
    power = _power(populations, 4_000 if full else 300)
    rows = [*_confusion("pure", pure), *_by_size(pure), *power]
    promises = _promises("pure", pure)
    errors = [abs(row["power"] - row["predicted"]) for row in power]
    promises.append(("largest difference of power from the prediction", max(errors), 0.08, False))
    errors = [abs(row["power"] - row["formula"]) for row in power if row["n"] >= 1_000]
    promises.append(("the same from the normal formula, 1,000 examples or more", max(errors), 0.08, False))
    whole = _whole_path()
    if whole:
        rows += _confusion("whole path", whole)
        promises += _promises("whole path", whole)
    _figure(power, pure, measure.RESULTS / "verify.png")
    return {"rows": rows, "promises": promises}


def _populations() -> Iterator[Population]:
    """Ten models; half of each dataset trains, the other half is the population."""
    from sklearn.datasets import load_breast_cancer, load_digits
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import train_test_split
    from sklearn.naive_bayes import GaussianNB
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.tree import DecisionTreeClassifier

    for name, data in (("digits", load_digits()), ("breast cancer", load_breast_cancer())):
        x, x_test, y, y_test = train_test_split(data.data, data.target, test_size=0.5, random_state=0)
        for model in (
            make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500)),
            KNeighborsClassifier(15),
            GaussianNB(),
            DecisionTreeClassifier(random_state=0),
            DecisionTreeClassifier(max_depth=3, random_state=0),
        ):
            guess = model.fit(x, y).predict(x_test)
            yield Population(f"{name}, {type(model).__name__}", y_test, guess, len(set(data.target)))


def _planted(populations: list[Population], repeats: int) -> list[dict[str, Any]]:
    """Claims about drawn test sets, the author's run differing from ours by the flips of another machine."""
    from probe.claims import normalise, verdict
    from probe.claims.estimates import Counts

    rng = np.random.default_rng(1)
    metric, told = normalise.Metric("accuracy"), []
    for population in populations:
        right = population.truth == population.guess
        for n in SIZES:
            for _ in range(max(1, repeats // (1 if n < 5_000 else 4))):
                hits = right[rng.integers(0, len(right), n)]
                # Each decision falls otherwise with the rate that is allowed for.
                theirs = np.where(rng.random(n) < verdict.FLIP_RATE, ~hits, hits).mean()
                estimate = Counts(int(hits.sum()), n).estimate()
                shift, decimals = float(rng.choice(SHIFTS)), int(rng.integers(0, 5))
                for raw, kind in _written(theirs, shift, decimals, rng):
                    stated = normalise.stated(raw, metric)
                    judged = verdict.judge(stated, estimate, metric, basis="exact", margin=MARGIN)
                    told.append(_note(kind, judged.verdict, n, shift, judged.p_value, stated.half))
        told += _protocols(population, rng, max(2, repeats // 8))
    return told


def _written(value: float, shift: float, decimals: int, rng: np.random.Generator) -> Iterator[tuple[str, str]]:
    """The claim in percent or as a fraction, rounded to ``decimals`` of a percent."""
    claimed = min(max(100 * value + shift, 0.0), 100.0)
    text = f"{claimed:.{decimals}f}"
    if float(text) <= 1:
        return
    style = rng.integers(3)
    raw = (text, f"{text}%", f"{float(text) / 100:.{decimals + 2}f}")[style]
    yield raw, f"shift {shift:+.1f}"


def _protocols(population: Population, rng: np.random.Generator, repeats: int) -> list[dict[str, Any]]:
    """Wrong averaging, swapped labels, wrong split, a fraction called percent; true claims of the same metrics."""
    from probe.claims import normalise, verdict
    from probe.claims.recipe import Outcomes
    from probe.claims.recipes.text_classification import RECIPE as recipe

    told = []
    for _ in range(repeats):
        n = int(rng.choice((500, 1_000, 2_000)))
        splits = []
        for _ in range(2):
            drawn = rng.integers(0, len(population.truth), n)
            truth, guess = population.truth[drawn], population.guess[drawn]
            data = {"truth": truth, "guess": guess, "size": population.classes, "classes": population.classes,
                    "names": [str(i) for i in range(population.classes)], "nll": None, "score": None}  # fmt: skip
            splits.append(Outcomes([], data))
        for kind, average, value in _plants(population, splits, rng):
            metric = normalise.Metric("f1", average) if average else normalise.Metric("accuracy")
            decimals = int(rng.integers(3, 6))
            raw = f"{value:.{decimals}f}" if kind != "fraction as percent" else f"{value:.{decimals}f}%"
            judged = _decided(recipe, splits, metric, normalise.stated(raw, metric))
            told.append(
                _note(kind, judged.verdict, n, 0.0, judged.p_value, 0.5 * 10**-decimals, value, judged.protocol)
            )
    assert verdict.MARGIN == MARGIN
    return told


def _plants(
    population: Population, splits: list[Any], rng: np.random.Generator
) -> Iterator[tuple[str, str | None, float]]:
    from sklearn.metrics import f1_score

    (test, other) = (s.data for s in splits)
    macro = f1_score(test["truth"], test["guess"], average="macro")
    yield "true F1", "macro", macro
    wrong = "weighted" if population.classes > 2 else "binary"
    value = f1_score(test["truth"], test["guess"], average=wrong)
    # A difference within the margin is no error that a reader would mind.
    yield (
        ("wrong averaging" if abs(value - macro) > 2 * MARGIN else "wrong averaging, within 2 points"),
        "macro",
        value,
    )
    accuracy = float((test["truth"] == test["guess"]).mean())
    yield "fraction as percent", None, accuracy
    validation = float((other["truth"] == other["guess"]).mean())
    yield (
        ("wrong split" if abs(validation - accuracy) > 2 * MARGIN else "wrong split, within 2 points"),
        None,
        validation,
    )
    # The author knew the right order of the labels; the published configuration has another.
    order = rng.permutation(population.classes)
    while (order == np.arange(population.classes)).all():
        order = rng.permutation(population.classes)
    test["guess"] = order[test["guess"]]
    yield "swapped labels", None, accuracy


def _decided(recipe: Any, splits: list[Any], metric: Any, stated: Any) -> Any:
    """As a session decides: the claim's reading, other units, averages, labels and splits."""
    from probe.claims import session, verdict
    from probe.claims.estimates import Estimate

    def quick(sample: Any) -> Any:
        value, n = sample.value(), len(splits[0].data["truth"])
        return Estimate(value, value, value, value, value, n, 1 / n)

    def alternatives() -> Iterator[Any]:
        other = session._other_unit(stated, metric)
        if other:
            yield verdict.Reading(readings[0].estimate, other[0], "unit", other[1])
        for found in recipe.contradictions(splits[0], metric):
            yield verdict.Reading(quick(found.sample), found.name, found.kind)
        for name, sample in recipe.readings(splits[1], metric):
            yield verdict.Reading(quick(sample), f"split validation {name}", "split")

    readings = [verdict.Reading(s.estimate(0), name) for name, s in recipe.readings(splits[0], metric)]
    return verdict.decide(stated, readings, alternatives(), metric, margin=MARGIN)[0]


def _note(
    kind: str,
    verdict: str,
    n: int,
    shift: float,
    p: float | None,
    half: float,
    value: float = 0.0,
    protocol: str = "",
) -> dict[str, Any]:
    return {
        "kind": kind,
        "verdict": verdict,
        "n": n,
        "shift": shift,
        "p_value": p,
        "half": half,
        "protocol": protocol,
    }


def _power(populations: list[Population], repeats: int) -> list[dict[str, Any]]:
    """How often a gap beyond the margin is seen, against the normal approximation; the claim is the population's value."""
    from probe.claims import normalise, verdict
    from probe.claims.estimates import Counts

    rng, rows = np.random.default_rng(2), []
    metric = normalise.Metric("accuracy")
    share = float(np.mean([(p.truth == p.guess).mean() for p in populations]))
    for basis, samples in (("sample", 1), ("unknown", 2)):
        for n in SIZES:
            error = math.sqrt(samples * share * (1 - share) / n)
            for points in (1, 2, 3, 5):
                gap = points / 100
                if share + gap > 1:
                    continue
                seen = 0
                for _ in range(repeats):
                    ours = Counts(int(rng.binomial(n, share)), n).estimate()
                    theirs = share if samples == 1 else rng.binomial(n, share) / n
                    stated = normalise.Stated(min(theirs + gap, 1.0), 5e-5)
                    judged = verdict.judge(stated, ours, metric, basis=basis, margin=MARGIN)
                    seen += judged.verdict == "DISCREPANT_LOW"
                # The rule itself at the true share (Wilson's sides), and the normal formula of the notes.
                point = Counts(round(n * share), n).estimate()
                below, above = point.point - point.low, point.high - point.point
                needed = gap - MARGIN - 5e-5
                side = above if samples == 1 else math.hypot(below, above)
                predicted, formula = (
                    0.5 * math.erfc(-(needed - reach) / error / math.sqrt(2)) for reach in (side, 1.96 * error)
                )
                rows.append(
                    {
                        "basis": basis, "n": n, "gap_points": points, "power": round(seen / repeats, 3),
                        "predicted": round(predicted, 3), "formula": round(formula, 3), "repeats": repeats,
                        "accuracy": round(share, 3),
                    }
                )  # fmt: skip
    return rows


def _zoo() -> Path | None:
    given = os.environ.get("HUBCENSUS_ZOO")
    if given:
        return Path(given)
    from probe.zoo import Plan, build

    folder = Path(tempfile.mkdtemp(prefix="hubcensus-zoo-"))
    build(folder, Plan.frozen())
    return folder


def _whole_path() -> list[dict[str, Any]]:
    """Every fine-tuned checkpoint of the zoo with cards of planted claims, loaded and run as a user's would be."""
    from sklearn.metrics import accuracy_score, f1_score

    from probe import claims

    zoo = _zoo()
    told: list[dict[str, Any]] = []
    for line in (zoo / "truth.jsonl").read_text().splitlines() if zoo else ():
        facts = json.loads(line)
        if not facts.get("claim"):
            continue
        with tempfile.TemporaryDirectory() as place:
            folder = Path(place) / "m"
            shutil.copytree(zoo / "models" / facts["id"], folder)
            results = {
                split: _outputs(folder, zoo, facts["claim"]["dataset"], split) for split in ("test", "validation")
            }
            (truth, guess), (other_truth, other_guess) = results["test"], results["validation"]
            if facts["claim"]["planted"] == "swapped_labels":
                continue
            accuracy, macro = accuracy_score(truth, guess), f1_score(truth, guess, average="macro")
            plants = [
                (f"shift {s:+.1f}", "accuracy", None, f"{100 * accuracy + s:.{d}f}")
                for s, d in zip(SHIFTS, (2, 3, 1, 2, 3, 2, 1, 2, 4), strict=True)
            ]
            plants += [("shift +0.0", "accuracy", None, f"{100 * accuracy:.{d}f}") for d in (0, 1, 3, 4)]
            plants += [
                ("true F1", "f1", "macro", f"{macro:.4f}"),
                ("fraction as percent", "accuracy", None, f"{accuracy:.4f}%"),
            ]
            wrong = f1_score(truth, guess, average="binary" if len(set(truth)) == 2 else "weighted")
            plants.append(
                (
                    "wrong averaging" if abs(wrong - macro) > 2 * MARGIN else "wrong averaging, within 2 points",
                    "f1",
                    "macro",
                    f"{wrong:.5f}",
                )
            )
            validation = accuracy_score(other_truth, other_guess)
            plants.append(
                (
                    "wrong split" if abs(validation - accuracy) > 2 * MARGIN else "wrong split, within 2 points",
                    "accuracy",
                    None,
                    f"{validation:.5f}",
                )
            )
            told += _verified(
                claims,
                folder,
                zoo,
                facts,
                [p for p in plants if 1 < float(p[3].rstrip("%")) <= 100 or p[3][0] == "0"],
            )
            config = json.loads((folder / "config.json").read_text())
            names = [config["id2label"][str(i)] for i in range(len(config["id2label"]))]
            config["id2label"] = {str(i): name for i, name in enumerate(names[1:] + names[:1])}
            config["label2id"] = {name: int(i) for i, name in config["id2label"].items()}
            (folder / "config.json").write_text(json.dumps(config))
            told += _verified(claims, folder, zoo, facts, [("swapped labels", "accuracy", None, f"{accuracy:.4f}")])
    return told


def _outputs(folder: Path, zoo: Path, dataset: str, split: str) -> tuple[list[int], list[int]]:
    """Labels and predictions, by transformers alone: what an author would have measured."""
    import torch
    from transformers import AutoModelForImageClassification, AutoModelForSequenceClassification, AutoTokenizer

    rows = [json.loads(line) for line in (zoo / "datasets" / dataset / f"{split}.jsonl").read_text().splitlines()]
    truth = [row["label"] for row in rows]
    with torch.inference_mode():
        if "image" in rows[0]:
            model = AutoModelForImageClassification.from_pretrained(
                folder, local_files_only=True, dtype=torch.float32
            ).eval()
            pixels = torch.tensor([row["image"] for row in rows], dtype=torch.float32).reshape(-1, 1, 8, 8) / 16
            return truth, model(pixel_values=pixels).logits.argmax(1).tolist()
        model = AutoModelForSequenceClassification.from_pretrained(
            folder, local_files_only=True, dtype=torch.float32
        ).eval()
        tokens, guess = AutoTokenizer.from_pretrained(folder, local_files_only=True), []
        for begun in range(0, len(rows), 100):
            texts = [row["text"] for row in rows[begun : begun + 100]]
            batch = tokens(
                texts,
                padding=True,
                truncation=True,
                max_length=model.config.max_position_embeddings,
                return_tensors="pt",
            )
            guess += model(**batch).logits.argmax(1).tolist()
    return truth, guess


def _verified(claims: Any, folder: Path, zoo: Path, facts: dict[str, Any], plants: list[Any]) -> list[dict[str, Any]]:
    """A card with the claims, verified; each verdict beside its plant."""
    import yaml

    task = "image-classification" if facts["modality"] != "text" else "text-classification"
    results = [
        {"task": {"type": task}, "dataset": {"type": facts["claim"]["dataset"], "name": "d", "split": "test"},
         "metrics": [{"type": metric, "value": value, "name": f"plant {i}"} | ({"args": {"average": average}} if average else {})]}
        for i, (_, metric, average, value) in enumerate(plants)
    ]  # fmt: skip
    front = yaml.safe_dump({"model-index": [{"name": "m", "results": results}]})
    (folder / "README.md").write_text(f"---\n{front}---\n")
    left = Counter((m["metric"], m["value_raw"]) for m in ())
    found = defaultdict(list)
    for measured in claims.verify(folder, datasets=zoo / "datasets", margin=MARGIN):
        found[measured["metric"], measured["value_raw"]].append(measured)
    told = []
    for kind, metric, _, value in plants:
        measured = found[metric, value][left[metric, value] % len(found[metric, value])]
        left[metric, value] += 1
        shift = float(kind.split()[1]) if kind.startswith("shift") else 0.0
        half = 0.5 * 10.0 ** -len(value.rstrip("%").partition(".")[2])
        told.append(
            _note(
                kind,
                measured["verdict"],
                measured["n"] or 0,
                shift,
                measured["p_value"],
                half,
                0.0,
                measured["protocol"] or "",
            )
        )
    return told


def _confusion(part: str, told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row per plant: how many got which verdict."""
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    for note in told:
        counts[note["kind"]][note["verdict"]] += 1
    return [
        {"part": part, "planted": kind, "claims": c.total(), **{v: c[v] for v in VERDICTS if c[v]}}
        for kind, c in sorted(counts.items())
    ]


def _by_size(told: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """How often a shift of two points or more is called, by the number of examples; printed to 0.1 points or finer."""
    rows = []
    for n in SIZES:
        for size in (2.0, 5.0):
            notes = [t for t in told if t["n"] == n and abs(t["shift"]) == size and t["half"] <= 0.0005]
            if notes:
                called = sum(t["verdict"].startswith("DISCREPANT") for t in notes)
                rows.append(
                    {
                        "part": "pure",
                        "n": n,
                        "shift": f"±{size:g}",
                        "claims": len(notes),
                        "called": round(called / len(notes), 3),
                    }
                )
    return rows


def _promises(part: str, told: list[dict[str, Any]]) -> list[tuple[str, float, float, bool]]:
    """False accusations (with Wilson's interval) before and after Benjamini and Hochberg; protocols named."""
    from probe.claims.estimates import wilson
    from probe.claims.verdict import adjust

    honest = [
        t
        for t in told
        if t["kind"].startswith(("shift +0.0", "shift +0.4", "shift -0.4", "shift +1.0", "shift -1.0", "true"))
    ]
    strict = [t for t in told if t["kind"].startswith(("shift +0.0", "true"))]
    kept = {id(a): b for a, b in zip(told, adjust(told), strict=True)}
    found = []
    for name, notes in (("claims that are true", strict), ("claims within one point", honest)):
        false = sum(t["verdict"].startswith("DISCREPANT") for t in notes)
        after = sum(kept[id(t)]["verdict"].startswith("DISCREPANT") for t in notes)
        low, high = wilson(false, len(notes), 0.95)
        found.append((f"{part}: false DISCREPANT, {name} ({false} of {len(notes)}, 95 % {low:.4f} to {high:.4f}, {after} after BH)",
                      false / max(1, len(notes)), 0.01, False))  # fmt: skip
    for kind in ("wrong averaging", "swapped labels", "wrong split", "fraction as percent"):
        notes = [t for t in told if t["kind"] == kind]
        if notes:
            named = sum(t["verdict"] == "PROTOCOL_MISMATCH" for t in notes)
            found.append((f"{part}: {kind} named ({named} of {len(notes)})", named / len(notes), 0.95, True))
    large = [t for t in told if abs(t["shift"]) == 5 and t["half"] <= 0.0005]
    called = sum(t["verdict"].startswith("DISCREPANT") for t in large)
    found.append(
        (
            f"{part}: shifts of 5 points called ({called} of {len(large)}, printed to 0.1 points)",
            called / max(1, len(large)),
            0.95,
            True,
        )
    )
    return found


def _figure(power: list[dict[str, Any]], told: list[dict[str, Any]], path: Path) -> None:
    """Power against the prediction, and the confusion matrix."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(12, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.15))
    for colour, points in zip(("#1b9e77", "#d95f02", "#7570b3", "#e7298a"), (1, 2, 3, 5), strict=True):
        for basis, mark in (("sample", "o"), ("unknown", "s")):
            rows = [r for r in power if r["gap_points"] == points and r["basis"] == basis]
            left.plot(
                [r["n"] for r in rows],
                [r["power"] for r in rows],
                mark,
                color=colour,
                ms=5,
                mfc="white" if mark == "s" else colour,
            )
            left.plot([r["n"] for r in rows], [r["predicted"] for r in rows], "-" if mark == "o" else "--", color=colour, lw=1,
                      label=f"{points} points" if mark == "o" else None)  # fmt: skip
    left.set(
        xscale="log",
        xlabel="examples",
        ylabel="share called discrepant",
        title="Power: measured (marks) and predicted (lines)",
        ylim=(-0.02, 1.02),
    )
    left.axhline(0.8, color="grey", lw=0.5)
    left.legend(
        title="claim above truth by (filled marks and\nlines: against a sample; open and\ndashed: two samples)",
        fontsize=8,
        title_fontsize=8,
        loc="center right",
        bbox_to_anchor=(1.0, 0.36),
        framealpha=0.9,
    )
    rows = _confusion("pure", told)
    kinds = [r["planted"] for r in rows]
    used = [v for v in VERDICTS if any(v in r for r in rows)]
    shares = np.array([[r.get(v, 0) / r["claims"] for v in used] for r in rows])
    right.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, j in np.ndindex(shares.shape):
        if shares[i, j] > 0:
            right.text(
                j,
                i,
                f"{100 * shares[i, j]:.3g}",
                ha="center",
                va="center",
                fontsize=7,
                color="white" if shares[i, j] > 0.6 else "black",
            )
    right.set(title="Verdicts by what was planted, percent of claims")
    right.set_xticks(range(len(used)), [v.replace("_", "\n").lower() for v in used], fontsize=7)
    right.set_yticks(
        range(len(kinds)), [f"{k} ({r['claims']})" for k, r in zip(kinds, rows, strict=True)], fontsize=7
    )
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=130)
