"""The expression language: what each expression gives, what it reads, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.expressions import Kind, Scope, compile_aggregate, compile_value
from npl_reporting.law.syntax import ExpressionError, parse_expression

# One row of values; those that end in _gap are missing.
COLUMNS: dict[str, tuple[Kind, str, str]] = {
    "principal": ("money", "DECIMAL(18, 2)", "300.00"),
    "collateral": ("money", "DECIMAL(18, 2)", "200.00"),
    "huge": ("money", "DECIMAL(18, 2)", "9999999999999999.99"),
    "money_gap": ("money", "DECIMAL(18, 2)", "NULL"),
    "payments": ("integer", "BIGINT", "6"),
    "payments_gap": ("integer", "BIGINT", "NULL"),
    "rate": ("decimal", "DECIMAL(18, 6)", "0.015000"),
    "product": ("text", "VARCHAR", "'credit_card'"),
    "text_gap": ("text", "VARCHAR", "NULL"),
    "due": ("date", "DATE", "DATE '2024-01-31'"),
    "called": ("date", "DATE", "DATE '2024-02-15'"),
    "due_gap": ("date", "DATE", "NULL"),
    "called_gap": ("date", "DATE", "NULL"),
    "today": ("date", "DATE", "DATE '2024-04-30'"),
    "sued": ("boolean", "BOOLEAN", "true"),
    "dunned": ("boolean", "BOOLEAN", "false"),
    "flag_gap": ("boolean", "BOOLEAN", "NULL"),
}
SCOPE = Scope(
    kinds={name: kind for name, (kind, _, _) in COLUMNS.items()},
    values={"product": ("credit_card", "cash_card", "overdraft")},
    constants={"limit": Decimal("0.60"), "months_allowed": 3, "strict": True, "from_day": date(2024, 3, 1)},
    zero_elapsed=frozenset({"due", "due_gap"}),
    months="civil_code",
    debtors=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("expressions")) as engine:
        row = ", ".join(f"CAST({v} AS {t}) AS {n}" for n, (_, t, v) in COLUMNS.items())
        engine.execute(f"CREATE TABLE one AS SELECT {row}")
        yield engine


# expression = value, or "missing"
GIVES = """
    principal + collateral                       = 500.00
    principal - collateral - 1                   = 99.00
    -principal                                   = -300.00
    principal + money_gap                        = missing
    payments + 1                                 = 7
    payments * 2                                 = 12
    principal * rate                             = 4.50000000
    rate * principal                             = 4.50000000
    0.5 * principal                              = 150.000
    2 * huge                                     = 19999999999999999.98
    huge * 2                                     = 19999999999999999.98
    huge * 0.015                                 = 149999999999999.99985
    payments * principal                         = 1800.00
    principal * months_between(due, today)       = 900.00000000
    principal / collateral                       = 1.500000000000000000
    principal / payments                         = 50.000000000000000000
    payments / 4                                 = 1.500000000000000000
    principal / 7                                = 42.857142857142857142
    -principal / 7                               = -42.857142857142857142
    2 / 3                                        = 0.666666666666666666
    huge / 0.01                                  = 999999999999999999.000000000000000000
    principal / 0                                = missing
    principal / money_gap                        = missing
    principal / (collateral - 200)               = missing
    1 + 2 * 3                                    = 7
    (1 + 2) * 3                                  = 9
    0.1 + 0.2                                    = 0.3
    0.1 + 0.2 = 0.3                              = true
    principal / 7 * 7 = 300                      = false
    abs(collateral - principal)                  = 100.00
    floor(principal / 7)                         = 42
    ceil(principal / 7)                          = 43
    floor(-principal / 7)                        = -43
    floor(2.999999999999999999)                  = 2
    least(principal, collateral)                 = 200.00
    greatest(principal, collateral, 400)         = 400.00
    least(principal, money_gap)                  = 300.00
    coalesce(money_gap, collateral, 0)           = 200.00
    coalesce(money_gap, 0)                       = 0.00
    nullif(principal, 300)                       = missing
    nullif(principal, 301)                       = 300.00
    case when sued then 1 when dunned then 2 end = 1
    case when dunned then 1 else 2 end           = 2
    case when flag_gap then 1 else 2 end         = 2
    case when dunned then 1 end                  = missing
    case when sued then principal else 0 end     = 300.00
    lower('ABC')                                 = abc
    upper(product)                               = CREDIT_CARD
    starts_with(product, 'credit')               = true
    starts_with(text_gap, 'credit')              = missing
    lower(text_gap)                              = missing
    'it''s'                                      = it's
    year(today)                                  = 2024
    month(today)                                 = 4
    day(today)                                   = 30
    year(called_gap)                             = missing
    today - 30                                   = 2024-03-31
    today + payments                             = 2024-05-06
    DATE '2024-02-29' + 1                        = 2024-03-01
    days_between(due, today)                     = 90
    days_between(called, today)                  = 75
    days_between(today, due)                     = -90
    days_between(due_gap, today)                 = 0
    days_between(called_gap, today)              = missing
    days_between(due, called_gap)                = 0
    months_between(due, today)                   = 3.000000
    months_between(due, today + 1)               = 3.032258
    months_between(called, today)                = 2.500000
    months_between(due_gap, today)               = 0
    months_between(called_gap, today)            = missing
    period_end(due, 1)                           = 2024-02-29
    period_end(due, months_allowed)              = 2024-04-30
    period_end(due_gap, 3)                       = missing
    period_end(due, payments_gap)                = missing
    principal > collateral                       = true
    principal >= 300                             = true
    principal <> 300.00                          = false
    principal != 300                             = false
    principal = money_gap                        = missing
    principal / collateral > limit               = true
    today >= from_day                            = true
    product = 'credit_card'                      = true
    product in ('cash_card', 'overdraft')        = false
    product not in ('cash_card', 'overdraft')    = true
    text_gap in ('a', 'b')                       = missing
    text_gap not in ('a', 'b')                   = missing
    principal between 300 and 400                = true
    principal between 301 and 400                = false
    principal not between 301 and 400            = true
    money_gap between 1 and 2                    = missing
    money_gap is null                            = true
    money_gap is not null                        = false
    sued is null                                 = false
    not sued                                     = false
    not flag_gap                                 = missing
    sued and dunned                              = false
    sued or dunned                               = true
    sued and flag_gap                            = missing
    dunned and flag_gap                          = false
    sued or flag_gap                             = true
    dunned or flag_gap                           = missing
    sued and strict                              = true
    not dunned and (sued or dunned)              = true
