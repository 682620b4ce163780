"""Rows that are computed from other cells: each formula over the figures that it names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from npl_reporting.engine import Engine
from npl_reporting.errors import Problem
from npl_reporting.law.expressions import Scope, compile_node
from npl_reporting.law.syntax import Call, Constant, ExpressionError, Node, parse_expression
from npl_reporting.returns.cells import (
    NEGATIVE_DENOMINATOR,
    PARAMETER,
    PENDING,
    ZERO_DENOMINATOR,
    Cell,
)
from npl_reporting.returns.checks import Place, stored
from npl_reporting.returns.figures import (
    CELL,
    NO_SUCH_CELL,
    NOT_GIVEN,
    PRIOR,
    ROW,
    Figure,
    Reader,
    calls,
    written,
)
from npl_reporting.returns.formulas import quotient
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Column, Row, Table


def with_row_formulas(
    engine: Engine,
    plans: Sequence[Plan],
    cells: Sequence[Cell],
    before: Mapping[Place, Cell] | None,
) -> tuple[Cell, ...]:
    """Compute the cells of rows with a formula, which may read any other cell of the run.

    A column with a value takes the row's formula; a column with a formula applies its own to the
    row. `before` are the prior run's cells, by place.
    """
    if not any(cell.reason == PENDING for cell in cells):
        return tuple(cells)
    known = {(c.report, c.row, c.column): c for c in cells if c.period == "current"}
    filled = _Filled(engine, {planned.report.id: planned for planned in plans}, known, before)
    return tuple(
        filled.cell((cell.report, cell.row, cell.column)) if cell.reason == PENDING else cell
        for cell in cells
    )


@dataclass
class _Filled:
    """The cells of a run, each formula computed when it is first asked for."""

    engine: Engine
    plans: Mapping[str, Plan]
    cells: Mapping[Place, Cell]
    before: Mapping[Place, Cell] | None
    done: dict[Place, Cell] = field(default_factory=dict)
    sums: dict[str, Sequence[Decimal | None]] = field(default_factory=dict)

    def cell(self, place: Place) -> Cell:
        """A cell of the run, computed if it has to be."""
        cell = self.cells[place]
        if cell.reason != PENDING:
            return cell
        if place not in self.done:
            self.done[place] = self._computed(cell)
        return self.done[place]

    def _computed(self, cell: Cell) -> Cell:
        planned = self.plans[cell.report]
        table = planned.tables[cell.table]
        row = next(row for row in table.table.rows if row.id == cell.row)
        formula = table.columns.formulas.get(cell.column)
        if formula is None:
            node, divisor = quotient(row.formula or "", row.over), row.over
        else:
            column = next(c for c in table.table.columns if c.id == cell.column)
            node, divisor = formula.node, column.over
        reader = Reader(lambda name, args: self._figure(planned, cell, name, args))
        filled = reader.filled(node)
        if reader.missing:
            return replace(cell, reason=reader.missing[0].reason)
        by = reader.filled(parse_expression(divisor)) if divisor else Constant(None)
        value, over = self._evaluated(filled, by)
        if value is None:
            negative = over is not None and over < 0
            return replace(cell, reason=NEGATIVE_DENOMINATOR if negative else ZERO_DENOMINATOR)
        return replace(cell, value=Decimal(value), reason=None)

    def _evaluated(self, *nodes: Node) -> Sequence[Decimal | None]:
        constant = Constant(None)
        sql = ", ".join("NULL" if n == constant else compile_node(n, Scope({})).sql for n in nodes)
        if sql not in self.sums:  # many cells of a form are the same sum of the same figures
            (self.sums[sql],) = self.engine.rows(f"SELECT {sql}")
        return self.sums[sql]

    def _figure(self, planned: Plan, cell: Cell, name: str, args: tuple[str, ...]) -> Figure:
        if name == PRIOR:
            return stored(args, planned.report.id, self.before)
        if name == ROW:
            return self._value(written(name, args), (planned.report.id, args[0], cell.column))
        if name == CELL:
            key = args if len(args) == 3 else (planned.report.id, *args)
            return self._value(written(name, args), (key[0], key[1], key[2]))
        if name in planned.report.definition.parameters:
            return Figure(name, planned.parameters.get(name), PARAMETER + name)
        return self._value(name, (planned.report.id, cell.row, name))

    def _value(self, name: str, place: Place) -> Figure:
        if place not in self.cells:
            return Figure(name, None, NO_SUCH_CELL)
        cell = self.cell(place)
        return Figure(name, cell.value, cell.reason or NOT_GIVEN)


def formula_faults(plans: Sequence[Plan]) -> Iterator[Problem]:
    """Row formulas that name what does not exist, or that go round in a circle."""
    places = {place for planned in plans for place in _places(planned)}
    reads: dict[Place, tuple[Place, ...]] = {}
    where = {}
    for planned in plans:
        for t, table in enumerate(planned.report.tables):
            for r, row in enumerate(table.rows):
                if row.formula is None:
                    continue
                spot = (planned, ("tables", t, "rows", r, "formula"))
                try:
                    for column in _taken(table, row):
                        place = (planned.report.id, row.id, column.id)
                        reads[place] = tuple(_read(planned, table, row, column, places))
                        where[place] = spot
                    _compiled(planned, row)
                except ExpressionError as error:
                    yield planned.report.file.problem(spot[1], error.what, error.remedy)
    for place in reads:
        if place in _reached(place, reads):
            planned, spot_path = where[place]
            what = f"the formula of row '{place[1]}' reads itself"
            yield planned.report.file.problem(spot_path, what, "break the circle")


def _places(planned: Plan) -> Iterator[Place]:
    for table in planned.report.tables:
        for row in [row.id for row in table.rows if not row.heading] or ["*"]:
            for column in table.columns:
                yield planned.report.id, row, column.id


def _taken(table: Table, row: Row) -> list[Column]:
    """The columns that take the row's formula."""
    return [c for c in table.columns if c.formula is None and c.id not in row.blank]


