"""A corpus of FHIR resources, valid and each with one rule broken, that validators are held against."""

from agreement.case import Case
from agreement.corpus import generate
from agreement.fixtures import definitions

SEED = 1  # of what the project looks at
HELD_OUT = 90210  # of what nobody looks at, so that agreement on it means something

__all__ = ["HELD_OUT", "SEED", "Case", "definitions", "generate"]
