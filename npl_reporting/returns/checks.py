"""Checks between cells, between reports, and with the portfolio: passed, failed, not evaluated."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Scope, compile_aggregate, compile_node
from npl_reporting.law.syntax import Call, parse_expression
from npl_reporting.law.yamlfile import Text
from npl_reporting.money import exact_text
from npl_reporting.returns.cells import NO_MOVEMENT, NO_PRIOR_RUN, NOT_IN_PRIOR_RUN, Cell, Relations
from npl_reporting.returns.figures import (
    CELL,
    LINES,
    MOVEMENT,
    NO_SUCH_CELL,
    NOT_GIVEN,
    PORTFOLIO,
    PRIOR,
    RUN,
    Figure,
    Find,
    Reader,
    calls,
    written,
)
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Check, Relation, Table

Place = tuple[str, str, str]
"""A report, a row and a column."""

_COMPARISONS = ("=", "<>", "<", "<=", ">", ">=")


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


def evaluate(
    engine: Engine,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    figures: Mapping[str, Decimal],
    relations: Relations = NO_MOVEMENT,
    prior: Mapping[str, Sequence[Cell]] | None = None,
) -> tuple[CheckResult, ...]:
    """Evaluate every check of every report over the cells of the reporting date.

    `figures` are the run's own numbers, which a check reads as `run('rows_used')`; `prior` are the
    cells of each report that the prior run stored.
    """
    return tuple(
        result
        for facts in _facts(engine, plans, cells, figures, relations, prior)
        for result in _evaluated(facts)
    )


def figures_read(
    engine: Engine,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    figures: Mapping[str, Decimal],
    relations: Relations = NO_MOVEMENT,
    prior: Mapping[str, Sequence[Cell]] | None = None,
) -> dict[tuple[str, str], tuple[Figure, ...]]:
    """Every figure that a check reads, by report and check; the arguments are those of `evaluate`."""
    return {
        (facts.planned.report.id, check.id): tuple(
            figure
            for statement in _statements(facts, check).values()
            for figure in statement.figures
        )
        for facts in _facts(engine, plans, cells, figures, relations, prior)
        for check in facts.planned.report.definition.checks
    }


def _facts(
    engine: Engine,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    figures: Mapping[str, Decimal],
    relations: Relations,
    prior: Mapping[str, Sequence[Cell]] | None,
) -> Iterator[_Facts]:
    known = {(c.report, c.row, c.column): c for c in cells if c.period == "current"}
    before = by_place(prior)
    for planned in plans:
        totals = _totals(engine, planned, relations)
        yield _Facts(engine, planned, known, before, figures, totals)


def by_place(prior: Mapping[str, Sequence[Cell]] | None) -> dict[Place, Cell] | None:
    """The prior run's cells by report, row and column; None where there was no prior run."""
    if prior is None:
        return None
    return {(c.report, c.row, c.column): c for cells in prior.values() for c in cells}


def stored(args: tuple[str, ...], report: str, before: Mapping[Place, Cell] | None) -> Figure:
    """What the prior run stored in a place, `prior([report,] row, column)`."""
    key = args if len(args) == 3 else (report, *args)
    name = written(PRIOR, args)
    if before is None:
        return Figure(name, None, NO_PRIOR_RUN)
    cell = before.get((key[0], key[1], key[2]))
    if cell is None:
        return Figure(name, None, NOT_IN_PRIOR_RUN)
    return Figure(name, cell.value, cell.reason or NOT_GIVEN)


@dataclass
class _Facts:
    engine: Engine
    planned: Plan
    cells: Mapping[Place, Cell]
    before: Mapping[Place, Cell] | None
    figures: Mapping[str, Decimal]
    totals: Mapping[tuple[str, str], Figure]

    def find(self, name: str, args: tuple[str, ...]) -> Figure:
        """Find what a check over the whole report names."""
        if name == CELL:
            return self._cell(args)
        if name == PRIOR:
            return stored(args, self.planned.report.id, self.before)
        if name == LINES:
            return self._lines(*args)
        if name in (PORTFOLIO, MOVEMENT):
            return self.totals[name, args[0]]
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
        return Figure(written(CELL, args), *self._value((key[0], key[1], key[2])))

    def _lines(self, table: str, column: str) -> Figure:
        """A column of a list added up, without the total under it."""
        found = [
            cell.value
            for cell in self.cells.values()
            if (cell.report, cell.table, cell.column) == (self.planned.report.id, table, column)
            and not cell.row.endswith(".total")
        ]
        values = [value for value in found if value is not None]
        known = bool(found) and len(values) == len(found)
        total = sum(values, Decimal(0)) if known else None
        return Figure(written(LINES, (table, column)), total, NO_SUCH_CELL)

    def _value(self, key: Place) -> tuple[Decimal | None, str]:
        cell = self.cells.get(key)
        if cell is None:
            return None, NO_SUCH_CELL
        return cell.value, cell.reason or NOT_GIVEN


