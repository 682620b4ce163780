"""Random rulebooks and portfolios: small, but with everything that a rule file may say."""

from __future__ import annotations

import json
import operator
import random
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from plain_reading import (
    DEBTOR_FACTS,
    FACTS,
    SETTINGS,
    Compared,
    Condition,
    DebtorFacts,
    Decision,
    Joined,
    Not,
    Rule,
    Values,
    held,
    meant,
)
from rulebooks import TODAY

COLUMNS = """\
columns:
  grade: {type: text, meaning: {en: Grade}}
  score: {type: rate, meaning: {en: Score}}
"""
WHOLE = "{whole: outstanding_principal}"
SPLIT = (
    "{secured: 'least(outstanding_principal, coalesce(collateral_value, 0))', "
    "unsecured: outstanding_principal - secured}"
)


CONSTANTS: Mapping[str, Sequence[Any]] = {
    "outstanding_principal": (Decimal("0.01"), Decimal(100), Decimal("250.50")),
    "collateral_value": (Decimal(0), Decimal(100), Decimal("99.99")),
    "payments_since_restructuring": (0, 3, 6),
    "score": (Decimal("0.3"), Decimal("0.375001"), "limit"),
    "product_type": ("credit_card", "cash_card", "other"),
    "guarantor_type": ("bank", "government", "individual"),
    "grade": ("A", "B", "b", "", "it's"),
    "unlikely_to_pay": (True, False),
    "oldest_unpaid_due_date": (TODAY, TODAY - timedelta(30), TODAY - timedelta(90)),
    "days_late": (0, "allowed", 90),
    "months_late": (Decimal(1), Decimal("2.5"), 3),
    "days_sued": (0, 30, "allowed"),
    "sued": (True, False),
    "ltv": (Decimal("0.6"), Decimal(1), "limit", Decimal("2.505")),
    "over": (True, False),
    "guarantee": ("strong", "none", "weak"),
    "scored": (True, False),
    "anyone_sued": (True, False),
    "late_ones": (0, 1, 2),
    "owed_in_all": (Decimal(100), Decimal("350.50")),
    "most_late": (30, 90),
    "least_cover": (Decimal("99.99"), Decimal(100)),
    "share_over": (Decimal("0.2"), Decimal("0.5"), "limit"),
    "portion": ("secured", "unsecured"),
    "amount": (Decimal("0.01"), Decimal("99.99"), Decimal(100)),
    "share_bad": (Decimal("0.2"), Decimal("0.5"), Decimal(1)),
    "anyone_bad": (True, False),
    "bad_ones": (0, 1, 2),
}
OF_PORTION = ("portion", "amount")
AFTER_OUTCOMES = ("share_bad", "anyone_bad", "bad_ones")
PRINCIPALS = ("0", "0.01", "99.99", "100", "250.50", "250.51")
ORDERED = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
SIGNS = {**ORDERED, "=": operator.eq, "<>": operator.ne, "!=": operator.ne}
EQUALITY = ("=", "<>", "!=")
MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "<>": "<>", "!=": "!="}


def shown(constant: Any) -> str:
    match constant:
        case bool():
            return str(constant).lower()
        case date():
            return f"DATE '{constant}'"
        case str() if constant not in SETTINGS:
            return "'" + constant.replace("'", "''") + "'"
    return str(constant)


