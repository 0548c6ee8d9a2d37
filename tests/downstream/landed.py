"""Landed downstream runs of a few repositories, written by hand: what loading and analyses are tested on."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from landing import Record, Zone

MOMENT = datetime(2026, 1, 10, 12, tzinfo=UTC)


def land(home: Path, stage: str, kind: str, *bodies: tuple[str, Any], at: datetime = MOMENT, **more: Any) -> None:
    """One finished run ``downstream-<stage>`` of envelopes: pairs of repository and body."""
    zone = Zone(home / "landing")
    source = f"downstream-{stage}"
    with zone.lock(source):
        writer = zone.start(source, kind=stage, program="test", parser="test/1", config={})
        records = [
            Record(
                kind,
                name,
                f"https://github.com/{name}",
                more.get("status", 200),
                at,
                json.dumps(body).encode(),
                revision=more.get("revision", "c0ffee"),
                decoder="usages/1" if kind == "mined" else None,
                decoded={} if kind == "mined" else None,
            )
            for name, body in bodies
        ]
        writer.write_records(records, walk="test", cursor=1, done=True)
        writer.finish(complete=False, observed_at=at)


def about(name: str, number: int = 1, **more: Any) -> tuple[str, dict[str, Any]]:
    """What the forge says of a repository."""
    return name, {
        "databaseId": number,
        "nameWithOwner": name,
        "stargazerCount": 5,
        "forkCount": 1,
        "isArchived": False,
        "isFork": False,
        "licenseInfo": {"spdxId": "MIT"},
        "createdAt": "2024-01-01T00:00:00Z",
        "defaultBranchRef": {"name": "main", "target": {"oid": "c0ffee", "committedDate": "2026-01-01T00:00:00Z"}},
        "repositoryTopics": {"nodes": [{"topic": {"name": "nlp"}}]},
        **more,
    }


def usage(model: str | None, **more: Any) -> dict[str, Any]:
    """A usage as the mining stage lands it."""
    return {
        "path": "app.py",
        "line": 3,
        "cell": None,
        "library": "transformers",
        "api": "AutoModel.from_pretrained",
        "id_as_written": model or "./here",
        "hub": "huggingface" if model else None,
        "model_id": model,
        "revision": None,
        "flags": [],
        "how": "literal",
        "confidence": 0.99,
        **more,
    }


def mined(
    name: str, *usages: dict[str, Any], licences: tuple[str, ...] = (), **more: Any
) -> tuple[str, dict[str, Any]]:
    """What was read in a repository."""
    stated = [{"path": "LICENSE", "evidence": "text", "raw": word, "licence": word} for word in licences]
    body = {"files": 4, "parsed": 2, "unread": [], "usages": list(usages), "licences": stated, "dependencies": []}
    return name, {**body, **more}


def issue(number: int, title: str, body: str = "", **more: Any) -> dict[str, Any]:
    """An issue as the forge lists it."""
    return {
        "number": number,
        "title": title,
        "body": body,
        "state": "OPEN",
        "author": {"login": "reader"},
        "createdAt": "2024-02-05T00:00:00Z",
        "comments": {"totalCount": 0},
        **more,
    }
