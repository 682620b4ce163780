"""Strict YAML into typed records: exact decimals, no duplicate keys, every fault with its line."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, ConfigDict, StringConstraints, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLStreamError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from npl_reporting.errors import NplError, Problem
from npl_reporting.resources import shown

T = TypeVar("T")
Path_ = tuple[str | int, ...]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
"""What facts, decisions, settings and columns are called: the same in YAML, SQL and print."""
Text = dict[str, str]
"""One text in each language, by language code."""

_INTEGER = re.compile(r"[-+]?[0-9]+")
_DECIMAL = re.compile(r"[-+]?[0-9]+\.[0-9]+")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WORDS: Mapping[str, bool | None] = {
    "true": True,
    "false": False,
    "null": None,
    "~": None,
    "": None,
}
_WANTED: Mapping[str, str] = {
    "string_type": "text",
    "int_type": "a whole number",
    "is_instance_of": "a decimal number",
    "bool_type": "true or false",
    "date_type": "a date",
    "dict_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "tuple_type": "a list",
}
_MISLEADING = re.compile(
    r"true|false|null|[-+]?\.(inf|nan)|[-+]?[0-9.]+e[-+]?[0-9]+", re.IGNORECASE
)


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
        faults: dict[Path_, list[Any]] = {}
        for one in error.errors():
            faults.setdefault(_place(file, one), []).append(one)
        raise NplError(*_typing_problems(file, faults)) from None


def _place(file: YamlFile, error: Any) -> Path_:
    """The key that an error is about, without the names that a union of types puts between."""
    where: Path_ = ()
    for part in error["loc"]:
        if (*where, part) in file.lines:
            where = (*where, part)
    return (*where, error["loc"][-1]) if error["type"] == "missing" else where


def _typing_problems(file: YamlFile, faults: Mapping[Path_, list[Any]]) -> Iterator[Problem]:
    """One problem for each place; what is inside a mapping is said, not that it could be a text."""
    inner = {where[:length] for where in faults for length in range(len(where))}
    for where, errors in faults.items():
        if where not in inner:
            name = ".".join(str(part) for part in where)
            yield file.problem(where, *_typing_words(f"'{name}'" if name else "the file", errors))


def _typing_words(name: str, errors: list[Any]) -> tuple[str, str]:
    """What is wrong at one place, and what to do."""
    found = errors[0]["input"]
    match errors[0]["type"]:
        case "extra_forbidden":
            return f"unknown key {name}", "remove it or correct its spelling"
        case "missing":
            return f"{name} is missing", "add it"
        case "string_pattern_mismatch":
            return (
                f"{name}: '{found}' is no name",
                "use small letters, digits and _, a letter first",
            )
        case "literal_error":
            return f"{name} is '{found}'", f"write {errors[0]['ctx']['expected']}"
    wanted = " or ".join(dict.fromkeys(_WANTED.get(e["type"], e["msg"]) for e in errors))
    return f"{name} is {_kind(found)}", f"write {wanted}"


def _kind(value: object) -> str:
    """What stands in the file, in words."""
    match value:
        case None:
            return "empty"
        case dict():
            return "a mapping"
        case tuple():
            return "a list"
    return f"'{value}'"


def read(path: Path) -> YamlFile:
    """Parse a file without judging what is in it; NplError if it is not strict YAML."""
    try:
        text = content(path).decode()
    except UnicodeDecodeError:
        raise NplError(Problem("is not UTF-8 text", "save it as UTF-8", shown(path))) from None
    return parse(text, path)


def content(path: Path) -> bytes:
    """Read a file whole; NplError if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise NplError(Problem(f"cannot be read: {error.strerror}", file=shown(path))) from None


@lru_cache(maxsize=256)
def parse(text: str, path: Path) -> YamlFile:
    """Parse text as if it stood in the file `path`; the same text is parsed once per process."""
    try:
        node = YAML(typ="safe", pure=True).compose(text)
    except RecursionError:
        raise NplError(Problem("nests too deeply to be read", file=shown(path), line=1)) from None
    except (MarkedYAMLError, YAMLStreamError, ReaderError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        what = getattr(error, "problem", None) or str(error).splitlines()[0]
        what = f"{getattr(error, 'context', '')}, {what}" if what.startswith("but ") else what
        raise NplError(Problem(f"not valid YAML: {what}", file=shown(path), line=line)) from None
    faults: list[Problem] = []
    lines: dict[Path_, int] = {}

    def fault(node: Node, what: str, remedy: str) -> None:
        faults.append(Problem(what, remedy, shown(path), node.start_mark.line + 1))

    data = None if node is None else _value(node, (), lines, fault)
    if faults:
        raise NplError(*dict.fromkeys(faults))
    return YamlFile(path, data, lines)


Fault = Callable[[Node, str, str], None]


def _value(node: Node, where: Path_, lines: dict[Path_, int], fault: Fault) -> object:
    lines.setdefault(where, node.start_mark.line + 1)
    if _decorated(node):
        fault(node, "anchors, aliases and tags are not allowed", "write the value out")
        return None
    if isinstance(node, MappingNode):
        return _mapping(node, where, lines, fault)
    if isinstance(node, SequenceNode):
        return tuple(_value(item, (*where, i), lines, fault) for i, item in enumerate(node.value))
    assert isinstance(node, ScalarNode)
    return _scalar(node, fault)


def _decorated(node: Node) -> bool:
    """Tell whether a value has an anchor, is an alias of one that has, or names its own type."""
    mark = node.start_mark
    return bool(node.anchor) or mark.buffer[mark.index] == "!"


def _mapping(
    node: MappingNode, where: Path_, lines: dict[Path_, int], fault: Fault
) -> dict[str, object]:
    result: dict[str, object] = {}
    for key_node, value_node in node.value:
        if not isinstance(key_node, ScalarNode) or _decorated(key_node):
            fault(key_node, "a key must be plain text", "write it as one word")
            continue
        key = str(key_node.value)
        if key in result:
            fault(key_node, f"duplicate key '{key}'", "keep one of them")
        lines[(*where, key)] = key_node.start_mark.line + 1
        result[key] = _value(value_node, (*where, key), lines, fault)
    return result


def _scalar(node: ScalarNode, fault: Fault) -> object:
    text = str(node.value)
    try:
        return text if node.style is not None else unquoted(text)
    except ValueError as error:
        what, _, remedy = str(error).partition("; ")
        fault(node, what, remedy)
        return None


def unquoted(text: str) -> str | int | Decimal | bool | date | None:
    """What a text without quotes says; ValueError with words if that is not clear."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    if _DECIMAL.fullmatch(text):
        return Decimal(text)
    if _DATE.fullmatch(text):
        return _date(text)
    if _MISLEADING.fullmatch(text):
        remedy = "write true, false, a plain number, or quote the text"
        raise ValueError(f"'{text}' is ambiguous; {remedy}")
    return text


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"there is no day {text}; correct the date or quote the text") from None
