"""The whole road on the bundled portfolios: what `npl demo` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from pathlib import Path

from npl_reporting.demo import cards, portfolio
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import find, load_rulebook
from npl_reporting.law.yamlfile import read
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import Tell, run

JURISDICTION = "TW"
WHAT_IF = date(2014, 1, 1)
BANK = Path(__file__).parent / "bank"
QUICK_SIZE = 3_000


@dataclass(frozen=True)
class Leg:
    """A stretch of the tour: one portfolio under one choice of rules, quarter after quarter.

    `ledgers` are the general ledger's totals of each quarter, `exits` what was repaid in it. `rules` gives the rules for each quarter, where they are not the `usual` ones as in force on its
    date.
    """

    name: str
    words: str
    tapes: Mapping[date, TapeSource]
    rules: Mapping[date, str] = field(default_factory=dict)
    usual: str = JURISDICTION
    ledgers: Mapping[date, Path] = field(default_factory=dict)
    exits: Mapping[date, Path] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stop:
    """One run of the tour, and what it shows."""

    leg: Leg
    finished: Finished


def tour(
    store: Store, out: Path, tell: Tell, *, quick: bool = False, rules: Sequence[str] = ()
) -> Iterator[Stop]:
    """Run every leg, each quarter on the one before; files go into a folder for each run.

    With `rules`, the made bank alone, under each of these rulebooks and in its currency.
    """
    for leg in _abroad(rules, out, tell, quick) if rules else _legs(out, tell, quick):
        prior: str | None = None
        for quarter, tape in leg.tapes.items():
            request = Request(
                tape,
                leg.rules.get(quarter, leg.usual),
                quarter,
                prior,
                control=leg.ledgers.get(quarter),
                exits=leg.exits.get(quarter),
                changes=leg.changes,
            )
            place = f"{leg.name}, {quarter}: "
            finished = run(
                request,
                store,
                out / f"{leg.name}-{quarter}",
                lambda step, place=place: tell(place + step),  # type: ignore[misc]
            )
            prior = finished.run.id
            yield Stop(leg, finished)


def _legs(out: Path, tell: Tell, quick: bool) -> Iterator[Leg]:
    """The stops in order; a quick tour takes one quarter of cards and a smaller bank."""
    card_tapes = {day: TapeSource(path, mapping=cards.MAPPING) for day, path in cards.TAPES.items()}
    first, last = cards.QUARTERS
    if quick:
        yield Leg("cards", "15,000 real card accounts of 2005", {last: card_tapes[last]})
    else:
        earliest = str(find(JURISDICTION, last))
        yield Leg(
            "cards",
            "15,000 real card accounts of 2005 under the rules of 2005-07-01; those before are "
            "not on the shelf, so June stands under the same rules, with a warning on page one",
            card_tapes,
            {first: earliest},
        )
        later = str(find(JURISDICTION, WHAT_IF))
        yield Leg(
            "cards-what-if",
            f"what if the rules of {WHAT_IF} had been in force for the same accounts",
            card_tapes,
            dict.fromkeys(card_tapes, later),
        )
    tell("making the bank's tapes")
    yield _bank("bank", JURISDICTION, out, quick)


def _abroad(rules: Sequence[str], out: Path, tell: Tell, quick: bool) -> Iterator[Leg]:
    """The made bank under each of several rulebooks."""
    for name in rules:
        tell(f"making the bank's tapes for {name}")
        yield _bank(name.replace("/", "-"), name, out, quick)


def _bank(leg: str, rules: str, out: Path, quick: bool) -> Leg:
    """The made bank in the currency of a rulebook, its industries in the supervisor's codes."""
    size = QUICK_SIZE if quick else portfolio.SIZE
    currency = load_rulebook(rules, portfolio.QUARTERS[-1]).file.currency
    tapes = {day: _tape(out, day, size, currency) for day in portfolio.QUARTERS}
    codes = BANK / "abroad" / f"{rules}.yaml"
    return Leg(
        leg,
        f"a made bank of {size:,} exposures in {currency} under {rules}, two quarters of 2025",
        {
            day: TapeSource(tape, mapping=codes if codes.exists() else None)
            for day, tape in tapes.items()
        },
        usual=rules,
        ledgers={day: portfolio.write_ledger(tape) for day, tape in tapes.items()},
        exits={
            portfolio.QUARTERS[1]: portfolio.write_departures(
                out / "tapes" / "exits.csv", size=size
            )
        },
        changes={name: str(value) for name, value in _told().get(rules, {}).items()},
    )


def _told() -> dict[str, dict[str, Decimal | int]]:
    """Figures that no tape holds, by the rules that ask for them."""
    told: dict[str, dict[str, Decimal | int]] = read(BANK / "told.yaml").data
    return told


def _tape(out: Path, day: date, size: int, currency: str = portfolio.CURRENCY) -> Path:
    folder = out / "tapes"
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"bank-{currency}-{day}.parquet"
    return portfolio.write_tape(target, day, size=size, currency=currency)
