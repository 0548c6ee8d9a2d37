"""The table of idioms: every way in which the files of the synthetic forge load a model, or only seem to."""

from __future__ import annotations

from collections.abc import Mapping

from simhub.github import (
    idioms_decoy_files,
    idioms_decoys,
    idioms_engines,
    idioms_flow,
    idioms_libraries,
    idioms_odd,
    idioms_python,
    idioms_structure,
    idioms_texts,
)
from simhub.github._template import Idiom, Piece, cells_of, fill, notebook, render

__all__ = ["DECOYS", "IDIOMS", "POOLS", "Idiom", "Piece", "cells_of", "fill", "notebook", "render"]

#: Ways to load a model.
IDIOMS: tuple[Idiom, ...] = (
    *(*idioms_python.PLAIN, *idioms_python.DEFAULTS),
    *(*idioms_flow.TABLES, *idioms_flow.BRANCHES, *idioms_flow.FORMATS),
    *(*idioms_structure.CLASSES, *idioms_structure.FUNCTIONS, *idioms_structure.FILES),
    *(*idioms_libraries.SENTENCES, *idioms_libraries.IMAGES),
    *(*idioms_engines.TEXTS, *idioms_engines.SOUNDS, *idioms_engines.DOWNLOADS),
    *(*idioms_odd.NOTEBOOKS, *idioms_odd.ODD),
    *(*idioms_texts.SETTINGS, *idioms_texts.CLUSTERS, *idioms_texts.CONTAINERS, *idioms_texts.SCRIPTS),
)
#: Ways to seem to.
DECOYS: tuple[Idiom, ...] = (*idioms_decoys.PROGRAMS, *idioms_decoys.CALLS, *idioms_decoy_files.TEXTS)

#: What a place in a template may be filled with, where that is no id of a hub's model.
POOLS: Mapping[str, tuple[str, ...]] = {
    "sentence": (
        *("all-MiniLM-L6-v2", "all-mpnet-base-v2", "paraphrase-multilingual-MiniLM-L12-v2"),
        *("multi-qa-mpnet-base-dot-v1", "distiluse-base-multilingual-cased-v2", "all-distilroberta-v1"),
    ),
    "spacy": ("en_core_web_sm", "en_core_web_lg", "de_core_news_sm", "fr_core_news_md", "xx_ent_wiki_sm"),
    "vision": (
        "resnet50",
        "vit_base_patch16_224",
        "efficientnet_b0",
        "convnext_tiny.fb_in22k",
        "mobilenetv3_large_100",
    ),
    "repository": ("facebookresearch/dinov2", "pytorch/vision", "ultralytics/yolov5", "snakers4/silero-vad"),
    "entry": ("dinov2_vits14", "resnet50", "yolov5s", "silero_vad"),
    "short": ("gpt2", "bert-base-uncased", "roberta-base", "t5-small", "distilbert-base-uncased"),
}
