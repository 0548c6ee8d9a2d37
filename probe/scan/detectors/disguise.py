"""Names that promise one format and contents that are another: what nobody does by accident."""

from __future__ import annotations

from collections.abc import Iterator

from probe.finding import Finding, Rule, Severity
from probe.scan.archives.sevenzips import MAGIC as SEVEN
from probe.scan.detector import Blob, Budget, Detector, rules
from probe.scan.pickles.reader import begins

_MAGIC: tuple[tuple[bytes, int, str], ...] = (
    (b"PK\x03\x04", 0, "zip"),
    (SEVEN, 0, "7z"),
    (b"Rar!\x1a\x07", 0, "rar"),
    (b"\x1f\x8b\x08", 0, "gzip"),
    (b"BZh", 0, "bzip2"),
    (b"\xfd7zXZ\x00", 0, "xz"),
    (b"\x28\xb5\x2f\xfd", 0, "zstandard"),
    (b"\x04\x22\x4d\x18", 0, "lz4"),
    (b"ustar", 257, "tar"),
    (b"\x93NUMPY", 0, "npy"),
    (b"\x89HDF\r\n\x1a\n", 0, "hdf5"),
    (b"GGUF", 0, "gguf"),
    (b"TFL3", 4, "tflite"),
    (b"\x7fELF", 0, "native code"),
    (b"MZ\x90\x00", 0, "native code"),
    (b"\xcf\xfa\xed\xfe", 0, "native code"),
    (b"\xca\xfe\xba\xbe", 0, "native code"),
    (b"\x89PNG\r\n\x1a\n", 0, "an image"),
    (b"\xff\xd8\xff", 0, "an image"),
    (b"GIF8", 0, "an image"),
    (b"%PDF-", 0, "a document"),
    (b"#!/", 0, "a script"),
    (b"<!DOCTYPE", 0, "a web page"),
    (b"<html", 0, "a web page"),
)
_BY_BYTE = [[line for line in _MAGIC if line[1] == 0 and line[0][0] == byte] for byte in range(256)]
_WITHIN = [line for line in _MAGIC if line[1]]
_FIRST = frozenset(b"()]}ciIFLSVUTXKMJGNCB\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x95\x96")
_PACKED = {"gzip", "bzip2", "xz", "zstandard", "lz4"}
_TORCH = {"zip", "pickle", "tar", "gzip"}
#: What may stand under a suffix; of everything else in the table above nothing may.
_HOLDS: dict[str, set[str]] = {
    "safetensors": set(),
    "gguf": {"gguf"},
    "ggml": set(),
    "onnx": set(),
    "tflite": {"tflite"},
    "h5": {"hdf5"},
    "hdf5": {"hdf5"},
    "keras": {"zip", "hdf5"},
    "npy": {"npy"},
    "npz": {"zip"},
    "pt": _TORCH,
    "pth": _TORCH,
    "ckpt": _TORCH | {"hdf5"},
    "pt2": {"zip"},
    "bin": _TORCH | _PACKED | {"npy", "gguf"},
    "pkl": {"pickle", "zip", "npy"} | _PACKED,
    "pickle": {"pickle", "zip"} | _PACKED,
    "joblib": {"pickle", "zip"} | _PACKED,
    "nemo": {"tar", "gzip"},
    "mar": {"zip", "tar", "gzip"},
    "skops": {"zip"},
    "mlmodel": set(),
    "pb": set(),
    "msgpack": set(),
}


#: How files of a format always begin; of safetensors it is the length of a header that fits.
_BEGINS = {
    "safetensors": b"",
    "gguf": b"GGUF",
    "npy": b"\x93NUMPY",
    "npz": b"PK",
    "keras": b"PK",
    "skops": b"PK",
    "7z": SEVEN,
}


class DisguiseDetector(Detector):
    """Files and members of a model's suffix whose content is something else, and native code in archives."""

    name = "disguise"
    is_format = False
    rules = rules(
        Rule("disguise-other-format", Severity.SUSPICIOUS, "The name is of one format, the content of another"),
        Rule("disguise-not-the-format", Severity.SUSPICIOUS, "The name is of a format whose first bytes are missing"),
        Rule("disguise-native-code", Severity.SUSPICIOUS, "A program or library packed in a model"),
        Rule("disguise-unknown-archive", Severity.ERROR, "An archive of a kind that the scan cannot open"),
    )

    def applies(self, blob: Blob) -> bool:
        """Where the content is known and the name is of something else."""
        kind = content_kind(blob.data)
        if kind is None:
            return _lacks(blob)
        return kind == "rar" or bool(_said(blob, kind))

    def inspect(self, blob: Blob, budget: Budget) -> Iterator[Finding | Blob]:
        """One finding."""
        kind = content_kind(blob.data)
        if kind is None:
            yield self.found("disguise-not-the-format", blob, f"{_last(blob)[:80]} does not begin as its format does")
        elif rule := _said(blob, kind):
            yield self.found(rule, blob, f"{_last(blob)[:80]} is {kind}")
        elif kind == "rar":
            yield self.found("disguise-unknown-archive", blob, "a RAR archive")


def content_kind(data: memoryview) -> str | None:
    """The kind of content, of those that can be told by a few bytes."""
    if len(data) < 4:
        return None
    for magic, at, kind in _BY_BYTE[data[0]]:
        if data[at : at + len(magic)] == magic:
            return kind
    for magic, at, kind in _WITHIN:
        if len(data) > at and data[at] == magic[0] and data[at : at + len(magic)] == magic:
            return kind
    # The header of safetensors is a length, which can be these two bytes as well: no opcode follows there.
    return "pickle" if begins(data) and data[1] >= 2 and data[2] in _FIRST else None


def _last(blob: Blob) -> str:
    return blob.name.rpartition("/")[2]


def _suffix(blob: Blob) -> str:
    return _last(blob).rpartition(".")[2].lower()


def _lacks(blob: Blob) -> bool:
    """Whether the name is of a format that always begins alike, and this does not; pointers of Git LFS may."""
    suffix, data = _suffix(blob), blob.data
    if suffix not in _BEGINS or not len(data) or bytes(data[:12]) == b"version http":
        return False
    if suffix == "safetensors":
        return len(data) < 10 or data[8] != 0x7B or int.from_bytes(data[:8], "little") > len(data) - 8
    return not bytes(data[:8]).startswith(_BEGINS[suffix])


def _said(blob: Blob, kind: str) -> str | None:
    """The rule broken, if one is."""
    holds = _HOLDS.get(_suffix(blob))
    if holds is not None and kind not in holds:
        return "disguise-other-format"
    if kind == "native code" and blob.depth:
        return "disguise-native-code"
    return None


DETECTOR = DisguiseDetector()
