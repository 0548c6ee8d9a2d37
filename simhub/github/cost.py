"""What a GraphQL call costs, worked out before it runs, as GitHub documents it.

Every connection costs one request for each node above it, as if every page were full; a hundred requests are one
point, and a call costs one at least. The nodes are counted the same way. Guessed: that a connection without ``first``
or ``last``, of which only the total can be asked, costs nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from graphql import DocumentNode, FieldNode, GraphQLSchema, OperationDefinitionNode, SelectionSetNode

MOST_NODES = 500_000


@dataclass
class Cost:
    """Requests that connections take, and nodes that a call can return."""

    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        """What it costs of the limit."""
        return max(1, round(self.requests / 100))


class Counter:
    """Walks one operation of a valid document."""

    def __init__(self, schema: GraphQLSchema, document: DocumentNode, variables: Mapping[str, Any]) -> None:
        from graphql import FragmentDefinitionNode

        self._schema, self._variables = schema, dict(variables)
        self._fragments = {
            part.name.value: part for part in document.definitions if isinstance(part, FragmentDefinitionNode)
        }
        self._cost = Cost()

    def count(self, operation: OperationDefinitionNode) -> Cost:
        """The cost of an operation."""
        from graphql import value_from_ast_untyped

        for given in operation.variable_definitions or ():
            if given.default_value is not None:
                self._variables.setdefault(given.variable.name.value, value_from_ast_untyped(given.default_value))
        self._walk(operation.selection_set, self._schema.query_type, 1)
        return self._cost

    def _walk(self, selected: SelectionSetNode | None, parent: Any, times: int) -> None:
        for part in selected.selections if selected else ():
            if part.kind == "field":
                self._field(part, parent, times)  # type: ignore[arg-type]
            elif part.kind == "inline_fragment":
                on = part.type_condition  # type: ignore[attr-defined]
                inner = self._schema.get_type(on.name.value) if on else parent
                self._walk(part.selection_set, inner, times)  # type: ignore[attr-defined]
            else:
                fragment = self._fragments[part.name.value]  # type: ignore[attr-defined]
                self._walk(fragment.selection_set, self._schema.get_type(fragment.type_condition.name.value), times)

    def _field(self, field: FieldNode, parent: Any, times: int) -> None:
        from graphql import get_named_type

        known = getattr(parent, "fields", {}).get(field.name.value)
        if known is None or field.selection_set is None:
            return
        inner = get_named_type(known.type)
        if inner.name.endswith("Connection"):
            size = self._argument(field, "first") or self._argument(field, "last")
            if isinstance(size, int) and size > 0:
                self._cost.requests += times
                self._cost.nodes += times * size
                times *= size
        elif parent is self._schema.query_type and field.name.value == "nodes":
            ids = self._argument(field, "ids")
            times *= len(ids) if isinstance(ids, list) else 1
        self._walk(field.selection_set, inner, times)

    def _argument(self, field: FieldNode, name: str) -> Any:
        from graphql import value_from_ast_untyped

        for argument in field.arguments or ():
            if argument.name.value == name:
                return value_from_ast_untyped(argument.value, self._variables)
        return None
