"""What a classifier does when it is asked: scans for planted behaviour, from outside, with no word from its author.

A text classifier is asked about every token of its vocabulary (:mod:`probe.behaviour.lfr`), an image classifier about
small patches (:mod:`probe.behaviour.patches`) and about its own margins (:mod:`probe.behaviour.margins`); where clean
task data is at hand it is made to forget its task, to see what remains (:mod:`probe.behaviour.unlearning`).
:func:`examine` does what applies and compares the scores with thresholds calibrated on models known to be clean.
What it finds "needs review": a score is no proof of intent.
"""

from __future__ import annotations

from probe.behaviour.examine import examine
from probe.behaviour.report import BehaviourReport

__all__ = ["BehaviourReport", "examine"]
