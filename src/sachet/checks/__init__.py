"""Checks over documents. A check is one function; `CHECKS` is the one table that they stand in.

Those of a document get a Subject, those over all documents a Corpus: what is left of each when it was read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from sachet.checks import (
    across,
    arithmetic,
    bands,
    citations,
    decisions,
    doses,
    duplicates,
    editions,
    harm_window,
    icd10,
    instructions,
    ladders,
    leftovers,
    links,
    metadata,
    outliers,
    practice,
    restated,
    schema,
    structure,
    sums,
    thresholds,
    units,
)
from sachet.checks.facts import Corpus, Facts, facts
from sachet.checks.formulary import Entry
from sachet.checks.subject import Subject
from sachet.finding import Finding
from sachet.guideline.model import Guideline

__all__ = ["CHECKS", "Facts", "check", "check_across"]

# The checks of the validation block of the front matter, and what is always checked.
ALWAYS = "schema, structure and codes"
CONSISTENCY = "automated_consistency_check"
DOSES = "dose_range_validator"
UNITS = "unit_normalization_check"
CROSS_FILE = "cross_file_consistency_check"
CITATIONS = "citation_presence_check"
DUPLICATES = "duplicate_content_check"
OUTLIERS = "outlier_detection_flag"

OfDocument = Callable[[Subject], Iterator[Finding]]
OverAll = Callable[[Corpus], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Checks:
    """The functions of one check: those of a document, and those over all documents."""

    name: str
    of_document: tuple[OfDocument, ...] = ()
    over_all: tuple[OverAll, ...] = ()


CHECKS: tuple[Checks, ...] = (
    Checks(
        ALWAYS,
        (
            schema.unknown_keys,
            schema.required_keys,
            schema.kinds_and_values,
            metadata.tier_fits_urgency,
            metadata.schema_version,
            metadata.checks_were_run,
            metadata.review_is_current,
            metadata.stamp_holds,
            structure.headings,
            structure.title,
            structure.comparators,
            structure.malformed_comparators,
            leftovers.leftovers,
            icd10.codes_exist,
            icd10.codes_billable,
            icd10.roles_known,
            icd10.titles_fit,
            icd10.causes_fit,
            icd10.named_alike,
            icd10.roles_of_procedures,
            icd10.patients_fit,
            icd10.exclusions,
        ),
    ),
    Checks(
        CONSISTENCY,
        (
            restated.twice,
            decisions.two_levels,
            instructions.counts,
            instructions.superlatives,
            instructions.orders,
            instructions.bans,
            instructions.pitfalls,
            harm_window.order,
            harm_window.complete,
            harm_window.targets,
            bands.ages,
            bands.grades,
            bands.levels,
            ladders.ladders,
            bands.windows,
            arithmetic.conversions,
            arithmetic.products,
            arithmetic.formulas,
            sums.described,
        ),
    ),
    Checks(
        DOSES,
        (
            doses.contradictions,
            doses.restated,
            doses.durations,
            doses.ceilings,
            doses.totals,
            doses.formulary,
            practice.superseded,
            doses.tenfold,
        ),
    ),
    Checks(UNITS, (units.unsafe_abbreviations, units.unsafe_numbers, units.spellings, units.units_known)),
    Checks(
        CROSS_FILE,
        (links.lists,),
        (
            links.lead_somewhere,
            links.provenance_resolves,
            across.doses,
            across.ages,
            across.ceilings,
            across.durations,
            across.levels,
            thresholds.disagreements,
            icd10.on_unrelated,
        ),
    ),
    Checks(
        CITATIONS,
        (
            citations.identified,
            citations.well_formed,
            citations.years_fit,
            citations.decision_rules,
            citations.repeated,
            citations.guidance_named,
            citations.relevant,
        ),
        (editions.one_article, editions.editions),
    ),
    Checks(DUPLICATES, (duplicates.lines,), (duplicates.shared, duplicates.documents, duplicates.names)),
    Checks(OUTLIERS, over_all=(outliers.doses,)),
)


def check(guideline: Guideline, formulary: Sequence[Entry] = ()) -> tuple[tuple[Finding, ...], Facts]:
    """Every finding of the checks of one document, and what the checks over all documents need to know of it."""
    subject = Subject(guideline, formulary)
    found = tuple(f for checks in CHECKS for one in checks.of_document for f in one(subject))
    return found, facts(subject)


def check_across(documents: Iterable[Facts], root: Path) -> tuple[Finding, ...]:
    """Every finding of the checks over all documents of the project in a folder, in whatever order they come."""
    corpus = Corpus(_in_order(documents), root)
    return tuple(f for checks in CHECKS for one in checks.over_all for f in one(corpus))


def _in_order(documents: Iterable[Facts]) -> Sequence[Facts]:
    return sorted(documents, key=lambda one: (one.id, one.path))
