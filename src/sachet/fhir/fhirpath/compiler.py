"""Expressions as closures over plain JSON.

Every part of a tree becomes a function of the items in scope (what `$this` is) and the environment. There are two
kinds: one gives the items, the other just their truth, so that an invariant makes no collections of Booleans.
Parts that depend on %resource only are found out once for a resource, and constants once.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeAlias, TypeVar

from sachet.fhir.fhirpath.environment import Environment
from sachet.fhir.fhirpath.functions import COLLECTIONS, TRUTHS, as_boolean, single, union
from sachet.fhir.fhirpath.nodes import (
    FALSE,
    NOTHING,
    TRUE,
    Items,
    Node,
    Unanswerable,
    equal,
    integer,
    key,
    step,
    typed,
)
from sachet.fhir.fhirpath.operators import alike, calculated, ordered, same
from sachet.fhir.fhirpath.syntax import (
    Call,
    FHIRPathError,
    Literal,
    Negative,
    Operation,
    Step,
    Tree,
    TypeTest,
    Variable,
    parse,
)

Find: TypeAlias = Callable[[Items, Environment], Items]
Judge: TypeAlias = Callable[[Items, Environment], bool | None]
Made = TypeVar("Made", Find, Judge)
_FAILURES = (Unanswerable, RecursionError, ArithmeticError, ValueError)  # of values, where HL7's engine throws


class Expression:
    """An expression that is ready to be asked."""

    __slots__ = ("_about_context", "_boolean", "_find", "_judge", "text")

    def __init__(self, text: str) -> None:
        tree = parse(text)
        self.text = text
        self._find = _find(tree)
        self._judge = _judge(tree)
        self._boolean = _is_boolean(tree)
        self._about_context = "context" in _needs(tree)

    def holds(self, node: Node, environment: Environment) -> bool:
        """Whether an invariant holds for a node, as HL7's engine judges: nothing is false, any item that is no Boolean
        is true, and what the engine would throw at is false, for it is reported.
        """
        try:
            if self._about_context:
                environment = environment.about(node)
            if self._boolean:
                return self._judge([node], environment) is True
            found = self._find([node], environment)
            return len(found) > 1 or as_boolean(found) is True
        except _FAILURES:
            return False

    def evaluate(self, node: Node, environment: Environment) -> Items:
        """The items that an expression finds from a node; none where HL7's engine would throw."""
        try:
            return list(self._find([node], environment.about(node) if self._about_context else environment))
        except _FAILURES:
            return []


@lru_cache(None)
def compile(text: str) -> Expression:  # noqa: A001 - as re.compile
    """The expression of a text; FHIRPathError where it cannot be read, or asks for a function that is not there."""
    try:
        return Expression(text)
    except RecursionError:
        raise FHIRPathError("nested too deeply", len(text)) from None


def _find(tree: Tree) -> Find:
    """The function that gives the items of a part."""
    made = _found(tree)
    needs = _needs(tree)
    if isinstance(tree, Literal | Variable) or "scope" in needs:
        return made
    if not needs:
        return _constant(made)
    name = repr(tree)

    if "context" in needs:

        def once_in_context(scope: Items, environment: Environment) -> Items:
            found: Items | None = environment.in_context.get(name)
            if found is None:
                found = environment.in_context[name] = made(scope, environment)
            return found

        return once_in_context

    def once(scope: Items, environment: Environment) -> Items:
        found: Items | None = environment.cache.get(name)
        if found is None:
            found = environment.cache[name] = made(scope, environment)
        return found

    return once


def _constant(made: Find) -> Find:
    try:
        items = made(NOTHING, Environment())
    except _FAILURES:
        return made
    return lambda scope, environment: items


def _needs(tree: Tree) -> frozenset[str]:
    """What a part depends on: the items in scope, %context, or %resource, which is always the same."""
    match tree:
        case Literal():
            return frozenset()
        case Variable(name):
            return _ROOTS.get(name, frozenset({"scope"}))
        case Step(source):
            return _needs(source) if source else frozenset({"scope"})
        case Negative(operand) | TypeTest(_, operand):
            return _needs(operand)
        case Operation(_, left, right):
            return _needs(left) | _needs(right)
    below = [_needs(argument) for argument in tree.arguments] if tree.name not in _TYPED else []
    needs = frozenset().union(*below)
    if tree.name in _SCOPED:
        needs -= {"scope"}
    if tree.name in _ASKING:
        needs |= {"resource"}
    if tree.name in _CLOCKS:
        needs |= {"scope"}
    return needs | (_needs(tree.source) if tree.source else {"scope"})


