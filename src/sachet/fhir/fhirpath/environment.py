"""What an expression may ask of the world around its node."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sachet.fhir.fhirpath.nodes import NOTHING, Items, Node


@dataclass(slots=True)
class Environment:
    """Of one resource, for all expressions on its elements: they share what they find out about it in `cache`."""

    resource: Node | None = None  # %resource: the innermost resource that the node is in
    root: Node | None = None  # %rootResource: the outermost one but a Bundle; `resource` where there is none
    resolve: Callable[[str], Node | None] = lambda _: None  # what a reference leads to, but for contained resources
    member_of: Callable[[Node, str], bool | None] = lambda *_: None  # is a code in a ValueSet; None where unknown
    conforms_to: Callable[[Node, str], bool | None] = lambda *_: None  # to a profile; None where unknown
    html_checks: Callable[[str], bool] = lambda _: True  # is a narrative's div what it may be
    variables: Mapping[str, Items] = field(default_factory=dict)  # others, by their names without %
    cache: dict[Any, Any] = field(default_factory=dict)

    context: Node | None = None  # %context: the node that the expression is about
    in_context: dict[Any, Any] = field(default_factory=dict)  # the cache of what depends on %context
    index: int = 0  # $index
    total: Items = field(default_factory=lambda: NOTHING)  # $total

    def about(self, node: Node) -> Environment:
        """The same, with a node as %context."""
        return replace(self, context=node, in_context={})

    def at(self, index: int, total: Items = NOTHING) -> Environment:
        """The same, with $index and $total."""
        return replace(self, index=index, total=total)
