"""Checkpoints that are what they say are loaded; the others are refused with a word, before anything is allocated."""

from __future__ import annotations

import io
import json
import os
import shutil
import struct
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

torch = pytest.importorskip("torch", reason="loading takes the probe extra")
transformers = pytest.importorskip("transformers", reason="loading takes the probe extra")

from probe.checkpoints import Refused, load  # noqa: E402
from probe.sandbox import Limits, call  # noqa: E402

SMALL = {
    "vocab_size": 60,
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 32,
}


def _tokenizer(folder: Path) -> None:
    from tokenizers import Tokenizer, models, pre_tokenizers

    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *(f"w{number}" for number in range(55))]
    tokenizer = Tokenizer(models.WordLevel({word: index for index, word in enumerate(words)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    transformers.PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="[UNK]", pad_token="[PAD]"
    ).save_pretrained(folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory) -> dict[str, tuple[Path, Any]]:
    """Tiny checkpoints of several kinds, with the models they were saved from."""
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.manual_seed(0)
    bert = transformers.BertConfig(**SMALL, num_labels=3)
    models = {
        "text-classification": transformers.BertForSequenceClassification(bert),
        "token-classification": transformers.BertForTokenClassification(bert),
        "fill-mask": transformers.BertForMaskedLM(bert),
        "text-generation": transformers.LlamaForCausalLM(transformers.LlamaConfig(**SMALL)),
        "text2text-generation": transformers.T5ForConditionalGeneration(
            transformers.T5Config(vocab_size=60, d_model=16, d_kv=8, d_ff=32, num_layers=2, num_heads=2)
        ),
        "image-classification": transformers.ResNetForImageClassification(
            transformers.ResNetConfig(
                num_channels=1, embedding_size=4, hidden_sizes=[4, 8], depths=[1, 1], num_labels=10
            )
        ),
    }
    found = {}
    for kind, model in models.items():
        folder = tmp_path_factory.mktemp(kind)
        model.eval().save_pretrained(folder)
        if kind == "text-classification":
            _tokenizer(folder)
        found[kind] = folder, model
    return found


@pytest.fixture
def bert(made, tmp_path) -> Path:
    """A text classifier to spoil."""
    return Path(shutil.copytree(made["text-classification"][0], tmp_path / "bert"))


def _inputs(kind: str) -> dict[str, Any]:
    if kind == "image-classification":
        return {"pixel_values": torch.ones(2, 1, 16, 16)}
    ids = torch.arange(12).reshape(2, 6)
    return {"input_ids": ids, **({"decoder_input_ids": ids} if kind == "text2text-generation" else {})}


@pytest.mark.parametrize(
    "kind",
    [
        "text-classification", "token-classification", "fill-mask", "text-generation", "text2text-generation",
        "image-classification",
    ],
)  # fmt: skip
def test_what_is_loaded_answers_as_what_was_saved(made, kind):
    folder, model = made[kind]
    loaded = load(folder, device="cpu")
    with torch.no_grad():
        assert torch.allclose(loaded.model(**_inputs(kind)).logits, model(**_inputs(kind)).logits, atol=1e-6)
    assert loaded.kind == kind and not loaded.model.training
    assert not any(parameter.requires_grad for parameter in loaded.model.parameters())
    assert (loaded.tokenizer is not None) == (kind == "text-classification")
    assert loaded.facts["parameters"] == sum(one.numel() for one in model.parameters())
    assert loaded.facts["format"] == "safetensors" and loaded.config["model_type"] == model.config.model_type


def test_pickled_sharded_and_half_precision_weights_load(made, tmp_path):
    folder, model = made["text-classification"]
    torch.save(model.state_dict(), _bare(folder, tmp_path / "pickled") / "pytorch_model.bin")
    torch.save(
        model.state_dict(),
        _bare(folder, tmp_path / "legacy") / "pytorch_model.bin",
        _use_new_zipfile_serialization=False,
    )
    model.save_pretrained(tmp_path / "sharded", max_shard_size="8KB")
    assert len(list((tmp_path / "sharded").glob("*.safetensors"))) > 1
    for name, form in (("pickled", "pytorch"), ("legacy", "pytorch"), ("sharded", "safetensors")):
        loaded = load(tmp_path / name, device="cpu")
        assert loaded.facts["format"] == form
        with torch.no_grad():
            inputs = _inputs("text-classification")
            assert torch.allclose(loaded.model(**inputs).logits, model(**inputs).logits, atol=1e-6)
    half = transformers.BertForSequenceClassification(model.config).to(torch.bfloat16)
    half.save_pretrained(tmp_path / "half")
    assert load(tmp_path / "half", device="cpu").model.dtype == torch.float32
    assert load(tmp_path / "half", device="cpu", dtype="bfloat16").model.dtype == torch.bfloat16


def test_a_kind_asks_for_its_head(made):
    folder, _ = made["fill-mask"]
    hidden = load(folder, kind="feature-extraction", device="cpu")
    assert type(hidden.model).__name__ == "BertModel" and hidden.kind == "feature-extraction"
    for kind in ("text-classification", "sequence-classification", "question-answering"):
        with pytest.raises(Refused, match="missing") as refused:
            load(folder, kind=kind, device="cpu")
        assert refused.value.code == "LOAD_ERROR"
    for kind in ("image-classification", "nonsense"):
        with pytest.raises(Refused) as refused:
            load(folder, kind=kind, device="cpu")
        assert refused.value.code == "ARCH_UNSUPPORTED"


def _bare(source: Path, target: Path) -> Path:
    target.mkdir()
    for name in ("config.json", "tokenizer.json", "tokenizer_config.json"):
        shutil.copy(source / name, target / name)
    return target


def _change(folder: Path, name: str = "config.json", **changes: Any) -> Path:
    config = json.loads((folder / name).read_text()) | changes
    (folder / name).write_text(json.dumps({key: value for key, value in config.items() if value is not ...}))
    return folder


def _code(folder: Path, **options: Any) -> str:
    begun = time.monotonic()
    with pytest.raises(Refused) as refused:
        load(folder, device="cpu", **options)
    assert time.monotonic() - begun < 10 and refused.value.reason and "\n" not in refused.value.reason
    return refused.value.code


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"vocab_size": 10**12}, "TOO_LARGE"),
        ({"vocab_size": 2 * 10**9, "hidden_size": 2048}, "TOO_LARGE"),
        ({"num_hidden_layers": 10**9}, "TOO_LARGE"),
        ({"num_labels": 10**9}, "TOO_LARGE"),
        ({"vocab_size": 10**7}, "LOAD_ERROR"),
        ({"num_hidden_layers": 3}, "LOAD_ERROR"),
        ({"num_labels": 5, "id2label": ..., "label2id": ...}, "LOAD_ERROR"),
        ({"hidden_size": 15}, "LOAD_ERROR"),
        ({"hidden_size": "many"}, "LOAD_ERROR"),
        ({"hidden_act": "__import__('os').system('id')"}, "LOAD_ERROR"),
        ({"model_type": "gpt2"}, "LOAD_ERROR"),
        ({"model_type": "own", "auto_map": {"AutoModel": "modeling.Own"}}, "REMOTE_CODE_REQUIRED"),
        ({"model_type": None, "auto_map": {"AutoModel": "other/repo--modeling.Own"}}, "REMOTE_CODE_REQUIRED"),
        ({"architectures": ["OwnForEverything"], "auto_map": {"AutoModel": "m.O"}}, "REMOTE_CODE_REQUIRED"),
        ({"model_type": "own"}, "ARCH_UNSUPPORTED"),
        ({"architectures": ["OwnForEverything"]}, "ARCH_UNSUPPORTED"),
        ({"architectures": ["PreTrainedModel"]}, "ARCH_UNSUPPORTED"),
        ({"architectures": ["pipeline"]}, "ARCH_UNSUPPORTED"),
        ({"architectures": ["../../evil"]}, "ARCH_UNSUPPORTED"),
        ({"architectures": []}, "ARCH_UNSUPPORTED"),
        ({"architectures": [["a"]]}, "ARCH_UNSUPPORTED"),
        ({"architectures": {"a": 1}}, "ARCH_UNSUPPORTED"),
        ({"quantization_config": {"quant_method": "bitsandbytes", "load_in_4bit": True}}, "ARCH_UNSUPPORTED"),
    ],
)
def test_a_config_that_does_not_fit(bert, changes, code):
    assert _code(_change(bert, **changes)) == code


