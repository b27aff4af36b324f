"""The commands of a reviewer: suggest, accept."""

from __future__ import annotations

import argparse
import datetime
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sachet.cli.common import Commands, UsageError
from sachet.cli.documents import understood

if TYPE_CHECKING:
    from sachet.guideline.model import Guideline, Item
    from sachet.review.acceptance import Acceptance
    from sachet.review.decision import Answers
    from sachet.review.suggestion import Suggestion


def add(command: Commands) -> None:
    """Add them to the parser."""
    text = "Say what the instructions of a document could become, for a reviewer; nothing is accepted by that."
    suggest = command("suggest", _suggest, text, "sachet suggest seeds/intraosseous-access.md")
    suggest.add_argument("document", type=Path, help="a document")
    suggest.add_argument("--format", choices=("text", "json"), default="text", help="how to print it (text)")
    text = (
        "Accept, as a named person, what a step becomes, so that a server can execute it. On a terminal you are asked; "
        "without one everything has to be answered by options."
    )
    example = 'sachet accept burns.md --step burns.treatment.morphine --reading 1 --reviewer "Dr A. Roe" \\\n    '
    example += '--condition unconditional --alternatives none --code "http://www.nlm.nih.gov/research/umls/rxnorm|7052"'
    accept = command("accept", _accept, text, example)
    accept.add_argument("document", type=Path, help="a document")
    for name, metavar, what in _OPTIONS:
        accept.add_argument(f"--{name}", metavar=metavar, help=what)
    accept.add_argument("--reading", type=int, metavar="N", help="the number of the reading that is right, from 1")
    accept.add_argument("--kind", choices=("MedicationRequest", "ServiceRequest", "Task"), help="what it becomes")
    code = "a code for the drug, service or task: SYSTEM|CODE or SYSTEM|CODE|DISPLAY; may be repeated"
    accept.add_argument("--code", action="append", default=[], dest="codes", metavar="CODE", help=code)
    code = "a code for the route; may be repeated"
    accept.add_argument("--route-code", action="append", default=[], dest="route_codes", metavar="CODE", help=code)
    accept.add_argument("--withdraw", action="store_true", help="make the step text again")


_OPTIONS = (
    ("step", "STEP", "the key of a step, as `sachet suggest` prints it, or its line (each, one after the other)"),
    ("reviewer", "NAME", "who accepts it"),
    ("condition", "WORDS", "when the step applies: 'unconditional', or words, with --expression"),
    ("expression", "FHIRPATH", "the condition as FHIRPath, for servers"),
    ("alternatives", "STEPS", "the keys of the steps beside it of which only one is to be done, or 'none'"),
    ("what", "WORDS", "the drug, service or task, where the reading is wrong or says too little"),
    ("dose", "AMOUNT", "the dose, where the reading is wrong, like '10-20 mg' or '0.1 mcg/kg/min'"),
    ("unit", "UCUM", "the code of the dose's unit, where the reading says too little, like '[iU]'"),
    ("route", "WORDS", "the route, where the reading is wrong"),
    ("frequency", "WORDS", "how often, where the reading is wrong, like 'q8h'"),
    ("over", "WORDS", "for how long each time, where the reading is wrong, like '10 minutes'"),
    ("maximum", "AMOUNT", "the most that is given at a time, or 'none'"),
)


def _suggest(options: argparse.Namespace) -> None:
    from sachet.review.decision import fitting
    from sachet.review.suggestion import suggestions

    guideline, root = understood(options)
    if guideline is None:
        return
    accepted, _ = fitting(guideline, root)
    if options.format == "json":
        rows = [one.as_json() | {"accepted": _by(accepted, one)} for one in suggestions(guideline)]
        json.dump({"id": guideline.id, "suggestions": rows}, sys.stdout, ensure_ascii=False)
        print()
        return
    for one in suggestions(guideline):
        print(f"{guideline.path}:{one.step.span.line}: {one.step.plain}")
        print(f"  {one.step.key}")
        for number, reading in enumerate(one.readings, 1):
            print(f"  {number} {reading}")
        if by := _by(accepted, one):
            print(f"  accepted by {by['reviewer']} on {by['date']}")


def _by(accepted: Mapping[str, Acceptance], one: Suggestion) -> dict[str, str] | None:
    """Who accepted a step, and when; None where nobody did."""
    by = accepted.get(one.step.key)
    return {"reviewer": by.reviewer, "date": by.date.isoformat()} if by else None


