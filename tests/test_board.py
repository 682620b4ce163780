"""Due dates by the calendar's words, and the board that counts the days to them."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from quarters import npl, run_tape, store, write_tape
from test_submission import Office

from npl_reporting.submission.board import board
from npl_reporting.submission.calendar import calendars
from npl_reporting.submission.workdays import works


@pytest.mark.parametrize(
    ("rules", "name", "end", "due"),
    [
        # Fifteenth of the next month; 2025-11-15 is a Saturday, so the Monday after.
        ("TW", "npl_return", date(2025, 9, 30), date(2025, 10, 15)),
        ("TW", "npl_return", date(2025, 10, 31), date(2025, 11, 17)),
        # 45 days after September is 14 November; after March 15 May.
        ("TW", "disclosure", date(2025, 9, 30), date(2025, 11, 14)),
        ("TW", "disclosure", date(2025, 3, 31), date(2025, 5, 15)),
        # Half a year and two months is 31 August, a Sunday in 2025.
        ("TW", "disclosure", date(2025, 6, 30), date(2025, 9, 1)),
        ("TW", "disclosure", date(2025, 12, 31), date(2026, 3, 31)),
        # 14 days after September 2025 is a Tuesday; after March 2025 a Monday.
        ("HK", "ma_bs_2a", date(2025, 9, 30), date(2025, 10, 14)),
        # 14 July 2024 is a Sunday.
        ("HK", "ma_bs_2a", date(2024, 6, 30), date(2024, 7, 15)),
        ("CN", "g11", date(2025, 9, 30), date(2025, 10, 13)),
        ("IN", "raq", date(2025, 9, 30), date(2025, 10, 21)),
        # The due dates of the Call Report are 30 April, 30 July, 30 October and 30 January.
        ("US", "call_report", date(2025, 3, 31), date(2025, 4, 30)),
        ("US", "call_report", date(2025, 6, 30), date(2025, 7, 30)),
        ("US", "call_report", date(2025, 9, 30), date(2025, 10, 30)),
        ("US", "call_report", date(2025, 12, 31), date(2026, 1, 30)),
        # 12 May, 11 August, 11 November, 11 February; 11 February 2024 is a Sunday.
        ("EU", "finrep_npe", date(2025, 3, 31), date(2025, 5, 12)),
        ("EU", "finrep_npe", date(2025, 6, 30), date(2025, 8, 11)),
        ("EU", "finrep_npe", date(2025, 9, 30), date(2025, 11, 11)),
        ("EU", "finrep_npe", date(2023, 12, 31), date(2024, 2, 12)),
    ],
)
def test_due_dates(rules: str, name: str, end: date, due: date) -> None:
    assert calendars()[rules].due(name, end) == due


def test_a_public_holiday_is_no_workday() -> None:
    assert not works(date(2025, 10, 1), "HK")  # National Day, a Wednesday
    assert works(date(2025, 10, 2), "HK")
    assert not works(date(2026, 4, 6), "XECB", market=True)  # Easter Monday
    assert not works(date(2025, 10, 11), "TW")  # a Saturday


@pytest.mark.parametrize("rules", calendars())
def test_every_due_date_follows_its_period_and_rolls_as_the_rule_says(rules: str) -> None:
    calendar = calendars()[rules]
    for name, known in calendar.returns.items():
        end = date(2020, 1, 1)
        seen = 0
        while end < date(2030, 1, 1):
            if known.ends(end):
                due, plain = calendar.due(name, end), known.due_of(end)
                assert end < plain
                assert calendar.roll == "none" or works(
                    due, calendar.holidays, market=calendar.market
                )
                assert (due >= plain) if calendar.roll == "following" else (due <= plain)
                assert abs((due - plain).days) <= 11
                seen += 1
            end += timedelta(days=1)
        assert seen >= 10


def test_the_board_follows_a_return_from_nothing_to_submitted(tmp_path: Path) -> None:
    kept = store(tmp_path)
    office = Office.__new__(Office)
    office.store = kept
    office.hire()
    assert board(kept, date(2024, 10, 1)) == ()
    run = run_tape(tmp_path, write_tape(tmp_path)).run
    office.desk("approver").approve_rulebook(run.rulebook_sha256)
    run = run_tape(tmp_path, write_tape(tmp_path)).run

    def at(day: date, name: str = "npl_return") -> tuple[object, ...]:
        square = next(s for s in board(kept, day) if s.name == name and s.period_end.month == 9)
        return square.step, square.next, square.owners, square.due, square.left, square.late

    due = date(2024, 10, 15)
    assert at(date(2024, 10, 1)) == ("run", "create", ("the preparer",), due, 14, False)
    office.desk("preparer").create(run.id)
    assert at(date(2024, 10, 15)) == ("draft", "review", ("the reviewer",), due, 0, False)
    assert at(date(2024, 10, 16)) == ("draft", "review", ("the reviewer",), due, -1, True)
    office.accept_all("TW-2024-09-30")
    office.desk("reviewer").review("TW-2024-09-30")
    assert at(date(2024, 10, 15))[:3] == ("reviewed", "approve", ("the approver",))
    office.desk("approver").approve("TW-2024-09-30")
    office.desk("approver").submit("TW-2024-09-30")
    step, next_, owners, _, left, late = at(date(2024, 10, 15))
    assert (step, next_, owners, left) == ("submitted", "", (), None)
    assert late  # submitted when this test ran, long after
    missing = next(s for s in board(kept, date(2024, 12, 31)) if s.period_end.month == 12)
    assert (missing.step, missing.next, missing.run) == ("missing", "run", "")
    said = npl("submission", "board", "--on", "2024-10-01", "--store", kept.url,
               "--token", office.tokens["viewer"])  # fmt: skip
    assert said.code == 0 and "2024-11-14" in said.out and "not known" not in said.out
