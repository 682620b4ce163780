"""Overrides and adjustments: two persons, evidence, an end; the computed value stays beside."""

from __future__ import annotations

import csv
import zipfile
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pdfplumber
import pytest
from quarters import npl, run_tape, store, write_tape
from test_submission import Office

from npl_reporting.errors import NplError
from npl_reporting.evidence.signing import make_key
from npl_reporting.evidence.verify import verify
from npl_reporting.submission import verifier
from npl_reporting.submission.deltas import (
    Grounds,
    bearing,
    confirm,
    propose_adjustment,
    propose_override,
    standings,
    withdraw,
)
from npl_reporting.submission.package import package
from npl_reporting.submission.replay import replay
from npl_reporting.submission.roles import grant, issue_token
from npl_reporting.submission.steps import Desk
from npl_reporting.submission.unpacked import replay_package

SEPTEMBER, DECEMBER, MARCH = date(2024, 9, 30), date(2024, 12, 31), date(2025, 3, 31)
CELL = "asset_quality/08/total"


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """A store with people in each role and no run yet."""
    office = Office.__new__(Office)
    office.store = store(tmp_path)
    office.hire()
    (tmp_path / "memo.pdf").write_bytes(b"minutes of the credit committee")
    return office


def grounds(folder: Path, until: date = DECEMBER, first: date = SEPTEMBER) -> Grounds:
    return Grounds("receivership", folder / "memo.pdf", first, until)


def overridden(office: Office, folder: Path, exposure: str = "SOUND", **more: str) -> str:
    """Propose and confirm that an exposure's category be substandard."""
    given = {"decision": "category", "outcome": "substandard", **more}
    proposed = propose_override(
        office.desk("preparer"), "TW", exposure, given["decision"], given["outcome"],
        grounds(folder), given.get("portion", ""),
    )  # fmt: skip
    confirm(office.desk("reviewer"), proposed.delta.id)
    return proposed.delta.id


def test_one_person_proposes_and_another_confirms(office: Office, tmp_path: Path) -> None:
    with office.store.log.writing() as pen:
        grant(pen, "root", "the preparer", "reviewer")
    proposed = propose_override(
        office.desk("preparer"), "TW", "E1", "category", "loss", grounds(tmp_path)
    )
    assert (proposed.state, proposed.delta.id) == ("proposed", "TW-D1")
    assert not bearing(office.store, "TW", "", SEPTEMBER, None)
    with pytest.raises(NplError, match="the preparer proposed TW-D1 and may not confirm it"):
        confirm(office.desk("preparer"), "TW-D1")
    confirmed = confirm(office.desk("reviewer"), "TW-D1", "seen")
    assert (confirmed.state, confirmed.delta.confirmed_by) == ("confirmed", "the reviewer")
    assert bearing(office.store, "TW", "", SEPTEMBER, None).overrides == (confirmed.delta,)
    with pytest.raises(NplError, match="TW-D1 is confirmed"):
        confirm(office.desk("approver"), "TW-D1")


def test_what_is_proposed_must_exist_and_have_grounds(office: Office, tmp_path: Path) -> None:
    desk, given = office.desk("preparer"), grounds(tmp_path)
    for decision, outcome, portion, words in (
        ("categories", "loss", "", "has no decision 'categories'"),
        ("category", "lost", "", "has no outcome 'lost'"),
        ("category", "loss", "half", "has no portion 'half'"),
        ("minimum_allowance_rate", "1.5", "", "'1.5' is no rate"),
        ("minimum_allowance_rate", "much", "", "'much' is no rate"),
    ):
        with pytest.raises(NplError, match=words):
            propose_override(desk, "TW", "E1", decision, outcome, given, portion)
    with pytest.raises(NplError, match="a reason is missing"):
        bare = Grounds(" ", tmp_path / "memo.pdf", SEPTEMBER, DECEMBER)
        propose_override(desk, "TW", "E1", "category", "loss", bare)
    with pytest.raises(NplError, match="before it begins"):
        propose_override(
            desk, "TW", "E1", "category", "loss", grounds(tmp_path, SEPTEMBER, DECEMBER)
        )
    with pytest.raises(NplError, match="has no cell asset_quality/nowhere/npl"):
        propose_adjustment(desk, "TW", "asset_quality/nowhere/npl", "1", given)
    for by in ("nothing", "0", "NaN", "Infinity"):
        with pytest.raises(NplError, match="is nothing that can be added"):
            propose_adjustment(desk, "TW", CELL, by, given)
    assert standings(office.store.log.events()) == {}


def test_two_overrides_of_one_outcome_do_not_stand_together(office: Office, tmp_path: Path) -> None:
    first = overridden(office, tmp_path, portion="secured", exposure="SPLIT")
    overridden(office, tmp_path, portion="unsecured", exposure="SPLIT")
    with pytest.raises(NplError, match=f"{first} overrides the same until 2024-12-31"):
        overridden(office, tmp_path, exposure="SPLIT")
    withdraw(office.desk("approver"), first, "the report was recalled")
    assert [d.portion for d in bearing(office.store, "TW", "", SEPTEMBER, None).in_force] == [
        "unsecured"
    ]


