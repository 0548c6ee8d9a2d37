"""The search of NVIDIA NGC: a question in JSON, results in groups that repeat models; versions for each model."""

from __future__ import annotations

import json
import re
from random import Random
from typing import Any

from simhub.apps import _invent
from simhub.wire import Request, Response, error, json_response

APPLICATIONS = ("Object Detection", "Speech Recognition", "Translation", "OTHER")
FRAMEWORKS = ("PyTorch", "TensorRT", "NeMo", "Other")
MOST = 100

_SEARCH = "/v2/search/catalog/resources/MODEL"
_VERSIONS = re.compile(r"/v2/models/(?P<id>[^/]+(?:/[^/]+){1,2})/versions")


class Ngc:
    """One catalogue, made from a seed; the flags say what is wrong with it. ``most`` bounds a page."""

    name = "ngc"

    def __init__(
        self,
        models: int = 40,
        seed: int = 0,
        *,
        hostile: bool = False,
        bad: bool = False,
        overlap: bool = False,
        changed: str = "",
        most: int = MOST,
    ) -> None:
        rng = Random(seed)
        self.models = [_model(rng, number, hostile) for number in range(models)]
        self.inventory = {model["resourceId"]: _versions(rng) for model in self.models}
        self.listed: list[Any] = [*self.models, *_invent.broken("resourceId")] if bad else list(self.models)
        self.overlap, self.changed, self.most = overlap, changed, most

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.path == _SEARCH:
            return self._search(request)
        found = _VERSIONS.fullmatch(request.path)
        wanted = [model for model in self.models if found and model["resourceId"] == found["id"]]
        if not wanted:
            return _refuse(404, "NOT_FOUND")
        return self._versions(wanted[0]) if wanted[0]["guestAccess"] else _refuse(401, "UNAUTHORIZED")

    def _search(self, request: Request) -> Response:
        try:
            asked = json.loads(request.first("q"))
            page, size = int(asked["page"]), int(asked["pageSize"])
        except (ValueError, KeyError, TypeError):
            return _refuse(400, "BAD_REQUEST")
        if not 0 < size <= self.most or page < 0:
            return _refuse(400, "BAD_REQUEST")
        start = page * size
        found = _invent.overlapping(self.listed, page, size) if self.overlap else self.listed[start : start + size]
        groups = [
            {"groupValue": "_scored", "totalCount": len(found[:3]), "resources": found[:3]},
            {"groupValue": "MODEL", "totalCount": len(self.listed), "resources": found},
        ]
        return json_response(self._changed(groups, page, size))

    def _changed(self, groups: list[dict[str, Any]], page: int, size: int) -> dict[str, Any]:
        """The answer in its shape, or in the one that ``changed`` names."""
        if self.changed == "resources":
            groups = [{**group, "resources": {"count": 1}} for group in groups]
        answer = {
            "params": {"page": page, "pageSize": size},
            "resultPageTotal": -(-len(self.listed) // size),
            "resultTotal": len(self.listed),
            "results": groups,
        }
        if self.changed == "results":
            answer["items"] = answer.pop("results")
        return answer

    def _versions(self, model: dict[str, Any]) -> Response:
        versions = self.inventory[model["resourceId"]]
        about = {key: model[key] for key in ("orgName", "teamName", "name", "displayName")}
        about |= {
            "description": f"# {model['name']}",
            "latestVersionIdStr": versions[-1]["versionId"] if versions else "",
        }
        pages = {"index": 0, "size": 1000, "totalPages": 1, "totalResults": len(versions)}
        return json_response({"model": about, "modelVersions": versions, "paginationInfo": pages})

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model, by its id; ``versions`` is None where a guest may not list them."""
        return {
            model["resourceId"]: {
                "org": model["orgName"],
                "title": model["displayName"],
                "description": model["description"] or None,
                "modified": model["dateModified"],
                "versions": [(version["versionId"], version["totalSizeInBytes"]) for version in self.inventory[name]]
                if model["guestAccess"]
                else None,
                "labels": sorted({value for label in model["labels"] for value in label["values"]}),
            }
            for name, model in ((model["resourceId"], model) for model in self.models)
        }


def _refuse(status: int, code: str) -> Response:
    answer = error(status, code)
    answer.body = json.dumps({"requestStatus": {"statusCode": code, "statusDescription": code}}).encode()
    return answer


def _versions(rng: Random) -> list[dict[str, Any]]:
    return [
        {
            "versionId": rng.choice((f"{number}.0.0", f"deployable_v{number}", f"v{number}-ünïcode")),
            "createdDate": _invent.moment(rng),
            "status": "UPLOAD_COMPLETE",
            "description": "",
            "totalFileCount": rng.randrange(1, 9),
            "totalSizeInBytes": rng.randrange(1 << 34),
        }
        for number in range(rng.choice((0, 1, 1, 2, 5)))
    ]


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    org, team = rng.choice(("nvidia", "partner-labs")), rng.choice(("tao", "nemo", ""))
    name = _invent.name(rng, number)
    attributes = [
        {"key": "latestVersionIdStr", "value": "1.0.0"},
        {"key": "application", "value": rng.choice(APPLICATIONS)},
        {"key": "latestVersionSizeInBytes", "value": rng.choice((3_145_728, "3145728"))},
    ]
    framework = rng.choice(FRAMEWORKS)
    return {
        "resourceType": "MODEL",
        "resourceId": "/".join(filter(None, (org, team, name))),
        "orgName": org,
        "teamName": team,
        "name": name,
        "displayName": _invent.HOSTILE[number % len(_invent.HOSTILE)]
        if hostile and number % 5 == 2
        else name.title(),
        "description": _invent.text(rng, number, hostile),
        "dateCreated": _invent.moment(rng),
        "dateModified": _invent.moment(rng, 60),
        "isPublic": True,
        "guestAccess": number % 7 != 4,
        "labels": []
        if number % 6 == 5
        else [{"key": "framework", "values": [framework]}, {"key": "general", "values": ["Vision AI"]}],
        "attributes": attributes,
    }
