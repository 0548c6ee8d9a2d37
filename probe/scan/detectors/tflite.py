"""TensorFlow Lite: operators outside the built-in set, among them TensorFlow's own through the Flex delegate."""

from __future__ import annotations

import struct
from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.readers import words
from probe.scan.readers.tensorflow import reach

_MAX_OPERATORS = 100_000
# Custom operators that ship with TensorFlow Lite or MediaPipe.
_KNOWN = words(
    "TFLite_Detection_PostProcess Convolution2DTransposeBias MaxPoolingWithArgmax2D MaxUnpooling2D "
    "TransformTensorBilinear TransformLandmarks Landmarks2TransformMatrix AudioSpectrogram Mfcc edgetpu-custom-op "
    "Mirror_pad TFSentencepieceTokenizeOp NumericVerify RFFT2D"
)


class _Broken(ValueError):
    """An offset that leads outside the file."""


class Tflite(Detector):
    """FlatBuffers with the identifier TFL3."""

    name = "tflite"
    rules = rules(
        Rule("tflite-flex-writes", Severity.DANGEROUS, "TensorFlow operation that writes files"),
        Rule("tflite-flex-reaches", Severity.SUSPICIOUS, "TensorFlow operation that reads files or calls Python"),
        Rule("tflite-flex", Severity.NOTE, "needs TensorFlow's own operations (Flex delegate)"),
        Rule("tflite-custom-op", Severity.UNLISTED, "custom operator on no list"),
        Rule("tflite-malformed", Severity.SUSPICIOUS, "FlatBuffer that leads outside the file"),
    )

    def applies(self, blob: Blob) -> bool:
        """The file identifier."""
        return bytes(blob.data[4:8]) == b"TFL3"

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """The operators that the model names itself."""
        names: set[str] = set()
        try:
            for name in _custom_codes(blob.data, budget):
                names.add(name)
        except _Broken as error:
            yield self.found("tflite-malformed", blob, str(error))
        for name in sorted(names):
            if name.startswith("Flex"):
                what = reach(name[4:])
                rule = {"writes": "tflite-flex-writes", "reaches": "tflite-flex-reaches"}.get(what, "tflite-flex")
                yield self.found(rule, blob, name[:80])
            elif name not in _KNOWN:
                yield self.found("tflite-custom-op", blob, repr(name[:80]))


def _custom_codes(data: memoryview, budget: Budget) -> Iterator[str]:
    """Every ``custom_code`` of Model.operator_codes. Raises :class:`_Broken`."""
    root = _number(data, 0, "<I")
    codes = _slot(data, root, 1)
    if codes is None:
        return
    vector = codes + _number(data, codes, "<I")
    count = _number(data, vector, "<I")
    if count > _MAX_OPERATORS or vector + 4 + 4 * count > len(data):
        raise _Broken(f"{count:,} operators in {len(data):,} bytes")
    for index in range(count):
        if index % 4096 == 0:
            budget.tick()
        at = vector + 4 + 4 * index
        table = at + _number(data, at, "<I")
        custom = _slot(data, table, 1)
        if custom is None:
            continue
        text = custom + _number(data, custom, "<I")
        size = _number(data, text, "<I")
        if text + 4 + size > len(data):
            raise _Broken(f"a name of {size:,} bytes at {text:,}")
        yield bytes(data[text + 4 : text + 4 + min(size, 256)]).decode("utf-8", "replace")


def _number(data: memoryview, at: int, code: str) -> int:
    if at < 0 or at + struct.calcsize(code) > len(data):
        raise _Broken(f"leads to byte {at:,} of {len(data):,}")
    return int(struct.unpack_from(code, data, at)[0])


def _slot(data: memoryview, table: int, field: int) -> int | None:
    """Where a table's field lies, None where it is absent."""
    vtable = table - _number(data, table, "<i")
    if 4 + 2 * field + 2 > _number(data, vtable, "<H"):
        return None
    offset = _number(data, vtable + 4 + 2 * field, "<H")
    return table + offset if offset else None


DETECTOR = Tflite()
