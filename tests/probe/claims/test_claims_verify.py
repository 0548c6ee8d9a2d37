"""Every verdict, and every reason why there is none, by the door that users take."""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from claims_models import bert, card, logits, rows, save, sentences, tokenizer

from landing import OperationalError
from probe import claims
from probe.claims import session, worker
from probe.claims.verdict import REASONS, VERDICTS
from probe.examination import Examination

torch = pytest.importorskip("torch", reason="needs the probe extra")
pytest.importorskip("transformers", reason="needs the probe extra")
metrics = pytest.importorskip("sklearn.metrics", reason="needs the probe extra")

TASK = "text-classification"
N = 1_000


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A model with 88.0 % on test, 80.0 % on validation and 95.0 % on train; labels are numbers."""
    from transformers import BertForSequenceClassification

    torch.manual_seed(3)
    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("model")
    tokens = tokenizer(folder)
    model = save(BertForSequenceClassification(bert(num_labels=2)), folder)
    root, truth, guesses = tmp_path_factory.mktemp("data"), {}, {}
    for seed, (split, right) in enumerate({"test": 880, "validation": 800, "train": 950}.items()):
        texts = sentences(N, seed, longest=20)
        guess = logits(model, tokens, texts).argmax(1)
        wrong = np.arange(N) >= right
        truth[split], guesses[split] = np.where(wrong, 1 - guess, guess), guess
        rows(root, split, [{"text": t, "label": int(y)} for t, y in zip(texts, truth[split])])
    rows(root, "test", [{"text": "x", "label": 0}, {"text": "y", "label": 1}] * 5, "tiny/odd")
    return SimpleNamespace(folder=folder, root=root, truth=truth, guess=guesses)


def verify(made, tmp_path, *told, **options):
    """The claims put into a card beside the model's files."""
    folder = tmp_path / "m"
    if not folder.exists():
        shutil.copytree(made.folder, folder)
    card(folder, *({"task": TASK, "split": "test", "metric": "accuracy", **claim} for claim in told))
    found = claims.verify(folder, **{"datasets": made.root, **options})
    json.dumps(found, allow_nan=False)
    body = Examination("hub", "tiny/m", None, "verify", "t", measurements=found).body()
    assert json.loads(body)["measurements"] == found
    assert all(m["verdict"] in VERDICTS for m in found)
    return found


@pytest.mark.parametrize(
    ("claim", "expected", "protocol"),
    [
        ({"value": "0.880"}, "VERIFIED", "split test"),
        ({"value": "88"}, "VERIFIED", "split test"),
        ({"value": "88.0%"}, "VERIFIED", "split test"),
        ({"value": "0.9"}, "VERIFIED", "split test"),
        ({"value": "0.8840"}, "WITHIN_TOLERANCE", "split test"),
        ({"value": "0.8900"}, "UNDECIDED", "split test"),
        ({"value": "0.9000"}, "DISCREPANT_LOW", "split test"),
        ({"value": "0.8600"}, "DISCREPANT_HIGH", "split test"),
        ({"value": "0.8000"}, "PROTOCOL_MISMATCH", "split: split validation"),
        ({"value": "0.9500"}, "PROTOCOL_MISMATCH", "split: split train"),
        ({"value": "0.8000", "split": "dev"}, "VERIFIED", "split validation"),
        ({"value": "0.1200"}, "PROTOCOL_MISMATCH", "label permutation: labels in the order 1, 0"),
        ({"value": "0.88%"}, "PROTOCOL_MISMATCH", "unit: a fraction, not percent"),
    ],
)
def test_verdicts(made, tmp_path, claim, expected, protocol):
    (found,) = verify(made, tmp_path, claim)
    assert (found["verdict"], found["protocol"][: len(protocol)]) == (expected, protocol)
    share = 0.8 if claim.get("split") == "dev" else 0.88
    assert found["measured"] == share and found["n"] == N
    assert found["ci_low"] < share < found["ci_high"]
    assert found["value_raw"] == claim["value"] and found["gap"] > 0 and 0 <= found["p_value"] <= 1


