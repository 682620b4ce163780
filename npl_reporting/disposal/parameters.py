"""The rule files of disposal as records: every parameter with its citation, checked on reading."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.rulefile import Setting, SettingValue, Source
from npl_reporting.law.yamlfile import Path_, Record, Text, YamlFile, read, typed, unquoted
from npl_reporting.resources import RULES, shown

FOLDER = RULES / "disposal"
Citation = str | tuple[str, ...]
P = TypeVar("P", bound="Parameters")


@dataclass(frozen=True)
class Assumption:
    """A setting as it is printed beside the results: its file, its name, and why it has its value."""

    file: Text
    name: str
    value: str
    basis: str
    why: Text


class Parameters(Record):
    """What every rule file of disposal has: a title, its sources, and settings that may be changed."""

    title: Text
    effective_from: date
    sources: dict[str, Source]
    settings: dict[str, Setting] = Field(default_factory=dict)
    remarks: tuple[Text, ...] = ()

    def number(self, name: str) -> Decimal:
        """A setting that is a number."""
        value = self.settings[name].value
        assert isinstance(value, int | Decimal) and not isinstance(value, bool)
        return Decimal(value)

    def word(self, name: str) -> str:
        """A setting that is a word."""
        return str(self.settings[name].value)

    def flag(self, name: str) -> bool:
        """A setting that is true or false."""
        return self.settings[name].value is True


def load_parameters(
    name: str, type_: type[P], changes: Mapping[str, str] | None = None, folder: Path = FOLDER
) -> P:
    """Read a rule file of disposal; `changes` are settings given as text, others' are ignored."""
    path = folder / f"{name}.yaml"
    if not path.is_file():
        raise NplError(Problem("there is no such rule file", file=shown(path)))
    found = _parsed(path, hashlib.sha256(path.read_bytes()).hexdigest(), type_)
    assert isinstance(found, type_)
    own = {key: text for key, text in (changes or {}).items() if key in found.settings}
    settings = {key: _changed(setting, key, own) for key, setting in found.settings.items()}
    return found.model_copy(update={"settings": settings})


@lru_cache(maxsize=32)
def _parsed(path: Path, digest: str, type_: type[Parameters]) -> Parameters:
    file = read(path)
    found = typed(file, type_)
    problems = [*_uncited(file, found.sources)]
    if problems:
        raise NplError(*problems)
    return found


def _uncited(file: YamlFile, sources: Mapping[str, Source]) -> Iterator[Problem]:
    """Citations that point into no source of the file."""
    for where, cited in _citations(file.data, ()):
        if cited.partition("/")[0] not in sources:
            remedy = f"cite one of {', '.join(sources)}"
            yield file.problem(where, f"'{cited}' points into no source", remedy)


def _citations(data: object, where: Path_) -> Iterator[tuple[Path_, str]]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            place = (*where, str(key))
            if key == "cite":
                texts = value if isinstance(value, tuple) else (value,)
                yield from ((place, str(text)) for text in texts)
            else:
                yield from _citations(value, place)
    elif isinstance(data, tuple):
        for number, item in enumerate(data):
            yield from _citations(item, (*where, number))


def _changed(setting: Setting, name: str, changes: Mapping[str, str]) -> Setting:
    if name not in changes:
        return setting
    value = _value(setting.value, changes[name])
    if type(value) is not type(setting.value):
        what = f"setting {name}: '{changes[name]}' is not of its kind"
        raise NplError(Problem(what, f"its default is {setting.value}"))
    return setting.model_copy(update={"value": value})


def _value(default: SettingValue, text: str) -> SettingValue | None:
    if isinstance(default, str):
        return text
    try:
        value = unquoted(text)
    except ValueError:
        return None
    return Decimal(value) if isinstance(default, Decimal) and type(value) is int else value


def refuse_unknown(changes: Mapping[str, str], files: Sequence[Parameters]) -> None:
    """NplError for settings that no file has."""
    known = sorted({name for file in files for name in file.settings})
    unknown = [name for name in changes if name not in known]
    if unknown:
        remedy = f"there are: {', '.join(known)}"
        raise NplError(*(Problem(f"there is no setting '{name}'", remedy) for name in unknown))


def assumptions(files: Sequence[Parameters]) -> list[Assumption]:
    """Every setting for print, and every remark."""
    found: list[Assumption] = []
    for file in files:
        for name, setting in file.settings.items():
            value = str(setting.value)
            shown_ = value.lower() if isinstance(setting.value, bool) else value
            found.append(Assumption(file.title, name, shown_, setting.basis, setting.why))
        for number, remark in enumerate(file.remarks, 1):
            found.append(Assumption(file.title, f"remark {number}", "", "convention", remark))
    return found
