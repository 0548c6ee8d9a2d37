"""W1: a whole listing from a hub on loopback. Ours, `list_models` + json.dump, and requests -> raw bytes."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from benchmarks import measure


def main(full: bool) -> None:
    """Compare the three, and ours with itself on a hub five times larger."""
    from simhub import SimHub, build_synthetic, load_replay

    models = 60_000 if full else 10_000
    table = measure.Table("crawl")
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        with SimHub(load_replay(_dump(home, models), path=home / "hub.sqlite"), cache=1 << 30) as hub:
            url = measure.once("benchmarks.crawl", "ours", hub.endpoint, home / "warm").facts["url"]
            variants: dict[str, tuple[object, ...]] = {
                "ours": (hub.endpoint, home),
                "raw": (url, home),
                "list_models": (hub.endpoint, home),
            }
            for name in ("raw", "list_models"):
                measure.once("benchmarks.crawl", name, *variants[name])
            costs = measure.compare("benchmarks.crawl", variants, 3 if full else 1)
        with SimHub(build_synthetic(5 * models, seed=8, path=home / "large.sqlite")) as hub:
            large = measure.once("benchmarks.crawl", "ours", hub.endpoint, home / "large")
    for name, cost in costs.items():
        table.cost(name, cost, models=models)
    table.cost("ours, five times the hub", large, models=5 * models)
    ours = costs["ours"]
    table.promise("CPU: list_models / ours", costs["list_models"].cpu / ours.cpu, 50, at_least=True)
    table.promise("CPU: ours / raw bytes", ours.cpu / costs["raw"].cpu, 1.5, at_least=False)
    table.promise("RSS in MB, larger hub", large.rss_mb, 100, at_least=False)
    table.show()


def _dump(home: Path, models: int) -> Path:
    """Records as heavy as real ones, as a dump that the hub replays."""
    from benchmarks.pages import pages

    path = home / "dump.jsonl"
    with path.open("w") as handle:
        for body in pages(models // 1000):
            handle.writelines(json.dumps(record) + "\n" for record in json.loads(body))
    return path


def ours(endpoint: str, home: Path) -> dict:
    """The crawler as users run it."""
    from crawler.crawl import Options, crawl
    from landing import Run, Zone

    zone = Zone(Path(tempfile.mkdtemp(dir=_made(home))) / "landing")
    done = crawl(zone, "huggingface", Options(endpoint=endpoint), program="benchmark")
    run = Run.read(zone.root / "huggingface" / done.run_id)
    return {"url": next(run.parts()).url, "models": done.counts["models"]}


def list_models(endpoint: str, home: Path) -> dict:
    """The usual way: the library's iterator into a list, then one JSON file."""
    from huggingface_hub import HfApi

    found = list(HfApi(endpoint=endpoint).list_models(full=True, cardData=True, fetch_config=True, limit=None))
    with (_made(home) / "models.json").open("w") as handle:
        json.dump([vars(model) for model in found], handle, default=str)
    return {"models": len(found)}


def raw(url: str, home: Path) -> dict:
    """The least that could be done: follow the links, write each body to a file."""
    import requests

    session, pages, following = requests.Session(), 0, url
    while following:
        answer = session.get(following, timeout=30)
        (_made(home) / f"{pages}.json").write_bytes(answer.content)
        following, pages = answer.links.get("next", {}).get("url"), pages + 1
    return {"pages": pages}


def _made(home: Path) -> Path:
    home.mkdir(parents=True, exist_ok=True)
    return home


if __name__ == "__main__":
    variant = {"ours": ours, "list_models": list_models, "raw": raw}[sys.argv[1]]
    measure.answer(variant(sys.argv[2], Path(sys.argv[3])))
