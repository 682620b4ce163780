"""A rule's condition: comparisons of names with constants, with every `not` pushed down to them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from npl_reporting.law.expressions import NUMBERS, Scope, compile_node, constant_sql
from npl_reporting.law.syntax import (
    Call,
    Constant,
    ConstantValue,
    ExpressionError,
    Name,
    Node,
    parse_expression,
)

Sign = Literal["<", "<=", ">", ">=", "=", "<>", "is null", "is not null"]
Known = int | Decimal | str | bool | date

_OPPOSITE: Mapping[str, Sign] = {
    "<": ">=", "<=": ">", ">": "<=", ">=": "<", "=": "<>", "<>": "=",
}  # fmt: skip
_MIRROR: Mapping[str, Sign] = {
    "<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>",
}  # fmt: skip


@dataclass(frozen=True)
class Comparison:
    """One name against constants.

    `values` is one constant for `<`, `<=`, `>`, `>=`; any number of them for `=` (is one of) and
    `<>` (is none of); none for `is null` and `is not null`. False where the name is missing,
    except for `is null`.
    """

    name: str
    sign: Sign
    values: tuple[Known, ...] = ()

    def sql(self) -> str:
        """The comparison over the name itself."""
        column = '"' + self.name + '"'
        if not self.values:
            return f"({column} {self.sign.upper()})"
        items = ", ".join(constant_sql(value).text for value in self.values)
        if self.sign in ("=", "<>"):
            return f"({column} {'IN' if self.sign == '=' else 'NOT IN'} ({items}))"
        return f"({column} {self.sign} {items})"


@dataclass(frozen=True)
class All:
    """Every part holds."""

    parts: tuple[Condition, ...]

    def sql(self) -> str:
        """The parts joined by AND."""
        return "(" + " AND ".join(part.sql() for part in self.parts) + ")"


@dataclass(frozen=True)
class Any:
    """At least one part holds."""

    parts: tuple[Condition, ...]

    def sql(self) -> str:
        """The parts joined by OR."""
        return "(" + " OR ".join(part.sql() for part in self.parts) + ")"


Condition = Comparison | All | Any


@dataclass(frozen=True)
class CompiledCondition:
    """A condition with the names that it compares and the settings that it used."""

    condition: Condition
    names: frozenset[str]
    settings: frozenset[str]


def compile_condition(text: str, scope: Scope) -> CompiledCondition:
    """Compile a condition; ExpressionError says what is not allowed in one."""
    node = parse_expression(text)
    if compile_node(node, scope).kind != "boolean":
        raise ExpressionError(f"'{text}' is not a condition", "compare a fact with a constant")
    settings: set[str] = set()
    condition = _Reader(scope, settings).read(node, positive=True)
    names = frozenset(comparison.name for comparison in comparisons(condition))
    return CompiledCondition(condition, names, frozenset(settings))


def comparisons(condition: Condition) -> Iterator[Comparison]:
    """Every comparison of a condition, from left to right."""
    if isinstance(condition, Comparison):
        yield condition
    else:
        for part in condition.parts:
            yield from comparisons(part)


def branches(condition: Condition) -> int:
    """How many ways a condition may hold at once: the product over `and` of sums over `or`."""
    if isinstance(condition, Comparison):
        return 1
    counts = [branches(part) for part in condition.parts]
    if isinstance(condition, Any):
        return sum(counts)
    product = 1
    for count in counts:
        product *= count
    return product


class _Reader:
    """Reads a tree as comparisons, turning `not` into the opposite sign on the way down."""

    def __init__(self, scope: Scope, settings: set[str]) -> None:
        self.scope = scope
        self.settings = settings

    def read(self, node: Node, positive: bool) -> Condition:
        if isinstance(node, Name):
            return self._compare(node, "=", (Constant(positive),))
        if isinstance(node, Constant):
            raise ExpressionError("a constant is not a condition", "compare a fact")
        match node.function:
            case "not":
                return self.read(node.args[0], not positive)
            case "and" | "or":
                return self._joined(node, positive)
            case "is null":
                return Comparison(
                    self._name(node.args[0]), "is null" if positive else "is not null"
                )
            case "in":
                return self._compare(node.args[0], "=" if positive else "<>", node.args[1:])
            case "=" | "<>" | "<" | "<=" | ">" | ">=":
                return self._comparison(node, positive)
        raise ExpressionError(
            f"'{node.function}' is not allowed in a condition", "define a fact and compare that"
        )

    def _joined(self, node: Call, positive: bool) -> Condition:
        parts: list[Condition] = []
        kind = All if (node.function == "and") == positive else Any
        for arg in node.args:
            part = self.read(arg, positive)
            parts += part.parts if isinstance(part, kind) else (part,)
        return kind(tuple(parts))

    def _comparison(self, node: Call, positive: bool) -> Condition:
        left, right = node.args
        sign: Sign = node.function  # type: ignore[assignment]
        if isinstance(left, Constant) or self._constant(left) is not None:
            left, right, sign = right, left, _MIRROR[sign]
        return self._compare(left, sign if positive else _OPPOSITE[sign], (right,))

    def _compare(self, left: Node, sign: Sign, right: tuple[Node, ...]) -> Comparison:
        values = tuple(self._value(node) for node in right)
        comparison = Comparison(self._name(left), sign, values)
        ordered = self.scope.kinds[comparison.name] in (*NUMBERS, "date")
        if sign in ("<", "<=", ">", ">=") and not ordered:
            raise ExpressionError(f"'{comparison.name}' has no order", "use =, <> or in")
        return comparison

    def _name(self, node: Node) -> str:
        if isinstance(node, Name) and node.name in self.scope.kinds:
            return node.name
        if isinstance(node, Name):
            what = f"'{node.name}' is a setting, known before any exposure"
            raise ExpressionError(what, "define a fact that reads it and compare that")
        raise ExpressionError(
            "a condition compares a name with constants", "define a fact and compare that"
        )

    def _value(self, node: Node) -> Known:
        value = self._constant(node)
        if isinstance(node, Constant) and value is None:
            raise ExpressionError("a comparison with null never holds", "write 'is null'")
        if value is None:
            raise ExpressionError(
                "a condition compares with constants and settings",
                "define the comparison of two facts as a fact of its own",
            )
        return value

    def _constant(self, node: Node) -> ConstantValue:
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Name) and node.name in self.scope.constants:
            self.settings.add(node.name)
            return self.scope.constants[node.name]
        return None
