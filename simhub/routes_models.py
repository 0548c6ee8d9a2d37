"""`GET /api/models` and `GET /api/models/{id}`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from simhub import records
from simhub.clock import DAY_SECONDS, chance, within
from simhub.files import files
from simhub.listing import MAX_LIMIT, SORTS, BadCursor, Cursor, Listing, Page, page
from simhub.ratelimit import Account
from simhub.wire import Request, Response, error, json_response

if TYPE_CHECKING:
    from simhub.core import Hub

FOREIGN_HOSTS = ("http://evil.invalid", "http://169.254.0.1")


class BadQuery(ValueError):
    """A query parameter the Hub refuses."""


def models(hub: Hub, request: Request, who: Account) -> Response:
    """A page of the listing."""
    try:
        asked = _listing(request, who)
        cursor = Cursor.decode(text) if (text := request.first("cursor")) else None
    except BadQuery as bad:
        return error(400, str(bad))
    except BadCursor:
        return error(400, "Invalid cursor")
    if cursor and hub.injector.too_deep(hub.store.day, request.target, cursor.page + 1):
        return error(504, "Gateway Timeout")
    if cursor and hub.injector.may_move():
        _move(hub, asked, cursor)
    key = f"{who.user} {request.origin} {request.target}"
    if (kept := hub.pages.get(key)) is not None:
        return kept
    return _rendered(hub, request, asked, cursor, key)


def _rendered(hub: Hub, request: Request, asked: Listing, cursor: Cursor | None, key: str) -> Response:
    day, url = hub.store.day, request.target
    found = page(hub.db, asked, cursor)
    body = b"[" + b",".join(_edited(hub, found, asked, cursor, url)) + b"]"
    response = json_response(body)
    foreign = found.next is not None and hub.injector.editing("badlink", day, url)
    if found.next is not None:
        response.headers["Link"] = f'<{_next_url(request, found.next, foreign)}>; rel="next"'
    if not foreign:
        hub.pages.put(key, response)
    return response


def _listing(request: Request, who: Account) -> Listing:
    sort = request.first("sort", "trendingScore")
    if sort not in SORTS:
        raise BadQuery(f"Invalid sort parameter: {sort}")
    equal = {"task": "pipeline_tag", "owner": "author", "library": "library"}
    gated = request.first("gated").lower()
    return Listing(
        expression=_expression(request),
        sort=SORTS[sort],
        descending=request.first("direction", "-1") != "1",
        limit=_limit(request),
        tags=tuple(tag for value in request.every("filter") for tag in value.split(",") if tag),
        equal={column: value for column, name in equal.items() if (value := request.first(name))},
        search=request.first("search"),
        gated=None if not gated else gated in ("true", "1"),
        user=who.user,
    )


def _limit(request: Request) -> int:
    text = request.first("limit") or str(MAX_LIMIT)
    if not text.isdigit() or int(text) < 1:
        raise BadQuery("limit must be a positive integer")
    return min(int(text), MAX_LIMIT)


def _expression(request: Request) -> str:
    fields = request.every("expand", "expand[]")
    shapes = [request.flag(name) for name in ("full", "cardData", "config")]
    if not fields:
        return records.listed(*shapes)
    if any(shapes):
        raise BadQuery("expand cannot be used together with full, cardData or config")
    for name in fields:
        if name not in records.EXPAND:
            raise BadQuery(f'Invalid option for "expand": {name}; one of {"|".join(sorted(records.EXPAND))}')
    return records.expanded(fields)


def _next_url(request: Request, cursor: Cursor, foreign: bool) -> str:
    kept = [(name, value) for name, value in request.query if name != "cursor"]
    origin = FOREIGN_HOSTS[cursor.page % 2] if foreign else request.origin
    return f"{origin}/api/models?{urlencode([*kept, ('cursor', cursor.encode())])}"


def _edited(hub: Hub, found: Page, asked: Listing, cursor: Cursor | None, url: str) -> list[bytes]:
    """The page's records with bad records spliced in after their anchors, and repeats where asked for."""
    lines = found.records
    if hub.bad:
        lines = []
        for ordinal, record in zip(found.ordinals, found.records, strict=True):
            lines.append(record)
            lines += hub.bad.get(ordinal, ())
    if found.records and hub.injector.editing("dup", hub.store.day, url):
        lines = [*lines, found.records[0]]
        if cursor is not None:
            again = f"SELECT {asked.expression} FROM {records.source(asked.expression)} WHERE s.ordinal = ?"
            lines += [row[0] for row in hub.db.execute(again, (cursor.ordinal,))]
    return lines


def _move(hub: Hub, asked: Listing, cursor: Cursor) -> None:
    """Let the last model already served change so that the rest of this listing meets it again."""
    hub.pages.forget()
    day, ordinal = hub.store.day, cursor.ordinal
    if asked.sort in ("downloads", "likes", "trending") and asked.descending:
        hub.db.execute(f"UPDATE state SET {asked.sort} = max(0, {asked.sort} / 2 - 1) WHERE ordinal = ?", (ordinal,))
        query = "INSERT OR REPLACE INTO metric SELECT ?, ordinal, downloads, likes FROM state WHERE ordinal = ?"
        hub.db.execute(query, (day, ordinal))
    elif asked.sort in ("last_modified", "trending", "downloads", "likes"):
        spec = hub.store.current(ordinal)
        if spec is None:
            return
        spec.commits, spec.weights_rev = spec.commits + 1, spec.weights_rev + 1
        spec.modified = within(day, int(DAY_SECONDS * (0.99 + 0.009 * chance("move", ordinal))))
        made = (ordinal, spec.commits, day, spec.modified, "Training in progress")
        hub.db.execute("INSERT INTO commit_made VALUES (?,?,?,?,?)", made)
        hub.store.revise(spec, day)
    hub.db.execute("INSERT INTO moved VALUES (?,?,?)", (day, ordinal, asked.sort))


def info(hub: Hub, request: Request, who: Account, name: str, revision: str) -> Response:
    """One model, whole or with `expand`; `blobs=true` adds sizes and hashes to its files."""
    model = hub.find(request, name, who)
    fields = request.every("expand", "expand[]")
    if unknown := [f for f in fields if f not in records.EXPAND]:
        return error(400, f'Invalid option for "expand": {unknown[0]}')
    shape = records.expanded(fields) if fields else records.info()
    query = f"SELECT {shape} FROM {records.source(shape)} WHERE s.ordinal = ?"
    body = hub.db.execute(query, (model.ordinal,)).fetchone()[0]
    old = revision and quote(revision) not in ("main", model.sha)
    if not (old or request.flag("blobs") or request.flag("securityStatus")):
        return json_response(body)
    record: dict[str, Any] = json.loads(body)
    spec, sha = hub.at(model, revision or "main")
    if old and not fields:
        record["sha"], record["lastModified"] = sha, spec.modified
        record["siblings"] = [{"rfilename": f.path} for f in files(spec)]
    if request.flag("blobs"):
        record["siblings"] = [f.sibling() for f in files(spec)]
    if request.flag("securityStatus"):
        record["securityRepoStatus"] = {"scansDone": True, "filesWithIssues": []}
    return json_response(record)
