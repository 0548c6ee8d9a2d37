"""The static scan: what a file is and what it would do when it is loaded, found without loading it.

:func:`scan` walks files and folders and judges each file by its content. Every detector in
:mod:`probe.scan.detectors` looks at it; what is packed inside is unpacked, under caps, and looked at in turn.
Nothing is imported, unpickled or run, and no detector needs torch.
"""

from probe.scan.detector import Blob, Budget, BudgetExceeded, Detector, TimeExceeded
from probe.scan.engine import rules, scan, scan_bytes

__all__ = ["Blob", "Budget", "BudgetExceeded", "Detector", "TimeExceeded", "rules", "scan", "scan_bytes"]
