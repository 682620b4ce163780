"""Checks between cells, between reports, and with the portfolio: passed, failed, not evaluated."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Scope, compile_aggregate, compile_node
from npl_reporting.law.syntax import Call, Constant, ExpressionError, Name, Node, parse_expression
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text
from npl_reporting.returns.cells import TREATED, Cell
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Check, Table

CELL, PORTFOLIO, RUN = "cell", "portfolio", "run"
_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")
NO_SUCH_CELL = "no_such_cell"
NOT_GIVEN = "not_given"


@dataclass(frozen=True)
class CheckResult:
    """How one check came out; `detail` shows the figures, `missing` those that had no value."""

    report: str
    id: str
    severity: Literal["error", "warning"]
    sentence: Text
    state: Literal["passed", "failed", "not_evaluated"]
    detail: str = ""
    missing: tuple[Figure, ...] = ()


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
    """Puts figures in the place of what a check names, and notes each."""

    find: Find
    figures: dict[str, Figure] = field(default_factory=dict)

    def filled(self, node: Node) -> Node:
        if isinstance(node, Constant):
            return node
        if isinstance(node, Name):
            return self._figure(node.name, ())
        if node.function in (CELL, PORTFOLIO, RUN):
            return self._figure(node.function, constants(node))
        return Call(node.function, tuple(self.filled(arg) for arg in node.args))

    def _figure(self, name: str, args: tuple[str, ...]) -> Constant:
        figure = self.find(name, args)
        self.figures[figure.name] = figure
        return Constant(figure.value)


def constants(node: Call) -> tuple[str, ...]:
    """The texts between the brackets of `cell`, `portfolio` and `run`."""
    texts = [arg.value for arg in node.args if isinstance(arg, Constant)]
    if len(texts) != len(node.args) or not all(isinstance(text, str) for text in texts):
        raise ExpressionError(f"'{node.function}' takes quoted texts", "quote each")
    return tuple(str(text) for text in texts)


def evaluate(
    engine: Engine,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    figures: Mapping[str, Decimal],
    relation: str = TREATED,
) -> tuple[CheckResult, ...]:
    """Evaluate every check of every report over the cells of the reporting date.

    `figures` are the run's own numbers, which a check reads as `run('rows_used')`.
    """
    known = {(c.report, c.row, c.column): c for c in cells if c.period == "current"}
    return tuple(
        result
        for planned in plans
        for result in _evaluated(
            _Facts(engine, planned, known, figures, _totals(engine, planned, relation))
        )
    )


@dataclass
class _Facts:
    engine: Engine
    planned: Plan
    cells: Mapping[tuple[str, str, str], Cell]
    figures: Mapping[str, Decimal]
    totals: Mapping[str, Decimal]

    def find(self, name: str, args: tuple[str, ...]) -> Figure:
        """Find what a check over the whole report names."""
        if name == CELL:
            return self._cell(args)
        if name == PORTFOLIO:
            return Figure(f"portfolio('{args[0]}')", self.totals[args[0]])
        if name == RUN:
            return _given(f"run('{args[0]}')", self.figures.get(args[0]))
        return _given(name, self.planned.parameters.get(name))

    def in_row(self, table: Table, row: str) -> Find:
        """Find what a check over each row names: its own columns first."""
        columns = {column.id for column in table.columns}

        def find(name: str, args: tuple[str, ...]) -> Figure:
            if args or name not in columns:
                return self.find(name, args)
            return Figure(name, *self._value((self.planned.report.id, row, name)))

        return find

    def _cell(self, args: tuple[str, ...]) -> Figure:
        key = args if len(args) == 3 else (self.planned.report.id, *args)
        name = "cell(" + ", ".join(f"'{arg}'" for arg in args) + ")"
        return Figure(name, *self._value((key[0], key[1], key[2])))

    def _value(self, key: tuple[str, str, str]) -> tuple[Decimal | None, str]:
        cell = self.cells.get(key)
        if cell is None:
            return None, NO_SUCH_CELL
        return cell.value, cell.reason or NOT_GIVEN


def _totals(engine: Engine, planned: Plan, relation: str) -> dict[str, Decimal]:
    """Every aggregate over the portfolio that a report's checks name, in one pass."""
    nodes = [parse_expression(check.that) for check in planned.report.definition.checks]
    texts = sorted({text for node in nodes for text in _portfolio_texts(node)})
    if not texts:
        return {}
    values = ", ".join(compile_aggregate(text, planned.scope).sql for text in texts)
    (row,) = engine.rows(f"SELECT {values} FROM {planned.source(relation)}")
    return {text: Decimal(value) for text, value in zip(texts, row, strict=True)}