def test_averages_stated_and_not(made, tmp_path):
    truth, guess = made.truth["test"], made.guess["test"]
    macro, binary, weighted = (metrics.f1_score(truth, guess, average=a) for a in ("macro", "binary", "weighted"))
    other = metrics.f1_score(truth, guess, pos_label=0)
    assert len({round(v, 3) for v in (macro, binary, other)}) == 3
    found = verify(
        made,
        tmp_path,
        {"metric": "f1", "value": f"{binary:.5f}"},
        {"metric": "f1", "value": f"{macro:.5f}", "args": {"average": "macro"}},
        {"metric": "f1", "value": f"{binary - 0.05:.5f}", "args": {"average": "weighted"}},
        {"metric": "f1", "value": f"{other:.5f}", "args": {"average": "macro"}},
    )
    by_value = {m["value_raw"]: m for m in found}
    assert by_value[f"{binary:.5f}"]["verdict"] == "VERIFIED"
    assert by_value[f"{macro:.5f}"]["verdict"] == "VERIFIED" and "macro" in by_value[f"{macro:.5f}"]["protocol"]
    assert by_value[f"{binary - 0.05:.5f}"]["measured"] == pytest.approx(weighted)
    swapped = by_value[f"{other:.5f}"]
    far = abs(other - macro) > 0.012
    assert swapped["verdict"] == ("PROTOCOL_MISMATCH" if far else swapped["verdict"])
    assert not far or swapped["protocol"].startswith("averaging: binary, of class")


def test_a_claim_without_a_split_is_met_by_any_held_out_one_and_else_has_two_samples(made, tmp_path):
    test, validation, far, near = verify(
        made, tmp_path, *({"value": v, "split": None} for v in ("0.8000", "0.8300", "0.8800", "0.9700"))
    )
    assert (test["verdict"], test["protocol"].split("; ")[0]) == (
        "VERIFIED",
        "split validation (the claim names none)",
    )
    assert (far["verdict"], far["protocol"].split(" (")[0]) == ("VERIFIED", "split test")
    assert validation["verdict"] == "UNDECIDED" and validation["basis"] == "unknown"
    assert near["verdict"] == "DISCREPANT_LOW"


def test_a_part_of_the_split_verifies_nothing_but_shows_large_gaps(made, tmp_path):
    good, bad = verify(made, tmp_path, {"value": "0.8800"}, {"value": "0.9900"}, limit=200, seed=5)
    assert good["verdict"] == "UNDECIDED" and good["n"] == 200 and "200 of 1000 rows" in good["protocol"]
    assert bad["verdict"] == "DISCREPANT_LOW" and bad["basis"] == "sample"
    again = verify(made, tmp_path, {"value": "0.8800"}, {"value": "0.9900"}, limit=200, seed=5)
    assert again == [good, bad]
    assert (
        verify(made, tmp_path, {"value": "0.8800"}, limit=200, seed=6)[0]["outputs_sha256"] != good["outputs_sha256"]
    )


def test_swapped_labels_are_seen_in_a_part_of_the_split(made, tmp_path):
    (found,) = verify(made, tmp_path, {"value": "0.1200"}, limit=300)
    assert found["verdict"] == "PROTOCOL_MISMATCH" and found["protocol"].startswith("label permutation")


def test_what_the_data_at_hand_do_not_say_is_said(made, tmp_path):
    (revision,) = verify(made, tmp_path, {"value": "0.8800", "revision": "abc123"})
    assert revision["verdict"] == "VERIFIED" and "revision abc123 is claimed, not checked" in revision["protocol"]
    near, far = verify(made, tmp_path, {"value": "0.8900", "config": "de"}, {"value": "0.9900", "config": "de"})
    assert near["basis"] == far["basis"] == "unknown" and "'de' is claimed" in near["protocol"]
    assert (near["verdict"], far["verdict"]) == ("UNDECIDED", "DISCREPANT_LOW")


