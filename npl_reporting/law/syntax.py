"""The only door to sqlglot: expression text into a small tree of names, constants and calls."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache

from sqlglot import exp, parse
from sqlglot.errors import SqlglotError

ConstantValue = int | Decimal | str | bool | date | None


class ExpressionError(Exception):
    """An expression says something the language does not allow; the caller adds file and line."""

    def __init__(self, what: str, remedy: str = "") -> None:
        super().__init__(f"{what}; {remedy}" if remedy else what)
        self.what = what
        self.remedy = remedy


@dataclass(frozen=True)
class Name:
    """A column, fact, setting, outcome or other name."""

    name: str


@dataclass(frozen=True)
class Constant:
    """A literal: whole number, exact decimal, text, boolean, date or null."""

    value: ConstantValue


@dataclass(frozen=True)
class Call:
    """An operator or a function over its arguments; `where` is an aggregate's filter."""

    function: str
    args: tuple[Node, ...]
    where: Node | None = None


Node = Name | Constant | Call

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/",
    exp.EQ: "=", exp.NEQ: "<>", exp.LT: "<", exp.LTE: "<=", exp.GT: ">", exp.GTE: ">=",
    exp.And: "and", exp.Or: "or", exp.Not: "not", exp.Neg: "neg",
}  # fmt: skip
_FUNCTIONS: dict[type[exp.Expr], str] = {
    exp.Nullif: "nullif", exp.Abs: "abs", exp.Floor: "floor", exp.Ceil: "ceil",
    exp.Round: "round", exp.Lower: "lower", exp.Upper: "upper", exp.StartsWith: "starts_with",
    exp.Sum: "sum", exp.Min: "min", exp.Max: "max", exp.Year: "year", exp.Month: "month",
    exp.Day: "day", exp.MonthsBetween: "months_between",
}  # fmt: skip
_VARIADIC: dict[type[exp.Expr], str] = {
    exp.Coalesce: "coalesce", exp.Least: "least", exp.Greatest: "greatest",
}  # fmt: skip


@cache
def parse_expression(text: str) -> Node:
    """Parse one scalar expression; ExpressionError names whatever is not of the language."""
    try:
        return _node(_tree(text))
    except RecursionError:
        what = f"'{text[:40]}…' nests too deeply"
        raise ExpressionError(what, "make a part of it a fact of its own") from None


def _tree(text: str) -> exp.Expr:
    try:
        trees = parse(text, dialect="duckdb")
    except SqlglotError as error:
        first = str(error).splitlines()[0].split(" Line ")[0].rstrip(".")
        why = "something is missing" if first.startswith("Required keyword") else first
        raise ExpressionError(f"'{text}' cannot be read: {why}", "correct the expression") from None
    if len(trees) != 1 or trees[0] is None:
        raise ExpressionError(f"'{text}' is not one expression", "write exactly one")
    return trees[0]


def names(node: Node) -> Iterator[str]:
    """Every name that the tree mentions, filters included, in order of appearance."""
    if isinstance(node, Name):
        yield node.name
    elif isinstance(node, Call):
        for part in (*node.args, *([node.where] if node.where else [])):
            yield from names(part)


def _node(tree: exp.Expr) -> Node:
    kind = type(tree)
    if isinstance(tree, exp.Paren):
        return _node(tree.this)
    if kind in _OPERATORS:
        return _fold(Call(_OPERATORS[kind], tuple(_node(arg) for arg in _operands(tree))))
    if kind in _FUNCTIONS:
        return Call(_FUNCTIONS[kind], tuple(_node(arg) for arg in _operands(tree)))
    if kind in _VARIADIC:
        return Call(_VARIADIC[kind], tuple(_node(a) for a in (tree.this, *tree.expressions) if a))
    return _special(tree)


def _operands(tree: exp.Expr) -> list[exp.Expr]:
    return [arg for arg in tree.args.values() if isinstance(arg, exp.Expr)]


def _special(tree: exp.Expr) -> Node:
    match tree:
        case exp.Column() if not tree.table and isinstance(tree.this, exp.Identifier):
            return Name(tree.name)
        case exp.Literal():
            return Constant(tree.this if tree.is_string else _number(tree.this))
        case exp.Boolean():
            return Constant(bool(tree.this))
        case exp.Null():
            return Constant(None)
        case exp.Cast() if tree.to.is_type("date") and isinstance(tree.this, exp.Literal):
            return Constant(_date(tree.this.this))
        case exp.Is() if isinstance(tree.expression, exp.Null):
            return Call("is null", (_node(tree.this),))
        case exp.In() if tree.expressions:
            return Call("in", (_node(tree.this), *(_node(item) for item in tree.expressions)))
        case exp.Between():
            return _between(tree)
        case exp.Case() if tree.this is None:
            return _case(tree)
        case exp.Filter():
            return _filtered(tree)
        case exp.Count() if tree.this is None or isinstance(tree.this, exp.Star):
            return Call("count", ())
        case exp.Anonymous():
            return Call(str(tree.this).lower(), tuple(_node(arg) for arg in tree.expressions))
    raise ExpressionError(
        f"'{tree.sql(dialect='duckdb')}' is not allowed here",
        "use names, constants, arithmetic, comparisons and the listed functions",
    )


def _between(tree: exp.Between) -> Node:
    if tree.args.get("symmetric"):
        raise ExpressionError("'between symmetric' is not allowed", "write the smaller value first")
    value = _node(tree.this)
    low, high = _node(tree.args["low"]), _node(tree.args["high"])
    return Call("and", (Call(">=", (value, low)), Call("<=", (value, high))))


def _case(tree: exp.Case) -> Node:
    parts: list[Node] = []
    for branch in tree.args["ifs"]:
        parts += [_node(branch.this), _node(branch.args["true"])]
    default = tree.args.get("default")
    return Call("case", (*parts, _node(default) if default else Constant(None)))


def _filtered(tree: exp.Filter) -> Node:
    call = _node(tree.this)
    if not isinstance(call, Call):
        raise ExpressionError(f"'{tree.sql()}' filters no aggregate", "filter sum or count")
    return Call(call.function, call.args, _node(tree.expression.this))


def _number(text: str) -> int | Decimal:
    if text.isdigit():
        return int(text)
    if "e" in text.lower():
        raise ExpressionError(f"'{text}' is not an exact number", "write it out in digits")
    return Decimal(text)


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ExpressionError(f"there is no day '{text}'", "write a date as 'YYYY-MM-DD'") from None


def _fold(call: Call) -> Node:
    """Write a negative number as one constant."""
    if call.function == "neg" and isinstance(call.args[0], Constant):
        value = call.args[0].value
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return Constant(-value)
    return call
