"""A report over a scope as SQL: its facts, the rows an exposure stands in, columns, formulas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

from npl_reporting.engine import quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.expressions import Kind, Scope, Value, compile_value
from npl_reporting.law.syntax import ExpressionError
from npl_reporting.law.yamlfile import Path_
from npl_reporting.returns.columnplan import ColumnPlan, plan_columns
from npl_reporting.returns.report import Relation, Report, Row, Table

BESIDE: Mapping[str, Kind] = {"first_portion": "boolean", "case_id": "text"}
"""What the classified exposures have beside the names of their rulebook."""


@dataclass(frozen=True)
class TablePlan:
    """One table's SQL: its columns, the rows that have a value of their own, a list's key.

    `where` says which exposures a list is about.
    """

    table: Table
    columns: ColumnPlan
    rows: Mapping[str, ColumnPlan] = field(default_factory=dict)
    key: str = ""
    where: str = ""

    def of(self, row: str) -> ColumnPlan:
        """The columns as they stand in a row."""
        return self.rows.get(row, self.columns)


@dataclass(frozen=True)
class Source:
    """What tables are about: nested facts over a relation, and what may be named there."""

    facts: tuple[tuple[str, str], ...]
    scope: Scope

    def query(self, relation: str) -> str:
        """The relation with the report's own facts, as a parenthesised query."""
        query = f"SELECT * FROM {relation}"
        for name, sql in self.facts:
            query = f"SELECT *, {sql} AS {quoted(name)} FROM ({query})"
        return f"({query})"


@dataclass(frozen=True)
class Plan:
    """One report's SQL: its sources, the condition of each row, its tables.

    `rows` holds the conditions of the rows of each source, by their ids and in their order.
    """

    report: Report
    sources: Mapping[Relation, Source]
    rows: Mapping[Relation, Mapping[str, str]]
    tables: Mapping[str, TablePlan]
    parameters: Mapping[str, Decimal]

    @property
    def scope(self) -> Scope:
        """What may be named of the exposures of the reporting date."""
        return self.sources["exposures"].scope

    def source(self, relation: str, of: Relation = "exposures") -> str:
        """A relation with the report's own facts, as a parenthesised query."""
        return self.sources[of].query(relation)


def plan(
    report: Report, scope: Scope, parameters: Mapping[str, Decimal], movement: Scope | None = None
) -> Plan:
    """Compile a report; NplError names every expression that is wrong, with file and line.

    `scope` names the columns of the classified exposures, `movement` those of their movement.
    """
    scopes: dict[Relation, Scope] = {"exposures": scope.with_names(BESIDE)}
    if any(table.of == "movement" for table in report.tables):
        scopes["movement"] = movement or Scope({})
    return _Planner(report, scopes, parameters).plan()


@dataclass
class _Planner:
    report: Report
    scopes: dict[Relation, Scope]
    parameters: Mapping[str, Decimal]
    problems: list[Problem] = field(default_factory=list)
    broken: set[str] = field(default_factory=set)

    def plan(self) -> Plan:
        facts = self._facts()
        rows = self._rows()
        tables = {table.id: plan for table, plan in self._tables()}
        if self.problems:
            raise NplError(*self.problems)
        sources = {of: Source(tuple(facts[of]), scope) for of, scope in self.scopes.items()}
        return Plan(self.report, sources, rows, tables, self.parameters)

    def _compiled(self, text: str, of: Relation, where: Path_, *kinds: Kind) -> Value | None:
        """Compile one scalar expression, or note why it cannot be."""
        try:
            value = compile_value(text, self.scopes[of])
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

    def _facts(self) -> dict[Relation, list[tuple[str, str]]]:
        """The report's facts over each source that has what they read; each must be over one.

        A fact may not hide what the rulebook or the tape calls by the same name.
        """
        found: dict[Relation, list[tuple[str, str]]] = {of: [] for of in self.scopes}
        taken = {name for scope in self.scopes.values() for name in scope.kinds}
        for name, text in self.report.definition.facts.items():
            if name in taken:
                what = f"'{name}' is a name of the rulebook or of the tape already"
                problem = self.report.file.problem(("facts", name), what, "give another name")
                self.problems.append(problem)
                continue
            errors = []
            for of, scope in self.scopes.items():
                try:
                    value = compile_value(text, scope)
                except ExpressionError as error:
                    errors.append(error)
                    continue
                self.scopes[of] = scope.with_names({name: value.kind}, {name: value.scale})
                found[of].append((name, value.sql))
            if len(errors) == len(self.scopes):
                self._problem(("facts", name), errors[0])
                self.broken.add(name)
        return found

    def _rows(self) -> dict[Relation, dict[str, str]]:
        """Each row's condition; a total stands for every exposure of the rows it totals."""
        known: dict[Relation, dict[str, str]] = {of: {} for of in self.scopes}
        for i, table in enumerate(self.report.definition.tables):
            for j, row in enumerate(table.rows):
                if row.heading or row.formula is not None:
                    continue
                sql = self._row(row, table.of, ("tables", i, "rows", j, "where"), known[table.of])
                if sql is not None:
                    known[table.of][row.id] = sql
        return known

    def _row(self, row: Row, of: Relation, where: Path_, known: Mapping[str, str]) -> str | None:
        if row.sum_of:
            return "(" + " OR ".join(known.get(part, "false") for part in row.sum_of) + ")"
        value = self._compiled(row.where or "true", of, where, "boolean")
        return value.sql if value else None

    def _tables(self) -> Iterator[tuple[Table, TablePlan]]:
        done: dict[str, TablePlan] = {}
        for index, table in enumerate(self.report.tables):
            result = self._table(table, ("tables", index))
            lent = done.get(table.columns_of or "")
            if lent is not None and lent.table.of == table.of:
                result = replace(result, columns=lent.columns)
            done[table.id] = result
            yield table, result

    def _table(self, table: Table, where: Path_) -> TablePlan:
        columns = self._columns(table, None, where)
        own = {
            row.id: self._columns(table, row, (*where, "rows", number))
            for number, row in enumerate(table.rows)
            if row.value is not None
        }
        keys = [self._compiled(text, table.of, (*where, "group_by")) for text in table.group_by]
        key = ", ".join(f"CAST({value.sql} AS VARCHAR)" for value in keys if value)
        only = (
            self._compiled(table.where, table.of, (*where, "where"), "boolean")
            if table.where
            else None
        )
        return TablePlan(
            table, columns, own, f"concat_ws(' ', {key})" if key else "", only.sql if only else ""
        )

    def _columns(self, table: Table, row: Row | None, where: Path_) -> ColumnPlan:
        """The columns as they stand in every row, or in a row with a value of its own."""
        columns, faults = plan_columns(
            table, row, self.scopes[table.of], self.parameters, self._known()
        )
        for column, key, error in faults:
            if key == "value":
                self.broken.add(column)
            number = [each.id for each in table.columns].index(column)
            place: Path_ = (
                (*where, "value") if row and key == "value" else (*where, "columns", number, key)
            )
            if row is None or key == "value":
                self._problem(place, error)
        return columns

    def _known(self) -> frozenset[str]:
        return frozenset(self.report.definition.parameters)
