"""What is to be said of deltas in a run: those that expired, those that fit nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache

from npl_reporting.engine import Engine, literal
from npl_reporting.law.yamlfile import Record, Text, load
from npl_reporting.portfolio.deltas import Delta
from npl_reporting.resources import RULES


class _Texts(Record):
    """The file: a sentence in each language for every finding."""

    findings: dict[str, Text]


@cache
def delta_words() -> Mapping[str, Text]:
    """The sentences by the finding's id; {column} stands for the decision or the cell."""
    return load(RULES / "deltas.yaml", _Texts).findings


def add_delta_findings(
    engine: Engine, expired: Iterable[Delta] = (), unfit: Iterable[Delta] = ()
) -> None:
    """Record a warning for each delta that fell away, and for each that fits nothing."""
    for delta in expired:
        _add(engine, f"{delta.kind}-expired", delta)
    for delta in unfit:
        missing = "exposure" if delta.kind == "override" else "cell"
        _add(engine, f"{delta.kind}-without-{missing}", delta)


def _add(engine: Engine, check: str, delta: Delta) -> None:
    override = delta.kind == "override"
    exposure = literal(delta.target) if override else "NULL"
    column = delta.decision if override else delta.target
    expected = f"{delta.first} to {delta.until}"
    engine.execute(
        f"INSERT INTO findings VALUES ({literal(check)}, 'warning', NULL, {exposure}, "
        f"{literal(column)}, {literal(delta.id)}, {literal(expected)})"
    )
