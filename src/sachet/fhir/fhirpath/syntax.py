"""What an expression says: the text of FHIRPath as a tree (FHIRPath 2.0, "Lexical Elements" and the grammar)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeAlias

from sachet.fhir.fhirpath.nodes import BOOLEAN, DATE, DATE_TIME, DECIMAL, INTEGER, STRING, TIME, UCUM, Items, quantity


class FHIRPathError(ValueError):
    """An expression that cannot be read, or that asks for what there is not; `position` counts its characters."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(f"{message} (at character {position + 1})")
        self.position = position


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: a string, number, Boolean, date, time or quantity, or nothing: `{}`."""

    items: Items


@dataclass(frozen=True, slots=True)
class Variable:
    """`%resource`, or `$this`, `$index` and `$total`, which are known without their sign as `this` and so on."""

    name: str


@dataclass(frozen=True, slots=True)
class Step:
    """An element of what comes before it; with nothing before it, of the context."""

    source: Tree | None
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A function of what comes before it."""

    source: Tree | None
    name: str
    arguments: tuple[Tree, ...]
    at: int = field(compare=False, repr=False, default=0)


@dataclass(frozen=True, slots=True)
class Operation:
    """Two operands, and what is between them."""

    operator: str
    left: Tree
    right: Tree


@dataclass(frozen=True, slots=True)
class Negative:
    """`-` before a number or quantity."""

    operand: Tree


@dataclass(frozen=True, slots=True)
class TypeTest:
    """`is` or `as`, with the name of a type."""

    operator: str
    operand: Tree
    type: str


Tree: TypeAlias = Literal | Variable | Step | Call | Operation | Negative | TypeTest

