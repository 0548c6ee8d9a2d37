"""What other scanners say of the same files, each in a child process under limits, and where they disagree with ours.

The tools are optional and their pins clash with one another's: they may live in another environment, named by an
argument or by ``HUBCENSUS_SCANNERS`` (the path of its Python). A file here per tool; ``child.py`` runs it there with
nothing but the standard library, so that environment needs no part of HubCensus.
"""

from __future__ import annotations

from probe.scan.others.compare import TOOLS, compare
from probe.scan.others.hub import hub_verdicts
from probe.scan.others.table import disagreements

__all__ = ["TOOLS", "compare", "disagreements", "hub_verdicts"]