_ABOUT: Mapping[str, Relation] = {PORTFOLIO: "exposures", MOVEMENT: "movement"}


def _totals(engine: Engine, planned: Plan, relations: Relations) -> dict[tuple[str, str], Figure]:
    """Every aggregate over a whole relation that a report's checks name, in one pass each."""
    nodes = [parse_expression(check.that) for check in planned.report.definition.checks]
    found: dict[tuple[str, str], Figure] = {}
    for function, of in _ABOUT.items():
        texts = sorted({text for node in nodes for (text,) in calls(node, function)})
        values = _sums(engine, planned, of, relations.of(of), texts) if texts else ()
        for text, value in zip(texts, values, strict=True):
            name = written(function, (text,))
            found[function, text] = Figure(name, value, relations.absent)
    return found


def _sums(
    engine: Engine, planned: Plan, of: Relation, relation: str | None, texts: Sequence[str]
) -> Sequence[Decimal | None]:
    if relation is None or of not in planned.sources:
        return [None] * len(texts)
    scope = planned.sources[of].scope
    values = ", ".join(compile_aggregate(text, scope).sql for text in texts)
    (row,) = engine.rows(f"SELECT {values} FROM {planned.source(relation, of)}")
    return [Decimal(value) for value in row]


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
        figures = (
            "; ".join(map(str, self.figures)) if self.held is False else _in_short(self.figures)
        )
        return f"{self.compared}; {figures}" if self.compared else figures


def _in_short(missing: Sequence[Figure]) -> str:
    """Figures without a value, by the reason: the first of each, and how many more."""
    told = []
    for reason in dict.fromkeys(figure.reason for figure in missing):
        first, *others = [figure for figure in missing if figure.reason == reason]
        told.append(f"{first} and {len(others)} more" if others else str(first))
    return "; ".join(told)


@dataclass(frozen=True)
class _Statement:
    """A statement with figures in the place of what it names, and of its two sides."""

    sql: tuple[str, ...]
    sign: str
    figures: tuple[Figure, ...]
    missing: tuple[Figure, ...]


def _statement(check: Check, find: Find) -> _Statement:
    reader = Reader(find)
    node = reader.filled(parse_expression(check.that))
    figures = tuple(reader.figures.values())
    if reader.missing:
        return _Statement((), "", figures, reader.missing)
    sides = node.args if isinstance(node, Call) and node.function in _COMPARISONS else ()
    sql = tuple(compile_node(part, Scope({})).sql for part in (node, *sides))
    sign = f" {node.function} " if isinstance(node, Call) else ""
    return _Statement(sql, sign, figures, ())


def _evaluated(facts: _Facts) -> Iterator[CheckResult]:
    """The checks of a report, all statements put to the data engine together."""
    checks = [
        (check, _statements(facts, check)) for check in facts.planned.report.definition.checks
    ]
    answered = iter(_answers(facts.engine, [s for _, each in checks for s in each.values()]))
    for check, statements in checks:
        outcomes = {row: next(answered) for row in statements}
        if check.each is None:
            (outcome,) = outcomes.values()
            yield _result(facts, check, [outcome], str(outcome))
        else:
            yield _each(facts, check, outcomes)


def _statements(facts: _Facts, check: Check) -> dict[str, _Statement]:
    """What a check states, once or by the rows of its table."""
    if check.each is None:
        return {"": _statement(check, facts.find)}
    table = facts.planned.tables[check.each].table
    rows = dict.fromkeys(
        cell.row
        for cell in facts.cells.values()
        if cell.report == facts.planned.report.id and cell.table == table.id
    )
    return {row: _statement(check, facts.in_row(table, row)) for row in rows}


def _answers(engine: Engine, statements: Sequence[_Statement]) -> Iterator[_Outcome]:
    sql = [text for statement in statements for text in statement.sql]
    values = iter(engine.rows(f"SELECT {', '.join(sql)}")[0] if sql else ())
    for statement in statements:
        if statement.missing:
            yield _Outcome(None, "", statement.missing)
            continue
        held, *sides = (next(values) for _ in statement.sql)
        yield _Outcome(held, statement.sign.join(map(_text, sides)), statement.figures)


def _text(value: object) -> str:
    return exact_text(value) if isinstance(value, Decimal) else str(value)


def _each(facts: _Facts, check: Check, found: Mapping[str, _Outcome]) -> CheckResult:
    """A statement put to every row of a table that has all it reads; say how many have."""
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