def _read(
    planned: Plan, table: Table, row: Row, column: Column, places: set[Place]
) -> Iterator[Place]:
    """The cells that a row's formula reads for one column; ExpressionError if there is none."""
    for text in (row.formula, row.over):
        node = parse_expression(text) if text else Constant(None)
        for (other,) in (_of_length(args, ROW, 1) for args in calls(node, ROW)):
            if other not in {each.id for each in table.rows if not each.heading}:
                raise ExpressionError(f"no row '{other}' in this table", "name a row of it")
            yield planned.report.id, other, column.id
        for args in calls(node, CELL):
            key = args if len(args) == 3 else (planned.report.id, *_of_length(args, CELL, 2))
            if key not in places and (key[0], "*", key[2]) not in places:
                what = f"there is no cell {' '.join(key)}"
                raise ExpressionError(what, "name a row and a column")
            yield key[0], key[1], key[2]
        for args in calls(node, PRIOR):
            if len(args) != 3:
                _of_length(args, PRIOR, 2)


def _of_length(args: tuple[str, ...], function: str, number: int) -> tuple[str, ...]:
    if len(args) != number:
        raise ExpressionError(f"'{function}' takes {number} text(s)", "see reports/README.md")
    return args


def _compiled(planned: Plan, row: Row) -> None:
    """Compile a row's formula with ones in the place of figures."""

    def find(name: str, args: tuple[str, ...]) -> Figure:
        if not args and name not in planned.report.definition.parameters:
            raise ExpressionError(f"'{name}' is not defined", "name a row, a cell or a parameter")
        return Figure(f"{name}{args}", Decimal(1))

    node = Reader(find).filled(quotient(row.formula or "", row.over))
    if isinstance(node, Call):
        compile_node(node, Scope({}))


def _reached(place: Place, reads: Mapping[Place, tuple[Place, ...]]) -> set[Place]:
    """Every cell that a formula reads, near or far."""
    seen: set[Place] = set()
    waiting = list(reads[place])
    while waiting:
        next_ = waiting.pop()
        if next_ not in seen:
            seen.add(next_)
            waiting.extend(reads.get(next_, ()))
    return seen
