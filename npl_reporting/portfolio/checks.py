"""The checks of the tape as records, from `rules/checks.yaml`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cache
from typing import Literal

from npl_reporting.errors import Severity
from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.resources import CHECKS

Phase = Literal["syntax", "references", "logic"]
Cell = str | int | bool | date | None


class Fixture(Record):
    """A tape to try a check on: rows of cells, or the file's text; perhaps with what stands beside.

    `control` are control totals, `schedule` a payment schedule.
    """

    rows: tuple[dict[str, Cell], ...] = ()
    text: str = ""
    control: str = ""
    schedule: str = ""


class Check(Record):
    """One thing that must hold of a tape, in a sentence, with what to do where it does not.

    `kind` names a search written in SQL; `fails_when` is a condition over one row. The first of
    `columns` is the one that a finding is about; with `each`, every one of them is, in turn.
    """

    severity: Severity
    sentence: Text
    remedy: Text
    passes: tuple[dict[str, Cell], ...] | Fixture
    fails: tuple[dict[str, Cell], ...] | Fixture
    columns: tuple[str, ...] = ()
    each: bool = False
    kind: str | None = None
    fails_when: str | None = None

    def words(self, column: str | None) -> dict[str, str]:
        """The sentence and what to do, in each language."""
        name = column or ""
        return {
            language: (sentence + _space(sentence) + self.remedy.get(language, "")).format(
                column=name
            )
            for language, sentence in self.sentence.items()
        }


def _space(sentence: str) -> str:
    return " " if sentence.isascii() else ""


class ChecksFile(Record):
    """The file: checks by id, in three phases."""

    syntax: dict[str, Check]
    references: dict[str, Check]
    logic: dict[str, Check]


@cache
def checks_file() -> ChecksFile:
    """The checks, phase by phase."""
    return load(CHECKS, ChecksFile)


def phases() -> Mapping[Phase, Mapping[str, Check]]:
    """The checks by phase, in the order in which they run."""
    file = checks_file()
    return {"syntax": file.syntax, "references": file.references, "logic": file.logic}


@cache
def all_checks() -> Mapping[str, Check]:
    """Every check by its id."""
    return {name: check for checks in phases().values() for name, check in checks.items()}


def of_kind(kind: str) -> Iterator[tuple[str, Check]]:
    """The checks that look for one kind of fault, with their ids."""
    return ((name, check) for name, check in all_checks().items() if check.kind == kind)
