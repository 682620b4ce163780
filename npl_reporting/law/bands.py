"""A name's values as small whole numbers: what durable-rules sees, and what makes a case.

Band 0 is a missing value. A number or date lies in band 1 + (cuts it has passed), where a cut is
a constant that some condition compares with; a text, boolean or outcome is the code of its value,
and all texts that no condition mentions share the last code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from npl_reporting.law.conditions import Comparison, Known, Sign
from npl_reporting.law.expressions import NUMBERS, Kind, constant_sql

MISSING = 0
_ORDER = {
    "<": (">=",),
    ">=": (">=",),
    "<=": (">",),
    ">": (">",),
    "=": (">=", ">"),
    "<>": (">=", ">"),
}


@dataclass(frozen=True, order=True)
class Cut:
    """A point that values pass: `strict` values lie above it, others at or above it."""

    value: Decimal | int | date
    strict: bool


@dataclass(frozen=True)
class Bands:
    """The bands of one name. `cuts` for numbers and dates, `codes` for everything else."""

    name: str
    kind: Kind
    cuts: tuple[Cut, ...] = ()
    codes: tuple[Known, ...] = ()
    closed: bool = False

    @property
    def size(self) -> int:
        """Number of bands, the missing one included."""
        if self.ordered:
            return len(self.cuts) + 2
        return len(self.codes) + (1 if self.closed else 2)

    @property
    def ordered(self) -> bool:
        """Whether a higher band means a greater value."""
        return self.kind in (*NUMBERS, "date")

    def sql(self) -> str:
        """SQL that gives the band of the name's value."""
        column = '"' + self.name + '"'
        if self.ordered:
            passed = "".join(
                f" + CAST({column} {'>' if cut.strict else '>='} {constant_sql(cut.value).text}"
                " AS UTINYINT)"
                for cut in self.cuts
            )
            return f"CASE WHEN {column} IS NULL THEN 0 ELSE 1{passed} END"
        whens = "".join(
            f" WHEN {column} = {constant_sql(code).text} THEN {number}"
            for number, code in enumerate(self.codes, 1)
        )
        return f"CASE WHEN {column} IS NULL THEN 0{whens} ELSE {len(self.codes) + 1} END"

    def band(self, value: Known | None) -> int:
        """The band of one value, in plain Python."""
        if value is None:
            return MISSING
        if self.ordered:
            return 1 + sum(_passed(value, cut) for cut in self.cuts)
        return self.codes.index(value) + 1 if value in self.codes else len(self.codes) + 1

    def holding(self, comparison: Comparison) -> tuple[int, ...]:
        """The bands in which a comparison holds, ascending."""
        match comparison.sign:
            case "is null":
                return (MISSING,)
            case "is not null":
                return tuple(range(1, self.size))
        known = range(1, self.size)
        if comparison.sign in ("=", "<>"):
            equal = {band for value in comparison.values for band in self._equal_to(value)}
            return tuple(band for band in known if (band in equal) == (comparison.sign == "="))
        return tuple(self._beside(comparison.sign, comparison.values[0]))

    def _equal_to(self, value: Known) -> range:
        """The bands whose values equal one, or share its code."""
        if self.ordered:
            return range(self._past(value, strict=False), self._past(value, strict=True))
        return range(self.band(value), self.band(value) + 1)

    def _beside(self, sign: Sign, value: Known) -> range:
        """The bands whose values lie below or above one."""
        past = self._past(value, strict=sign in (">", "<="))
        return range(past, self.size) if sign in (">", ">=") else range(1, past)

    def _past(self, value: Known, *, strict: bool) -> int:
        """The first band whose values have passed a cut."""
        return 2 + self.cuts.index(Cut(value, strict))  # type: ignore[arg-type]


def _passed(value: Known, cut: Cut) -> bool:
    return value > cut.value if cut.strict else value >= cut.value  # type: ignore[operator]


def bands_of(
    kinds: Mapping[str, Kind],
    read: Iterable[Comparison],
    closed: Mapping[str, tuple[str, ...]],
) -> dict[str, Bands]:
    """Bands of every name that the comparisons read, by name.

    `closed` gives names whose values can only be those listed (outcomes, portions).
    """
    by_name: dict[str, list[Comparison]] = {}
    for comparison in read:
        by_name.setdefault(comparison.name, []).append(comparison)
    return {name: _bands(name, kinds[name], by_name[name], closed) for name in sorted(by_name)}


def _bands(
    name: str, kind: Kind, read: list[Comparison], closed: Mapping[str, tuple[str, ...]]
) -> Bands:
    if name in closed:
        return Bands(name, kind, codes=closed[name], closed=True)
    if kind == "boolean":
        return Bands(name, kind, codes=(False, True), closed=True)
    if kind == "text":
        codes = sorted({str(value) for comparison in read for value in comparison.values})
        return Bands(name, kind, codes=tuple(codes))
    cuts = {
        Cut(value, sign == ">")  # type: ignore[arg-type]
        for comparison in read
        for value in comparison.values
        for sign in _ORDER[comparison.sign]
    }
    return Bands(name, kind, cuts=tuple(sorted(cuts)))
