"""A tape that can be worked with, or every error that forbids it, in words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from npl_reporting.engine import Engine
from npl_reporting.errors import DataError, Problem
from npl_reporting.portfolio.source import TapeSource
from npl_reporting.portfolio.tape import Tape, Terms, findings, read_tape
from npl_reporting.resources import shown

MOST_LISTED = 1000
"""Findings that the error lists itself; when there are more, it counts them by check instead."""


def read_sound_tape(
    engine: Engine,
    source: TapeSource,
    terms: Terms,
    *,
    quarantine: bool = False,
    control: Path | None = None,
) -> Tape:
    """Read and check a tape; DataError with every blocking finding."""
    tape = read_tape(engine, source, terms, quarantine=quarantine, control=control)
    if tape.blocking:
        raise DataError(*_blocking(engine, source, tape))
    return tape


def _blocking(engine: Engine, source: TapeSource, tape: Tape) -> Iterator[Problem]:
    """The findings that stop the work, each in words, or their number for each check."""
    file = shown(source.path)
    if tape.errors <= MOST_LISTED:
        errors = (finding for finding in findings(engine) if finding.severity == "error")
        yield from (Problem(str(finding), file=file) for finding in errors)
    else:
        for check, number in tape.failed.items():
            yield Problem(f"{check}: {number:,} findings", "npl check lists every one", file)
    yield Problem(
        f"{tape.blocking:,} errors in the tape; nothing was stored",
        "correct the tape, or set the faulty rows aside with --quarantine",
    )
