"""What the examples of a rule file may say: every name known, every value of its column's type."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal

from npl_reporting.law.columns import Column
from npl_reporting.law.rulefile import Example, RuleFile
from npl_reporting.law.yamlfile import Path_
from npl_reporting.money import minor_digits, to_units

Fault = tuple[Path_, str, str]
FINDINGS = "findings"
"""What an example expects under this name are the findings on its loan."""
_TYPES: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "money": (int, Decimal),
    "rate": (int, Decimal),
    "integer": (int,),
    "date": (date,),
    "boolean": (bool,),
}
_WANTED: Mapping[str, str] = {
    "text": "a text",
    "money": "an amount",
    "rate": "a rate",
    "integer": "a whole number",
    "date": "a date",
    "boolean": "true or false",
}


def example_faults(
    file: RuleFile, columns: Mapping[str, Column], known: Collection[str]
) -> Iterator[Fault]:
    """Every fault of every example; `known` are the names that may be expected."""
    for number, example in enumerate(file.examples):
        where: Path_ = ("examples", number)
        yield from _loans(example, where, columns, minor_digits(file.currency))
        yield from _expected(example, where, file, known)


def _loans(
    example: Example, where: Path_, columns: Mapping[str, Column], decimals: int
) -> Iterator[Fault]:
    if not isinstance(example.given.get("reporting_date"), date):
        yield (*where, "given"), "the example has no reporting_date", "give it the day it is about"
    loans: list[tuple[Path_, Mapping[str, object]]] = [((*where, "given"), example.given)]
    loans += [((*where, "others", place), other) for place, other in enumerate(example.others)]
    for place, loan in loans:
        for name, value in loan.items():
            if name != "reporting_date":
                fault = _fault(columns.get(name), name, value, decimals)
                if fault:
                    yield ((*place, name), *fault)


def _fault(
    column: Column | None, name: str, value: object, decimals: int
) -> tuple[str, str] | None:
    """What is wrong with a value given for a column."""
    if column is None:
        return f"there is no column '{name}'", "correct its spelling, or declare it under columns"
    if value is None:
        return None
    boolean = isinstance(value, bool) and column.type != "boolean"
    if boolean or not isinstance(value, _TYPES[column.type]):
        return (
            f"'{name}' takes {_WANTED[column.type]}, not '{_written(value)}'",
            "correct the value",
        )
    if column.values and value not in column.values:
        return f"'{name}' is never '{value}'", f"write one of {', '.join(column.values)}"
    if column.type == "money" and not _exact(Decimal(str(value)), decimals):
        return f"'{name}' has more than {decimals} decimals", "shorten it"
    return None


def _written(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _exact(value: Decimal, decimals: int) -> bool:
    try:
        to_units(value, decimals)
    except ValueError:
        return False
    return True


def _findings(value: object, place: Path_, file: RuleFile) -> Iterator[Fault]:
    """Findings are expected by their ids, all of them; an empty list expects none."""
    if not isinstance(value, tuple):
        yield place, "the findings expected are no list", "write [id, id], or [] for none"
        return
    for name in value:
        if name not in {finding.id for finding in file.findings}:
            yield place, f"there is no finding '{name}'", "name one of the file's findings"


def _expected(
    example: Example, where: Path_, file: RuleFile, known: Collection[str]
) -> Iterator[Fault]:
    for name, value in example.expect.items():
        place = (*where, "expect", name)
        if name == FINDINGS:
            yield from _findings(value, place, file)
        elif name not in known:
            yield place, f"nothing is called '{name}'", "name a decision, a fact or an amount"
        for portion in value if isinstance(value, dict) else ():
            if portion not in file.portions:
                yield place, f"there is no portion '{portion}'", "name one of the portions"
    for name in example.settings:
        if name not in file.settings:
            place = (*where, "settings", name)
            yield place, f"there is no setting '{name}'", "name one of the settings"
