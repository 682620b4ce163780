"""The whole road on the bundled portfolios: what `npl demo` does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from npl_reporting.demo import cards, portfolio
from npl_reporting.evidence.store import Store
from npl_reporting.law.shelf import find
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Finished, Request
from npl_reporting.run import Tell, run

JURISDICTION = "TW"
WHAT_IF = date(2014, 1, 1)
NET_WORTH = "30000000000"
"""The made bank's net worth in NT$, which the concentration table is measured against."""
QUICK_SIZE = 3_000


@dataclass(frozen=True)
class Leg:
    """A stretch of the tour: one portfolio under one choice of rules, quarter after quarter.

    `rules` gives the rules for each quarter, where they are not those in force on its date.
    """

    name: str
    words: str
    tapes: Mapping[date, TapeSource]
    rules: Mapping[date, str] = field(default_factory=dict)
    changes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Stop:
    """One run of the tour, and what it shows."""

    leg: Leg
    finished: Finished


def tour(store: Store, out: Path, tell: Tell, *, quick: bool = False) -> Iterator[Stop]:
    """Run every leg, each quarter on the one before; files go into a folder for each run."""
    for leg in _legs(out, tell, quick):
        prior: str | None = None
        for quarter, tape in leg.tapes.items():
            request = Request(
                tape,
                leg.rules.get(quarter, JURISDICTION),
                quarter,
                prior,
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
    size = QUICK_SIZE if quick else portfolio.SIZE
    tell("making the bank's tapes")
    yield Leg(
        "bank",
        f"a made bank of {size:,} exposures, two quarters of 2025",
        {day: TapeSource(_tape(out, day, size)) for day in portfolio.QUARTERS},
        changes={"net_worth": NET_WORTH},
    )


def _tape(out: Path, day: date, size: int) -> Path:
    folder = out / "tapes"
    folder.mkdir(parents=True, exist_ok=True)
    return portfolio.write_tape(folder / f"bank-{day}.parquet", day, size=size)
