"""For all tests: a machine under load is no failure; one demo census for all that look at one."""

from __future__ import annotations

import os

# Workers share the cores: threads of several torches would wait for one another most of the time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

import pytest
import real_census
from doors import hubcensus
from hypothesis import settings

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A small demo, run once: what it told, its folder under ``home``. For tests of the group ``demo``."""
    home = tmp_path_factory.mktemp("demo") / "census"
    document = hubcensus(home, "demo", "--models", "150", "--days", "2")
    assert isinstance(document, dict)
    return document


@pytest.fixture(scope="session")
def real_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A census of the real dumps and what the studies rest on, built once. For tests of the group ``real``."""
    home = tmp_path_factory.mktemp("real-census")
    real_census.build(home)
    real_census.build_studies(home)
    return home
