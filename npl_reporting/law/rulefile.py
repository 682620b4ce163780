"""A rule file as it is written: the records that its YAML fills."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, Literal

from pydantic import Field

from npl_reporting.dates import MonthsConvention
from npl_reporting.law.columns import Column, ColumnType
from npl_reporting.law.yamlfile import Name, Record, Text

SettingValue = bool | int | Decimal | date | str
Part = Literal["costs", "interest", "principal"]
"""A part of an instalment, which a payment goes to in the order of appropriation."""
Basis = Literal["law", "practice", "convention", "memory"]
APPROPRIATION: tuple[Part, ...] = ("costs", "interest", "principal")


class Source(Record):
    """What citations point into: a law, a letter, a published account."""

    title: Text | str
    issued: date | None = None
    id: str | None = None
    note: Text | str | None = None


class Setting(Record):
    """What the law leaves open, or what could not be verified, with its default and the reason.

    A value that is `money` is in the file's currency: for a tape in another it has to be converted.
    """

    value: SettingValue
    basis: Basis
    why: Text
    cite: str | None = None
    money: bool = False


class FactText(Record):
    """A fact with what print needs of it; `values` labels the codes of a text.

    `worse` says which way a fact worsens (a loss share grows, cover shrinks, cover is lost), so
    that no outcome may get milder that way; time elapsed worsens as it grows without saying so.
    """

    value: str
    label: Text = Field(default_factory=dict)
    unit: str | None = None
    values: dict[str, Text] = Field(default_factory=dict)
    worse: Literal["up", "down"] | None = None


class RuleText(Record):
    """Condition → outcome, with its citation."""

    id: str
    when: str
    then: str | int | Decimal
    cite: str | tuple[str, ...]
    label: Text = Field(default_factory=dict)


class Milder(Record):
    """An outcome that may get milder as a fact grows, because the law says so."""

    fact: str
    cite: str
    why: Text


class Carried(Record):
    """A value that a run keeps for the next quarter's, which reads it as `prior_<name>`."""

    type: ColumnType
    value: str
    meaning: Text


class FindingText(Record):
    """Something that cannot be known of an exposure, said as a finding instead of guessed."""

    id: str
    when: str
    severity: Literal["error", "warning"] = "warning"
    words: Text


class DecisionText(Record):
    """A question that the file answers for each exposure, portion or debtor."""

    name: Name
    of: Literal["exposure", "portion", "debtor"] = "exposure"
    type: Literal["outcome", "rate"] = "outcome"
    label: Text = Field(default_factory=dict)
    outcomes: dict[str, Text] = Field(default_factory=dict)
    default: str | int | Decimal | None = None
    facts: dict[Name, str | FactText] = Field(default_factory=dict)
    rules: tuple[RuleText, ...]
    milder_allowed: tuple[Milder, ...] = ()


class Example(Record):
    """One test of the file: a loan, and what the law makes of it."""

    name: str
    given: dict[str, Any]
    expect: dict[str, Any]
    others: tuple[dict[str, Any], ...] = ()
    settings: dict[str, SettingValue] = Field(default_factory=dict)
    cite: str | tuple[str, ...] = ()


class MovementTerms(Record):
    """How flows between two quarters are counted, where forms differ.

    Without `split_cure_payment` the payment that cures an exposure is part of what was upgraded;
    with it, it is a recovery, and only the rest is upgraded. `flow_rate` is the exchange rate at
    which flows in another currency are counted: the average of the period, the rate of its end or
    that of its beginning; what balances gain or lose besides is the exchange difference.
    """

    split_cure_payment: bool = False
    flow_rate: Literal["average", "closing", "opening"] = "average"


class RuleFile(Record):
    """One jurisdiction's rules in force from one date."""

    jurisdiction: str
    variant: str | None = None
    title: Text
    authority: Text
    effective_from: date
    currency: str
    languages: tuple[str, ...] = ("en",)
    sources: dict[str, Source]
    months: MonthsConvention = "same_day"
    appropriation: tuple[Part, ...] = APPROPRIATION
    movement: MovementTerms = MovementTerms()
    portions: dict[Name, str]
    portion_labels: dict[str, Text] = Field(default_factory=dict)
    review_by: date | None = None
    settings: dict[Name, Setting] = Field(default_factory=dict)
    columns: dict[Name, Column] = Field(default_factory=dict)
    facts: dict[Name, str | FactText] = Field(default_factory=dict)
    decisions: tuple[DecisionText, ...]
    amounts: dict[Name, str] = Field(default_factory=dict)
    carried: dict[Name, Carried] = Field(default_factory=dict)
    findings: tuple[FindingText, ...] = ()
    examples: tuple[Example, ...] = ()
