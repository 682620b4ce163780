"""Bands: each value on its side of every threshold, and every comparison in whole numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from npl_reporting.engine import Engine
from npl_reporting.law.bands import MISSING, Bands, Cut, bands_of
from npl_reporting.law.conditions import Comparison, Known, Sign
from npl_reporting.law.expressions import Kind

KINDS: Mapping[str, Kind] = {
    "months": "decimal", "claim": "money", "payments": "integer", "due": "date", "kind": "text",
    "sued": "boolean", "category": "text", "rate": "decimal",
}  # fmt: skip
CATEGORIES = ("normal", "substandard", "loss")


def bands(*read: tuple[str, Sign, tuple[Known, ...]]) -> Bands:
    comparisons = [Comparison(name, sign, values) for name, sign, values in read]
    return bands_of(KINDS, comparisons, {"category": CATEGORIES})[read[0][0]]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    with Engine(tmp_path_factory.mktemp("bands")) as engine:
        yield engine


MORE_THAN_3 = bands(("months", ">", (3,)))
FROM_3 = bands(("months", ">=", (3,)))
LADDER = bands(("months", ">", (1,)), ("months", "<=", (3,)), ("months", "=", (6,)))


@pytest.mark.parametrize(
    ("read", "value", "band"),
    [
        (MORE_THAN_3, None, 0),
        (MORE_THAN_3, Decimal(-1), 1),
        (MORE_THAN_3, Decimal("2.999999"), 1),
        (MORE_THAN_3, 3, 1),
        (MORE_THAN_3, Decimal("3.000001"), 2),
        (FROM_3, Decimal("2.999999"), 1),
        (FROM_3, 3, 2),
        (FROM_3, Decimal("3.000001"), 2),
        # up to 1 | to 3 | below 6 | exactly 6 | above 6
        (LADDER, 1, 1),
        (LADDER, Decimal("1.000001"), 2),
        (LADDER, 3, 2),
        (LADDER, Decimal("3.000001"), 3),
        (LADDER, Decimal("5.999999"), 3),
        (LADDER, 6, 4),
        (LADDER, Decimal("6.000001"), 5),
        (LADDER, None, 0),
    ],
)
def test_the_band_of_a_number(read: Bands, value: Known | None, band: int, engine: Engine) -> None:
    assert read.band(value) == band
    shown = "NULL" if value is None else str(value)
    sql = f"SELECT {read.sql()} FROM (SELECT CAST({shown} AS DECIMAL(18, 6)) AS months)"
    assert engine.value(sql) == band


@pytest.mark.parametrize(
    ("read", "size"),
    [
        (MORE_THAN_3, 3),  # missing, up to, above
        (LADDER, 6),
        (bands(("kind", "=", ("card", "loan"))), 4),  # missing, two codes, any other
        (bands(("sued", "=", (True,))), 3),
        (bands(("category", "=", ("loss",))), 4),  # an outcome can be no other
        (bands(("months", "is null", ())), 2),
        (bands(("kind", "is not null", ())), 2),
    ],
)
def test_how_many_bands_there_are(read: Bands, size: int) -> None:
    assert read.size == size


def test_the_same_threshold_is_one_cut_however_it_is_written() -> None:
    read = bands(("months", ">", (3,)), ("months", ">", (Decimal("3.00"),)), ("months", "<=", (3,)))
    assert read.cuts == (Cut(3, True),)


def test_what_equals_a_threshold_has_a_band_of_its_own() -> None:
    read = bands(("months", "<>", (3,)))
    assert read.cuts == (Cut(3, False), Cut(3, True))
    assert [read.band(value) for value in (Decimal("2.9"), 3, Decimal("3.1"))] == [1, 2, 3]


@pytest.mark.parametrize(
    ("read", "codes"),
    [
        (bands(("kind", "=", ("card",))), {"card": 1, "loan": 2, "": 2, "Card": 2, None: MISSING}),
        (bands(("kind", "<>", ("loan", "card"))), {"card": 1, "loan": 2, "other": 3, None: MISSING}),
        (bands(("sued", "=", (False,))), {False: 1, True: 2, None: MISSING}),
        (bands(("category", "=", ("loss",))), {"normal": 1, "substandard": 2, "loss": 3, None: MISSING}),
    ],
)  # fmt: skip
def test_the_code_of_a_text_a_boolean_an_outcome(
    read: Bands, codes: dict[Known | None, int], engine: Engine
) -> None:
    for value, code in codes.items():
        assert read.band(value) == code
        shown = "NULL" if value is None else f"'{value}'"
        kind = "BOOLEAN" if read.kind == "boolean" else "VARCHAR"
        sql = f"SELECT {read.sql()} FROM (SELECT CAST({shown} AS {kind}) AS {read.name})"
        assert engine.value(sql) == code


DAY = timedelta(days=1)
STEPS: Mapping[str, Decimal | timedelta | int] = {
    "months": Decimal("0.000001"), "claim": Decimal("0.01"), "payments": 1, "due": DAY,
}  # fmt: skip
THRESHOLDS: Mapping[str, tuple[Known, Known]] = {
    "months": (Decimal("1.5"), 3),
    "claim": (Decimal("100.00"), Decimal("250.50")),
    "payments": (3, 6),
    "due": (date(2024, 2, 29), date(2024, 12, 31)),
}
MEANING: Mapping[Sign, Callable[[Any, tuple[Any, ...]], bool]] = {
    "<": lambda value, values: value < values[0],
    "<=": lambda value, values: value <= values[0],
    ">": lambda value, values: value > values[0],
    ">=": lambda value, values: value >= values[0],
    "=": lambda value, values: value in values,
    "<>": lambda value, values: value not in values,
}


@pytest.mark.parametrize("name", THRESHOLDS)
@pytest.mark.parametrize("sign", MEANING)
def test_a_comparison_holds_in_a_band_just_when_it_holds_for_its_values(
    name: str, sign: Sign
) -> None:
    """On, just below and just above each threshold, whatever else is compared."""
    low, high = THRESHOLDS[name]
    step = STEPS[name]
    values = [v + n * step for v in (low, high) for n in (-1, 0, 1)]  # type: ignore[operator]
    for thresholds in ((low,), (high,), *(((low, high),) if sign in ("=", "<>") else ())):
        comparison = Comparison(name, sign, thresholds)
        others = [Comparison(name, other, (t,)) for other in (">", ">=") for t in (low, high)]
        for read in ([comparison], [comparison, *others]):
            made = bands_of(KINDS, read, {})[name]
            for value in values:
                holds = MEANING[sign](value, thresholds)
                assert (made.band(value) in made.holding(comparison)) == holds
            assert MISSING not in made.holding(comparison)


def test_only_is_null_holds_for_a_missing_value() -> None:
    for name in KINDS:
        missing, given = Comparison(name, "is null"), Comparison(name, "is not null")
        made = bands_of(KINDS, [missing, given], {"category": CATEGORIES})[name]
        assert made.holding(missing) == (MISSING,)
        assert MISSING not in made.holding(given) and len(made.holding(given)) == made.size - 1


def test_a_value_that_is_never_named_falls_in_no_band_of_equality() -> None:
    equal, other = Comparison("category", "=", ("gone",)), Comparison("category", "<>", ("gone",))
    made = bands_of(KINDS, [equal, other], {"category": CATEGORIES})["category"]
    assert made.holding(equal) == () and made.holding(other) == (1, 2, 3)


def test_an_amount_larger_than_any_float_keeps_its_side(engine: Engine) -> None:
    read = bands(("claim", ">", (Decimal("9007199254740993.00"),)))
    for value, band in (("9007199254740993.00", 1), ("9007199254740993.01", 2)):
        assert read.band(Decimal(value)) == band
        sql = f"SELECT {read.sql()} FROM (SELECT CAST('{value}' AS DECIMAL(18, 2)) AS claim)"
        assert engine.value(sql) == band