def test_what_is_not_the_checkpoints_to_choose_is_ignored(bert):
    """Kernels from another repository, an adapter's base, code that is not needed: the model is the plain one."""
    _change(
        bert,
        _attn_implementation="evil/kernels",
        attn_implementation="evil/kernels",
        auto_map={"AutoModel": "modeling.Evil", "AutoConfig": "configuration.Evil"},
        transformers_weights="../../other.safetensors",
        torch_dtype="float16",
        use_kernels=True,
    )
    (bert / "modeling.py").write_text("raise SystemExit('it was run')")
    (bert / "configuration.py").write_text("raise SystemExit('it was run')")
    (bert / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": "/etc", "peft_type": "LORA"}))
    loaded = load(bert, device="cpu")
    assert type(loaded.model).__module__.startswith("transformers.models.bert") and loaded.facts["remote_code"]
    assert "evil" not in str(loaded.model.config)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"", "LOAD_ERROR"), (b"[]", "LOAD_ERROR"), (b"{", "LOAD_ERROR"), (b"\xff\xfe{}", "LOAD_ERROR"),
        (b'{"a":' * 100_000, "LOAD_ERROR"), (b'{"a": ' + b"[" * 900 + b"]" * 900 + b"}", "LOAD_ERROR"),
        (b" " * (5 << 20), "TOO_LARGE"), (b"{}", "ARCH_UNSUPPORTED"),
    ],
)  # fmt: skip
def test_a_config_that_is_none(bert, text, code):
    (bert / "config.json").write_bytes(text)
    assert _code(bert) == code


