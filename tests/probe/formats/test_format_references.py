"""Configurations and sources that name code: remote code, Hydra, skops, XML, TorchScript, programs."""

import json
import struct

import pytest
from format_samples import everything, rules

CONFIG = {"architectures": ["BertModel"], "model_type": "bert", "hidden_size": 768, "id2label": {"0": "A"}}
HONEST = {
    "config.json": CONFIG,
    "tokenizer_config.json": {"tokenizer_class": "BertTokenizer", "auto_map": {"AutoTokenizer": [None, None]}},
    "adapter_config.json": {"peft_type": "LORA", "auto_mapping": {"parent_library": "transformers.models.bert.x"}},
    "adapter_config.json (none)": {"peft_type": "LORA", "auto_mapping": None},
    "modules.json": [{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"}],
    "model_index.json": {
        "_class_name": "StableDiffusionPipeline",
        "_diffusers_version": "0.6.0",
        "feature_extractor": [None, None],
        "safety_checker": ["stable_diffusion", "StableDiffusionSafetyChecker"],
        "unet": ["diffusers", "UNet2D"],
        "text_encoder": ["transformers", "CLIPTextModel"],
    },
    "unet/config.json": {"_class_name": "UNet2D", "down_block_types": ["CrossAttnDownBlock2D", "DownBlock2D"]},
    "attention": CONFIG | {"_attn_implementation": "flash_attention_2", "trust_remote_code": False},
    "tokenizer.json": {
        "version": "1.0",
        "model": {"type": "BPE", "vocab": {"auto_map": 1, "{{": 2, "}}": 3, "{%": 4}},
    },
    "index.json": {"metadata": {"total_size": 1}, "weight_map": {"a": "model.safetensors"}},
    "trainer_state.json": {"log_history": [{"loss": 1.0, "eval": "exec"}], "best_metric": None},
}


@pytest.mark.parametrize("name", HONEST)
def test_configurations_of_ordinary_repositories_are_clean(name):
    assert everything(json.dumps(HONEST[name]), name) == []
    assert everything(json.dumps(HONEST[name], indent=2), name) == []


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        (CONFIG | {"auto_map": {"AutoModel": "modeling_x.XModel"}}, "remote-code"),
        ({"auto_map": {"AutoTokenizer": [None, "tokenization_x.XTokenizerFast"]}}, "remote-code"),
        ({"auto_map": "modeling_x.XModel"}, "remote-code"),
        ({"vision_config": {"auto_map": {"AutoConfig": "configuration_x.XConfig"}}}, "remote-code"),
        (CONFIG | {"auto_map": {"AutoModel": "someone/some-repo--modeling_x.XModel"}}, "remote-code-elsewhere"),
        (CONFIG | {"auto_map": {"AutoModel": "../../x.Y"}}, "remote-code-reference"),
        (CONFIG | {"auto_map": {"AutoModel": "os.system"}}, "remote-code-reference"),
        (CONFIG | {"auto_map": {"AutoModel": "https://example.org/x.Y"}}, "remote-code-reference"),
        (CONFIG | {"custom_pipelines": {"t": {"impl": "pipe.MyPipe", "pt": ["AutoModel"]}}}, "remote-code"),
        (CONFIG | {"trust_remote_code": True}, "remote-code-trusted"),
        (CONFIG | {"attn_implementation": "someone/kernel"}, "remote-code-elsewhere"),
        (CONFIG | {"attn_implementation": "kernels-community/flash-attn3"}, "remote-code-kernel"),
        ({"auto_mapping": {"parent_library": "transformers_modules.x.y"}}, "remote-code"),
        ({"auto_mapping": {"parent_library": "subprocess"}}, "remote-code-reference"),
        ([{"idx": 0, "name": "0", "path": "", "type": "custom_st.Transformer"}], "remote-code"),
        ([{"idx": 0, "name": "0", "path": "", "type": "os.system"}], "remote-code-reference"),
        ({"_class_name": ["pipeline", "MyPipeline"], "unet": ["diffusers", "U"]}, "remote-code"),
        ({"_class_name": "X", "unet": ["my_unet", "MyUNet"]}, "remote-code-component"),
        ({"_class_name": "X", "unet": ["os", "system"]}, "remote-code-reference"),
    ],
)
def test_configurations_that_name_code(document, expected):
    text = json.dumps(document)
    assert rules("remotecode", text) == [expected]
    assert rules("remotecode", text.replace("auto_map", "auto\\u005fmap")) == [expected]


