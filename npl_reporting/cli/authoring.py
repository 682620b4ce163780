"""`npl rules new`, `schema` and `coverage`: for whoever writes rule files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli.options import DEFAULT_STORE, Json, StoreUrl
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.cli.revision import rulebook
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.coverage import Coverage, coverage
from npl_reporting.evidence.reopen import archived_rulebook
from npl_reporting.evidence.store import Store
from npl_reporting.law.schema import rule_schema
from npl_reporting.law.skeleton import write_skeleton
from npl_reporting.portfolio.examples import run_examples
from npl_reporting.resources import RULES, shown


def new(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="A jurisdiction (XX) or a variant (XX/insurer).")
    ],
    since: Annotated[
        datetime, typer.Option("--from", formats=["%Y-%m-%d"], help="The first day in force.")
    ],
    currency: Annotated[
        str | None, typer.Option("--currency", help="ISO 4217; without it the territory's own.")
    ] = None,
    folder: Annotated[
        Path, typer.Option("--folder", help="Where rule files lie.", show_default=False)
    ] = RULES,
) -> None:
    """Write a commented rule file to fill in, as in `npl rules new XX --from 2026-01-01`.

    Its examples fail until the law's thresholds and rates stand in it.
    """
    path = write_skeleton(name, since.date(), currency, folder)
    say(f"wrote {shown(path)}")
    say("fill in what is marked TODO, until these find nothing:")
    for command in ("test", "check"):
        say(f"  npl rules {command} {shown(path)}")


def schema() -> None:
    """Print the JSON Schema of rule files, as in `npl rules schema > rules/schema.json`."""
    emit(rule_schema())


def cover(
    reference: Annotated[
        str | None,
        typer.Argument(metavar="RULES", help="A rule file's path, TW, or TW@2011-01-01."),
    ] = None,
    run: Annotated[
        str | None, typer.Option("--run", help="A stored run; alone, its archived rules are taken.")
    ] = None,
    store: StoreUrl = DEFAULT_STORE,
    json: Json = False,
) -> None:
    """List the rules that never fired, as in `npl rules coverage TW --run TW-2025-09-30`.

    In the file's examples, and with `--run` in that run. Exit code 1 if a rule fires in no example.
    """
    if reference is None and run is None:
        raise NplError(Problem("nothing to look at", "name a rule file, a run, or both"))
    found = _in_run(reference, run, Store(store)) if run else _in_examples(str(reference))
    if json:
        emit([{**asdict(rule), "in_run": rule.in_run} for rule in found])
    else:
        _tell(found)
    raise typer.Exit(0 if all(rule.in_examples is not False for rule in found) else 1)


def _in_examples(reference: str) -> tuple[Coverage, ...]:
    book = rulebook(reference)
    return coverage(book, run_examples(str(book.path)), None)


def _in_run(reference: str | None, run: str, store: Store) -> tuple[Coverage, ...]:
    with tempfile.TemporaryDirectory() as work:
        book = rulebook(reference) if reference else archived_rulebook(store, run, Path(work))
        return coverage(book, run_examples(str(book.path)), store.cases(run))


def _tell(found: Sequence[Coverage]) -> None:
    say(f"{len(found)} rules")
    _list("fire in no example", [rule for rule in found if rule.in_examples is False])
    if any(rule.in_run is not None for rule in found):
        _list("fired nowhere in the run", [rule for rule in found if not rule.in_run])
        table(
            ("decision", "rule", "portions", "amount"),
            [(r.decision, r.rule, r.portions, r.amount) for r in found if r.in_run],
        )


def _list(what: str, rules: Sequence[Coverage]) -> None:
    say(f"{len(rules)} {what}")
    for rule in rules:
        say(f"  {rule.rule} of {rule.decision}")


def register(app: typer.Typer) -> None:
    """Add the commands to `npl rules`."""
    app.command()(new)
    app.command()(schema)
    app.command(name="coverage")(cover)
