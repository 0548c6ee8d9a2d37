"""Kaggle Models: pages of models with their variations inside, pages of versions for each variation."""

from __future__ import annotations

import re
from base64 import b64decode, b64encode
from random import Random
from typing import Any

from simhub.apps import _invent
from simhub.wire import Request, Response, error, json_response

FRAMEWORKS = ("tensorFlow2", "tfLite", "pyTorch", "transformers", "keras", "jax", "gguf")
LICENCES = ("Apache 2.0", "MIT", "Gemma", "CC BY-NC-SA 4.0", "Other (specified in description)", "")
TASKS = ("image classification", "text generation", "object detection", "question answering")
MOST = 1000

_VERSIONS = re.compile(r"/api/v1/models/(?P<ref>[^/]+/[^/]+)/(?P<framework>[^/]+)/(?P<slug>[^/]+)/list")
_GET = re.compile(r"/api/v1/models/(?P<ref>[^/]+/[^/]+)/get")


class Kaggle:
    """One hub, made from a seed; the flags say what is wrong with it.

    ``login`` is the ``user:key`` that it asks for; none is needed where there is none.
    """

    name = "kaggle"
    records_at = "models"

    def __init__(
        self,
        models: int = 40,
        seed: int = 0,
        *,
        hostile: bool = False,
        bad: bool = False,
        login: str = "",
    ) -> None:
        rng = Random(seed)
        self.models = [_model(rng, number, hostile) for number in range(models)]
        self.listed: list[Any] = [*self.models, *_invent.broken("ref")] if bad else list(self.models)
        self.login = login
        #: How often something was asked for that counts as a download.
        self.downloads = 0

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if self.login and _login(request) != self.login:
            return json_response({"code": 401, "message": "Unauthenticated"}, 401)
        if "/download" in request.path:
            self.downloads += 1
        if request.path == "/api/v1/models/list":
            return self._list(request)
        if found := _VERSIONS.fullmatch(request.path):
            return self._versions(found, request)
        found = _GET.fullmatch(request.path)
        wanted = [model for model in self.models if found and model["ref"] == found["ref"]]
        return json_response(wanted[0]) if wanted else error(404, "Not found")

    def _list(self, request: Request) -> Response:
        size = min(int(request.first("pageSize", "20")), MOST)
        page = _page(request)
        if page is None:
            return json_response({"code": 400, "message": "Invalid page token"}, 400)
        start = page * size
        more = start + size < len(self.listed)
        answer = {
            "models": self.listed[start : start + size],
            "nextPageToken": _sign(page + 1) if more else "",
            "totalResults": min(len(self.listed), 10_000),
        }
        return json_response(answer)

    def _versions(self, found: re.Match[str], request: Request) -> Response:
        variations = [
            variation
            for model in self.models
            if model["ref"] == found["ref"]
            for variation in model["instances"]
            if (variation["framework"], variation["slug"]) == (found["framework"], found["slug"])
        ]
        if not variations or found["slug"] == "closed":
            return json_response({"code": 403, "message": "Permission denied"}, 403)
        versions = [
            {
                "id": variations[0]["id"] * 100 + number,
                "framework": found["framework"],
                "variationSlug": found["slug"],
                "versionNumber": number,
                "url": f"/models/{found['ref']}/{found['framework']}/{found['slug']}/{number}",
                "isPrivate": False,
            }
            for number in _versions_of(variations[0])
        ]
        size, page = min(int(request.first("pageSize", "20")), 3), _page(request) or 0
        more = (page + 1) * size < len(versions)
        chosen = versions[page * size : (page + 1) * size]
        return json_response({"versionList": {"versions": chosen}, "nextPageToken": _sign(page + 1) if more else ""})

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model, by its ref; ``versions`` of variations that anybody may list."""
        return {
            model["ref"]: {
                "description": model["subtitle"] or model["description"] or None,
                "votes": model["voteCount"],
                "licences": sorted({v["licenseName"] for v in model["instances"] if v["licenseName"]}),
                "variations": [f"{v['framework']}/{v['slug']}" for v in model["instances"]],
                "newest": {f"{v['framework']}/{v['slug']}": v["versionNumber"] for v in model["instances"]},
                "versions": {f"{v['framework']}/{v['slug']}": _versions_of(v) for v in model["instances"]},
                "bytes": sum(v["totalUncompressedBytes"] for v in model["instances"]),
                "tags": sorted(tag["name"] for tag in model["tags"]),
            }
            for model in self.models
        }


def _versions_of(variation: dict[str, Any]) -> list[int]:
    """Numbers count up; one that was taken back is missing."""
    return [number for number in range(1, variation["versionNumber"] + 1) if number != 2 or variation["id"] % 3]


def _sign(page: int) -> str:
    return b64encode(f"page:{page}".encode()).decode()


def _page(request: Request) -> int | None:
    text = request.first("pageToken")
    if not text:
        return 0
    try:
        return int(b64decode(text, validate=True).decode().removeprefix("page:"))
    except ValueError:
        return None


def _login(request: Request) -> str:
    scheme, _, coded = request.headers.get("authorization", "").partition(" ")
    try:
        return b64decode(coded).decode() if scheme == "Basic" else ""
    except ValueError:
        return ""


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    owner, slug = rng.choice(_invent.OWNERS).replace(".", "-").lower(), _invent.name(rng, number)
    task = rng.choice(TASKS)
    tags = [{"ref": task, "name": task, "fullPath": f"task > {task}"}]
    tags += [{"ref": "english", "name": "english", "fullPath": "language > english"}] if number % 3 == 0 else []
    return {
        "id": 50 + number,
        "ref": f"{owner}/{slug}",
        "title": _invent.HOSTILE[number % len(_invent.HOSTILE)] if hostile and number % 5 == 2 else slug.title(),
        "subtitle": _invent.text(rng, number, hostile) or "",
        "author": owner.title(),
        "slug": slug,
        "isPrivate": False,
        "description": f"## About {slug}" if number % 2 else "",
        "instances": [] if number % 8 == 6 else _variations(rng, number, owner, slug),
        "tags": tags,
        "publishTime": _invent.moment(rng),
        "provenanceSources": f"https://arxiv.org/abs/{rng.choice(_invent.PAPERS)}" if number % 4 == 1 else "",
        "url": f"https://www.kaggle.com/models/{owner}/{slug}",
        "modelVersionLinks": [],
        "voteCount": rng.randrange(500) if number % 5 else 0,
        "updateTime": _invent.moment(rng, 100),
    }


def _variations(rng: Random, number: int, owner: str, slug: str) -> list[dict[str, Any]]:
    found = []
    for place, framework in enumerate(rng.sample(FRAMEWORKS, rng.choice((1, 1, 2, 3)))):
        variation = "closed" if number % 13 == 9 and place == 0 else f"{rng.choice(_invent.WORDS)}-{place}"
        found.append(
            {
                "id": number * 10 + place,
                "slug": variation,
                "framework": framework,
                "fineTunable": bool(number % 2),
                "overview": "",
                "usage": "",
                "downloadUrl": f"https://www.kaggle.com/api/v1/models/{owner}/{slug}/{framework}/{variation}/1/download",
                "versionId": number * 100 + place,
                "versionNumber": rng.choice((1, 1, 2, 5, 9)),
                "trainingData": [] if number % 3 else ["https://www.kaggle.com/datasets/mira/beans"],
                "url": f"https://www.kaggle.com/models/{owner}/{slug}/{framework}/{variation}",
                "licenseName": rng.choice(LICENCES),
                "modelInstanceType": "unspecified",
                "externalBaseModelUrl": "https://huggingface.co/google/gemma-2b" if number % 6 == 1 else "",
                "totalUncompressedBytes": rng.randrange(1 << 33),
            }
        )
    return found
