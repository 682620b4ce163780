"""`npl outlook`: what comes next of a stored run, and which payments prevent or cure it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from npl_reporting.cli import options
from npl_reporting.cli.options import DEFAULT_STORE
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.cli.runs import telling
from npl_reporting.evidence.store import Store
from npl_reporting.outlook import DAYS, Outlook
from npl_reporting.outlook import outlook as look_ahead
from npl_reporting.returns.lookahead import word


def outlook(
    run: options.RunName,
    days: Annotated[int, typer.Option("--days", help="How far to look ahead.")] = DAYS,
    decision: Annotated[
        list[str] | None,
        typer.Option("--decision", help="What may not worsen; may be repeated; default all."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the PDF and the lists.")
    ] = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Of the page, main language first; may be repeated."),
    ] = None,
    store: options.StoreUrl = DEFAULT_STORE,
    json: options.Json = False,
) -> None:
    """Tell what crosses a threshold if nothing is paid, and the least payments against it.

    As in `npl outlook TW-2025-09-30 --days 90 --out outlook`.
    """
    with telling(quiet=json) as tell:
        looked = look_ahead(
            Store(store), run, days=days, decisions=decision or (), languages=language or (),
            out=out, tell=tell,
        )  # fmt: skip
    if json:
        emit(_document(looked))
    else:
        _tell(looked)


def _tell(looked: Outlook) -> None:
    found = looked.found
    say(f"run {found.run.id}, {found.run.rows_used:,} exposures; amounts in {found.run.currency}")
    say(f"{found.crossings:,} changes within {max(found.horizons)} days if nothing is paid")
    table(
        ("within days", "decision", "outcome reached", "", "exposures", "amount"),
        [
            (one.days, one.decision, one.outcome, "worse" if one.worse else "milder",
             one.exposures, one.amount)
            for one in found.reached
        ],
    )  # fmt: skip
    say("\nthe smallest payments")
    table(
        ("aim", "result", "debtors", "amount concerned", "payments"),
        [
            (word(one.goal)["en"], word(one.reason or "done")["en"], one.debtors, one.amount,
             one.payment)
            for one in found.payments
        ],
    )  # fmt: skip
    for file in looked.files:
        say(f"wrote {file}")


def _document(looked: Outlook) -> dict[str, Any]:
    """The outlook for machines: sums, the largest debtors, and where the lists lie."""
    found = looked.found
    return {
        "run": found.run.id,
        "reporting_date": found.run.reporting_date,
        "currency": found.run.currency,
        "horizons": found.horizons,
        "decisions": found.counted,
        "crossings": found.crossings,
        "reached": [asdict(one) for one in found.reached],
        "payments": [asdict(one) for one in found.payments],
        "largest": {goal: [asdict(one) for one in ones] for goal, ones in found.largest.items()},
        "files": looked.files,
    }


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(outlook)