_TOKEN = re.compile(
    r"""(?P<space> \s+ | //[^\n]* | /\*.*?\*/ )
      | (?P<date> @ \d{4}(?:-\d\d(?:-\d\d)?)? (?:T(?:\d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)?(?:Z|[+-]\d\d:\d\d)?)?)? )
      | (?P<time> @T \d\d(?::\d\d(?::\d\d(?:\.\d+)?)?)? )
      | (?P<number> \d+(?:\.\d+)? )
      | (?P<string> '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" )
      | (?P<quoted> `(?:[^`\\]|\\.)*` )
      | (?P<word> [A-Za-z_][A-Za-z0-9_]* )
      | (?P<variable> %(?: [A-Za-z_][A-Za-z0-9_-]* | `(?:[^`\\]|\\.)*` | '(?:[^'\\]|\\.)*' ) )
      | (?P<special> \$(?:this|index|total)\b )
      | (?P<sign> <= | >= | != | !~ | [-+*/&|<>=~.,()\[\]{}] )""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPES = {"t": "\t", "r": "\r", "n": "\n", "f": "\f", "'": "'", '"': '"', "`": "`", "\\": "\\", "/": "/"}
_CALENDAR = ("year", "month", "week", "day", "hour", "minute", "second", "millisecond")
_UNITS = {unit: name for name in _CALENDAR for unit in (name, name + "s")}
_BINDING = {  # how tightly each operator binds (section "Operator Precedence"); all of them group from the left
    operator: strength
    for strength, operators in enumerate(
        ["implies", "or xor", "and", "in contains", "= ~ != !~", "< > <= >=", "|", "is as", "+ - &", "* / div mod"], 1
    )
    for operator in operators.split()
}
_DEEPEST = 200  # nested parentheses: more is no expression that anyone wrote, and would exhaust Python's stack


def parse(text: str) -> Tree:
    """The tree of an expression; FHIRPathError where it cannot be read."""
    return _Parser(text).parse()


class _Parser:
    """Reads by precedence climbing."""

    def __init__(self, text: str) -> None:
        self.tokens: list[tuple[str, str, int]] = []  # kind, text, position
        at = 0
        while at < len(text):
            found = _TOKEN.match(text, at)
            if not found:
                raise FHIRPathError(f"{text[at]!r} is no part of FHIRPath", at)
            if found.lastgroup != "space":
                self.tokens.append((found.lastgroup or "", found.group(), at))
            at = found.end()
        self.tokens.append(("end", "", len(text)))
        self.next = 0
        self.depth = 0

    def parse(self) -> Tree:
        tree = self.expression(0)
        if self.kind != "end":
            raise self.unexpected("an operator or the end")
        return tree

    @property
    def kind(self) -> str:
        return self.tokens[self.next][0]

    @property
    def text(self) -> str:
        return self.tokens[self.next][1]

    @property
    def at(self) -> int:
        return self.tokens[self.next][2]

    def unexpected(self, wanted: str) -> FHIRPathError:
        return FHIRPathError(f"found {self.text or 'the end'!r} where {wanted} should be", self.at)

    def take(self, sign: str = "") -> str:
        if sign and (self.kind != "sign" or self.text != sign):
            raise self.unexpected(f"{sign!r}")
        self.next += 1
        return self.tokens[self.next - 1][1]

    def has(self, sign: str) -> bool:
        return self.kind == "sign" and self.text == sign

    def expression(self, binding: int) -> Tree:
        self.depth += 1
        if self.depth > _DEEPEST:
            raise FHIRPathError("nested too deeply", self.at)
        tree = self.polarity()
        while self.kind in ("sign", "word") and (strength := _BINDING.get(self.text, 0)) > binding:
            operator = self.take()
            if operator in ("is", "as"):
                tree = TypeTest(operator, tree, self.type_name())
            else:
                tree = Operation(operator, tree, self.expression(strength))
        self.depth -= 1
        return tree

    def polarity(self) -> Tree:
        if self.has("-") or self.has("+"):
            negative = self.take() == "-"
            operand = self.polarity()
            return Negative(operand) if negative else operand
        tree = self.term()
        while self.has(".") or self.has("["):
            if self.take() == ".":
                tree = self.invocation(tree)
            else:
                tree = Call(tree, "[]", (self.expression(0),), self.at)
                self.take("]")
        return tree

    def term(self) -> Tree:
        kind, at = self.kind, self.at
        if self.has("("):
            self.take()
            tree = self.expression(0)
            self.take(")")
            return tree
        if self.has("{"):
            self.take()
            self.take("}")
            return Literal([])
        if kind == "word" and self.text in ("true", "false"):
            return Literal([(self.take() == "true", BOOLEAN, None)])
        if kind in _LITERALS:
            return _LITERALS[kind](self)
        if kind == "variable":
            name = self.take()[1:]
            return _external(_unescaped(name[1:-1], at) if name[0] in "`'" else name)
        if kind == "special":
            return Variable(self.take()[1:])
        return self.invocation(None)

    def invocation(self, source: Tree | None) -> Tree:
        at = self.at
        if self.kind == "special":
            if self.text != "$this":
                raise self.unexpected("a name")
            return self.this(source)
        name = self.name()
        if not self.has("("):
            return Step(source, name)
        self.take()
        arguments: list[Tree] = []
        while not self.has(")"):
            if arguments:
                self.take(",")
            arguments.append(self.expression(0))
        self.take(")")
        return Call(source, name, tuple(arguments), at)

    def this(self, source: Tree | None) -> Tree:
        self.take()
        return Call(source, "select", (Variable("this"),), self.at) if source else Variable("this")

    def name(self) -> str:
        if self.kind not in ("word", "quoted"):
            raise self.unexpected("a name")
        at = self.at
        text = self.take()
        return _unescaped(text[1:-1], at) if text[0] == "`" else text

    def type_name(self) -> str:
        name = self.name()
        while self.has("."):
            self.take()
            name += "." + self.name()
        return name

    def number(self) -> Tree:
        text = self.take()
        if self.kind == "string" or (self.kind == "word" and self.text in _UNITS):
            at = self.at
            unit = self.take()
            if unit in _UNITS:
                return Literal([quantity(Decimal(text), _UNITS[unit], None)])
            return Literal([quantity(Decimal(text), None, _unescaped(unit[1:-1], at))])
        return Literal([(Decimal(text), DECIMAL, None) if "." in text else (int(text), INTEGER, None)])

    def string(self) -> Tree:
        at = self.at
        return Literal([(_unescaped(self.take()[1:-1], at), STRING, None)])

    def date(self) -> Tree:
        text = self.take()[1:]
        return Literal([(text.removesuffix("T"), DATE_TIME if "T" in text else DATE, None)])

    def time(self) -> Tree:
        return Literal([(self.take()[2:], TIME, None)])


_LITERALS: dict[str, Callable[[_Parser], Tree]] = {
    "number": _Parser.number,
    "string": _Parser.string,
    "date": _Parser.date,
    "time": _Parser.time,
}


_CONSTANTS = {"ucum": UCUM, "sct": "http://snomed.info/sct", "loinc": "http://loinc.org"}
_PREFIXES = {"vs": "http://hl7.org/fhir/ValueSet/", "ext": "http://hl7.org/fhir/StructureDefinition/"}


def _external(name: str) -> Tree:
    """A variable from outside (section "Environment Variables"); FHIR's urls are constants."""
    prefix, dash, rest = name.partition("-")
    url = _PREFIXES[prefix] + rest if dash and prefix in _PREFIXES else _CONSTANTS.get(name)
    return Literal([(url, STRING, None)]) if url else Variable(f"%{name}")


def _unescaped(text: str, at: int) -> str:
    """A string without its escapes; HL7's engine refuses those that the specification does not know, and so do we."""
    if "\\" not in text:
        return text

    def character(found: re.Match[str]) -> str:
        if found[1]:
            return chr(int(found[1], 16))
        if found[2] not in _ESCAPES:
            raise FHIRPathError(f"\\{found[2]} is no escape of FHIRPath; a backslash is written \\\\", at)
        return _ESCAPES[found[2]]

    return _ESCAPE.sub(character, text)
