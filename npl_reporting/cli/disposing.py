"""What `npl dispose` prints: a few tables for people, the same facts as JSON."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from decimal import Decimal
from pathlib import Path

from npl_reporting.cli.printing import emit, err, say, table
from npl_reporting.disposal.bundles import bundles, by_channel
from npl_reporting.disposal.desk import Desk
from npl_reporting.disposal.equity import Survey
from npl_reporting.disposal.fit import Fit
from npl_reporting.disposal.parameters import assumptions
from npl_reporting.disposal.portfolio import totals
from npl_reporting.disposal.recommend import Recommendation
from npl_reporting.disposal.reconcile import Meeting, Sum
from npl_reporting.disposal.recoveries import (
    quarter_before,
    rates,
    roll_forward,
    spread_words,
)
from npl_reporting.disposal.rounds import RoundRules
from npl_reporting.disposal.saying import in_words
from npl_reporting.disposal.series import Surveys
from npl_reporting.disposal.stress import Stressed
from npl_reporting.disposal.tables import by_type
from npl_reporting.errors import Finding
from npl_reporting.money import rounded


def percent(value: Decimal | None, decimals: int = 1) -> str:
    """A ratio as percent; a word where there is none."""
    return "not computed" if value is None else f"{rounded(value * 100, decimals)} %"


def place(files: Iterable[Path], folder: Path) -> None:
    """Put files of the work folder where the user wants them."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        (folder / file.name).write_bytes(file.read_bytes())


def tell_findings(found: Sequence[Finding]) -> None:
    """Print every finding."""
    for one in found:
        err.print(f"{one.severity}: {one}", markup=False)


def tell_assumptions(desk: Desk) -> None:
    """Print what was assumed, beside the results."""
    say("\nassumed:")
    rows = assumptions(desk.rules.all)
    table(("setting", "value", "basis", "why"),
          [(one.name, one.value, one.basis, one.why["en"]) for one in rows])  # fmt: skip


def tell_value(desk: Desk, found: Sequence[Finding], as_json: bool, register: bool) -> None:
    """Print a valued book."""
    sums, types = totals(desk.engine), by_type(desk)
    groups = ("region", "asset_type", "channel")
    recovered = {by: rates(desk.engine, by) for by in groups} if register else {}  # type: ignore[arg-type]
    start = quarter_before(desk.day)
    lines = roll_forward(desk.engine, desk.rules.recovery, start, desk.day) if register else []
    if as_json:
        ratios: dict[str, object] = {"recovery": sums.recovery, "loss_given_default": sums.loss_given_default,
                  "loan_to_value": sums.loan_to_value}  # fmt: skip
        emit({"book": desk.name, "totals": asdict(sums) | ratios, "types": types,
              "findings": found, "recoveries": recovered, "roll_forward": lines,
              "assumptions": assumptions(desk.rules.all)})  # fmt: skip
        return
    tell_findings(found)
    say(f"{desk.name}: {sums.loans:,} secured loans of {sums.balance:,} {desk.currency}, "
        f"{sums.assets:,} assets worth {sums.market_value:,}")  # fmt: skip
    say(f"realisable, at most the loan: {sums.realisable:,}; recovery {percent(sums.recovery)}, "
        f"LGD {percent(sums.loss_given_default)}, LTV {percent(sums.loan_to_value)}")  # fmt: skip
    say(f"{sums.unknown:,} loans with unknown claims, {sums.stale:,} stale valuations, "
        f"{sums.over_lent:,} assets over-lent, {sums.not_secured:,} loans without collateral")  # fmt: skip
    table(
        ("type", "assets", "market value", "score", "factor", "costs", "claims", "realisable"),
        [(t.asset_type, t.assets, t.market_value, t.score, t.factor.normalize(),
          t.cost_rate.normalize(), t.claims, t.realisable) for t in types],
    )  # fmt: skip
    if lines:
        say(f"\nrecovered since {start}, by line of the roll-forward:")
        table(("line", "recoveries", "amount", "costs"),
              [(x.line, x.recoveries, x.amount, x.costs) for x in lines])  # fmt: skip
    for by, own in recovered.items():
        table((by, "loans", "owed", "recovered", "rate", "10/25/50/75/90 %"),
              [(r.group, r.loans, r.owed, r.recovered, percent(r.rate), spread_words(r.quantiles))
               for r in own])  # fmt: skip
    tell_assumptions(desk)


def _survey_row(name: str, one: Survey) -> tuple[object, ...]:
    return (name, one.loans, one.cases, one.aggregate, one.unsecured, percent(one.loan_to_value),
            percent(one.delinquency, 2))  # fmt: skip


def tell_equity(desk: Desk, found: Surveys, quarters: Sequence[Survey], as_json: bool) -> None:
    """Print the surveys and the series."""
    if as_json:
        shown = [{**asdict(q), "loan_to_value": q.loan_to_value} for q in quarters]
        emit({"homes": {**asdict(found.homes), "loan_to_value": found.homes.loan_to_value},
              "kinds": found.kinds, "economic_shortfall": found.economic_shortfall,
              "series": shown, "findings": desk.findings})  # fmt: skip
        return
    tell_findings(desk.findings)
    heads = ("", "loans", "cases", "aggregate", "unsecured", "LTV", "delinquent")
    rows = [_survey_row("homes, as surveyed", found.homes)]
    table(heads, [*rows, *(_survey_row(f"any {k}", one) for k, one in found.kinds.items())])
    if len(quarters) > 1:
        table(heads, [_survey_row(str(q.day), q) for q in quarters])
    say(f"not realisable of all secured loans (this product's measure): "
        f"{found.economic_shortfall:,}")  # fmt: skip