def test_a_delta_counts_from_its_first_day_to_its_last(office: Office, tmp_path: Path) -> None:
    name = overridden(office, tmp_path)
    for day, prior, in_force, expired in (
        (date(2024, 9, 29), None, [], []),
        (SEPTEMBER, None, [name], []),
        (DECEMBER, SEPTEMBER, [name], []),
        (date(2025, 1, 1), DECEMBER, [], [name]),
        (MARCH, None, [], [name]),
        (date(2025, 6, 30), MARCH, [], []),
    ):
        found = bearing(office.store, "TW", "", day, prior)
        assert [d.id for d in found.in_force] == in_force, day
        assert [d.id for d in found.expired] == expired, day
    assert not bearing(office.store, "HK", "", SEPTEMBER, None)


def test_evidence_is_kept_and_watched(office: Office, tmp_path: Path) -> None:
    overridden(office, tmp_path)
    (delta,) = bearing(office.store, "TW", "", SEPTEMBER, None).in_force
    kept = office.store.archive.open_path(delta.evidence)
    assert kept.read_bytes() == b"minutes of the credit committee"
    assert office.store.orphans(timedelta(0)) == ()
    assert verify(office.store).sound
    kept.chmod(0o644)
    kept.write_bytes(b"other minutes")
    assert [fault.where for fault in verify(office.store).faults] == [f"file {delta.evidence}"]


def cells(office: Office, run: str, period: str = "current") -> dict[str, str | None]:
    """A run's cells by report/row/column."""
    kept = office.store.cells(run, None, period)
    return {f"{c.report}/{c.row}/{c.column}": c.value or c.text for c in kept}


def rows(folder: Path) -> dict[tuple[str, str], dict[str, str]]:
    """What a run handed out, by exposure and portion."""
    with (folder / "decisions.csv").open(encoding="utf-8", newline="") as file:
        return {(row["exposure_id"], row["portion"]): row for row in csv.DictReader(file)}


def test_an_override_moves_what_follows_from_it_and_the_computed_stays_beside(
    office: Office, tmp_path: Path
) -> None:
    tape = write_tape(tmp_path)
    plain = run_tape(tmp_path, tape).run
    name = overridden(office, tmp_path)
    run = run_tape(tmp_path, tape, out="overridden").run
    assert run.id != plain.id
    before, after = cells(office, plain.id), cells(office, run.id)
    moved = {place for place in before if before[place] != after[place]}
    assert moved
    # What was computed is what the run without the override stored, and nothing else is marked.
    beside = cells(office, run.id, "computed")
    assert set(beside) == moved
    assert all(beside[place] == before[place] for place in moved)
    told = rows(tmp_path / "overridden")["SOUND", "unsecured"]
    # Substandard without collateral: ten percent of a million, by the law's own table.
    assert (told["category"], told["computed_category"]) == ("substandard", "normal")
    assert Decimal(told["minimum_allowance"]) == Decimal(100000)
    assert told["overridden_by"] == name
    other = rows(tmp_path / "overridden")["LATE", "unsecured"]
    assert (other["computed_category"], other["overridden_by"]) == ("", "")
    assert "computed_category" not in rows(tmp_path / "out")["SOUND", "unsecured"]
    assert "overrode outcomes (1) and adjusted cells (0)" in str(run.warnings)
    kept = run.parameters["deltas"]
    assert isinstance(kept, dict) and kept["in_force"][0]["confirmed_by"] == "the reviewer"


def test_an_adjustment_moves_its_cell_totals_and_formulas(office: Office, tmp_path: Path) -> None:
    tape = write_tape(tmp_path)
    plain = run_tape(tmp_path, tape).run
    proposed = propose_adjustment(
        office.desk("preparer"), "TW", "asset_quality/05/npl", "-1000.5", grounds(tmp_path)
    )
    confirm(office.desk("approver"), proposed.delta.id)
    run = run_tape(tmp_path, tape, out="adjusted").run
    before, after = cells(office, plain.id), cells(office, run.id)
    moved = {
        place: (before[place], after[place]) for place in before if before[place] != after[place]
    }
    assert {place: Decimal(new) - Decimal(old) for place, (old, new) in moved.items()
            if place.endswith("/npl") and old and new} == {
        "asset_quality/05/npl": Decimal("-1000.5"), "asset_quality/08/npl": Decimal("-1000.5"),
    }  # fmt: skip
    assert {"asset_quality/05/ratio", "asset_quality/08/ratio"} <= set(moved)
    assert set(cells(office, run.id, "computed")) == set(moved)
    loans = Decimal(after["asset_quality/08/total"] or 0)
    npl = Decimal(after["asset_quality/08/npl"] or 0)
    ratio = Decimal(after["asset_quality/08/ratio"] or 0)
    assert abs(ratio - npl / loans) < Decimal("0.0000001")


