"""Loading ten times as many models: time at most 10.5 times, memory at most 1.3 times."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks import measure


def main(full: bool) -> None:
    """Load N and 10 N models."""
    from benchmarks.pages import land

    pages = 100 if full else 10
    table = measure.Table("scaling")
    with tempfile.TemporaryDirectory() as folder:
        small, large = Path(folder) / "small", Path(folder) / "large"
        land(small, pages)
        land(large, 10 * pages)
        costs = (
            measure.compare("benchmarks.load", {"ours": (small,)}, 1)["ours"],
            measure.once("benchmarks.load", "ours", large),
        )
    for cost, times in zip(costs, (1, 10), strict=True):
        table.cost("ours", cost, models=times * pages * 1000, **cost.facts)
    table.promise("CPU: ten times the models", costs[1].cpu / costs[0].cpu, 10.5, at_least=False)
    table.promise("RSS: ten times the models", costs[1].rss_mb / costs[0].rss_mb, 1.3, at_least=False)
    table.show()