_ROOTS = {
    "%resource": frozenset({"resource"}),
    "%rootResource": frozenset({"resource"}),
    "%context": frozenset({"context"}),
}
_CLOCKS = ("now", "today", "timeOfDay")
_ASKING = ("resolve", "memberOf", "conformsTo", "htmlChecks")


def _found(tree: Tree) -> Find:
    match tree:
        case Literal(items):
            return lambda scope, environment: items
        case Variable(name):
            return _variable(name)
        case Step(None, name) if name[:1].isupper():
            of = typed(name, exactly=False)
            return lambda scope, environment: [node for node in scope if of(node[1])]
        case Step(source, name):
            below = step(name)
            if source is None:
                return lambda scope, environment: below(scope)
            above = _find(source)
            return lambda scope, environment: below(above(scope, environment))
        case Negative(operand):
            value = _find(operand)
            return lambda scope, environment: calculated("-", integer(0), value(scope, environment))
        case Operation(sign, left, right) if sign not in _JUDGES:
            one, other = _find(left), _find(right)
            if sign == "|":
                return lambda scope, environment: union(one(scope, environment), other(scope, environment))
            return lambda scope, environment: calculated(sign, one(scope, environment), other(scope, environment))
        case TypeTest("as", operand, name):
            return _of_type(_find(operand), name)
        case Call(name=name) if name in _FINDERS:
            return _checked(tree, *_FINDERS[name])
        case Call(source, name, arguments) if name in COLLECTIONS:
            function, *_ = _checked_arguments(tree, *COLLECTIONS[name])
            return _applied(function, _source(source), [_find(argument) for argument in arguments])
    judge = _judge(tree)
    return lambda scope, environment: _COLLECTED[judge(scope, environment)]


_COLLECTED: dict[bool | None, Items] = {True: TRUE, False: FALSE, None: NOTHING}


def _judge(tree: Tree) -> Judge:
    """The function that gives the truth of a part: True, False or None."""
    match tree:
        case Operation(sign, left, right) if sign in _JUDGES:
            return _JUDGES[sign](left, right)
        case TypeTest("is", operand, name):
            return _is(_find(operand), name)
        case Call(name=name, arguments=arguments) if name in _JUDGING and (arguments or name not in TRUTHS):
            return _checked(tree, *_JUDGING[name])
        case Call(source, name, arguments) if name in TRUTHS:
            function, *_ = _checked_arguments(tree, *TRUTHS[name])
            return _applied(function, _source(source), [_find(argument) for argument in arguments])
        case Call(name=name, at=at) if name not in _FINDERS and name not in COLLECTIONS:
            raise FHIRPathError(f"there is no function {name}()", at)
    find = _find(tree)
    return lambda scope, environment: as_boolean(find(scope, environment))


def _is_boolean(tree: Tree) -> bool:
    match tree:
        case Operation(sign):
            return sign in _JUDGES
        case TypeTest(name):
            return name == "is"
        case Call(name=name):
            return name in TRUTHS or name in _JUDGING
    return False


def _source(tree: Tree | None) -> Find | None:
    return _find(tree) if tree else None


def _applied(function: Callable[..., Any], source: Find | None, arguments: list[Find]) -> Callable[..., Any]:
    """A function of collections: its arguments are looked for from the items in scope, not from its source."""
    if source is None:
        return lambda scope, environment: function(scope, *(argument(scope, environment) for argument in arguments))
    if not arguments:
        return lambda scope, environment: function(source(scope, environment))
    if len(arguments) == 1:
        only = arguments[0]
        return lambda scope, environment: function(source(scope, environment), only(scope, environment))
    return lambda scope, environment: function(
        source(scope, environment), *(argument(scope, environment) for argument in arguments)
    )


