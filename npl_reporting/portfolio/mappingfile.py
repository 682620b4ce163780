"""The mapping file: a bank's own column names and codes, checked against tape and dictionary."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from decimal import Decimal
from pathlib import Path

from pydantic import Field

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.law.yamlfile import Record, YamlFile, read, typed
from npl_reporting.portfolio.casts import date_form_fault
from npl_reporting.portfolio.nearest import nearest

Constant = bool | int | Decimal | date | str
_FITTING: Mapping[str, tuple[type, ...]] = {
    "text": (str,),
    "money": (int, Decimal),
    "rate": (int, Decimal),
    "integer": (int,),
    "boolean": (bool,),
    "date": (date,),
}


class MappingText(Record):
    """The file: their column → ours; per column of ours their code → ours, constants, date forms."""

    columns: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, str | bool | int]] = Field(default_factory=dict)
    constants: dict[str, Constant] = Field(default_factory=dict)
    dates: dict[str, str] = Field(default_factory=dict)


def read_mapping(
    path: Path, kinds: Mapping[str, str], dictionary: Mapping[str, Column]
) -> MappingText:
    """Read a mapping file; NplError with every name that neither tape nor dictionary knows."""
    file = read(path)
    text = typed(file, MappingText)
    problems = sorted(_problems(file, text, kinds, dictionary), key=lambda p: p.line or 0)
    if problems:
        raise NplError(*problems)
    return text


def plain_text(value: Constant) -> str:
    """Write a constant as a tape would."""
    match value:
        case bool():
            return "true" if value else "false"
        case date():
            return value.isoformat()
        case Decimal():
            return format(value, "f")
    return str(value)


def _problems(
    file: YamlFile,
    text: MappingText,
    kinds: Mapping[str, str],
    dictionary: Mapping[str, Column],
) -> Iterator[Problem]:
    yield from _renaming_problems(file, text, kinds, dictionary)
    for part in ("codes", "constants", "dates"):
        for ours in getattr(text, part):
            if ours not in dictionary:
                yield _unknown(file, (part, ours), f"there is no column '{ours}'", dictionary)
    present = {text.columns.get(name, name) for name in kinds}
    for ours in text.constants:
        if ours in present:
            what = f"'{ours}' is a constant here, but the tape has it too"
            yield file.problem(("constants", ours), what, "keep one of them")
    yield from _value_problems(file, text, dictionary)


def _renaming_problems(
    file: YamlFile,
    text: MappingText,
    kinds: Mapping[str, str],
    dictionary: Mapping[str, Column],
) -> Iterator[Problem]:
    taken = Counter(text.columns.get(name, name) for name in kinds)
    for theirs, ours in text.columns.items():
        where = ("columns", theirs)
        if theirs not in kinds:
            yield _unknown(file, where, f"the tape has no column '{theirs}'", kinds)
        if ours not in dictionary:
            yield _unknown(file, where, f"there is no column '{ours}'", dictionary)
        elif taken[ours] > 1:
            yield file.problem(
                where, f"two of the tape's columns become '{ours}'", "keep one of them"
            )


def _value_problems(
    file: YamlFile, text: MappingText, dictionary: Mapping[str, Column]
) -> Iterator[Problem]:
    for ours, codes in text.codes.items():
        for theirs, code in codes.items():
            yield from _code_problem(file, ("codes", ours, theirs), dictionary.get(ours), code)
    for ours, value in text.constants.items():
        column = dictionary.get(ours)
        if column and type(value) not in _FITTING[column.type]:
            what = f"'{plain_text(value)}' is not a {column.type}, as '{ours}' is"
            yield file.problem(("constants", ours), what, "write it as YAML writes it")
        yield from _code_problem(file, ("constants", ours), dictionary.get(ours), value)
    for ours, form in text.dates.items():
        column, fault = dictionary.get(ours), date_form_fault(form)
        if column and column.type != "date":
            yield file.problem(("dates", ours), f"'{ours}' is not a date", "remove it")
        elif fault:
            yield file.problem(("dates", ours), fault, "use %Y, %m, %d and {minguo}")


def _code_problem(
    file: YamlFile, where: tuple[str, ...], column: Column | None, value: Constant
) -> Iterator[Problem]:
    if column and column.values and plain_text(value) not in column.values:
        what = f"'{plain_text(value)}' is not a value of '{where[1]}'"
        yield _unknown(file, where, what, column.values, plain_text(value))


def _unknown(
    file: YamlFile,
    where: tuple[str, ...],
    what: str,
    known: Collection[str],
    name: str | None = None,
) -> Problem:
    close = nearest(name or what.split("'")[1], known)
    return file.problem(where, what, f"did you mean {close}?" if close else "correct the name")
