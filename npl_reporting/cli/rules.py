"""`npl rules`: what rule files there are, what they say, and whether they hold together."""

from __future__ import annotations

import tempfile
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from npl_reporting.cli import authoring, revision
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.engine import Engine
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import find, load_rulebook, shelf
from npl_reporting.portfolio.examples import Tested, run_examples
from npl_reporting.portfolio.exhaust import Examined, examine
from npl_reporting.resources import shown

app = typer.Typer(help="Rule files: list, show, check, test and compare.", no_args_is_help=True)
revision.register(app)
authoring.register(app)

Reference = Annotated[
    str, typer.Argument(help="A jurisdiction (TW, TW/insurer) or a rule file's path.")
]
AsOf = Annotated[
    datetime | None,
    typer.Option("--as-of", formats=["%Y-%m-%d"], help="The file in force on this date."),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]


def _paths(reference: str, as_of: datetime | None) -> list[Path]:
    """The one file in force on a date or named by path, else every version of a jurisdiction."""
    path = find(reference, as_of.date() if as_of else None)
    if as_of or reference.endswith((".yaml", ".yml")):
        return [path]
    return [found.path for found in shelf() if found.name == reference]


@app.command(name="list")
def list_(json: Json = False) -> None:
    """List every rule file with the day it came into force, as in `npl rules list`."""
    found = shelf()
    if json:
        emit(found)
        return
    table(
        ("rules", "in force from", "file"),
        [(one.name, one.effective_from, shown(one.path)) for one in found],
    )


@app.command()
def show(reference: Reference, as_of: AsOf = None, json: Json = False) -> None:
    """Show a rulebook's decisions, rules, articles and settings, as in `npl rules show TW`."""
    rulebook = load_rulebook(reference, as_of.date() if as_of else None)
    if json:
        emit(rulebook.file.model_dump())
        return
    _heading(rulebook)
    for decision in rulebook.decisions:
        say(f"\n{decision.name} (of {decision.of}; default {decision.default})")
        texts = {t.name: {r.id: r for r in t.rules} for t in rulebook.file.decisions}
        table(
            ("  rule", "when", "then", "article"),
            [
                ("  " + r.id, texts[decision.name][r.id].when, r.then, ", ".join(r.citations))
                for r in decision.rules
            ],
        )
    say("\nsettings: what the law leaves open, or what could not be verified")
    table(
        ("  name", "value", "basis", "why"),
        [
            ("  " + name, str(setting.value), setting.basis, setting.why.get("en", ""))
            for name, setting in rulebook.file.settings.items()
        ],
    )


def _heading(rulebook: Rulebook) -> None:
    file = rulebook.file
    say(f"{rulebook.name}: {file.title.get('en', '')}")
    say(f"in force from {file.effective_from}; {shown(rulebook.path)}; sha256 {rulebook.sha256}")


@app.command()
def check(reference: Reference, as_of: AsOf = None, json: Json = False) -> None:
    """Decide every reachable combination of a rulebook's intervals, as in `npl rules check TW`.

    Reports combinations without an outcome, rules that can never hold or never win, and outcomes
    that get milder as a loan gets later. Exit code 1 if anything was found or not examined.
    """
    results: dict[str, tuple[Examined, ...]] = {}
    for path in _paths(reference, as_of):
        rulebook = load_rulebook(str(path))
        with tempfile.TemporaryDirectory() as work, Engine(Path(work)) as engine:
            results[shown(path)] = examine(engine, rulebook)
    if json:
        emit(results)
    else:
        for file, examined in results.items():
            _print_examined(file, examined)
    sound = all(e.examined and not e.weaknesses for found in results.values() for e in found)
    raise typer.Exit(0 if sound else 1)


def _print_examined(file: str, examined: tuple[Examined, ...]) -> None:
    say(file)
    for one in examined:
        state = "decided" if one.examined else "too many to examine; nothing is proven"
        say(f"  {one.decision}: {one.combinations:,} combinations {state}")
        for weakness in one.weaknesses:
            say(f"    {weakness.kind}: {weakness.what}")
            for line in weakness.example:
                say(f"      {line}")


@app.command()
def test(reference: Reference, as_of: AsOf = None, json: Json = False) -> None:
    """Run the examples that rule files carry, as in `npl rules test TW`.

    Exit code 1 if an example fails, or if a rule fires in none.
    """
    results = {path: run_examples(str(path)) for path in _paths(reference, as_of)}
    if json:
        emit({shown(path): tested for path, tested in results.items()})
    else:
        for path, tested in results.items():
            _print_tested(path, tested)
    sound = all(
        not tested.failures and not tested.never_fired(load_rulebook(str(path)))
        for path, tested in results.items()
    )
    raise typer.Exit(0 if sound else 1)


def _print_tested(path: Path, tested: Tested) -> None:
    silent = tested.never_fired(load_rulebook(str(path)))
    failed = len({failure.example for failure in tested.failures})
    say(f"{shown(path)}: {tested.examples - failed} examples passed, {failed} failed")
    for failure in tested.failures:
        say(f"  {shown(path)}:{failure.line}: {failure.example}")
        say(f"    {failure.name}: expected {failure.expected}, found {failure.found}")
    for decision, rule in silent:
        say(f"  rule '{rule}' of decision '{decision}' fires in no example")
