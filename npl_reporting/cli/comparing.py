"""`npl compare`: one tape under several rulebooks."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from npl_reporting.cli import options
from npl_reporting.cli.printing import emit, say, table
from npl_reporting.cli.runs import telling
from npl_reporting.compare import Compared
from npl_reporting.compare import compare as compare_rulebooks
from npl_reporting.money import exact_text, minor_digits, rounded
from npl_reporting.portfolio.limits import Limit
from npl_reporting.portfolio.panel import Side
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.returns.comparison import Comparison, named, ratio, sides


def compare(
    tape: options.TapePath,
    rules: Annotated[
        str, typer.Option("--rules", help="Rulebooks, separated by commas: TW,HK,TW@2011-01-01.")
    ],
    as_of: options.AsOf,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the PDF and the tables.")
    ] = None,
    quarantine: options.Quarantine = False,
    mapping: options.Mapping = None,
    schedule: options.Schedule = None,
    rates: options.Rates = None,
    encoding: options.Encoding = None,
    delimiter: options.Delimiter = None,
    sheet: options.Sheet = None,
    language: Annotated[
        list[str] | None,
        typer.Option("--language", help="Of the page, main language first; may be repeated."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Classify one tape under several rulebooks, side by side; nothing is stored.

    As in `npl compare tape.csv --rules TW,HK,CN --as-of 2025-09-30 --out comparison`.
    """
    source = TapeSource(tape, encoding, delimiter, sheet, mapping, schedule, rates)
    names = [name.strip() for name in rules.split(",") if name.strip()]
    with telling(quiet=json) as tell:
        compared = compare_rulebooks(
            source, names, as_of.date(), out=out, quarantine=quarantine,
            languages=tuple(language or ("en",)), tell=tell,
        )  # fmt: skip
    if json:
        emit(_document(compared))
    else:
        _tell(compared)


def _tell(compared: Compared) -> None:
    comparison = compared.comparison
    found = comparison.panel
    say(f"{found.exposures:,} exposures, principal {found.amount:,} {comparison.currency}")
    table(
        ("rules", "in force from", "nonperforming", "amount", "ratio", "least allowance"),
        [
            (
                title, side.decided.rulebook.file.effective_from, side.nonperforming,
                side.nonperforming_amount, _percent(comparison, title),
                _allowance(comparison, side),
            )
            for title, side in sides(comparison)
        ],
    )  # fmt: skip
    for title, limit in named(comparison):
        say(f"{title}: {_limit(limit, comparison.currency)}")
    say(f"\nthey disagree on {found.contested:,} exposures, {found.contested_amount:,}")
    table(
        (*comparison.titles, "exposures", "amount"),
        [(*way.statuses, way.exposures, way.amount) for way in found.patterns],
    )
    for file in compared.files:
        say(f"wrote {file}")


def _allowance(comparison: Comparison, side: Side) -> str:
    if side.allowance is None:
        return "none asked for"
    return f"{rounded(side.allowance, minor_digits(comparison.currency)):,}"


def _limit(limit: Limit, currency: str) -> str:
    law = f"{limit.setting} is {limit.own_currency} {exact_text(limit.own)}"
    if limit.here is None:
        return (
            f"warning: {law}, read as {currency} {exact_text(limit.own)}; give a rate with --rates"
        )
    return f"{law}, read as {currency} {exact_text(limit.here)}"


def _percent(comparison: Comparison, title: str) -> str:
    side = dict(sides(comparison))[title]
    share = ratio(side.nonperforming_amount, comparison.panel.amount)
    return "" if share is None else f"{rounded(share * 100, 2)}%"


def _document(compared: Compared) -> dict[str, Any]:
    """The comparison for machines: sums, categories, and the largest disagreements."""
    comparison = compared.comparison
    found = comparison.panel
    return {
        "comparison": comparison.id,
        "currency": comparison.currency,
        "exposures": found.exposures,
        "amount": found.amount,
        "rulebooks": [
            {
                "rules": title,
                "effective_from": side.decided.rulebook.file.effective_from,
                "nonperforming": side.nonperforming,
                "nonperforming_amount": side.nonperforming_amount,
                "ratio": ratio(side.nonperforming_amount, found.amount),
                "allowance": side.allowance,
                "categories": [asdict(category) for category in side.categories],
                "lacking": side.lacking,
            }
            for title, side in sides(comparison)
        ],
        "disagreements": [asdict(way) for way in found.patterns],
        "limits": [{"rules": title, **asdict(limit)} for title, limit in named(comparison)],
        "largest": [asdict(one) for one in comparison.contested],
        "files": compared.files,
    }


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command()(compare)
