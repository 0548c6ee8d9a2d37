"""Paths that a model names: whether they stay inside its folder."""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:[\\/]?")


def escapes(path: str) -> str:
    """Why a path leaves the folder it is meant for (``is absolute``, ``climbs out of the folder``, ...), or ""."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in path):
        return "holds control characters"
    if "://" in path or path.lower().startswith(("file:", "data:")):
        return "is an address"
    if path.startswith(("/", "\\", "~")):
        return "is absolute"
    if _DRIVE.match(path):
        return "names a drive"
    if ".." in re.split(r"[\\/]", path):
        return "climbs out of the folder"
    if "%2e%2e" in path.lower() or "%2f" in path.lower():
        return "hides a path behind escapes"
    return ""
