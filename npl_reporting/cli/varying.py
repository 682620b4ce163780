"""`npl variance`: which cells moved most since the prior run, and which exposures moved them."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from npl_reporting.cli import options
from npl_reporting.cli.options import DEFAULT_STORE
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.evidence.store import Store
from npl_reporting.money import exact_text
from npl_reporting.variance import MovedBy, Variance
from npl_reporting.variance import variance as compare


def variance(
    run: options.RunName,
    cells: Annotated[int, typer.Option("--cells", help="How many cells to list.")] = 10,
    exposures: Annotated[
        int, typer.Option("--exposures", help="How many exposures of each cell.")
    ] = 5,
    store: options.StoreUrl = DEFAULT_STORE,
    json: options.Json = False,
) -> None:
    """List the cells that moved most since the prior run, with the exposures that moved them.

    As in `npl variance TW-2025-09-30`. What counts as much is written in the report `variance`.
    """
    found = compare(Store(store), run, cells, exposures)
    if json:
        emit(
            {"run": found.run.id, "prior": found.prior.id, "cells": list(map(_plain, found.cells))}
        )
        return
    say(f"{found.run.id} against {found.prior.id}, in {found.run.currency}")
    _tell(found)


def _tell(found: Variance) -> None:
    if not found.cells:
        say("no cell moved by so much")
    for each in found.cells:
        moved = each.moved
        share = f", {moved.share:.1%} of what it was" if moved.share is not None else ""
        asked = ", a comment is required" if moved.asked else ""
        say(f"\n{'/'.join(moved.place)}: {moved.was:f} → {moved.now:f}{share}{asked}")
        if each.movers:
            table(
                ("exposure", "then", "now", "change"),
                [(m.exposure_id, m.was, m.now, m.now - m.was) for m in each.movers],
            )


def _plain(each: MovedBy) -> dict[str, Any]:
    """A cell and its movers for machines: exact decimals as text."""
    moved = each.moved
    return {
        "cell": "/".join(moved.place),
        "was": exact_text(moved.was),
        "now": exact_text(moved.now),
        "share": None if moved.share is None else exact_text(moved.share),
        "comment_required": moved.asked,
        "exposures": [
            {"exposure_id": m.exposure_id, "was": exact_text(m.was), "now": exact_text(m.now)}
            for m in each.movers
        ],
    }


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(variance)
