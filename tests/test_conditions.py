"""Conditions: for which values each one holds, a missing value and `not` included."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.bands import bands_of
from npl_reporting.law.conditions import (
    All,
    Any,
    Comparison,
    Condition,
    Known,
    branches,
    comparisons,
    compile_condition,
)
from npl_reporting.law.expressions import Kind, Scope
from npl_reporting.law.syntax import ExpressionError

KINDS: Mapping[str, Kind] = {
    "months": "decimal",
    "payments": "integer",
    "claim": "money",
    "due": "date",
    "kind": "text",
    "sued": "boolean",
    "dunned": "boolean",
}
SCOPE = Scope(kinds=KINDS, constants={"limit": 3, "start": date(2024, 3, 31), "strict": True})
SQL_TYPES = {
    "decimal": "DECIMAL(18, 6)", "integer": "BIGINT", "money": "DECIMAL(18, 2)", "date": "DATE",
    "text": "VARCHAR", "boolean": "BOOLEAN",
}  # fmt: skip
VALUES: Mapping[str, tuple[Known | None, ...]] = {
    "months": (Decimal("2.999999"), Decimal(3), Decimal("3.000001"), None),
    "payments": (2, 3, 4, None),
    "claim": (Decimal("2.99"), Decimal(3), Decimal("3.01"), None),
    "due": (date(2024, 3, 30), date(2024, 3, 31), date(2024, 4, 1), None),
    "kind": ("card", "loan", "Loan", "", None),
    "sued": (True, False, None),
}

# condition: the values for which it holds, in the order of VALUES; the last is the missing one
HOLDS = """
    months < 3                       : yes no no no
    months <= 3                      : yes yes no no
    months > 3                       : no no yes no
    months >= 3                      : no yes yes no
    months = 3                       : no yes no no
    months <> 3                      : yes no yes no
    months != 3                      : yes no yes no
    3 < months                       : no no yes no
    3 >= months                      : yes yes no no
    3 = months                       : no yes no no
    not months < 3                   : no yes yes no
    not months <= 3                  : no no yes no
    not months > 3                   : yes yes no no
    not months >= 3                  : yes no no no
    not months = 3                   : yes no yes no
    not months <> 3                  : no yes no no
    not 3 < months                   : yes yes no no
    not not months > 3               : no no yes no
    months is null                   : no no no yes
    months is not null               : yes yes yes no
    not months is null               : yes yes yes no
    not months is not null           : no no no yes
    months in (3, 5)                 : no yes no no
    months not in (3, 5)             : yes no yes no
    not months in (3, 5)             : yes no yes no
    not months not in (3, 5)         : no yes no no
    months between 3 and 4           : no yes yes no
    months not between 3 and 4       : yes no no no
    not months between 3 and 4       : yes no no no
    months between 4 and 3           : no no no no
    months > limit                   : no no yes no
    months <= limit                  : yes yes no no
    months = limit or months is null : no yes no yes
    not (months > 3 and months < 5)  : yes yes no no
    not (months > 3 or months is null) : yes yes no no
    months > 3 or not months > 3     : yes yes yes no
    months > 3 and not months > 3    : no no no no
    payments >= 3                    : no yes yes no
    payments > 2.5                   : no yes yes no
    claim > 3.00                     : no no yes no
    claim > 3.005                    : no no yes no
    claim = 3                        : no yes no no
    due < DATE '2024-03-31'          : yes no no no
    due >= DATE '2024-03-31'         : no yes yes no
    due > start                      : no no yes no
    not due = start                  : yes no yes no
    kind = 'loan'                    : no yes no no no
    kind <> 'loan'                   : yes no yes yes no
    not kind = 'loan'                : yes no yes yes no
    kind in ('loan', 'card')         : yes yes no no no
    kind not in ('loan', 'card')     : no no yes yes no
    kind = ''                        : no no no yes no
    kind is null                     : no no no no yes
    not kind is null                 : yes yes yes yes no
    sued                             : yes no no
    not sued                         : no yes no
    not not sued                     : yes no no
    sued = true                      : yes no no
    sued = false                     : no yes no
    sued <> true                     : no yes no
    not sued = true                  : no yes no
    sued in (true, false)            : yes yes no
    sued is null                     : no no yes
    sued is not null                 : yes yes no
    not (sued or sued is null)       : no yes no