def _checked_arguments(call: Call, made: Any, least: int, most: int) -> tuple[Any, int, int]:
    if not least <= len(call.arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise FHIRPathError(f"{call.name}() takes {wanted} arguments, not {len(call.arguments)}", call.at)
    return made, least, most


def _checked(call: Call, make: Callable[[Call], Made], least: int, most: int) -> Made:
    _checked_arguments(call, make, least, most)
    return make(call)


def _variable(name: str) -> Find:
    if name == "this":
        return lambda scope, environment: scope
    if name == "index":
        return lambda scope, environment: integer(environment.index)
    if name == "total":
        return lambda scope, environment: environment.total
    if name in ("%resource", "%rootResource", "%context"):
        return lambda scope, environment: [_root(name, environment)]

    def given(scope: Items, environment: Environment) -> Items:
        if name[1:] not in environment.variables:
            raise Unanswerable
        return environment.variables[name[1:]]

    return given


def _root(name: str, environment: Environment) -> Node:
    if name == "%context":
        node = environment.context
    else:
        node = (environment.root if name == "%rootResource" else None) or environment.resource
    if node is None:
        raise Unanswerable
    return node


# Operators (section "Operations")


def _and(left: Tree, right: Tree) -> Judge:
    one, other = _judge(left), _judge(right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        first = one(scope, environment)
        if first is False:
            return False
        second = other(scope, environment)
        return second if first else False if second is False else None

    return judge


def _or(left: Tree, right: Tree) -> Judge:
    one, other = _judge(left), _judge(right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        first = one(scope, environment)
        if first:
            return True
        second = other(scope, environment)
        return second if first is False else True if second else None

    return judge


def _xor(left: Tree, right: Tree) -> Judge:
    one, other = _judge(left), _judge(right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        first, second = one(scope, environment), other(scope, environment)
        return None if first is None or second is None else first is not second

    return judge


def _implies(left: Tree, right: Tree) -> Judge:
    one, other = _judge(left), _judge(right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        first = one(scope, environment)
        if first is False:
            return True
        second = other(scope, environment)
        return second if first or second else None

    return judge


def _equal(left: Tree, right: Tree) -> Judge:
    one, other = _find(left), _find(right)
    if isinstance(right, Literal) and right.items and isinstance(right.items[0][0], str):
        return _equal_words(one, right.items[0])
    return lambda scope, environment: same(one(scope, environment), other(scope, environment))


def _equal_words(find: Find, wanted: Node) -> Judge:
    """What most invariants ask: is a code this word?"""
    words = wanted[0] if wanted[1].name == "String" else None

    def judge(scope: Items, environment: Environment) -> bool | None:
        found = find(scope, environment)
        if len(found) == 1:
            value = found[0][0]
            return value == words if words is not None and isinstance(value, str) else equal(found[0], wanted)
        return False if found else None

    return judge


def _not_equal(left: Tree, right: Tree) -> Judge:
    is_equal = _equal(left, right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        found = is_equal(scope, environment)
        return None if found is None else not found

    return judge


def _equivalent(left: Tree, right: Tree) -> Judge:
    one, other = _find(left), _find(right)
    return lambda scope, environment: alike(one(scope, environment), other(scope, environment))


def _not_equivalent(left: Tree, right: Tree) -> Judge:
    one, other = _find(left), _find(right)
    return lambda scope, environment: not alike(one(scope, environment), other(scope, environment))


def _membership(among: Tree) -> Callable[[Node, Items, Environment], bool]:
    """Whether an item is in a list: by look-up where the list is the same for the whole resource."""
    others, needs, name = _find(among), _needs(among), (repr(among), "keys")
    if not needs:
        constant = {key(item) for item in others(NOTHING, Environment())}
        return lambda item, scope, environment: key(item) in constant
    if "scope" in needs:
        return lambda item, scope, environment: any(equal(item, other) for other in others(scope, environment))

    def is_in(item: Node, scope: Items, environment: Environment) -> bool:
        store = environment.in_context if "context" in needs else environment.cache
        keys = store.get(name)
        if keys is None:
            keys = store[name] = {key(other) for other in others(scope, environment)}
        return key(item) in keys

    return is_in


def _in(left: Tree, right: Tree) -> Judge:
    of, is_in = _find(left), _membership(right)

    def judge(scope: Items, environment: Environment) -> bool | None:
        item = single(of(scope, environment))
        return None if item is None else is_in(item, scope, environment)

    return judge


def _contains(left: Tree, right: Tree) -> Judge:
    of, is_in = _find(right), _membership(left)

    def judge(scope: Items, environment: Environment) -> bool | None:
        items = of(scope, environment)
        return all(is_in(item, scope, environment) for item in items) if items else None

    return judge


def _order(compare: Callable[[Any, Any], bool]) -> Callable[[Tree, Tree], Judge]:
    def make(left: Tree, right: Tree) -> Judge:
        one, other = _find(left), _find(right)

        def judge(scope: Items, environment: Environment) -> bool | None:
            items, others = one(scope, environment), other(scope, environment)
            return ordered(items[0], others[0], compare) if len(items) == len(others) == 1 else None

        return judge

    return make


_JUDGES: dict[str, Callable[[Tree, Tree], Judge]] = {
    "and": _and,
    "or": _or,
    "xor": _xor,
    "implies": _implies,
    "=": _equal,
    "!=": _not_equal,
    "~": _equivalent,
    "!~": _not_equivalent,
    "in": _in,
    "contains": _contains,
    "<": _order(operator.lt),
    ">": _order(operator.gt),
    "<=": _order(operator.le),
    ">=": _order(operator.ge),
}


# Functions whose arguments are expressions on each item, or types ("Filtering and projection", "Types")


def _is(find: Find, name: str) -> Judge:
    of = typed(name, exactly=False)

    def judge(scope: Items, environment: Environment) -> bool | None:
        found = find(scope, environment)
        return of(found[0][1]) if len(found) == 1 else False if found else None

    return judge


def _of_type(find: Find, name: str) -> Find:
    """`as` and `ofType`: both take a collection, for R4's own invariants use `as` with one."""
    of = typed(name, exactly=True)
    return lambda scope, environment: [node for node in find(scope, environment) if of(node[1])]


def _type_name(call: Call) -> str:
    tree, names = call.arguments[0], list[str]()
    while isinstance(tree, Step):
        names.append(tree.name)
        if tree.source is None:
            return ".".join(reversed(names))
        tree = tree.source
    raise FHIRPathError(f"{call.name}() takes the name of a type", call.at)


def _scope(scope: Items, environment: Environment) -> Items:
    return scope


def _start(call: Call) -> Find:
    return _source(call.source) or _scope


Each: TypeAlias = Callable[[Items, Environment], list[tuple[Items, Environment]]]


def _each(call: Call) -> Each:
    """What an argument is asked with: each item for itself, with its $index where the argument speaks of it."""
    start = _start(call)
    if "Variable(name='index'" in repr(call.arguments):
        return lambda scope, environment: [
            ([item], environment.at(index, environment.total)) for index, item in enumerate(start(scope, environment))
        ]
    return lambda scope, environment: [([item], environment) for item in start(scope, environment)]


def _where(call: Call) -> Find:
    each, criteria = _each(call), _judge(call.arguments[0])
    return lambda scope, environment: [item[0] for item, with_ in each(scope, environment) if criteria(item, with_)]


def _select(call: Call) -> Find:
    each, projection = _each(call), _find(call.arguments[0])
    return lambda scope, environment: [
        found for item, with_ in each(scope, environment) for found in projection(item, with_)
    ]


def _all(call: Call) -> Judge:
    each, criteria = _each(call), _judge(call.arguments[0])
    return lambda scope, environment: all(criteria(item, with_) for item, with_ in each(scope, environment))


def _any(call: Call) -> Judge:
    each, criteria = _each(call), _judge(call.arguments[0])
    return lambda scope, environment: any(criteria(item, with_) for item, with_ in each(scope, environment))


_MOST = 200_000  # items that repeat() may find: it could make new ones for ever


def _repeat(call: Call) -> Find:
    """`repeat`: elements are told apart by where they stand, so that nothing deep is compared."""
    start, projection = _start(call), _find(call.arguments[0])

    def find(scope: Items, environment: Environment) -> Items:
        found: dict[Any, Node] = {}
        level = start(scope, environment)
        while level:
            below = [node for item in level for node in projection([item], environment)]
            level = []
            for node in below:
                name = id(node[0]) if isinstance(node[0], dict) else key(node)
                if name not in found:
                    found[name] = node
                    level.append(node)
            if len(found) > _MOST:
                raise Unanswerable
        return list(found.values())

    return find


def _aggregate(call: Call) -> Find:
    start, aggregator = _start(call), _find(call.arguments[0])
    first = _find(call.arguments[1]) if len(call.arguments) > 1 else None

    def find(scope: Items, environment: Environment) -> Items:
        total = first(scope, environment) if first else NOTHING
        for index, item in enumerate(start(scope, environment)):
            total = aggregator([item], environment.at(index, total))
        return total

    return find


def _iif(call: Call) -> Find:
    start, criterion = _start(call), _judge(call.arguments[0])
    then = _find(call.arguments[1])
    otherwise = _find(call.arguments[2]) if len(call.arguments) > 2 else None

    def find(scope: Items, environment: Environment) -> Items:
        items = start(scope, environment)
        single(items)
        if criterion(items, environment):
            return then(items, environment)
        return otherwise(items, environment) if otherwise else NOTHING

    return find


# Functions that ask the environment (FHIR, "Additional functions")

_CONTAINED, _ID, _REFERENCE = step("contained"), step("id"), step("reference")


def _resolve(call: Call) -> Find:
    start = _start(call)

    def find(scope: Items, environment: Environment) -> Items:
        found = (_target(node, environment) for node in start(scope, environment))
        return [node for node in found if node is not None]

    return find


def _target(node: Node, environment: Environment) -> Node | None:
    referring = _REFERENCE([node]) if isinstance(node[0], dict) else [node]
    reference = referring[0][0] if referring else None
    if not isinstance(reference, str):
        return None
    if not reference.startswith("#"):
        return environment.resolve(reference)
    inside = _CONTAINED([_root("%rootResource", environment)])
    return next((one for one in inside if _ID([one])[:1] and _ID([one])[0][0] == reference[1:]), None)


def _asked(name: str) -> Callable[[Call], Judge]:
    def make(call: Call) -> Judge:
        start, argument = _start(call), _find(call.arguments[0])

        def judge(scope: Items, environment: Environment) -> bool | None:
            items, of = start(scope, environment), argument(scope, environment)
            if len(items) != 1 or len(of) != 1 or not isinstance(of[0][0], str):
                return None
            answer: bool | None = getattr(environment, name)(items[0], of[0][0])
            return answer

        return judge

    return make


def _html_checks(call: Call) -> Judge:
    start = _start(call)

    def judge(scope: Items, environment: Environment) -> bool | None:
        items = start(scope, environment)
        return len(items) == 1 and isinstance(items[0][0], str) and environment.html_checks(items[0][0])

    return judge


_FINDERS: dict[str, tuple[Callable[[Call], Find], int, int]] = {
    "where": (_where, 1, 1),
    "select": (_select, 1, 1),
    "repeat": (_repeat, 1, 1),
    "aggregate": (_aggregate, 1, 2),
    "iif": (_iif, 2, 3),
    "trace": (_start, 1, 2),  # there is no log
    "as": (lambda call: _of_type(_start(call), _type_name(call)), 1, 1),
    "ofType": (lambda call: _of_type(_start(call), _type_name(call)), 1, 1),
    "resolve": (_resolve, 0, 0),
}
_JUDGING: dict[str, tuple[Callable[[Call], Judge], int, int]] = {
    "exists": (_any, 1, 1),
    "all": (_all, 1, 1),
    "is": (lambda call: _is(_start(call), _type_name(call)), 1, 1),
    "memberOf": (_asked("member_of"), 1, 1),
    "conformsTo": (_asked("conforms_to"), 1, 1),
    "htmlChecks": (_html_checks, 0, 0),
}
_SCOPED = ("where", "select", "repeat", "aggregate", "iif", "exists", "all")
_TYPED = ("as", "ofType", "is")
