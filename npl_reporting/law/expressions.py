"""One expression language for rule and report files: names and functions checked, SQL written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from typing import Literal, cast, get_args

from npl_reporting.dates import MonthsConvention
from npl_reporting.law.functions import FUNCTIONS, RATIO_DECIMALS, Sql, SqlError
from npl_reporting.law.syntax import (
    Call,
    Constant,
    ConstantValue,
    ExpressionError,
    Name,
    Node,
    parse_expression,
)

Kind = Literal["text", "money", "decimal", "integer", "date", "boolean"]
Resolver = Callable[[tuple[ConstantValue, ...]], ConstantValue]
NUMBERS = frozenset({"money", "decimal", "integer"})
_DEBTOR = ("any", "count", "sum", "share", "max", "min")
_AGGREGATES = ("sum", "count", "count_distinct", "max", "min")


@dataclass(frozen=True)
class Scope:
    """What an expression may mention.

    `kinds` names columns, facts and outcomes, `scales` the decimals of those that are not money
    or whole numbers (6 where not given); `constants` names settings with their values;
    `literals` gives columns that are one known value in this run (the reporting date) as SQL;
    `values` lists the only texts that a name can have; `zero_elapsed` names dates whose absence
    means that nothing has begun, so that time counted from them is zero, and `elapsed` facts that
    are such time; `resolvers` are functions of constants alone, answered before any SQL.
    """

    kinds: Mapping[str, Kind]
    scales: Mapping[str, int] = field(default_factory=dict)
    constants: Mapping[str, ConstantValue] = field(default_factory=dict)
    literals: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zero_elapsed: frozenset[str] = frozenset()
    elapsed: frozenset[str] = frozenset()
    months: MonthsConvention = "same_day"
    money_decimals: int = 2
    debtors: bool = False
    aggregates: bool = False
    resolvers: Mapping[str, Resolver] = field(default_factory=dict)

    def with_names(
        self,
        kinds: Mapping[str, Kind],
        scales: Mapping[str, int] = {},
        values: Mapping[str, tuple[str, ...]] = {},
    ) -> Scope:
        """Return this scope with further names."""
        return replace(
            self,
            kinds={**self.kinds, **kinds},
            scales={**self.scales, **scales},
            values={**self.values, **values},
        )

    def scale(self, name: str) -> int:
        """Decimals of a name's values."""
        kind = self.kinds[name]
        usual = {"money": self.money_decimals, "decimal": 6}.get(kind, 0)
        return self.scales.get(name, usual)


@dataclass(frozen=True)
class DebtorAggregate:
    """A value taken over all exposures of one debtor; its SQL stands for it as column `name`.

    `function` is any, count, sum, share, max or min; `condition` and `amount` are SQL over one
    exposure's facts ('' where the function takes none), `scale` the amount's decimals; `names`
    are all that it reads, `amount_names` those of the amount alone.
    """

    name: str
    function: str
    condition: str
    amount: str
    scale: int
    names: frozenset[str]
    amount_names: frozenset[str]


@dataclass(frozen=True)
class Value:
    """A compiled expression: SQL over quoted column names, its kind, and what it reads.

    `names` are those read on the row itself; those inside a debtor aggregate stand with it.
    `elapsed` marks time counted from a date whose absence means that nothing has begun: the
    measure by which a loan gets later.
    """

    sql: str
    kind: Kind
    scale: int
    names: frozenset[str]
    settings: frozenset[str] = frozenset()
    aggregates: tuple[DebtorAggregate, ...] = ()
    elapsed: bool = False

    @property
    def reads(self) -> frozenset[str]:
        """Every name the value depends on, on this row or on the debtor's other rows."""
        return self.names.union(*(aggregate.names for aggregate in self.aggregates))


def compile_value(text: str, scope: Scope) -> Value:
    """Compile a scalar expression; ExpressionError says what is not allowed."""
    return compile_node(parse_expression(text), scope)


def compile_node(node: Node, scope: Scope) -> Value:
    """Compile a parsed expression."""
    compiler = _Compiler(scope)
    result = compiler.sql(node)
    elapsed = _elapsed(node, scope)
    return Value(
        result.text, _kind(result), result.scale, frozenset(compiler.names),
        frozenset(compiler.settings), tuple(compiler.aggregates.values()), elapsed,
    )  # fmt: skip


