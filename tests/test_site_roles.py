"""Who may do what at the review site: every role with every action, and the order of the steps."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from stored_run import RUN, save, store_in
from test_submission import NAME, NEVER, SECOND, Office, matrix
from visitor import Visitor

from npl_reporting.evidence.log import Event
from npl_reporting.submission import roles
from npl_reporting.submission.roles import ACTIONS, ROLES, Role, grant, issue_token
from npl_reporting.submission.steps import find

STATES = ("", "draft", "reviewed", "approved", "submitted")
CODE = "finding:control-missing"


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, tuple[Path, Office]]:
    """A store for every state, with a second run and an approved rulebook."""
    made = {}
    for state in STATES:
        folder = tmp_path_factory.mktemp(state or "begun")
        office = Office(folder)
        save(office.store, SECOND)
        office.desk("approver").approve_rulebook(RUN.rulebook_sha256)
        if state:
            office.until(state)
        made[state] = (folder, office)
    return made


Opened = Callable[[str], Office]


@pytest.fixture
def office_in(offices: Mapping[str, tuple[Path, Office]], tmp_path: Path) -> Opened:
    """A copy of the store in a state, with its people."""

    def opened(state: str) -> Office:
        folder, before = offices[state]
        office = Office.__new__(Office)
        shutil.copytree(folder, tmp_path / "copy")
        office.store, office.tokens = store_in(tmp_path / "copy"), before.tokens
        return office

    return opened


def at_the_site(office: Office, role: str) -> Visitor:
    visitor = Visitor(office.store)
    assert visitor.sign_in(office.tokens[role]).status_code == 303
    return visitor


def seen(office: Office) -> dict[str, str]:
    """What a form of the submission's page says was last seen."""
    return {"seen": str(find(office.store, NAME).events[-1].number)}


# Each action that the site offers: the state in which it is next, its address, its fields, its event.
OFFERED: Mapping[str, tuple[str, str, dict[str, str], str]] = {
    "create": ("", f"/runs/{RUN.id}/submission", {"comment": "for autumn"}, "submission.create"),
    "accept": ("draft", f"/submissions/{NAME}/accept",
               {"code": CODE, "reason": "because", "until": "2999-12-31"}, "submission.accept"),
    "review": ("draft", f"/submissions/{NAME}/review", {}, "submission.review"),
    "approve": ("reviewed", f"/submissions/{NAME}/approve", {}, "submission.approve"),
    "submit": ("approved", f"/submissions/{NAME}/submit", {"comment": "on time"},
               "submission.submit"),
    "reopen": ("approved", f"/submissions/{NAME}/reopen", {"comment": "a figure is in doubt"},
               "submission.reopen"),
    "resubmit": ("submitted", f"/submissions/{NAME}/resubmit",
                 {"run": SECOND.id, "comment": "a tape corrected"}, "submission.resubmit"),
    "approve-rulebook": ("", f"/runs/{RUN.id}/rulebook", {}, "rulebook.approve"),
}  # fmt: skip


ELSEWHERE = frozenset(ACTIONS) - {*OFFERED, "status"}
"""What stays with the command line."""


@pytest.mark.parametrize(
    ("action", "role", "allowed"), [each for each in matrix() if each[0] not in ELSEWHERE]
)
def test_every_role_and_action(office_in: Opened, action: str, role: Role, allowed: bool) -> None:
    state, address, fields, event = OFFERED.get(action, ("", "/", {}, ""))
    office = office_in(state)
    visitor = at_the_site(office, role)
    before = office.store.log.head()
    if action == "status":
        assert allowed and "Whose turn" in visitor.get("/")
        return
    if address.startswith("/submissions"):
        fields = {**fields, **seen(office)}
        if action != "accept":  # everything is accepted, so that no form of it is left
            offered = f'action="{address}"' in visitor.get(f"/submissions/{NAME}")
            assert offered == allowed
    answer = visitor.post(address, **fields)
    if allowed:
        assert answer.status_code == 303, answer.text
        told = office.store.log.events()[-1]
        assert (told.action, told.person, told.role) == (event, f"the {role}", role)
        words = fields.get("reason") or fields.get("comment", "")
        assert (told.said.get("reason") or told.said["comment"]) == words
        return
    assert answer.status_code == 403
    assert f"the {role} has {role} and may not {action[:5]}" in answer.text
    assert office.store.log.head() == before


@pytest.mark.parametrize("role", ROLES)
def test_what_needs_keys_or_evidence_has_no_address(office_in: Opened, role: Role) -> None:
    office = office_in("draft")
    visitor = at_the_site(office, role)
    before = office.store.log.head()
    for action in ELSEWHERE:
        answer = visitor.post(f"/submissions/{NAME}/{action}", **seen(office))
        assert answer.status_code == 404, action
    assert office.store.log.head() == before


@pytest.mark.parametrize("action", OFFERED)
def test_nobody_takes_a_step_without_signing_in(office_in: Opened, action: str) -> None:
    state, address, fields, _ = OFFERED[action]
    office = office_in(state)
    before = office.store.log.head()
    answer = Visitor(office.store).post(address, **fields)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    assert office.store.log.head() == before


