"""Who may do what, in which order, and what stands in the way of submitting."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from stored_run import CELLS, CHECKS, RUN, save, store_in

from npl_reporting.errors import NplError
from npl_reporting.evidence.people import system_user
from npl_reporting.evidence.records import CheckResult
from npl_reporting.evidence.store import Store
from npl_reporting.evidence.verify import verify
from npl_reporting.submission import roles
from npl_reporting.submission.obstacles import obstacles
from npl_reporting.submission.roles import ACTIONS, ROLES, Action, Role, grant, issue_token, staff
from npl_reporting.submission.steps import Desk, find

NAME = "XX-2025-09-30"
NEVER = date(2999, 12, 31)
SECOND = replace(RUN, id="XX-2025-09-30-ffffffff", tape_sha256="7b" * 32)


class Office:
    """A store with one person in each role; `desk(role)` is theirs."""

    def __init__(self, folder: Path) -> None:
        self.store = store_in(folder)
        save(self.store)
        self.hire()

    @classmethod
    def at(cls, store: Store, run: str, hired: Office | None = None) -> Office:
        """An office at a store that holds runs already, with one of them reviewed."""
        office = hired or cls.__new__(cls)
        office.store = store
        if hired is None:
            office.hire()
        name = office.desk("preparer").create(store.run(run).id).id
        office.accept_all(name)
        office.desk("reviewer").review(name)
        return office

    def hire(self) -> None:
        self.tokens: dict[str, str] = {}
        with self.store.log.writing() as pen:
            grant(pen, "root", "root", "administrator")
            for role in ROLES:
                person = f"the {role}"
                grant(pen, "root", person, role)
                self.tokens[role] = issue_token(pen, "root", person, NEVER)

    def desk(self, role: str) -> Desk:
        return Desk(self.store, self.tokens[role])

    def accept_all(self, name: str = NAME) -> None:
        """Accept every warning of the submission's run."""
        for obstacle in obstacles(self.store, find(self.store, name).run):
            self.desk("reviewer").accept(name, obstacle.code, "known to the bank", NEVER)

    def until(self, state: str) -> None:
        """Bring the submission to a state by the proper steps."""
        self.desk("preparer").create(RUN.id)
        self.accept_all()
        if state in ("reviewed", "approved", "submitted"):
            self.desk("reviewer").review(NAME)
        if state in ("approved", "submitted"):
            self.desk("approver").approve(NAME)
        if state == "submitted":
            self.desk("approver").approve_rulebook(RUN.rulebook_sha256)
            self.desk("approver").submit(NAME)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def test_the_road_to_submission(office: Office) -> None:
    office.until("submitted")
    submission = find(office.store, NAME)
    assert (submission.state, submission.version, submission.run) == ("submitted", 1, RUN.id)
    told = [(e.action, e.person, e.role) for e in submission.events if "accept" not in e.action]
    assert told == [
        ("submission.create", "the preparer", "preparer"),
        ("submission.review", "the reviewer", "reviewer"),
        ("submission.approve", "the approver", "approver"),
        ("submission.submit", "the approver", "approver"),
    ]
    assert all(event.said["meaning"] for event in submission.events if "accept" not in event.action)
    assert verify(office.store).sound


# The rows and columns of the matrix, written out: x may, everything else is refused.
MATRIX = """
                 viewer preparer reviewer approver administrator
status             x       x        x        x          x
create             .       x        .        .          .
accept             .       .        x        x          .
review             .       .        x        .          .
approve            .       .        .        x          .
submit             .       .        .        x          .
reopen             .       .        x        x          .
resubmit           .       x        .        .          .
package            .       x        x        x          .
sign               .       .        x        x          .
approve-rulebook   .       .        .        x          .
override           .       x        .        .          .
adjust             .       x        .        .          .
confirm            .       .        x        x          .
withdraw           .       .        x        x          .
grant              .       .        .        .          x
token              .       .        .        .          x
"""


def matrix() -> list[tuple[str, Role, bool]]:
    lines = [line.split() for line in MATRIX.strip().splitlines()]
    assert lines[0] == list(ROLES)
    assert [line[0] for line in lines[1:]] == list(ACTIONS)
    return [
        (action, role, mark == "x")
        for action, *marks in lines[1:]
        for role, mark in zip(ROLES, marks, strict=True)
    ]


