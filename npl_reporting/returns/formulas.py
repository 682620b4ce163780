"""Formulas of report files as trees: aggregates found and restricted, formulas written out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from npl_reporting.law.syntax import Call, Constant, ExpressionError, Name, Node, parse_expression

AGGREGATES = ("sum", "count", "count_distinct", "max", "min")


def aggregate_calls(node: Node) -> Iterator[Call]:
    """The aggregates of an expression."""
    if isinstance(node, Call) and node.function in AGGREGATES:
        yield node
    elif isinstance(node, Call):
        for arg in node.args:
            yield from aggregate_calls(arg)


def restricted(node: Node, condition: Node | None) -> Node:
    """Let every aggregate of an expression take in only what meets a further condition."""
    if condition is None or not isinstance(node, Call):
        return node
    if node.function not in AGGREGATES:
        return Call(node.function, tuple(restricted(arg, condition) for arg in node.args))
    both = condition if node.where is None else Call("and", (node.where, condition))
    return Call(node.function, node.args, both)


def additive(node: Node) -> bool:
    """Whether a value over many exposures is the sum of its values over each."""
    if not isinstance(node, Call):
        return False
    if node.function in ("+", "-", "neg"):
        return all(additive(arg) for arg in node.args)
    return node.function in ("sum", "count")


def written_out(node: Node, texts: Mapping[str, Node], above: tuple[str, ...]) -> Node:
    """Write each formula that a formula reads in its place, so that no rounding comes between."""
    if isinstance(node, Constant):
        return node
    if isinstance(node, Call):
        args = tuple(written_out(arg, texts, above) for arg in node.args)
        return Call(node.function, args, node.where)
    if node.name in above:
        circle = " → ".join((*above, node.name))
        raise ExpressionError(f"the formulas form a circle: {circle}", "break it")
    if node.name in texts:
        return written_out(texts[node.name], texts, (*above, node.name))
    return node


def quotient(formula: str, over: str | None) -> Node:
    """A formula, divided where it has a divisor; without one above zero it has no value."""
    node = parse_expression(formula)
    if over is None:
        return node
    divisor = parse_expression(over)
    above_zero = Call(">", (divisor, Constant(0)))
    return Call("case", (above_zero, Call("/", (node, divisor)), Constant(None)))


def renamed(node: Node, names: Mapping[str, str]) -> Node:
    """Give names of an expression other ones."""
    if isinstance(node, Name):
        return Name(names.get(node.name, node.name))
    if isinstance(node, Constant):
        return node
    return Call(node.function, tuple(renamed(arg, names) for arg in node.args), node.where)
