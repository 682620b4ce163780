"""Why one exposure got its outcomes, and the day on which the next threshold is crossed."""

from __future__ import annotations

from datetime import date
from itertools import pairwise
from pathlib import Path

import pytest
from quarters import npl, run_tape, store, write_tape

from npl_reporting.errors import NplError
from npl_reporting.evidence.explain import Explained, Explanation, explain
from npl_reporting.evidence.reopen import reopen


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("explain")
    run_tape(home, write_tape(home))
    return home


@pytest.fixture(scope="module")
def split(home: Path) -> Explanation:
    """The partly secured loan of the notes, due since 2024-05-10, on 2024-09-30."""
    with reopen(store(home), "TW-2024") as run:
        return explain(
            run.engine, run.rulebook, run.columns, run.run.reporting_date, "SPLIT", run.source
        )


def decided(explanation: Explanation, portion: str, decision: str) -> Explained:
    (part,) = (p for p in explanation.portions if p.portion == portion)
    return next(d for d in part.decisions if d.decision == decision)


# By Civil Code 120 and 121 six months from 2024-05-10 end on 2024-11-10, twelve on 2025-05-10 and
# two years on 2026-05-10; the outcome changes on the day after.
@pytest.mark.parametrize(
    ("portion", "decision", "now", "then", "day"),
    [
        ("unsecured", "category", "substandard", "doubtful", date(2024, 11, 11)),
        ("secured", "category", "special_mention", "substandard", date(2025, 5, 11)),
        ("secured", "collection_transfer", "required", "overdue", date(2024, 11, 11)),
        ("secured", "write_off", "none", "required", date(2026, 5, 11)),
    ],
)
def test_the_next_threshold_is_named_to_the_day(
    split: Explanation, portion: str, decision: str, now: str, then: str, day: date
) -> None:
    found = decided(split, portion, decision)
    assert found.outcome == now
    assert found.next_change is not None
    assert (found.next_change.outcome, found.next_change.day) == (then, day)


def test_the_rule_that_fired_and_its_article_are_named(split: Explanation) -> None:
    found = decided(split, "unsecured", "category")
    assert found.fired == ("uncovered-3-to-6-months",)
    assert found.citations == ("br/4.1.2",)


def test_the_nearest_rule_says_what_it_would_need(split: Explanation) -> None:
    nearest = decided(split, "unsecured", "category").nearest
    assert all(len(a.failing) <= len(b.failing) for a, b in pairwise(nearest))
    first = nearest[0]
    assert first.rule == "uncovered-6-to-12-months"
    assert [(c.name, c.sign, c.values) for c in first.failing] == [("months_overdue", ">", (6,))]


def test_the_sound_loan_of_a_bad_debtor_is_explained_by_the_debtor(home: Path) -> None:
    with reopen(store(home), "TW-2024") as run:
        other = explain(
            run.engine, run.rulebook, run.columns, run.run.reporting_date, "OTHER", run.source
        )
    assert "bad-credit-other-facility" in decided(other, "unsecured", "category").fired


def test_an_exposure_that_is_not_there_is_said(home: Path) -> None:
    with reopen(store(home), "TW-2024") as run, pytest.raises(NplError, match="no exposure 'GONE'"):
        explain(run.engine, run.rulebook, run.columns, run.run.reporting_date, "GONE", run.source)


def test_the_command_tells_it_in_words(home: Path) -> None:
    said = npl("explain", "TW-2024", "SPLIT", "--store", f"sqlite:///{home / 'npl.db'}")
    assert said.code == 0
    assert "Category 3" in said.out
    assert "if nothing is paid: doubtful on 2024-11-11" in said.out
    assert "[br/7.1]" in said.out
