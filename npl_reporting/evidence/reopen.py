"""A stored run's inputs, opened again: the archived tape under the archived rulebook."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting.engine import Engine
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Json, Role, Run, RunFile
from npl_reporting.evidence.store import Store
from npl_reporting.law.joint import joint_columns
from npl_reporting.law.policy import with_policy
from npl_reporting.law.rulebook import Rulebook
from npl_reporting.law.shelf import load_rulebook
from npl_reporting.portfolio.again import Kept, declare_kept
from npl_reporting.portfolio.exchange import flow_rate
from npl_reporting.portfolio.prior import join_prior
from npl_reporting.portfolio.tape import Tape, TapeSource, Terms, read_tape
from npl_reporting.work import work_folder


@dataclass(frozen=True)
class Reopened:
    """A run's tape in an engine of its own, and its rulebook.

    `source` is the relation of exposures, with what the prior run left of them; `columns` are its
    columns. `prior` is what the prior run decided, and its reporting date.
    """

    run: Run
    engine: Engine
    rulebook: Rulebook
    tape: Tape
    source: str
    columns: Sequence[str]
    prior: tuple[Path, date] | None

    def seen_by(self, rulebook: Rulebook) -> tuple[str, Sequence[str]]:
        """The relation of exposures and its columns as another rulebook sees them."""
        if self.prior is None:
            return "exposures", self.tape.columns
        return join_prior(self.engine, rulebook, *self.prior, self.tape.columns)


@contextmanager
def reopen(store: Store, name: str, others: Sequence[Rulebook] = ()) -> Iterator[Reopened]:
    """Read the tape of a stored run again, from the archive; its hash is checked on the way.

    `others` are further rulebooks that are to see it: it is then read with the columns of all,
    and without defaults, which each of them has its own.
    """
    run = store.run(name)
    files = store.files(run.id)
    with work_folder() as work:
        rulebook = _rulebook(store, run, files, work)
        source = _source(store, run, files, work)
        columns_of_all = joint_columns([rulebook, *others]) if others else rulebook.columns
        taken = (*(f.name for f in rulebook.facts), *(d.name for d in rulebook.decisions))
        order = rulebook.file.appropriation
        before = store.run(run.prior_run).reporting_date if run.prior_run else None
        flow = flow_rate(rulebook.file.movement.flow_rate, run.reporting_date, before)
        terms = Terms(columns_of_all, run.currency, run.reporting_date, taken, order, flow)
        prior = decisions_of(store, run.prior_run)
        with Engine(work, [*source.files, *([prior] if prior else [])]) as engine:
            quarantine = bool(run.parameters.get("quarantine"))
            tape = read_tape(engine, source, terms, quarantine=quarantine)
            relation, columns = "exposures", tuple(tape.columns)
            left: tuple[Path, date] | None = None
            if prior and before:
                left = (prior, before)
                relation, columns = join_prior(engine, rulebook, *left, columns)
            yield Reopened(run, engine, rulebook, tape, relation, columns, left)


@contextmanager
def kept_by(store: Store, name: str) -> Iterator[Kept | None]:
    """What a stored run decided, in an engine of its own; None where persons overrode the rules."""
    run = store.run(name)
    decisions = decisions_of(store, run.id)
    if decisions is None or run.parameters.get("deltas"):
        yield None
        return
    with work_folder() as work:
        rulebook = _rulebook(store, run, store.files(run.id), work)
        with Engine(work, [decisions]) as engine:
            yield declare_kept(engine, decisions, rulebook, run.reporting_date)


def decisions_of(store: Store, name: str | None) -> Path | None:
    """Where the archive keeps what a run decided; None for no run."""
    if name is None:
        return None
    kept = [file for file in store.files(name) if file.name == "decisions.parquet"]
    if not kept:
        raise NplError(Problem(f"the run {name} kept no decisions", "restore the archive"))
    return store.archive.open_path(kept[0].sha256)


def archived_rulebook(store: Store, name: str, folder: Path) -> Rulebook:
    """The rulebook of a stored run, from the archive by way of a file in `folder`."""
    run = store.run(name)
    return _rulebook(store, run, store.files(run.id), folder)


def _rulebook(store: Store, run: Run, files: tuple[RunFile, ...], work: Path) -> Rulebook:
    path = _copied(store, _one(files, "rulebook"), work)
    policy = _any(store, files, "policy", work)
    called = run.parameters.get("changes") if policy else None
    changes = {
        name: _text(used.value)
        for name, used in run.settings.items()
        if used.changed and (not isinstance(called, dict) or name in called)
    }
    law = load_rulebook(str(path), changes=changes)
    return with_policy(law, policy) if policy else law


def _text(value: str) -> str:
    return value.lower() if value in ("True", "False") else value


def _source(store: Store, run: Run, files: tuple[RunFile, ...], work: Path) -> TapeSource:
    mapping = _any(store, files, "mapping", work)
    schedule = _any(store, files, "schedule", work)
    rates = _any(store, files, "rates", work)
    tape = _copied(store, _one(files, "tape"), work)
    return tape_source(run.parameters, tape, mapping, schedule, rates)


def tape_source(
    parameters: Mapping[str, Json],
    tape: Path,
    mapping: Path | None,
    schedule: Path | None = None,
    rates: Path | None = None,
) -> TapeSource:
    """How a run of these parameters read its tape, for a copy of it."""
    encoding, delimiter, sheet = json.loads(str(parameters["reading"]))
    return TapeSource(tape, encoding, delimiter, sheet, mapping, schedule, rates)


def _any(store: Store, files: tuple[RunFile, ...], role: Role, work: Path) -> Path | None:
    """A copy of the file of a role that a run need not have."""
    found = [file for file in files if file.role == role]
    return _copied(store, found[0], work) if found else None


def _one(files: tuple[RunFile, ...], role: Role) -> RunFile:
    found = [file for file in files if file.role == role]
    if not found:
        raise NplError(Problem(f"the run kept no {role}", "restore the archive"))
    return found[0]


def _copied(store: Store, file: RunFile, work: Path) -> Path:
    """A copy of an archived file under its own name, so that its suffix says what it is."""
    target = work / file.role / file.name
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(store.archive.open_path(file.sha256), target)
    return target
