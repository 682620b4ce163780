"""The command line: each command parses, calls one function, and prints."""

from __future__ import annotations

import sys

import typer

from npl_reporting import __version__
from npl_reporting.cli import (
    audit,
    comparing,
    dispose,
    foreseeing,
    printing,
    rules,
    runs,
    serving,
    submission,
    varying,
)
from npl_reporting.cli.demo import demo
from npl_reporting.errors import NplError

app = typer.Typer(
    name="npl",
    help="Regulatory reporting of non-performing loans: tape in, return and proof out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(rules.app, name="rules")
app.add_typer(dispose.app, name="dispose")
app.add_typer(submission.app, name="submission")
app.add_typer(audit.app, name="audit")
app.command()(demo)
runs.register(app)
comparing.register(app)
foreseeing.register(app)
varying.register(app)
serving.register(app)


def _version(wanted: bool) -> None:
    if wanted:
        printing.say(f"npl-reporting {__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: bool = typer.Option(False, "--version", callback=_version, is_eager=True),
) -> None:
    """Regulatory reporting of non-performing loans: tape in, return and proof out."""


def main() -> None:
    """Run a command; problems become words and an exit code, bugs stay tracebacks."""
    try:
        app()
    except NplError as error:
        printing.complain(error, "--json" in sys.argv)
        sys.exit(error.exit_code)
