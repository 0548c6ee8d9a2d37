"""Simulated hubs: a loopback server that answers as the Hugging Face Hub's documented API does.

What it is for: tests, benchmarks and the demo crawl it over real HTTP, with the client code that crawls
the real Hub, and compare what they recovered with a truth that is known exactly.

* A population is **synthetic** (`build_synthetic`, from a seed, evolving over simulated days) or
  **replayed** (`load_replay`, a real dump page by page). Both are one SQLite file.
* `add_folder` adds models whose files are real: a folder of checkpoints, `OWNER/NAME/...`; `add_datasets` does
  the same for data.
* `SimHub` serves it; `SimHub.truth` reads what is true, on any day.
* Faults (`simhub.faults`) break it on request: see the grammar there.
* Other hubs, and a forge: `simhub.api.SimApi` serves any of `simhub.apps`, with the same faults.
* From another process: `GET /__sim__/stats`, `POST /__sim__/advance?days=1`, `POST /__sim__/faults?spec=`.

Start reading at `server.py` (a request comes in), then `serving.py`, `routes.py`, `listing.py`; on the
other side `population.py` (models from a seed), `evolve.py` (a day passes) and `truth.py`.
"""

from simhub.datasets import add_datasets
from simhub.faults import Faults
from simhub.folder import add_folder
from simhub.ratelimit import Limits
from simhub.replay import load_replay
from simhub.server import SimHub
from simhub.store import Store, build_synthetic
from simhub.truth import Truth

__all__ = [
    "Faults",
    "Limits",
    "SimHub",
    "Store",
    "Truth",
    "add_datasets",
    "add_folder",
    "build_synthetic",
    "load_replay",
]