def _accept(options: argparse.Namespace) -> None:
    from sachet.review.acceptance import load, path_of
    from sachet.review.decision import keep
    from sachet.review.suggestion import suggestions

    guideline, root = understood(options)
    if guideline is None:
        return
    kept, findings = load(root, guideline.id)
    for finding in findings.found:
        print(finding, file=sys.stderr)
    if findings.found:
        raise UsageError(
            f"{path_of(root, guideline.id)} is not as it should be; mend or delete it, nothing was written"
        )
    held = [one for one, _ in kept]
    if options.withdraw:
        _withdraw(options, guideline, root, held)
        return
    for one in _chosen(options, guideline, root, list(suggestions(guideline))):
        try:
            made = _decided(one, guideline, options)
        except _StopError:
            return
        if made is None:
            continue
        print(f"{keep(guideline, root, held, made)}: {made.step} is accepted")
        held = [one for one in held if one.step != made.step] + [made]


class _StopError(Exception):
    """The person at the terminal has had enough."""


def _withdraw(options: argparse.Namespace, guideline: Guideline, root: Path, held: Sequence[Acceptance]) -> None:
    from sachet.review.decision import keep

    if not options.step:
        raise UsageError("--withdraw: say of which --step")
    left = [one for one in held if one.step != options.step]
    if len(left) == len(held):
        raise UsageError(f"--step: nothing was accepted of {options.step!r}")
    print(f"{keep(guideline, root, left)}: {options.step} is text again")


def _chosen(
    options: argparse.Namespace, guideline: Guideline, root: Path, all_: Sequence[Suggestion]
) -> Sequence[Suggestion]:
    """The step that was named, or on a terminal all that are not accepted yet."""
    from sachet.review.decision import fitting

    if options.step:
        found = [one for one in all_ if options.step in (one.step.key, str(one.step.span.line))]
        if not found:
            raise UsageError(f"--step: no instruction has the key or line {options.step!r}; see sachet suggest")
        return found
    if not sys.stdin.isatty():
        raise UsageError("this is no terminal, so nobody can be asked; say which --step, and answer by options")
    accepted, _ = fitting(guideline, root)
    return [one for one in all_ if one.step.key not in accepted]


def _decided(one: Suggestion, guideline: Guideline, options: argparse.Namespace) -> Acceptance | None:
    """What the options or the person at the terminal say of a step; None where it is left as it is."""
    from sachet.review.acceptance import RequestKind
    from sachet.review.decision import Answers, NotAcceptableError, decide

    named = {f.name: getattr(options, f.name) for f in fields(Answers)}
    named["alternatives"] = (options.alternatives or "").split(",")
    named["kind"] = RequestKind(options.kind) if options.kind else None
    answers = Answers(**named)
    today = datetime.date.today()
    if not sys.stdin.isatty():
        try:
            return decide(one, answers, today)
        except NotAcceptableError as e:
            lines = "".join(f"\n  {problem}" for problem in e.problems)
            raise UsageError(f"{one.step.key} is not accepted:{lines}") from e
    show(one, guideline.path)
    return _asked(one, answers, today)


def show(one: Suggestion, path: str) -> None:
    """Print a step as it stands: what is above it, beside it and below it, and what it could become."""
    print(f"\n{path}:{one.step.span.line}  {one.step.key}")
    for depth, words in enumerate((one.around.section.title.plain, *(item.plain for item in one.around.above))):
        print(f"  {'  ' * depth}{words}")
    inside = "  " * (len(one.around.above) + 2)
    for item in one.around.listed:
        mark = ">" if item is one.step else " "
        for line in _outline(item):
            print(f"{mark} {inside}{line}")
    for number, reading in enumerate(one.readings, 1):
        print(f"  {number} {reading}")
    if one.thresholds:
        print(f"  its words, or those above it, speak of {'; '.join(map(str, one.thresholds))}")


def _outline(item: Item) -> Iterator[str]:
    yield f"{item.prefix or '-'} {item.plain}"
    for fact in item.facts:
        yield f"    {fact.plain}"
    for child in item.children:
        yield from (f"  {line}" for line in _outline(child))


def _asked(one: Suggestion, answers: Answers, today: datetime.date) -> Acceptance | None:
    """Ask what is not answered yet, show what it becomes, and ask whether that is right."""
    from sachet.review.decision import NotAcceptableError, decide

    answers = _which(one, answers)
    if answers.reading is None and answers.kind is None:
        return None
    answers = _rest(one, answers)
    while True:
        try:
            made = decide(one, answers, today)
        except NotAcceptableError as e:
            for problem in e.problems:
                print(f"  ! {problem}")
            answers = _corrected(one, answers, [problem.partition(":")[0] for problem in e.problems])
            continue
        print(describe(made))
        if _ask("Is this right, and do you accept it? (yes, no)", ("yes", "no")) == "yes":
            return made
        return None


