"""Overrides decide again in SQL what hangs on them, and nothing else comes out otherwise."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from exampleland import AS_OF, write_rules, write_tape
from golden import Given

from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.law.yamlfile import load
from npl_reporting.portfolio.classify import TREATED, classify, keep_treated
from npl_reporting.portfolio.deltas import Delta
from npl_reporting.portfolio.overridden import computed_columns, override
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Terms, read_tape

BOOKS = Path(__file__).parent / "reports"
FIRST = {path.name.partition(".")[0]: path for path in sorted(BOOKS.glob("*.*"), reverse=True)}
"""One book of each jurisdiction."""


def delta(number: int, exposure: str, decision: str, outcome: object) -> Delta:
    day = date(2000, 1, 1)
    return Delta(
        f"X-D{number}", "override", "X", exposure, "why", "", "", day, day, "one", "another",
        decision=decision, outcome=str(outcome),
    )  # fmt: skip


def treated(engine: Engine, rulebook: Rulebook) -> list[tuple[object, ...]]:
    names = [d.name for d in rulebook.decisions] + list(rulebook.amounts) + list(rulebook.carried)
    columns = ", ".join(f'"{name}"' for name in ("exposure_id", "portion", "case_id", *names))
    return engine.rows(f"SELECT {columns} FROM {TREATED}")


@pytest.mark.slow
@pytest.mark.parametrize("jurisdiction", FIRST)
def test_an_override_with_what_was_computed_changes_nothing(
    jurisdiction: str, tmp_path: Path
) -> None:
    folder = FIRST[jurisdiction]
    day, tape = load(folder / "given.yaml", Given).as_of, folder / "tape.csv"
    rulebook = load_rulebook(jurisdiction, day)
    with Engine(tmp_path, [tape]) as engine:
        terms = Terms(rulebook.columns, rulebook.file.currency, day)
        read = read_tape(engine, TapeSource(tape), terms)
        classify(engine, rulebook, read.columns, day)
        keep_treated(engine)
        before = treated(engine, rulebook)
        single = {r[0] for r in before} - {r[0] for r in before if r[1] != before[0][1]}
        name = rulebook.decisions[0].name
        known = engine.rows(f'SELECT exposure_id, any_value("{name}") FROM {TREATED} GROUP BY 1')
        same = [delta(n, e, name, o) for n, (e, o) in enumerate(known) if e in single]
        assert same
        assert override(engine, rulebook, read.columns, day, "exposures", same) == ()
        assert treated(engine, rulebook) == before
        assert computed_columns(engine, rulebook) == ("overridden_by",)


WATCH = """
  - name: watch
    outcomes: {no: {en: "No"}, "yes": {en: "Yes"}}
    default: "no"
    facts: {debtor_is_bad: any_of_debtor(status = 'nonperforming')}
    rules:
      - {id: another-loan, when: debtor_is_bad, then: "yes", cite: norm/5}
"""


def test_the_debtor_s_other_exposures_follow_where_the_rules_say_so(tmp_path: Path) -> None:
    """In Exampleland with a watch list: whoever has one bad loan is watched for all of them."""
    path = write_rules(tmp_path)
    text = path.read_text(encoding="utf-8")
    head, amounts, rest = text.partition("amounts:")
    path.write_text(head.rstrip() + WATCH + amounts + rest, encoding="utf-8")
    rulebook = load_rulebook(str(path))
    loans = [{"debtor_id": "D1"}, {"debtor_id": "D1"}, {"debtor_id": "D2"}]
    tape = write_tape(tmp_path / "tape.csv", loans)
    with Engine(tmp_path, [tape]) as engine:
        read = read_tape(engine, TapeSource(tape), Terms(rulebook.columns, "TWD", AS_OF))
        classify(engine, rulebook, read.columns, AS_OF)
        keep_treated(engine)
        pinned = delta(1, "E1", "status", "nonperforming")
        lost = delta(2, "NOBODY", "status", "nonperforming")
        left = override(engine, rulebook, read.columns, AS_OF, "exposures", [pinned, lost])
        found = engine.rows(
            "SELECT exposure_id, status, computed_status, watch, computed_watch, overridden_by "
            f"FROM {TREATED} ORDER BY 1"
        )
    assert left == (lost,)
    assert found == [
        ("E1", "nonperforming", "performing", "yes", "no", "X-D1"),
        ("E2", "performing", None, "yes", "no", None),
        ("E3", "performing", None, "no", None, None),
    ]