def _elapsed(node: Node, scope: Scope) -> bool:
    """Whether a value is time elapsed, or the greatest or least of such times."""
    if isinstance(node, Name):
        return node.name in scope.elapsed
    if isinstance(node, Constant):
        return False
    if node.function in ("greatest", "least", "coalesce"):
        return any(_elapsed(arg, scope) for arg in node.args)
    first = node.args[0] if node.args else None
    between = node.function in ("days_between", "months_between")
    return between and isinstance(first, Name) and first.name in scope.zero_elapsed


def compile_aggregate(text: str, scope: Scope) -> Value:
    """Compile an expression whose columns all stand inside sum, count, max or min."""
    node = parse_expression(text)
    loose = [name for name in _loose_names(node) if name not in scope.constants]
    if loose:
        raise ExpressionError(f"'{loose[0]}' stands outside an aggregate", "write sum(…) around it")
    return compile_node(node, replace(scope, aggregates=True))


def _loose_names(node: Node) -> list[str]:
    if isinstance(node, Name):
        return [node.name]
    if isinstance(node, Constant) or node.function in _AGGREGATES:
        return []
    return [name for arg in node.args for name in _loose_names(arg)]


class _Compiler:
    """Walks one tree, writing SQL and noting what it read."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.names: set[str] = set()
        self.settings: set[str] = set()
        self.aggregates: dict[str, DebtorAggregate] = {}

    def sql(self, node: Node) -> Sql:
        if isinstance(node, Constant):
            return constant_sql(node.value)
        if isinstance(node, Name):
            return self._name(node.name)
        if node.function in _AGGREGATES:
            return self._aggregate(node)
        if node.where is not None:
            raise ExpressionError(f"'{node.function}' takes no filter", "filter sum or count")
        if node.function in self.scope.resolvers:
            return constant_sql(self.scope.resolvers[node.function](_constants(node)))
        if node.function.endswith("_of_debtor"):
            return self._debtor_aggregate(node)
        return self._call(node)

    def _name(self, name: str) -> Sql:
        if name in self.scope.constants:
            self.settings.add(name)
            return constant_sql(self.scope.constants[name])
        if name not in self.scope.kinds:
            raise ExpressionError(f"'{name}' is not defined", _suggestion(name, self.scope))
        self.names.add(name)
        text = self.scope.literals.get(name, '"' + name + '"')
        return Sql(text, self.scope.kinds[name], self.scope.scale(name))

    def _call(self, node: Call) -> Sql:
        function = FUNCTIONS.get(node.function)
        if function is None:
            remedy = _close(node.function, FUNCTIONS, "see the list in rules/README.md")
            raise ExpressionError(f"there is no function '{node.function}'", remedy)
        if node.function in ("=", "<>", "in"):
            self._known_values(node)
        args = [self.sql(arg) for arg in node.args]
        try:
            result = function(args, self.scope.months)
        except SqlError as error:
            raise ExpressionError(f"'{node.function}': {error}", "see rules/README.md") from None
        return self._from_clock(node, result)

    def _known_values(self, node: Call) -> None:
        """A name that can only have certain values is not to be compared with another."""
        for name in (arg.name for arg in node.args if isinstance(arg, Name)):
            values = self.scope.values.get(name, ())
            for constant in (arg.value for arg in node.args if isinstance(arg, Constant)):
                if values and isinstance(constant, str) and constant not in values:
                    remedy = _close(constant, values, f"write one of {', '.join(values)}")
                    raise ExpressionError(f"'{name}' is never '{constant}'", remedy)

    def _from_clock(self, node: Call, result: Sql) -> Sql:
        first = node.args[0] if node.args else None
        if not (node.function.endswith("_between") and isinstance(first, Name)):
            return result
        if first.name not in self.scope.zero_elapsed:
            return result
        return Sql(f"coalesce({result.text}, 0)", result.kind, result.scale)

    def _debtor_aggregate(self, node: Call) -> Sql:
        function = node.function.removesuffix("_of_debtor")
        if function not in _DEBTOR or not self.scope.debtors:
            what = f"'{node.function}' is not allowed here"
            raise ExpressionError(what, "make it a fact of its own in the rule file")
        want = 2 if function == "share" else 1
        if len(node.args) != want:
            raise ExpressionError(f"'{node.function}' takes {want} argument(s)", "see the README")
        conditional = function in ("any", "count", "share")
        condition, read = self._inner(node.args[0]) if conditional else (None, frozenset[str]())
        if condition and condition.kind != "boolean":
            raise ExpressionError(f"'{node.function}' needs a condition first", "compare a fact")
        takes_amount = function not in ("any", "count")
        amount, amount_read = (
            self._inner(node.args[-1]) if takes_amount else (Sql("", "integer"), frozenset[str]())
        )
        text = condition.text if condition else ""
        name = f"debtor {function} {text} {amount.text}"
        self.aggregates[name] = DebtorAggregate(
            name, function, text, amount.text, amount.scale, read | amount_read, amount_read
        )
        kind = {"any": "boolean", "count": "integer", "share": "decimal"}.get(function, amount.kind)
        scale = RATIO_DECIMALS if function == "share" else amount.scale
        return Sql('"' + name.replace('"', '""') + '"', kind, scale)

    def _inner(self, node: Node) -> tuple[Sql, frozenset[str]]:
        """Compile what a debtor aggregate reads on each of the debtor's exposures."""
        inner = _Compiler(replace(self.scope, debtors=False))
        sql = inner.sql(node)
        self.settings |= inner.settings
        return sql, frozenset(inner.names)

    def _aggregate(self, node: Call) -> Sql:
        if not self.scope.aggregates:
            raise ExpressionError(
                f"'{node.function}' is not allowed here", "use it in a report cell"
            )
        inner = _Compiler(replace(self.scope, aggregates=False))
        args = [inner.sql(arg) for arg in node.args]
        where = inner.sql(node.where) if node.where else None
        self.names |= inner.names
        self.settings |= inner.settings
        return aggregate_sql(node.function, args, where)


