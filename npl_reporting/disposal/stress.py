"""Stress: what prices, time and forced sales do to a book, decided anew beside the official run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.disposal.collateraltypes import Scenario
from npl_reporting.disposal.compare import compare_channels
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.discount import precisely
from npl_reporting.disposal.equity import Survey, survey_homes
from npl_reporting.disposal.tables import fed_tape_sql
from npl_reporting.disposal.valuation import Shock, feed, value_assets
from npl_reporting.engine import quoted
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import in_currency
from npl_reporting.law.yamlfile import Text
from npl_reporting.portfolio.decided import Decided, decide_tape

_ALLOWANCE = "minimum_allowance"
_ZERO = Decimal(0)


@dataclass(frozen=True)
class Stressed:
    """A book under one scenario, in sums.

    `cover` is the realisable value that counts, `categories` the amount in each outcome of the
    decision `category`; `allowance` is None where the rulebook asks for none; `expected` is the
    sum of every asset's best expected net present value.
    """

    name: str
    label: Text
    cover: Decimal
    categories: Mapping[str, Decimal]
    allowance: Decimal | None
    nonperforming: Decimal
    total: Decimal
    equity: Survey
    expected: Decimal

    @property
    def ratio(self) -> Decimal | None:
        """Nonperforming over all loans."""
        with precisely():
            return self.nonperforming / self.total if self.total else None


def stress_all(desk: Desk, rulebook: Rulebook) -> list[Stressed]:
    """Value and decide the book under every scenario of the rule file, the file as it is first.

    Everything happens in the desk's own engine; nothing is stored. The desk is left as it was.
    """
    book = in_currency(rulebook, desk.currency)
    found = [
        _stressed(desk, book, name, scenario)
        for name, scenario in desk.rules.collateral.stress.items()
    ]
    value_assets(desk.engine, desk.rules.collateral, desk.day, decimals=desk.decimals)
    return found


def _stressed(desk: Desk, rulebook: Rulebook, name: str, scenario: Scenario) -> Stressed:
    shock = Shock(scenario.price, scenario.pace, scenario.sale)
    value_assets(desk.engine, desk.rules.collateral, desk.day, shock, desk.decimals)
    compare_channels(
        desk.engine, _paced(desk.rules.channels, scenario.pace), desk.rules.rounds, desk.decimals
    )
    decided = _decided(desk, rulebook, name)
    nonperforming, total = _ratio(desk, decided)
    names = ", ".join(map(quoted, desk.rules.channels.channels))
    best = desk.engine.value(f"SELECT sum(greatest({names})) FROM compared WHERE best IS NOT NULL")
    return Stressed(
        name, scenario.label, desk.engine.value("SELECT coalesce(sum(realisable), 0) FROM covered"),
        _categories(desk, decided), _allowance(desk, decided), nonperforming, total,
        survey_homes(desk.engine, desk.rules.equity, desk.day), best or _ZERO,
    )  # fmt: skip


def _paced(channels: ChannelRules, pace: Decimal) -> ChannelRules:
    setting = channels.settings["pace"]
    slower = setting.model_copy(update={"value": channels.number("pace") * pace})
    return channels.model_copy(update={"settings": {**channels.settings, "pace": slower}})


def _decided(desk: Desk, rulebook: Rulebook, name: str) -> Decided:
    """Decide the tape with the columns that the stressed collateral feeds."""
    source = f"stress_{name}_tape"
    desk.engine.execute(f"CREATE OR REPLACE TABLE {source} AS {fed_tape_sql(desk)}")
    fed = feed(desk.rules.collateral, desk.rulebook.file.jurisdiction)
    columns = list(dict.fromkeys([*desk.columns, *fed]))
    return decide_tape(desk.engine, rulebook, columns, desk.day, f"stress_{name}", source)


def _categories(desk: Desk, decided: Decided) -> dict[str, Decimal]:
    rows = desk.engine.rows(
        f"SELECT outcome, sum(amount) FROM {decided.table} JOIN {decided.verdicts} USING (case_id) "
        "WHERE decision = 'category' GROUP BY outcome"
    )
    amounts = dict(rows)
    known = {d.name: d for d in decided.rulebook.decisions}
    if "category" not in known:
        return {}
    return {str(name): amounts.get(str(name), _ZERO) for name in known["category"].outcomes}


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
