"""Specimens of the formats, written by hand byte by byte, and a way to ask one detector or all of them."""

from __future__ import annotations

import importlib
import json
import struct
from pathlib import Path

from hypothesis import HealthCheck, settings

from probe.finding import Finding
from probe.scan.detector import Blob, Budget

#: Examples are not timed one by one: the machine may be busy.
RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
#: The detectors of this folder's concern.
NAMES = (
    "coreml",
    "gguf",
    "keras",
    "keras_hdf5",
    "nemo",
    "onnx",
    "pmml",
    "remotecode",
    "remotecode_native",
    "remotecode_python",
    "safetensors",
    "safetensors_index",
    "savedmodel",
    "skops",
    "template",
    "tflite",
    "torchscript",
)


def detector(name):
    return importlib.import_module(f"probe.scan.detectors.{name}").DETECTOR


def blob(data, name="specimen", depth=0):
    data = data if isinstance(data, bytes) else data.encode() if isinstance(data, str) else json.dumps(data).encode()
    return Blob(name, name, memoryview(data), depth)


def ask(which, data, name="specimen", depth=0, seconds=20.0):
    """Everything that one detector says of these bytes; nothing where it does not apply."""
    it, asked = detector(which), blob(data, name, depth)
    return list(it.inspect(asked, Budget(seconds=seconds))) if it.applies(asked) else []


def rules(which, data, name="specimen", depth=0):
    return sorted({found.rule for found in ask(which, data, name, depth) if isinstance(found, Finding)})


def everything(data, name="specimen"):
    """The rules of all detectors of this folder's concern."""
    return sorted({rule for which in NAMES for rule in rules(which, data, name)})


# --- protobuf -----------------------------------------------------------------------------------------------------


def varint(value):
    out = b""
    while True:
        out += bytes([value & 0x7F | (0x80 if value > 0x7F else 0)])
        value >>= 7
        if not value:
            return out


def field(number, value):
    """One field: an integer, text, bytes, or the fields of a message."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    if isinstance(value, str):
        value = value.encode()
    if isinstance(value, list):
        value = b"".join(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def tensor(name="w", dims=(2,), kind=1, raw=None, external=None):
    parts = [field(1, dim) for dim in dims] + [field(2, kind), field(8, name)]
    if raw is not None:
        parts.append(field(9, raw))
    for key, value in (external or {}).items():
        parts.append(field(13, [field(1, key), field(2, value)]))
    if external:
        parts.append(field(14, 1))
    return parts


def onnx(nodes=(("Relu", ""),), tensors=(), extra=(), attributes=()):
    graph = [field(1, [field(4, op), field(7, domain), *attributes]) for op, domain in nodes]
    graph += [field(2, "main")] + [field(5, one) for one in tensors]
    return b"".join([field(1, 8), field(2, "pytorch"), field(7, graph), field(8, [field(2, 17)]), *extra])


def node(op, name="n", attributes=()):
    return [field(1, name), field(2, op), *(field(5, one) for one in attributes)]


def saved_model(ops=("Placeholder", "MatMul", "Identity"), functions=(), assets=(), nodes=()):
    graph = [field(1, node(op, f"n{i}")) for i, op in enumerate(ops)] + [field(1, one) for one in nodes]
    if functions:
        bodies = [field(3, node(op)) for op in functions]
        graph.append(field(2, [field(1, [field(1, [field(1, "f")]), *bodies])]))
    meta = [field(1, [field(5, "2.15.0")]), field(2, graph)]
    meta += [field(6, [field(1, [field(1, "x")]), field(2, name)]) for name in assets]
    return field(1, 1) + field(2, meta)


# --- others -------------------------------------------------------------------------------------------------------


def safetensors(header, data=b"", size=None):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text) if size is None else size) + text + data


def hdf5(*texts):
    """The signature, and attributes as a global heap would hold them."""
    body = b"\x89HDF\r\n\x1a\n" + bytes(88)
    for text in texts:
        raw = text if isinstance(text, bytes) else json.dumps(text).encode()
        body += b"model_config\0\0\0\0" + b"GCOL\x01\0\0\0" + struct.pack("<QHHIQ", 4096, 1, 0, 0, len(raw))
        body += raw + bytes(-len(raw) % 8)
    return body + bytes(512)


def text_value(text):
    return struct.pack("<Q", len(text)) + text


def gguf(pairs=(), tensors=(), data=b"", version=3, count=None, pair_count=None):
    """``pairs``: (key, type, packed value); ``tensors``: (name, dims, type, offset)."""
    out = b"GGUF" + struct.pack("<I", version)
    out += struct.pack(
        "<QQ", len(tensors) if count is None else count, len(pairs) if pair_count is None else pair_count
    )
    for key, kind, value in pairs:
        out += text_value(key.encode()) + struct.pack("<I", kind) + value
    for name, dims, kind, offset in tensors:
        out += text_value(name.encode()) + struct.pack("<I", len(dims))
        out += b"".join(struct.pack("<Q", dim) for dim in dims) + struct.pack("<IQ", kind, offset)
    return out + bytes(-len(out) % 32) + data


def gguf_template(text, key="tokenizer.chat_template"):
    pairs = [("general.architecture", 8, text_value(b"llama")), (key, 8, text_value(text.encode()))]
    return gguf([*pairs, ("general.alignment", 4, struct.pack("<I", 32))], [("w", (32,), 0, 0)], bytes(128))


def tflite(names):
    """A FlatBuffer with one operator code per name. Offsets lead forwards, so what is named is written later."""
    model = 8
    root = model + 8
    vector = root + 8
    codes = vector + 4 + 4 * len(names)
    first = codes + 8
    place = first + 8 * len(names)
    out = struct.pack("<I4s", root, b"TFL3")
    out += struct.pack("<HHHH", 8, 8, 0, 4) + struct.pack("<iI", root - model, vector - (root + 4))
    out += struct.pack("<I", len(names))
    out += b"".join(struct.pack("<I", first + 8 * at - (vector + 4 + 4 * at)) for at in range(len(names)))
    out += struct.pack("<HHHH", 8, 8, 0, 4)
    strings = b""
    for at, name in enumerate(names):
        table = first + 8 * at
        out += struct.pack("<iI", table - codes, place + len(strings) - (table + 4))
        text = struct.pack("<I", len(name)) + name.encode() + b"\0"
        strings += text + bytes(-len(text) % 4)
    return out + strings


def keras_model(*layers):
    return {"module": "keras", "class_name": "Sequential", "config": {"name": "m", "layers": list(layers)}}


def layer(name="Dense", config=None, module="keras.layers", **more):
    return {"module": module, "class_name": name, "config": config or {"units": 4}, "registered_name": None, **more}


def write(folder, name, data):
    path = Path(folder) / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return path
