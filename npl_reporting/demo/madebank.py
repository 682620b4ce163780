"""The made bank under a rulebook: its tapes, ledgers, exits and answers, made ready to run."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.demo import portfolio
from npl_reporting.demo.bank.banks import Bank, bank_under, codes_under, comments_under
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.tape import TapeSource
from npl_reporting.request import Request


@dataclass(frozen=True)
class Quarter:
    """What the bank delivers at one quarter end, as files."""

    day: date
    tape: TapeSource
    ledger: Path
    exits: Path | None = None
    comments: Path | None = None


@dataclass(frozen=True)
class MadeBank:
    """The made bank under `rules`, in their currency, and its two quarters."""

    rules: str
    currency: str
    size: int
    bank: Bank
    quarters: tuple[Quarter, ...]

    def request(self, quarter: Quarter, prior: str | None, printed: bool = True) -> Request:
        """What is run at a quarter end, on the run of the quarter before."""
        told = {name: str(value) for name, value in self.bank.told.items()}
        second = quarter is self.quarters[-1]
        return Request(
            quarter.tape,
            self.rules,
            quarter.day,
            prior,
            control=quarter.ledger,
            changes=told | (self.bank.asked if second else {}),
            printed=printed,
            exits=quarter.exits,
            comments=quarter.comments,
            entity=self.bank.entity if second else "",
        )


def made_bank(rules: str, folder: Path, size: int) -> MadeBank:
    """Write the files of both quarters into a folder; the industries in the supervisor's codes."""
    folder.mkdir(parents=True, exist_ok=True)
    bank = bank_under(rules)
    currency = load_rulebook(rules, bank.quarters[-1]).file.currency
    name = rules.replace("/", "-")
    second = bank.quarters[-1]
    exits = folder / f"exits-{name}.csv"
    portfolio.write_departures(exits, size=size, bank=bank)
    quarters = []
    for day in bank.quarters:
        tape = portfolio.write_tape(
            folder / f"bank-{name}-{day}.parquet", day, size=size, currency=currency, bank=bank
        )
        source = TapeSource(tape, mapping=codes_under(rules))
        ledger = portfolio.write_ledger(tape)
        later = day == second
        quarters.append(
            Quarter(day, source, ledger, exits, comments_under(rules))
            if later
            else Quarter(day, source, ledger)
        )
    return MadeBank(rules, currency, size, bank, tuple(quarters))
