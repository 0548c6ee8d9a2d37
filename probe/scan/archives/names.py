"""Names inside archives: where would they be written, and where do links point?"""

from __future__ import annotations

import re

_DRIVE = re.compile(r"[A-Za-z]:")


def escapes(name: str) -> str | None:
    """Why unpacking this name could write outside the folder; None where it cannot."""
    if name.startswith(("/", "\\")):
        return "an absolute path"
    if _DRIVE.match(name):
        return "a path with a drive"
    if ".." in name.replace("\\", "/").split("/"):
        return "a path that climbs out"
    if "\x00" in name:
        return "a name with a NUL byte"
    return None


def link_escapes(name: str, target: str) -> str | None:
    """Why a link at ``name`` leads outside the folder; None where it does not."""
    if target.startswith(("/", "\\")) or _DRIVE.match(target):
        return "an absolute path"
    depth = len([part for part in name.replace("\\", "/").split("/")[:-1] if part not in ("", ".")])
    for part in target.replace("\\", "/").split("/"):
        if part == "..":
            depth -= 1
        elif part not in ("", "."):
            depth += 1
        if depth < 0:
            return "a path that climbs out"
    return None
