"""A bank's own column names and codes: the mapping file, and the columns it makes of a tape's."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path

from pydantic import Field

from npl_reporting.engine import literal, quoted
from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.law.yamlfile import Record, YamlFile, read, typed
from npl_reporting.portfolio.casts import date_form_fault

Constant = bool | int | Decimal | date | str


class MappingText(Record):
    """The file: their column → ours; per column of ours their code → ours, constants, date forms."""

    columns: dict[str, str] = Field(default_factory=dict)
    codes: dict[str, dict[str, str | bool | int]] = Field(default_factory=dict)
    constants: dict[str, Constant] = Field(default_factory=dict)
    dates: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True)
class MappedColumn:
    """A column of the dictionary as SQL over the raw tape.

    `origin` is the file's own name for it, None for a constant; `kind` is the DuckDB type.
    """

    name: str
    raw: str
    kind: str
    origin: str | None
    date_form: str = ""


@dataclass(frozen=True)
class Mapped:
    """What a tape has after mapping: columns of the dictionary, and the file's other columns."""

    columns: tuple[MappedColumn, ...]
    others: tuple[str, ...]


def map_columns(
    path: Path | None, kinds: Mapping[str, str], dictionary: Mapping[str, Column]
) -> Mapped:
    """Find the dictionary's columns among a file's (`kinds`: name → DuckDB type).

    NplError holds every name of the mapping file that neither the tape nor the dictionary knows.
    """
    if path is None:
        return _mapped(MappingText(), kinds, dictionary)
    file = read(path)
    text = typed(file, MappingText)
    problems = sorted(_problems(file, text, kinds, dictionary), key=lambda p: p.line or 0)
    if problems:
        raise NplError(*problems)
    return _mapped(text, kinds, dictionary)


def nearest(name: str, known: Collection[str], likeness: float = 0.7) -> str | None:
    """The known name that a name is most like, if it is like any."""
    folded = {item.casefold(): item for item in known}
    close = get_close_matches(name.strip().casefold(), folded, 1, likeness)
    return folded[close[0]] if close else None


def _mapped(
    text: MappingText, kinds: Mapping[str, str], dictionary: Mapping[str, Column]
) -> Mapped:
    names = {name: text.columns.get(name, name) for name in kinds}
    found = [
        _column(text, ours, quoted(name), kind=kinds[name], origin=name)
        for name, ours in names.items()
        if ours in dictionary
    ]
    fixed = [
        _column(text, ours, literal(_plain(value)), kind="VARCHAR", origin=None)
        for ours, value in text.constants.items()
    ]
    others = tuple(name for name, ours in names.items() if ours not in dictionary)
    return Mapped((*found, *fixed), others)


def _column(
    text: MappingText, ours: str, raw: str, *, kind: str, origin: str | None
) -> MappedColumn:
    form = text.dates.get(ours, "") if origin else ""
    codes = text.codes.get(ours) if origin else None
    if codes is None:
        return MappedColumn(ours, raw, kind, origin, form)
    plain = f"CAST({raw} AS VARCHAR)"
    branches = " ".join(
        f"WHEN {literal(theirs)} THEN {literal(_plain(code))}" for theirs, code in codes.items()
    )
    return MappedColumn(ours, f"CASE {plain} {branches} ELSE {plain} END", "VARCHAR", origin, form)


def _plain(value: Constant) -> str:
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
    if column and column.values and _plain(value) not in column.values:
        what = f"'{_plain(value)}' is not a value of '{where[1]}'"
        yield _unknown(file, where, what, column.values, _plain(value))


def _unknown(
    file: YamlFile,
    where: tuple[str, ...],
    what: str,
    known: Collection[str],
    name: str | None = None,
) -> Problem:
    close = nearest(name or what.split("'")[1], known)
    return file.problem(where, what, f"did you mean {close}?" if close else "correct the name")