def test_what_expired_or_fits_nothing_is_a_finding(office: Office, tmp_path: Path) -> None:
    overridden(office, tmp_path)
    overridden(office, tmp_path, exposure="NOBODY")
    september = run_tape(tmp_path, write_tape(tmp_path)).run
    assert [(f.check, f.exposure_id, f.value) for f in office.store.findings(september.id)
            if "override" in f.check] == [("override-without-exposure", "NOBODY", "TW-D2")]  # fmt: skip
    tape = write_tape(tmp_path, name="march.csv")
    march = run_tape(tmp_path, tape, MARCH, "march", prior=september.id).run
    found = [f for f in office.store.findings(march.id) if "override" in f.check]
    assert [(f.check, f.exposure_id, f.value, f.severity) for f in found] == [
        ("override-expired", "SOUND", "TW-D1", "warning"),
        ("override-expired", "NOBODY", "TW-D2", "warning"),
    ]
    assert "has expired" in found[0].words["en"]
    assert cells(office, march.id, "computed") == {}
    later = run_tape(tmp_path, tape, date(2025, 6, 30), "june", prior=march.id).run
    assert not [f for f in office.store.findings(later.id) if "override" in f.check]


@pytest.mark.slow
def test_a_run_with_deltas_is_verified_replayed_and_packed(office: Office, tmp_path: Path) -> None:
    name = overridden(office, tmp_path)
    adjusted = propose_adjustment(
        office.desk("preparer"), "TW", "asset_quality/05/npl", "7", grounds(tmp_path)
    )
    confirm(office.desk("approver"), adjusted.delta.id)
    run = run_tape(tmp_path, write_tape(tmp_path)).run
    files = {(file.role, file.name) for file in office.store.files(run.id)}
    assert {("deltas", "deltas.json"), ("evidence", f"{name}-memo.pdf")} <= files
    # The adjustment parts the cell from the portfolio: no error, but a person must accept it.
    torn = [c for c in office.store.checks(run.id) if c.check == "npl-ties-to-status"]
    assert [(c.state, c.severity) for c in torn] == [("failed", "warning")]
    assert "it holds but for adjustments" in torn[0].detail
    assert verify(office.store).sound
    replayed = replay(office.store, run.id)
    assert replayed.same, replayed.differences
    # What the log holds later changes nothing of a run that was made.
    withdraw(office.desk("approver"), name, "it was wrong")
    assert replay(office.store, run.id).same
    office.desk("approver").approve_rulebook(run.rulebook_sha256)
    submission = office.desk("preparer").create(run.id)
    assert {"the preparer"} <= submission.preparers
    said = npl("submission", "status", submission.id, "--store", office.store.url,
               "--token", office.tokens["viewer"])  # fmt: skip
    assert "cells are not as computed, by overrides and adjustments" in said.out
    office.accept_all(submission.id)
    office.desk("reviewer").review(submission.id)
    make_key(tmp_path / "key.pem")
    packed = package(office.desk("approver"), submission.id, tmp_path / "key.pem", tmp_path)
    assert verifier.check(str(packed.path)) == []
    with zipfile.ZipFile(packed.path) as archive:
        evidence = archive.read(f"files/evidence/{name}-memo.pdf")
    assert evidence == b"minutes of the credit committee"
    assert replay_package(packed.path).same


def test_whoever_proposed_what_a_run_holds_does_not_review_it(
    office: Office, tmp_path: Path
) -> None:
    overridden(office, tmp_path)
    run = run_tape(tmp_path, write_tape(tmp_path)).run
    with office.store.log.writing() as pen:
        grant(pen, "root", "another", "preparer")
        grant(pen, "root", "the preparer", "reviewer")
        token = issue_token(pen, "root", "another", date(2999, 12, 31))
    submission = Desk(office.store, token).create(run.id)
    office.accept_all(submission.id)
    with pytest.raises(NplError, match="the preparer prepared .* and may not review it"):
        office.desk("preparer").review(submission.id)


@pytest.mark.slow
def test_the_pages_mark_what_persons_moved(office: Office, tmp_path: Path) -> None:
    name = overridden(office, tmp_path)
    run_tape(tmp_path, write_tape(tmp_path), printed=True)

    def text(report: str) -> str:
        with pdfplumber.open(tmp_path / "out" / f"TW-{report}.pdf") as pdf:
            return "".join((page.extract_text() or "") for page in pdf.pages).replace("\n", " ")

    cover, evaluation = text("cover"), text("asset_evaluation")
    for words in (name, "receivership", "preparer", "reviewer", "SOUND", "substandard",
                  "overrode outcomes (1)"):  # fmt: skip
        assert words in cover
    for words in ("Cells that overrides and adjustments moved", "Not as computed", "As reported"):
        assert words in evaluation
