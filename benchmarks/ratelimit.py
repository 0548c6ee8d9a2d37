"""A crawl under a small allowance in fixed windows: how close to the least time possible, how many refusals."""

from __future__ import annotations

import math
import tempfile
import time
from pathlib import Path

from benchmarks import measure


def main(full: bool) -> None:
    """Crawl with an allowance of a third of what the listing needs."""
    from crawler.crawl import Options, crawl
    from landing import Zone
    from simhub import Limits, SimHub, build_synthetic

    window, pages = (10.0, 30) if full else (4.0, 9)
    quota = pages // 3
    with tempfile.TemporaryDirectory() as folder:
        store = build_synthetic(pages * 1000 - 100, seed=3, path=Path(folder) / "hub.sqlite")
        limits = Limits.parse(f"anonymous={quota}/1000/100", window=window)
        with SimHub(store, limits=limits, cache=1 << 28) as hub:
            begun = time.perf_counter()
            zone = Zone(Path(folder) / "landing")
            done = crawl(zone, "huggingface", Options(endpoint=hub.endpoint), program="benchmark")
            wall = time.perf_counter() - begun
            refused = hub.stats()["throttled"]
    needed = math.ceil(done.counts["parts"] / quota) - 1
    # The first window begins with the first request, and every further one has to be waited for.
    bound = needed * window
    table = measure.Table("ratelimit")
    table.rows.append({"pages": done.counts["parts"], "quota": quota, "window_s": window, "wall_s": round(wall, 2)})
    table.promise("wall / least possible", wall / bound, 1.05, at_least=False)
    table.promise("refusals per window", refused / (needed + 1), 1, at_least=False)
    table.show()
