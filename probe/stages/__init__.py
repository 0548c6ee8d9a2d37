"""The stages over a sample: each reads what the one before landed, and lands one examination per model.

One file a stage; each has ``TOOL`` and ``examine(subject, options)``. Adding one touches its file and the command
line.
"""

from __future__ import annotations

from probe.stages.subject import Options, Subject
from probe.stages.walk import run

__all__ = ["Options", "Subject", "run"]
