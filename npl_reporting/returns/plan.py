"""A report over a scope as SQL: its facts, the rows an exposure stands in, columns, formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from npl_reporting.engine import quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.expressions import (
    Kind,
    Scope,
    Value,
    compile_aggregate,
    compile_node,
    compile_value,
)
from npl_reporting.law.syntax import (
    Call,
    Constant,
    ExpressionError,
    Name,
    Node,
    names,
    parse_expression,
)
from npl_reporting.law.yamlfile import Path_
from npl_reporting.returns.report import Column, Report, Row, Table

BESIDE: Mapping[str, Kind] = {"first_portion": "boolean", "case_id": "text"}
"""What the classified exposures have beside the names of their rulebook."""


@dataclass(frozen=True)
class Formula:
    """A formula column: its SQL over the aggregates of its row, and what it finally reads."""

    sql: str
    columns: frozenset[str]
    parameters: frozenset[str]


@dataclass(frozen=True)
class TablePlan:
    """One table's SQL, by column id.

    `behind` is the condition of an exposure that stands behind a column; `additive` names the
    columns whose value is the sum of what each exposure contributes. `key` and `where` are a list's.
    """

    table: Table
    values: Mapping[str, Value]
    behind: Mapping[str, str]
    formulas: Mapping[str, Formula]
    additive: frozenset[str]
    key: str = ""
    where: str = ""


@dataclass(frozen=True)
class Plan:
    """One report's SQL: nested facts over the classified exposures, and its tables."""

    report: Report
    scope: Scope
    facts: tuple[tuple[str, str], ...]
    rows: Mapping[str, str]
    tables: Mapping[str, TablePlan]
    parameters: Mapping[str, Decimal]

    def source(self, relation: str) -> str:
        """The classified exposures with the report's own facts, as a parenthesised query."""
        query = f"SELECT * FROM {relation}"
        for name, sql in self.facts:
            query = f"SELECT *, {sql} AS {quoted(name)} FROM ({query})"
        return f"({query})"


def plan(report: Report, scope: Scope, parameters: Mapping[str, Decimal]) -> Plan:
    """Compile a report; NplError names every expression that is wrong, with file and line."""
    return _Planner(report, scope, parameters).plan()