def test_the_whole_road_at_the_site(tmp_path: Path) -> None:
    office = Office(tmp_path)
    people = {role: at_the_site(office, role) for role in ("preparer", "reviewer", "approver")}
    people["preparer"].post(f"/runs/{RUN.id}/submission", comment="for autumn")
    page = people["reviewer"].get(f"/submissions/{NAME}")
    assert "4 of 4 matters stand open" in page and "Not yet: 4 matters stand open" in page
    assert page.count(f'action="/submissions/{NAME}/accept"') == 4
    assert "/accept" not in people["preparer"].get(f"/submissions/{NAME}")
    for code in ("check:asset_quality/ties-to-ledger", CODE, "finding:money-negative", "run:1"):
        fields = {"code": code, "reason": "known", "until": "2999-12-31", **seen(office)}
        assert people["reviewer"].post(f"/submissions/{NAME}/accept", **fields).status_code == 303
    page = people["reviewer"].get(f"/submissions/{NAME}")
    assert "0 of 4 matters stand open" in page and "accepted by the reviewer" in page
    for person, step in (("reviewer", "review"), ("approver", "approve")):
        answer = people[person].post(f"/submissions/{NAME}/{step}", **seen(office))
        assert answer.headers["location"] == f"/submissions/{NAME}"
    page = people["approver"].get(f"/submissions/{NAME}")
    assert "Not yet: the rulebook is not approved" in page
    answer = people["approver"].post(f"/submissions/{NAME}/submit", **seen(office))
    assert answer.status_code == 409 and "is not approved" in answer.text
    people["approver"].post(f"/runs/{RUN.id}/rulebook")
    people["approver"].post(f"/submissions/{NAME}/submit", **seen(office))
    submission = find(office.store, NAME)
    assert submission.state == "submitted"
    assert [(e.action, e.person) for e in submission.events if "accept" not in e.action] == [
        ("submission.create", "the preparer"),
        ("submission.review", "the reviewer"),
        ("submission.approve", "the approver"),
        ("submission.submit", "the approver"),
    ]


@pytest.mark.parametrize(
    ("state", "role", "step", "fields", "words"),
    [
        ("draft", "approver", "approve", {}, "so it cannot approve; the next step is"),
        ("draft", "approver", "submit", {}, "so it cannot submit"),
        ("reviewed", "reviewer", "review", {}, "is reviewed, so it cannot review"),
        ("submitted", "approver", "reopen", {"comment": "why"}, "it is locked; correct it by"),
        ("approved", "reviewer", "reopen", {"comment": "  "}, "a reason is missing"),
        ("submitted", "preparer", "resubmit", {"run": SECOND.id}, "a reason is missing"),
        ("submitted", "preparer", "resubmit", {"run": RUN.id, "comment": "w"}, "is no new run"),
        ("draft", "reviewer", "accept", {"code": CODE, "until": "2999-12-31"}, "a reason is missing"),
        ("draft", "reviewer", "accept", {"code": CODE, "reason": "w"}, "last day cannot be read"),
        ("draft", "reviewer", "accept", {"code": CODE, "reason": "w", "until": "2001-01-01"},
         "2001-01-01 has passed"),
        ("draft", "reviewer", "accept", {"code": "run:9", "reason": "w", "until": "2999-12-31"},
         "there is no warning run:9"),
    ],
)  # fmt: skip
def test_a_step_out_of_order_or_without_its_words_is_refused(
    office_in: Opened, state: str, role: str, step: str, fields: dict[str, str], words: str
) -> None:
    office = office_in(state)
    visitor = at_the_site(office, role)
    before = office.store.log.head()
    answer = visitor.post(f"/submissions/{NAME}/{step}", **fields, **seen(office))
    assert answer.status_code == 409 and words in answer.text
    assert office.store.log.head() == before


def test_a_step_is_taken_for_what_was_seen(office_in: Opened) -> None:
    office = office_in("approved")
    visitor = at_the_site(office, "approver")
    opened = seen(office)
    office.desk("reviewer").reopen(NAME, "a figure is in doubt")
    office.desk("reviewer").review(NAME)
    office.desk("approver").approve(NAME)
    before = office.store.log.head()
    for given in (opened, {}):
        answer = visitor.post(f"/submissions/{NAME}/submit", **given)
        assert answer.status_code == 409 and "has moved on" in answer.text
    assert office.store.log.head() == before


def test_whoever_prepared_neither_reviews_nor_approves(office_in: Opened) -> None:
    office = office_in("draft")
    with office.store.log.writing() as pen:
        for role in ("reviewer", "approver"):
            grant(pen, "root", "the preparer", role)
    visitor = at_the_site(office, "preparer")
    page = visitor.get(f"/submissions/{NAME}")
    assert "You prepared these figures" in page and f"{NAME}/review" not in page
    answer = visitor.post(f"/submissions/{NAME}/review", **seen(office))
    assert answer.status_code == 409
    assert f"the preparer prepared {NAME} and may not review it" in answer.text


# Signing in and out -------------------------------------------------------------------------------


