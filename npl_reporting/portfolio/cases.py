"""Facts → bands → distinct cases: one whole number stands for everything that rules read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import prod

from npl_reporting.errors import NplError, Problem
from npl_reporting.law.bands import Bands
from npl_reporting.law.rulebook import Outcome, Rulebook
from npl_reporting.money import exact_text

_SMALL = 2**62
_LARGEST = 2**126
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Verdict:
    """The outcome of one decision in one case, with the ids of all rules that fired."""

    decision: str
    outcome: Outcome
    fired: tuple[str, ...]


@dataclass(frozen=True)
class Case:
    """One distinct combination of what the rules read, and what follows from it.

    `bands` gives each name's band; `exposures` counts the exposures (portions) in the case and
    `amount` sums them, exactly.
    """

    id: str
    bands: Mapping[str, int]
    verdicts: tuple[Verdict, ...]
    exposures: int
    amount: Decimal

    def verdict(self, decision: str) -> Verdict:
        """The verdict of one decision."""
        return next(verdict for verdict in self.verdicts if verdict.decision == decision)


@dataclass(frozen=True)
class Key:
    """Bands of several names as one number, in mixed radix: the first name counts highest.

    A later stage's key continues the one before: `before` is how many values that one has.
    """

    bands: tuple[Bands, ...]
    before: int = 1

    @property
    def own(self) -> int:
        """How many combinations of its own bands there are."""
        return prod(band.size for band in self.bands)

    @property
    def size(self) -> int:
        """How many values the key can take, with all stages before it."""
        return self.before * self.own

    def sql(self, previous: str | None) -> str:
        """SQL of the key; `previous` is the column with the key of the stage before."""
        kind = "BIGINT" if self.size < _SMALL else "HUGEINT"
        text = f"CAST({quoted_or_zero(previous)} AS {kind})"
        for band in self.bands:
            text = f"({text} * {band.size} + {band.sql()})"
        return text

    def decode(self, key: int) -> tuple[int, dict[str, int]]:
        """The key of the stage before, and the band of each name."""
        found: dict[str, int] = {}
        for band in reversed(self.bands):
            key, found[band.name] = divmod(key, band.size)
        return key, dict(reversed(found.items()))


def quoted_or_zero(column: str | None) -> str:
    """The column, or zero where there is none."""
    return f'"{column}"' if column else "0"


def keys(rulebook: Rulebook) -> tuple[Key, ...]:
    """The key of each stage; NplError if a rulebook reads more than a key can hold."""
    decided = {decision.name for decision in rulebook.decisions}
    made: list[Key] = []
    before = 1
    for stage in rulebook.stages:
        bands = tuple(b for name, b in stage.bands.items() if name not in decided)
        made.append(Key(bands, before))
        before = made[-1].size
    if before > _LARGEST:
        what = f"the rules read {before:.1e} combinations of bands, more than {_LARGEST:.1e}"
        raise NplError(Problem(what, "compare fewer facts", str(rulebook.path)))
    return tuple(made)


def outcome_text(outcome: Outcome) -> str:
    """An outcome as files hold it: its name, or the exact rate."""
    return outcome if isinstance(outcome, str) else exact_text(outcome)


def case_id(key: int) -> str:
    """Write a case's key in letters and digits that cannot be confused with one another."""
    text = ""
    while key:
        key, digit = divmod(key, len(_DIGITS))
        text = _DIGITS[digit] + text
    return text or "0"