@dataclass
class _Planner:
    report: Report
    scope: Scope
    parameters: Mapping[str, Decimal]
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def plan(self) -> Plan:
        self.scope = self.scope.with_names(BESIDE)
        facts = tuple(self._facts())
        rows = dict(self._rows())
        tables = {table.id: plan for table, plan in self._tables()}
        if self.problems:
            raise NplError(*self.problems)
        return Plan(self.report, self.scope, facts, rows, tables, self.parameters)

    def _compiled(self, text: str, where: Path_, *kinds: Kind) -> Value | None:
        """Compile one scalar expression, or note why it cannot be."""
        try:
            value = compile_value(text, self.scope)
        except ExpressionError as error:
            self._problem(where, error)
            return None
        if kinds and value.kind not in kinds:
            what = f"'{text}' is {value.kind}, not {kinds[0]}"
            self.problems.append(self.report.file.problem(where, what, "compare something"))
        return value

    def _problem(self, where: Path_, error: ExpressionError) -> None:
        """Note a fault, unless it only follows from one that is noted already."""
        if any(error.what == f"'{name}' is not defined" for name in self.broken):
            return
        self.problems.append(self.report.file.problem(where, error.what, error.remedy))

    def _facts(self) -> Iterator[tuple[str, str]]:
        for name, text in self.report.definition.facts.items():
            value = self._compiled(text, ("facts", name))
            if value is None:
                self.broken.add(name)
            else:
                self.scope = self.scope.with_names({name: value.kind}, {name: value.scale})
                yield name, value.sql

    def _rows(self) -> Iterator[tuple[str, str]]:
        """Each row's condition; a total stands for every exposure of the rows it totals."""
        known: dict[str, str] = {}
        for i, table in enumerate(self.report.definition.tables):
            for j, row in enumerate(table.rows):
                sql = self._row(row, ("tables", i, "rows", j, "where"), known)
                if sql is not None:
                    known[row.id] = sql
        yield from known.items()

    def _row(self, row: Row, where: Path_, known: Mapping[str, str]) -> str | None:
        if row.heading:
            return None
        if row.sum_of:
            return "(" + " OR ".join(known.get(part, "false") for part in row.sum_of) + ")"
        value = self._compiled(row.where or "true", where, "boolean")
        return value.sql if value else None

    def _tables(self) -> Iterator[tuple[Table, TablePlan]]:
        done: dict[str, TablePlan] = {}
        for index, table in enumerate(self.report.tables):
            where: Path_ = ("tables", index)
            if table.columns_of in done:
                source = done[str(table.columns_of)]
                result = replace(source, table=table)
            else:
                result = self._table(table, where)
            done[table.id] = result
            yield table, result

    def _table(self, table: Table, where: Path_) -> TablePlan:
        values, behind, additive = {}, {}, set()
        for index, column in enumerate(table.columns):
            if column.value is None:
                continue
            try:
                values[column.id] = self._column(column)
                behind[column.id] = self._behind(column)
                if not column.of_largest and _additive(parse_expression(column.value)):
                    additive.add(column.id)
            except ExpressionError as error:
                self.broken.add(column.id)
                self._problem((*where, "columns", index, "value"), error)
        keys = [self._compiled(text, (*where, "group_by")) for text in table.group_by]
        key = ", ".join(f"CAST({value.sql} AS VARCHAR)" for value in keys if value)
        only = self._compiled(table.where, (*where, "where"), "boolean") if table.where else None
        formulas = self._formulas(table, where, values)
        return TablePlan(
            table, values, behind, formulas, frozenset(additive),
            f"concat_ws(' ', {key})" if key else "", only.sql if only else "",
        )  # fmt: skip

    def _column(self, column: Column) -> Value:
        if column.of_largest is None:
            return compile_aggregate(column.value or "", self.scope)
        value = compile_value(column.value or "", self.scope)
        by = compile_value(column.of_largest, self.scope)
        return replace(value, sql=f"arg_max({value.sql}, ({by.sql}, exposure_id))")

    def _behind(self, column: Column) -> str:
        """Any of the column's aggregates takes in the exposure."""
        if column.of_largest is not None:
            return "true"
        filters = [call.where for call in aggregate_calls(parse_expression(column.value or ""))]
        conditions = [compile_node(f, self.scope).sql if f else "true" for f in filters]
        return "(" + " OR ".join(conditions) + ")"

    def _formulas(
        self, table: Table, where: Path_, values: Mapping[str, Value]
    ) -> dict[str, Formula]:
        result = {}
        for index, column in enumerate(table.columns):
            if column.formula is None:
                continue
            try:
                result[column.id] = self._formula(table, column, values)
            except ExpressionError as error:
                self._problem((*where, "columns", index, "formula"), error)
        return result

    def _formula(self, table: Table, column: Column, values: Mapping[str, Value]) -> Formula:
        texts = {c.id: c.formula for c in table.columns if c.formula}
        node = written_out(parse_expression(column.formula or ""), texts, (column.id,))
        read = frozenset(names(node))
        wanted = read & set(self.report.definition.parameters)
        known: dict[str, Decimal | None] = {name: self.parameters.get(name) for name in wanted}
        full = {name: f"{table.id}.{name}" for name in values}
        node = _qualified(node, full)
        kinds = {full[name]: value.kind for name, value in values.items()}
        scales = {full[name]: value.scale for name, value in values.items()}
        scope = Scope(kinds, scales, known)
        return Formula(compile_node(node, scope).sql, read - wanted, wanted)


def written_out(node: Node, texts: Mapping[str, str], above: tuple[str, ...]) -> Node:
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
        return written_out(parse_expression(texts[node.name]), texts, (*above, node.name))
    return node


def _qualified(node: Node, columns: Mapping[str, str]) -> Node:
    """Name each column with its table, as the grouped values do."""
    if isinstance(node, Name):
        return Name(columns.get(node.name, node.name))
    if isinstance(node, Constant):
        return node
    return Call(node.function, tuple(_qualified(arg, columns) for arg in node.args), node.where)


AGGREGATES = ("sum", "count", "count_distinct", "max", "min")


def aggregate_calls(node: Node) -> Iterator[Call]:
    """The aggregates of an expression."""
    if isinstance(node, Call) and node.function in AGGREGATES:
        yield node
    elif isinstance(node, Call):
        for arg in node.args:
            yield from aggregate_calls(arg)


def _additive(node: Node) -> bool:
    """Whether a value over many exposures is the sum of its values over each."""
    if not isinstance(node, Call):
        return False
    if node.function in ("+", "-", "neg"):
        return all(_additive(arg) for arg in node.args)
    return node.function in ("sum", "count")
