"""Strict YAML into typed records: exact decimals, no duplicate keys, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import shown

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Text = dict[str, str]
"""One text in each language, by language code."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: Mapping[str, object] = {"true": True, "false": False, "null": None, "~": None, "": None}
_MISLEADING = re.compile(r"(?i:true|false|null)|[-+]?\.(inf|nan)|[-+]?[0-9.]+e[-+]?[0-9]+")


class Record(BaseModel):
    """A frozen record that a YAML mapping fills: no unknown keys, no conversions of types."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


@dataclass(frozen=True)
class YamlFile:
    """A parsed file: its data, the line of every key and item, and the faults found so far."""

    path: Path
    data: Any
    lines: Mapping[Path_, int]

    def problem(self, where: Path_, what: str, remedy: str = "") -> Problem:
        """Name a fault at the line of `where`, or of the nearest key around it."""
        while where and where not in self.lines:
            where = where[:-1]
        return Problem(what, remedy, shown(self.path), self.lines.get(where, 1))


def load(path: Path, type_: type[T]) -> T:
    """Read a file into a record; NplError holds every fault of the file."""
    return typed(read(path), type_)


def typed(file: YamlFile, type_: type[T]) -> T:
    """Check a parsed file against a record type; NplError holds every fault."""
    try:
        return TypeAdapter(type_).validate_python(file.data)
    except ValidationError as error:
        problems = {str(p): p for p in (_typing_problem(file, e) for e in error.errors())}
        raise NplError(*problems.values()) from None


def _typing_problem(file: YamlFile, error: Any) -> Problem:
    where = tuple(part for part in error["loc"] if _is_place(file, part))
    name = ".".join(str(part) for part in where) or "the file"
    match error["type"]:
        case "extra_forbidden" | "unexpected_keyword_argument":
            return file.problem(where, f"unknown key '{name}'", "remove it or correct its spelling")
        case "missing" | "missing_argument":
            return file.problem(where, f"'{name}' is missing", "add it")
    found = error["input"]
    value = "" if isinstance(found, dict | tuple) else f", found {found!r}"
    return file.problem(where, f"'{name}': {error['msg'].lower()}{value}", "correct the value")


def _is_place(file: YamlFile, part: str | int) -> bool:
    """Tell the file's own keys from the names that a union of types puts between them."""
    return isinstance(part, int) or not (part.endswith("]") or part[:1].isupper())


def read(path: Path) -> YamlFile:
    """Parse a file without judging what is in it; NplError if it is not strict YAML."""
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise NplError(Problem(f"cannot be read: {error.strerror}", file=shown(path))) from None
    except UnicodeDecodeError:
        raise NplError(Problem("is not UTF-8 text", "save it as UTF-8", shown(path))) from None
    return parse(text, path)


def parse(text: str, path: Path) -> YamlFile:
    """Parse text as if it stood in the file `path`."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except (MarkedYAMLError, YAMLStreamError, ReaderError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        raise NplError(Problem(f"not valid YAML: {what}", file=shown(path), line=line)) from None
    faults: list[Problem] = []
    lines: dict[Path_, int] = {}

    def fault(node: Node, what: str, remedy: str) -> None:
        faults.append(Problem(what, remedy, shown(path), node.start_mark.line + 1))

    data = None if node is None else _value(node, (), lines, fault)
    if faults:
        raise NplError(*faults)
    return YamlFile(path, data, lines)


Fault = Callable[[Node, str, str], None]


def _value(node: Node, where: Path_, lines: dict[Path_, int], fault: Fault) -> object:
    lines.setdefault(where, node.start_mark.line + 1)
    if isinstance(node, MappingNode):
        return _mapping(node, where, lines, fault)
    if isinstance(node, SequenceNode):
        return tuple(_value(item, (*where, i), lines, fault) for i, item in enumerate(node.value))
    assert isinstance(node, ScalarNode)
    return _scalar(node, fault)


def _mapping(
    node: MappingNode, where: Path_, lines: dict[Path_, int], fault: Fault
) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        key = str(key_node.value)
        if key in result:
            fault(key_node, f"duplicate key '{key}'", "keep one of them")
        if key == "<<" or key_node.anchor or value_node.anchor:
            fault(key_node, "anchors and merges are not allowed", "write the value out")
        lines[(*where, key)] = key_node.start_mark.line + 1
        result[key] = _value(value_node, (*where, key), lines, fault)
    return result


def _scalar(node: ScalarNode, fault: Fault) -> object:
    text = str(node.value)
    if node.style is not None:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _DATE.fullmatch(text):
        return _date(node, text, fault)
    if _MISLEADING.fullmatch(text):
        fault(
            node, f"'{text}' is ambiguous", "write true, false, a plain number, or quote the text"
        )
    return text


def _date(node: ScalarNode, text: str, fault: Fault) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        fault(node, f"there is no day {text}", "correct the date or quote the text")
        return None
