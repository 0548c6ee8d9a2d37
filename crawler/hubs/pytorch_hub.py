"""PyTorch Hub: research models that load with one line.

**What it is.** The repository `pytorch/hub`: one Markdown page per model or family, with front matter (title,
summary, author, tags, GitHub repository) and code that loads it by ``torch.hub.load(repository, entry)``.
Nothing else is published: no licence, no downloads, no dates; the list itself is all but dormant.

**What it gives.** A model per page of the layout ``hub_detail``; every entry point that its code loads, also in
comments, as a release whose variant is ``owner/repository:entry`` and whose version is the branch or tag;
papers, data sets and accuracy tables of the page; links to code, demo and notebook; the page as card.

**Limits and terms.** One archive by commit. Each model is under the licence of its own repository.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from crawler.tree import Malformed, ShapeError, Tree, github, need, papers, tables, texts

NAME = "pytorch-hub"
TITLE = "PyTorch Hub"
REPOSITORY = "pytorch/hub"
BRANCH = "master"
GIVES = ("models", "cards")
PARSER = "pytorch-hub/1"
STATES = (
    *("task", "library", "architecture", "datasets", "papers", "releases", "claims", "links", "tags", "description"),
    "card",
)
_LOAD = re.compile(
    r"hub\.load\(\s*(?:repo_or_dir\s*=\s*)?(['\"])(?P<repo>[^'\"]+)\1\s*,\s*(?:model\s*=\s*)?(?P<entry>[^,)\n]+)"
)
_REPO = re.compile(r"(?P<owner>[\w.-]+)/(?P<name>[\w.-]+)(?::(?P<ref>[\w./-]+))?")
_LITERAL = re.compile(r"['\"]([\w.+/-]+)['\"]")
_TASKS = (
    ("text-to-speech|tacotron|waveglow|hifi-?gan|fastpitch|speech synthesis", "text-to-speech"),
    ("speech-to-text|silero-stt|speech recognition", "speech recognition"),
    ("voice activity|silero-vad", "voice activity detection"),
    ("text enhancement|punctuation|silero-te", "text enhancement"),
    ("separation|open-?unmix", "audio source separation"),
    ("speaker|vggish|audio embedding", "audio embedding"),
    ("translation|fairseq_translation", "translation"),
    ("language model|gpt|roberta|bert|transformers", "language model"),
    ("depth", "depth estimation"),
    ("segmentation|u-?net|deeplab|fcn_resnet|mealv2_seg", "semantic segmentation"),
    ("detection|yolo|ssd|hybridnets", "object detection"),
    ("video|slowfast|x3d|slow_r50|action", "video classification"),
    ("gan\\b|generative adversarial|dcgan|pgan", "image generation"),
    (
        "classif|imagenet|convolutional|residual|image recognition|networks?\\b|resnet|transformer",
        "image classification",
    ),
)
# What most pages of a tag are about, where their words name no task.
_BY_TAG = {"vision": "image classification", "nlp": "language model", "audio": "speech recognition"}
_DATASETS = {
    "ImageNet": r"\bimagenet\b", "COCO": r"\bcoco\b", "Pascal VOC": r"pascal voc", "LJSpeech": r"\blj\s?speech\b",
    "Kinetics-400": r"kinetics.?400", "CelebA": r"\bceleba\b", "CIFAR-10": r"cifar-?10\b", "WMT": r"\bwmt\s?'?\d",
    "BDD100K": r"bdd100k", "AudioSet": r"audioset", "MUSDB18": r"musdb18", "VoxCeleb": r"voxceleb", "DTD": r"\bdtd\b",
    "BookCorpus": r"book\s?corpus", "Wikipedia": r"\bwikipedia\b",
    "Open Images": r"open images", "YouTube-8M": r"youtube-8m",
    "LibriSpeech": r"librispeech", "FashionGen": r"fashion ?gen", "LGG MRI": r"\blgg\b",
}  # fmt: skip
_METRIC = re.compile(
    r"error|acc|top-?[15]|mAP|mIOU|\bAP\b|recall|\bF1\b|BLEU|WER|SDR|pixelwise|COCO|params", re.IGNORECASE
)


def wanted(path: str) -> bool:
    """The pages."""
    return path.endswith(".md") and "/" not in path


class Hub:
    """What the pages say."""

    def __init__(self, tree: Tree) -> None:
        """Take the tree."""
        self.tree = tree

    def units(self) -> Iterable[str]:
        """The pages that describe models: those that name their layout."""
        found = [path for path in self.tree.paths() if _LAYOUT.search(self.tree.read(path)[:4000])]
        if not found:
            raise ShapeError("The hub has changed its shape: no page has the field 'layout: hub_detail'.")
        return found

    def decode(self, unit: str) -> Iterator[dict[str, Any]]:
        """One page."""
        front, prose = self.tree.front_matter(unit)
        title, repository = need(front, "title", where=unit), need(front, "github-id", where=unit)
        if not isinstance(title, str) or not isinstance(repository, str):
            raise Malformed(f"the field 'title' or 'github-id' of {unit} is no text")
        name = unit.removesuffix(".md")
        told = f"{name} {title} {front.get('summary') or ''}"
        tags = texts(front.get("tags"))
        yield {
            "id": name,
            "owner": repository.partition("/")[0],
            "url": f"https://pytorch.org/hub/{name}/",
            "description": front.get("summary"),
            "task": _task(told, tags),
            "library": "pytorch",
            "architecture": title,
            "datasets": [name for name, pattern in _DATASETS.items() if re.search(pattern, prose, re.IGNORECASE)],
            **papers(prose),
            "releases": list(_entries(prose)),
            "claims": list(_claims(prose)),
            "links": list(_links(front)),
            "tags": tags,
            "card": unit,
            "extra": {
                "author": front.get("author"),
                "accelerator": front.get("accelerator"),
                "category": front.get("category"),
            },
        }


_LAYOUT = re.compile(rb"^layout:\s*hub_detail\s*$", re.MULTILINE)


def _task(told: str, tags: list[str]) -> str | None:
    """The first task that the name, title, summary or tags speak of."""
    text = f"{told} {' '.join(tags)}".lower()
    found = next((task for pattern, task in _TASKS if re.search(pattern, text)), None)
    return found or next((task for tag, task in _BY_TAG.items() if tag in tags), None)


def _entries(prose: str) -> Iterator[dict[str, Any]]:
    """Every entry point that the page loads, once; a variable stands for the literals it was given."""
    seen = set()
    for found in _LOAD.finditer(prose):
        repo = _REPO.fullmatch(found["repo"])
        if repo is None:
            continue
        for entry in _values(found["entry"].strip(), prose):
            variant = f"{repo['owner']}/{repo['name']}:{entry}"
            if (variant, repo["ref"]) not in seen:
                seen.add((variant, repo["ref"]))
                yield {
                    "variant": variant,
                    "version": repo["ref"],
                    "url": f"https://github.com/{repo['owner']}/{repo['name']}",
                }


def _values(expression: str, prose: str) -> list[str]:
    if literal := _LITERAL.fullmatch(expression):
        return [literal[1]]
    if not re.fullmatch(r"[A-Za-z_]\w*", expression):
        return []
    given = re.findall(rf"^\s*#?\s*{re.escape(expression)}\s*=\s*(.+)$", prose, re.MULTILINE)
    return list(dict.fromkeys(value for line in given for value in _LITERAL.findall(line)))


def _claims(prose: str) -> Iterator[dict[str, Any]]:
    """Numbers in tables whose columns are metrics; the first column says of which variant."""
    for table in tables(prose):
        for row in table.rows:
            for column, cell in list(zip(table.header, row, strict=False))[1:]:
                if _METRIC.search(column) and re.match(r"[\d.]", cell):
                    yield {"metric": column, "value": cell, "version": row[0] or None}


def _links(front: dict[str, Any]) -> Iterator[dict[str, str]]:
    address = str(front.get("github-link") or "")
    yield {"kind": "repository", "url": github(address) or f"https://github.com/{front['github-id']}"}
    for field in ("demo-model-link", "demo-button", "colab-link"):
        for url in texts(front.get(field)):
            if url.startswith("http"):
                yield {"kind": "demo", "url": url}
