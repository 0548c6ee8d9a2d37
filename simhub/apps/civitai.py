"""Civitai: one listing of models with their versions, files, hashes and scan results, by pages or by cursors."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any
from urllib.parse import urlencode

from simhub.apps import _invent
from simhub.clock import digest, epoch
from simhub.wire import Request, Response, error, json_response

TYPES = (
    "Checkpoint",
    "LORA",
    "LORA",
    "LoCon",
    "TextualInversion",
    "Controlnet",
    "Upscaler",
    "VAE",
    "Workflows",
    "DoRA",
)
BASES = ("SD 1.5", "SDXL 1.0", "Pony", "Flux.1 D", "Illustrious", "Wan Video 14B t2v", "Other")
SCANS = ("Success", "Success", "Success", "Pending", "Danger", "Error")
USES = ("Image", "RentCivit", "Rent", "Sell")
MOST, FARTHEST = 100, 1000
SORTS = ("Highest Rated", "Most Downloaded", "Newest")


class Civitai:
    """One hub, made from a seed; the flags say what is wrong with it.

    ``region`` is one where mature content is withheld whatever is asked; ``hollow`` filters after pages are cut, so
    that pages come short or empty in the middle.
    """

    name = "civitai"
    records_at = "items"

    def __init__(
        self,
        models: int = 40,
        seed: int = 0,
        *,
        hostile: bool = False,
        bad: bool = False,
        hollow: bool = False,
        region: bool = False,
    ) -> None:
        rng = Random(seed)
        self.models = [_model(rng, number, hostile) for number in range(models)]
        self.odd: list[Any] = _invent.broken("id") if bad else []
        self.hollow, self.region = hollow, region
        #: How often something was asked for that counts as a download.
        self.downloads = 0

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if request.path.startswith("/api/download/"):
            self.downloads += 1
        if request.path == "/api/v1/models":
            return self._list(request)
        number = request.path.removeprefix("/api/v1/models/")
        found = [model for model in self.models if str(model["id"]) == number]
        return json_response(found[0]) if found else error(404, f"No model with id {number}")

    def _list(self, request: Request) -> Response:
        limit, page, cursor = request.first("limit", "100"), request.first("page"), request.first("cursor")
        sort = request.first("sort", SORTS[0])
        if not limit.isdigit() or not 1 <= int(limit) <= MOST or sort not in SORTS:
            return error(400, "Invalid query parameters")
        size = int(limit)
        if page and (not page.isdigit() or int(page) < 1 or request.first("query")):
            return error(400, "Cannot use page param with query search. Use cursor-based pagination.")
        if page and int(page) * size > FARTHEST:
            return error(429, "You've requested too many pages, please use cursors instead")
        ordered = self._ordered(sort)
        wanted = [model for model in ordered if self._fits(model, request)]
        listed = [*(ordered if self.hollow else wanted), *self.odd]
        start = (int(page) - 1) * size if page else _place(cursor, listed)
        if start is None:
            return error(400, "Invalid cursor")
        items = [model for model in listed[start : start + size] if model in wanted or model in self.odd]
        more = start + size < len(listed)
        metadata = self._paged(request, int(page), size, len(listed), more) if page else {}
        if not page and more:
            after = _cursor(listed[start + size], start + size)
            metadata = {"nextCursor": after, "nextPage": _link(request, cursor=after)}
        return json_response({"items": items, "metadata": metadata})

    def _paged(self, request: Request, page: int, size: int, total: int, more: bool) -> dict[str, Any]:
        metadata = {"totalItems": total, "currentPage": page, "pageSize": size, "totalPages": -(-total // size)}
        return {**metadata, "nextPage": _link(request, page=str(page + 1))} if more else metadata

    def _ordered(self, sort: str) -> list[dict[str, Any]]:
        keys: dict[str, Callable[[dict[str, Any]], Any]] = {
            "Newest": lambda model: model["modelVersions"][0]["publishedAt"] or "",
            "Most Downloaded": lambda model: _count(model, "downloadCount"),
            "Highest Rated": lambda model: _count(model, "thumbsUpCount"),
        }
        return sorted(self.models, key=lambda model: (keys[sort](model), model["id"]), reverse=True)

    def _fits(self, model: dict[str, Any], request: Request) -> bool:
        kinds = [kind for text in request.every("types", "types[]") for kind in text.split(",")]
        bases = request.every("baseModels", "baseModels[]")
        return (
            (not model["nsfw"] or (request.flag("nsfw") and not self.region))
            and (not kinds or model["type"] in kinds)
            and (not bases or any(version["baseModel"] in bases for version in model["modelVersions"]))
            and (not request.first("tag") or request.first("tag") in model["tags"])
            and (
                not request.first("username") or request.first("username") == (model["creator"] or {}).get("username")
            )
            and request.first("query").lower() in model["name"].lower()
        )

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model, by its id as text."""
        return {str(model["id"]): _truth(model) for model in self.models}