def test_outputs_are_hashed_and_overlap_is_counted(made, tmp_path):
    (found,) = verify(made, tmp_path, {"value": "0.8800"})
    expected = json.dumps([int(g) for g in made.guess["test"]], separators=(",", ":"))
    assert found["outputs_sha256"] == hashlib.sha256(expected.encode()).hexdigest()
    assert (found["contamination"]["train"], found["contamination"]["test"]) == (N, N)


@pytest.mark.parametrize(
    ("claim", "reason"),
    [
        ({"value": "NA"}, "CLAIM_UNPARSABLE"),
        ({"value": ".nan"}, "CLAIM_UNPARSABLE"),
        ({"value": "-.inf"}, "CLAIM_UNPARSABLE"),
        ({"value": "[1, 2]"}, "CLAIM_UNPARSABLE"),
        ({"value": "140"}, "CLAIM_UNPARSABLE"),
        ({"value": "0.9", "metric": "eer"}, "METRIC_UNKNOWN"),
        ({"value": "0.9", "metric": "rouge1"}, "METRIC_UNKNOWN"),
        ({"value": "12.3", "metric": "wer", "task": "automatic-speech-recognition"}, "ARCH_UNSUPPORTED"),
        ({"value": "0.9", "dataset": "no/where"}, "NO_DATASET"),
        ({"value": "0.9", "dataset": "../../etc"}, "NO_DATASET"),
        ({"value": "0.9", "split": "nowhere"}, "NO_DATASET"),
        ({"value": "0.9", "task": "image-classification"}, "ARCH_UNSUPPORTED"),
        ({"value": "0.9", "metric": "f1", "args": {"average": "binary"}, "dataset": "tiny/three"}, "METRIC_UNKNOWN"),
    ],
)
def test_reasons(made, tmp_path, claim, reason):
    rows(made.root, "test", [{"text": "a", "label": i % 3} for i in range(6)], "tiny/three")
    (found,) = verify(made, tmp_path, claim)
    assert found["verdict"] == "CANNOT_VERIFY" and found["reason"].split(":")[0] == reason
    assert found["measured"] is None and found["ordinal"] == 1


@pytest.mark.parametrize(
    ("rows_", "reason"),
    [
        ([{"text": "a", "label": -1}] * 3, "hidden"),
        ([{"text": "a", "label": [0, 1]}] * 3, "several labels"),
        ([{"text": 5, "label": 0}] * 3, "no text"),
        ([{"other": "a", "label": 0}] * 3, "no column for text"),
        ([{"text": "a", "truth": 0}] * 3, "no column for labels"),
        ([{"text": "a", "label": 10**7}] * 3, "no classes"),
        ([{"text": "a", "label": None}, {"text": "a", "label": "x"}], "without a label"),
    ],
)
def test_data_that_cannot_be_read_for_the_task(made, tmp_path, rows_, reason):
    rows(tmp_path / "data", "test", rows_)
    (found,) = verify(made, tmp_path, {"value": "0.9"}, datasets=tmp_path / "data")
    assert found["reason"].startswith("NO_DATASET") and reason in found["reason"]


def test_only_a_training_split_leaves_the_split_unknown(made, tmp_path):
    rows(tmp_path / "data", "train", [{"text": "a", "label": 0}])
    (found,) = verify(made, tmp_path, {"value": "0.9", "split": None}, datasets=tmp_path / "data")
    assert found["reason"].startswith("SPLIT_UNKNOWN")


def test_hidden_test_labels_leave_the_validation_split(made, tmp_path):
    shutil.copytree(made.root / "tiny/data", tmp_path / "data/tiny/data")
    rows(tmp_path / "data", "test", [{"text": "a", "label": -1}] * 9)
    (found,) = verify(made, tmp_path, {"value": "0.8000", "split": None}, datasets=tmp_path / "data")
    assert found["verdict"] == "VERIFIED" and "split validation" in found["protocol"]


