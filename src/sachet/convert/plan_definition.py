"""A Guideline as a PlanDefinition: a plan whose actions are text.

Nothing here can be executed but what a named person accepted. No other action has a definition, a condition or a
resource: a server treats a missing condition as true and applies every child.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from sachet.convert import accepted
from sachet.convert.context import Context
from sachet.convert.front_matter import extensions, target_time, uncarried
from sachet.convert.narrative import plan_body, plan_spans
from sachet.convert.related_artifact import links, related_artifacts
from sachet.convert.use_context import use_contexts
from sachet.document.front_matter import Scalar, scalars
from sachet.document.markdown import Text
from sachet.fhir.element import Element, Words
from sachet.fhir.names import COMMON_PROCESS, PLAN_TYPE, computable_name, extension_url
from sachet.fhir.text import escape, listing, narrative
from sachet.finding import Span
from sachet.guideline.model import Guideline, Item, Kind, Section
from sachet.guideline.title import fit, masked, short_hash, slug, step_prefix
from sachet.guideline.understand import parse_date

# CPG-on-FHIR's common processes: what a section is about.
_PROCESS = {
    "Recognition": "history-and-physical",
    "Critical Actions": "emergency-care",
    "Differential Diagnosis": "determine-diagnosis",
    "Workup": "diagnostic-testing",
    "Treatment": "guideline-based-care",
    "Disposition": "discharge-referral-of-patient",
}
_OTHER_PROCESS = "alerts-reminders-education"
# Clinical sentences of the front matter that are read at the bedside too: key → section and title of their group.
_SENTENCES = {"red_flags": ("Recognition", "Red flags"), "escalation_triggers": ("Disposition", "Escalation triggers")}
_TITLED = (Kind.HEADING, Kind.LABEL, Kind.STEP)


def plan_definition(guideline: Guideline, context: Context) -> Element:
    """The PlanDefinition of a document, in R5's shape."""
    title = guideline.title
    author, reviewer = guideline.scalar("compiled_by"), guideline.scalar("reviewed_by")
    sections = [_section(section, guideline, context) for section in guideline.sections]
    plan = Element(
        [guideline.identifier.span],
        resourceType="PlanDefinition",
        id=guideline.id,
        meta=context.claims("sachet-plan-definition"),
        text=narrative(plan_body(guideline), plan_spans(guideline)),
        extension=extensions(guideline),
        url=context.url("PlanDefinition", guideline.id),
        version=Words(guideline.version, version_spans(guideline)),
        name=Words(computable_name(title.words), [title.span]),
        title=Words(title.words, [title.span]),
        subtitle=_subtitle(guideline),
        type=Element((), coding=[Element((), system=PLAN_TYPE, code="clinical-protocol")]),
        **context.status(),
        date=_day(guideline, "last_updated"),
        publisher=context.project.publisher,
        description=_description(guideline),
        useContext=list(use_contexts(guideline)),
        usage=_usage(guideline),
        copyright=escape(context.project.licence) if context.project.licence else None,
        lastReviewDate=_day(guideline, "review_date"),
        author=[_person(author)] if author else None,
        reviewer=[_person(reviewer)] if reviewer else None,
        relatedArtifact=list(related_artifacts(guideline, context)),
        action=sections,
    )
    if left := uncarried(guideline, plan):
        plan["extension"] = [*plan.get("extension", ()), *left]
    return plan


def version_spans(guideline: Guideline) -> tuple[Span, ...]:
    """Where the words stand that the document's version was made of."""
    return (guideline.version_stated.span,) if guideline.version_stated else ()


def _day(guideline: Guideline, key: str) -> Words | None:
    scalar = guideline.scalar(key)
    return Words(scalar.words, [scalar.span]) if scalar and parse_date(scalar.words) else None


def _person(name: Scalar) -> Element:
    return Element([name.span], name=Words(name.words, [name.span]))


def _subtitle(guideline: Guideline) -> Words | None:
    """The document's own heading where it says more than the condition."""
    heading = guideline.heading
    if heading is None or heading.plain == guideline.title.words:
        return None
    return Words(heading.plain, [heading.span])


def _description(guideline: Guideline) -> Words:
    aliases = guideline.aliases
    words = f"Clinical guidance on {guideline.title.words}."
    if aliases:
        words += f" Also known as: {', '.join(a.words for a in aliases)}."
    heading = [guideline.heading.span] if guideline.heading else []
    return Words(escape(words), [guideline.title.span, *heading, *(a.span for a in aliases)])


