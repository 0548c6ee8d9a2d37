"""The Ollama library: pages for people with the marks that the real ones carry, and the manifests of its registry."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from html import escape
from random import Random
from typing import Any

from simhub.apps import _invent
from simhub.clock import digest
from simhub.wire import Request, Response, error

CAPABILITIES = ((), ("tools",), ("tools", "thinking"), ("embedding",), ("vision",))
LICENCES = {
    "Apache-2.0": "           Apache License\n           Version 2.0, January 2004\n",
    "MIT": "MIT License\n\nCopyright (c) 2024",
    "Acme Research Licence": "Acme Research Licence\n1. Definitions",
    "": "",
}
UNITS = ("", "K", "M", "B")

_MANIFEST = re.compile(r"/v2/library/(?P<name>[^/]+)/manifests/(?P<tag>[^/]+)")
_PAGE = re.compile(r"/library/(?P<name>[^/:]+)(?::(?P<tag>[^/]+))?(?P<tags>/tags)?")


@dataclass
class Built:
    """One tag of a model: its manifest and what its page shows."""

    tag: str
    layers: list[tuple[str, int, str]]
    aliases: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes of all layers."""
        return sum(size for _, size, _ in self.layers)

    @property
    def manifest(self) -> bytes:
        """The manifest as the registry sends it."""
        kind = "application/vnd.ollama.image."
        layers = [
            {"mediaType": kind + name, "digest": f"sha256:{sha}", "size": size} for name, size, sha in self.layers
        ]
        config = {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            **_blob(digest(self.tag, "config"), 483),
        }
        answer = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json"}
        return json.dumps({**answer, "config": config, "layers": layers}).encode()

    @property
    def short(self) -> str:
        """The digest as pages show it."""
        return sha256(self.manifest).hexdigest()[:12]


