"""No rule of any file on the shelf can be lost: an example fails without it, or exhaustion finds it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from rulebooks import rulebook

from npl_reporting.engine import Engine
from npl_reporting.errors import NplError
from npl_reporting.law.columns import column_dictionary
from npl_reporting.law.compile import Compiler
from npl_reporting.law.names import Names
from npl_reporting.law.rulebook import Decision, Outcome, Rulebook
from npl_reporting.law.rulefile import Example
from npl_reporting.law.shelf import load_rulebook, shelf
from npl_reporting.portfolio.cases import Verdict
from npl_reporting.portfolio.examples import DecidedExample, compare, decide_examples
from npl_reporting.portfolio.exhaust import examine
from npl_reporting.resources import shown

FILES = [shown(one.path) for one in shelf()]


def lost(book: Rulebook, folder: Path) -> list[tuple[str, str]]:
    """Decision and id of every rule whose deletion nothing would notice."""
    decided = tuple(decide_examples(book))
    assert [failure for one in decided for failure in compare(one)] == []
    return [
        (decision.name, rule.id)
        for decision in book.decisions
        for rule in decision.rules
        if not noticed(book, decision, rule.id, decided, folder)
    ]


def noticed(
    book: Rulebook, decision: Decision, rule: str, decided: Sequence[DecidedExample], folder: Path
) -> bool:
    """First by what the examples expect of the decision itself, else by trying."""
    touched: list[Example] = []
    for one in decided:
        for portion, outcome in changes(one, decision.name, rule):
            if outcome is None or expects(one.example, decision.name, portion):
                return True
            touched.append(one.example)
    return fails(without(book, decision.name, rule), touched, folder)


def changes(one: DecidedExample, decision: str, rule: str) -> Iterator[tuple[str, Outcome | None]]:
    """Portions of an example's loan whose outcome is another without the rule."""
    here = next(each for each in one.rulebook.decisions if each.name == decision)
    for row in one.rows:
        verdict = one.cases[row["case_id"]].verdict(decision)
        outcome = outcome_without(here, verdict, rule)
        if outcome != verdict.outcome:
            yield row["portion"], outcome


def outcome_without(decision: Decision, verdict: Verdict, rule: str) -> Outcome | None:
    left = [each.then for each in decision.rules if each.id in verdict.fired and each.id != rule]
    return max(left, key=decision.severity) if left else decision.default


def expects(example: Example, decision: str, portion: str) -> bool:
    expected = example.expect.get(decision, {})
    return not isinstance(expected, dict) or portion in expected


def without(book: Rulebook, decision: str, rule: str) -> Rulebook:
    """The same file without one of its rules."""
    decisions = tuple(
        text.model_copy(update={"rules": tuple(each for each in text.rules if each.id != rule)})
        if text.name == decision
        else text
        for text in book.file.decisions
    )
    file = book.file.model_copy(update={"decisions": decisions})
    return Compiler(Names(file, book.yaml, column_dictionary(), {})).rulebook(book.sha256)


def fails(book: Rulebook, touched: Sequence[Example], folder: Path) -> bool:
    """Whether one of these examples fails, or stops the run, or exhaustion finds something."""
    try:
        found = [f for one in decide_examples(book, touched) for f in compare(one)]
    except NplError:
        return True
    if found:
        return True
    with Engine(folder) as engine:
        return any(one.weaknesses for one in examine(engine, book))


@pytest.mark.slow
@pytest.mark.parametrize("file", FILES)
def test_no_rule_can_be_lost_unnoticed(file: str, tmp_path: Path) -> None:
    assert lost(load_rulebook(file), tmp_path) == []


BODY = """\
facts: {days: "days_between(oldest_unpaid_due_date, reporting_date)"}
decisions:
  - name: status
    outcomes: {good: {en: Good}, bad: {en: Bad}}
    default: DEFAULT
    rules:
      - {id: early, when: days <= 90, then: good, cite: norm/1}
      - {id: late, when: days > 90, then: bad, cite: norm/1}
      - {id: sued, when: legal_action_date is not null, then: bad, cite: norm/1}
examples:
  - {name: late, given: LATE, expect: {status: bad}}
  - {name: sued and late, given: BOTH, expect: {status: bad}}
"""
LATE = "{oldest_unpaid_due_date: 2024-01-01, reporting_date: 2024-06-30"
BOTH = f"{LATE}, legal_action_date: 2024-06-01}}"


@pytest.mark.parametrize(
    ("default", "found"),
    [("good", [("status", "early"), ("status", "sued")]), ("null", [("status", "sued")])],
)
def test_what_a_default_or_another_rule_says_too_is_lost(
    default: str, found: list[tuple[str, str]], tmp_path: Path
) -> None:
    """Without the default a gap is found; of two rules that win together either may go."""
    body = BODY.replace("DEFAULT", default).replace("LATE", LATE + "}").replace("BOTH", BOTH)
    assert lost(rulebook(tmp_path, body), tmp_path) == found
