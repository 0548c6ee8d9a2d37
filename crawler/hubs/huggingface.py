"""The Hugging Face Hub, over its public HTTP API.

**Listing.** ``GET /api/models`` returns a JSON array of up to 1,000 models; the ``Link`` header
leads to the next page through an opaque cursor. ``expand[]`` names the fields wanted, which makes
one listing carry what would otherwise cost a request per model: tags, files by name, card data,
claimed results, configuration, parameter counts. Sorted by creation, nothing moves while the
listing runs; sorted by last change, the newest first, it gives what changed. Counters move
without a change, and a deletion shows only by absence: both are what the lean pass over all
models with a handful of fields is for.

**Per model.** Files with sizes and hashes (``/api/models/{id}/tree``), commits, discussions; the
README through the resolver, and the head of a safetensors file by one ranged read. Per owner: what the Hub says of
the user or the organisation (verified, paid plan, followers); most are users, so that is asked first.

**Limits.** Fixed windows of five minutes, by class: anonymous 500 API requests and 3,000 file
reads, a free account 1,000 and 5,000. Every answer says what is left.

**Politeness.** A GET or HEAD of a *query file* (``config.json`` for most libraries, others for
some, any ``.gguf``) counts as a download of the model: reading it would move the number that the
census records. None is ever requested here. READMEs never count. Heads of safetensors files are
read only for libraries known to count something else; an unlisted library is left alone.

**Terms.** Public metadata; each card and model is under its own licence. Identify yourself
(``HUBCENSUS_CONTACT``), use a token for your own quota, and keep to the limits.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl, quote, unquote, urlencode, urljoin, urlsplit, urlunsplit

from requests.utils import parse_header_links

from crawler.licence_text import is_licence_file
from crawler.session import Response
from crawler.source import Walk

NAME = "huggingface"
TITLE = "Hugging Face Hub"
GIVES = ("models", "counters", "cards", "commits", "discussions", "files", "headers", "licences", "owners")
ENDPOINT = "https://huggingface.co"
PARSER = "huggingface/1"
PAGE = 1000
MAX_WALKS = 4
POLITENESS = (
    "Only the list API, and where asked for the tree, commits, discussions and owners API, README.md and licence "
    "files and the heads of safetensors files were requested; no query file was: nothing here counted as a download."
)

#: Fields of a full listing. A hub that refuses one of them is asked again without it.
FULL = (
    "author", "baseModels", "cardData", "config", "createdAt", "disabled", "downloads", "downloadsAllTime",
    "evalResults", "gated", "gguf", "inference", "lastModified", "library_name", "likes", "mask_token",
    "model-index", "pipeline_tag", "private", "safetensors", "sha", "siblings", "tags", "transformersInfo",
    "trendingScore", "usedStorage",
)  # fmt: skip
#: Fields of the lean pass.
LEAN = ("downloads", "downloadsAllTime", "lastModified", "likes", "trendingScore")
#: Documented for one model, but refused by some versions of the listing.
CONTESTED = ("baseModels", "usedStorage", "evalResults", "gguf", "inference", "mask_token", "transformersInfo")
ALWAYS = ("_id", "id")

#: Libraries whose downloads are counted by a file other than safetensors. "" is no library at all.
HEADERS_ARE_FREE = frozenset({
    "", "transformers", "sentence-transformers", "peft", "adapter-transformers", "setfit", "span-marker",
    "mlx", "vllm", "gliner", "speechbrain", "keras-hub", "sklearn", "optimum", "bertopic", "flair",
})  # fmt: skip

_ID = re.compile(r"(?!.*\.\.)[A-Za-z0-9][\w.-]{0,127}(?:/[A-Za-z0-9_][\w.-]{0,127})?", re.ASCII)
_FILE = re.compile(
    r"/(?:(?!api/)[^/]+/)?[^/]+/(?:resolve|raw|blob)/[^/]+/(?P<path>.+)"
    r"|/api/resolve-cache/models/[^/]+(?:/[^/]+)?/[0-9a-f]{40}/(?P<cached>.+)"
)


@dataclass(frozen=True)
class Hub:
    """One hub that speaks this API: huggingface.co, a mirror, or a simulated one."""

    endpoint: str = ENDPOINT

    def listing(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Every model with all fields."""
        return self._whole("models", FULL, walks if limit is None else 1)

    def counters(self, walks: int = 1, limit: int | None = None) -> list[Walk]:
        """Every model with its counters: who absents itself here is gone."""
        walks = walks if limit is None else 1
        return self._whole("counters", LEAN if walks == 1 else (*LEAN, "createdAt"), walks)

    def changes(self, since: str) -> list[Walk]:
        """The models that changed since, newest change first."""
        url = self._url(FULL, sort="lastModified", direction="-1")
        return [Walk("changes", "models", url, (*ALWAYS, *FULL), until=since)]

    def _whole(self, kind: str, fields: tuple[str, ...], walks: int) -> list[Walk]:
        """Disjoint walks that are complete together whatever the hub holds.

        Two walks take the listing from both ends and stop when they meet; the flag ``gated`` splits
        it once more. More would need a filter with a value for every model, and there is none.
        """
        splits: list[tuple[str, dict[str, str]]] = [("", {})]
        if walks >= 3:
            splits = [("-open", {"gated": "false"}), ("-gated", {"gated": "true"})]
        found = []
        for name, filters in splits:
            ends = [("", "-1")] if walks == 1 else [("-oldest", "1"), ("-newest", "-1")]
            for end, direction in ends:
                url = self._url(fields, sort="createdAt", direction=direction, **filters)
                meets = f"{kind}{name}" if end else ""
                found.append(
                    Walk(f"{kind}{name}{end}", kind, url, (*ALWAYS, *fields), meets=meets, end=end.removeprefix("-"))
                )
        return found

    def _url(self, fields: tuple[str, ...], **params: str) -> str:
        pairs = [("limit", str(PAGE)), *params.items(), *(("expand[]", name) for name in fields)]
        return f"{self.endpoint}/api/models?{urlencode(pairs)}"

    def next_url(self, response: Response, walk: Walk | None = None) -> str | None:
        """The ``Link`` with ``rel="next"``."""
        for link in parse_header_links(response.headers.get("Link", "")):
            if link.get("rel") == "next" and link.get("url"):
                return urljoin(response.url, link["url"])
        return None

    def fewer(self, walk: Walk, response: Response) -> Walk | None:
        """Drop the fields that a 400 names, else all contested ones; None when nothing is left to drop."""
        said = response.body[:20_000].decode("utf-8", "replace")
        if "expand" not in said:
            return None
        parts = urlsplit(walk.url)
        pairs = parse_qsl(parts.query, keep_blank_values=True)
        asked = [value for key, value in pairs if key == "expand[]"]
        position = re.search(r"expand\W+(\d+)\W", said)
        named = re.search(r"""option for "expand": ([\w-]+)""", said)
        unwanted = (
            {named[1]}
            if named
            else {asked[int(position[1])]}
            if position and int(position[1]) < len(asked)
            else set()
        )
        unwanted = unwanted & set(asked) or set(CONTESTED) & set(asked)
        if not unwanted:
            return None
        kept = [(key, value) for key, value in pairs if key != "expand[]" or value not in unwanted]
        url = urlunsplit(parts._replace(query=urlencode(kept)))
        return replace(walk, url=url, fields=tuple(name for name in walk.fields if name not in unwanted))

    def classify(self, url: str) -> str:
        """The rate-limit class of a URL."""
        path = urlsplit(url).path
        if "/resolve/" in path or "/resolve-cache/" in path or "/raw/" in path:
            return "resolvers"
        return "api" if path.startswith("/api/") else "pages"

    def guard(self, url: str, library: str | None) -> str | None:
        """Why a URL must not be requested: the one place that keeps query files untouched."""
        found = _FILE.fullmatch(unquote(urlsplit(url).path))
        path = found and (found["path"] or found["cached"])
        if not path or may_read(path, library):
            return None
        return f"{path[:200]!r} is not read: requesting it could count as a download."

    def card_url(self, name: str, sha: str) -> str:
        """Where a README lies."""
        return f"{self.endpoint}/{quote(name)}/resolve/{quote(sha)}/README.md"

    def file_url(self, name: str, sha: str, path: str) -> str:
        """Where any file lies."""
        return f"{self.endpoint}/{quote(name)}/resolve/{quote(sha)}/{quote(path)}"

    def tree_url(self, name: str, sha: str) -> str:
        """All files with sizes, hashes, last commits and the results of the hub's scanners."""
        return f"{self.endpoint}/api/models/{quote(name)}/tree/{quote(sha)}?recursive=true&expand=true"

    def commits_url(self, name: str, sha: str) -> str:
        """The history up to a commit."""
        return f"{self.endpoint}/api/models/{quote(name)}/commits/{quote(sha)}?limit=1000"

    def discussions_url(self, name: str, page: int) -> str:
        """A page of discussions and pull requests."""
        return f"{self.endpoint}/api/models/{quote(name)}/discussions?p={page}&type=all&status=all"

    def owner_urls(self, name: str, organisation: bool = False) -> tuple[str, str]:
        """An owner as a user and as an organisation, the likelier first: the other answers 404."""
        kinds = ("organizations", "users") if organisation else ("users", "organizations")
        first, second = (f"{self.endpoint}/api/{kind}/{quote(name)}/overview" for kind in kinds)
        return first, second


def is_id(name: str) -> bool:
    """Whether a crawled id has the form of one: only such an id may become part of a URL."""
    return _ID.fullmatch(name) is not None


def may_read(path: str, library: str | None) -> bool:
    """Whether reading a repository's file cannot count as a download: no query file is a text or a licence."""
    if path == "README.md" or is_licence_file(path):
        return True
    if "/" not in path and path.endswith((".md", ".txt", ".rst")):
        return True
    return path.endswith(".safetensors") and (library or "") in HEADERS_ARE_FREE
