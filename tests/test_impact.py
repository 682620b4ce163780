"""What moves between two rulebooks on a stored run, on books that can be added up by hand."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from pathlib import Path

import pytest
from exampleland import AS_OF, rulebook, write_rules, write_tape
from typer.testing import CliRunner

from npl_reporting import impact as module
from npl_reporting.cli import app
from npl_reporting.errors import NplError
from npl_reporting.evidence.store import Store
from npl_reporting.impact import CellChange, Impact, impact
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request
from npl_reporting.returns.shelf import load_reports
from npl_reporting.run import run

# 0, 75 and 100 days past due, and bankrupt: by 90 days the last two are nonperforming.
LOANS = (
    {"outstanding_principal": "100"},
    {"outstanding_principal": "200", "oldest_unpaid_due_date": "2025-07-17"},
    {"outstanding_principal": "400", "oldest_unpaid_due_date": "2025-06-22"},
    {"outstanding_principal": "800", "bankruptcy_date": "2025-01-31"},
)
SIXTY = {"days_past_due > 90": "days_past_due > 60"}
COVERED = {
    "  whole: outstanding_principal\n": (
        "  covered: least(coalesce(collateral_value, 0), outstanding_principal)\n"
        "  open: outstanding_principal - covered\n"
    ),
    "  - name: minimum_allowance_rate\n": (
        "  - name: category\n    of: portion\n"
        "    outcomes: {sound: {en: Sound}, poor: {en: Poor}, lost: {en: Lost}}\n"
        "    default: sound\n"
        "    rules:\n"
        "      - {id: poor, when: status = 'nonperforming', then: poor, cite: norm/5}\n"
        "      - {id: lost, when: status = 'nonperforming' and portion = 'open', then: lost,"
        " cite: norm/6}\n"
        "  - name: minimum_allowance_rate\n"
    ),
}
WHOLE = {
    "  - name: minimum_allowance_rate\n": (
        "  - name: category\n"
        "    outcomes: {sound: {en: Sound}, poor: {en: Poor}, lost: {en: Lost}}\n"
        "    default: sound\n"
        "    rules:\n"
        "      - {id: poor, when: status = 'nonperforming', then: poor, cite: norm/5}\n"
        "  - name: minimum_allowance_rate\n"
    ),
}
REPORT = """\
report: quality
jurisdiction: XX
title: {en: Quality}
frequency: quarterly
effective_from: 2024-01-01
tables:
  - id: loans
    columns: [{id: total, label: {en: Total}, value: sum(amount)}]
    rows:
      - {id: bad, label: {en: Nonperforming}, where: status = 'nonperforming'}
      - {id: good, label: {en: Performing}, where: status = 'performing'}
"""


def stored(folder: Path, rows: Sequence[Mapping[str, object]] = LOANS) -> tuple[Store, str]:
    """A store that holds one run of these loans under Exampleland's rules."""
    store = Store(f"sqlite:///{folder}/npl.db")
    tape = write_tape(folder / "tape.csv", rows)
    finished = run(Request(TapeSource(tape), str(write_rules(folder)), AS_OF, printed=False), store)
    return store, finished.run.id


def matrix(found: Impact, decision: str) -> list[tuple[str | None, str | None, int, str]]:
    """A decision's moves: from, to, how many, their amount."""
    return [
        (move.before, move.after, move.number, str(move.amount_after or move.amount_before))
        for move in found.moves
        if move.decision == decision
    ]