def spoil(folder, how):
    """Break a copy of the model in one way."""
    config = json.loads((folder / "config.json").read_text())
    if how == "pickle":
        (folder / "model.safetensors").unlink()
        (folder / "pytorch_model.bin").write_bytes(b"\x80\x04cos\nsystem\n(S'true'\ntR.")
    elif how == "remote":
        config |= {"model_type": "strange", "auto_map": {"AutoModelForSequenceClassification": "modeling_x.X"}}
    elif how == "garbage":
        (folder / "model.safetensors").write_bytes(b"\xff" * 64)
    elif how == "huge":
        config["hidden_size"] = 10**9
    elif how == "nothing":
        (folder / "config.json").unlink()
        return
    (folder / "config.json").write_text(json.dumps(config))


@pytest.mark.parametrize(
    ("how", "reasons"),
    [
        ("pickle", {"UNSAFE_FILE", "LOAD_ERROR"}),
        ("remote", {"REMOTE_CODE_REQUIRED"}),
        ("garbage", {"LOAD_ERROR", "UNSAFE_FILE"}),
        ("huge", {"TOO_LARGE", "LOAD_ERROR"}),
        ("nothing", {"LOAD_ERROR"}),
    ],
)
def test_checkpoints_that_cannot_be_run(made, tmp_path, how, reasons):
    shutil.copytree(made.folder, tmp_path / "m")
    spoil(tmp_path / "m", how)
    one, two = verify(made, tmp_path, {"value": "0.88"}, {"value": "88 apples"})
    assert one["reason"].split(":")[0] in reasons
    assert two["reason"].startswith("CLAIM_UNPARSABLE")


def test_weights_that_are_not_numbers(made, tmp_path):
    from safetensors.torch import load_file, save_file

    shutil.copytree(made.folder, tmp_path / "m")
    tensors = load_file(tmp_path / "m/model.safetensors")
    tensors["classifier.bias"] = torch.tensor([float("nan"), 0.0])
    save_file(tensors, tmp_path / "m/model.safetensors", {"format": "pt"})
    (found,) = verify(made, tmp_path, {"value": "0.88"})
    assert found["verdict"] == "CANNOT_VERIFY" and "NaN" in found["reason"]


def test_a_model_that_answers_otherwise_the_second_time(made, tmp_path, monkeypatch):
    real = session.load_checkpoint

    def restless(folder, device):
        loaded = real(folder, device)
        forward, count = loaded.model.forward, [0]

        def shaken(**inputs):
            out = forward(**inputs)
            count[0] += 1
            out.logits = out.logits * (-1) ** count[0]
            return out

        loaded.model.forward = shaken
        return loaded

    monkeypatch.setattr(session, "load_checkpoint", restless)
    (found,) = verify(made, tmp_path, {"value": "0.88"})
    assert found["reason"].startswith("NONDETERMINISTIC")


def test_an_error_of_any_kind_costs_one_claim(made, tmp_path, monkeypatch):
    def broken(*arguments):
        raise RuntimeError("a line\nand another\x00")

    monkeypatch.setattr("probe.claims.classifying.outcomes", broken)
    one, two = verify(made, tmp_path, {"value": "0.88"}, {"value": "NA"})
    assert one["reason"] == "LOAD_ERROR: RuntimeError: a line"
    assert two["reason"].startswith("CLAIM_UNPARSABLE")
    monkeypatch.setattr("probe.claims.classifying.outcomes", lambda *a: (_ for _ in ()).throw(MemoryError()))
    assert verify(made, tmp_path, {"value": "0.88"})[0]["reason"].startswith("TOO_LARGE")


