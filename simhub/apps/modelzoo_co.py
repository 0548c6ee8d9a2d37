"""ModelZoo.co as its pages ask for it: one list of everything, one page for each model, both only with a Referer."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from simhub.apps import _invent
from simhub.wire import Request, Response, error, json_response

CATEGORIES = (
    (1, "computer-vision", "Computer Vision", "CV"),
    (2, "natural-language-processing", "Natural Language Processing", "NLP"),
    (3, "generative-models", "Generative Models", "Generative"),
    (4, "reinforcement-learning", "Reinforcement Learning", "RL"),
    (6, "audio-speech", "Audio and Speech", "Audio"),
)
FRAMEWORKS = ("pytorch", "tensorflow", "keras", "caffe", "jax", "mxnet")
LISTED = ("slug", "title", "description", "stars", "link", "framework", "categories")
REFERER = "https://modelzoo.co/"

_DETAIL = re.compile(r"/api/models/(?P<slug>[^/]+)/")


class ModelZooCo:
    """One catalogue, made from a seed; the flags say what is wrong with it."""

    name = "modelzoo-co"
    records_at = "models"

    def __init__(self, models: int = 40, seed: int = 0, *, hostile: bool = False, bad: bool = False) -> None:
        rng = Random(seed)
        self.models = [_model(rng, number, hostile) for number in range(models)]
        self.bad = bad

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.headers.get("referer") != REFERER:
            return error(403, "Forbidden")
        if request.path == "/api/models/0/":
            return json_response({"models": self._list()})
        found = _DETAIL.fullmatch(request.path)
        wanted = [model for model in self.models if found and model["slug"] == found["slug"]]
        if not wanted or wanted[0]["slug"].startswith("gone-"):
            return error(404, "Not found.")
        return json_response({key: value for key, value in wanted[0].items() if key != "slug"})

    def _list(self) -> list[Any]:
        listed: list[Any] = [{key: model[key] for key in LISTED} for model in self.models]
        if not self.bad:
            return listed
        return listed + listed[:2] + _invent.broken("slug")

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model, by its slug; a page that is gone leaves only what the list says."""
        return {
            model["slug"]: {
                "title": model["title"],
                "description": model["description"],
                "stars": model["stars"],
                "link": model["link"],
                "framework": model["framework"],
                "categories": [category["title"] for category in model["categories"]],
                "papers": None if model["slug"].startswith("gone-") else sorted((model["papers"] or {}).values()),
                "readme": None if model["slug"].startswith("gone-") else model["long_desc"],
            }
            for model in self.models
        }


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    slug = _invent.name(rng, number)
    owner = rng.choice(_invent.OWNERS)
    chosen = rng.sample(CATEGORIES, rng.choice((1, 1, 2)))
    papers = {"Its paper": f"https://arxiv.org/abs/{rng.choice(_invent.PAPERS)}"} if number % 3 else None
    return {
        "id": 1000 + number,
        "slug": f"gone-{slug}" if number % 11 == 5 else slug,
        "title": _invent.HOSTILE[number % len(_invent.HOSTILE)] if hostile and number % 5 == 2 else slug.title(),
        "description": _invent.text(rng, number, hostile),
        "stars": None if number % 6 == 4 else rng.randrange(30_000),
        "link": None if number % 9 == 7 else f"https://github.com/{owner.replace('_', '-')}/{slug}",
        "framework": rng.choice(FRAMEWORKS),
        "categories": [dict(zip(("id", "slug", "title", "short_title"), found, strict=True)) for found in chosen],
        "papers": papers,
        "long_desc": f"# {slug}\n\nTrained on {rng.choice(_invent.WORDS)} images.\n" if number % 4 else "",
    }
