"""Fetching what a sample names, from the hub into the cache, with a record of what was downloaded."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from landing import Manifest, UsageError, Zone
from probe.examination import Examination
from probe.landed import Results, cost, envelopes, environment, newest
from probe.stages.walk import EXAMINED, Tell

TOOL = "hubcensus-fetch/1"


def run(
    zone: Zone,
    models: Path,
    *,
    endpoint: str,
    token: str | None,
    budget: int,
    largest: int,
    program: str,
    tensor: int = 4 * 10**9,
    fresh: bool = False,
    tell: Tell | None = None,
) -> Manifest:
    """Fetch every model of the newest sample, by commit; of bases and siblings only what weights need.

    ``budget``, ``largest`` (weights fetched whole) and ``tensor`` (an embedding read alone) are bytes. Goes on with a
    run that was cut off. A model that is gone, gated or broken is one record with its code; a hub that cannot be
    reached or a full disk stops the run, to be taken up later.
    Raises :class:`UsageError` where no sample was drawn.
    """
    from probe.fetch import STAGES, Fetcher

    sample = newest(zone, "sample")
    if sample is None:
        raise UsageError("No sample was drawn yet; run 'hubcensus probe sample' first.")
    rows = [json.loads(one.body) for one in envelopes(sample)]
    config = {"sample": sample.run_id, "endpoint": endpoint, "budget": budget, "largest": largest}
    with (
        Results(zone, "fetch", tool=TOOL, program=program, config=config, fresh=fresh) as out,
        Fetcher(models, endpoint=endpoint, token=token, budget=budget, largest=largest, tensor=tensor) as hub,
    ):
        for number, row in enumerate(rows):
            if tell:
                tell(number, len(rows), row["model_id"])
            if not out.done(row["model_id"], row["revision"]):
                stages = STAGES if row["role"] in EXAMINED else ("weights",)
                out.put(_fetch(hub, row, stages))
            else:
                hub.keep(row["model_id"])
            out.requests = hub.spent
    assert out.manifest is not None
    return out.manifest


def _fetch(hub: Any, row: dict[str, Any], stages: tuple[str, ...]) -> Examination:
    done = Examination(row["hub"], row["model_id"], row["revision"], "fetch", TOOL)
    with cost(done.cost):
        got = hub.model(row["model_id"], row["revision"], stages=stages, verdicts=row["role"] in EXAMINED)
    if got.code:
        done.state, done.code, done.reason = "refused" if got.folder is None else "done", got.code, got.reason
    done.downloads = got.downloads
    done.others = [{"path": path, "tool": "hub", **said} for path, said in got.hub_says.items()]
    done.cost["read_bytes"] = got.downloaded
    more = {"left_out": got.left_out, "failures": got.failures, "evicted": got.evicted, "partial": got.partial}
    done.environment = environment(requests=got.requests, query_files=got.query_files, **more)
    return done
