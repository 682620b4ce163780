"""The columns of a table as SQL: what each aggregates, who stands behind it, its formulas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Literal, NamedTuple

from npl_reporting.law.expressions import (
    Scope,
    Value,
    compile_aggregate,
    compile_node,
    compile_value,
)
from npl_reporting.law.syntax import ExpressionError, Node, names, parse_expression
from npl_reporting.returns.formulas import (
    additive,
    aggregate_calls,
    quotient,
    renamed,
    restricted,
    written_out,
)
from npl_reporting.returns.report import Column, Row, Table


@dataclass(frozen=True)
class Formula:
    """A formula column: its SQL over the aggregates of its row, and what it finally reads.

    `node` is the same as a tree over the columns' own names.
    """

    node: Node
    sql: str
    columns: frozenset[str]
    parameters: frozenset[str]


@dataclass(frozen=True)
class ColumnPlan:
    """Columns by id, as they stand in a table's rows, or in one row with a value of its own.

    `place` begins the names that their values have in SQL, and `nodes` are the aggregates as
    trees. `behind` is the condition of an exposure that stands behind a column; `additive` names
    the columns whose value is the sum of what each exposure contributes.
    """

    place: str
    nodes: Mapping[str, Node]
    values: Mapping[str, Value]
    behind: Mapping[str, str]
    formulas: Mapping[str, Formula]
    additive: frozenset[str]

    def name(self, column: str) -> str:
        """What a column's value is called in SQL."""
        return f"{self.place}.{column}"


class Fault(NamedTuple):
    """What is wrong with a column: with its `value` or its `formula`."""

    column: str
    key: Literal["value", "formula"]
    error: ExpressionError


def plan_columns(
    table: Table,
    row: Row | None,
    scope: Scope,
    parameters: Mapping[str, Decimal],
    known: frozenset[str],
) -> tuple[ColumnPlan, tuple[Fault, ...]]:
    """Compile a table's columns, for all rows or for one that has its own value; with the faults.

    `known` are the report's parameters, `parameters` those that this run was given.
    """
    place = f"{table.id}.{row.id}" if row else table.id
    nodes: dict[str, Node] = {}
    values: dict[str, Value] = {}
    behind: dict[str, str] = {}
    faults = []
    for column in table.columns:
        try:
            if column.formula is None and (column.value or (row and row.value)):
                nodes[column.id], values[column.id] = _value(column, row, scope)
                behind[column.id] = _behind(column, nodes[column.id], scope)
        except ExpressionError as error:
            faults.append(Fault(column.id, "value", error))
    formulas: dict[str, Formula] = {}
    for column in table.columns:
        try:
            if column.formula is not None:
                formulas[column.id] = _formula(table, column, place, values, parameters, known)
        except ExpressionError as error:
            faults.append(Fault(column.id, "formula", error))
    summed = frozenset(
        c.id for c in table.columns if c.id in nodes and not c.of_largest and additive(nodes[c.id])
    )
    return ColumnPlan(place, nodes, values, behind, formulas, summed), tuple(faults)


def _value(column: Column, row: Row | None, scope: Scope) -> tuple[Node, Value]:
    text = ((not column.keep and row and row.value) or column.value) or ""
    node = parse_expression(text)
    if column.of_largest is not None:
        value = compile_value(text, scope)
        by = compile_value(column.of_largest, scope)
        return node, replace(value, sql=f"arg_max({value.sql}, ({by.sql}, exposure_id))")
    whole = compile_aggregate(text, scope)
    if column.where is None:
        return node, whole
    if compile_value(column.where, scope).kind != "boolean":
        raise ExpressionError(f"'{column.where}' is no condition", "compare something")
    node = restricted(node, parse_expression(column.where))
    return node, compile_node(node, replace(scope, aggregates=True))


def _behind(column: Column, node: Node, scope: Scope) -> str:
    """Any of the column's aggregates takes in the exposure."""
    if column.of_largest is not None:
        return "true"
    filters = [call.where for call in aggregate_calls(node)]
    conditions = [compile_node(f, scope).sql if f else "true" for f in filters]
    return "(" + " OR ".join(conditions) + ")" if conditions else "false"


def _formula(
    table: Table,
    column: Column,
    place: str,
    values: Mapping[str, Value],
    parameters: Mapping[str, Decimal],
    known: frozenset[str],
) -> Formula:
    nodes = {c.id: quotient(c.formula, c.over) for c in table.columns if c.formula}
    node = written_out(quotient(column.formula or "", column.over), nodes, (column.id,))
    read = frozenset(names(node))
    wanted = read & known
    constants: dict[str, Decimal | None] = {name: parameters.get(name) for name in wanted}
    full = {name: f"{place}.{name}" for name in values}
    kinds = {full[name]: value.kind for name, value in values.items()}
    scales = {full[name]: value.scale for name, value in values.items()}
    sql = compile_node(renamed(node, full), Scope(kinds, scales, constants)).sql
    return Formula(node, sql, read - wanted, wanted)
