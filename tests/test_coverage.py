"""Which rules fired nowhere in a run."""

from __future__ import annotations

from pathlib import Path

from rulebooks import decided, decision, loan, rulebook

from npl_reporting.evidence.coverage import never_fired
from npl_reporting.returns.annex import case_decisions

RULES = {"large": "outstanding_principal > 150", "huge": "outstanding_principal > 1000"}


def test_the_rules_that_fired_in_no_case_stand_under_their_decision(tmp_path: Path) -> None:
    later = decision("accrual", {"small": "outstanding_principal <= 150"})
    book = rulebook(tmp_path, f"decisions:\n{decision('status', RULES)}{later}")
    loans = [loan("E1"), loan("E2", outstanding_principal=200)]
    with decided(tmp_path, book, loans) as found:
        told = tuple(case_decisions(book, found.cases, ["en"]))
        first = [case for case in told if case.case_id == found.rows[0]["case_id"]]
    assert never_fired(book, told) == (("status", ("huge",)),)
    assert never_fired(book, first) == (("status", ("large", "huge")),)