_NEEDED = (("what", "Which drug"), ("dose", "Which dose, like '10-20 mg' or '0.1 mcg/kg/min'"))
_CORRECTED = (
    ("route", "Which route, or blank"),
    ("frequency", "How often, or blank"),
    ("over", "Over what time, or blank"),
)


def _which(one: Suggestion, answers: Answers) -> Answers:
    from sachet.review.acceptance import RequestKind

    if answers.reading is not None or answers.kind is not None:
        return answers
    kinds = {"m": RequestKind.MEDICATION, "s": RequestKind.SERVICE, "t": RequestKind.TASK}
    numbers = [str(number) for number in range(1, len(one.readings) + 1)]
    question = (
        f"Which reading is right ({', '.join(numbers)}); or is it another medication (m), a service (s), a task (t); "
        "leave it as text (l), or stop (q)?"
    )
    chosen = _ask(question, (*numbers, *kinds, "l", "q"))
    if chosen == "q":
        raise _StopError
    if chosen == "m":
        told: dict[str, Any] = {name: _ask(question) for name, question in _NEEDED}
        told |= {name: _ask(f"{question}, or blank", blank=True) or None for name, question in _CORRECTED}
        return replace(answers, kind=kinds[chosen], **told)
    if chosen in kinds:
        return replace(answers, kind=kinds[chosen])
    return replace(answers, reading=int(chosen)) if chosen in numbers else answers


def _rest(one: Suggestion, answers: Answers) -> Answers:
    """Who, when, and which of those beside it are alternatives."""
    named: dict[str, Any] = {}
    if not answers.reviewer:
        named["reviewer"] = _ask("Your name")
    if not answers.condition:
        named["condition"] = _ask("When does it apply? Write 'unconditional', or the condition in words")
    if named.get("condition", answers.condition) != "unconditional" and not answers.expression:
        named["expression"] = _ask("The condition as FHIRPath")
    if not any(answers.alternatives):
        for number, item in enumerate(one.around.siblings, 1):
            print(f"  {number} {item.plain}")
        named["alternatives"] = _beside(one)
    if not answers.codes and (codes := _ask("Its codes, SYSTEM|CODE|DISPLAY with ; between, or blank", blank=True)):
        named["codes"] = [code.strip() for code in codes.split(";")]
    return replace(answers, **named)


def _beside(one: Suggestion) -> list[str]:
    """The keys of the alternatives, asked for by number."""
    while True:
        words = _ask("Of which of the steps beside it is it an alternative? Write their numbers, or 'none'")
        if words == "none":
            return [words]
        chosen = [number.strip() for number in words.split(",")]
        if all(number.isdigit() and 1 <= int(number) <= len(one.around.siblings) for number in chosen):
            return [one.around.siblings[int(number) - 1].key for number in chosen]
        print("  ! write numbers of the list above with commas between them, or 'none'")


def _corrected(one: Suggestion, answers: Answers, names: Sequence[str]) -> Answers:
    """The answers with those that were wrong asked again."""
    again: dict[str, Any] = {}
    for name in dict.fromkeys(names):
        if name == "alternatives":
            again[name] = _beside(one)
        elif name in ("codes", "route_codes"):
            again[name] = [_ask("SYSTEM|CODE or SYSTEM|CODE|DISPLAY")]
        elif name in (f.name for f in fields(answers)) and name not in ("reading", "kind"):
            again[name] = _ask(name)
    if not again:
        raise UsageError(f"{one.step.key} cannot be accepted so; nothing was written of it")
    return replace(answers, **again)


def describe(made: Acceptance) -> str:
    """What was accepted, for the person who accepts it."""
    lines = [
        f"  {made.kind}: {made.what.text}",
        *(f"    {c.system}|{c.code} {c.display or ''}" for c in made.what.codes),
    ]
    if dosage := made.dosage:
        if dosage.dose:
            lines.append(f"    dose {dosage.dose}")
        if dosage.rate:
            lines.append(f"    rate {dosage.rate}")
        if dosage.maximum:
            lines.append(f"    at most {dosage.maximum} at a time")
        if dosage.route:
            lines.append(f"    route {dosage.route.text}")
        if dosage.timing:
            lines.append(f"    timing {dosage.timing.words}")
    condition = (
        made.condition if isinstance(made.condition, str) else f"{made.condition.words}: {made.condition.expression}"
    )
    alternatives = made.alternatives if isinstance(made.alternatives, str) else ", ".join(made.alternatives)
    return "\n".join([*lines, f"    {condition}; alternatives: {alternatives}; by {made.reviewer}"])


def _ask(question: str, allowed: Sequence[str] | None = None, blank: bool = False) -> str:
    """An answer: one of those that are allowed, and not blank unless that is."""
    while True:
        answer = input(f"{question}: ").strip()
        if (answer or blank) and (allowed is None or answer in allowed):
            return answer
