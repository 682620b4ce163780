"""A rule file read plainly: facts, conditions and decisions in Python, row by row.

It knows nothing of bands, cases, stages or SQL, and so can say whether those are right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from rulebooks import TODAY

from npl_reporting.dates import months_between
from npl_reporting.portfolio.evaluate import fired_column

Values = dict[str, Any]

SETTINGS: Mapping[str, Any] = {"limit": Decimal("0.75"), "allowed": 30, "penalty": Decimal("0.25")}


def cut(dividend: Decimal | None, divisor: Decimal | None) -> Decimal | None:
    """A quotient with 18 decimals, cut."""
    if dividend is None or not divisor:
        return None
    return Decimal(int(dividend * 100) * 10**18 // int(divisor * 100)).scaleb(-18)


def days(start: date | None, missing: int | None) -> int | None:
    return missing if start is None else (TODAY - start).days


def months(start: date | None) -> Decimal:
    if start is None:
        return Decimal(0)
    exact = months_between(start, TODAY, "same_day")
    return Decimal(exact.numerator * 10**6 // exact.denominator).scaleb(-6)


def guarantee(row: Values) -> str:
    kinds = {"bank": "strong", None: "none"}
    return kinds.get(row["guarantor_type"], "weak")


def more(left: Any, right: Any) -> bool | None:
    return None if left is None or right is None else left > right


def given(values: Iterator[Any]) -> list[Any]:
    return [value for value in values if value is not None]


def held(debtor: Sequence[Values], holds: Callable[[Values], Any], amount: str) -> Decimal | None:
    part = sum((r[amount] for r in debtor if holds(r)), Decimal(0))
    return cut(part, sum((r[amount] for r in debtor), Decimal(0)))


GUARANTEE = (
    "case when guarantor_type = 'bank' then 'strong' "
    "when guarantor_type is null then 'none' else 'weak' end"
)
FACTS: Mapping[str, tuple[str, Callable[[Values], Any]]] = {
    "days_late": (
        "days_between(oldest_unpaid_due_date, reporting_date)",
        lambda r: days(r["oldest_unpaid_due_date"], 0),
    ),
    "months_late": (
        "months_between(oldest_unpaid_due_date, reporting_date)",
        lambda r: months(r["oldest_unpaid_due_date"]),
    ),
    "days_sued": (
        "days_between(legal_action_date, reporting_date)",
        lambda r: days(r["legal_action_date"], None),
    ),
    "sued": ("legal_action_date is not null", lambda r: r["legal_action_date"] is not None),
    "ltv": (
        "outstanding_principal / nullif(collateral_value, 0)",
        lambda r: cut(r["outstanding_principal"], r["collateral_value"]),
    ),
    "over": (
        "outstanding_principal > collateral_value",
        lambda r: more(r["outstanding_principal"], r["collateral_value"]),
    ),
    "guarantee": (
        GUARANTEE,
        guarantee,
    ),
    "scored": ("score * 2 > limit", lambda r: more(r["score"] and r["score"] * 2, SETTINGS["limit"])),
}  # fmt: skip
DebtorFacts = Mapping[str, tuple[str, Callable[[Sequence[Values]], Any]]]
DEBTOR_FACTS: DebtorFacts = {
    "anyone_sued": ("any_of_debtor(sued)", lambda d: any(r["sued"] for r in d)),
    "late_ones": (
        "count_of_debtor(days_late > allowed)",
        lambda d: sum(r["days_late"] > SETTINGS["allowed"] for r in d),
    ),
    "owed_in_all": (
        "sum_of_debtor(outstanding_principal)",
        lambda d: sum(r["outstanding_principal"] for r in d),
    ),
    "most_late": ("max_of_debtor(days_late)", lambda d: max(r["days_late"] for r in d)),
    "least_cover": (
        "min_of_debtor(collateral_value)",
        lambda d: min(given(r["collateral_value"] for r in d), default=None),
    ),
    "share_over": (
        "share_of_debtor(over, outstanding_principal)",
        lambda d: held(d, lambda r: r["over"], "outstanding_principal"),
    ),
}


@dataclass(frozen=True)
class Compared:
    """A comparison; false where the name is missing, whether or not it is negated."""

    text: str
    name: str
    holds: Callable[[Any], bool]
    null: bool = False

    def true(self, values: Values, positive: bool = True) -> bool:
        value = values[self.name]
        if self.null:
            return (value is None) == positive
        return value is not None and self.holds(value) == positive


@dataclass(frozen=True)
class Not:
    part: Condition

    @property
    def text(self) -> str:
        return f"not ({self.part.text})"

    def true(self, values: Values, positive: bool = True) -> bool:
        return self.part.true(values, not positive)


@dataclass(frozen=True)
class Joined:
    word: str
    parts: tuple[Condition, ...]

    @property
    def text(self) -> str:
        return f" {self.word} ".join(f"({part.text})" for part in self.parts)

    def true(self, values: Values, positive: bool = True) -> bool:
        every = (self.word == "and") == positive
        return (all if every else any)(part.true(values, positive) for part in self.parts)


Condition = Compared | Not | Joined


def meant(constant: Any) -> Any:
    return SETTINGS.get(constant, constant) if isinstance(constant, str) else constant


@dataclass(frozen=True)
class Rule:
    id: str
    when: Condition
    then: Any


@dataclass(frozen=True)
class Decision:
    name: str
    of: str
    outcomes: Sequence[Any]
    default: Any
    rules: Sequence[Rule]
    facts: DebtorFacts

    @property
    def rate(self) -> bool:
        return isinstance(self.default, Decimal)

    def decide(self, values: Values) -> tuple[Any, list[str]]:
        """The severest outcome of the rules that hold, else the default; and those rules."""
        fired = [rule for rule in self.rules if rule.when.true(values)]
        outcomes = [meant(rule.then) for rule in fired] or [self.default]
        severity = (lambda o: o) if self.rate else self.outcomes.index
        return max(outcomes, key=severity), [rule.id for rule in fired]


def read_plainly(rows: Sequence[Values], split: bool, made: Sequence[Decision]) -> list[Values]:
    """Every portion with its facts, and for each decision its outcome and the rules that hold."""
    for row in rows:
        row |= {name: compute(row) for name, (_, compute) in FACTS.items()}
    for row in rows:
        debtor = [other for other in rows if other["debtor_id"] == row["debtor_id"]]
        row |= {name: compute(debtor) for name, (_, compute) in DEBTOR_FACTS.items()}
    portions = [portion for row in rows for portion in portions_of(row, split)]
    for one in made:
        for portion in portions:
            debtor = [other for other in portions if other["debtor_id"] == portion["debtor_id"]]
            portion |= {name: compute(debtor) for name, (_, compute) in one.facts.items()}
        for portion in portions:
            portion[one.name], portion[fired_column(one.name)] = one.decide(portion)
    return portions


def portions_of(row: Values, split: bool) -> list[Values]:
    whole = row["outstanding_principal"]
    if not split:
        return [{**row, "portion": "whole", "amount": whole, "first": True}]
    secured = min(whole, row["collateral_value"] or Decimal(0))
    parts = [("secured", secured), ("unsecured", whole - secured)]
    kept = [part for part in parts if part[1]] or parts[-1:]
    return [
        {**row, "portion": name, "amount": amount, "first": place == 0}
        for place, (name, amount) in enumerate(kept)
    ]