def last(office: Office) -> Event:
    return office.store.log.events()[-1]


def test_signing_in_is_an_event_and_begins_a_guarded_session(office_in: Opened) -> None:
    office = office_in("")
    visitor = Visitor(office.store)
    answer = visitor.sign_in(office.tokens["viewer"])
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie and "SameSite=strict" in cookie and "Max-Age=28800" in cookie
    assert "Secure" not in cookie and office.tokens["viewer"] not in cookie
    event = last(office)
    assert (event.action, event.person, event.subject, event.role) == (
        "site.sign-in", "the viewer", "the viewer", "viewer",
    )  # fmt: skip
    assert event.said["address"] == "testclient"
    assert "the viewer" in visitor.get("/")


def test_signing_out_ends_the_session_for_good(office_in: Opened) -> None:
    office = office_in("")
    visitor = at_the_site(office, "viewer")
    kept = visitor.client.cookies["npl_session"]
    assert visitor.post("/sign-out").headers["location"] == "/sign-in"
    assert last(office).action == "site.sign-out" and last(office).person == "the viewer"
    visitor.client.cookies.set("npl_session", kept, domain="127.0.0.1", path="/")
    assert visitor.client.get("/runs").status_code == 303


def test_a_session_ends_after_eight_hours(office_in: Opened) -> None:
    visitor = at_the_site(office_in(""), "viewer")
    visitor.clock.forward(hours=7, minutes=59)
    visitor.get("/")
    visitor.clock.forward(minutes=2)
    assert visitor.client.get("/").headers["location"] == "/sign-in"


def test_a_restart_signs_everybody_out(office_in: Opened) -> None:
    office = office_in("")
    before = at_the_site(office, "viewer")
    after = Visitor(office.store)
    after.client.cookies = before.client.cookies
    assert after.client.get("/").headers["location"] == "/sign-in"


def test_a_token_that_expires_ends_its_session(
    office_in: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Later(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return datetime(3000, 1, 1, tzinfo=tz)

    office = office_in("draft")
    visitor = at_the_site(office, "reviewer")
    monkeypatch.setattr(roles, "datetime", Later)
    answer = visitor.post(f"/submissions/{NAME}/review", **seen(office))
    assert answer.headers["location"] == "/sign-in?ended=yes"
    monkeypatch.undo()
    assert visitor.client.get("/").headers["location"] == "/sign-in"


def test_whoever_loses_a_role_loses_it_at_once(office_in: Opened) -> None:
    office = office_in("draft")
    visitor = at_the_site(office, "reviewer")
    with office.store.log.writing() as pen:
        grant(pen, "root", "the reviewer", "viewer")
        grant(pen, "root", "the reviewer", "reviewer", withdraw=True)
    answer = visitor.post(f"/submissions/{NAME}/review", **seen(office))
    assert answer.status_code == 403 and "may not review" in answer.text
    with office.store.log.writing() as pen:
        grant(pen, "root", "the reviewer", "viewer", withdraw=True)
    assert visitor.client.get("/").headers["location"] == "/sign-in?ended=yes"


def test_a_refused_token_is_an_event_that_does_not_hold_it(office_in: Opened) -> None:
    office = office_in("")
    with office.store.log.writing() as pen:
        old = issue_token(pen, "root", "the reviewer", date(2001, 1, 1))
        nobody = issue_token(pen, "root", "a stranger", NEVER)
    for token, reason in (
        ("guessed", "the token is unknown"),
        ("", "the token is unknown"),  # never the account that the server runs under
        (old, "the token of the reviewer expired on 2001-01-01"),
        (nobody, "a stranger has no role and may not status"),
    ):
        answer = Visitor(office.store).sign_in(token)
        assert answer.status_code == 403 and "not known here" in answer.text
        event = last(office)
        assert (event.action, event.person) == ("site.refuse", "")
        assert event.said["reason"] == reason
        assert not token or token not in event.details


def test_five_refusals_a_minute_then_the_address_waits(office_in: Opened) -> None:
    office = office_in("")
    visitor = Visitor(office.store)
    assert [visitor.sign_in("guessed").status_code for _ in range(7)] == [403] * 5 + [429] * 2
    answer = visitor.sign_in(office.tokens["viewer"])
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "60")
    refused = [e for e in office.store.log.events() if e.action == "site.refuse"]
    assert len(refused) == 5
    visitor.clock.forward(seconds=61)
    assert visitor.sign_in(office.tokens["viewer"]).status_code == 303


@pytest.mark.parametrize(
    ("to", "where"),
    [
        ("/runs?page=2", "/runs?page=2"), ("//elsewhere.example/", "/"), ("/\\elsewhere", "/"),
        ("https://elsewhere.example/", "/"), ("/\nruns", "/"), ("", "/"),
    ],
)  # fmt: skip
def test_signing_in_leads_to_pages_of_this_site_alone(
    office_in: Opened, to: str, where: str
) -> None:
    office = office_in("")
    answer = Visitor(office.store).sign_in(office.tokens["viewer"], to=to)
    assert answer.headers["location"] == where