def test_configurations_that_cannot_be_read():
    assert rules("remotecode", '{"auto_map": {"AutoModel": "x.Y"}, ') == ["remote-code-unreadable"]
    assert rules("remotecode", '{"note": "mentions auto_map", ') == []
    assert rules("remotecode", '{"auto_map": {"a": "x.Y"}, "n": NaN, "s": "\\ud800"}') == ["remote-code"]
    deep = '{"auto_map": {"AutoModel": "x.Y"}, "a": ' + "[" * 100_000
    assert rules("remotecode", deep) == ["remote-code-unreadable"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model:\n  _target_: torch.nn.Linear\n  in_features: 4\n", []),
        ("model:\n  _target_: nemo.collections.asr.models.EncDecCTCModel\n", []),
        ("model:\n  _target_: my_lab.models.Net\n", ["hydra-target-unlisted"]),
        ("model:\n  _target_: os.system\n  command: 'true'\n", ["hydra-target"]),
        ('a: {b: [{"_target_": subprocess.Popen}]}\n', ["hydra-target"]),
        ('a:\n  "\\x5ftarget_": os.system\n', ["hydra-target"]),
        ("a: &x os.system\nb:\n  _target_: *x\n", ["hydra-target"]),
        ("? _target_\n: builtins.eval\n", ["hydra-target"]),
        ("m:\n  _target_: torch.hub.load\n", ["hydra-target"]),
        ("a: !!python/object/apply:os.system ['true']\n", ["yaml-python-tag"]),
        ("a: !!python/object/new:os.system\n  args: ['true']\n", ["yaml-python-tag"]),
        ("%TAG !p! tag:yaml.org,2002:python/\n---\na: !p!object/apply:os.system ['true']\n", ["yaml-python-tag"]),
        ("a: !!python/tuple [1, 2]\n", []),
        ("a: !!python/name:material.extensions.emoji.twemoji\n", ["yaml-python-name"]),
        ("a: !!python/name:os.system\n", ["yaml-python-tag"]),
        ("a: !!python/object/apply:os.system [\n  b: {", ["yaml-unparsable"]),
        ("a: [\n_target_: os.system\n", ["yaml-unparsable"]),
        ("loader_module: mlflow.sklearn\n_target_: null\n", []),
        ("a: &a [_target_, x]\n" + "b: [*a, *a]\n" * 3, []),
    ],
)
def test_yaml_that_names_callables(text, expected):
    assert rules("nemo", text, "model_config.yaml") == expected


def test_documents_before_a_broken_one_count():
    text = "a: !!python/object/apply:os.system ['true']\n---\nb: [\n"
    assert "yaml-python-tag" in rules("nemo", text)
    assert "yaml-python-tag" not in rules("nemo", text.replace("---", "- c"))


def test_hydra_in_json():
    assert rules("nemo", {"model": {"_target_": "os.system"}}) == ["hydra-target"]
    assert rules("nemo", {"model": {"_target_": "torch.nn.Linear"}}) == []


