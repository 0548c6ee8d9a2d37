"""The child's side: runs one tool over the paths on its standard input, one JSON answer a line.

Started by its path with ``python -I``, in an interpreter that may have nothing of HubCensus: standard library only.
"""

from __future__ import annotations

import importlib.util
import json
import os
import resource
import sys
from pathlib import Path
from types import ModuleType
from typing import Any


def limit(memory: int, seconds: int) -> None:
    """Bytes of address space, CPU seconds for the whole child, no core dumps, no large files written."""
    for what, value in (
        (resource.RLIMIT_AS, memory),
        (resource.RLIMIT_CPU, seconds),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 64 << 20),
    ):
        hard = resource.getrlimit(what)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(what, (value, hard))


def tool(name: str) -> ModuleType:
    """The file of that name beside this one; loaded by path, as a name would find the scanner itself."""
    spec = importlib.util.spec_from_file_location(f"_other_{name}", Path(__file__).with_name(f"{name}.py"))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(module: ModuleType, path: str) -> dict[str, Any]:
    """The tool's verdict on one file; whatever it raises is the verdict ``error``."""
    try:
        verdict, detail = module.judge(path)
    except MemoryError:
        return {"verdict": "error", "detail": "out of memory"}
    except (Exception, SystemExit) as error:
        return {"verdict": "error", "detail": f"{type(error).__name__}: {error}"[:500]}
    return {"verdict": verdict, "detail": detail[:2000]}


def main(name: str, memory: str, seconds: str) -> int:
    """Say the tool's version, then answer until the input ends."""
    # The tools print: what they print must not mix with the answers.
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    limit(int(memory), int(seconds))
    module = tool(name)
    try:
        version = module.version()
    except ImportError as error:
        print(json.dumps({"missing": str(error)}), file=out, flush=True)
        return 0
    print(json.dumps({"version": version}), file=out, flush=True)
    for line in sys.stdin:
        print(json.dumps(answer(module, json.loads(line))), file=out, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
