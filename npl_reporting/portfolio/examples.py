"""A rule file's own tests: each example loan is decided, and every expectation compared."""

from __future__ import annotations

import tempfile
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from npl_reporting.engine import Engine, quoted
from npl_reporting.law.exampletext import FINDINGS
from npl_reporting.law.expressions import NUMBERS
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.rulefile import Example
from npl_reporting.law.shelf import load_rulebook, with_settings
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.facts import sql_type

_DEFAULTS: Mapping[str, Any] = {
    "exposure_id": "E1",
    "debtor_id": "D1",
    "product_type": "corporate_loan",
    "outstanding_principal": 100,
}


@dataclass(frozen=True)
class Failure:
    """One expectation that was not met."""

    example: str
    line: int
    name: str
    expected: str
    found: str


@dataclass(frozen=True)
class Tested:
    """What running a file's examples showed; `fired` are (decision, rule) pairs that fired."""

    examples: int
    failures: tuple[Failure, ...]
    fired: frozenset[tuple[str, str]]

    def never_fired(self, rulebook: Rulebook) -> tuple[tuple[str, str], ...]:
        """Rules of the file that fired in no example."""
        rules = [(d.name, rule.id) for d in rulebook.decisions for rule in d.rules]
        return tuple(rule for rule in rules if rule not in self.fired)


@dataclass(frozen=True)
class DecidedExample:
    """An example that has been decided: its loan's row of `treated` for each portion.

    `rulebook` has the settings that the example asks for; `cases` are those of all examples that
    ask for the same, by id.
    """

    number: int
    rulebook: Rulebook
    rows: tuple[dict[str, Any], ...]
    cases: Mapping[str, Case]

    @property
    def example(self) -> Example:
        """The example as the file gives it."""
        return self.rulebook.file.examples[self.number]


def run_examples(path: str) -> Tested:
    """Decide every example of a rule file and compare what is expected."""
    rulebook = load_rulebook(path)
    failures: list[Failure] = []
    fired: set[tuple[str, str]] = set()
    for decided in decide_examples(rulebook):
        failures += compare(decided)
        verdicts = [v for case in decided.cases.values() for v in case.verdicts]
        fired |= {(verdict.decision, rule) for verdict in verdicts for rule in verdict.fired}
    failures.sort(key=lambda failure: failure.line)
    return Tested(len(rulebook.file.examples), tuple(failures), frozenset(fired))


def decide_examples(
    rulebook: Rulebook, chosen: Container[Example] | None = None
) -> Iterator[DecidedExample]:
    """Decide the chosen examples of a rulebook, or all; those that change settings run apart."""
    groups: dict[tuple[tuple[str, str], ...], list[int]] = {}
    for number, example in enumerate(rulebook.file.examples):
        if chosen is not None and example not in chosen:
            continue
        changes = tuple((name, _setting_text(v)) for name, v in example.settings.items())
        groups.setdefault(changes, []).append(number)
    for changes, numbers in groups.items():
        book = with_settings(rulebook, dict(changes)) if changes else rulebook
        with tempfile.TemporaryDirectory() as work, Engine(Path(work), small=True) as engine:
            rows, cases = _decide(engine, book, numbers)
        for number in numbers:
            yield DecidedExample(number, book, tuple(rows[number]), cases)


def _setting_text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decide(
    engine: Engine, rulebook: Rulebook, numbers: list[int]
) -> tuple[dict[int, list[dict[str, Any]]], Mapping[str, Case]]:
    rows = [row for number in numbers for row in _rows(rulebook.file.examples[number], number)]
    named = {name for row in rows for name in row} - {"row", "reporting_date"}
    columns = [name for name in rulebook.columns if name in named]
    _fill(engine, rulebook, rows, columns)
    cases = classify(engine, rulebook, columns, None)
    treated: dict[int, list[dict[str, Any]]] = {number: [] for number in numbers}
    said = _said(engine, rulebook)
    for record in engine.records(f'SELECT * FROM {TREATED} ORDER BY "row"'):
        number, place = divmod(record["row"], _PLACES)
        if place == 0:
            treated[number].append({**record, FINDINGS: frozenset(said.get(record["row"], ()))})
    return treated, {case.id: case for case in cases}


