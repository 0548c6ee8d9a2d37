"""A census of a few models, for the tests that plant what an analysis has to find."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from small_hub import jsonl, records

from crawler.imports import hf_list
from landing import Zone
from warehouse.database import Limits
from warehouse.load import load
from warehouse.reader import Reader

MOMENT = datetime(2024, 6, 1, tzinfo=UTC)
LATER = datetime(2024, 7, 1, tzinfo=UTC)


def model(name: str, downloads: int = 0, tags: tuple[str, ...] = (), **more: Any) -> tuple[Any, ...]:
    """A model as small_hub.records takes it; its number follows from its name."""
    number = more.get("number") or int.from_bytes(name.encode()[-8:].rjust(8), "big")
    created = more.get("created", "2024-01-01T00:00:00.000Z")
    return (name, downloads, 0, created, list(tags), more.get("task"), more.get("library"), number)


def census(
    folder: Path, *listings: list[tuple[Any, ...]], cards: dict[str, str] | None = None,
    front: dict[str, dict[str, Any]] | None = None,
) -> Reader:  # fmt: skip
    """Whole listings, a month apart and oldest first, then cards; ``front`` adds card data to the last listing."""
    zone = Zone(folder / "landing")
    for place, models in enumerate(listings):
        moment = MOMENT.replace(month=MOMENT.month - len(listings) + place + 1)
        made = records(models)
        if front and place == len(listings) - 1:
            made = [{**record, "cardData": front.get(record["id"], {})} for record in made]
        hf_list.land(zone, jsonl(folder / f"{place}.jsonl", made), observed_at=moment, program="test", complete=True)
    if cards:
        lines = [{"modelId": name, "readme": text} for name, text in cards.items()]
        hf_list.land(zone, jsonl(folder / "cards.jsonl", lines), observed_at=LATER, program="test")
    load(zone, folder / "warehouse.duckdb", Limits("1GB", threads=1))
    return Reader(folder / "warehouse.duckdb")