"""


def pairs(text: str) -> list[tuple[str, str]]:
    lines = (line.rpartition(" = ") for line in text.strip().splitlines())
    return [(expression.strip(), expected.strip()) for expression, _, expected in lines]


def written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "missing" if value is None else str(value)


@pytest.mark.parametrize(("expression", "expected"), pairs(GIVES))
def test_an_expression_gives(expression: str, expected: str, engine: Engine) -> None:
    value = compile_value(expression, SCOPE)
    found, kind = engine.rows(f"SELECT {value.sql}, typeof({value.sql}) FROM one")[0]
    if isinstance(found, Decimal) and expected != "missing":
        assert found == Decimal(expected)
    else:
        assert written(found) == expected
    assert kind not in ("DOUBLE", "FLOAT")


REFUSED = """
    principle                             | 'principle' is not defined; did you mean principal?
    zzz                                   | 'zzz' is not defined; define it, or declare it under columns
    PRINCIPAL                             | 'PRINCIPAL' is not defined
    principal.amount                      | 'principal.amount' is not allowed here
    principal + product                   | '+': takes numbers, found text
    principal and sued                    | 'and': takes boolean, found money
    not principal                         | 'not': takes boolean, found money
    today - due                           | '-': takes integer, found date
    today + rate                          | '+': takes integer, found decimal
    today > '2024-01-01'                  | '>': mixes date and text, write DATE 'YYYY-MM-DD'
    coalesce(product, 3)                  | 'coalesce': mixes integer and text
    case when sued then 1 else 'a' end    | 'case': mixes integer and text
    case when principal then 1 end        | 'case': takes boolean, found money
    product in ('cash_card', 3)           | 'in': mixes integer and text
    product = 'cheque'                    | 'product' is never 'cheque'; write one of credit_card,
    'credit_crad' <> product              | 'product' is never 'credit_crad'; did you mean credit_card?
    months_between(due)                   | cannot be read: something is missing
    months_between(due, today, 3)         | 'months_between': takes 2 argument(s), found 3
    days_between(product, today)          | 'days_between': takes date, found text
    period_end(due, 1.5)                  | 'period_end': takes integer, found decimal
    starts_with(product, 3)               | 'starts_with': takes text, found integer
    principal * collateral                | '*': multiplies money by money
    principal / 3 / 3                     | '/': divides a number of more than 6 decimals
    principal / 3 * rate                  | '*': the product has 24 decimals, more than 18
    round(principal, 0)                   | there is no function 'round'
    nullif(principal)                     | cannot be read: something is missing
    date_trunc('month', today)            | is not allowed here; use names, constants, arithmetic
    today + interval 1 month              | is not allowed here
    today::text                           | is not allowed here
    try_cast(product as date)             | is not allowed here
    principal::int                        | is not allowed here
    product || 'x'                        | is not allowed here
    product like 'a%'                     | is not allowed here
    product similar to 'a'                | is not allowed here
    principal % 7                         | is not allowed here
    principal // 7                        | is not allowed here
    principal ^ 2                         | is not allowed here
    case product when 'x' then 1 end      | is not allowed here
    sued is true                          | is not allowed here
    sued is distinct from dunned          | is not allowed here
    principal between symmetric 2 and 1   | 'between symmetric' is not allowed
    (select 1)                            | is not allowed here
    exists (select 1)                     | is not allowed here
    principal in (select 1)               | is not allowed here
    principal in ()                       | is not allowed here
    principal = any(1)                    | is not allowed here
    *                                     | is not allowed here
    columns(*)                            | is not allowed here
    [principal]                           | is not allowed here
    {'a': principal}                      | is not allowed here
    ?                                     | is not allowed here
    $1                                    | is not allowed here
    principal collateral                  | is not allowed here
    x -> x                                | is not allowed here
    current_date                          | is not allowed here
    random()                              | is not allowed here
    read_csv('/etc/passwd')               | is not allowed here
    read_text('/etc/passwd')              | there is no function 'read_text'
    getenv('HOME')                        | there is no function 'getenv'
    nextval('s')                          | there is no function 'nextval'
    sum(principal)                        | 'sum' is not allowed here; use it in a report cell
    sum(principal) over ()                | is not allowed here
    count(*)                              | 'count' is not allowed here
    count(distinct product)               | is not allowed here
    abs(principal) filter (where sued)    | 'abs' takes no filter
    any_of_debtor(sued) filter (where sued) | 'any_of_debtor' takes no filter
    any_of_debtor(principal)              | 'any_of_debtor' needs a condition first
    any_of_debtor()                       | 'any_of_debtor' takes 1 argument(s)
    share_of_debtor(sued)                 | 'share_of_debtor' takes 2 argument(s)
    mean_of_debtor(principal)             | 'mean_of_debtor' is not allowed here
    max_of_debtor(min_of_debtor(principal)) | 'min_of_debtor' is not allowed here
    1e6                                   | '1e6' is not an exact number; write it out in digits
    DATE '2024-02-30'                     | there is no day '2024-02-30'
    null                                  | the expression is always missing
    principal; principal                  | is not one expression; write exactly one
    principal +                           | cannot be read: something is missing
    (principal                            | cannot be read: Expecting )
