"""A book opened for workout: the loans of a tape or of a stored run, and their collateral valued."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.disposal.channels import ChannelRules
from npl_reporting.disposal.collateralfile import read_collateral
from npl_reporting.disposal.collateraltypes import CollateralRules
from npl_reporting.disposal.equity import EquityRules
from npl_reporting.disposal.parameters import (
    Parameters,
    load_parameters,
    refuse_unknown,
)
from npl_reporting.disposal.recoveries import RecoveryRules, quantile_rates
from npl_reporting.disposal.rounds import RoundRules
from npl_reporting.disposal.valuation import bound_by_history, value_assets
from npl_reporting.engine import Engine, literal
from npl_reporting.errors import DataError, Finding, Problem
from npl_reporting.evidence.reopen import Reopened, reopen
from npl_reporting.evidence.store import Store
from npl_reporting.law.expressions import Scope, compile_value
from npl_reporting.law.joint import joint_columns
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import in_currency
from npl_reporting.money import minor_digits
from npl_reporting.portfolio.tape import TapeSource, Terms, read_tape
from npl_reporting.work import work_folder


@dataclass(frozen=True)
class Rules:
    """All rule files of disposal, with the settings of this call."""

    collateral: CollateralRules
    channels: ChannelRules
    rounds: RoundRules
    equity: EquityRules
    recovery: RecoveryRules

    @property
    def all(self) -> Sequence[Parameters]:
        """The files, in their order."""
        return (self.collateral, self.channels, self.rounds, self.equity, self.recovery)


@dataclass(frozen=True)
class Desk:
    """Loans and collateral in one engine: `loans`, `assets`, `links`, `valued`, `covered` are there.

    `source` is the relation of exposures with the tape's `columns`; `name` says in print what was
    valued.
    """

    engine: Engine
    rulebook: Rulebook
    rules: Rules
    source: str
    columns: Sequence[str]
    day: date
    currency: str
    name: str
    findings: tuple[Finding, ...]

    @property
    def decimals(self) -> int:
        """Decimals of the currency's unit."""
        return minor_digits(self.currency)

    @property
    def errors(self) -> int:
        """Errors found in the collateral file."""
        return sum(found.severity == "error" for found in self.findings)


def load_rules(changes: Mapping[str, str]) -> Rules:
    """Read every rule file of disposal; NplError for a setting that none has."""
    rules = Rules(
        load_parameters("collateral", CollateralRules, changes),
        load_parameters("channels", ChannelRules, changes),
        load_parameters("rounds", RoundRules, changes),
        load_parameters("equity", EquityRules, changes),
        load_parameters("recovery", RecoveryRules, changes),
    )
    refuse_unknown(changes, rules.all)
    return rules


@contextmanager
def desk_of_tape(
    tape: TapeSource, rulebook: Rulebook, day: date, collateral: Path, rules: Rules,
    *, under: Rulebook | None = None, quarantine: bool = False,
) -> Iterator[Desk]:  # fmt: skip
    """Open a tape and its collateral; DataError if the tape has errors.

    `under` is another rulebook that the book is seen by; the tape is then read with the columns of
    both, in the currency of its own rulebook.
    """
    names = (*(f.name for f in rulebook.facts), *(d.name for d in rulebook.decisions))
    currency = rulebook.file.currency
    columns = joint_columns([rulebook, under]) if under else rulebook.columns
    with work_folder() as work, Engine(work, [tape.path]) as engine:
        terms = Terms(columns, currency, day, names)
        read = read_tape(engine, tape, terms, quarantine=quarantine)
        if read.blocking:
            what = f"the tape has {read.blocking:,} errors"
            raise DataError(Problem(what, "see npl check, or set the rows aside", str(tape.path)))
        seen = in_currency(under, currency) if under else rulebook
        yield _desk(engine, seen, rules, "exposures", read.columns, day, currency,
                    tape.path.name, collateral)  # fmt: skip


@contextmanager
def desk_of_run(
    store: Store, name: str, collateral: Path, rules: Rules, under: Rulebook | None = None
) -> Iterator[Desk]:
    """Open a stored run's tape and its collateral, seen by `under` where it is given; the run stays
    as it is."""
    with reopen(store, name, [under] if under else []) as again:
        seen, source, columns = again.rulebook, again.source, again.columns
        if under:
            seen = in_currency(under, again.run.currency)
            source, columns = again.seen_by(seen) if _alike(seen, again.rulebook) else _bare(again)
        yield _desk(
            again.engine, seen, rules, source, columns, again.run.reporting_date,
            again.run.currency, again.run.id, collateral,
        )  # fmt: skip


def _alike(one: Rulebook, other: Rulebook) -> bool:
    return one.file.jurisdiction == other.file.jurisdiction


def _bare(again: Reopened) -> tuple[str, Sequence[str]]:
    """Without what the prior run decided: another jurisdiction's outcomes mean something else."""
    return "exposures", again.tape.columns


def _desk(
    engine: Engine, rulebook: Rulebook, rules: Rules, source: str, columns: Sequence[str],
    day: date, currency: str, name: str, collateral: Path,
) -> Desk:  # fmt: skip
    _loans(engine, rules.equity, source, columns, day)
    decimals = minor_digits(currency)
    found = read_collateral(engine, collateral, rules.collateral, day, decimals)
    value_assets(engine, rules.collateral, day, decimals=decimals)
    return Desk(engine, rulebook, rules, source, columns, day, currency, name, found)


def findings_of(desk: Desk, asset: str) -> tuple[Finding, ...]:
    """What was found in the collateral file's rows of one asset."""
    rows = desk.engine.rows(f"SELECT row FROM collateral WHERE asset_id = {literal(asset)}")
    own = {row for (row,) in rows}
    return tuple(found for found in desk.findings if found.row in own)


def adjust(desk: Desk) -> None:
    """Let the register of recoveries bound the maximum LTV, where the rules say so (CO-7)."""
    rules = desk.rules.collateral
    past = quantile_rates(desk.engine, rules.number("quantile"))
    bound_by_history(desk.engine, rules, past)


def _loans(
    engine: Engine, equity: EquityRules, source: str, columns: Sequence[str], day: date
) -> None:
    """The table `loans`: exposure_id, balance, and delinquent where the tape can say so."""
    late = ""
    if "oldest_unpaid_due_date" in columns:
        scope = Scope(
            {"oldest_unpaid_due_date": "date", "today": "date"}, literals={"today": f"DATE '{day}'"},
            zero_elapsed=frozenset({"oldest_unpaid_due_date"}),
        )  # fmt: skip
        limit = equity.number("delinquent_months")
        text = f"months_between(oldest_unpaid_due_date, today) > {limit}"
        late = f", {compile_value(text, scope).sql} AS delinquent"
    engine.execute(
        "CREATE OR REPLACE TABLE loans AS SELECT exposure_id, outstanding_principal AS balance"
        f"{late} FROM {source}"
    )
