"""The one pass over the exposures that gives every grid of a report.

Exposures that stand in the same rows of the report are summed up together first, under a mask with
one bit for each row; the few sums that remain are then put into each row that their mask names.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from npl_reporting.engine import quoted
from npl_reporting.law.expressions import Kind, Scope, compile_node
from npl_reporting.law.syntax import Call, Constant, Name, Node, parse_expression
from npl_reporting.returns.plan import AGGREGATES, Plan, TablePlan

_BITS = 60
"""Rows that one mask holds: the bits of a whole number that fits every sum of them."""


@dataclass(frozen=True)
class _Part:
    """One aggregate: its SQL over exposures, and over the sums of exposures in the same rows.

    A distinct count has none over exposures: its values are told apart as keys.
    """

    over_exposures: str
    over_sums: str
    kind: Kind
    scale: int


@dataclass
class _Parts:
    """The aggregates of a report, each once; a distinct count's value is a key of the first step."""

    scope: Scope
    keys: list[str] = field(default_factory=list)
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
        value = compile_node(call, replace(self.scope, aggregates=True))
        name = quoted(_part(len(self.parts)))
        known = [part.over_exposures for part in self.parts]
        if value.sql in known:
            return self.parts[known.index(value.sql)]
        combined = f"{call.function}({name})"
        if call.function in ("sum", "count"):
            combined = f"coalesce(sum({name}), 0)"
        return _Part(value.sql, combined, value.kind, value.scale)

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


def _key(number: int) -> str:
    return f"key {number}"


def _mask(number: int) -> str:
    return f"mask {number}"


def grid_sql(planned: Plan, relation: str) -> str:
    """Write the query: a line for each row of the report that any exposure stands in.

    Columns: mark, the row's number from 1; each grid's columns as `table.column`. Line 0 holds
    what a row has that no exposure stands in.
    """
    parts = _Parts(planned.scope)
    grids = [plan for plan in planned.tables.values() if _owns_columns(plan)]
    values = {
        f"{plan.table.id}.{column.id}": parts.taken_out(parse_expression(column.value))
        for plan in grids
        for column in plan.table.columns
        if column.value is not None
    }
    scope = parts.scope_of_parts()
    valued = [f"{compile_node(node, scope).sql} AS {quoted(n)}" for n, node in values.items()]
    formulas = [
        f"{formula.sql} AS {quoted(f'{plan.table.id}.{name}')}"
        for plan in grids
        for name, formula in plan.formulas.items()
    ]
    return (
        f"WITH summed AS ({_summed(planned, parts, relation)}), grouped AS ({_grouped(planned, parts)})"
        f" SELECT {_list(['*', *formulas])} FROM (SELECT {_list(['mark', *valued])} FROM grouped)"
    )


def _owns_columns(plan: TablePlan) -> bool:
    return plan.table.kind == "grid" and plan.table.columns_of is None


def _summed(planned: Plan, parts: _Parts, relation: str) -> str:
    """The pass itself: exposures of the same rows (and the same keys) summed up together."""
    masks = [f"{sql} AS {quoted(_mask(n))}" for n, sql in enumerate(_masks(planned))]
    keys = [f"{sql} AS {quoted(_key(number))}" for number, sql in enumerate(parts.keys)]
    names = [quoted(_mask(n)) for n in range(len(masks))]
    names += [quoted(_key(number)) for number in range(len(keys))]
    sums = [
        f"{part.over_exposures} AS {quoted(_part(n))}"
        for n, part in enumerate(parts.parts)
        if part.over_exposures
    ]
    marked = f"SELECT {_list(['*', *masks, *keys])} FROM {planned.source(relation)}"
    return f"SELECT {_list([*names, *sums])} FROM ({marked}) GROUP BY {_list(names)}"


def _masks(planned: Plan) -> Iterator[str]:
    conditions = list(planned.rows.values())
    for start in range(0, len(conditions), _BITS):
        bits = " | ".join(
            f"CASE WHEN {sql} THEN CAST({1 << place} AS BIGINT) ELSE 0 END"
            for place, sql in enumerate(conditions[start : start + _BITS])
        )
        yield f"({bits})"


def _grouped(planned: Plan, parts: _Parts) -> str:
    """The sums put into every row that their mask names, and once into none."""
    marks = _list(
        [
            f"CASE WHEN {quoted(_mask(n // _BITS))} & {1 << n % _BITS} <> 0 THEN {n + 1} END"
            for n in range(len(planned.rows))
        ]
    )
    sums = [f"{part.over_sums} AS {quoted(_part(n))}" for n, part in enumerate(parts.parts)]
    each = f"SELECT *, unnest(list_filter([{marks}], lambda mark: mark IS NOT NULL)) AS mark FROM summed"
    return (
        f"SELECT {_list(['mark', *sums])} FROM ({each}) GROUP BY mark"
        f" UNION ALL SELECT {_list(['0', *sums])} FROM summed WHERE false"
    )


def _list(pieces: Sequence[str]) -> str:
    return ", ".join(pieces)