def _truth(model: dict[str, Any]) -> dict[str, Any]:
    versions = model["modelVersions"]
    files = [(version, file) for version in versions for file in version["files"]]
    return {
        "name": model["name"],
        "owner": (model["creator"] or {}).get("username"),
        "nsfw": model["nsfw"],
        "type": model["type"],
        "downloads": _count(model, "downloadCount") if model["stats"] else None,
        "likes": _count(model, "thumbsUpCount") if model["stats"] else None,
        "tags": sorted(set(model["tags"])),
        "base": versions[0]["baseModel"],
        "credit": not model["allowNoCredit"],
        "uses": _uses(model["allowCommercialUse"]),
        "archived": model.get("mode") == "Archived",
        "taken_down": model.get("mode") == "TakenDown",
        "versions": [version["name"] for version in versions],
        "files": {
            f"{version['id']}/{file['name']}": file["hashes"].get("SHA256", "").lower() or None
            for version, file in files
        },
        "bytes": sum(round(file["sizeKB"] * 1024) for _, file in files),
        "created": min(version["createdAt"] for version in versions),
    }


def _uses(written: list[str] | str) -> list[str]:
    words = written.strip("{}").split(",") if isinstance(written, str) else written
    return sorted(word.lower() for word in words if word)


def _count(model: dict[str, Any], name: str) -> int:
    return int((model["stats"] or {}).get(name, 0))


def _cursor(item: Any, place: int) -> str:
    """Opaque to clients: a key of what comes next, and where it stands."""
    key = epoch(item["modelVersions"][0]["publishedAt"]) if isinstance(item, dict) and "modelVersions" in item else 0
    return f"{key}|{place}"


def _place(cursor: str, listed: list[Any]) -> int | None:
    if not cursor:
        return 0
    number = cursor.rpartition("|")[2]
    return int(number) if number.isdigit() and int(number) <= len(listed) else None