class Maker:
    """Makes a rulebook and a portfolio; the same seed makes the same ones."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.split = self.chance.random() < 0.6
        self.constants = dict(CONSTANTS)
        names = [name for name in CONSTANTS if name not in (*OF_PORTION, *AFTER_OUTCOMES)]
        self.readable = {"exposure": names, "portion": [*names, "amount"]}
        if self.split:
            self.readable["portion"] += ["portion"] * 3

    def comparison(self, name: str) -> Compared:
        """One comparison of a name, in one of the ways in which it can be written."""
        one, other = (self.chance.choice(self.constants[name]) for _ in range(2))
        low, high = meant(one), meant(other)
        ordered = not isinstance(low, bool | str)
        way = self.chance.randrange(12)
        if way == 0:
            return Compared(f"{name} is null", name, bool, null=True)
        if way == 1 and isinstance(one, bool):
            return Compared(name, name, lambda value: bool(value))
        if way <= 3:
            text = f"{name} in ({shown(one)}, {shown(other)})"
            return Compared(text, name, lambda value: value in (low, high))
        if way <= 5 and ordered:
            text = f"{name} between {shown(one)} and {shown(other)}"
            return Compared(text, name, lambda value: bool(low <= value <= high))
        sign = self.chance.choice([*(SIGNS if ordered else EQUALITY)])
        text = f"{name} {sign} {shown(one)}"
        if way == 6:
            text = f"{shown(one)} {MIRRORED[sign]} {name}"
        return Compared(text, name, lambda value: bool(SIGNS[sign](value, low)))

    def condition(self, names: Sequence[str], depth: int = 2) -> Condition:
        """Comparisons joined by `and`, `or` and `not`."""
        way = self.chance.randrange(10)
        if depth == 0 or way < 3:
            return self.comparison(self.chance.choice(names))
        if way == 3:
            return Not(self.condition(names, depth - 1))
        number = self.chance.choice((2, 2, 3))
        parts = tuple(self.condition(names, depth - 1) for _ in range(number))
        return Joined("and" if way < 8 else "or", parts)

    def decisions(self) -> list[Decision]:
        """Two to five decisions, each of which may read those before it."""
        made: list[Decision] = []
        for number in range(self.chance.randint(2, 5)):
            facts = self.across_debtor(made)
            for names in self.readable.values():
                names += [*facts, *facts]
            made.append(self.decision(f"d{number}", facts))
        return made

    def decision(self, name: str, facts: DebtorFacts) -> Decision:
        """One decision of outcomes or of a rate, with one to seven rules."""
        of = self.chance.choice(("exposure", "portion"))
        outcomes: Sequence[Any] = ("good", "fair", "poor", "bad")[: self.chance.randint(2, 4)]
        default: Any = outcomes[0]
        if self.chance.random() < 0.25:
            outcomes, default = (Decimal("0.01"), Decimal("0.5"), 1, "penalty"), Decimal(0)
        rules = [
            Rule(f"r{n}", self.condition(self.readable[of]), self.chance.choice(outcomes))
            for n in range(self.chance.randint(1, 7))
        ]
        self.constants[name] = [*map(meant, outcomes)]
        for level in ("portion",) if of == "portion" else ("exposure", "portion"):
            self.readable[level] += [name] * 3
        return Decision(name, of, outcomes, default, rules, facts)

    def across_debtor(self, made: Sequence[Decision]) -> DebtorFacts:
        """Facts over the debtor's exposures that read an outcome, and so must wait for it."""
        choices = [one for one in made if not one.rate]
        if not choices or any(one.facts for one in made) or self.chance.random() < 0.4:
            return {}
        read = self.chance.choice(choices)
        worst, name = read.outcomes[-1], read.name
        amount = "amount" if read.of == "portion" else "outstanding_principal"

        def rows(debtor: Sequence[Values]) -> Sequence[Values]:
            return debtor if read.of == "portion" else [row for row in debtor if row["first"]]

        return {
            "share_bad": (
                f"share_of_debtor({name} = '{worst}', {amount})",
                lambda debtor: held(rows(debtor), lambda row: row[name] == worst, amount),
            ),
            "anyone_bad": (
                f"any_of_debtor({name} = '{worst}')",
                lambda debtor: any(row[name] == worst for row in debtor),
            ),
            "bad_ones": (
                f"count_of_debtor({name} <> '{read.outcomes[0]}')",
                lambda debtor: sum(row[name] != read.outcomes[0] for row in rows(debtor)),
            ),
        }

    def portfolio(self, size: int) -> list[Values]:
        """Exposures with values on, below and above what rules compare with, or missing."""
        return [self.exposure(number, size // 2) for number in range(size)]

    def exposure(self, number: int, debtors: int) -> Values:
        return {
            "exposure_id": f"E{number}",
            "debtor_id": f"D{self.chance.randrange(debtors)}",
            "product_type": self.chance.choice(("credit_card", "cash_card", "other", "overdraft")),
            "outstanding_principal": Decimal(self.chance.choice(PRINCIPALS)),
            "collateral_value": self.money("0", "99.99", "100", "100.01", "400"),
            "payments_since_restructuring": self.maybe(0, 2, 3, 6, 7),
            "score": self.money("0.3", "0.375", "0.375001", "0.75"),
            "guarantor_type": self.maybe("bank", "government", "individual"),
            "grade": self.maybe("A", "B", "b", "", "it's", "Z"),
            "unlikely_to_pay": self.maybe(True, False),
            "oldest_unpaid_due_date": self.ago(0, 1, 29, 30, 31, 60, 75, 76, 90, 91, 92, 400),
            "legal_action_date": self.ago(0, 29, 30, 31, 500),
        }

    def maybe(self, *values: Any) -> Any:
        return self.chance.choice([*values, None])

    def money(self, *values: str) -> Any:
        return self.maybe(*map(Decimal, values))

    def ago(self, *days: int) -> Any:
        return self.maybe(*(TODAY - timedelta(number) for number in days))


def file_text(made: Sequence[Decision]) -> str:
    """The rule file that says what the decisions say."""
    settings = "".join(
        f"  {name}: {{value: {value}, basis: convention, why: {{en: Because}}}}\n"
        for name, value in SETTINGS.items()
    )
    facts = "".join(
        f"  {name}: {json.dumps(sql)}\n" for name, (sql, _) in {**FACTS, **DEBTOR_FACTS}.items()
    )
    decided = "".join(decision_text(one) for one in made)
    return f"{COLUMNS}settings:\n{settings}facts:\n{facts}decisions:\n{decided}"


def decision_text(one: Decision) -> str:
    named = ", ".join(f"{outcome}: {{en: {outcome}}}" for outcome in one.outcomes)
    lines = [f"  - name: {one.name}", f"    of: {one.of}", f"    default: {one.default}"]
    lines.append("    type: rate" if one.rate else f"    outcomes: {{{named}}}")
    lines += ["    facts:"] if one.facts else []
    lines += [f"      {name}: {json.dumps(sql)}" for name, (sql, _) in one.facts.items()]
    lines.append("    rules:")
    lines += [
        f"      - {{id: {r.id}, when: {json.dumps(r.when.text)}, then: {r.then}, cite: norm/1}}"
        for r in one.rules
    ]
    return "\n".join(lines) + "\n"
