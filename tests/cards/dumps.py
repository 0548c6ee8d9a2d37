"""Small censuses of cards, landed as dumps through the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from doors import hubcensus

from landing import Run, Zone

DAY = "2024-05-01"
MIT = "---\nlicense: mit\ndatasets:\n- squad\n---\n# Lab net\nA model with 110M parameters.\n"
APACHE = "---\nlicense: apache-2.0\n---\n# Other net\nIt was trained on English text.\n"
PLAIN = "# Nothing to see\nHello.\n"


def landed(home: Path, cards: dict[str, str], day: str = DAY, listed: bool = True) -> None:
    """Import a listing of the models and their cards, as of a day."""
    home.mkdir(exist_ok=True, parents=True)
    if listed:
        rows = [
            {"id": name, "downloads": 100 - place, "tags": [], "createdAt": "2024-01-01T00:00:00.000Z"}
            for place, name in enumerate(cards)
        ]
        _import(home, f"list-{day}.jsonl", rows, day, "--complete")
    _import(home, f"cards-{day}.jsonl", [{"modelId": n, "readme": text} for n, text in cards.items()], day)


def _import(home: Path, name: str, rows: list[dict[str, Any]], day: str, *more: str) -> None:
    path = home / name
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    hubcensus(home, "import", "hf-list", str(path), "--observed-at", day, *more)


def readings(home: Path, source: str = "cards") -> Iterator[tuple[str, dict[str, Any], str]]:
    """Key, body and decoder of every landed reading of the finished runs."""
    from crawler.card_stage.landed import lines

    for run in Zone(home / "landing").finished(source):
        for part in Run(run.folder, run.manifest).parts():
            for line in lines(run.path(part)):
                told = json.loads(line)
                assert told["kind"] == "understood"
                yield told["key"], json.loads(told["body"]), told["decoder"]


def rows(home: Path, query: str, *more: str) -> list[dict[str, Any]]:
    """The rows of a query on the census."""
    found = hubcensus(home, "sql", query, *more)
    return found["rows"] if isinstance(found, dict) else found
