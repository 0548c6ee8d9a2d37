"""Plug-ins by listing a folder: every public module beside ``__init__`` is one."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

from landing import UsageError


def names(package: str, folder: str) -> list[str]:
    """The plug-ins in ``folder``, by the name a person types (``hf-list`` for ``hf_list.py``)."""
    return sorted(path.stem.replace("_", "-") for path in Path(folder).glob("[a-z]*.py"))


def load(package: str, folder: str, name: str, what: str, others: Iterable[str] = ()) -> ModuleType:
    """Import one plug-in; raises :class:`UsageError` that lists what there is, here and among ``others``."""
    known = names(package, folder)
    if name not in known:
        raise UsageError(f"There is no {what} {name!r}; known: {', '.join(sorted({*known, *others}))}.")
    return import_module(f"{package}.{name.replace('-', '_')}")
