"""Small rulebooks and portfolios for tests, written out where a test can be read."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa

from npl_reporting.engine import Engine, quoted
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.cases import Case
from npl_reporting.portfolio.classify import TREATED, classify
from npl_reporting.portfolio.facts import sql_type

HEAD = """\
jurisdiction: XX
title: {en: Exampleland}
authority: {en: Supervisor}
effective_from: 2000-01-01
currency: TWD
sources: {norm: {title: Norm}}
"""
TODAY = date(2024, 6, 30)
Row = Mapping[str, Any]


def write(folder: Path, body: str, portions: str = "{whole: outstanding_principal}") -> Path:
    """Write a rule file: the heading, the portions and the rest."""
    path = folder / "rules.yaml"
    path.write_text(f"{HEAD}portions: {portions}\n{body}", encoding="utf-8")
    return path


def rulebook(
    folder: Path, body: str, portions: str = "{whole: outstanding_principal}", **changes: str
) -> Rulebook:
    """A rulebook of the heading, the portions and the rest."""
    return load_rulebook(str(write(folder, body, portions)), changes=changes)


def decision(
    name: str, rules: Mapping[str, str], facts: Mapping[str, str] = {}, of: str = "exposure"
) -> str:
    """A decision between `good` and `bad`; `rules` gives each rule's id its condition."""
    return (
        f"  - name: {name}\n    of: {of}\n    facts: {json.dumps(facts)}\n"
        "    outcomes: {good: {en: Good}, bad: {en: Bad}}\n    default: good\n    rules:\n"
        + "".join(
            f"      - {{id: {rule}, when: {json.dumps(when)}, then: bad, cite: norm/1}}\n"
            for rule, when in rules.items()
        )
    )


def loan(exposure_id: str = "E1", debtor_id: str = "D1", **columns: Any) -> dict[str, Any]:
    """One exposure; what is not said is missing."""
    usual = {"product_type": "corporate_loan", "outstanding_principal": 100}
    return {"exposure_id": exposure_id, "debtor_id": debtor_id, **usual, **columns}


def fill(engine: Engine, rulebook: Rulebook, rows: Sequence[Row]) -> tuple[str, ...]:
    """Make the table `exposures` out of rows; return its tape columns."""
    present = tuple(n for n in rulebook.columns if any(n in row for row in rows))
    text = {n: pa.array([_text(row.get(n)) for row in rows], pa.string()) for n in present}
    engine.register("written", pa.table({"row": pa.array(range(1, len(rows) + 1)), **text}))
    typed = ", ".join(
        f"CAST({quoted(n)} AS {sql_type(rulebook, n)}) AS {quoted(n)}" for n in present
    )
    engine.execute(f'CREATE OR REPLACE TABLE exposures AS SELECT "row", {typed} FROM written')
    return present


def _text(value: object) -> str | None:
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


class Decided:
    """A portfolio that has been classified: its cases, and each treated row by name."""

    def __init__(self, engine: Engine, cases: tuple[Case, ...]) -> None:
        self.engine = engine
        self.cases = cases
        self.rows = engine.records(f'SELECT * FROM {TREATED} ORDER BY "row", portion')

    def column(self, name: str) -> list[Any]:
        """One column of `treated`, by row and portion."""
        return [row[name] for row in self.rows]

    def fired(self, row: Row, decision: str) -> tuple[str, ...]:
        """The rules that fired for a treated row."""
        (case,) = [case for case in self.cases if case.id == row["case_id"]]
        return case.verdict(decision).fired


@contextmanager
def decided(
    folder: Path, rulebook: Rulebook, rows: Sequence[Row], *, small: bool = True
) -> Iterator[Decided]:
    """Classify rows as of TODAY."""
    with Engine(folder, small=small) as engine:
        present = fill(engine, rulebook, rows)
        yield Decided(engine, classify(engine, rulebook, present, TODAY))
