"""`npl rules diff` and `npl rules impact`: what a change of law changes, in words and in money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli.moving import tell_impact
from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl
from npl_reporting.cli.printing import emit, say
from npl_reporting.evidence.store import Store
from npl_reporting.impact import MOVED
from npl_reporting.impact import impact as impact_of
from npl_reporting.law.difference import Change, difference
from npl_reporting.law.parts import EXAMPLES
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook, version
from npl_reporting.resources import shown

_MEANS = "A rule file's path, or a name and a day on which it was in force: TW@2011-01-01."
Before = Annotated[str, typer.Argument(metavar="A", help=_MEANS)]
After = Annotated[str, typer.Argument(metavar="B", help=_MEANS)]


def diff(before: Before, after: After, json: Json = False) -> None:
    """Say in words what changed between two rule files, as in `npl rules diff TW@2011-01-01 TW`."""
    old, new = rulebook(before), rulebook(after)
    changes = difference(old, new)
    if json:
        emit([{**asdict(change), "words": change.words} for change in changes])
        return
    tell_pair(old, new)
    _tell(changes)


def rulebook(reference: str) -> Rulebook:
    """The rulebook that an argument means."""
    return load_rulebook(str(version(reference)))


def tell_pair(before: Rulebook, after: Rulebook) -> None:
    """Name the two rulebooks that are compared."""
    for sign, book in (("A", before), ("B", after)):
        say(f"{sign}  {book.name} from {book.file.effective_from}: {shown(book.path)}")


def _tell(changes: Sequence[Change]) -> None:
    for part in dict.fromkeys(change.part for change in changes):
        mine = [change for change in changes if change.part == part]
        if part == EXAMPLES:
            say(f"{part}: {_counted(mine)}")
            continue
        say(part)
        for change in mine:
            say(f"  {change.words}")
    if not changes:
        say("nothing changed")


def _counted(changes: Sequence[Change]) -> str:
    """How many examples are new, gone and changed; the files show them best."""
    kinds = {
        change.name: "changed" if change.aspect else "new" if change.before is None else "gone"
        for change in changes
    }
    return ", ".join(f"{number} {kind}" for kind, number in Counter(kinds.values()).items())


def impact(
    before: Before,
    after: After,
    run: Annotated[str, typer.Option("--run", help="The stored run whose tape is decided again.")],
    out: Annotated[
        Path | None, typer.Option("--out", help=f"Folder for {MOVED}: everything that moves.")
    ] = None,
    cells: Annotated[
        bool, typer.Option("--cells/--no-cells", help="Compute the cells of the reports too.")
    ] = True,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """Show what moves between two rulebooks on a stored run's tape, and which report cells change.

    As in `npl rules impact TW@2011-01-01 TW --run TW-2025-09-30 --out moved`.
    """
    old, new = rulebook(before), rulebook(after)
    found = impact_of(Store(store), run, old, new, out, reports=cells)
    if json:
        emit({
            "run": found.run.id, "moves": found.moves, "only_before": found.only_before,
            "only_after": found.only_after, "cells": found.cells,
            "not_compared": found.not_compared, "files": found.files,
        })  # fmt: skip
        return
    tell_pair(old, new)
    tell_impact(found)


def register(app: typer.Typer) -> None:
    """Add the commands to `npl rules`."""
    app.command()(diff)
    app.command()(impact)