class Ollama:
    """One library, made from a seed; the flags say what is wrong with it.

    ``pages`` of the listing; ``bad`` adds entries and pages that are none; ``changed`` drops the marks.
    """

    name = "ollama"

    def __init__(
        self,
        models: int = 20,
        seed: int = 0,
        *,
        hostile: bool = False,
        bad: bool = False,
        overlap: bool = False,
        changed: bool = False,
        page: int = 1000,
    ) -> None:
        rng = Random(seed)
        self.models = {model["name"]: model for model in (_model(rng, number, hostile) for number in range(models))}
        self.bad, self.overlap, self.changed, self.page = bad, overlap, changed, page
        #: How often a blob was asked for, which is a download, and a manifest, which may count as one.
        self.blobs = self.manifests = 0

    def answer(self, request: Request) -> Response:
        """Answer one request."""
        if "/blobs/" in request.path:
            self.blobs += 1
        if found := _MANIFEST.fullmatch(request.path):
            return self._manifest(found["name"], found["tag"])
        if request.path == "/library":
            return self._listing(int(request.first("page", "1")) - 1)
        found = _PAGE.fullmatch(request.path)
        model = self.models.get(found["name"]) if found else None
        if found is None or model is None or model["gone"]:
            return error(404, "404 page not found")
        return self._of_model(model, found["tag"], bool(found["tags"]))

    def _manifest(self, name: str, tag: str) -> Response:
        self.manifests += 1
        built = next((b for b in self.models.get(name, {"builds": []})["builds"] if tag in (b.tag, *b.aliases)), None)
        if built is None:
            return error(404, "manifest unknown")
        return Response(200, built.manifest, {"Content-Type": "text/plain; charset=utf-8"})

    def _listing(self, page: int) -> Response:
        names = list(self.models)
        chosen = (
            _invent.overlapping(names, page, self.page) if self.overlap else names[page * self.page :][: self.page]
        )
        items = [self._item(self.models[name]) for name in chosen]
        if self.bad:
            items.append('<li x-test-model><a href="https://elsewhere.invalid/x?y=1"><p>no model</p></a></li>')
        if (page + 1) * self.page < len(names):
            items.append(f'<li hx-get="/library?page={page + 2}" hx-trigger="revealed"></li>')
        return self._html("/library", "<ul role=list>" + "".join(items) + "</ul>")

    def _item(self, model: dict[str, Any]) -> str:
        about = f'<div x-test-model-title title="{escape(model["name"])}"><h2>{escape(model["name"])}</h2>'
        about += f'<p class="max-w-lg">{escape(model["summary"] or "")}</p></div>'
        tags = f"<span x-test-tag-count>{len(_rows(model))}</span>"
        href = f"/library/{model['name']}"
        return f'<li x-test-model><a href="{href}">{about}{_badges(model, True)}{_counters(model)}{tags}</a></li>'

    def _of_model(self, model: dict[str, Any], tag: str | None, tags: bool) -> Response:
        if self.bad and model["number"] % 5 == 1 and tags:
            return self._html("/download", "<p>Download Ollama</p>")
        name = model["name"]
        head = f'<a x-test-model-name href="/library/{name}" title="{name}">{name}</a>{_counters(model)}'
        head += (
            f'<h2><span id="summary-content"> {escape(model["summary"] or "")} </span></h2>{_badges(model, False)}'
        )
        if tags:
            return self._html(f"/library/{name}/tags", head + _table(model, _rows(model), True))
        built = next((b for b in model["builds"] if tag in (b.tag, *b.aliases)), None) if tag else None
        if tag and built is None:
            return error(404, "404 page not found")
        middle = _explorer(model, built, tag or "") if built else _table(model, _rows(model)[:4], False)
        card = f'<textarea id="editor" name="markdown">\n{escape(model["card"])}</textarea>' if model["card"] else ""
        address = f"/library/{name}" + (f":{tag}" if tag else "")
        return self._html(address, head + middle + f'<div id="readme">{card}</div>')

    def _html(self, address: str, main: str) -> Response:
        if self.changed:
            main, address = main.replace("x-test-", "data-").replace("<li", "<div"), "/"
        link = f'<link rel="canonical" href="https://ollama.com{address}" />' if address.count("/") == 2 else ""
        page = f"""<!doctype html><html><head><meta charset="utf-8" />
            <meta property="og:url" content="https://ollama.com{address}" />{link}</head>
            <body><header><a href="/library/not-listed">x</a></header><main>{main}</main></body></html>"""
        return Response(200, page.encode("utf-8", "replace"), {"Content-Type": "text/html; charset=utf-8"})

    def truth(self) -> dict[str, dict[str, Any]]:
        """What is true of every model; of one whose pages are gone only what the listing says is to be had."""
        return {name: _truth(model) for name, model in self.models.items()}


def _truth(model: dict[str, Any]) -> dict[str, Any]:
    latest = model["builds"][0]
    return {
        "gone": model["gone"],
        "summary": model["summary"],
        "capabilities": list(model["capabilities"]),
        "pulls": model["pulls"],
        "updated": model["updated"],
        "tags": sorted(tag for tag, _ in _rows(model)),
        "card": model["card"],
        "licence": model["licence"],
        "parameters": model["parameters"],
        "bytes": latest.size + 483,
        "layers": {f"latest/{name}": (size, sha) for name, size, sha in latest.layers},
        "digest": sha256(latest.manifest).hexdigest(),
    }


def _rows(model: dict[str, Any]) -> list[tuple[str, Built]]:
    return [(tag, built) for built in model["builds"] for tag in (*built.aliases, built.tag)]


def _badges(model: dict[str, Any], marked: bool) -> str:
    mark = " x-test-capability" if marked else ""
    found = "".join(
        f'<span{mark} class="bg-indigo-50 text-indigo-600">{name}</span>' for name in model["capabilities"]
    )
    return f"<div>{found}<span x-test-size>{_short(model['parameters']).lower()}</span></div>"


def _counters(model: dict[str, Any]) -> str:
    moment = datetime.fromisoformat(model["updated"]).strftime("%b %-d, %Y %-I:%M %p UTC")
    updated = f'<span title="{moment}"><span>Updated&nbsp;</span><span x-test-updated>3 months ago</span></span>'
    return f"<p><span><span x-test-pull-count>{_short(model['pulls'])}</span> Pulls</span>{updated}</p>"


