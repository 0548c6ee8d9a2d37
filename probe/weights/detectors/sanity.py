"""Numbers that no healthy checkpoint holds: NaN, infinities, dead tensors, copies, a flood of denormals."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np

from probe.weights.detector import Detector, Reading, note, rules
from probe.weights.formats import INTEGERS, SPACING, Unreadable
from probe.weights.subject import Subject

#: Smaller tensors are alike by chance or by design (biases, norms).
_SMALL = 64
_TINY = float(np.finfo(np.float32).tiny)
_NAMED = 5


@dataclass(slots=True)
class _Tensor:
    name: str
    finite: int
    nan: int
    infinite: int
    denormal: int
    low: float
    high: float
    digest: bytes


class Sanity(Detector):
    """Streams every tensor once, under a cap."""

    name = "sanity"
    rules = rules(
        note("weights-not-finite", "A tensor holds NaN or infinite values", "The model cannot work as published."),
        note("weights-dead-tensor", "A weight matrix is all zeros or constant"),
        note("weights-duplicated-tensor", "Two tensors are the same bytes and are not tied"),
        note("weights-denormal", "More than one element in a hundred is denormal"),
        note("weights-not-streamed", "The model is larger than what the streaming checks may read"),
    )
    heavy = True

    def read(self, subject: Subject) -> Reading:
        """Findings and counts; no score."""
        reading = Reading(reason="counts, not a score")
        seen: list[_Tensor] = []
        left = subject.options.stream
        checkpoint = subject.model.checkpoint
        skipped = 0
        for name, info in sorted(checkpoint.tensors.items()):
            if info.dtype not in SPACING and info.dtype not in INTEGERS:
                continue
            if info.nbytes > left:
                skipped += 1
                continue
            left -= info.nbytes
            try:
                seen.append(_look(subject, name))
            except Unreadable as error:
                reading.reason = str(error)
                skipped += 1
        self._judge(reading, seen, subject)
        if skipped:
            told = f"{skipped} of {len(checkpoint.tensors)} tensors were not read: over the limit, or unreadable."
            reading.findings.append(self.found("weights-not-streamed", told, tensors=skipped))
        reading.facts = {"tensors_streamed": len(seen), "tensors_skipped": skipped}
        return reading

    def _judge(self, reading: Reading, seen: list[_Tensor], subject: Subject) -> None:
        sizes = {name: info.size for name, info in subject.model.checkpoint.tensors.items()}
        matrices = {name for name, info in subject.model.checkpoint.tensors.items() if len(info.shape) > 1}
        for tensor in seen:
            if tensor.nan or tensor.infinite:
                told = f"{tensor.name} holds {tensor.nan} NaN and {tensor.infinite} infinite values."
                more = {"nan": tensor.nan, "infinite": tensor.infinite}
                reading.findings.append(self.found("weights-not-finite", told, tensor.name, **more))
        self._list(
            reading,
            "weights-dead-tensor",
            [t.name for t in seen if t.name in matrices and sizes[t.name] >= _SMALL and t.low == t.high],
            "hold one value throughout",
        )
        floats = [t for t in seen if subject.model.checkpoint.tensors[t.name].dtype in ("F32", "F64", "BF16")]
        flooded = [t.name for t in floats if sizes[t.name] >= _SMALL and t.denormal > 0.01 * sizes[t.name]]
        self._list(reading, "weights-denormal", flooded, "hold more than 1 % denormal values")
        self._list(
            reading, "weights-duplicated-tensor", _copies(subject, seen, sizes, matrices), "are copies of another"
        )

    def _list(self, reading: Reading, rule: str, names: list[str], what: str) -> None:
        if names:
            told = (
                f"{len(names)} tensor(s) {what}: {', '.join(names[:_NAMED])}{', ...' if len(names) > _NAMED else ''}."
            )
            reading.findings.append(self.found(rule, told, names[0], tensors=names[:100]))


def _look(subject: Subject, name: str) -> _Tensor:
    digest = hashlib.sha256()
    nan = infinite = denormal = finite = 0
    low, high = np.inf, -np.inf
    for piece in subject.model.checkpoint.pieces(name):
        digest.update(piece.tobytes())
        good = np.isfinite(piece)
        whole = bool(good.all())
        if not whole:
            missing = int(np.isnan(piece).sum())
            nan += missing
            infinite += int((~good).sum()) - missing
            piece = piece[good]
        finite += piece.size
        if piece.size:
            size = np.abs(piece)
            denormal += int(((size < _TINY) & (size > 0)).sum())
            low, high = min(low, float(piece.min())), max(high, float(piece.max()))
    return _Tensor(name, finite, nan, infinite, denormal, low, high, digest.digest())


def _copies(subject: Subject, seen: list[_Tensor], sizes: dict[str, int], matrices: set[str]) -> list[str]:
    layout = subject.model.layout
    tied = {layout.embedding, *layout.outputs}
    first: dict[bytes, str] = {}
    copies = []
    for tensor in seen:
        if tensor.name not in matrices or sizes[tensor.name] < _SMALL or tensor.low == tensor.high:
            continue
        original = first.setdefault(tensor.digest, tensor.name)
        if original != tensor.name and not {original, tensor.name} <= tied:
            copies.append(f"{tensor.name} = {original}")
    return copies


DETECTOR = Sanity()
