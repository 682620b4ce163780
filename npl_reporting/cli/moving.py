"""What moves between two rulebooks, told as matrices from outcome to outcome."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from npl_reporting.cli.printing import say, table
from npl_reporting.impact import CellChange, Impact
from npl_reporting.law.rulebook import Decision
from npl_reporting.portfolio.cases import outcome_text
from npl_reporting.portfolio.contrast import Level, Move

_COUNTED: dict[Level, str] = {
    "exposure": "exposures",
    "portion": "portions",
    "severest": "exposures, each by its severest portion, for the rulebooks split them differently",
}


def tell_impact(found: Impact) -> None:
    """Print the matrix of every decision, then the report cells that change."""
    run = found.run
    say(
        f"run {run.id}, {run.rows_used:,} exposures; {found.cases[0]:,} and {found.cases[1]:,} cases"
    )
    for decision in found.after.decisions:
        if decision.name in found.levels:
            _matrix(found, decision)
    for side, names in (("A", found.only_before), ("B", found.only_after)):
        if names:
            say(f"\ndecided by {side} only: {', '.join(names)}")
    if found.cells is None:
        say(f"\nreport cells were not compared: {found.not_compared}")
    else:
        _cells(found.cells)
    for file in found.files:
        say(f"wrote {file}")


def _matrix(found: Impact, decision: Decision) -> None:
    moves = [move for move in found.moves if move.decision == decision.name]
    moved = [move for move in moves if not move.stays]
    if not moved:
        say(f"\n{decision.name}: nothing moves")
        return
    number = sum(move.number for move in moved)
    amount = sum((_amount(move) for move in moved), Decimal(0))
    counted = _COUNTED[found.levels[decision.name]]
    say(f"\n{decision.name}: {number:,} {counted} move, {amount:,} {found.run.currency}")
    reached = {move.after for move in moves}
    order = [None, *map(outcome_text, decision.outcomes)]
    across = [outcome for outcome in order if outcome in reached]
    cells = {(move.before, move.after): move for move in moves}
    down = dict.fromkeys(move.before for move in moves)
    table(
        ("A down, B across", *map(_name, across)),
        [(_name(one), *(_cell(cells.get((one, other))) for other in across)) for one in down],
    )


def _cell(move: Move | None) -> str:
    return f"{move.number:,} ({_amount(move):,})" if move else "."


def _amount(move: Move) -> Decimal:
    """The amount as B has it; of a portion that B does not have, as A has it."""
    return move.amount_before if move.after is None else move.amount_after


def _name(outcome: str | None) -> str:
    return "(no such portion)" if outcome is None else outcome


def _cells(cells: Sequence[CellChange]) -> None:
    if not cells:
        say("\nno report cell changes")
        return
    say(f"\n{len(cells):,} report cells change")
    table(
        ("report", "row", "column", "A", "B"),
        [(c.report, c.row, c.column, c.before, c.after) for c in cells],
    )
