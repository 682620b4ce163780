"""The header of a tape: are its names usable, and is every required column there?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.portfolio.mapping import Mapped
from npl_reporting.portfolio.nearest import nearest
from npl_reporting.portfolio.readings import fits
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.resources import shown

_OWN = frozenset(
    {"row", "portion", "amount", "first_portion", "case_id", "reporting_date", "value"}
)
_KEPT_AS = "tape_"


def refuse_bad_names(source: TapeSource, names: Sequence[str]) -> None:
    """NplError with every name of the header that is empty, or stands there twice."""
    problems = [*_name_problems(source, names)]
    if problems:
        raise NplError(*problems)


def refuse_missing(source: TapeSource, mapped: Mapped, dictionary: Mapping[str, Column]) -> None:
    """NplError with every required column that is not there, and every one of a wrong type."""
    present = {column.name for column in mapped.columns}
    missing = [n for n, column in dictionary.items() if column.required and n not in present]
    file = shown(source.path)
    if not mapped.columns and not source.mapping:
        what = "is not a loan tape: its first row names none of the columns"
        remedy = "see rules/columns.yaml, or map the bank's own names with --mapping"
        raise NplError(Problem(what, remedy, file))
    problems = [
        Problem(f"the required column '{name}' is missing", _hint(name, mapped.others), file, 1)
        for name in missing
    ]
    problems += [*_misspelt(source, mapped.others, dictionary, missing)]
    for column in mapped.columns:
        wanted = dictionary[column.name]
        if column.origin and not fits(column.kind, wanted):
            what = f"column '{column.origin}' holds {column.kind}, not {wanted.type}"
            problems.append(Problem(what, "export it with the right type", file))
    if problems:
        raise NplError(*problems)


def free_names(others: Sequence[str], taken: Collection[str]) -> dict[str, str]:
    """Names under which a tape's further columns are kept, new where the name is taken."""
    used = {name.casefold() for name in (*taken, *_OWN)}
    names = {}
    for name in others:
        new = name
        while new.casefold() in used:
            new = _KEPT_AS + new
        used.add(new.casefold())
        names[name] = new
    return names


def _name_problems(source: TapeSource, names: Sequence[str]) -> Iterator[Problem]:
    file = shown(source.path)
    for place, name in enumerate(names, 1):
        if not name.strip():
            what = f"column {place} of the header has no name"
            yield Problem(what, "name it, or remove the column", file, 1)
        elif name.startswith("__") or not name.isprintable():
            what = f"column {place} of the header cannot be named {name!r}"
            yield Problem(what, "use letters, digits and _", file, 1)
    counts = Counter(name.casefold() for name in names if name.strip())
    for name, count in counts.items():
        if count > 1:
            what = f"column '{name}' stands {count} times in the header"
            yield Problem(what, "keep one of them", file, 1)


def _misspelt(
    source: TapeSource,
    others: Sequence[str],
    dictionary: Mapping[str, Column],
    missing: Collection[str],
) -> Iterator[Problem]:
    """Names that are the dictionary's but for capitals and blanks."""
    for name in others:
        close = name.strip().casefold()
        if close in dictionary and close not in missing:
            what = f"column '{name}' is written differently from '{close}'"
            yield Problem(what, f"write {close}, or map it", shown(source.path), 1)


def _hint(name: str, others: Sequence[str]) -> str:
    close = nearest(name, others)
    if close:
        return f"is it '{close}'? Rename it, or map it with --mapping"
    return "add it, or name the column that holds it with --mapping"
