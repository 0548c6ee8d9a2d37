"""``python -m probe.zoo OUT``: build a zoo while developing."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from landing.errors import HubCensusError
from probe.zoo import Plan, build


def main() -> int:
    """Parse the command line and build; the exit code is that of the error classes."""
    parser = argparse.ArgumentParser(prog="python -m probe.zoo", description=__doc__)
    parser.add_argument("out", type=Path, help="the folder to build in; an unfinished zoo there is continued")
    size = parser.add_mutually_exclusive_group()
    size.add_argument("--whole", action="store_true", help="the zoo that the detectors are measured on")
    size.add_argument("--frozen", action="store_true", help="the small one (default)")
    parser.add_argument("--jobs", type=int, default=1, help="processes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", default="", metavar="KIND,...", help="only models of these kinds")
    chosen = parser.parse_args()
    plan = Plan.whole() if chosen.whole else Plan.frozen()
    if chosen.only:
        plan = plan.only(*chosen.only.split(","))
    started = time.monotonic()

    def tell(line: str) -> None:
        print(f"{time.monotonic() - started:7.1f}  {line}", flush=True)

    try:
        build(chosen.out, plan, seed=chosen.seed, jobs=chosen.jobs, tell=tell)
    except HubCensusError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
