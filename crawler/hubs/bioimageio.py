"""The BioImage Model Zoo (BioImage.IO): models for microscopy.

**What it is.** The repository `bioimage-io/collection-bioimage-io`, whose branch ``gh-pages`` holds the
generated ``collection.json``: models, data sets, notebooks and applications with authors, licence, tags,
downloads, versions and the address of each one's description (RDF). Entries that are not models are passed
over.

**What it gives.** A model per entry of that type, under its DOI or the name that the zoo gave it; the nickname
is a tag.

**Limits and terms.** One archive by commit. Entries are under the licence that each states, mostly CC-BY-4.0 or
MIT.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, Tree, index, need, texts

NAME = "bioimageio"
TITLE = "BioImage Model Zoo"
REPOSITORY = "bioimage-io/collection-bioimage-io"
BRANCH = "gh-pages"
GIVES = ("models",)
PARSER = "bioimageio/1"
STATES = (
    *(
        "task",
        "architecture",
        "licence",
        "datasets",
        "papers",
        "tags",
        "created_at",
        "downloads",
        "files",
        "releases",
    ),
    *("links", "description"),
)
_INDEX = "collection.json"
_DOI = re.compile(r"10\.\d{4,9}/\S+")
# Tags that name what a model does, and networks, in the zoo's own words.
_TASKS = (
    *(
        "instance-segmentation",
        "semantic-segmentation",
        "segmentation",
        "object-detection",
        "detection",
        "classification",
    ),
    *(
        "denoising",
        "restoration",
        "image-restoration",
        "super-resolution",
        "image-to-image",
        "tracking",
        "affinity-prediction",
    ),
    *("in-silico-labeling", "virtual staining", "cell-counting"),
)
_NETWORKS = (
    "unet",
    "unet2d",
    "unet3d",
    "u-net",
    "stardist",
    "n2v",
    "care",
    "hrnet",
    "resnet",
    "pix2pix",
    "hylfm",
    "dsb",
    "fnet",
)


def wanted(path: str) -> bool:
    """The generated index."""
    return path == _INDEX


class Hub:
    """What the index says."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree
        self.entries: list[Any] = []

    def units(self) -> Iterable[str]:
        """Positions of the models in the index, and of what is no entry at all."""
        document = index(self.tree.json(_INDEX), dict, _INDEX)
        self.entries = index(document.get("collection"), list, _INDEX, "collection")
        chosen = (not isinstance(entry, dict) or entry.get("type", "model") == "model" for entry in self.entries)
        return [f"{_INDEX}#{number}" for number, is_model in enumerate(chosen) if is_model]

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One model."""
        entry = self.entries[int(unit.partition("#")[2])]
        name = need(entry, "id", where=unit)
        if not isinstance(name, str) or entry.get("type") != "model":
            raise Malformed(f"{unit} has no field 'type'")
        tags = texts(entry.get("tags"))
        low = [tag.lower() for tag in tags]
        data = entry.get("training_data")
        dataset = data.get("id") if isinstance(data, dict) else data
        rdf, versions = entry.get("rdf_source"), texts(entry.get("versions"))
        people = [author.get("name") for author in entry.get("authors") or () if isinstance(author, dict)]
        yield {
            "id": name,
            "owner": next(iter(texts(people)), ""),
            "url": f"https://bioimage.io/#/?id={name}",
            "description": entry.get("description"),
            "task": next((task for task in _TASKS if task in low), None),
            "architecture": next((tag for tag in low if tag in _NETWORKS), None),
            "licence": texts(entry.get("license")),
            "datasets": texts(dataset),
            "doi": [name] if _DOI.fullmatch(name) else [],
            "tags": [*tags, *texts(entry.get("nickname"))],
            "created_at": entry.get("created"),
            "downloads": entry.get("download_count") if isinstance(entry.get("download_count"), int) else None,
            "files": [{"path": "rdf.yaml", "url": address} for address in texts(rdf)],
            "releases": [{"version": version} for version in reversed(versions)],
            "links": [{"kind": "download", "url": address} for address in texts(entry.get("download_url"))],
            "extra": {"name": entry.get("name"), "authors": people, "links": texts(entry.get("links"))},
        }
