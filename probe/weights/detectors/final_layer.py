"""Statistics of the classifier's last matrix: a covariate, never a flag.

DFBScanner (arXiv 2605.18907) reads backdoors off the last layer. On text models the norm of the head separates heads
that were reset and trained anew from heads that were not, poisoned or clean, so it is recorded beside the scores and
judged by nobody.
"""

from __future__ import annotations

import numpy as np

from probe.weights.detector import Detector, Reading, rules
from probe.weights.formats import Unreadable
from probe.weights.subject import Subject
from probe.weights.tensors import finite

_LARGEST = 64 << 20


class FinalLayer(Detector):
    """Norms of the class rows, the odd one out, and how alike the rows are."""

    name = "final-layer"
    rules = rules()

    def read(self, subject: Subject) -> Reading:
        """Facts only."""
        name = subject.model.layout.final
        if name is None:
            return Reading(reason="the checkpoint has no classifier head")
        info = subject.model.checkpoint.tensors[name]
        if info.nbytes > _LARGEST:
            return Reading(reason="the last matrix is larger than a classifier's")
        try:
            rows = finite(subject.model.checkpoint.array(name)).astype(np.float64)
        except Unreadable as error:
            return Reading(reason=str(error))
        norms = np.linalg.norm(rows, axis=1)
        unit = rows / np.maximum(norms, 1e-12)[:, None]
        alike = (unit @ unit.T)[np.triu_indices(len(rows), 1)]
        middle = float(np.median(norms))
        spread = float(np.median(np.abs(norms - middle))) * 1.4826
        odd = float(np.max((norms - middle) / spread)) if len(norms) > 2 and spread > 0 else None
        facts = {
            "head": name,
            "classes": len(rows),
            "norm_mean": float(norms.mean()),
            "norm_ratio": float(norms.max() / max(norms.min(), 1e-12)),
            "norm_outlier": odd,
            "cosine_max": float(alike.max()) if alike.size else None,
        }
        return Reading(reason="a covariate: it tells new heads from old ones", facts={"final_layer": facts})


DETECTOR = FinalLayer()
