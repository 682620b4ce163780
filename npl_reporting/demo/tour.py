"""The whole road on the bundled portfolios: what `npl demo` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.demo import cards, portfolio
from npl_reporting.demo.madebank import made_bank
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import find
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import Tell, run

JURISDICTION = "TW"
WHAT_IF = date(2014, 1, 1)
QUICK_SIZE = 3_000

Ask = Callable[[str | None], Request]
"""What to run at a quarter end, given the id of the run of the quarter before."""


@dataclass(frozen=True)
class Leg:
    """A stretch of the tour: one portfolio under one choice of rules, quarter after quarter."""

    name: str
    words: str
    quarters: tuple[tuple[date, Ask], ...]


@dataclass(frozen=True)
class Stop:
    """One run of the tour, what it shows, and the folder of its files."""

    leg: Leg
    finished: Finished
    folder: Path


def tour(
    store: Store,
    out: Path,
    tell: Tell,
    *,
    quick: bool = False,
    rules: Sequence[str] = (),
    size: int | None = None,
    printed: bool = True,
) -> Iterator[Stop]:
    """Run every leg, each quarter on the one before; files go into a folder for each run.

    With `rules`, the made bank alone, under each of these rulebooks and in its currency. `size` is
    the number of its exposures; without `printed` it draws no pages.
    """
    size = size or (QUICK_SIZE if quick else portfolio.SIZE)
    legs = () if rules else _cards(quick)
    for leg in legs:
        yield from _run(leg, store, out, tell)
    for name in rules or (JURISDICTION,):
        tell(f"making the bank's tapes for {name}")
        yield from _run(_bank(name, out, size, printed), store, out, tell)


def _run(leg: Leg, store: Store, out: Path, tell: Tell) -> Iterator[Stop]:
    prior: str | None = None
    for quarter, ask in leg.quarters:
        place = f"{leg.name}, {quarter}: "
        folder = out / f"{leg.name}-{quarter}"
        finished = run(
            ask(prior),
            store,
            folder,
            lambda step, place=place: tell(place + step),  # type: ignore[misc]
        )
        prior = finished.run.id
        yield Stop(leg, finished, folder)


def _cards(quick: bool) -> Iterator[Leg]:
    """The card accounts; a quick tour takes one quarter of them."""
    first, last = cards.QUARTERS
    if quick:
        yield _accounts("cards", "15,000 real card accounts of 2005", {last: JURISDICTION})
        return
    yield _accounts(
        "cards",
        "15,000 real card accounts of 2005 under the rules of 2005-07-01; those before are "
        "not on the shelf, so June stands under the same rules, with a warning on page one",
        {first: str(find(JURISDICTION, last)), last: JURISDICTION},
    )
    later = str(find(JURISDICTION, WHAT_IF))
    yield _accounts(
        "cards-what-if",
        f"what if the rules of {WHAT_IF} had been in force for the same accounts",
        dict.fromkeys(cards.QUARTERS, later),
    )


def _accounts(name: str, words: str, rules: dict[date, str]) -> Leg:
    """The card accounts at some quarter ends, under the rules of each."""

    def ask(day: date) -> Ask:
        tape = TapeSource(cards.TAPES[day], mapping=cards.MAPPING)
        return lambda prior: Request(tape, rules[day], day, prior)

    return Leg(name, words, tuple((day, ask(day)) for day in rules))


def _bank(rules: str, out: Path, size: int, printed: bool) -> Leg:
    """The made bank under a rulebook, both quarters."""
    made = made_bank(rules, out / "tapes", size)
    first, last = made.bank.quarters

    def ask(nth: int) -> Ask:
        return lambda prior: made.request(made.quarters[nth], prior, printed)

    return Leg(
        rules.replace("/", "-"),
        f"a made bank of {size:,} exposures in {made.currency} under {rules}, {first} and {last}",
        tuple((quarter.day, ask(nth)) for nth, quarter in enumerate(made.quarters)),
    )