"""


@pytest.mark.parametrize(
    ("expression", "words"), [tuple(map(str.strip, line.split(" | "))) for line in REFUSED.strip().splitlines()]
)  # fmt: skip
def test_an_expression_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_value(expression, SCOPE)
    assert words in str(caught.value)


def test_an_expression_that_nests_too_deeply_is_refused() -> None:
    with pytest.raises(ExpressionError, match="nests too deeply; make a part of it a fact"):
        compile_value("(" * 500 + "principal" + ")" * 500, SCOPE)


def test_an_empty_expression_is_refused() -> None:
    with pytest.raises(ExpressionError, match="is not one expression"):
        compile_value("", SCOPE)


@pytest.mark.parametrize(
    ("expression", "names", "settings"),
    [
        ("principal / collateral > limit", {"principal", "collateral"}, {"limit"}),
        ("case when sued then rate else payments end", {"sued", "rate", "payments"}, set()),
        ("strict and today >= from_day", {"today"}, {"strict", "from_day"}),
        ("any_of_debtor(sued and rate > limit)", set(), {"limit"}),
        ("1 + 2", set(), set()),
    ],
)
def test_what_an_expression_reads_on_its_own_row(
    expression: str, names: set[str], settings: set[str]
) -> None:
    value = compile_value(expression, SCOPE)
    assert (set(value.names), set(value.settings)) == (names, settings)


def test_what_is_read_on_the_debtors_other_rows_stands_with_the_aggregate() -> None:
    value = compile_value("share_of_debtor(sued, principal) > 0.20 and dunned", SCOPE)
    (aggregate,) = value.aggregates
    assert aggregate.function == "share"
    assert aggregate.names == {"sued", "principal"} and aggregate.amount_names == {"principal"}
    assert value.names == {"dunned"} and value.reads == {"dunned", "sued", "principal"}


@pytest.mark.parametrize(
    ("expression", "kind", "scale"),
    [
        ("principal", "money", 2),
        ("principal + payments", "money", 2),
        ("principal * rate", "money", 8),
        ("principal / payments", "decimal", 18),
        ("rate * payments", "decimal", 6),
        ("payments + 1", "integer", 0),
        ("0.25", "decimal", 2),
        ("floor(rate)", "integer", 0),
        ("months_between(due, today)", "decimal", 6),
        ("days_between(due, today)", "integer", 0),
        ("period_end(due, 3)", "date", 0),
        ("principal > 3", "boolean", 0),
        ("coalesce(text_gap, 'x')", "text", 0),
        ("count_of_debtor(sued)", "integer", 0),
        ("sum_of_debtor(principal)", "money", 2),
        ("share_of_debtor(sued, principal)", "decimal", 18),
        ("max_of_debtor(due)", "date", 0),
    ],
)
def test_the_kind_of_an_expression(expression: str, kind: Kind, scale: int) -> None:
    value = compile_value(expression, SCOPE)
    assert (value.kind, value.scale) == (kind, scale)


@pytest.mark.parametrize(
    ("expression", "elapsed"),
    [
        ("months_between(due, today)", True),
        ("days_between(due, today)", True),
        ("months_between(called, today)", False),
        ("months_between(due, today) > 3", False),
        ("floor(months_between(due, today))", False),
    ],
)
def test_time_that_makes_a_loan_later_is_known_as_such(expression: str, elapsed: bool) -> None:
    assert compile_value(expression, SCOPE).elapsed is elapsed


def test_a_column_known_in_advance_stands_as_a_literal() -> None:
    scope = Scope(kinds={"today": "date"}, literals={"today": "DATE '2024-06-30'"})
    assert compile_value("today - 1", scope).sql == "(DATE '2024-06-30' - CAST(1 AS INTEGER))"


def test_a_text_in_an_expression_stays_a_text(engine: Engine) -> None:
    value = compile_value("'a'' OR 1=1 --'", SCOPE)
    assert engine.value(f"SELECT {value.sql} FROM one") == "a' OR 1=1 --"


def test_names_are_quoted() -> None:
    scope = Scope(kinds={"select": "integer"})
    assert compile_value('"select" + 1', scope).sql == '("select" + 1)'


# Over three rows: amounts 10, 20 and missing; true, true, false.
CELLS = """
    sum(amount)                                     = 30
    sum(amount) filter (where late)                 = 30
    sum(amount) filter (where not late)             = 0
    sum(amount) filter (where amount > 100)         = 0
    count()                                         = 3
    count(*)                                        = 3
    count() filter (where late)                     = 2
    count_distinct(late)                            = 2
    max(amount)                                     = 20
    min(amount) filter (where amount > 10)          = 20
    max(amount) filter (where amount > 100)         = missing
    sum(amount) / count()                           = 10
    sum(amount) * share                             = 15
    sum(amount * share)                             = 15
    sum(amount) / nullif(count() filter (where amount > 100), 0) = missing
    share                                           = 0.5
