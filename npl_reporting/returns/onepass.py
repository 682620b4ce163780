"""The one pass over the exposures that gives every grid of a report.

Exposures that stand in the same rows and meet the same filters are summed up together first, under a
mask with one bit for each condition; the few sums that remain are then put into each row and each
filtered sum that their mask names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from npl_reporting.engine import quoted
from npl_reporting.law.expressions import Kind, Scope, compile_node
from npl_reporting.law.syntax import Call, Constant, Name, Node
from npl_reporting.returns.columnplan import ColumnPlan
from npl_reporting.returns.formulas import AGGREGATES
from npl_reporting.returns.plan import Plan
from npl_reporting.returns.report import Relation

_BITS = 60
"""Conditions that one mask holds: the bits of a whole number that fits every sum of them."""


@dataclass(frozen=True)
class _Part:
    """One aggregate: its SQL over exposures without its filter, and over the sums of these.

    `over_sums` has a place for the filter, whose condition is `where`. A distinct count has no SQL
    over exposures: its values are told apart as keys.
    """

    over_exposures: str
    over_sums: str
    kind: Kind
    scale: int
    where: str = ""


@dataclass
class _Parts:
    """The aggregates of a report, each once; a distinct count's value is a key of the first step."""

    scope: Scope
    keys: list[str] = field(default_factory=list)
    sums: list[str] = field(default_factory=list)
    parts: list[_Part] = field(default_factory=list)

    def taken_out(self, node: Node) -> Node:
        """Put a name in the place of each aggregate."""
        if not isinstance(node, Call):
            return node
        if node.function not in AGGREGATES:
            return Call(node.function, tuple(self.taken_out(arg) for arg in node.args))
        part = self._distinct(node) if node.function == "count_distinct" else self._plain(node)
        if part not in self.parts:
            self.parts.append(part)
        return Name(_part(self.parts.index(part)))

    def _plain(self, call: Call) -> _Part:
        where = compile_node(call.where, self.scope).sql if call.where is not None else ""
        scope = replace(self.scope, aggregates=True)
        value = compile_node(Call(call.function, call.args), scope)
        if value.sql not in self.sums:
            self.sums.append(value.sql)
        name = quoted(_sum(self.sums.index(value.sql)))
        combined = f"{call.function}({name}){{}}"
        if call.function in ("sum", "count"):
            combined = f"coalesce(sum({name}){{}}, 0)"
        return _Part(value.sql, combined, value.kind, value.scale, where)

    def _distinct(self, call: Call) -> _Part:
        counted = call.args[0]
        if call.where is not None:
            counted = Call("case", (call.where, counted, Constant(None)))
        key = compile_node(counted, self.scope).sql
        if key not in self.keys:
            self.keys.append(key)
        name = quoted(_key(self.keys.index(key)))
        return _Part("", f"count(DISTINCT {name})", "integer", 0)

    def scope_of_parts(self) -> Scope:
        """What an expression over the parts may mention."""
        kinds = {_part(number): part.kind for number, part in enumerate(self.parts)}
        scales = {_part(number): part.scale for number, part in enumerate(self.parts)}
        return Scope(kinds, scales, self.scope.constants)


def _part(number: int) -> str:
    return f"part {number}"


def _sum(number: int) -> str:
    return f"sum {number}"


def _key(number: int) -> str:
    return f"key {number}"


def _mask(number: int) -> str:
    return f"mask {number}"


def grid_sql(planned: Plan, relation: str, of: Relation = "exposures") -> str:
    """Write the query: a line for each row of the report that any exposure stands in.

    It is over the tables that are about one relation. Columns: mark, the row's number from 1; the
    columns of each grid as `table.column`, and of rows with a value of their own as
    `table.row.column`. Line 0 holds what a row has that no exposure stands in.
    """
    scope = planned.sources[of].scope
    parts = _Parts(scope)
    columns = list(_column_plans(planned, of))
    values = {
        plan.name(column): parts.taken_out(node)
        for plan in columns
        for column, node in plan.nodes.items()
    }
    known = parts.scope_of_parts()
    valued = [f"{compile_node(node, known).sql} AS {quoted(n)}" for n, node in values.items()]
    formulas = [
        f"{formula.sql} AS {quoted(plan.name(name))}"
        for plan in columns
        for name, formula in plan.formulas.items()
    ]
    rows = list(planned.rows[of].values())
    filters = [part.where for part in parts.parts if part.where]
    conditions = list(dict.fromkeys((*rows, *filters)))
    summed = _summed(conditions, parts, planned.source(relation, of))
    return (
        f"WITH summed AS ({summed}), grouped AS ({_grouped(rows, conditions, parts)})"
        f" SELECT {_list(['*', *formulas])} FROM (SELECT {_list(['mark', *valued])} FROM grouped)"
    )


def _column_plans(planned: Plan, of: Relation) -> Iterator[ColumnPlan]:
    """Every grid's columns, those that several share once, and those of single rows."""
    seen = set()
    for plan in planned.tables.values():
        if plan.table.kind == "grid" and plan.table.of == of:
            for columns in (plan.columns, *plan.rows.values()):
                if columns.place not in seen:
                    seen.add(columns.place)
                    yield columns


def _summed(conditions: Sequence[str], parts: _Parts, source: str) -> str:
    """The pass itself: exposures under the same mask (and the same keys) summed up together."""
    masks = [f"{sql} AS {quoted(_mask(n))}" for n, sql in enumerate(_masks(conditions))]
    keys = [f"{sql} AS {quoted(_key(number))}" for number, sql in enumerate(parts.keys)]
    names = [quoted(_mask(n)) for n in range(len(masks))]
    names += [quoted(_key(number)) for number in range(len(keys))]
    sums = [f"{sql} AS {quoted(_sum(number))}" for number, sql in enumerate(parts.sums)]
    marked = f"SELECT {_list(['*', *masks, *keys])} FROM {source}"
    return f"SELECT {_list([*names, *sums])} FROM ({marked}) GROUP BY {_list(names)}"


def _masks(conditions: Sequence[str]) -> Iterator[str]:
    for start in range(0, len(conditions), _BITS):
        bits = " | ".join(
            f"CASE WHEN {sql} THEN CAST({1 << place} AS BIGINT) ELSE 0 END"
            for place, sql in enumerate(conditions[start : start + _BITS])
        )
        yield f"({bits})"


def _holds(place: int) -> str:
    """Whether a mask has the bit of a condition."""
    return f"{quoted(_mask(place // _BITS))} & {1 << place % _BITS} <> 0"


def _grouped(rows: Sequence[str], conditions: Sequence[str], parts: _Parts) -> str:
    """The sums put into every row that their mask names, and once into none."""
    holds = {sql: _holds(place) for place, sql in enumerate(conditions)}
    marks = _list([f"CASE WHEN {holds[sql]} THEN {n} END" for n, sql in enumerate(rows, 1)])
    sums = [
        f"{part.over_sums.format(f' FILTER (WHERE {holds[part.where]})' if part.where else '')}"
        f" AS {quoted(_part(n))}"
        for n, part in enumerate(parts.parts)
    ]
    sums.append("count(*) AS lines")  # line 0 stands even where nothing is summed
    each = f"SELECT *, unnest(list_filter([{marks}], lambda mark: mark IS NOT NULL)) AS mark FROM summed"
    return (
        f"SELECT {_list(['mark', *sums])} FROM ({each}) GROUP BY mark"
        f" UNION ALL SELECT {_list(['0', *sums])} FROM summed WHERE false"
    )


def _list(pieces: Sequence[str]) -> str:
    return ", ".join(pieces)