def aggregate_sql(function: str, args: list[Sql], where: Sql | None) -> Sql:
    """Write an aggregate; a sum over no rows is zero, a maximum over none is missing."""
    if where is not None and where.kind != "boolean":
        raise ExpressionError("a filter must be a condition", "compare something")
    tail = f" FILTER (WHERE {where.text})" if where else ""
    if function == "count":
        return Sql(f"count(*){tail}", "integer", 0)
    if len(args) != 1:
        raise ExpressionError(f"'{function}' takes one argument", "see reports/README.md")
    if function == "count_distinct":
        return Sql(f"count(DISTINCT {args[0].text}){tail}", "integer", 0)
    if function == "sum":
        if args[0].kind not in NUMBERS:
            raise ExpressionError("only numbers can be summed", "sum a money column")
        return Sql(f"coalesce(sum({args[0].text}){tail}, 0)", args[0].kind, args[0].scale)
    return Sql(f"{function}({args[0].text}){tail}", args[0].kind, args[0].scale)


def constant_sql(value: ConstantValue) -> Sql:
    """Write a constant as SQL."""
    match value:
        case None:
            return Sql("NULL", "null", 0)
        case bool():
            return Sql("true" if value else "false", "boolean", 0)
        case int():
            return Sql(str(value), "integer", 0)
        case Decimal():
            exponent = value.as_tuple().exponent
            return Sql(format(value, "f"), "decimal", max(0, -int(exponent)))
        case date():
            return Sql(f"DATE '{value.isoformat()}'", "date", 0)
    return Sql("'" + value.replace("'", "''") + "'", "text", 0)


def _constants(node: Call) -> tuple[ConstantValue, ...]:
    """The arguments of a resolver: constants, and plain names as their own text."""
    values: list[ConstantValue] = []
    for arg in node.args:
        if isinstance(arg, Call):
            raise ExpressionError(f"'{node.function}' takes plain names", "write them out")
        values.append(arg.value if isinstance(arg, Constant) else arg.name)
    return tuple(values)


def _kind(sql: Sql) -> Kind:
    if sql.kind not in get_args(Kind):
        raise ExpressionError("the expression is always missing", "give it a value")
    return cast(Kind, sql.kind)


def _suggestion(name: str, scope: Scope) -> str:
    known = [*scope.kinds, *scope.constants]
    return _close(name, known, "define it, or declare it under columns")


def _close(word: str, known: Iterable[str], otherwise: str) -> str:
    """The known word that was probably meant, as a remedy."""
    close = get_close_matches(word, list(known), 1)
    return f"did you mean {close[0]}?" if close else otherwise
