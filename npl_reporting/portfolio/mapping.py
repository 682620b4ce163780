"""A bank's own column names and codes: the mapping file, and the columns it makes of a tape's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from npl_reporting.engine import literal, quoted
from npl_reporting.law.columns import Column
from npl_reporting.portfolio.mappingfile import MappingText, plain_text, read_mapping


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
    return _mapped(read_mapping(path, kinds, dictionary), kinds, dictionary)


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
        _column(text, ours, literal(plain_text(value)), kind="VARCHAR", origin=None)
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
        f"WHEN {literal(theirs)} THEN {literal(plain_text(code))}" for theirs, code in codes.items()
    )
    return MappedColumn(ours, f"CASE {plain} {branches} ELSE {plain} END", "VARCHAR", origin, form)
