"""What one stage of the probe says of one model: the body of the record that lands."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Stage = Literal["fetch", "scan", "weights", "verify", "triggers"]


@dataclass(slots=True)
class Examination:
    """One model, one stage. Every list holds JSON objects; what is unknown is absent.

    ``state`` is how it ended (``done``, or a :data:`probe.sandbox.outcome.State`), ``code`` the word of the closed
    list where it was refused. ``files``: :meth:`probe.finding.FileReport.facts`. ``findings``:
    :meth:`probe.finding.Finding.facts`, about the model as a whole, optionally with a ``path``. ``scores``: what
    each detector gave, flagged or not: ``detector, score, threshold, fpr`` (the false-positive rate that the
    threshold was calibrated to), ``flagged, suspects`` (a list of strings), ``reason`` (why there is no score).
    ``measurements``: ``ordinal, task, dataset, config, split, metric, value_raw, claimed, measured, ci_low,
    ci_high, n, verdict, reason, gap`` (smallest detectable difference), ``p_value, protocol``. ``tokens``: ``token,
    token_id, frequency, lfr, score``, the points of the figure of label flip rate against frequency. ``others``:
    what other scanners say: ``path, sha256, tool, version, verdict, detail``. ``downloads``: ``path, bytes, ranged,
    sha256, verified``. ``environment``: versions, device, seed. ``cost``: ``cpu_seconds, wall_seconds, peak_bytes,
    read_bytes``.
    """

    hub: str
    model_id: str
    revision: str | None
    stage: Stage
    tool: str
    state: str = "done"
    code: str | None = None
    reason: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    scores: list[dict[str, Any]] = field(default_factory=list)
    measurements: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[dict[str, Any]] = field(default_factory=list)
    others: list[dict[str, Any]] = field(default_factory=list)
    downloads: list[dict[str, Any]] = field(default_factory=list)
    environment: dict[str, Any] = field(default_factory=dict)
    cost: dict[str, float] = field(default_factory=dict)

    def body(self) -> bytes:
        """As it lands: JSON, keys in order."""
        return json.dumps(asdict(self), ensure_ascii=False, allow_nan=False).encode()
