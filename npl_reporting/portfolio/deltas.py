"""What persons set against the computed value: overrides of outcomes, adjustments of cells."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

Kind = Literal["override", "adjustment"]
TEXTS = ("id", "kind", "rules", "target", "reason", "evidence", "evidence_name", "proposed_by",
         "confirmed_by", "entity", "decision", "portion", "outcome", "by")  # fmt: skip


@dataclass(frozen=True)
class Delta:
    """One decision of two persons against a computed value, with its grounds.

    An override gives the exposure `target` another `outcome` of a `decision`, in one `portion` or
    in all; an adjustment adds `by` (an exact decimal) to the cell `target`, report/row/column.
    `rules` names the jurisdiction and variant, `entity` the bank, if not any in the store. It holds for reporting dates from `first` to `until`.
    `evidence` is the SHA-256 of a file in the archive.
    """

    id: str
    kind: Kind
    rules: str
    target: str
    reason: str
    evidence: str
    evidence_name: str
    first: date
    until: date
    proposed_by: str
    confirmed_by: str = ""
    entity: str = ""
    decision: str = ""
    portion: str = ""
    outcome: str = ""
    by: str = ""

    @property
    def place(self) -> tuple[str, str, str]:
        """Report, row and column of the cell that is adjusted."""
        report, _, rest = self.target.partition("/")
        row, _, column = rest.rpartition("/")
        return report, row, column

    @property
    def amount(self) -> Decimal:
        """What is added to the cell."""
        return Decimal(self.by)

    def holds(self, day: date) -> bool:
        """Whether it holds for figures of that reporting date."""
        return self.first <= day <= self.until

    def plain(self) -> dict[str, str]:
        """Its fields as JSON has them."""
        texts = {name: str(getattr(self, name)) for name in TEXTS}
        return {**texts, "first": self.first.isoformat(), "until": self.until.isoformat()}


@dataclass(frozen=True)
class Deltas:
    """What bears on a run: deltas that hold on its reporting date, and those that fell away."""

    in_force: tuple[Delta, ...] = ()
    expired: tuple[Delta, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.in_force or self.expired)

    @property
    def overrides(self) -> tuple[Delta, ...]:
        """The outcomes that are overridden."""
        return tuple(delta for delta in self.in_force if delta.kind == "override")

    @property
    def adjustments(self) -> tuple[Delta, ...]:
        """The cells that are adjusted."""
        return tuple(delta for delta in self.in_force if delta.kind == "adjustment")

    def plain(self) -> dict[str, list[dict[str, str]]]:
        """Both lists as JSON has them, in the order of their ids."""
        return {"in_force": _plain(self.in_force), "expired": _plain(self.expired)}


NO_DELTAS = Deltas()


def write_deltas(deltas: Deltas, path: Path) -> Path:
    """Write the file of deltas that a run archives among its inputs."""
    text = json.dumps(deltas.plain(), ensure_ascii=False, indent=2, sort_keys=True)
    path.write_text(text + "\n", encoding="utf-8")
    return path


def read_deltas(path: Path) -> Deltas:
    """Read a file of deltas."""
    found = json.loads(path.read_text(encoding="utf-8"))
    return Deltas(tuple(map(as_delta, found["in_force"])), tuple(map(as_delta, found["expired"])))


def as_delta(fields: Mapping[str, Any]) -> Delta:
    """Read one delta from its fields as JSON has them."""
    given: dict[str, Any] = {name: fields.get(name, "") for name in TEXTS}
    given |= {name: date.fromisoformat(fields[name]) for name in ("first", "until")}
    return Delta(**given)


def _plain(deltas: Iterable[Delta]) -> list[dict[str, str]]:
    return [delta.plain() for delta in sorted(deltas, key=lambda delta: delta.id)]
