"""The reports of one run, planned together: every fault of every file at once."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal

from npl_reporting.engine import Engine, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.expressions import Scope, compile_aggregate, compile_node
from npl_reporting.law.syntax import ExpressionError, parse_expression
from npl_reporting.portfolio.deltas import Delta
from npl_reporting.returns.adjusted import adjust
from npl_reporting.returns.cells import NO_MOVEMENT, Cell, Relations, compute, queries_over
from npl_reporting.returns.checks import by_place
from npl_reporting.returns.figures import (
    CELL,
    LINES,
    MOVEMENT,
    PORTFOLIO,
    PRIOR,
    RUN,
    Figure,
    Reader,
)
from npl_reporting.returns.plan import Plan, plan
from npl_reporting.returns.report import Check, Report
from npl_reporting.returns.rowformulas import formula_faults, with_row_formulas


def plan_reports(
    reports: Sequence[Report],
    scope: Scope,
    parameters: Mapping[str, Decimal],
    movement: Scope | None = None,
) -> tuple[Plan, ...]:
    """Compile reports over the names of a scope; NplError holds every fault of every file.

    `scope` names the columns of the classified exposures and `movement` those of their movement,
    `parameters` the figures given by name.
    """
    plans: list[Plan] = []
    problems: list[Problem] = []
    for report in reports:
        try:
            plans.append(plan(report, scope, parameters, movement))
        except NplError as error:
            problems += error.problems
    if not problems:
        problems = [*formula_faults(plans), *_faults(plans)]
    if problems:
        raise NplError(*problems)
    return tuple(plans)


def columns_read(plans: Sequence[Plan], columns: Collection[str]) -> tuple[str, ...]:
    """Which columns of the exposures the cells of reports may be computed from."""
    queries = " ".join(query for planned in plans for query in queries_over(planned, "exposures"))
    return tuple(name for name in columns if quoted(name) in queries)


def compute_reports(
    engine: Engine,
    plans: Sequence[Plan],
    prior: Mapping[str, Sequence[Cell]] | None = None,
    relations: Relations = NO_MOVEMENT,
    adjustments: Sequence[Delta] = (),
) -> tuple[Cell, ...]:
    """Compute every cell of every report; `prior` are each report's cells in the prior run."""
    before = prior or {}
    cells = [
        cell
        for planned in plans
        for cell in compute(
            engine, planned, None if prior is None else before.get(planned.report.id, ()), relations
        )
    ]
    adjusted = adjust(plans, cells, adjustments)
    return with_row_formulas(engine, plans, adjusted, by_place(prior))


def _faults(plans: Sequence[Plan]) -> Iterator[Problem]:
    """Checks and key figures that name what does not exist, or that cannot be read."""
    places = {
        (planned.report.id, row, column.id)
        for planned in plans
        for table in planned.report.tables
        for row in [row.id for row in table.rows if not row.heading] or ["*"]
        for column in table.columns
    }
    for planned in plans:
        file, definition = planned.report.file, planned.report.definition
        for index, check in enumerate(definition.checks):
            try:
                _try(planned, check, places)
            except ExpressionError as error:
                yield file.problem(("checks", index, "that"), error.what, error.remedy)
        for index, figure in enumerate(definition.figures):
            place = (figure.report, figure.row, figure.column)
            if place not in places:
                what = f"there is no cell {' '.join(place)}"
                yield file.problem(("figures", index), what, "name a report, a row and a column")


def _try(planned: Plan, check: Check, places: set[tuple[str, str, str]]) -> None:
    """Compile a check with ones in the place of figures."""
    columns = planned.tables[check.each].table.columns if check.each else ()
    known = {column.id for column in columns} | set(planned.report.definition.parameters)

    def find(name: str, args: tuple[str, ...]) -> Figure:
        if name == CELL:
            _require_cell(planned.report.id, args, places)
        elif name == PORTFOLIO:
            compile_aggregate(args[0], planned.scope)
        elif name == MOVEMENT:
            compile_aggregate(args[0], _movement(planned))
        elif name == LINES:
            _require_list(planned, args)
        elif name not in (RUN, PRIOR) and name not in known:
            raise ExpressionError(f"'{name}' is not defined", "name a column or a parameter")
        return Figure(f"{name}{args}", Decimal(1))

    node = Reader(find).filled(parse_expression(check.that))
    if compile_node(node, Scope({})).kind != "boolean":
        raise ExpressionError(f"'{check.that}' is no condition", "compare something")


def _movement(planned: Plan) -> Scope:
    if "movement" not in planned.sources:
        raise ExpressionError("no table is about the movement", "say `of: movement` in one")
    return planned.sources["movement"].scope


def _require_list(planned: Plan, args: tuple[str, ...]) -> None:
    lists = {table.id: table for table in planned.report.tables if table.kind == "list"}
    columns = {c.id for c in lists[args[0]].columns} if args[:1] and args[0] in lists else set()
    if len(args) != 2 or args[1] not in columns:
        raise ExpressionError("'lines' takes a list and a column of it", "name both")


def _require_cell(report: str, args: tuple[str, ...], places: set[tuple[str, str, str]]) -> None:
    key = args if len(args) == 3 else (report, *args)
    if len(key) != 3:
        raise ExpressionError("'cell' takes [report,] row, column", "write two or three texts")
    if key not in places and (key[0], "*", key[2]) not in places:
        raise ExpressionError(f"there is no cell {' '.join(key)}", "name a row and a column")
