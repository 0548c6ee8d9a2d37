"""ONNX, TensorFlow, TensorFlow Lite, Core ML: what a graph reaches beyond its tensors."""

import pytest
from format_samples import ask, everything, field, node, onnx, rules, saved_model, tensor, tflite


@pytest.mark.parametrize(
    "location",
    [
        "/etc/passwd",
        "../../etc/passwd",
        "a/../../b",
        "..\\..\\x",
        "C:\\x",
        "\\\\host\\share",
        "file:///etc/passwd",
        "https://example.org/x",
        "a\0b",
        "~/.ssh/id_rsa",
        "a\nb",
    ],
)
def test_external_data_outside_the_folder(location):
    model = onnx(tensors=[tensor(external={"location": location, "offset": "0", "length": "8"})])
    assert rules("onnx", model) == ["onnx-external-path"]


@pytest.mark.parametrize("location", ["model.onnx.data", "weights/part-1.bin", "model..data", "...", "a b.data"])
def test_external_data_inside_the_folder(location):
    model = onnx(tensors=[tensor(external={"location": location, "offset": "4096", "length": "8"})])
    assert everything(model) == []


@pytest.mark.parametrize(
    "wrap",
    [
        lambda bad: onnx(attributes=[field(5, [field(5, bad)])]),
        lambda bad: onnx(attributes=[field(5, [field(6, [field(5, bad)])])]),
        lambda bad: onnx(attributes=[field(5, [field(11, [field(1, [field(5, [field(10, bad)])])])])]),
        lambda bad: onnx() + field(20, [field(1, [field(5, bad)])]),
        lambda bad: onnx() + field(7, [field(15, [field(1, bad)])]),
        lambda bad: field(7, [field(5, bad)]) + field(1, 8),
    ],
    ids=["attribute", "subgraph", "graphs in graphs", "training", "sparse", "fields out of order"],
)
def test_a_path_is_found_wherever_a_tensor_may_stand(wrap):
    assert "onnx-external-path" in rules("onnx", wrap(tensor(external={"location": "../x"})))


def test_odd_external_data():
    assert rules("onnx", onnx(tensors=[tensor(external={"location": "x", "offset": "-1"})])) == ["onnx-external-odd"]
    assert rules("onnx", onnx(tensors=[tensor(external={"location": "x", "__class__": "y"})])) == [
        "onnx-external-odd"
    ]


def test_operators_by_domain():
    assert rules("onnx", onnx([("Relu", ""), ("FusedMatMul", "com.microsoft"), ("SVM", "ai.onnx.ml")])) == []
    assert rules("onnx", onnx([("Thing", "my.company")])) == ["onnx-custom-domain"]
    assert rules("onnx", onnx([("PyOp", "ai.onnx.contrib")])) == ["onnx-python-op"]
    own = field(25, [field(1, "Thing"), field(7, [field(4, "Relu")]), field(10, "my.company")])
    assert rules("onnx", onnx([("Thing", "my.company")], extra=[own])) == [], "defined by the model itself"


def test_tensors_that_disagree_with_their_data():
    assert rules("onnx", onnx(tensors=[tensor(dims=(2, 3), raw=bytes(24))])) == []
    assert rules("onnx", onnx(tensors=[tensor(dims=(3,), kind=22, raw=bytes(2))])) == [], "four bits each"
    assert rules("onnx", onnx(tensors=[tensor(dims=(1 << 40,), raw=bytes(8))])) == ["onnx-tensor-size"]
    assert rules("onnx", onnx(tensors=[tensor(dims=((1 << 64) - 1,))])) == ["onnx-tensor-size"]


def test_graphs_in_graphs_without_end():
    graph = [field(2, "g")]
    for _ in range(200):
        graph = [field(1, [field(5, [field(6, graph)])])]
    assert rules("onnx", field(1, 8) + field(7, graph)) == ["onnx-too-deep"]