def test_an_earlier_threshold_moves_one_loan_in_each_decision(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    found = impact(store, name, rulebook(tmp_path), rulebook(tmp_path, "sixty", SIXTY))
    assert matrix(found, "status") == [
        ("performing", "performing", 1, "100.00"),
        ("performing", "nonperforming", 1, "200.00"),
        ("nonperforming", "nonperforming", 2, "1200.00"),
    ]
    assert matrix(found, "minimum_allowance_rate") == [
        ("0.01", "0.01", 1, "100.00"),
        ("0.01", "0.5", 1, "200.00"),
        ("0.5", "0.5", 2, "1200.00"),
    ]
    assert found.levels == {"status": "exposure", "minimum_allowance_rate": "exposure"}
    assert found.cells is not None and found.not_compared == ""
    assert CellChange("cover", "nonperforming", "amount", "1200", "1400") in found.cells


def test_everything_that_moves_is_listed_with_both_articles(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    later = rulebook(
        tmp_path, "later", {"days_past_due > 90": "days_past_due > 120", "norm/7": "norm/8"}
    )
    found = impact(store, name, rulebook(tmp_path), later, tmp_path / "out")
    (path,) = found.files
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    told = ("decision", "exposure_id", "amount_after", "outcome_before", "outcome_after",
            "rules_before", "articles_before", "articles_after")  # fmt: skip
    assert [tuple(row[name] for name in told) for row in rows] == [
        ("status", "E3", "400.00", "nonperforming", "performing", "overdue", "norm/4.1", ""),
        ("minimum_allowance_rate", "E3", "400.00", "0.5", "0.01", "rate-half", "norm/7", ""),
    ]


def test_nothing_moves_between_a_rulebook_and_itself(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    found = impact(store, name, rulebook(tmp_path), rulebook(tmp_path))
    assert all(move.stays for move in found.moves)
    assert sum(move.number for move in found.moves if move.decision == "status") == len(LOANS)


def test_portions_are_compared_one_by_one_where_both_split_alike(tmp_path: Path) -> None:
    """E2 has 150 of 200 covered; by 60 days its covered part is poor, the rest lost."""
    rows = [LOANS[0], {**LOANS[1], "collateral_value": "150", "collateral_type": "other"}]
    store, name = stored(tmp_path, rows)
    before = rulebook(tmp_path, "covered", COVERED)
    found = impact(store, name, before, rulebook(tmp_path, "sixty", {**COVERED, **SIXTY}))
    assert found.levels["category"] == "portion"
    assert matrix(found, "category") == [
        ("sound", "sound", 1, "100.00"),
        ("sound", "poor", 1, "150.00"),
        ("sound", "lost", 1, "50.00"),
    ]


def test_a_portion_that_is_there_under_one_rulebook_only(tmp_path: Path) -> None:
    """Under the later rules collateral counts for half: 300 cover 200 whole, then 150 of it."""
    rows = [{**LOANS[1], "collateral_value": "300", "collateral_type": "other"}]
    store, name = stored(tmp_path, rows)
    half = {"coalesce(collateral_value, 0)": "coalesce(collateral_value, 0) * 0.5"}
    changes = {old: text.replace(*next(iter(half.items()))) for old, text in COVERED.items()}
    found = impact(
        store, name, rulebook(tmp_path, "covered", COVERED), rulebook(tmp_path, "half", changes)
    )
    opened, covered = (m for m in found.moves if m.decision == "category")
    assert (covered.before, covered.after) == ("sound", "sound")
    assert (covered.amount_before, covered.amount_after) == (Decimal(200), Decimal(150))
    assert (opened.before, opened.after, opened.amount_after) == (None, "sound", Decimal(50))


def test_the_severest_portion_counts_where_exposures_are_split_otherwise(tmp_path: Path) -> None:
    """E3 is poor as a whole, and lost in its open part; E1 is sound either way."""
    rows = [LOANS[0], {**LOANS[2], "collateral_value": "300", "collateral_type": "other"}]
    store, name = stored(tmp_path, rows)
    found = impact(
        store, name, rulebook(tmp_path, "whole", WHOLE), rulebook(tmp_path, "covered", COVERED)
    )
    assert found.levels["category"] == "severest"
    assert matrix(found, "category") == [
        ("sound", "sound", 1, "100.00"),
        ("poor", "lost", 1, "400.00"),
    ]


def test_a_decision_of_one_side_is_named_and_not_compared(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    found = impact(store, name, rulebook(tmp_path), rulebook(tmp_path, "whole", WHOLE))
    assert (found.only_before, found.only_after) == ((), ("category",))
    assert "category" not in found.levels


def test_report_cells_that_change(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, name = stored(tmp_path)
    (tmp_path / "XX").mkdir()
    (tmp_path / "XX" / "quality.yaml").write_text(REPORT, encoding="utf-8")
    monkeypatch.setattr(module, "load_reports", partial(load_reports, folder=tmp_path))
    found = impact(store, name, rulebook(tmp_path), rulebook(tmp_path, "sixty", SIXTY))
    assert found.cells == (
        CellChange("quality", "bad", "total", "1200", "1400"),
        CellChange("quality", "good", "total", "300", "100"),
    )


def test_a_rulebook_in_another_currency_reads_the_amounts_as_they_are(tmp_path: Path) -> None:
    """The yen has no minor unit; a tape in cents loses nothing."""
    store, name = stored(tmp_path, [{"outstanding_principal": "100.25"}])
    yen = rulebook(tmp_path, "yen", {"currency: TWD": "currency: JPY"})
    found = impact(store, name, rulebook(tmp_path), yen)
    assert matrix(found, "status") == [("performing", "performing", 1, "100.25")]


def test_a_column_with_its_own_default_in_each_file(tmp_path: Path) -> None:
    """Where the tape has no `reaged`, one file takes it to be true and calls the loan nonperforming."""
    column = "columns:\n  reaged: {{type: boolean, default: {}, meaning: {{en: Re-aged}}}}\nfacts:\n  days"
    sides = []
    for default in ("false", "true"):
        changes = {
            "facts:\n  days": column.format(default),
            "when: bankrupt,": "when: reaged,",
        }
        sides.append(rulebook(tmp_path, default, changes))
    store, name = stored(tmp_path, [{"reaged": ""}])
    found = impact(store, name, sides[0], sides[1])
    assert matrix(found, "status") == [("performing", "nonperforming", 1, "100.00")]


def test_a_column_of_two_types_is_refused(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    sides = [
        rulebook(
            tmp_path,
            kind,
            {
                "facts:\n  days": f"columns:\n  note: {{type: {kind}, meaning: {{en: N}}}}\nfacts:\n  days"
            },
        )
        for kind in ("text", "integer")
    ]
    words = "column 'note' is integer here, but text in another file; give it one type"
    with pytest.raises(NplError, match=words):
        impact(store, name, sides[0], sides[1])


def test_the_command_prints_a_matrix_and_json(tmp_path: Path) -> None:
    _, name = stored(tmp_path)
    sixty = write_rules(tmp_path, "sixty", SIXTY)
    call = ["rules", "impact", str(tmp_path / "XX.yaml"), str(sixty), "--run", name,
            "--store", f"sqlite:///{tmp_path}/npl.db"]  # fmt: skip
    told = [line.split() for line in CliRunner().invoke(app, call).stdout.splitlines()]
    assert ["status:", "1", "exposures", "move,", "200.00", "TWD"] in told
    assert ["performing", "1", "(100.00)", "1", "(200.00)"] in told
    assert ["nonperforming", ".", "2", "(1,200.00)"] in told
    document = json.loads(CliRunner().invoke(app, [*call, "--json"]).stdout)
    assert document["moves"][1]["amount_after"] == "200"


def test_without_cells_the_reports_are_left_alone(tmp_path: Path) -> None:
    store, name = stored(tmp_path)
    found = impact(
        store, name, rulebook(tmp_path), rulebook(tmp_path, "sixty", SIXTY), reports=False
    )
    assert (found.cells, found.not_compared) == (None, "it was not asked for")
    assert any(not move.stays for move in found.moves)