def _usage(guideline: Guideline) -> Words | None:
    """What stands before the first section: the scope of the document."""
    texts = [t for item in guideline.preamble for below in item.walk() for t in (*below.words, *below.facts)]
    return _lines([], texts) if texts else None


def _section(section: Section, guideline: Guideline, context: Context) -> Element:
    code = _PROCESS.get(section.name or "", _OTHER_PROCESS)
    actions = _actions(section.key, section.items, guideline, context)
    for key, (name, title) in _SENTENCES.items():
        if section.name == name and (group := _sentences(guideline, key, title, section.key)):
            actions.append(group)
    return Element(
        [section.title.span],
        id=section.key,
        linkId=section.key,
        title=Words(section.title.plain, [section.title.span]),
        code=Element((), coding=[Element((), system=COMMON_PROCESS, code=code)]),
        documentation=list(links([section.title], context)),
        action=actions,
    )


def _sentences(guideline: Guideline, key: str, title: str, section: str) -> Element | None:
    entry = guideline.fields.get(key)
    found = [s for s in scalars(entry.value) if not s.is_null] if entry else []
    if entry is None or not found:
        return None
    group = f"{section}.{key.replace('_', '-')}--front-matter"  # no heading has a key with two hyphens
    actions: list[Element] = []
    seen: Counter[str] = Counter()
    for sentence in found:
        lead = f"{slug(sentence.words) or 'x'}-{short_hash(masked(sentence.words))}"
        seen[lead] += 1
        lead += f"-{seen[lead]}" if seen[lead] > 1 else ""
        name = fit(f"{group}.{lead}", lead)
        actions.append(Element([sentence.span], id=name, linkId=name, title=Words(sentence.words, [sentence.span])))
    name = fit(group, key.replace("_", "-"))
    return Element([entry.key_span], id=name, linkId=name, title=title, action=actions)


def _actions(above: str, items: Sequence[Item], guideline: Guideline, context: Context) -> list[Element]:
    made = [_action(item, guideline, context) for item in items]
    return accepted.grouped(above, made, context.accepted) if context.accepted else made


def _action(item: Item, guideline: Guideline, context: Context) -> Element:
    executed = context.accepted.get(item.key)
    documentation = [_describes(item, guideline, context)] if item.instruction and not executed else []
    documentation += links((*item.words, *item.facts), context)
    key = Words(item.key, item.key_spans)
    target = [_target(item)] if item.kind is Kind.TARGET and len(item.cells) > 1 else None
    fields = accepted.action(executed, guideline, context) if executed else {"extension": target}
    below = _actions(item.key, item.children, guideline, context)
    if len(below) == 1 and (choice := accepted.choice(below[0])):  # all below it are alternatives
        below, fields = below[0]["action"], fields | choice
    return Element(
        [item.span],
        id=key,
        **fields,
        linkId=key,
        prefix=item.prefix,
        title=Words(item.title, item.title_spans),
        description=describe(item),
        documentation=documentation,
        action=below,
    )


def describe(item: Item) -> Words | None:
    """An item's words and facts, verbatim; None where its title says it all (a heading, a label)."""
    if item.cells:
        pairs = [f"{c.header.plain}: {c.text.plain}" if c.header.plain else c.text.plain for c in item.cells]
        spans = [span for c in item.cells for span in (c.text.span, c.header.span)]
        return Words(listing("", pairs), spans)
    if item.kind is Kind.TARGETS:
        return Words(escape(" | ".join(t.plain for t in item.words)), [item.span])
    own = {item.plain.rstrip(" :"), *([step_prefix(item.plain)[1].rstrip(" :")] if item.prefix else [])}
    in_title = item.kind in _TITLED and item.title in own
    if in_title and not item.facts:
        return None
    return _lines([] if in_title else [*item.words], [*item.facts])


def _lines(own: list[Text], below: list[Text]) -> Words:
    plain = " ".join(t.plain for t in own)
    return Words(listing(plain, [t.plain for t in below]), [t.span for t in (*own, *below)])


def _describes(item: Item, guideline: Guideline, context: Context) -> Element:
    """The ActivityDefinition that describes an instruction. It is documentation: no engine applies it."""
    url = f"{context.url('ActivityDefinition', item.key)}|{guideline.version}"
    return Element(
        (),
        type="documentation",
        display=Words(item.title, item.title_spans),
        resource=Words(url, (*item.key_spans, *version_spans(guideline))),
    )


def _target(item: Item) -> Element:
    """The target time of a row, as written, with a Duration where the cell is nothing but a time."""
    cell = item.cells[1].text
    return Element([cell.span], url=extension_url("target-time"), extension=target_time(cell.plain, item.target))
