"""PTMTorrent's layout (Jiang et al., MSR 2023): for every hub a JSON array of uniform records.

``<hub>/ptmtorrent.json`` has the records by PTMTorrent's schema and ``<hub>/models.json`` what the census knows beyond
it, one object per model; a record points to its object by ``MetadataFilePath`` and ``MetadataObjectID``. What is not
known is left out, as the schema allows, and never invented: ``LatestGitCommitSHA``, which the schema requires, is the
model's commit, else that of the repository the hub lives in, else empty. An arXiv number counts as the DOI that arXiv
registers for it. Models that have been removed are not written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from landing.errors import storage
from landing.files import atomic
from warehouse.database import Connection

TITLE = "one folder per hub with a JSON array by PTMTorrent's uniform schema"
_BATCH = 5000

_RECORDS = """
WITH repository AS (
    SELECT h.hub, arg_max(json_extract_string(r.config, '$.repository.commit'), s.snapshot_id) AS sha
    FROM core.snapshot s JOIN raw.run r ON r.run_key = s.run_key JOIN core.hub h ON h.hub_id = s.hub_id
    WHERE json_extract_string(r.config, '$.repository.commit') IS NOT NULL
        AND s.observed_at <= coalesce(getvariable('as_of')::TIMESTAMP, TIMESTAMP 'infinity')
    GROUP BY h.hub
),
stated AS (
    SELECT a.about_id, list(DISTINCT t.value ORDER BY t.value) FILTER (t.kind = 'dataset') AS datasets,
        list(DISTINCT CASE t.kind WHEN 'arxiv' THEN '10.48550/arXiv.' || t.value ELSE t.value END)
            FILTER (t.kind IN ('arxiv', 'doi')) AS dois
    FROM core.about_tag a JOIN core.tag t ON t.tag_id = a.tag_id AND t.kind IN ('dataset', 'arxiv', 'doi')
    GROUP BY a.about_id
)
SELECT m.* EXCLUDE (model_key, version_id, about_id, front_id, files_id, card_id, releases_id),
    h.title AS hub_title, h.url_prefix, coalesce(m.sha, r.sha, '') AS commit_sha, s.datasets AS dataset_names,
    list_sort(s.dois) AS dois
FROM mart.model m
JOIN core.hub h ON h.hub = m.hub
LEFT JOIN repository r ON r.hub = m.hub
LEFT JOIN stated s ON s.about_id = m.about_id
WHERE NOT m.removed AND m.hub = $1
ORDER BY m.model_id
"""
# Columns of the query that are not facts of the model.
_HELPERS = ("hub_title", "url_prefix", "commit_sha")


def write(
    connection: Connection,
    out: Path,
    *,
    as_of: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> list[Path]:
    """Write two files per hub; returns them."""
    written: list[Path] = []
    for (hub,) in connection.execute("SELECT DISTINCT hub FROM mart.model WHERE NOT removed ORDER BY hub").fetchall():
        if progress:
            progress(hub)
        folder = out / hub
        with storage(folder, "write to"):
            folder.mkdir(parents=True, exist_ok=True)
            written += _write_hub(connection, hub, folder)
    return written


def _write_hub(connection: Connection, hub: str, folder: Path) -> list[Path]:
    uniform, native = folder / "ptmtorrent.json", folder / "models.json"
    with (
        atomic(uniform) as first,
        atomic(native) as second,
        first.open("w", encoding="utf-8") as records,
        second.open("w", encoding="utf-8") as models,
    ):
        between = "[\n"
        for number, row in enumerate(_rows(connection, hub)):
            records.write(between + json.dumps(_record(number, row), ensure_ascii=False))
            facts = {key: value for key, value in row.items() if key not in _HELPERS and value is not None}
            models.write(between + json.dumps({"id": number, **facts}, ensure_ascii=False, default=str))
            between = ",\n"
        records.write("\n]\n")
        models.write("\n]\n")
    return [uniform, native]


def _rows(connection: Connection, hub: str) -> Iterator[dict[str, Any]]:
    answer = connection.execute(_RECORDS, [hub])
    names = [column[0] for column in answer.description or []]
    while rows := answer.fetchmany(_BATCH):
        for row in rows:
            yield dict(zip(names, row, strict=True))


def _record(number: int, row: dict[str, Any]) -> dict[str, Any]:
    """One record of the uniform schema."""
    owner = row["owner"] or row["hub_title"] or row["hub"]
    record = {
        "id": number,
        "ModelHub": {
            "ModelHubName": row["hub_title"] or row["hub"],
            "ModelHubURL": row["url_prefix"] or "",
            "MetadataFilePath": f"{row['hub']}/models.json",
            "MetadataObjectID": number,
        },
        "ModelName": row["model_id"],
        "ModelOwner": owner,
        "ModelURL": row["url"] or "",
        "ModelOwnerURL": _owner_url(row),
        "LatestGitCommitSHA": row["commit_sha"],
        "Datasets": [_dataset(row, name) for name in row["dataset_names"] or []],
        "ModelPaperDOIs": row["dois"],
        "ModelTask": row["task"] or row["task_raw"],
        "ModelArchitecture": row["architecture"] or row["model_type"],
    }
    return {key: value for key, value in record.items() if value not in (None, [])}


def _owner_url(row: dict[str, Any]) -> str:
    """The owner's page: on hubs whose ids begin with the owner its prefix, else the hub's own address."""
    prefix = row["url_prefix"] or ""
    if row["owner"] and row["model_id"].startswith(f"{row['owner']}/"):
        return f"{prefix}{row['owner']}"
    return prefix


def _dataset(row: dict[str, Any], name: str) -> dict[str, str]:
    """A data set as the schema wants it; only Hugging Face's have pages that follow from the name."""
    if row["hub"] != "huggingface":
        return {"DatasetName": name, "DatasetOwner": "", "DatasetURL": "", "DatasetOwnerURL": ""}
    owner, _, _ = name.rpartition("/")
    site = row["url_prefix"] or ""
    return {
        "DatasetName": name,
        "DatasetOwner": owner,
        "DatasetURL": f"{site}datasets/{name}",
        "DatasetOwnerURL": f"{site}{owner}" if owner else "",
    }
