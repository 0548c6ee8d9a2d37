"""The sandbox with the functions of these tests beside our own."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def faults() -> Iterator[str]:
    """The name of the module of faults, which a child may call."""
    module = importlib.import_module("probe.sandbox.call")
    module.close()
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "_OURS", ("probe", "sandbox_faults"))
    patch.setattr(module, "_FOLDERS", (Path(__file__).parent,))
    yield "sandbox_faults"
    patch.undo()
    module.close()