def node(loader="ObjectNode", module="sklearn.linear_model._logistic", name="LogisticRegression", content=None):
    return {"__class__": name, "__module__": module, "__loader__": loader, "content": content, "__id__": 1}


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        (node("NdArrayNode", "numpy", "ndarray"), []),
        (node("JsonNode", "builtins", "str", '"x"'), []),
        (node("OperatorFuncNode", "operator", "itemgetter"), []),
        (node("MethodNode", "sklearn.x", "Y", {"func": "predict", "obj": node(module="sklearn.x", name="Y")}), []),
        (node("FunctionNode", "builtins", "function", {"module_path": "numpy", "function": "log1p"}), []),
        (node(module="__main__", name="Mine"), ["skops-untrusted"]),
        (node(module="posix", name="system"), ["skops-dangerous"]),
        (node("TypeNode", "builtins", "eval"), ["skops-dangerous"]),
        (
            node("FunctionNode", "builtins", "function", {"module_path": "os", "function": "system"}),
            ["skops-dangerous"],
        ),
        (node("OperatorFuncNode", "operator", "methodcaller"), ["skops-dangerous"]),
        (node("OperatorFuncNode", "sklearn.x", "call"), ["skops-operator"]),
        (node("MethodNode", "builtins", "str", {"func": "__init__", "obj": node()}), ["skops-method"]),
        (node("MethodNode", "builtins", "str", {"func": "run", "obj": node()}), ["skops-method"]),
    ],
)
def test_skops_schemas(inner, expected):
    schema = node("DictNode", "builtins", "dict", {"steps": inner}) | {"protocol": 2, "_skops_version": "0.11"}
    assert rules("skops", schema, "schema.json") == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('<?xml version="1.0"?><PMML version="4.4"><Header/></PMML>', []),
        ('<?xml version="1.0"?>\n<net name="m" version="11"><layers/></net>', []),
        ("<!DOCTYPE html><html><body>&nbsp;</body></html>", []),
        (
            '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/svg11.dtd"><svg/>',
            [],
        ),
        ('<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY ns "http://www.w3.org/2000/svg">]><svg xmlns="&ns;"/>', []),
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><x>&e;</x>',
            ["xml-external-entity"],
        ),
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY % e PUBLIC "a" "http://example.org/">%e;]><x/>',
            ["xml-external-entity"],
        ),
        (
            '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "z"><!ENTITY b "&a;&a;"><!ENTITY c "&b;&b;">]><x>&c;</x>',
            ["xml-entity-growth"],
        ),
        ('<?xml version="1.0"?><!-- m --><!DOCTYPE PMML><PMML/>', ["xml-model-doctype"]),
        ('<?xml version="1.0"?><PMML><xi:include href="file:///etc/passwd"/></PMML>', ["xml-include"]),
        (
            '<?xml version="1.0"?><PMML><E><script>java.lang.Runtime.getRuntime()</script></E></PMML>',
            ["xml-script"],
        ),
        ('<?xml version="1.0" encoding="UTF-7"?><PMML/>', ["xml-encoding"]),
        (
            ('\ufeff<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e SYSTEM "x">]><x/>').encode("utf-16-le"),
            ["xml-external-entity"],
        ),
        ("<!--" * 50_000, []),
        ('<?xml version="1.0"?>' + "<!ENTITY " * 50_000, []),
    ],
)
def test_xml(text, expected):
    assert rules("pmml", text) == expected


TORCHSCRIPT = (
    'class Net(Module):\n  __parameters__ = ["w", ]\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n'
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("    return torch.relu(x)\n", []),
        ("    return ops.torchvision.nms(x, x, 0.5)\n", []),
        ('    y = torch.from_file("/etc/passwd", False, 10)\n', ["torchscript-file"]),
        ('    torch.save(x, "/tmp/x")\n', ["torchscript-file"]),
        ("    return ops.my_lib.thing(x)\n", ["torchscript-custom-op"]),
    ],
)
def test_torchscript(body, expected):
    assert everything(TORCHSCRIPT + body, "code/__torch__.py") == expected


def test_programs_and_scripts():
    elf = b"\x7fELF\x02\x01\x01" + bytes(64)
    windows = b"MZ" + bytes(58) + struct.pack("<I", 64) + b"PE\0\0" + bytes(64)
    for program in (elf, windows, b"\xcf\xfa\xed\xfe" + bytes(60), b"\0asm\x01\0\0\0" + bytes(60)):
        assert everything(program) == ["native-code"]
    assert everything(b"#!/bin/sh\necho hello\n") == ["script"]
    assert rules("remotecode_native", b"#!/usr/bin/env bash\ntrue\n", depth=1) == ["script-packed"]
    assert (
        everything(b"MZ is how this text begins, which is no program at all, nor is it long enough to be one") == []
    )


def test_python_is_a_note_and_hidden_code_is_more():
    source = "import torch\nfrom torch import nn\n\n\nclass Net(nn.Module):\n    pass\n"
    assert everything(source, "modeling_x.py") == ["python-source"]
    hidden = source + "import base64\nexec(base64.b64decode('cHJpbnQoMSk='))\n"
    assert everything(hidden, "modeling_x.py") == ["python-hidden-code", "python-source"]
    card = f"---\nlicense: mit\n---\n# Model\n\n```python\n{hidden}```\n"
    assert everything(card, "README.md") == []
    notebook = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    assert everything(notebook, "x.ipynb") == ["python-notebook"]