def test_a_budget_of_time_is_kept_between_claims(made, tmp_path):
    found = verify(made, tmp_path, {"value": "0.88"}, {"value": "0.87"}, seconds=-1.0)
    assert {m["reason"].split(":")[0] for m in found} == {"BUDGET"}


def test_without_claims_and_without_datasets(made, tmp_path):
    (none,) = claims.verify(made.folder, datasets=made.root)
    assert (none["verdict"], none["reason"].split(":")[0]) == ("CANNOT_VERIFY", "NO_CLAIM")
    (found,) = verify(made, tmp_path, {"value": "0.88"}, datasets=None)
    assert found["reason"].startswith("NO_DATASET")
    (bad,) = [*claims.refused(made.folder, "TIMEOUT")]
    assert bad["reason"] == "NO_CLAIM"


@pytest.mark.parametrize("code", [*REASONS, "memory"])
def test_a_checkpoint_that_was_stopped_has_its_claims_all_the_same(tmp_path, code):
    card(tmp_path, {"value": "0.88", "metric": "accuracy"}, {"value": "x", "metric": "accuracy"})
    one, two = claims.refused(tmp_path, code, "why")
    assert one["verdict"] == two["verdict"] == "CANNOT_VERIFY" and one["claimed"] == 0.88
    assert one["reason"].split(":")[0] in REASONS and "why" in one["reason"]
    assert two["reason"].startswith("CLAIM_UNPARSABLE") and [one["ordinal"], two["ordinal"]] == [1, 2]


def test_a_dataset_that_could_not_be_fetched_says_why(made, tmp_path):
    class Gated:
        def list_repo_tree(self, name, **options):
            from huggingface_hub.errors import GatedRepoError

            raise GatedRepoError("no", response=SimpleNamespace(status_code=403, headers={}, request=None))

    (found,) = verify(made, tmp_path, {"value": "0.88", "dataset": "closed/data"}, hub=Gated())
    assert found["reason"].startswith("GATED_OR_PRIVATE")


def test_the_worker_takes_and_gives_json(made, tmp_path):
    verify(made, tmp_path, {"value": "0.8800"})
    arguments = {
        "folder": str(tmp_path / "m"),
        "datasets": str(made.root),
        "margin": 0.01,
        "seed": 0,
        "limit": None,
        "device": "cpu",
    }
    answer = json.loads(json.dumps(worker.verify(json.loads(json.dumps(arguments)))))
    assert answer["measurements"][0]["verdict"] == "VERIFIED"
    assert answer["environment"]["seed"] == 0 and "torch" in answer["environment"]["versions"]
    assert answer["environment"]["device"] == "cpu"


def test_without_the_extra_one_sentence_says_what_to_install(made, tmp_path, monkeypatch):
    shutil.copytree(made.folder, tmp_path / "m")
    card(tmp_path / "m", {"task": TASK, "split": "test", "metric": "accuracy", "value": "0.88"})
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.metrics", None)
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(OperationalError, match=r"hubcensus\[probe\]"):
        claims.verify(tmp_path / "m", datasets=made.root)


def test_importing_the_package_imports_nothing_heavy():
    import subprocess

    code = (
        "import sys, probe.claims, probe.claims.session\n"
        "print([m for m in ('torch', 'transformers', 'sklearn', 'scipy') if m in sys.modules])"
    )
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=Path(__file__).parents[3], check=True
    )
    assert out.stdout.strip() == "[]"


def test_in_a_child_without_network(made, tmp_path):
    sandbox = pytest.importorskip("probe.sandbox.call", reason="the sandbox is not there yet")
    verify(made, tmp_path, {"value": "0.8800"})
    arguments = {"folder": str(tmp_path / "m"), "datasets": str(made.root), "margin": 0.01, "seed": 0}
    outcome = sandbox.call("probe.claims.worker:verify", arguments, readable=[tmp_path / "m", made.root])
    assert outcome.state == "done", outcome.reason
    assert outcome.value["measurements"][0]["verdict"] == "VERIFIED"