def _link(request: Request, **changed: str) -> str:
    pairs = [(name, value) for name, value in request.query if name not in changed]
    return f"https://civitai.com/api/v1/models?{urlencode([*pairs, *changed.items()])}"


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    name = (
        _invent.HOSTILE[number // 5 % len(_invent.HOSTILE)]
        if hostile and number % 5 == 2
        else _invent.name(rng, number)
    )
    ident, kind = 4000 + 7 * number, rng.choice(TYPES)
    uses = sorted(rng.sample(USES, rng.randrange(4)))
    mode = {5: "Archived", 9: "TakenDown"}.get(number % 20)
    model = {
        "id": ident,
        "name": name,
        "description": _described(rng, number, hostile),
        "allowNoCredit": bool(number % 3),
        # Written in three ways over the years: an array, an array as PostgreSQL writes it, and a word.
        "allowCommercialUse": (uses, "{" + ",".join(uses) + "}", uses[0] if len(uses) == 1 else uses)[number % 3],
        "allowDerivatives": bool(number % 2),
        "allowDifferentLicense": bool(number % 5),
        "type": kind,
        "minor": False,
        "poi": number % 17 == 3,
        "nsfw": number % 4 == 1,
        "nsfwLevel": rng.choice((1, 3, 15, 31)),
        "availability": "Public",
        "cosmetic": None,
        "supportsGeneration": bool(number % 2),
        "stats": None if number % 14 == 11 else _stats(rng),
        # The account of a creator who left is gone.
        "creator": None if number % 12 == 7 else {"username": rng.choice(_invent.OWNERS), "image": None},
        "tags": rng.sample(("style", "anime", "photorealistic", "模型", "woman", "concept"), rng.randrange(5)),
        "modelVersions": [
            _version(rng, ident, number, place, mode == "TakenDown") for place in range(rng.choice((1, 1, 2, 3)))
        ],
    }
    if mode:
        model["mode"] = mode
    return model


def _described(rng: Random, number: int, hostile: bool) -> str | None:
    text = _invent.text(rng, number, hostile)
    if text is None:
        return None
    links = 'See <a href="https://huggingface.co/mira/atlas">the Hub</a> and https://arxiv.org/abs/2307.09288.'
    return f"<p>{text}</p><p>{links}</p>" if number % 4 == 0 else f"<p>{text}</p>"


def _stats(rng: Random) -> dict[str, Any]:
    names = ("downloadCount", "favoriteCount", "thumbsUpCount", "thumbsDownCount", "commentCount", "ratingCount")
    return {**{name: rng.randrange(90_000) for name in names}, "rating": 4.9, "tippedAmountCount": 0}


def _version(rng: Random, model: int, number: int, place: int, gone: bool) -> dict[str, Any]:
    ident = model * 10 + place
    moment = _invent.moment(rng)
    files = [] if gone else [_file(rng, ident, number, which) for which in range(rng.choice((1, 1, 2)))]
    return {
        "id": ident,
        "index": place,
        "name": f"v{3 - place}.0" if place else "v3.0-模型",
        "baseModel": rng.choice(BASES),
        "baseModelType": "Standard",
        "createdAt": moment,
        "publishedAt": moment,
        "status": "Published",
        "availability": "EarlyAccess" if number % 15 == 4 and not place else "Public",
        "nsfwLevel": 1,
        "description": None if number % 2 else "<p>Better hands.</p>",
        "trainedWords": [] if number % 3 else ["atlas style", "<lora>"],
        "stats": {"downloadCount": rng.randrange(10_000), "thumbsUpCount": rng.randrange(900)},
        "supportsGeneration": False,
        "files": files,
        "images": [{"url": f"https://image.example/{ident}.jpeg", "nsfwLevel": 1, "width": 512, "height": 768}],
        "downloadUrl": f"https://civitai.com/api/download/models/{ident}",
    }


def _file(rng: Random, version: int, number: int, which: int) -> dict[str, Any]:
    pickled = number % 6 == 2
    sha256 = digest("file", version, which, length=64).upper()
    hashes = {
        "AutoV2": sha256[:10],
        "SHA256": sha256,
        "CRC32": sha256[-8:],
        "BLAKE3": digest("blake", sha256, length=64),
    }
    return {
        "id": version * 10 + which,
        "sizeKB": rng.randrange(1, 6_000_000_000) / 1024,
        "name": f"file-{version}-{which}.{'ckpt' if pickled else 'safetensors'}",
        "type": "Training Data" if which else "Model",
        "pickleScanResult": rng.choice(SCANS),
        "pickleScanMessage": "No Pickle imports",
        "virusScanResult": "Success",
        "virusScanMessage": None,
        "scannedAt": _invent.moment(rng),
        "metadata": {"format": "PickleTensor" if pickled else "SafeTensor", "size": "pruned", "fp": "fp16"},
        # A file that has not been scanned has no hashes yet.
        "hashes": {} if number % 11 == 8 else hashes,
        "downloadUrl": f"https://civitai.com/api/download/models/{version}?type=Model",
        "primary": not which,
    }