def _said(engine: Engine, rulebook: Rulebook) -> Mapping[int, list[str]]:
    """The findings of the rulebook on each row."""
    said: dict[int, list[str]] = {}
    for text, value in rulebook.findings:
        for (row,) in engine.rows(
            f'SELECT "row" FROM {TREATED} WHERE first_portion AND {value.sql}'
        ):
            said.setdefault(row, []).append(text.id)
    return said


_PLACES = 1000


def _rows(example: Example, number: int) -> Iterator[dict[str, Any]]:
    """The example's loan and the debtor's others, under ids that keep examples apart."""
    for place, given in enumerate((example.given, *example.others)):
        row = {**_DEFAULTS, **({"exposure_id": f"O{place}"} if place else {}), **given}
        row.setdefault("reporting_date", example.given.get("reporting_date"))
        row["row"] = number * _PLACES + place
        for name in ("exposure_id", "debtor_id"):
            row[name] = f"{number}/{row[name]}"
        yield row


def _fill(
    engine: Engine, rulebook: Rulebook, rows: list[dict[str, Any]], columns: list[str]
) -> None:
    """Make the table `exposures` out of the rows, every column in its own type."""
    names = ["row", "reporting_date", *columns]
    text = {
        name: [_text(row.get(name, _default(rulebook, name))) for row in rows] for name in names
    }
    engine.register(
        "example_text", pa.table({n: pa.array(v, pa.string()) for n, v in text.items()})
    )
    types = {"row": "BIGINT", "reporting_date": "DATE"}
    types |= {name: sql_type(rulebook, name) for name in columns}
    cast = ", ".join(f"CAST({quoted(n)} AS {types[n]}) AS {quoted(n)}" for n in names)
    engine.execute(f"CREATE OR REPLACE TABLE exposures AS SELECT {cast} FROM example_text")


def _default(rulebook: Rulebook, name: str) -> object:
    column = rulebook.columns.get(name)
    return column.default if column else None


def _text(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def compare(decided: DecidedExample) -> Iterator[Failure]:
    """Every expectation of an example that was not met."""
    example = decided.example
    for name, expected in example.expect.items():
        if isinstance(expected, tuple):
            yield from _findings(decided, expected)
            continue
        wanted = expected if isinstance(expected, dict) else {"": expected}
        for portion, value in wanted.items():
            found = _found(decided, name, portion)
            if not _equal(found, value):
                shown = f"{name} ({portion})" if portion else name
                yield _failure(decided, shown, str(value), str(found))


def _findings(decided: DecidedExample, expected: tuple[object, ...]) -> Iterator[Failure]:
    found = decided.rows[0][FINDINGS]
    if found != frozenset(expected):
        told = (", ".join(sorted(map(str, names))) or "none" for names in (expected, found))
        yield _failure(decided, FINDINGS, *told)


def _failure(decided: DecidedExample, name: str, expected: str, found: str) -> Failure:
    line = decided.rulebook.yaml.lines.get(("examples", decided.number), 1)
    return Failure(decided.example.name, line, name, expected, found)


def _found(decided: DecidedExample, name: str, portion: str) -> object:
    """The value of a fact or decision, the same on all portions asked for, or an amount's sum."""
    chosen = [row for row in decided.rows if portion in ("", row["portion"])]
    if not chosen:
        return f"no portion '{portion}'"
    values = {row[name] for row in chosen}
    amounts = decided.rulebook.amounts
    if name == "amount" or (name in amounts and amounts[name].kind in NUMBERS):
        return None if None in values else sum((row[name] for row in chosen), Decimal(0))
    return values.pop() if len(values) == 1 else {row["portion"]: row[name] for row in chosen}


def _equal(found: object, expected: object) -> bool:
    if isinstance(found, bool) or isinstance(expected, bool | date | str) or expected is None:
        return found == expected
    numbers = isinstance(found, int | Decimal) and isinstance(expected, int | Decimal)
    return numbers and Decimal(str(found)) == Decimal(str(expected))
