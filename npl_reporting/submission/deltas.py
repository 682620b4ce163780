"""Overrides and adjustments: proposed by one person, confirmed by another, until a day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Literal

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.log import Event, Pen
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.deltas import Delta, Deltas, as_delta
from npl_reporting.portfolio.overridden import outcome_of
from npl_reporting.returns.shelf import load_reports
from npl_reporting.submission.steps import Desk, required

PROPOSE, CONFIRM, WITHDRAW = "delta.propose", "delta.confirm", "delta.withdraw"
State = Literal["proposed", "confirmed", "withdrawn"]
MEANINGS: Mapping[str, str] = {
    PROPOSE: "I propose that this stand instead of the computed value.",
    CONFIRM: "I examined the evidence and confirm what was proposed.",
    WITHDRAW: "The computed value is to stand again.",
}


@dataclass(frozen=True)
class Standing:
    """A delta and where it stands, as the log tells it."""

    delta: Delta
    state: State
    events: tuple[Event, ...]


@dataclass(frozen=True)
class Grounds:
    """Why and for how long: reporting dates from `first` to `until`, and a file that proves it."""

    reason: str
    evidence: Path
    first: date
    until: date
    entity: str = ""


def propose_override(
    desk: Desk, rules: str, exposure: str, decision: str, outcome: str, grounds: Grounds,
    portion: str = "",
) -> Standing:  # fmt: skip
    """Propose another outcome for an exposure; NplError if the rulebook knows no such outcome."""
    rulebook = load_rulebook(rules, grounds.until)
    decisions = {known.name: known for known in rulebook.decisions}
    if decision not in decisions:
        what = f"the rulebook {rulebook.name} has no decision '{decision}'"
        raise NplError(Problem(what, f"name one of: {', '.join(decisions)}"))
    if portion and portion not in rulebook.portions:
        what = f"the rulebook {rulebook.name} has no portion '{portion}'"
        raise NplError(Problem(what, f"name one of: {', '.join(rulebook.portions)}"))
    pinned = str(outcome_of(decisions[decision], outcome))
    return _propose(
        desk, "override", rulebook.name, exposure, grounds,
        decision=decision, portion=portion, outcome=pinned,
    )  # fmt: skip


def propose_adjustment(desk: Desk, rules: str, cell: str, by: str, grounds: Grounds) -> Standing:
    """Propose that an exact amount be added to a cell, named report/row/column."""
    try:
        amount = Decimal(by)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or not amount:
        raise NplError(Problem(f"'{by}' is nothing that can be added", "write --by 1000 or -1000"))
    name = load_rulebook(rules, grounds.until).name
    report, _, rest = cell.partition("/")
    row, _, column = rest.rpartition("/")
    if not _printed(name, grounds.until, report, row, column):
        what = f"{name} has no cell {cell} on {grounds.until}"
        raise NplError(Problem(what, "name it as cells.csv does: report/row/column"))
    return _propose(desk, "adjustment", name, cell, grounds, by=f"{amount:f}")


def confirm(desk: Desk, name: str, comment: str = "") -> Standing:
    """Confirm what another person proposed; from then on it is in every run that it is about."""
    with desk.store.log.writing() as pen:
        person, role = desk.acting(pen, "confirm")
        known = standings(pen.events())
        standing = _one(known, name)
        _refuse_confirming(person, standing, known)
        said = {"meaning": MEANINGS[CONFIRM], "comment": comment}
        pen.append(person, CONFIRM, standing.delta.id, said, role)
        return standings(pen.events())[standing.delta.id]


def withdraw(desk: Desk, name: str, reason: str) -> Standing:
    """End a delta before its day; runs that were made with it stay as they are."""
    required(reason, "--reason")
    with desk.store.log.writing() as pen:
        person, role = desk.acting(pen, "withdraw")
        standing = _one(standings(pen.events()), name)
        if standing.state == "withdrawn":
            raise NplError(Problem(f"{standing.delta.id} was withdrawn already"))
        said = {"meaning": MEANINGS[WITHDRAW], "reason": reason}
        pen.append(person, WITHDRAW, standing.delta.id, said, role)
        return standings(pen.events())[standing.delta.id]


def standings(events: Iterable[Event]) -> dict[str, Standing]:
    """Every delta as the log tells it, by its id."""
    found: dict[str, Standing] = {}
    for event in events:
        if event.action == PROPOSE:
            delta = as_delta({**event.said, "id": event.subject, "proposed_by": event.person})
            found[event.subject] = Standing(delta, "proposed", (event,))
        elif event.action in (CONFIRM, WITHDRAW):
            before = found[event.subject]
            confirmed = event.action == CONFIRM
            delta = replace(before.delta, confirmed_by=event.person) if confirmed else before.delta
            state: State = "confirmed" if confirmed else "withdrawn"
            found[event.subject] = Standing(delta, state, (*before.events, event))
    return found


def bearing(store: Store, rules: str, entity: str, day: date, prior_day: date | None) -> Deltas:
    """What the log holds that bears on a run of these rules as of a day.

    A delta counts as fallen away in the first run after its day: where the prior run was still
    under it, or where there is none to tell.
    """
    if not store.made:
        return Deltas()
    known = [
        standing.delta
        for standing in standings(store.log.events()).values()
        if standing.state == "confirmed"
        and standing.delta.rules == rules
        and standing.delta.entity in ("", entity)
    ]
    ended = (d for d in known if d.until < day and (prior_day is None or d.holds(prior_day)))
    return Deltas(tuple(d for d in known if d.holds(day)), tuple(ended))


def _propose(
    desk: Desk, kind: str, rules: str, target: str, grounds: Grounds, **more: str
) -> Standing:
    required(grounds.reason, "--reason")
    if grounds.until < grounds.first:
        what = f"it would end on {grounds.until}, before it begins on {grounds.first}"
        raise NplError(Problem(what, "name a later day with --until"))
    kept = desk.store.archive.place(grounds.evidence)
    details = {
        "kind": kind, "rules": rules, "target": target, "reason": grounds.reason,
        "evidence": kept.sha256, "evidence_name": grounds.evidence.name,
        "first": grounds.first.isoformat(), "until": grounds.until.isoformat(),
        "entity": grounds.entity,
        "meaning": MEANINGS[PROPOSE], **more,
    }  # fmt: skip
    with desk.store.log.writing() as pen:
        person, role = desk.acting(pen, "adjust" if kind == "adjustment" else "override")
        name = _next_name(pen, rules)
        pen.append(person, PROPOSE, name, details, role)
        return standings(pen.events())[name]


def _next_name(pen: Pen, rules: str) -> str:
    number = 1 + sum(event.action == PROPOSE for event in pen.events())
    return f"{rules.replace('/', '-')}-D{number}"


def _refuse_confirming(person: str, standing: Standing, known: Mapping[str, Standing]) -> None:
    delta = standing.delta
    if standing.state != "proposed":
        raise NplError(Problem(f"{delta.id} is {standing.state}", "propose another"))
    if person == delta.proposed_by:
        what = f"{person} proposed {delta.id} and may not confirm it"
        raise NplError(Problem(what, "ask somebody else"))
    for other in known.values():
        if other.state == "confirmed" and _collide(delta, other.delta):
            what = f"{other.delta.id} overrides the same until {other.delta.until}"
            raise NplError(Problem(what, "withdraw it first: npl submission withdraw"))


def _collide(one: Delta, other: Delta) -> bool:
    """Whether two overrides would give one portion two outcomes on some day."""
    same = ("kind", "rules", "entity", "target", "decision")
    return (
        one.kind == "override"
        and all(getattr(one, name) == getattr(other, name) for name in same)
        and (not one.portion or not other.portion or one.portion == other.portion)
        and one.first <= other.until
        and other.first <= one.until
    )


def _printed(rules: str, day: date, report: str, row: str, column: str) -> bool:
    """Whether the reports in force on a day have such a cell."""
    return any(
        known.id == report and column in {c.id for c in table.columns}
        for known in load_reports(rules, day)
        for table in known.tables
        if table.kind == "list" or row in {r.id for r in table.rows}
    )


def _one(known: Mapping[str, Standing], name: str) -> Standing:
    if name not in known:
        remedy = "npl submission deltas lists them"
        raise NplError(Problem(f"there is no override or adjustment {name}", remedy))
    return known[name]