"""
CELL_SCOPE = Scope(
    kinds={"amount": "money", "late": "boolean"}, constants={"share": Decimal("0.5")}
)


@pytest.mark.parametrize(("expression", "expected"), pairs(CELLS))
def test_a_report_cell_gives(expression: str, expected: str, engine: Engine) -> None:
    engine.execute(
        "CREATE OR REPLACE TABLE three AS SELECT CAST(a AS DECIMAL(18, 2)) AS amount, late "
        "FROM (VALUES (10, true), (20, true), (NULL, false)) t(a, late)"
    )
    sql = compile_aggregate(expression, CELL_SCOPE).sql
    ((found,), *_) = engine.rows(f"SELECT {sql} FROM three")
    assert found is None if expected == "missing" else found == Decimal(expected)


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("amount", "'amount' stands outside an aggregate; write sum(…) around it"),
        ("sum(amount) + amount", "'amount' stands outside an aggregate"),
        ("sum(late)", "only numbers can be summed"),
        ("sum(amount, amount)", "cannot be read"),
        ("sum(amount) filter (where amount)", "a filter must be a condition"),
        ("sum(sum(amount))", "'sum' is not allowed here"),
        ("sum(sum_of_debtor(amount))", "'sum_of_debtor' is not allowed here"),
        ("count(amount)", "is not allowed here"),
    ],
)
def test_a_report_cell_is_refused(expression: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_aggregate(expression, CELL_SCOPE)
    assert words in str(caught.value)


def test_an_expression_is_parsed_once() -> None:
    assert parse_expression("principal + 1") is parse_expression("principal + 1")