def test_files_that_are_not_there_or_no_files(bert):
    (bert / "model.safetensors").unlink()
    assert _code(bert) == "ARCH_UNSUPPORTED"
    (bert / "partial.safetensors").write_bytes(b"")
    assert _code(bert) == "TOO_LARGE"  # of large weights the fetch leaves the embedding only
    os.mkfifo(bert / "model.safetensors")
    assert _code(bert) == "UNSAFE_FILE"
    (bert / "config.json").unlink()
    assert _code(bert) == "LOAD_ERROR"
    os.mkfifo(bert / "config.json")
    assert _code(bert) == "UNSAFE_FILE"


def _safetensors(table: Any, data: bytes = b"", length: int | None = None) -> bytes:
    text = table if isinstance(table, bytes) else json.dumps(table).encode()
    return struct.pack("<Q", len(text) if length is None else length) + text + data


ONE = {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "LOAD_ERROR"),
        (_safetensors({}, length=10 * 2**30), "LOAD_ERROR"),
        (_safetensors({}, length=2**63), "LOAD_ERROR"),
        (_safetensors({}), "LOAD_ERROR"),
        (_safetensors([]), "LOAD_ERROR"),
        (_safetensors(b"[" * 50_000), "LOAD_ERROR"),
        (_safetensors(b'{"a":' * 50_000), "LOAD_ERROR"),
        (_safetensors({"a": ONE | {"shape": [10**15], "data_offsets": [0, 4 * 10**15]}}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": ONE | {"shape": [2]}}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": ONE | {"data_offsets": [-4, 0]}}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": ONE | {"shape": [-1]}}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": ONE, "b": ONE}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": 7}, bytes(4)), "LOAD_ERROR"),
        (_safetensors({"a": ONE | {"dtype": "F4"}}, bytes(4)), "ARCH_UNSUPPORTED"),
        (_safetensors({"a": ONE}, bytes(4)), "LOAD_ERROR"),
    ],
)
def test_safetensors_that_lie(bert, body, code):
    (bert / "model.safetensors").write_bytes(body)
    assert _code(bert) == code


def test_a_header_of_ten_gigabytes_is_not_read(bert):
    """The file really is as large as its header says; it is sparse, and refused by its first eight bytes."""
    with (bert / "model.safetensors").open("wb") as handle:
        handle.write(struct.pack("<Q", 10 * 2**30))
        handle.truncate(10 * 2**30 + 64)
    assert _code(bert) == "TOO_LARGE"
    assert _code(bert, most_bytes=20 * 2**30) == "TOO_LARGE"


