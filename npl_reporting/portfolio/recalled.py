"""What a stored run decided, laid over its tape again: read from its decisions, not decided."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine, literal, quoted
from npl_reporting.law.expressions import constant_sql
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.portfolio import facts
from npl_reporting.portfolio.classify import TREATED, keep_treated

FIRST = "first_portion"


def recall(
    engine: Engine, rulebook: Rulebook, present: Sequence[str], day: date, source: str,
    decisions: Path,
) -> None:  # fmt: skip
    """Make the view `treated` as `classify` and the overrides left it.

    `decisions` is the run's decisions.parquet, `source` the exposures of its tape. Beside what was
    decided stand the tape's columns that the file does not repeat, and which portion is the first.
    """
    today = constant_sql(day).text
    facts.declare_exposures(engine, "recalled_exposures", rulebook, present, today, source)
    kept = f"read_parquet({literal(str(decisions))})"
    had = engine.columns(kept)
    added = [f"e.{quoted(n)}" for n in engine.columns("recalled_exposures") if n not in had]
    if FIRST not in had:
        order = list(rulebook.portions)
        place = f"list_position({_list(order)}, d.portion)"
        rank = f"row_number() OVER (PARTITION BY d.exposure_id ORDER BY {place})"
        added.append(f"{rank} = 1 AS {FIRST}")
    engine.declare(
        TREATED,
        f"SELECT {', '.join(['d.*', *added])} FROM {kept} d "
        "JOIN recalled_exposures e ON e.exposure_id = d.exposure_id",
    )
    keep_treated(engine)


def _list(texts: Sequence[str]) -> str:
    return f"[{', '.join(map(literal, texts))}]"
