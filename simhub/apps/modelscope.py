"""ModelScope: a listing that counts everything and shows 3,000 of it, searched by the beginning of names."""

from __future__ import annotations

import re
from random import Random
from typing import Any

from simhub.apps import _invent
from simhub.clock import digest
from simhub.wire import Request, Response, json_response

MOST, REACH = 50, 3_000
SORTS = ("default", "downloads", "likes", "last_modified")
TASKS = ("text-generation", "text-to-image-synthesis", "auto-speech-recognition", "image-classification", "")
LIBRARIES = ("pytorch", "safetensors", "gguf", "onnx", "")
LICENCES = ("apache-2.0", "mit", "Apache License 2.0", "other", "")
#: Families that most names begin with: one question for them has far too many answers.
FAMILIES = (
    "qwen2.5-",
    "qwen2.5-",
    "qwen-",
    "llama-",
    "deepseek-r1-distill-",
    "stable-diffusion-",
    "模型-",
    "_private-",
)

_LISTING = "/openapi/v1/models"
_FILES = re.compile(r"/api/v1/models/(?P<id>[^/]+/[^/]+)/repo/files")


class ModelScope:
    """One hub, made from a seed; the flags say what is wrong with it.

    ``blind`` ignores what is searched for, ``infix`` finds it anywhere in a name; ``counted`` so many models are in
    every total and in no answer; ``restless`` moves one model to the front with every question; ``reach`` is how far
    a question leads.
    """

    name = "modelscope"
    records_at = "data.models"

    def __init__(
        self,
        models: int = 40,
        seed: int = 0,
        *,
        hostile: bool = False,
        blind: bool = False,
        infix: bool = False,
        counted: int = 0,
        restless: bool = False,
        reach: int = REACH,
    ) -> None:
        rng = Random(seed)
        self.models = [_model(rng, number, hostile) for number in range(models)]
        self.blind, self.infix, self.counted, self.restless, self.reach = blind, infix, counted, restless, reach
        #: How often something was asked for that counts as a download.
        self.downloads = 0
        self._chosen: dict[tuple[str, ...], list[dict[str, Any]]] = {}
        self._asked = 0

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.path == _LISTING:
            return self._list(request)
        if request.path.endswith("/repo"):
            self.downloads += 1
        found = _FILES.fullmatch(request.path)
        named = [model for model in self.models if found and model["id"] == found["id"]]
        if not named:
            return json_response({"Code": 10010205001, "Message": "not found", "Success": False}, 404)
        return json_response({"Code": 200, "Data": {"Files": _files(named[0])}, "Success": True})

    def _list(self, request: Request) -> Response:
        number, size = request.first("page_number", "1"), request.first("page_size", "20")
        sort = request.first("sort", "default")
        if not number.isdigit() or not size.isdigit() or not 1 <= int(size) <= MOST or sort not in SORTS:
            return _refused("InvalidParameter", "page_size must be between 1 and 50")
        start, end = (int(number) - 1) * int(size), int(number) * int(size)
        if int(number) < 1 or end > self.reach:
            return _refused("QuotaLimitExceed", f"page_number * page_size must not exceed {self.reach}")
        chosen = self._select(request, sort)
        data = {"models": chosen[start:end], "total_count": len(chosen) + self.counted}
        return json_response({"success": True, "data": {**data, "page_number": int(number), "page_size": int(size)}})

    def _select(self, request: Request, sort: str) -> list[dict[str, Any]]:
        filters = ("search", "owner", "filter.task", "filter.library", "filter.license")
        key = (sort, *(request.first(name) for name in filters))
        if self.restless:
            self._asked += 1
            moved = self.models[self._asked * 37 % len(self.models)]
            moved["downloads"] += 10**9 + self._asked
            moved["likes"] += 1
            self._chosen = {}
        if key not in self._chosen:
            self._chosen[key] = self._sorted([m for m in self.models if self._fits(m, *key[1:])], sort)
        return self._chosen[key]

    def _fits(self, model: dict[str, Any], search: str, owner: str, task: str, library: str, licence: str) -> bool:
        mine, name = model["id"].split("/", 1)
        search = "" if self.blind else search.lower()
        return (
            (search in name.lower() if self.infix else name.lower().startswith(search))
            and owner in ("", mine)
            and (not task or task in model["tasks"])
            and (not library or f"library:{library}" in model["tags"])
            and (not licence or f"license:{licence}" in model["tags"])
        )

    def _sorted(self, models: list[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
        if sort == "default":
            return sorted(models, key=lambda model: digest(model["id"]))
        return sorted(models, key=lambda model: (model[sort], model["id"]), reverse=True)

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model, by its id."""
        return {
            model["id"]: {
                "owner": model["id"].split("/")[0],
                "description": model["description"].strip() or model["display_name"],
                "downloads": model["downloads"],
                "likes": model["likes"],
                "licence": model["license"] or None,
                "task": (model["tasks"] or [None])[0] or None,
                "library": next((tag[8:] for tag in model["tags"] if tag.startswith("library:")), None),
                "bytes": model["file_size"],
                "files": {file["Path"]: file["Sha256"] for file in _files(model) if file["Type"] == "blob"},
            }
            for model in self.models
        }


def _refused(code: str, message: str) -> Response:
    return json_response({"success": False, "code": code, "message": message}, 400)


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    # Some names are no longer than the beginning of many others.
    family = FAMILIES[rng.randrange(len(FAMILIES))] if rng.random() < 0.8 else ""
    name = f"{family}{_invent.name(rng, number)}" if number % 500 or not family else family.rstrip("-") + "-"
    owner = f"{rng.choice(_invent.OWNERS)}-{int(rng.expovariate(0.02))}" if number % 500 else f"lone-{number}"
    task, library, licence = rng.choice(TASKS), rng.choice(LIBRARIES), rng.choice(LICENCES)
    tags = [f"library:{library}"] if library else []
    tags += [f"license:{licence}"] if licence else []
    tags += [f"task:{task}"] if task else []
    tags += [["language:zh"], ["base_model:Qwen/Qwen2.5-7B"], ["arxiv:2307.09288"], ["对话"]][number % 4]
    return {
        "id": f"{owner}/{name}",
        "display_name": _invent.HOSTILE[number % len(_invent.HOSTILE)]
        if hostile and number % 5 == 2
        else f"模型 {number}",
        "description": _invent.text(rng, number, hostile) or "",
        "downloads": rng.randrange(10**6),
        "likes": rng.randrange(900),
        "license": licence,
        "tasks": [task] if task else [],
        "tags": tags,
        "created_at": _invent.moment(rng),
        "last_modified": _invent.moment(rng, 100),
        "file_size": rng.randrange(1, 1 << 36),
        "params": 0 if number % 3 else rng.randrange(10**9),
        "private": False,
        "gated": number % 19 == 4,
    }


def _files(model: dict[str, Any]) -> list[dict[str, Any]]:
    files = [
        {"Path": path, "Name": path.rpartition("/")[2], "Size": 1000 + len(path), "Type": "blob",
         "Sha256": digest(model["id"], path, length=64)}
        for path in ("README.md", "configuration.json", "weights/模型.safetensors")
    ]  # fmt: skip
    return [*files, {"Path": "weights", "Name": "weights", "Size": 0, "Type": "tree", "Sha256": ""}]
