"""Datasets from the hub: the files of the splits that claims are about, as data, never a dataset's script.

This runs in the parent process, before the child without network measures anything. Files are laid out as
:mod:`probe.claims.datasets` reads them, each written whole. Where a repository has a script only, the hub's own
conversion to Parquet (the revision ``refs/convert/parquet``) is taken.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

from probe.claims import datasets, normalise, parse
from probe.claims.datasets import FORMATS
from probe.claims.normalise import Unclear

#: Bytes per split, and per dataset.
MAX_SPLIT = 2 << 30
MAX_DATASET = 6 << 30
SPLITS = ("test", "validation", "train")
CONVERTED = "refs/convert/parquet"

_SHARD = re.compile(r"(?P<split>.+?)(?:-\d{5}-of-\d{5}(?:-[0-9a-f]+)?|[-_]?\d{1,5})?\Z")


def fetch(folder: Path, root: Path, *, hub: Any, splits: tuple[str, ...] = SPLITS) -> dict[str, tuple[str, str]]:
    """Bring the datasets of a checkpoint's claims to ``root``, those that are not there.

    ``hub`` is a ``huggingface_hub.HfApi``. Returns why a dataset could not be had, by its id as claimed: a word of
    the closed list and an explanation.
    """
    unavailable: dict[str, tuple[str, str]] = {}
    asked = {(c.dataset or c.dataset_name, c.config, c.revision) for c in parse.from_folder(folder).claims}
    for name, config, revision in sorted(asked, key=str):
        ids = normalise.datasets(name, config)
        try:
            datasets.find(root, ids)
            continue
        except Unclear:
            pass
        problem = _first(ids, revision, root, hub, splits)
        if problem and name:
            unavailable[name] = problem
    return unavailable


def _first(
    ids: list[tuple[str, str | None]], revision: str | None, root: Path, hub: Any, splits: tuple[str, ...]
) -> tuple[str, str] | None:
    """Fetch the first id that the hub has; else the gravest reason met."""
    problem = None
    # The hub redirects old ids; the name with an owner comes first.
    for name, config in sorted(ids, key=lambda pair: "/" not in pair[0]):
        if not datasets.safe(name):
            continue
        try:
            _fetch(name, config, revision, root, hub, splits)
            return None
        except Unclear as unclear:
            if problem is None or unclear.code != "NO_DATASET":
                problem = unclear.code, unclear.reason
    return problem or ("NO_DATASET", "no id that a dataset could have")


def _fetch(
    name: str, config: str | None, revision: str | None, root: Path, hub: Any, splits: tuple[str, ...]
) -> None:
    chosen: dict[str, list[Any]] = {}
    for at in dict.fromkeys((revision, CONVERTED)):
        chosen = _chosen(_listed(name, at, hub), config, splits)
        if chosen:
            break
    if not chosen:
        raise Unclear("NO_DATASET", f"{name}: no files of {', '.join(splits)} as data")
    total = 0
    kept = root / name / config if config and datasets.safe(name, config) else root / name
    for split, files in chosen.items():
        size = sum(getattr(file, "size", 0) or 0 for file in files)
        total += size
        if size > MAX_SPLIT or total > MAX_DATASET:
            # Without its training split a dataset still serves; without its test split it does not.
            if split == "train":
                continue
            raise Unclear("TOO_LARGE", f"{name} {split}: {size} bytes")
        for place, file in enumerate(files):
            suffix = Path(file.path).suffix.lower()
            stem = split if len(files) == 1 else f"{split}-{place:05d}-of-{len(files):05d}"
            _bring(name, file.path, at, kept / f"{stem}{suffix}", hub)
    for extra in ("README.md", "dataset_infos.json"):
        try:
            _bring(name, extra, revision, root / name / extra, hub)
        except Unclear:
            continue


def _listed(name: str, revision: str | None, hub: Any) -> list[Any]:
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        return [
            f
            for f in hub.list_repo_tree(name, repo_type="dataset", recursive=True, revision=revision)
            if hasattr(f, "size")
        ]
    except GatedRepoError as error:
        raise Unclear("GATED_OR_PRIVATE", f"{name} is gated") from error
    except RevisionNotFoundError:
        return []
    except RepositoryNotFoundError as error:
        status = getattr(getattr(error, "response", None), "status_code", 404)
        code = "GATED_OR_PRIVATE" if status in (401, 403) else "NO_DATASET"
        raise Unclear(code, f"{name}: the hub answers {status}") from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise Unclear("NO_DATASET", f"{name}: {str(error).splitlines()[0][:200]}") from error


def _chosen(files: list[Any], config: str | None, splits: tuple[str, ...]) -> dict[str, list[Any]]:
    """Files by split, of the configuration, in one format."""
    found: dict[tuple[str, str, str], list[Any]] = {}
    for file in sorted(files, key=lambda f: str(f.path)):
        path = Path(file.path)
        if path.suffix.lower() not in FORMATS or ".." in path.parts or path.name.startswith("."):
            continue
        # SPLIT-00000-of-00001.parquet, or SPLIT/0000.parquet as the hub converts.
        stem = path.stem if not path.stem.isdecimal() else path.parent.name
        folder = path.parent if not path.stem.isdecimal() else path.parent.parent
        match = _SHARD.match(stem)
        split = normalise.split(match["split"].removeprefix("partial-")) if match else None
        if split in splits:
            found.setdefault((folder.as_posix(), path.suffix.lower(), str(split)), []).append(file)
    folders = {folder for folder, _, _ in found}
    wanted = [f for f in folders if config and config in Path(f).parts]
    if config and not wanted and any(f not in (".", "data", "default") for f in folders):
        return {}
    usual = [f for f in (".", "data", "default", "default/data", "plain_text") if f in folders]
    place = next(iter(wanted or usual or (sorted(folders) if len(folders) == 1 else [])), None)
    chosen: dict[str, list[Any]] = {}
    for suffix in reversed(FORMATS):
        for split in splits:
            if (place, suffix, split) in found:
                chosen[split] = found[str(place), suffix, split]
    return chosen


def _bring(name: str, path: str, revision: str | None, to: Path, hub: Any) -> None:
    """One file, written whole under its place."""
    from huggingface_hub.errors import GatedRepoError, HfHubHTTPError

    if to.is_file():
        return
    to.parent.mkdir(parents=True, exist_ok=True)
    staging = to.with_name(f".{to.name}.part")
    try:
        got = hub.hf_hub_download(name, path, repo_type="dataset", revision=revision, local_dir=staging)
        Path(got).replace(to)
    except GatedRepoError as error:
        raise Unclear("GATED_OR_PRIVATE", f"{name} is gated") from error
    except (HfHubHTTPError, OSError, ValueError) as error:
        raise Unclear("NO_DATASET", f"{name} {path}: {str(error).splitlines()[0][:200]}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
