"""Opening the small files of a checkpoint: only plain files, only so many bytes, only JSON that is an object."""

from __future__ import annotations

import json
import stat
from pathlib import Path
from typing import Any

from probe.loading.refusal import Refused, brief

#: Bytes that a file of each kind may have. Real ones: config 150 kB, tokenizer.json 34 MB, an index of shards 8 MB.
JSON_CAP = 4 << 20
INDEX_CAP = 32 << 20


def plain(path: Path) -> int | None:
    """The size of a plain file (through links); None where there is none. A pipe or a device is refused."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise Refused("LOAD_ERROR", f"{path.name} cannot be read: {brief(error)}.") from error
    if not stat.S_ISREG(status.st_mode):
        raise Refused("UNSAFE_FILE", f"{path.name} is not a plain file.")
    return status.st_size


def read_object(path: Path, cap: int = JSON_CAP) -> dict[str, Any] | None:
    """The JSON object in a file; None where there is no such file. Raises :class:`Refused`."""
    size = plain(path)
    if size is None:
        return None
    if size > cap:
        raise Refused("TOO_LARGE", f"{path.name} has {size} bytes; more than {cap} are not read.")
    try:
        found = json.loads(path.read_bytes())
    except (ValueError, RecursionError, OSError) as error:
        raise Refused("LOAD_ERROR", f"{path.name} is not JSON: {brief(error)}.") from error
    if not isinstance(found, dict):
        raise Refused("LOAD_ERROR", f"{path.name} is not a JSON object.")
    return found
