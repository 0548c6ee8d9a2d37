"""The command line, as every test of the whole uses it."""

from __future__ import annotations

import contextlib
import io
import json
from pathlib import Path
from typing import Any

from hubcensus.cli import run


def hubcensus(home: Path, *words: str, code: int = 0) -> Any:
    """Run a verb with --json; its document, or what it says on stderr where it prints none. Other exit codes fail."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        ended = run(["--home", str(home), "--json", *words])
    assert ended == code, (words, ended, out.getvalue()[-3000:], err.getvalue()[-3000:])
    return json.loads(out.getvalue()) if out.getvalue().strip() else err.getvalue()
