"""FHIRPath for invariants: an expression is compiled once into closures that run over plain JSON."""

from sachet.fhir.fhirpath.compiler import Expression, compile  # noqa: A004 - as re.compile
from sachet.fhir.fhirpath.environment import Environment
from sachet.fhir.fhirpath.nodes import Items, Node, resource_node
from sachet.fhir.fhirpath.syntax import FHIRPathError

__all__ = ["Environment", "Expression", "FHIRPathError", "Items", "Node", "compile", "resource_node"]