def _portfolio_texts(node: Node) -> Iterator[str]:
    if isinstance(node, Call):
        if node.function == PORTFOLIO:
            yield from constants(node)
        else:
            for arg in node.args:
                yield from _portfolio_texts(arg)


def _given(name: str, value: Decimal | None) -> Figure:
    return Figure(name, value, NOT_GIVEN)


@dataclass(frozen=True)
class _Outcome:
    """Whether a statement holds; None where a figure that it reads, or a quotient, is missing."""

    held: bool | None
    compared: str
    figures: tuple[Figure, ...]

    def __str__(self) -> str:
        if self.held:
            return self.compared
        figures = "; ".join(map(str, self.figures))
        return f"{self.compared}; {figures}" if self.compared else figures


def _evaluated(facts: _Facts) -> Iterator[CheckResult]:
    for check in facts.planned.report.definition.checks:
        if check.each is None:
            outcome = _outcome(facts, check, facts.find)
            yield _result(facts, check, [outcome], str(outcome))
        else:
            yield _each(facts, check, facts.planned.tables[check.each].table)


def _outcome(facts: _Facts, check: Check, find: Find) -> _Outcome:
    reader = Reader(find)
    node = reader.filled(parse_expression(check.that))
    figures = tuple(reader.figures.values())
    missing = tuple(figure for figure in figures if figure.value is None)
    if missing:
        return _Outcome(None, "", missing)
    sides = node.args if isinstance(node, Call) and node.function in _COMPARISONS else ()
    sql = ", ".join(compile_node(part, Scope({})).sql for part in (node, *sides))
    ((held, *values),) = facts.engine.rows(f"SELECT {sql}")
    sign = f" {node.function} " if isinstance(node, Call) else ""
    return _Outcome(held, sign.join(map(_text, values)), figures)


def _text(value: object) -> str:
    return exact_text(value) if isinstance(value, Decimal) else str(value)


def _each(facts: _Facts, check: Check, table: Table) -> CheckResult:
    """Evaluate a statement in every row of a table that has all it reads; say how many have."""
    rows = dict.fromkeys(
        cell.row
        for cell in facts.cells.values()
        if cell.report == facts.planned.report.id and cell.table == table.id
    )
    found = {row: _outcome(facts, check, facts.in_row(table, row)) for row in rows}
    texts = [f"{row}: {outcome}" for row, outcome in found.items() if outcome.held is False]
    passed = sum(outcome.held is True for outcome in found.values())
    detail = " | ".join(texts) or f"{passed}/{len(found)}"
    return _result(facts, check, found.values(), detail)


def _result(
    facts: _Facts, check: Check, outcomes: Collection[_Outcome], detail: str
) -> CheckResult:
    """Failed if any outcome is, passed if any other holds, else not evaluated."""
    held = {outcome.held for outcome in outcomes}
    state: Literal["passed", "failed", "not_evaluated"] = "not_evaluated"
    if False in held:
        state = "failed"
    elif True in held:
        state = "passed"
    figures = (figure for outcome in outcomes for figure in outcome.figures)
    missing = tuple(dict.fromkeys(figure for figure in figures if figure.value is None))
    report = facts.planned.report.id
    return CheckResult(report, check.id, check.severity, check.sentence, state, detail, missing)
