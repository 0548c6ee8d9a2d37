"""Why a checkpoint is not loaded."""

from __future__ import annotations

from typing import Literal

from landing.errors import HubCensusError

Code = Literal["UNSAFE_FILE", "REMOTE_CODE_REQUIRED", "ARCH_UNSUPPORTED", "LOAD_ERROR", "TOO_LARGE"]


class Refused(HubCensusError):
    """This checkpoint is not loaded; ``code`` is the word of the closed list, ``reason`` one sentence."""

    def __init__(self, code: Code, reason: str) -> None:
        super().__init__(reason)
        self.code: Code = code
        self.reason = reason


def printable(text: str, most: int = 200) -> str:
    """Text without control characters, on one line, cut."""
    return "".join(c if c.isprintable() else " " for c in text)[:most]


def brief(error: BaseException, most: int = 200) -> str:
    """The kind of an error and the first line of what it says."""
    text = printable(str(error).strip().partition("\n")[0], most)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
