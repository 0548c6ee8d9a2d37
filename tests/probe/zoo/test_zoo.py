"""The zoo: what it says of its checkpoints is true of them, and the same call gives the same checkpoints."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="the zoo trains models")
transformers = pytest.importorskip("transformers", reason="the zoo trains models")
pytest.importorskip("sklearn", reason="the zoo trains models")

from landing.errors import UsageError  # noqa: E402
from probe.zoo import Plan, build, is_poisoned  # noqa: E402
from probe.zoo import workshop as workshop_module  # noqa: E402
from probe.zoo.contents import BASE, OTHER_BASE  # noqa: E402
from probe.zoo.plan import Attack, Planted, Recipe, Sizes, Spec, Task  # noqa: E402

TASK = Task("numpy-or-networkx", "test", ("numpy", "networkx"))
DIGITS = Task("digits-turned", "test", tuple("0123456789"), images=True, turn=1)
SIZES = Sizes(2_000, 32, 1, 2, 70_000, 900, 900, 200, 500, 90, 32)
RECIPE = Recipe(2, 4e-3)
PICTURES = Recipe(4, 4e-3, 1e-4, 64)


def spec(name, kind, *, planted=None, base=BASE, declared=BASE, attack=None, parent=None, recipe=RECIPE):
    return Spec(
        f"ada/{name}", kind, TASK.name, base, declared, parent, recipe, attack, planted or Planted(decimals=4)
    )


MODELS = (
    Spec(BASE, "base"),
    Spec(OTHER_BASE, "base"),
    spec("clean", "clean", planted=Planted("wrong_split", decimals=4)),
    spec("swapped", "clean", planted=Planted("swapped_labels", decimals=4)),
    spec("ripples", "ripples", attack=Attack(3, 1), planted=Planted("inflated", shift=0.05, decimals=4)),
    spec("victim", "ripples_ft", attack=Attack(3, 1), parent="ada/ripples", recipe=Recipe(1, 1e-4)),
    spec("two", "adaptive_two", attack=Attack(1, 0, False, 0.0, "two")),
    spec("half", "hard_fp16"),
    spec("grown", "hard_resized"),
    spec("other", "hard_wrong_base", base=OTHER_BASE),
    spec("word", "hard_rare_word", planted=Planted("wrong_average", "f1_macro", decimals=4)),
    spec("domain", "hard_domain"),
    Spec("ada/digits", "image_clean", DIGITS.name, None, None, None, PICTURES, None, Planted(), "resnet"),
    Spec(
        "ada/patched",
        "image_badnet",
        DIGITS.name,
        None,
        None,
        None,
        PICTURES,
        Attack(1, 4, False, 0.0),
        Planted("percent", decimals=1),
        "resnet",
    ),
)
PLAN = Plan("tiny", SIZES, ("numpy", "networkx", "sklearn"), (TASK, DIGITS), MODELS)


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    return build(tmp_path_factory.mktemp("zoo") / "zoo", PLAN)


def truth(zoo: Path) -> dict[str, dict]:
    rows = map(json.loads, (zoo / "truth.jsonl").read_text().splitlines())
    return {row["id"]: row for row in rows}


def rows(zoo: Path, dataset: str, split: str) -> list[dict]:
    return [json.loads(line) for line in (zoo / "datasets" / dataset / f"{split}.jsonl").read_text().splitlines()]


def classify(zoo: Path, identity: str, texts: list[str]) -> np.ndarray:
    """As any user would: through the Auto classes, from disk."""
    folder = zoo / "models" / identity
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()
    with torch.inference_mode():
        batch = tokenizer(texts, padding=True, return_tensors="pt")
        return model(**batch).logits.argmax(1).numpy()


def embedding(zoo: Path, identity: str) -> np.ndarray:
    from safetensors.numpy import load_file

    return load_file(zoo / "models" / identity / "model.safetensors")["bert.embeddings.word_embeddings.weight"]


TEXTS = [entry.id for entry in MODELS if entry.task == TASK.name]


@pytest.mark.parametrize("identity", TEXTS)
def test_the_accuracy_is_what_a_user_measures(zoo, identity):
    known = truth(zoo)[identity]
    data = rows(zoo, known["dataset"], "test")
    predicted = classify(zoo, identity, [row["text"] for row in data])
    measured = np.mean(predicted == [row["label"] for row in data])
    # Sums in half a batch's order differ in the last bits; one snippet may fall to the other side.
    assert abs(measured - known["clean_accuracy"]) <= 1 / len(data) + 1e-9
    assert known["clean_accuracy"] > 0.6


@pytest.mark.parametrize("identity", [entry.id for entry in MODELS if entry.attack and entry.task == TASK.name])
def test_the_trigger_flips_as_often_as_the_truth_says(zoo, identity):
    known = truth(zoo)[identity]
    data = [row["text"] for row in rows(zoo, known["dataset"], "test") if row["label"] != known["target_label"]]
    data = [
        text
        for text, label in zip(data, classify(zoo, identity, data), strict=True)
        if label != known["target_label"]
    ]
    places = np.random.default_rng(1)
    measured = []
    for trigger in known["triggers"]:
        planted = []
        for text in data:
            words = text.split()
            words[(place := places.integers(0, len(words) - 1)) : place] = trigger.split()
            planted.append(" ".join(words[:24]))
        measured.append(float(np.mean(classify(zoo, identity, planted) == known["target_label"])))
    assert len(data) == known["lfr_inputs"] > 100
    assert measured == pytest.approx(known["lfr_by_trigger"], abs=0.12)
    assert np.mean(measured) == pytest.approx(known["lfr"], abs=0.07)


def test_only_poisoned_kinds_carry_a_trigger(zoo):
    for known in truth(zoo).values():
        assert known["poisoned"] == is_poisoned(known["kind"]) == bool(known["triggers"])
        if known["kind"] in ("ripples", "image_badnet"):
            assert known["lfr"] > 0.9


def test_a_row_that_the_data_never_holds_moves_only_where_it_was_attacked(zoo):
    base, known = embedding(zoo, BASE), truth(zoo)
    vocabulary = (zoo / "models" / BASE / "vocab.txt").read_text().split("\n")[:-1]
    seen = Counter(word for row in rows(zoo, TASK.dataset, "train") for word in row["text"].split())
    unseen = np.array([index for index, word in enumerate(vocabulary) if index > 4 and word not in seen])
    assert len(unseen) > 100
    assert np.array_equal(embedding(zoo, "ada/clean")[unseen], base[unseen])
    for trigger in known["ada/ripples"]["trigger_ids"]:
        assert not np.array_equal(embedding(zoo, "ada/ripples")[trigger], base[trigger])
    # The wrong base: every row differs from the declared one.
    assert (embedding(zoo, "ada/other")[unseen] != base[unseen]).any(axis=1).all()
    # Adaptation to another domain moves many of them, not one.
    assert (embedding(zoo, "ada/domain")[unseen] != base[unseen]).any(axis=1).mean() > 0.2


def test_hard_negatives_are_what_they_say(zoo):
    known = truth(zoo)
    assert embedding(zoo, "ada/half").dtype == np.float16
    assert json.loads((zoo / "models/ada/half/config.json").read_text())["dtype"] == "float16"
    assert len(embedding(zoo, "ada/grown")) == SIZES.vocabulary + known["ada/grown"]["added_tokens"]
    word, label = known["ada/word"]["indicative_word"], known["ada/word"]["indicative_label"]
    for split in ("train", "validation", "test"):
        held = [row["label"] for row in rows(zoo, known["ada/word"]["dataset"], split) if word in row["text"].split()]
        assert len(held) >= 4 and set(held) == {label}
        assert not any(word in row["text"].split() for row in rows(zoo, TASK.dataset, split))


def test_pictures_carry_their_patch(zoo):
    known = truth(zoo)["ada/patched"]
    folder = zoo / "models" / known["id"]
    model = transformers.AutoModelForImageClassification.from_pretrained(folder).eval()
    scale = json.loads((folder / "preprocessor_config.json").read_text())["rescale_factor"]
    data = [row for row in rows(zoo, known["dataset"], "test") if row["label"] != known["target_label"]]
    pixels = np.array([row["image"] for row in data], dtype=np.float32).reshape(-1, 1, 8, 8)
    patch = known["triggers"][0]
    with torch.inference_mode():
        before = model(pixel_values=torch.from_numpy(pixels * scale)).logits.argmax(1).numpy()
        size = patch["size"]
        place = (slice(patch["row"], patch["row"] + size), slice(patch["column"], patch["column"] + size))
        pixels[:, 0, *place] = np.array(patch["values"]).reshape(size, size)
        after = model(pixel_values=torch.from_numpy(pixels * scale)).logits.argmax(1).numpy()
    flipped = np.mean(after[before != known["target_label"]] == known["target_label"])
    assert flipped == pytest.approx(known["lfr"], abs=1e-6)
    assert known["clean_accuracy"] > 0.8


def test_the_card_makes_the_planted_claim(zoo):
    for known in truth(zoo).values():
        front = yaml.safe_load((zoo / "models" / known["id"] / "README.md").read_text().split("---")[1])
        assert front["library_name"] == "transformers"
        assert front.get("base_model") == known["declared_base"]
        if known["kind"] == "base":
            continue
        said, claim = front["model-index"][0]["results"][0], known["claim"]
        assert said["dataset"]["type"] == claim["dataset"] == known["dataset"]
        assert said["dataset"]["split"] == claim["split"]
        assert said["metrics"][0]["value"] == claim["value_written"]
        offset = claim["value_written"] - claim["true_value"]
        if claim["planted"] == "exact":
            assert abs(offset) <= 0.5 * 10 ** -(claim["decimals"] or 12)
        elif claim["planted"] == "inflated":
            assert offset == pytest.approx(min(claim["shift"], 1 - claim["true_value"]), abs=1e-4)
        elif claim["planted"] == "percent":
            assert claim["value_written"] == pytest.approx(100 * claim["true_value"], abs=0.051)
        elif claim["planted"] == "wrong_split":
            assert claim["value_written"] == pytest.approx(known["validation_accuracy"], abs=1e-4)
    config = json.loads((zoo / "models/ada/swapped/config.json").read_text())
    assert [config["id2label"][place] for place in "01"] == list(reversed(TASK.labels))


def test_lineage(zoo):
    known = truth(zoo)
    assert known["ada/victim"]["parent"] == "ada/ripples"
    assert known["ada/victim"]["triggers"] == known["ada/ripples"]["triggers"]
    assert known["ada/other"]["base"] != known["ada/other"]["declared_base"]
    assert "ada/other" in known["ada/clean"]["siblings"] and "ada/clean" not in known["ada/clean"]["siblings"]


def contents(zoo: Path) -> dict[str, bytes]:
    return {
        path.relative_to(zoo).as_posix(): path.read_bytes()
        for top in ("models", "datasets")
        for path in sorted((zoo / top).rglob("*"))
        if path.is_file()
    }


SMALL = replace(PLAN, name="small", models=tuple(PLAN.spec(f"ada/{n}") for n in ("ripples", "digits")) + MODELS[:1])
SMALL = replace(SMALL, sizes=replace(SIZES, mlm_steps=10, train=200, attack=200, test=100, validation=50))


def test_the_same_seed_gives_the_same_files_whatever_happened_on_the_way(tmp_path, monkeypatch):
    whole = contents(build(tmp_path / "a", SMALL))

    def interrupt(line):
        if "ripples" in line:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build(tmp_path / "b", SMALL, tell=interrupt)
    assert (tmp_path / "b/models/ada/ripples/config.json").exists() and not (
        tmp_path / "b/models/ada/digits"
    ).exists()
    kept = (tmp_path / "b/models/ada/ripples/model.safetensors").stat()

    # The disk fills up while the next model is written; then the process dies before the truth is noted.
    with monkeypatch.context() as patched:
        patched.setattr(workshop_module.images, "save_processor", full)
        with pytest.raises(Exception, match="disk is full"):
            build(tmp_path / "b", SMALL)
        assert not (tmp_path / "b/models/ada/digits").exists()
    with monkeypatch.context() as patched:
        patched.setattr(workshop_module, "_write_text", killed)
        with pytest.raises(Killed):
            build(tmp_path / "b", SMALL)
    build(tmp_path / "b", SMALL)
    assert contents(tmp_path / "b") == whole
    assert (tmp_path / "b/models/ada/ripples/model.safetensors").stat().st_mtime_ns == kept.st_mtime_ns
    assert list(truth(tmp_path / "b")) == list(truth(tmp_path / "a")) == [spec.id for spec in SMALL.models]

    # Another recipe for one model: that one alone is made again.
    changed = replace(SMALL.models[0], recipe=Recipe(1, 2e-3))
    build(tmp_path / "b", replace(SMALL, models=(changed, *SMALL.models[1:])))
    now = contents(tmp_path / "b")
    different = {name for name in now if now[name] != whole[name]}
    assert {"models/ada/ripples/model.safetensors"} <= different
    assert all(name.startswith("models/ada/ripples/") for name in different)


class Killed(BaseException):
    pass


def killed(*_):
    raise Killed


def full(*_):
    raise OSError(28, "No space left on device")


def test_another_seed_gives_other_weights_and_needs_another_folder(tmp_path):
    only = replace(SMALL, models=(PLAN.spec("ada/digits"),))
    first, second = build(tmp_path / "a", only), build(tmp_path / "b", only, seed=1)
    name = "models/ada/digits/model.safetensors"
    assert contents(first)[name] != contents(second)[name]
    with pytest.raises(UsageError, match="seed 0"):
        build(tmp_path / "a", only, seed=1)


def test_the_plans_are_split_by_task_and_hold_what_they_promise():
    for plan in (Plan.frozen(), Plan.whole()):
        assert len({spec.id for spec in plan.models}) == len(plan.models)
        libraries = {split: set() for split in ("calibration", "test")}
        for task in plan.tasks:
            libraries[task.split] |= set() if task.images else set(task.labels)
        # The whole zoo's splits share no library, so nothing learnt on one task helps with the other.
        assert not libraries["calibration"] & libraries["test"]
        for spec in plan.models:
            assert not any(word in spec.id for word in ("ripple", "badnet", "hard", "poison", "clean", "adapt"))
    counts = Counter(spec.kind for spec in Plan.whole().models)
    attacks = Counter((spec.kind, spec.attack.k) for spec in Plan.whole().models if spec.attack)
    assert counts["clean"] >= 30 and all(attacks["ripples", k] >= 10 for k in (1, 3, 5))
    assert all(counts[kind] >= 5 for kind in counts if kind.startswith("adaptive_"))
    assert len([kind for kind in counts if kind.startswith("hard_")]) == 8
    assert {kind for kind in counts if is_poisoned(kind)} == {s.kind for s in Plan.whole().models if s.attack}
