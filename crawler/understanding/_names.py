"""Names of models and data sets as prose writes them: a link, an ``owner/name``, or a run of capitalised words."""

from __future__ import annotations

import re

from crawler.understanding._document import Document, Link

_HUB = re.compile(r"https?://(?:www\.)?(?:huggingface\.co|hf\.co)/((?:datasets/)?[\w.-]{1,96}(?:/[\w.-]{1,96})?)")
_NOT_MODELS = {
    "datasets", "spaces", "docs", "blog", "models", "papers", "transformers", "course", "tasks", "join", "pricing",
    "learn",
    "collections", "organizations", "settings", "posts", "chat", "metrics", "search", "inference", "new",
    "facebook", "google",
    "microsoft", "openai",
}  # fmt: skip
_WORD = r"[\w./+#'-]{1,96}"
_TOKEN = re.compile(_WORD)
#: A name begins with a letter and is no ordinary word; further words belong to it while they look like names.
_NEXT = re.compile(r" (?=[A-Z0-9(])(?:[A-Z0-9][\w./+'-]{0,60}|\([A-Z][\w ./-]{1,40}\))")
_STOP = re.compile(
    r"(?:an?|the|this|that|these|those|our|its?|my|your|their|which|with|from|and|or|of|in|on|for|by|to|at|as"
    r"|is|are|was|"
    r"were|both|each|all|any|some|several|various|multiple|different|large|small|huge|new|own|custom|existing"
    r"|original|"
    r"previous|following|above|below|same|public|publicly|private|more|about|over|only|two|three|four|five|top"
    r"|top of|"
    r"supervised|synthetic|raw|exact|longer|mix|main|first|last|latest|high|low|web|internet|further|such"
    r"|subset|variety|"
    r"combination|collection|set|total|"
    r"data|dataset|datasets|corpus|model|models|base|pretrained|pre-trained|version|gpus?|tpus?|epochs?|steps?|"
    r"language|text|images?|english|tasks?|one|unknown|none|huggingface|hugging|github|https?)",
    re.IGNORECASE,
)


def hub_id(url: str) -> tuple[str, str] | None:
    """(kind, id) of a hub address: ``model`` or ``dataset``; None for other pages."""
    match = _HUB.match(url)
    if match is None:
        return None
    path = match[1].rstrip(".")
    if path.startswith("datasets/"):
        name = path.removeprefix("datasets/")
        return ("dataset", name) if name and name != "viewer" else None
    owner, _, rest = path.partition("/")
    if owner.lower() in _NOT_MODELS and (
        not rest or owner.lower() in {"datasets", "spaces", "docs", "blog", "papers", "course"}
    ):
        return None
    if owner in {
        "spaces",
        "docs",
        "blog",
        "papers",
        "collections",
        "models",
        "tasks",
        "posts",
        "learn",
        "chat",
        "organizations",
    }:
        return None
    return "model", path


def link_at(document: Document, start: int, reach: int = 4) -> Link | None:
    """The link that begins at a place of the plain text, or within a few characters after it."""
    from bisect import bisect_left

    first = bisect_left(document.links, start, key=lambda link: link.at)
    for link in document.links[first : first + 3]:
        if not link.image and start <= link.at <= start + reach:
            return link
    return None


def name_at(document: Document, start: int, limit: int) -> tuple[str, int] | None:
    """The name that begins at a place of the plain text, and where it ends; None where no name stands there."""
    match = _TOKEN.match(document.plain, start, limit)
    if match is None or match[0].startswith(("http", ".", "/", "-")):
        return None
    end = match.end()
    for _ in range(4):
        if document.plain[end - 1] in ".,;:":
            break
        more = _NEXT.match(document.plain, end, limit)
        if more is None:
            break
        end = more.end()
    name = document.plain[start:end].rstrip(".,;:'-/")
    return (name, start + len(name)) if _is_name(name) else None


def _is_name(name: str) -> bool:
    if len(name) < 2 or name.isdigit() or _STOP.fullmatch(name):
        return False
    looks = any(c.isupper() or c.isdigit() for c in name) or "/" in name or "-" in name or "_" in name
    return looks and any(c.isalpha() for c in name)
