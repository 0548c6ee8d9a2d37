"""The demo's second half: a simulated GitHub whose repositories use the models of the simulated hub.

Its server is a thread of this process, so that no second one has to be started; everything goes over HTTP all the
same.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from hubcensus import __version__
from hubcensus.output import say
from hubcensus.settings import Settings
from landing import Manifest, Zone
from simhub import Truth
from simhub.api import SimApi
from simhub.github.app import GitHub
from simhub.github.population import invent, truth_usages
from simhub.github.repository import Repository
from warehouse.reader import Reader

REPOSITORIES = 120
FAULTS = "5xx=0.01,cut=0.005,malformed=0.005"
# The demo's questions; 'hubcensus downstream discover' asks some 900 of its own.
QUESTIONS = (
    *("from_pretrained language:Python", 'from_pretrained language:"Jupyter Notebook"'),
    *(
        "pipeline transformers language:Python",
        "SentenceTransformer language:Python",
        "hf_hub_download language:Python",
    ),
    *(
        "snapshot_download language:Python",
        "model_name_or_path language:YAML",
        "huggingface-cli download language:Shell",
    ),
)


def crawl(settings: Settings, store: Path, seed: int, unused: Collection[str] = ()) -> dict[str, Any]:
    """Discover, fetch and mine; what there is to tell. Nobody uses the models in ``unused``."""
    repositories = population(store, seed, unused)
    say(f"Asking a simulated GitHub of {len(repositories)} repositories who uses which model:")
    with SimApi(GitHub(repositories), faults=f"{FAULTS},seed={seed}") as hub:
        runs = list(_stages(Zone(settings.landing), hub.endpoint, seed))
        stats = hub.stats()
    for run in runs:
        counts = {name: run.counts[name] for name in ("repositories", "source", "usages") if name in run.counts}
        told = ", ".join(f"{count:,} {'files' if name == 'source' else name}" for name, count in counts.items())
        say(f"  {run.kind}: {told} ({sum(int(n) for k, n in run.requests.items() if k != 'waited_s'):,} requests)")
    return {"requests": stats["requests"], "faults": stats["faults"], "repositories": repositories}


def population(store: Path, seed: int, unused: Collection[str] = ()) -> list[Repository]:
    """Repositories that use the hub's models, popular ones more often; none whose archive takes long to refuse."""
    truth = Truth(store)
    try:
        there = set(truth.ids()).difference(unused)
        metrics = sorted(truth.metrics().items(), key=lambda item: (-item[1][0], item[0]))
        models = [name for name, _ in metrics if name in there and _loadable(name)][:300]
    finally:
        truth.close()
    slow = {"bomb", "huge", "crowd", "cut"}
    return [one for one in invent(REPOSITORIES, seed, models) if not slow & set(one.hostile)]


def _loadable(name: str) -> bool:
    """Whether code can load a model of that name: of the hub's hostile names, none is written in a program."""
    from crawler.hubs.huggingface import is_id

    return "/" in name and is_id(name)


def _stages(zone: Zone, endpoint: str, seed: int) -> Iterator[Manifest]:
    from crawler.downstream import discover, fetch, mine
    from crawler.downstream.github import GitHub as Client
    from crawler.downstream.github import session
    from crawler.session import Patience

    program = f"hubcensus {__version__}"
    patience = Patience(base=0.05, longest=1.0)
    connection = session(endpoint, "simulated", program=program, contact="", patience=patience, on_wait=None)
    client = Client(connection)
    try:
        yield discover.search(zone, client, questions=list(QUESTIONS), owners=[], fresh=False, program=program)
        yield fetch.fetch(zone, client, fetch.Options(threads=("issues",)), program=program)
    finally:
        connection.close()
    mined = mine.mine(zone, processes=1, again=False, fresh=False, program=program)
    assert mined is not None
    yield mined


def compare(reader: Reader, repositories: list[Repository]) -> dict[str, dict[str, int]]:
    """Usages in the repositories that were read, beside those that are there."""
    read = {row[0] for row in reader.rows("SELECT owner || '/' || name FROM mart.repository WHERE mined")}
    truth = {found for found in truth_usages(repositories) if found[0] in read}
    query = "SELECT repository[20:], path, named_id FROM mart.usage WHERE named_id IS NOT NULL"
    census = set(reader.rows(query))
    return {"usages": {"census": len(census), "truth": len(truth), "same": len(census & truth)}}