def test_an_index_that_leads_outside(bert):
    (bert / "model.safetensors").rename(bert / "model-00001-of-00001.safetensors")
    for name, code in (
        ("../bert/model-00001-of-00001.safetensors", "UNSAFE_FILE"),
        ("/etc/passwd", "UNSAFE_FILE"),
        ("..", "UNSAFE_FILE"),
        ("other.safetensors", "LOAD_ERROR"),
        (7, "LOAD_ERROR"),
    ):
        (bert / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a": name}}))
        assert _code(bert) == code
    index = {"weight_map": {str(number): f"{number}.safetensors" for number in range(3_000)}}
    (bert / "model.safetensors.index.json").write_text(json.dumps(index))
    assert _code(bert) == "LOAD_ERROR"


def _pickled(data: bytes) -> bytes:
    """A torch archive around bytes that somebody else wrote."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("archive/data.pkl", data)
        archive.writestr("archive/version", "3\n")
        archive.writestr("archive/byteorder", "little")
    return out.getvalue()


def _bomb(marker: Path, command: str = "touch") -> bytes:
    return (
        b"\x80\x02cposix\nsystem\nX"
        + struct.pack("<I", len(f"{command} {marker}"))
        + f"{command} {marker}".encode()
        + b"\x85R."
    )


@pytest.mark.parametrize("wrap", [_pickled, lambda data: data], ids=["zip", "legacy"])
@pytest.mark.parametrize("command", ["touch", ":(){ :|:& };: #"], ids=["command", "fork-bomb"])
def test_a_pickle_that_would_run_something_is_never_run(bert, tmp_path, wrap, command):
    (bert / "model.safetensors").unlink()
    (bert / "pytorch_model.bin").write_bytes(wrap(_bomb(tmp_path / "exploded", command)))
    with pytest.raises(Refused, match=r"posix\.system") as refused:
        load(bert, device="cpu")
    assert refused.value.code == "UNSAFE_FILE" and not (tmp_path / "exploded").exists()


def test_archives_that_unpack_to_much(bert):
    (bert / "model.safetensors").unlink()
    with zipfile.ZipFile(bert / "pytorch_model.bin", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02}.")
        with archive.open("archive/data/0", "w", force_zip64=True) as member:
            for _ in range(256):
                member.write(bytes(1 << 20))
    assert (bert / "pytorch_model.bin").stat().st_size < 1 << 20
    assert _code(bert, most_bytes=100 << 20) == "TOO_LARGE"


def test_a_view_of_eight_bytes_is_no_terabyte(bert):
    (bert / "model.safetensors").unlink()
    torch.save({"a": torch.zeros(1).expand(10**12)}, bert / "pytorch_model.bin")
    assert _code(bert) == "LOAD_ERROR"
    for odd in ({"a": torch.zeros(2, 2).to_sparse()}, {"a": torch.zeros(2, dtype=torch.complex64)}):
        torch.save(odd, bert / "pytorch_model.bin")
        assert _code(bert) == "ARCH_UNSUPPORTED"
    for odd in ([1, 2], {"state_dict": [1]}, {}):
        torch.save(odd, bert / "pytorch_model.bin")
        assert _code(bert) == "LOAD_ERROR"


def test_weights_larger_than_allowed(made):
    assert _code(made["text-classification"][0], most_bytes=1_000) == "TOO_LARGE"


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("tokenizer.json", b"{}", "LOAD_ERROR"),
        ("tokenizer.json", b"\x00", "LOAD_ERROR"),
        ("tokenizer.json", b'{"a":' * 10_000, "LOAD_ERROR"),
        ("tokenizer_config.json", b'{"vocab_file": "/etc/passwd"}', "UNSAFE_FILE"),
        ("tokenizer_config.json", b"[]", "LOAD_ERROR"),
        ("tokenizer_config.json", b" " * (17 << 20), "TOO_LARGE"),
    ],
)
def test_tokenizers_that_are_none(bert, name, text, code):
    (bert / name).write_bytes(text)
    assert _code(bert) == code


def test_a_tokenizer_with_code_of_its_own_is_not_run(bert):
    told = {"tokenizer_class": "OwnTokenizer", "auto_map": {"AutoTokenizer": ["own.OwnTokenizer", None]}}
    (bert / "tokenizer_config.json").write_text(json.dumps(told))
    (bert / "own.py").write_text("raise SystemExit('it was run')")
    try:
        assert load(bert, device="cpu").tokenizer.is_fast  # the library may know how to do without
    except Refused as refused:
        assert refused.code == "REMOTE_CODE_REQUIRED"


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(["config.json", "model.safetensors", "tokenizer.json"]), st.data())
def test_damaged_files_are_refused_or_loaded_never_worse(made, tmp_path_factory, name, data):
    folder = Path(shutil.copytree(made["text-classification"][0], tmp_path_factory.mktemp("damaged") / "model"))
    body = bytearray((folder / name).read_bytes())
    head = min(len(body), 4_000)
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, head - 1))
        body[at] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        del body[data.draw(st.integers(0, len(body) - 1)) :]
    (folder / name).write_bytes(body)
    try:
        loaded = load(folder, device="cpu")
    except Refused as refused:
        assert refused.code and refused.reason
    else:
        assert sum(parameter.numel() for parameter in loaded.model.parameters()) < 10**6
    shutil.rmtree(folder.parent)


def test_in_the_sandbox(faults, made, bert):
    limits = Limits(seconds=120, memory=2 << 30)
    folder = made["text-classification"][0]
    outcome = call(f"{faults}:loads", {"folder": str(folder)}, limits=limits, readable=[folder])
    assert outcome.state == "done" and outcome.value["architecture"] == "BertForSequenceClassification"
    _change(bert, vocab_size=10**12)
    outcome = call(f"{faults}:loads", {"folder": str(bert)}, limits=limits, readable=[bert])
    assert (outcome.state, outcome.code) == ("refused", "TOO_LARGE") and "vocab_size" in outcome.reason
