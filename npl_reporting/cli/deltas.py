"""`npl submission override`, `adjust`, `confirm`, `withdraw`, `deltas`: against the computed value."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl, Token
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.evidence.store import Store
from npl_reporting.submission import deltas as known
from npl_reporting.submission.deltas import Grounds, Standing
from npl_reporting.submission.steps import Desk, today

Rules = Annotated[str, typer.Argument(metavar="RULES", help="A jurisdiction: TW, TW/insurer.")]
Delta = Annotated[str, typer.Argument(metavar="DELTA", help="As `deltas` lists it: TW-D1.")]
Reason = Annotated[str, typer.Option("--reason", help="Why it is to stand.")]
Evidence = Annotated[
    Path,
    typer.Option(
        "--evidence", exists=True, dir_okay=False, help="A file that proves it; it is archived."
    ),
]
First = Annotated[
    datetime | None,
    typer.Option(
        "--from", formats=["%Y-%m-%d"], help="First reporting date it holds for; default today."
    ),
]
Entity = Annotated[
    str,
    typer.Option("--entity", help="Of one reporting bank alone, as `npl run --entity` names it."),
]
Until = Annotated[
    datetime,
    typer.Option("--until", formats=["%Y-%m-%d"], help="Last reporting date it holds for."),
]


def override(
    rules: Rules,
    exposure: Annotated[str, typer.Argument(metavar="EXPOSURE", help="An exposure_id.")],
    decision: Annotated[str, typer.Option("--decision", help="Such as category.")],
    outcome: Annotated[str, typer.Option("--outcome", help="What is to stand instead.")],
    reason: Reason,
    evidence: Evidence,
    until: Until,
    first: First = None,
    entity: Entity = "",
    portion: Annotated[
        str, typer.Option("--portion", help="Of one portion alone: secured, unsecured.")
    ] = "",
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Propose another outcome for an exposure, as in `npl submission override TW E1 --decision category …`.

    It counts when somebody else has confirmed it. What follows from it by law follows.
    """
    grounds = Grounds(reason, evidence, _first(first), until.date(), entity)
    desk = Desk(Store(store), token)
    found = known.propose_override(desk, rules, exposure, decision, outcome, grounds, portion)
    _tell(found, json)


def adjust(
    rules: Rules,
    cell: Annotated[str, typer.Argument(metavar="REPORT/ROW/COLUMN", help="As in cells.csv.")],
    by: Annotated[str, typer.Option("--by", help="An exact amount, in the currency's unit.")],
    reason: Reason,
    evidence: Evidence,
    until: Until,
    first: First = None,
    entity: Entity = "",
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Propose to add to a cell, as in `npl submission adjust TW asset_quality/total/npl --by -1000 …`.

    It counts when somebody else has confirmed it. Totals and formulas of its report follow.
    """
    grounds = Grounds(reason, evidence, _first(first), until.date(), entity)
    _tell(known.propose_adjustment(Desk(Store(store), token), rules, cell, by, grounds), json)


def confirm(
    delta: Delta,
    comment: Annotated[str, typer.Option("--comment", help="What you want to say with it.")] = "",
    token: Token = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Confirm what another person proposed, as in `npl submission confirm TW-D1`."""
    _tell(known.confirm(Desk(Store(store), token), delta, comment), json)


def withdraw(
    delta: Delta, reason: Reason, token: Token = None, store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:  # fmt: skip
    """End an override or adjustment before its day, as in `npl submission withdraw TW-D1 --reason …`."""
    _tell(known.withdraw(Desk(Store(store), token), delta, reason), json)


def deltas(token: Token = None, store: StoreUrl = DEFAULT_STORE, json: Json = False) -> None:
    """List overrides and adjustments with their grounds and persons, as in `npl submission deltas`."""
    desk = Desk(Store(store), token)
    with desk.store.log.writing() as pen:
        desk.acting(pen, "status")
    found = list(known.standings(desk.store.log.events()).values())
    if json:
        emit(found)
        return
    table(
        ("delta", "state", "of", "to", "from", "until", "proposed by", "confirmed by", "reason"),
        [
            (
                s.delta.id, s.state, _about(s), s.delta.outcome or f"{s.delta.amount:+f}",
                s.delta.first, s.delta.until, s.delta.proposed_by, s.delta.confirmed_by,
                s.delta.reason,
            )
            for s in found
        ],
    )  # fmt: skip


def _first(given: datetime | None) -> date:
    return given.date() if given else today()


def _about(standing: Standing) -> str:
    delta = standing.delta
    return " ".join(part for part in (delta.target, delta.portion, delta.decision) if part)


def _tell(standing: Standing, json: bool) -> None:
    if json:
        emit(standing)
        return
    delta = standing.delta
    say(f"{delta.id}: {delta.kind} of {_about(standing)}, {standing.state}")
    say(f"  for reporting dates from {delta.first} to {delta.until}; evidence {delta.evidence}")
    if standing.state == "proposed":
        say(f"  it counts once somebody else confirms it: npl submission confirm {delta.id}")


def register(app: typer.Typer) -> None:
    """Add the commands to `npl submission`."""
    for command in (override, adjust, confirm, withdraw, deltas):
        app.command()(command)