"""


def lines(text: str) -> list[tuple[str, str]]:
    parts = (line.rpartition(" : ") for line in text.strip().splitlines())
    return [(condition.strip(), result.strip()) for condition, _, result in parts]


def compiled(text: str) -> Condition:
    return compile_condition(text, SCOPE).condition


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("conditions")) as engine:
        yield engine


@pytest.mark.parametrize(("text", "result"), lines(HOLDS))
def test_a_condition_holds_for(text: str, result: str, engine: Engine) -> None:
    """In SQL over the values themselves, and over their bands, alike."""
    expected = [word == "yes" for word in result.split()]
    condition = compiled(text)
    (name,) = {comparison.name for comparison in comparisons(condition)}
    assert by_sql(engine, condition, name) == expected
    assert by_bands(condition, name) == expected


def by_sql(engine: Engine, condition: Condition, name: str) -> list[bool]:
    shown = ["NULL" if value is None else f"'{value}'" for value in VALUES[name]]
    rows = ", ".join(f"({place}, {value})" for place, value in enumerate(shown))
    found = engine.rows(
        f"SELECT coalesce({condition.sql()}, false) FROM (SELECT place, "
        f"CAST(v AS {SQL_TYPES[KINDS[name]]}) AS {name} FROM (VALUES {rows}) t(place, v)) "
        "ORDER BY place"
    )
    return [row[0] for row in found]


def by_bands(condition: Condition, name: str) -> list[bool]:
    bands = bands_of(KINDS, comparisons(condition), {})[name]

    def holds(part: Condition, band: int) -> bool:
        if isinstance(part, Comparison):
            return band in bands.holding(part)
        return (all if isinstance(part, All) else any)(holds(p, band) for p in part.parts)

    return [holds(condition, bands.band(value)) for value in VALUES[name]]


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("months > 3", Comparison("months", ">", (3,))),
        ("3 > months", Comparison("months", "<", (3,))),
        ("not (3 > months)", Comparison("months", ">=", (3,))),
        ("sued", Comparison("sued", "=", (True,))),
        ("not sued", Comparison("sued", "=", (False,))),
        ("kind not in ('a', 'b')", Comparison("kind", "<>", ("a", "b"))),
        ("not (sued and months > 3)", Any((Comparison("sued", "=", (False,)), Comparison("months", "<=", (3,))))),
        ("not (sued or months > 3)", All((Comparison("sued", "=", (False,)), Comparison("months", "<=", (3,))))),
        (
            "not (months between 1 and 3)",
            Any((Comparison("months", "<", (1,)), Comparison("months", ">", (3,)))),
        ),
        (
            "sued and dunned and months > limit",
            All((Comparison("sued", "=", (True,)), Comparison("dunned", "=", (True,)), Comparison("months", ">", (3,)))),
        ),
    ],
)  # fmt: skip
def test_not_is_pushed_down_to_the_comparisons(text: str, condition: Condition) -> None:
    assert compiled(text) == condition


def test_the_names_and_settings_that_a_condition_reads() -> None:
    found = compile_condition("months > limit and (due > start or not sued)", SCOPE)
    assert found.names == {"months", "due", "sued"} and found.settings == {"limit", "start"}


@pytest.mark.parametrize(
    ("text", "ways"),
    [
        ("sued", 1),
        ("sued and dunned", 1),
        ("sued or dunned", 2),
        ("kind in ('a', 'b', 'c')", 1),  # one value is at most one of them
        ("months not between 1 and 3", 2),
        ("(sued or dunned) and (months > 3 or kind = 'a' or due is null)", 6),
        ("sued or dunned and (months > 3 or kind = 'a')", 3),
        ("not (sued and dunned and months > 3)", 3),
    ],
)
def test_in_how_many_ways_a_condition_may_hold_at_once(text: str, ways: int) -> None:
    assert branches(compiled(text)) == ways


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("months > payments", "a condition compares with constants and settings"),
        ("months", "'months' is not a condition"),
        ("true", "a constant is not a condition"),
        ("1 < 2", "a condition compares a name with constants"),
        ("strict", "'strict' is a setting, known before any exposure"),
        ("strict = true", "a condition compares a name with constants"),
        ("limit > 3", "a condition compares a name with constants"),
        ("months + 1 > 3", "a condition compares a name with constants"),
        ("days_between(due, due) > 3", "a condition compares a name with constants"),
        ("starts_with(kind, 'a')", "'starts_with' is not allowed in a condition"),
        ("any_of_debtor(sued)", "'any_of_debtor' is not allowed"),
        ("coalesce(sued, false)", "'coalesce' is not allowed in a condition"),
        ("case when sued then dunned else sued end", "'case' is not allowed in a condition"),
        ("months = null", "a comparison with null never holds; write 'is null'"),
        ("null = months", "a comparison with null never holds"),
        ("months in (1, null)", "a comparison with null never holds"),
        ("months in (1, payments)", "a condition compares with constants and settings"),
        ("kind > 'a'", "'kind' has no order; use =, <> or in"),
        ("sued > false", "'sued' has no order"),
        ("kind = 3", "mixes integer and text"),
        ("due > '2024-03-31'", "write DATE 'YYYY-MM-DD'"),
        ("(months > 3) = true", "a condition compares a name with constants"),
        ("(months + 1) is null", "a condition compares a name with constants"),
        ("lateness > 3", "'lateness' is not defined"),
        ("", "is not one expression"),
    ],
)
def test_what_a_condition_may_not_say(text: str, words: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_condition(text, SCOPE)
    assert words in str(caught.value)
