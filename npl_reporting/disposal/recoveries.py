"""The register of recoveries: each meets one line of the roll-forward; rates with their distribution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

from npl_reporting.dates import add_months, month_length
from npl_reporting.disposal.discount import precisely
from npl_reporting.disposal.exact import money, ratio, units
from npl_reporting.disposal.intake import Intake, take_in
from npl_reporting.disposal.parameters import Citation, Parameters
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import Finding
from npl_reporting.law.columns import Column
from npl_reporting.law.yamlfile import Record, Text
from npl_reporting.money import rounded

By = Literal["region", "asset_type", "channel"]
Flow = Literal["recovered_in_cash", "sold", "upgraded"]
NO_GROUP = "-"
"""The group of recoveries whose register does not say."""
_SHARES = ("0.10", "0.25", "0.50", "0.75", "0.90")


class RecoveryKind(Record):
    """A kind of recovery: what the register calls its line, the flow of the roll-forward that it
    meets, and the channel it is of, if always one."""

    label: Text
    line: str
    flow: Flow
    cite: Citation
    channel: str | None = None


class RecoveryRules(Parameters):
    """The file `rules/disposal/recovery.yaml`."""

    kinds: dict[str, RecoveryKind]
    columns: dict[str, Column]


@dataclass(frozen=True)
class Line:
    """A line of the roll-forward: what came in a period, and how often."""

    line: str
    recoveries: int
    amount: Decimal
    costs: Decimal


@dataclass(frozen=True)
class Rate:
    """Recovery of a group of loans: a ratio of sums, and how the loans' own rates are spread."""

    group: str
    loans: int
    owed: Decimal
    recovered: Decimal
    quantiles: tuple[Decimal, ...]

    @property
    def rate(self) -> Decimal:
        """What was recovered, less costs, over what was owed."""
        with precisely():
            return self.recovered / self.owed if self.owed else Decimal(0)


def read_register(
    engine: Engine, path: Path, rules: RecoveryRules, day: date, decimals: int = 2
) -> tuple[Finding, ...]:
    """Make `recoveries` from the register: the sound rows, with their line and channel."""
    found = take_in(engine, Intake(path, rules.columns, "register"), decimals)
    twice = "recovery_id IN (SELECT recovery_id FROM register GROUP BY 1 HAVING count(*) > 1)"
    checks = [
        ("RR-01", "recovery_date", f"recovery_date > DATE '{day}'",
         "The recovery lies after the reporting date."),
        ("RR-02", "amount", "amount < 0", "The amount is negative."),
        ("RR-03", "loan_amount", "loan_amount <= 0", "Nothing was owed: there is no rate."),
        ("RR-04", "recovery_id", twice, "The recovery stands twice in the register."),
        ("RR-05", "kind", f"kind NOT IN ({', '.join(map(literal, rules.kinds))})",
         "The kind is not in the rule file: it meets no line of the roll-forward."),
    ]  # fmt: skip
    for check, column, where, words in checks:
        rows = engine.rows(
            f"SELECT row, exposure_id, CAST({column} AS VARCHAR) FROM register WHERE {where} "
            "ORDER BY row"
        )
        found += [Finding(check, "error", r, e, column, v, "", {"en": words}) for r, e, v in rows]
        engine.execute(f"INSERT INTO faulty_rows SELECT row FROM register WHERE {where}")
    lines = " ".join(f"WHEN '{k}' THEN '{v.line}'" for k, v in rules.kinds.items())
    own = " ".join(f"WHEN '{k}' THEN '{v.channel}'" for k, v in rules.kinds.items() if v.channel)
    engine.execute(
        f"CREATE OR REPLACE TABLE recoveries AS SELECT * EXCLUDE (costs, channel), "
        f"coalesce(costs, 0) AS costs, CASE kind {lines} END AS line, "
        f"coalesce(channel, CASE kind {own} END) AS channel FROM register "
        "WHERE row NOT IN (SELECT row FROM faulty_rows)"
    )
    return tuple(found)


def roll_forward(engine: Engine, rules: RecoveryRules, start: date, end: date) -> list[Line]:
    """Every line's recoveries after `start` up to `end`; each recovery stands in one line."""
    sums = {
        line: (number, amount, costs)
        for line, number, amount, costs in engine.rows(
            "SELECT line, count(*), sum(amount), sum(costs) FROM recoveries "
            f"WHERE recovery_date > DATE '{start}' AND recovery_date <= DATE '{end}' GROUP BY line"
        )
    }
    none = (0, Decimal(0), Decimal(0))
    names = dict.fromkeys(kind.line for kind in rules.kinds.values())
    return [Line(name, *sums.get(name, none)) for name in names]


def quarter_before(day: date) -> date:
    """The day three months before, at the end of its month where `day` is at the end of one."""
    year, month = add_months(day, -3)
    last = month_length(year, month)
    at_end = day.day == month_length(day.year, day.month)
    return date(year, month, last if at_end else min(day.day, last))


def rates(engine: Engine, by: By) -> list[Rate]:
    """Recovery rates by region, type or channel; a loan's recoveries are taken together.

    A loan that was recovered on in several groups owes in each the part that it brought there.
    """
    spread = ", ".join(f"quantile_disc(rate, {share})" for share in _SHARES)
    owed, own, upto, brought = (units(name, 2) for name in ("owed", "own", "upto", "brought"))
    part = money(f"{owed} * {upto} // {brought} - {owed} * ({upto} - {own}) // {brought}", 2)
    rows = engine.rows(
        "WITH loans AS (SELECT exposure_id, max(loan_amount) AS owed, "
        "sum(amount - costs) AS brought FROM recoveries GROUP BY 1), "
        f"parts AS (SELECT coalesce({by}, {literal(NO_GROUP)}) AS name, exposure_id, sum(amount - costs) AS own "
        "FROM recoveries GROUP BY ALL), "
        "run AS (SELECT *, sum(own) OVER (PARTITION BY exposure_id ORDER BY name "
        "ROWS UNBOUNDED PRECEDING) AS upto FROM parts JOIN loans USING (exposure_id)), "
        "shared AS (SELECT name, own, CASE WHEN own = brought THEN owed "
        f"WHEN brought <> 0 THEN {part} ELSE 0 END AS owed FROM run), "
        f"rated AS (SELECT name, own, owed, {ratio('own', 'owed')} AS rate FROM shared "
        "WHERE owed > 0) "
        f"SELECT name, count(*), sum(owed), sum(own), [{spread}] FROM rated GROUP BY 1 ORDER BY 1"
    )
    return [Rate(name, n, owed, own, tuple(q)) for name, n, owed, own, q in rows]


def quantile_rates(engine: Engine, quantile: Decimal) -> dict[str, Decimal]:
    """Past recoveries at a quantile, by type: what CO-7 bounds the maximum LTV with."""
    rows = engine.rows(
        "WITH loans AS (SELECT asset_type, exposure_id, max(loan_amount) AS owed, "
        "sum(amount - costs) AS own FROM recoveries WHERE asset_type IS NOT NULL GROUP BY ALL) "
        f"SELECT asset_type, quantile_disc({ratio('own', 'owed')}, {quantile}) FROM loans "
        "GROUP BY 1 ORDER BY 1"
    )
    return dict(rows)


def spread_words(found: Sequence[Decimal]) -> str:
    """A distribution for print: its tenth, quarter, half, three quarters and nine tenths."""
    return " / ".join(f"{rounded(value * 100, 1)}" for value in found)