def tell_channels(desk: Desk, as_json: bool) -> None:
    """Print the book by channel, and the lots."""
    channels, lots = by_channel(desk.engine, desk.rules.channels), bundles(desk.engine, desk.rules.channels)  # fmt: skip
    if as_json:
        emit({"channels": channels, "bundles": lots, "findings": desk.findings})
        return
    tell_findings(desk.findings)
    table(("best channel", "assets", "debt", "proceeds", "net present value", "months", "as the paper"),
          [(c.channel, c.assets, c.debt, c.proceeds, c.net, rounded(c.months, 1), c.policy_agrees)
           for c in channels])  # fmt: skip
    if lots:
        say("\nlots for a sale in bulk:")
        table(("region", "kind", "assets", "debt", "proceeds", "net"),
              [(b.region, b.kind, b.assets, b.debt, b.proceeds, b.net) for b in lots])  # fmt: skip
    tell_assumptions(desk)


def tell_recommendation(desk: Desk, found: Recommendation, as_json: bool) -> None:
    """Print what to do with one asset."""
    sentences = in_words(desk.rules.channels, desk.rules.rounds, found)
    if as_json:
        emit({"recommendation": found, "words": sentences})
        return
    for sentence in sentences:
        say(sentence["en"])
    rows: list[tuple[object, ...]] = []
    for way in found.ways:
        rows.append((way.channel, "", rounded(way.months, 1), way.proceeds, way.expected))
        rows += [
            (
                f"  {one.route.name}",
                percent(chance),
                Decimal(one.route.months),
                one.sale_price,
                one.net,
            )
            for one, chance in way.routes
        ]
    table(("channel", "probability", "months", "proceeds", "net present value"), rows)
    pairs = found.chances.pairs
    say("pairs: " + ", ".join(f"{m.one} rather than {m.zero} {percent(pairs[n])}"
                              for n, m in desk.rules.rounds.models.items()))  # fmt: skip
    if found.rate_assumed:
        say(f"the file gives no rate of the loan: {percent(found.annual_rate, 2)} is assumed")


def _in_units(amount: Decimal | None, decimals: int) -> Decimal | None:
    return None if amount is None else rounded(amount, decimals)


def tell_stress(desk: Desk, found: Sequence[Stressed], as_json: bool) -> None:
    """Print the scenarios side by side."""
    if as_json:
        emit([{**asdict(one), "ratio": one.ratio} for one in found])
        return
    tell_findings(desk.findings)
    names = list(found[0].categories)
    table(
        ("scenario", "cover", "present value", "allowance", "NPL ratio", "negative equity",
         "best value", *names),
        [(s.label["en"], s.cover, s.present_value, _in_units(s.allowance, desk.decimals), percent(s.ratio, 2),
          s.equity.unsecured, s.expected, *(s.categories[name] for name in names)) for s in found],
    )  # fmt: skip


def tell_reconciliation(
    found: Sequence[Finding], sums: Sequence[Sum], apart: Sequence[Meeting], as_json: bool
) -> None:
    """Print both sides by line, then what does not meet."""
    if as_json:
        emit({"findings": found, "lines": sums, "apart": apart})
        return
    tell_findings(found)
    table(("line", "state", "exposures", "recoveries", "register", "roll-forward"),
          [(s.flow, s.state, s.exposures, s.recoveries, s.registered, s.rolled) for s in sums])  # fmt: skip
    if apart:
        say("\nwhat does not meet:")
        table(("exposure", "line", "state", "standing", "register", "roll-forward", "price"),
              [(m.exposure_id, m.flow, m.state, m.standing, m.registered, m.rolled, m.price)
               for m in apart])  # fmt: skip


def tell_fit(found: Sequence[Finding], fits: Sequence[Fit], rounds: RoundRules) -> None:
    """Print the bank's own models beside the paper's."""
    tell_findings(found)
    for one in fits:
        model = rounds.models[one.model]
        say(
            f"\nmodel {one.model}: {model.one} rather than {model.zero}; {one.n:,} sales, paper {model.n:,}"
        )
        if one.left_out:
            say(f"left out, for all sales are alike in it: {', '.join(one.left_out)}")
        if one.problem:
            say(f"no estimates: {one.problem}")
            continue
        table(("", "coefficient", "standard error", "p", "paper", "apart"),
              [(e.name, e.value, e.standard_error, e.p, e.paper, e.apart) for e in one.estimates])  # fmt: skip
        say(f"-2 log L {one.minus_two_log_likelihood} (paper {model.minus_two_log_likelihood}); "
            f"concordant {one.concordant} %, discordant {one.discordant} % "
            f"(paper {model.concordant} and {model.discordant})")  # fmt: skip
