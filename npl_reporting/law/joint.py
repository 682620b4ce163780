"""The columns that a tape may have when several rulebooks read it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import Column
from npl_reporting.law.rulebook import Rulebook


def joint_columns(rulebooks: Sequence[Rulebook]) -> Mapping[str, Column]:
    """Every column of every rulebook, without defaults: those are each rulebook's own.

    A list of texts is closed where all close it, to what any of them allows. NplError names every
    column to which two rulebooks give different types.
    """
    problems: list[Problem] = []
    found: dict[str, Column] = {}
    for rulebook in rulebooks:
        for name, column in rulebook.columns.items():
            known = found.get(name, column)
            if known.type != column.type:
                what = f"column '{name}' is {column.type} here, but {known.type} in another file"
                problems.append(Problem(what, "give it one type", str(rulebook.path)))
            found[name] = column.model_copy(
                update={"default": None, "values": _either(known.values, column.values)}
            )
    if problems:
        raise NplError(*problems)
    return found


def _either(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*one, *other))) if one and other else ()
