"""The shelf of rule files: which there are, and which one is in force on a date."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.columns import column_dictionary
from npl_reporting.law.compile import Compiler
from npl_reporting.law.names import Names
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import RuleFile, SettingValue
from npl_reporting.law.yamlfile import YamlFile, content, read, typed, unquoted
from npl_reporting.resources import RULES, shown

_KINDS: Mapping[type, str] = {
    bool: "true or false",
    int: "a whole number",
    Decimal: "a number",
    date: "a date",
}


@dataclass(frozen=True)
class Shelved:
    """One rule file by what its path says: jurisdiction, variant and first day in force."""

    name: str
    effective_from: date
    path: Path


def shelf(root: Path = RULES) -> tuple[Shelved, ...]:
    """Every rule file below `root`, by name and date."""
    return tuple(sorted(_shelved(root), key=lambda found: (found.name, found.effective_from)))


def _shelved(root: Path) -> Iterator[Shelved]:
    for path in root.glob("*/**/*.yaml"):
        try:
            day = date.fromisoformat(path.stem)
        except ValueError:
            continue
        yield Shelved(path.parent.relative_to(root).as_posix(), day, path)


def find(reference: str, as_of: date | None = None, root: Path = RULES) -> Path:
    """The rule file that a reference means: a path, or a name and the file in force on a date.

    Without a date the newest file is meant. NplError if there is none.
    """
    path = Path(reference)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise NplError(Problem("there is no such rule file", "check the path", str(path)))
        return path
    named = [found for found in shelf(root) if found.name == reference]
    in_force = [found for found in named if as_of is None or found.effective_from <= as_of]
    if in_force:
        return in_force[-1].path
    if named:
        first = named[0].effective_from
        what = f"no rulebook of {reference} was in force on {as_of}; the first is of {first}"
        raise NplError(Problem(what, "take a later date, or name a rule file by its path"))
    known = ", ".join(sorted({found.name for found in shelf(root)}))
    raise NplError(Problem(f"there is no rulebook '{reference}'", f"there are: {known}"))


def version(reference: str) -> Path:
    """The rule file that a text means: a path, a name (its newest), or NAME@DATE (in force then)."""
    name, sign, day = reference.partition("@")
    if not sign or Path(reference).is_file():
        return find(reference)
    try:
        return find(name, date.fromisoformat(day))
    except ValueError:
        what = f"'{day}' is no date"
        raise NplError(Problem(what, f"write {name}@YYYY-MM-DD", reference)) from None


def load_rulebook(
    reference: str, as_of: date | None = None, changes: Mapping[str, str] | None = None
) -> Rulebook:
    """Load, check and compile a rulebook; `changes` are settings given as text on the call."""
    path = find(reference, as_of)
    digest = hashlib.sha256(content(path)).hexdigest()
    yaml, file = _parsed(path, digest)
    _path_agrees(file, path)
    return _compiled(file, yaml, digest, changes or {})


def with_settings(rulebook: Rulebook, changes: Mapping[str, str]) -> Rulebook:
    """The same rule file with settings changed, given as text."""
    return _compiled(rulebook.file, rulebook.yaml, rulebook.sha256, changes)


def in_currency(rulebook: Rulebook, currency: str, amounts: Mapping[str, Decimal] = {}) -> Rulebook:
    """The same rules read over amounts in another currency, for a comparison: exact in its units.

    `amounts` gives the settings that are money as they are in that currency; what it lacks keeps
    its number.
    """
    if currency == rulebook.file.currency:
        return rulebook
    file = rulebook.file.model_copy(update={"currency": currency, "examples": ()})
    changed = {name: rulebook.settings[name] for name in rulebook.changed} | dict(amounts)
    names = Names(file, rulebook.yaml, column_dictionary(), changed)
    return Compiler(names).rulebook(rulebook.sha256)


def _compiled(file: RuleFile, yaml: YamlFile, sha256: str, changes: Mapping[str, str]) -> Rulebook:
    changed = {name: _setting(file, name, text) for name, text in changes.items()}
    names = Names(file, yaml, column_dictionary(), changed)
    return Compiler(names).rulebook(sha256)


@lru_cache(maxsize=16)
def _parsed(path: Path, digest: str) -> tuple[YamlFile, RuleFile]:
    """Parse a file once for as long as its content is the same."""
    yaml = read(path)
    return yaml, typed(yaml, RuleFile)


def _path_agrees(file: RuleFile, path: Path) -> None:
    """A file on the shelf must say inside what its path says outside."""
    if not path.resolve().is_relative_to(RULES.resolve()):
        return
    name = "/".join(part for part in (file.jurisdiction, file.variant) if part)
    shelved = path.resolve().parent.relative_to(RULES.resolve()).as_posix(), path.stem
    if (name, file.effective_from.isoformat()) != shelved:
        what = f"the file says {name} from {file.effective_from}, its path {'/'.join(shelved)}"
        raise NplError(Problem(what, "move the file or correct its heading", shown(path)))


def _setting(file: RuleFile, name: str, text: str) -> SettingValue:
    """Read a setting's new value as the kind that its default has."""
    if name not in file.settings:
        known = ", ".join(file.settings) or "none"
        raise NplError(Problem(f"the rulebook has no setting '{name}'", f"its settings: {known}"))
    default = file.settings[name].value
    if isinstance(default, str):
        return text
    try:
        value = unquoted(text)
    except ValueError:
        value = None
    if isinstance(default, Decimal) and type(value) is int:
        value = Decimal(value)
    if value is None or type(value) is not type(default):
        what = f"setting {name}: '{text}' is not {_KINDS[type(default)]}"
        raise NplError(Problem(what, f"its default is {_written(default)}"))
    return value


def _written(value: SettingValue) -> str:
    return str(value).lower()
