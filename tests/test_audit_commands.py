"""The commands of audit and submission, as their users type them."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from quarters import npl, run_tape, write_tape
from stored_run import RUN, portions, save, store_in
from test_submission import NAME, Office

from npl_reporting.evidence.history import history
from npl_reporting.evidence.proofs import prove_event, prove_exposure, prove_growth


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_the_road_of_a_submission_by_commands(office: Office, tmp_path: Path) -> None:
    store = ("--store", office.store.url)

    def by(role: str, *words: str) -> str:
        done = npl("submission", *words, *store, "--token", office.tokens[role])
        assert done.code == 0, done.err
        return done.out

    by("preparer", "create", RUN.id)
    listed = by("viewer", "status", NAME, "--json")
    codes = [one["obstacle"]["code"] for one in json.loads(listed)["obstacles"]]
    for code in codes:
        by("reviewer", "accept", NAME, code, "--reason", "known", "--until", "2999-12-31")
    assert "version 1: reviewed" in by("reviewer", "review", NAME)
    by("approver", "approve", NAME)
    by("approver", "approve-rulebook", RUN.id)
    assert "version 1: submitted" in by("approver", "submit", NAME, "--comment", "in time")
    assert "accepted by the reviewer until 2999-12-31" in by("viewer", "status", NAME)
    assert npl("audit", "key", tmp_path / "key.pem").code == 0
    packed = by(
        "approver", "package", NAME, "--key", str(tmp_path / "key.pem"), "--out", str(tmp_path)
    )
    assert "verify.py XX-2025-09-30-v1.zip --key" in packed
    log = npl("audit", "log", "--about", NAME, *store).out
    assert all(word in log for word in ("submission.submit", "the approver", "in time"))
    denied = npl("submission", "submit", NAME, *store, "--token", office.tokens["viewer"])
    assert (denied.code, "may not submit" in denied.err) == (2, True)


def test_a_head_is_signed_and_verified_by_commands(office: Office, tmp_path: Path) -> None:
    store, key, head = ("--store", office.store.url), tmp_path / "bank.pem", tmp_path / "head.json"
    assert npl("audit", "key", key).code == 0
    assert npl("audit", "head", "--key", key, "--out", head, *store).code == 0
    office.store.log.append("somebody", "note", "later", {})
    done = npl("audit", "verify", "--head", head, "--key", f"{key}.pub", *store)
    assert (done.code, "as written" in done.out) == (0, True)
    (tmp_path / "other").mkdir()
    other = Office(tmp_path / "other")
    done = npl("audit", "verify", "--head", head, "--store", other.store.url)
    assert (done.code, "the log was rewritten" in done.out) == (1, True)


def test_a_run_is_replayed_by_command(tmp_path: Path) -> None:
    run = run_tape(tmp_path, write_tape(tmp_path)).run
    done = npl("audit", "replay", run.id, "--store", f"sqlite:///{tmp_path / 'npl.db'}")
    assert (done.code, f"run {run.id}: the same" in done.out) == (0, True), done.out


def test_proofs_lead_from_an_exposure_to_the_log(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    save(store)
    store.log.append("somebody", "note", "later", {})
    proofs = prove_exposure(store, RUN.id, "E1")
    both, part, event = proofs[:-2], proofs[-2], proofs[-1]
    assert len(both) == 2
    assert all(proof.holds() for proof in proofs)
    assert both[0].root in part.entry
    assert part.root in event.entry
    assert event.root == store.log.head().root
    assert prove_event(store, 3).holds()
    assert all(prove_growth(store, first).holds() for first in (1, 2, 3))
    told = npl("audit", "prove", "--run", RUN.id, "--exposure", "E1", "--store", store.url)
    assert [one["holds"] for one in json.loads(told.out)] == [True] * 4
    assert npl("audit", "prove", "--since", 1, "--store", store.url).code == 0
    unknown = npl("audit", "prove", "--run", RUN.id, "--exposure", "E9", "--store", store.url)
    assert (unknown.code, "holds no exposure E9" in unknown.err) == (2, True)


def test_the_first_quarter_as_filed_in_april_and_as_known_in_july(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    april, july = (datetime(2025, month, 10, tzinfo=UTC) for month in (4, 7))
    save(store, replace(RUN, id="XX-2025-03-31-a", created_at=april))
    lower = portions((2, "E1", "D1", "whole", "c1", "250.00", "2.500000"))
    save(store, replace(RUN, id="XX-2025-03-31-b", created_at=july), exposures=[lower])
    filed = history(store, "E1", date(2025, 4, 30))
    assert {(told.run, told.outcome, told.row) for told in filed} == {
        ("XX-2025-03-31-a", "substandard", 2)
    }
    assert filed[0].rules == ("overdue-3-months", "sued")
    known = history(store, "E1")
    assert known[: len(filed)] == filed
    assert (known[-1].run, known[-1].outcome, known[-1].amount) == (
        "XX-2025-03-31-b", "normal", Decimal("250.00"),
    )  # fmt: skip
    told = npl("audit", "history", "E1", "--known", "2025-04-30", "--store", store.url)
    assert ("overdue-3-months" in told.out, "XX-2025-03-31-b" in told.out) == (True, False)
