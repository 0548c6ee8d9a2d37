"""Running variants as child processes and putting their cost side by side."""

from __future__ import annotations

import json
import os
import re
import resource
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

NOISY = 30.0
RESULTS = Path(__file__).parent / "results"


@dataclass
class Cost:
    """What one run of a variant cost, and what it said about its result."""

    wall: float
    cpu: float
    rss_mb: float
    facts: dict[str, Any] = field(default_factory=dict)


def once(module: str, variant: str, *arguments: object) -> Cost:
    """Run ``python -m MODULE VARIANT ARGUMENTS`` and wait for it; its last line of output is JSON facts."""
    with tempfile.TemporaryFile("w+") as out:
        begun = time.perf_counter()
        command = [sys.executable, "-m", module, variant, *map(str, arguments)]
        child = os.posix_spawn(
            sys.executable, command, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), 1)]
        )
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - begun
        out.seek(0)
        lines = out.read().strip().splitlines()
    if os.waitstatus_to_exitcode(status) != 0:
        raise SystemExit(f"{module} {variant} failed")
    facts = json.loads(lines[-1]) if lines else {}
    return Cost(wall, usage.ru_utime + usage.ru_stime, facts.pop("peak_rss_mb"), facts)


def answer(facts: dict[str, Any]) -> None:
    """What a child says at its end. Its peak memory is its own word: the parent's count would begin with its own."""
    status = Path("/proc/self/status").read_text() if Path("/proc/self/status").exists() else ""
    peak = re.search(r"VmHWM:\s+(\d+) kB", status)
    usage = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps({**facts, "peak_rss_mb": (int(peak[1]) if peak else usage) / 1024}))


def compare(module: str, variants: dict[str, tuple[object, ...]], repeats: int) -> dict[str, Cost]:
    """Run the variants in turns; the median of each figure, the facts of the last run."""
    runs: dict[str, list[Cost]] = {name: [] for name in variants}
    for _ in range(repeats):
        for name, arguments in variants.items():
            runs[name].append(once(module, name, *arguments))
    return {name: _median(costs) for name, costs in runs.items()}


def _median(costs: list[Cost]) -> Cost:
    wall, cpu, rss = (statistics.median(getattr(cost, name) for cost in costs) for name in ("wall", "cpu", "rss_mb"))
    return Cost(wall, cpu, rss, costs[-1].facts)


def pressure() -> float:
    """The share of the last minute in which something waited for a CPU, in percent."""
    try:
        return float(Path("/proc/pressure/cpu").read_text().split("avg60=")[1].split()[0])
    except (OSError, IndexError, ValueError):
        return 0.0


@dataclass
class Table:
    """The figures of one benchmark and the promises they are held against."""

    name: str
    rows: list[dict[str, Any]] = field(default_factory=list)

    def cost(self, variant: str, cost: Cost, **more: Any) -> None:
        """A line about a variant."""
        self.rows.append(
            {
                "variant": variant,
                "wall_s": round(cost.wall, 2),
                "cpu_s": round(cost.cpu, 2),
                "rss_mb": round(cost.rss_mb),
                **more,
            }
        )

    def promise(self, what: str, value: float, limit: float, *, at_least: bool) -> None:
        """A ratio against its promise; ``noisy`` stands in for a verdict on a busy machine."""
        holds = value >= limit if at_least else value <= limit
        verdict = "noisy" if pressure() > NOISY else ("holds" if holds else "MISSED")
        sign = ">=" if at_least else "<="
        self.rows.append(
            {"promise": what, "value": round(value, 3), "limit": f"{sign} {limit:g}", "verdict": verdict}
        )

    def show(self) -> None:
        """Print the table and keep it as JSON lines."""
        print(f"\n== {self.name}  (load {os.getloadavg()[0]:.1f}, CPU pressure {pressure():.0f} %)")
        for row in self.rows:
            print("   " + "  ".join(f"{key}={value}" for key, value in row.items()))
        RESULTS.mkdir(exist_ok=True)
        with (RESULTS / f"{self.name}.jsonl").open("a") as handle:
            handle.writelines(json.dumps({"at": time.time(), **row}) + "\n" for row in self.rows)