def actions(office: Office, desk: Desk) -> dict[str, tuple[str, Callable[[], object]]]:
    """Each action, in the state in which it is next."""

    def with_pen(use: Callable[..., object], *given: object) -> None:
        with office.store.log.writing() as pen:
            person = roles.person_of(staff(pen.events()), desk.token)
            use(pen, person, *given)

    def only_asked(action: Action) -> None:
        with office.store.log.writing() as pen:
            desk.acting(pen, action)

    code = "finding:control-missing"
    return {
        "status": ("", lambda: only_asked("status")),
        "create": ("", lambda: desk.create(RUN.id)),
        "accept": ("draft", lambda: desk.accept(NAME, code, "because", NEVER)),
        "review": ("draft", lambda: desk.review(NAME)),
        "approve": ("reviewed", lambda: desk.approve(NAME)),
        "submit": ("approved", lambda: desk.submit(NAME)),
        "reopen": ("approved", lambda: desk.reopen(NAME, "a figure is in doubt")),
        "resubmit": ("submitted", lambda: desk.resubmit(NAME, SECOND.id, "a tape corrected")),
        "package": ("", lambda: only_asked("package")),
        "sign": ("", lambda: only_asked("sign")),
        "approve-rulebook": ("", lambda: desk.approve_rulebook(RUN.rulebook_sha256)),
        "override": ("", lambda: only_asked("override")),
        "adjust": ("", lambda: only_asked("adjust")),
        "confirm": ("", lambda: only_asked("confirm")),
        "withdraw": ("", lambda: only_asked("withdraw")),
        "grant": ("", lambda: with_pen(grant, "newcomer", "viewer")),
        "token": ("", lambda: with_pen(issue_token, "newcomer", NEVER)),
    }


@pytest.mark.parametrize(("action", "role", "allowed"), matrix())
def test_every_role_and_action(office: Office, action: str, role: Role, allowed: bool) -> None:
    state, act = actions(office, office.desk(role))[action]
    save(office.store, SECOND)
    office.desk("approver").approve_rulebook(RUN.rulebook_sha256)
    if state:
        office.until(state)
    before = office.store.log.head()
    if allowed:
        act()
        return
    with pytest.raises(NplError, match=f"the {role} has {role} and may not {action[:5]}"):
        act()
    assert office.store.log.head() == before


def test_whoever_prepared_neither_reviews_nor_approves(office: Office) -> None:
    office.until("draft")
    with office.store.log.writing() as pen:
        for role in ("reviewer", "approver"):
            grant(pen, "root", "the preparer", role)
            grant(pen, "root", RUN.created_by, role)
        token = issue_token(pen, "root", RUN.created_by, NEVER)
    for desk in (office.desk("preparer"), Desk(office.store, token)):
        with pytest.raises(NplError, match=f"prepared {NAME} and may not review it"):
            desk.review(NAME)
    office.desk("reviewer").review(NAME)
    for desk in (office.desk("preparer"), Desk(office.store, token)):
        with pytest.raises(NplError, match=f"prepared {NAME} and may not approve it"):
            desk.approve(NAME)


@pytest.mark.parametrize(
    ("state", "act", "words"),
    [
        ("draft", lambda o: o.desk("approver").approve(NAME), "so it cannot approve; the next step is npl submission review"),
        ("draft", lambda o: o.desk("approver").submit(NAME), "the next step is npl submission review"),
        ("reviewed", lambda o: o.desk("approver").submit(NAME), "next step is npl submission approve"),
        ("reviewed", lambda o: o.desk("reviewer").review(NAME), "is reviewed, so it cannot review"),
        ("submitted", lambda o: o.desk("approver").submit(NAME), "is submitted, so it cannot submit"),
        ("submitted", lambda o: o.desk("approver").reopen(NAME, "why"), "it is locked; correct it by"),
        ("submitted", lambda o: o.desk("preparer").create(RUN.id), "there is a submission .* already"),
        ("approved", lambda o: o.desk("preparer").resubmit(NAME, SECOND.id, "w"), "cannot resubmit"),
    ],
)  # fmt: skip
def test_a_step_out_of_order_is_refused_and_the_next_is_named(
    office: Office, state: str, act: Callable[[Office], object], words: str
) -> None:
    save(office.store, SECOND)
    office.until(state)
    with pytest.raises(NplError, match=words):
        act(office)


def test_an_open_error_blocks_and_cannot_be_accepted(tmp_path: Path) -> None:
    office = Office(tmp_path)
    failed = CheckResult("asset_quality", "rows-sum-to-total", "error", "failed", "300 is not 301")
    save(office.store, replace(RUN, id="XX-2025-06-30-0", reporting_date=date(2025, 6, 30)),
         checks=[failed])  # fmt: skip
    office.desk("preparer").create("XX-2025-06-30-0")
    with pytest.raises(NplError, match="error check:asset_quality/rows-sum-to-total: 300 is not"):
        office.desk("reviewer").review("XX-2025-06-30")
    with pytest.raises(NplError, match="is an error, which nobody can accept"):
        office.desk("reviewer").accept(
            "XX-2025-06-30", "check:asset_quality/rows-sum-to-total", "please", NEVER
        )


