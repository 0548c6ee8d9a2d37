"""Running our own code on an untrusted checkpoint in a child process that can do little harm.

``call("probe.claims.worker:measure", {...})`` runs that function of ours in a fresh process without network, with
read-only files, and under limits of memory, time and files. Whatever the checkpoint does to the child, the parent
gets an :class:`Outcome`.
"""

from __future__ import annotations

from probe.sandbox.call import call
from probe.sandbox.outcome import Limits, Outcome
from probe.sandbox.trial import Protection, protections

__all__ = ["Limits", "Outcome", "Protection", "call", "protections"]
