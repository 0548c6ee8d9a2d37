"""W4: a crawl a day later. Bytes of what changed, of the counter pass, and of everything."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

from benchmarks import measure


def main(full: bool) -> None:
    """Full listing, one simulated day, incremental with counters, load of both."""
    from crawler.crawl import Options, crawl
    from landing import Run, Zone
    from simhub import SimHub, build_synthetic
    from warehouse.database import Limits
    from warehouse.load import load

    models = 100_000 if full else 10_000
    sizes: dict[str, int] = {}
    cpu: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        zone, out = Zone(Path(folder) / "landing"), Path(folder) / "warehouse.duckdb"
        with SimHub(build_synthetic(models, seed=5, path=Path(folder) / "hub.sqlite")) as hub:
            for since in (None, "auto"):
                done = crawl(zone, "huggingface", Options(endpoint=hub.endpoint, since=since), program="benchmark")
                for part in Run.read(zone.root / "huggingface" / done.run_id).parts():
                    name = "full" if since is None else part.kind
                    sizes[name] = sizes.get(name, 0) + part.body_bytes
                    sizes[name + " records"] = sizes.get(name + " records", 0) + part.records
                begun = time.process_time()
                load(zone, out, Limits("1GB"))
                cpu.append(time.process_time() - begun)
                hub.advance()
    changed = sizes["models records"] / sizes["full records"]
    table = measure.Table("recrawl")
    table.rows.append(
        {**sizes, "changed_share": round(changed, 4), "load_cpu_s": json.dumps([round(c, 2) for c in cpu])}
    )
    # Held to the 2 % of the promise: what a walk of exactly that share would transfer.
    per_record = sizes["models"] / sizes["models records"]
    at_two_percent = sizes["full"] / (per_record * 0.02 * sizes["full records"])
    table.promise("bytes: full / what changed, at 2 %", at_two_percent, 40, at_least=True)
    table.promise("bytes: full / counter pass", sizes["full"] / sizes["counters"], 10, at_least=True)
    table.rows.append({"full load / load of the changes, CPU": round(cpu[0] / cpu[1], 2)})
    table.show()
