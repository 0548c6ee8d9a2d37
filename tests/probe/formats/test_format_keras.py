"""Keras: code and foreign modules in configurations, as JSON, in HDF5, and in SavedModel metadata."""

import json
import struct

import pytest
from format_samples import ask, everything, field, hdf5, keras_model, layer, rules

LAMBDA_V2 = {
    "class_name": "Lambda",
    "config": {"name": "l", "function": ["4wEAAAAAAAAA\n", None, None], "function_type": "lambda"},
}
LAMBDA_V3 = layer(
    "Lambda", {"function": {"class_name": "__lambda__", "config": {"code": "4wEA\n", "defaults": None}}}
)
HONEST = [
    layer("InputLayer", {"batch_shape": [None, 4], "dtype": "float32"}),
    layer(
        "Dense",
        {
            "units": 4,
            "activation": "relu",
            "kernel_initializer": layer("GlorotUniform", {"seed": None}, "keras.initializers"),
        },
    ),
    layer("Functional", {"layers": []}, "keras.src.models.functional"),
    layer("TextVectorization", {"vocabulary": ["a", "b"], "standardize": "lower_and_strip_punctuation"}),
    layer("Adam", {"learning_rate": 0.1}, "keras.optimizers"),
    layer("function", "relu", "builtins"),
    {"class_name": "TFOpLambda", "config": {"name": "tf.math.multiply", "function": "math.multiply"}},
    {"class_name": "__tuple__", "items": [1, 2]},
]
ATTACKS = {
    "keras-code": [
        LAMBDA_V2,
        LAMBDA_V3,
        layer("TorchModuleWrapper", {"module": {"class_name": "x"}}),
        {"class_name": "Lambda", "config": {"function": "lambda x: eval('1')"}},
    ],
    "keras-module": [
        layer("Popen", {"args": ["true"]}, "subprocess"),
        layer("system", {}, "os"),
        layer("function", "exec", "builtins"),
        layer("run", {}, "runpy"),
        layer("load", {}, "torch"),
        layer("system", {}, "numpy.os"),
    ],
    "keras-gadget": [
        layer("get_file", {"origin": "http://localhost/x"}, "keras.utils"),
        layer("load_model", {}, "keras.models"),
        layer("enable_unsafe_deserialization", {}, "keras.config"),
        {"class_name": "TFOpLambda", "config": {"function": "io.write_file"}},
    ],
    "keras-lambda": [{"class_name": "Lambda", "config": {"function": "my_fn", "function_type": "function"}}],
    "keras-file": [layer("StringLookup", {"vocabulary": "/etc/passwd"})],
    "keras-fetch": [{"class_name": "KerasLayer", "config": {"handle": "https://tfhub.dev/x/1"}}],
    "keras-custom": [layer("MyLayer", {}, "my_package.layers", registered_name="my_package>MyLayer")],
}


def _id(value):
    return value if isinstance(value, str) else value["class_name"]


CASES = [(rule, one) for rule, many in ATTACKS.items() for one in many]


@pytest.mark.parametrize("honest", HONEST, ids=lambda one: one["class_name"])
def test_layers_of_keras_are_clean(honest):
    model = keras_model(HONEST[0], honest, HONEST[1])
    assert everything(json.dumps(model), "config.json") == []
    assert everything(hdf5(model), "model.h5") == []


@pytest.mark.parametrize(("rule", "bad"), CASES, ids=_id)
def test_what_reviving_would_do(rule, bad):
    model = keras_model(HONEST[0], {"class_name": "TimeDistributed", "config": {"layer": bad}})
    assert rule in rules("keras", model)
    assert rule in rules("keras_hdf5", hdf5(model))
    assert rule in rules("keras_hdf5", hdf5(keras_model(*HONEST), model)), "a second configuration"


def test_an_escape_hides_no_key():
    model = (
        json.dumps(keras_model(LAMBDA_V3)).replace("class_name", "class\\u005fname").replace("Lambda", "L\\u0061mbda")
    )
    assert rules("keras", model) == ["keras-code"]
    assert "keras-hidden" in rules("keras_hdf5", hdf5(model.encode()))


def test_a_configuration_that_cannot_be_read_is_not_taken_for_clean():
    assert rules("keras", b'{"class_name": "Sequential", "config": {"layers": [') == ["keras-unreadable"]
    assert rules("keras_hdf5", hdf5(b'{"class_name": "Sequential", "config": {"lay\x01')) == ["keras-unreadable"]
    assert rules("keras_hdf5", hdf5(b"\x01\x02\x03")) == ["keras-unreadable"]


def test_weights_without_a_configuration_are_clean():
    assert rules("keras_hdf5", b"\x89HDF\r\n\x1a\n" + bytes(4096)) == []
    assert rules("keras_hdf5", bytes(512) + b"\x89HDF\r\n\x1a\n" + bytes(4096)) == []


def test_other_json_with_a_class_name_is_clean():
    assert rules("keras", {"_class_name": "UNet2DConditionModel", "class_name": "cat", "config": None}) == []
    assert rules("keras", {"model": {"class_name": "Net"}, "config": {"module": "os"}}) == []


def test_files_outside_an_hdf5_file():
    value = b"\0" + b"/etc/passwd\0" + b"/x\0"
    link = b"\x01\x08\x40" + bytes([3]) + b"ext" + struct.pack("<H", len(value)) + value
    assert rules("keras_hdf5", hdf5() + link + bytes(64)) == ["hdf5-external"]
    heap = b"HEAP\0\0\0\0" + struct.pack("<QQQ", 32, 0, 0)
    start = hdf5()
    heap_at = len(start)
    names_at = heap_at + len(heap)
    heap = heap[:24] + struct.pack("<Q", names_at)
    body = start + heap + b"\0\0\0\0\0\0\0\0/etc/shadow\0".ljust(32, b"\0")
    body += b"\x07\0\x28\0\0\0\0\0" + b"\x01\0\0\0" + struct.pack("<HHQ", 1, 1, heap_at) + bytes(64)
    found = ask("keras_hdf5", body)
    assert [one.rule for one in found] == ["hdf5-external"]
    assert "/etc/shadow" in found[0].message


def test_saved_model_metadata_of_keras():
    document = json.dumps({"name": "l", **LAMBDA_V2})
    proto = field(1, [field(2, 0), field(3, "root"), field(4, "_tf_keras_layer"), field(5, document)])
    assert rules("savedmodel", proto * 2) == ["keras-code"]
    plain = json.dumps({"name": "d", "class_name": "Dense", "config": {"units": 3}})
    proto = field(1, [field(2, 0), field(3, "root"), field(4, "_tf_keras_layer"), field(5, plain)])
    assert rules("savedmodel", proto * 2) == []


def test_many_configurations_end():
    found = ask("keras_hdf5", hdf5(b'{"class_name": "A", "config": {}}' * 60_000), seconds=90)
    assert "keras-unreadable" in {one.rule for one in found}
