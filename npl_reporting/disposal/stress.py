"""Stress: what prices, time and forced sales do to a book, decided anew beside the official run."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.disposal.collateraltypes import Kind, Scenario
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.discount import precisely
from npl_reporting.disposal.equity import Survey, kinds_present, survey_homes, survey_kind
from npl_reporting.disposal.tables import fed_tape_sql
from npl_reporting.disposal.valuation import Shock, feed, value_assets
from npl_reporting.engine import quoted
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.decided import Decided, decide_tape

_ALLOWANCE = "minimum_allowance"
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Stressed:
    """A book under one scenario, in sums.

    `cover` is the realisable value that counts, `present_value` the same when it comes in (of loans
    whose rate and time the file gives), `categories` the amount in each outcome of the decision
    `category`; `equity` surveys homes, `kinds` every kind; `allowance` is None where the rulebook asks for none; `expected` is the sum of every
    asset's best expected net present value.
    """

    name: str
    label: Text
    cover: Decimal
    present_value: Decimal
    categories: Mapping[str, Decimal]
    allowance: Decimal | None
    nonperforming: Decimal
    total: Decimal
    equity: Survey
    kinds: Mapping[Kind, Survey]
    expected: Decimal

    @property
    def ratio(self) -> Decimal | None:
        """Nonperforming over all loans."""
        with precisely():
            return self.nonperforming / self.total if self.total else None


def stress_all(desk: Desk) -> list[Stressed]:
    """Value and decide the book under every scenario of the rule file, the file as it is first.

    Everything happens in the desk's own engine; nothing is stored. The desk is left as it was.
    """
    scenarios = desk.rules.collateral.stress
    found = [_stressed(desk, name, scenario) for name, scenario in scenarios.items()]
    value_assets(desk.engine, desk.rules.collateral, desk.day, decimals=desk.decimals)
    return found


def write_scenarios(path: Path, found: Sequence[Stressed]) -> Path:
    """Write the scenarios as CSV, a column for each category."""
    heads = ("scenario", "cover", "present_value", "minimum_allowance", "nonperforming", "total",
             "negative_equity_cases", "negative_equity", "unsecured_portion",
             "best_net_present_value")  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow((*heads, *found[0].categories))
        for one in found:
            equity = (one.equity.cases, one.equity.aggregate, one.equity.unsecured)
            writer.writerow(
                (one.name, one.cover, one.present_value, one.allowance, one.nonperforming,
                 one.total, *equity, one.expected, *one.categories.values())
            )  # fmt: skip
    return path


def category_labels(desk: Desk) -> dict[str, Text]:
    """The outcomes of the decision `category` as the rulebook names them; empty where it has none."""
    known = {decision.name: decision for decision in desk.rulebook.decisions}
    if "category" not in known:
        return {}
    return {str(outcome): label for outcome, label in known["category"].outcome_labels.items()}


def _stressed(desk: Desk, name: str, scenario: Scenario) -> Stressed:
    shock = Shock(scenario.price, scenario.pace, scenario.sale)
    value_assets(desk.engine, desk.rules.collateral, desk.day, shock, desk.decimals)
    compare_channels(
        desk.engine, _paced(desk.rules.channels, scenario.pace), desk.rules.rounds, desk.decimals
    )
    decided = _decided(desk, name)
    nonperforming, total = _ratio(desk, decided)
    names = ", ".join(map(quoted, desk.rules.channels.channels))
    best = desk.engine.value(f"SELECT sum(greatest({names})) FROM compared WHERE best IS NOT NULL")
    return Stressed(
        name, scenario.label, *_cover(desk),
        _categories(desk, decided), _allowance(desk, decided), nonperforming, total,
        survey_homes(desk.engine, desk.rules.equity, desk.day), _kinds(desk), best or _ZERO,
    )  # fmt: skip


def _paced(channels: ChannelRules, pace: Decimal) -> ChannelRules:
    setting = channels.settings["pace"]
    slower = setting.model_copy(update={"value": channels.number("pace") * pace})
    return channels.model_copy(update={"settings": {**channels.settings, "pace": slower}})


def _kinds(desk: Desk) -> dict[Kind, Survey]:
    engine = desk.engine
    return {kind: survey_kind(engine, kind, desk.day) for kind in kinds_present(engine)}


def _cover(desk: Desk) -> tuple[Decimal, Decimal]:
    (cover, present) = desk.engine.rows(
        "SELECT sum(realisable), sum(least(present_value, balance)) "
        "FILTER (present_value IS NOT NULL) FROM covered"
    )[0]
    return cover or _ZERO, present or _ZERO


def _decided(desk: Desk, name: str) -> Decided:
    """Decide the tape with the columns that the stressed collateral feeds."""
    source = f"stress_{name}_tape"
    desk.engine.execute(f"CREATE OR REPLACE TABLE {source} AS {fed_tape_sql(desk)}")
    fed = feed(desk.rules.collateral, desk.rulebook.file.jurisdiction)
    columns = list(dict.fromkeys([*desk.columns, *fed]))
    return decide_tape(desk.engine, desk.rulebook, columns, desk.day, f"stress_{name}", source)


def _categories(desk: Desk, decided: Decided) -> dict[str, Decimal]:
    rows = desk.engine.rows(
        f"SELECT outcome, sum(amount) FROM {decided.table} JOIN {decided.verdicts} USING (case_id) "
        "WHERE decision = 'category' GROUP BY outcome"
    )
    amounts = dict(rows)
    return {name: amounts.get(name, _ZERO) for name in category_labels(desk)}


def _allowance(desk: Desk, decided: Decided) -> Decimal | None:
    if _ALLOWANCE not in decided.rulebook.amounts:
        return None
    found = desk.engine.value(f"SELECT sum({_ALLOWANCE}) FROM {decided.table}")
    return found or _ZERO


def _ratio(desk: Desk, decided: Decided) -> tuple[Decimal, Decimal]:
    (bad, all_) = desk.engine.rows(
        "SELECT sum(amount) FILTER (outcome = 'nonperforming'), sum(amount) "
        f"FROM {decided.table} JOIN {decided.verdicts} USING (case_id) WHERE decision = 'status'"
    )[0]
    return bad or _ZERO, all_ or _ZERO
