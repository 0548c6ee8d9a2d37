"""Run benchmarks by name, or all of them."""

from __future__ import annotations

import argparse
import importlib
from pathlib import Path

_HELPERS = {"__init__", "__main__", "matching", "measure", "pages"}


def names() -> list[str]:
    """The benchmarks, by listing the folder."""
    return sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _HELPERS)


def main() -> None:
    """Parse the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios against the best alternative.")
    parser.add_argument("names", nargs="*", help=f"of {', '.join(names())}; default: all")
    parser.add_argument("--full", action="store_true", help="the sizes of docs/performance.md (tens of minutes)")
    chosen = parser.parse_args()
    unknown = set(chosen.names) - set(names())
    if unknown:
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    for name in chosen.names or names():
        importlib.import_module(f"benchmarks.{name}").main(chosen.full)


if __name__ == "__main__":
    main()
