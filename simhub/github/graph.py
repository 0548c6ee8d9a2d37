"""GitHub's GraphQL API: `POST /graphql`, run by graphql-core on the part of the public schema in schema.graphql.

Documented: what a call costs, the limits on nodes and pages, that a call needs a token. Seen in public reports, not
documented: the types and words of errors, their order, that a call beyond the limit is answered with status 200.
Guessed: what is said of a blocked repository. Without graphql-core every call answers 501.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from simhub.github import cost
from simhub.github.connections import Node, Refused
from simhub.github.limits import Caller, Meter, refused
from simhub.github.nodes import Nodes, account
from simhub.github.shelf import Shelf
from simhub.github.threads import iso
from simhub.wire import Request, Response, json_response

if TYPE_CHECKING:
    from graphql import DocumentNode, GraphQLError, GraphQLSchema

DOCS = "https://docs.github.com/graphql"


class Graph:
    """Runs queries over what a forge holds; ``meter`` counts what they cost."""

    def __init__(self, shelf: Shelf, seed: int, meter: Meter) -> None:
        self._nodes, self._meter = Nodes(shelf, seed), meter

    def answer(self, request: Request, caller: Caller) -> Response:
        """Answer one call."""
        try:
            asked = json.loads(request.body)
        except ValueError:
            return refused(400, "Problems parsing JSON", DOCS)
        if request.method != "POST" or not isinstance(asked, dict):
            return refused(400, "Body should be a JSON object", DOCS)
        query, variables = asked.get("query"), asked.get("variables") or {}
        if not isinstance(query, str) or not query.strip():
            return _failed({"message": "A query attribute must be specified and must be a string."})
        if self._meter.exhausted(caller, "graphql"):
            return _failed({"type": "RATE_LIMITED", "message": f"API rate limit exceeded for {caller.who}."})
        try:
            schema = _schema()
        except ImportError:
            return refused(501, "This simulation answers GraphQL only where graphql-core is installed.", DOCS)
        document, wrong = _read(query)
        if document is None:
            return _failed(*wrong)
        return self._run(schema, document, variables, asked.get("operationName"), caller)

    def _run(
        self, schema: GraphQLSchema, document: DocumentNode, variables: Node, name: str | None, caller: Caller
    ) -> Response:
        from graphql import execute_sync, get_operation_ast

        operation = get_operation_ast(document, name)
        if operation is None:
            return _failed({"message": "An operation name is required"})
        counted = cost.Counter(schema, document, variables).count(operation)
        if counted.nodes > cost.MOST_NODES:
            said = f"This query requests up to {counted.nodes:,} possible nodes"
            said += f" which exceeds the maximum limit of {cost.MOST_NODES:,}."
            return _failed({"type": "MAX_NODE_LIMIT_EXCEEDED", "message": said})
        self._meter.charge(caller, "graphql", counted.points)
        root = self._root(caller, counted)
        done = execute_sync(schema, document, root, variable_values=variables, operation_name=name)
        body: Node = {"data": done.data}
        if done.errors:
            body["errors"] = [_shown(error) for error in done.errors]
        return json_response(body)

    def _root(self, caller: Caller, counted: cost.Cost) -> Node:
        return {
            "repository": self._nodes.named,
            "node": self._nodes.node,
            "nodes": self._nodes.nodes,
            "viewer": lambda _: account(f"user-{caller.number}", False),
            "rateLimit": lambda _, dryRun=False: self._rate(caller, counted),
        }

    def _rate(self, caller: Caller, counted: cost.Cost) -> Node:
        spent = self._meter.spent(caller, "graphql")
        return {
            "cost": counted.points,
            "limit": spent.limit,
            "nodeCount": counted.nodes,
            "remaining": spent.remaining,
            "used": spent.used,
            "resetAt": iso(datetime.fromtimestamp(spent.reset, UTC)),
        }


@lru_cache(maxsize=1)
def _schema() -> GraphQLSchema:
    from graphql import build_schema

    return build_schema(Path(__file__).with_name("schema.graphql").read_text(encoding="utf-8"))


@lru_cache(maxsize=128)
def _read(query: str) -> tuple[DocumentNode | None, list[Node]]:
    """A query that was parsed and checked; None, and what is wrong with it, where something is."""
    from graphql import GraphQLSyntaxError, parse, validate

    try:
        document = parse(query)
    except GraphQLSyntaxError as bad:
        return None, [{"message": f"Parse error: {bad.message}", "locations": _places(bad)}]
    wrong = validate(_schema(), document)
    return (None, [_invalid(error) for error in wrong]) if wrong else (document, [])


def _invalid(error: GraphQLError) -> Node:
    """What is wrong with a query; an unknown field in GitHub's words, the rest in the library's."""
    node = error.nodes[0] if error.nodes else None
    words = error.message.split("'")
    if error.message.startswith("Cannot query field") and node is not None and len(words) >= 4:
        field, on = words[1], words[3]
        code = {"code": "undefinedField", "typeName": on, "fieldName": field}
        said = f"Field '{field}' doesn't exist on type '{on}'"
        return {"path": [], "extensions": code, "locations": _places(error), "message": said}
    return {"locations": _places(error), "message": error.message}


def _shown(error: GraphQLError) -> Node:
    """An error as GitHub lists it."""
    shown: dict[str, Any] = {}
    if isinstance(error.original_error, Refused):
        shown["type"] = error.original_error.kind
    if error.path is not None:
        shown["path"] = list(error.path)
    return {**shown, "locations": _places(error), "message": error.message}


def _places(error: GraphQLError) -> list[dict[str, int]]:
    return [{"line": place.line, "column": place.column} for place in error.locations or ()]


def _failed(*errors: Node) -> Response:
    return json_response({"errors": list(errors)})
