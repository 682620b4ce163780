"""What stands in a run instead of what the rules gave, for one exposure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import NamedTuple

from npl_reporting.engine import Engine, literal
from npl_reporting.evidence.records import Run
from npl_reporting.evidence.reopen import decisions_of
from npl_reporting.evidence.store import Store
from npl_reporting.money import exact_text
from npl_reporting.work import work_folder

_COMPUTED = "computed_"


class Standing(NamedTuple):
    """The outcome that stands, and the ids of the overrides of the exposure itself.

    Without an id it follows from the override of something else: an earlier decision, or another
    exposure of the debtor.
    """

    outcome: str
    by: str


def overridden_outcomes(
    store: Store, run: Run, exposure_id: str
) -> Mapping[tuple[str, str], Standing]:
    """By portion and decision, the outcomes that are not what the rules gave."""
    decisions = decisions_of(store, run.id) if run.parameters.get("deltas") else None
    if decisions is None:
        return {}
    with work_folder() as work, Engine(work, [decisions]) as engine:
        rows = engine.records(
            f"SELECT * FROM read_parquet({literal(str(decisions))}) "
            f"WHERE exposure_id = {literal(exposure_id)}"
        )
    return {
        (row["portion"], name.removeprefix(_COMPUTED)): Standing(
            _text(row[name.removeprefix(_COMPUTED)]), row["overridden_by"] or ""
        )
        for row in rows
        for name, value in row.items()
        if name.startswith(_COMPUTED) and value is not None
    }


def _text(outcome: object) -> str:
    return exact_text(outcome) if isinstance(outcome, Decimal) else str(outcome)