@pytest.mark.parametrize("keep", [40, 60, 80])
def test_a_model_cut_short_is_no_clean_model(keep):
    model = onnx(tensors=[tensor(raw=bytes(8), dims=(2,))])
    cut = model[: len(model) * keep // 100]
    assert rules("onnx", cut) in (["onnx-malformed"], [])
    assert everything(onnx()[:-3]) == ["onnx-malformed"]


GRAPHS = {
    "saved model": lambda *ops: saved_model(ops),
    "function library": lambda *ops: saved_model(functions=ops),
    "frozen graph": lambda *ops: (
        b"".join(field(1, node(op)) for op in ("Placeholder", *ops)) + field(4, [field(1, 27)])
    ),
}


@pytest.mark.parametrize("carrier", GRAPHS)
@pytest.mark.parametrize(
    ("op", "expected"),
    [
        ("MatMul", []),
        ("SaveV2", []),
        ("RestoreV2", []),
        ("WriteFile", ["tf-writes"]),
        ("ReadFile", ["tf-reaches"]),
        ("PyFunc", ["tf-reaches"]),
        ("EagerPyFunc", ["tf-reaches"]),
        ("MatchingFiles", ["tf-reaches"]),
        ("ShellExecute", ["tf-reaches"]),
        ("TFRecordReader", ["tf-reads"]),
        ("Addons>GeluOp", ["tf-custom"]),
    ],
)
def test_operations_of_tensorflow(carrier, op, expected):
    assert everything(GRAPHS[carrier](op)) == expected


def test_assets_and_addresses():
    assert everything(saved_model(assets=["vocab.txt"])) == []
    assert rules("savedmodel", saved_model(assets=["../../etc/cron.d/x"])) == ["tf-asset-path"]
    printer = node("PrintV2", attributes=[[field(1, "output_stream"), field(2, [field(2, "file:///tmp/x")])]])
    assert rules("savedmodel", saved_model(nodes=[printer])) == ["tf-address"]
    printer = node("PrintV2", attributes=[[field(1, "output_stream"), field(2, [field(2, "stderr")])]])
    assert rules("savedmodel", saved_model(nodes=[printer])) == []


def test_a_graph_cut_short():
    model = saved_model(["Placeholder", "WriteFile"])
    graph = b"".join(field(1, node(op)) for op in ("Placeholder", "WriteFile", "Identity"))
    assert "tf-writes" in rules("savedmodel", graph[:-2])
    assert "tf-malformed" in rules("savedmodel", graph[:-2])
    assert rules("savedmodel", model + b"\xff") != []


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], []),
        (["TFLite_Detection_PostProcess"], []),
        (["FlexGelu"], ["tflite-flex"]),
        (["FlexWriteFile"], ["tflite-flex-writes"]),
        (["FlexPyFunc", "x"], ["tflite-custom-op", "tflite-flex-reaches"]),
    ],
)
def test_operators_of_tflite(names, expected):
    assert everything(tflite(names)) == expected


def test_a_flatbuffer_that_leads_outside():
    good = tflite(["FlexGelu"])
    for at in range(0, len(good), 4):
        bad = good[:at] + b"\xff\xff\xff\x7f" + good[at + 4 :]
        assert all(found.rule.startswith("tflite") for found in ask("tflite", bad))
    assert rules("tflite", b"\xff\xff\xff\x7f" + good[4:]) == ["tflite-malformed"]


def test_core_ml():
    description = field(2, [field(1, [field(1, "x")])])
    network = [field(1, [field(1, "conv"), field(100, [field(1, 3)])])]
    assert everything(field(1, 4) + description + field(500, network)) == []
    network.append(field(1, [field(1, "own"), field(500, [field(10, "MyLayer")])]))
    assert everything(field(1, 4) + description + field(500, network)) == ["coreml-custom"]
    assert everything(field(1, 4) + description + field(555, [field(10, "MyModel")])) == ["coreml-custom"]
