"""The figures that checks and formulas name: cells, the prior run's, the portfolio's, the run's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

from npl_reporting.law.syntax import Call, Constant, ExpressionError, Name, Node
from npl_reporting.money import exact_text

CELL, ROW, PRIOR = "cell", "row", "prior"
PORTFOLIO, MOVEMENT, RUN, LINES = "portfolio", "movement", "run", "lines"
FUNCTIONS = (CELL, ROW, PRIOR, PORTFOLIO, MOVEMENT, RUN, LINES)
NO_SUCH_CELL = "no_such_cell"
NOT_GIVEN = "not_given"


@dataclass(frozen=True)
class Figure:
    """A figure that a check reads: how it is written there, its value, or why it has none."""

    name: str
    value: Decimal | None
    reason: str = ""

    def __str__(self) -> str:
        return f"{self.name}: {self.reason if self.value is None else exact_text(self.value)}"


Find = Callable[[str, tuple[str, ...]], Figure]
"""Finds the figure behind a name, or behind a function and its texts."""


@dataclass
class Reader:
    """Puts figures in the place of what a statement or a formula names, and notes each."""

    find: Find
    figures: dict[str, Figure] = field(default_factory=dict)

    def filled(self, node: Node) -> Node:
        if isinstance(node, Constant):
            return node
        if isinstance(node, Name):
            return self._figure(node.name, ())
        if node.function in FUNCTIONS:
            return self._figure(node.function, constants(node))
        return Call(node.function, tuple(self.filled(arg) for arg in node.args))

    def _figure(self, name: str, args: tuple[str, ...]) -> Constant:
        figure = self.find(name, args)
        self.figures[figure.name] = figure
        return Constant(figure.value)

    @property
    def missing(self) -> tuple[Figure, ...]:
        """The figures that had no value."""
        return tuple(figure for figure in self.figures.values() if figure.value is None)


def written(function: str, args: tuple[str, ...]) -> str:
    """A figure as a file writes it: cell('01', 'npl')."""
    return f"{function}(" + ", ".join(f"'{arg}'" for arg in args) + ")"


def constants(node: Call) -> tuple[str, ...]:
    """The texts between the brackets of a function that names a figure."""
    texts = [arg.value for arg in node.args if isinstance(arg, Constant)]
    if len(texts) != len(node.args) or not all(isinstance(text, str) for text in texts):
        raise ExpressionError(f"'{node.function}' takes quoted texts", "quote each")
    return tuple(str(text) for text in texts)


def calls(node: Node, function: str) -> Iterator[tuple[str, ...]]:
    """The texts between the brackets of each call of a function."""
    if isinstance(node, Call):
        if node.function == function:
            yield constants(node)
        else:
            for arg in node.args:
                yield from calls(arg, function)
