"""Which files of a repository matter: programs and texts that the miner reads, packages that it names, its
licences.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from crawler.downstream import texts
from crawler.downstream.tree import PROGRAMS, SKIPPED

_LICENCE = re.compile(r"(un)?licen[cs]e([-_.][\w.-]+)?|copying([-_.][\w.-]+)?|mit-license\w*(\.\w+)?", re.IGNORECASE)
_REQUIREMENTS = re.compile(r"(requirements|constraints)[\w.-]*\.(txt|in)|environment[\w.-]*\.ya?ml", re.IGNORECASE)
_MANIFESTS = frozenset(
    {
        *(
            "pyproject.toml",
            "setup.cfg",
            "Pipfile",
            "Pipfile.lock",
            "poetry.lock",
            "uv.lock",
            "pdm.lock",
            "conda-lock.yml",
        ),
        *("package.json", "package-lock.json", "pylock.toml"),
    }
)


def is_licence(path: str) -> bool:
    """Whether a file at the top, or in a folder of licences, states one."""
    parts = PurePosixPath(path).parts
    at_top = len(parts) == 1 or (len(parts) == 2 and parts[0].lower() in ("licenses", "licences", ".github"))
    return at_top and bool(_LICENCE.fullmatch(parts[-1]) or parts[0].lower() in ("licenses", "licences"))


def is_manifest(path: str) -> bool:
    """Whether a file names packages that the repository needs."""
    parts = PurePosixPath(path).parts
    in_folder = len(parts) > 1 and parts[-2].lower() == "requirements" and parts[-1].endswith(".txt")
    return parts[-1] in _MANIFESTS or in_folder or bool(_REQUIREMENTS.fullmatch(parts[-1]))


def wanted(path: str) -> bool:
    """Whether a file is fetched."""
    parts = PurePosixPath(path).parts
    if any(part in SKIPPED or (part[0] == "." and part != ".github") for part in parts[:-1]) and not is_licence(path):
        return False
    return is_licence(path) or is_manifest(path) or path.endswith(PROGRAMS) or texts.kind_of(parts[-1]) is not None