def _table(model: dict[str, Any], rows: list[tuple[str, Built]], digests: bool) -> str:
    head = "".join(f'<p class="col-span-2">{name}</p>' for name in ("Size", "Context", "Input"))
    lines = [f'<div class="grid bg-neutral-50 grid-cols-12"><p class="col-span-6">Name</p>{head}</div>']
    for tag, built in rows:
        cells = "".join(f'<p class="col-span-2">{cell}</p>' for cell in (_bytes(built.size), "32K", "Text"))
        alias = '<span class="rounded-full">latest</span>' if tag != "latest" and "latest" in built.aliases else ""
        name = f'<span class="col-span-6"><a>{model["name"]}:{tag}</a>{alias}'
        name += f'<input class="command hidden" value="{model["name"]}:{tag}" /></span>'
        shown = f'<div class="flex text-xs"><span class="font-mono">{built.short}</span> · 1 month ago</div>'
        lines.append(f'<div class="group px-4 py-3"><div>{name}{cells}</div>{shown if digests else ""}</div>')
    return "".join(lines)


def _explorer(model: dict[str, Any], built: Built, tag: str) -> str:
    lines = [
        f'<div id="file-explorer"><div><p>Updated 1 year ago</p><p>{built.short} · {_bytes(built.size)}</p></div>'
    ]
    for name, size, sha in built.layers:
        said = escape(LICENCES[model["licence"]]) if name == "license" else "{{ .Prompt }}"
        if name == "model":
            pairs = (("arch", model["arch"]), ("parameters", _short(model["parameters"])), ("quantization", "Q4_K_M"))
            said = "<div>·</div>".join(
                f'<div class="items-center"><span>{a}</span><span>{b}</span></div>' for a, b in pairs
            )
        link = f'<a href="/library/{model["name"]}:{tag}/blobs/{sha[:12]}"> {name} </a>'
        lines.append(f'<div class="group"><div>{link}</div><div>{said}</div><div> {_bytes(size)} </div></div>')
    return "".join(lines) + "</div>"


def _blob(name: str, size: int) -> dict[str, Any]:
    return {"digest": f"sha256:{sha256(name.encode()).hexdigest()}", "size": size}


def _bytes(size: int) -> str:
    """A size as the site rounds it."""
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            return f"{size:.2g}{unit}" if size < 10 and unit != "B" else f"{size:.0f}{unit}"
        size /= 1000  # type: ignore[assignment]
    return ""


def _short(number: float) -> str:
    """A count as the site rounds it."""
    for unit in UNITS:
        if number < 1000 or unit == UNITS[-1]:
            return f"{number:.1f}".removesuffix(".0") + unit
        number /= 1000
    return ""


def _model(rng: Random, number: int, hostile: bool) -> dict[str, Any]:
    name = _invent.name(rng, number)
    licence = rng.choice(list(LICENCES))
    builds = []
    for place in range(rng.choice((1, 2, 3))):
        layers = [("model", rng.randrange(10**8, 10**10), digest(name, place, length=64))]
        layers += [("license", len(LICENCES[licence]) or 1, digest(licence, length=64))] if licence else []
        layers.append(("template", 45, digest(name, "template", length=64)))
        builds.append(Built(f"{place + 1}b", layers, ["latest"] if not place else []))
    return {
        "number": number,
        "name": name,
        "gone": number % 9 == 7,
        "summary": _invent.text(rng, number, hostile),
        "capabilities": rng.choice(CAPABILITIES),
        "pulls": rng.choice((12, 4_700, 224_400, 55_700_000)),
        "updated": _invent.moment(rng)[:16] + ":00Z",
        "builds": builds,
        "licence": licence,
        "arch": rng.choice(("llama", "gemma3", "qwen2", "bert")),
        "parameters": rng.choice((567_000_000, 6_700_000_000, 13_000_000_000)),
        "card": "" if number % 4 == 3 else _card(rng, name, number, hostile),
    }


def _card(rng: Random, name: str, number: int, hostile: bool) -> str:
    lines = [f"# {name}", "", f"See [the weights](https://huggingface.co/mira/{name}) and https://arxiv.org/abs/"]
    lines[-1] += rng.choice(_invent.PAPERS)
    if hostile and number % 3 == 0:
        lines += ["", "</textarea><script>alert(1)</script> & &amp; 模型"]
    return "\n".join(lines)