def test_warnings_wait_for_a_person_with_a_reason_and_a_day(office: Office) -> None:
    office.desk("preparer").create(RUN.id)
    with pytest.raises(NplError) as refused:
        office.desk("reviewer").review(NAME)
    assert [str(problem).partition(":")[0] for problem in refused.value.problems] == [
        "warning check", "warning finding", "warning finding", "warning run",
    ]  # fmt: skip
    desk = office.desk("reviewer")
    with pytest.raises(NplError, match="a reason is missing"):
        desk.accept(NAME, "run:1", "  ", NEVER)
    with pytest.raises(NplError, match="2001-01-01 has passed"):
        desk.accept(NAME, "run:1", "why", date(2001, 1, 1))
    with pytest.raises(NplError, match="there is no warning run:9"):
        desk.accept(NAME, "run:9", "why", NEVER)


def test_an_acceptance_that_expired_no_longer_helps(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from npl_reporting.submission import steps

    office.desk("preparer").create(RUN.id)
    for obstacle in obstacles(office.store, RUN.id):
        office.desk("reviewer").accept(NAME, obstacle.code, "for now", datetime.now(UTC).date())
    monkeypatch.setattr(steps, "today", lambda: NEVER)
    with pytest.raises(NplError, match="warning check:asset_quality/ties-to-ledger"):
        office.desk("reviewer").review(NAME)


def test_a_rulebook_must_be_approved_before_submission(office: Office) -> None:
    office.until("approved")
    with pytest.raises(NplError, match="the rulebook of run .* is not approved"):
        office.desk("approver").submit(NAME)


def test_a_correction_is_a_new_version_and_the_old_stays_as_filed(office: Office) -> None:
    changed = (replace(CELLS[0], value="301"), *CELLS[1:])
    save(office.store, SECOND, cells=changed)
    office.until("submitted")
    with pytest.raises(NplError, match="a reason is missing"):
        office.desk("preparer").resubmit(NAME, SECOND.id, "")
    with pytest.raises(NplError, match="is no new run for submission"):
        office.desk("preparer").resubmit(NAME, RUN.id, "the same")
    again = office.desk("preparer").resubmit(NAME, SECOND.id, "a payment was booked late")
    assert (again.version, again.state, again.run, again.filed) == (
        2, "draft", SECOND.id, (RUN.id,),
    )  # fmt: skip
    assert again.events[-1].said["cells"] == [
        {"report": "asset_quality", "row": "total", "column": "npl_amount", "before": "300",
         "after": "301"}
    ]  # fmt: skip
    assert office.store.cells(RUN.id)[0].value == "300"
    assert again.acceptances == ()


def test_tokens_stand_for_a_person_until_a_day(office: Office) -> None:
    with office.store.log.writing() as pen:
        old = issue_token(pen, "root", "the reviewer", date(2001, 1, 1))
        assert old not in "".join(event.details for event in pen.events())
    office.until("draft")
    with pytest.raises(NplError, match="the token of the reviewer expired on 2001-01-01"):
        Desk(office.store, old).review(NAME)
    with pytest.raises(NplError, match="the token is unknown"):
        Desk(office.store, "guessed").review(NAME)


def test_without_a_token_the_account_of_the_system_acts(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNAME", "somebody else")
    monkeypatch.setenv("USER", "somebody else")
    with pytest.raises(NplError, match=f"{system_user()} has .* and may not create"):
        Desk(office.store).create(RUN.id)


def test_only_the_first_administrator_appoints_themselves(tmp_path: Path) -> None:
    store: Store = store_in(tmp_path)
    with store.log.writing() as pen:
        with pytest.raises(NplError, match="a has no role and may not grant"):
            grant(pen, "a", "a", "approver")
        grant(pen, "a", "a", "administrator")
        with pytest.raises(NplError, match="b has no role and may not grant"):
            grant(pen, "b", "b", "administrator")
        with pytest.raises(NplError, match="a is the only administrator"):
            grant(pen, "a", "a", "administrator", withdraw=True)
        grant(pen, "a", "b", "reviewer")
        grant(pen, "a", "b", "reviewer", withdraw=True)
        assert staff(pen.events()).of("b") == frozenset()


def test_the_store_s_own_checks_are_what_the_tests_expect() -> None:
    assert [check.state for check in CHECKS] == ["passed", "not_evaluated"]
