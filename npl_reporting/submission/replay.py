"""A stored run done again from nothing but its archived inputs, and compared hash by hash."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from npl_reporting import __version__
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Json, Role, Run, RunFile
from npl_reporting.evidence.reopen import tape_source
from npl_reporting.evidence.seal import INPUT_ROLES, Seal
from npl_reporting.evidence.store import Store
from npl_reporting.request import Request
from npl_reporting.returns.filing.definition import FOLDER
from npl_reporting.returns.fitting import EVERY
from npl_reporting.run import run as run_quarter
from npl_reporting.work import work_folder


@dataclass(frozen=True)
class Difference:
    """A part of a run, or a file, that came out otherwise; hashes are Merkle roots or SHA-256."""

    what: str
    stored: str
    replayed: str


@dataclass(frozen=True)
class Replayed:
    """A run and its replay: the same root means that everything is the same."""

    run: str
    stored: Seal
    replayed: Seal
    differences: tuple[Difference, ...]
    before: tuple[Replayed, ...] = ()

    @property
    def same(self) -> bool:
        """Whether the replay, and that of every run before it, gave the same."""
        return not self.differences and all(earlier.same for earlier in self.before)


@dataclass(frozen=True)
class Past:
    """A run as a replay needs it, wherever it was kept: what was asked, its files, its seal."""

    id: str
    jurisdiction: str
    reporting_date: date
    prior_run: str | None
    languages: tuple[str, ...]
    parameters: Mapping[str, Json]
    engine_version: str
    files: tuple[RunFile, ...]
    seal: Seal
    path: Callable[[RunFile], Path]


Find = Callable[[str], Past]
_PLACES: Mapping[str, tuple[str, ...]] = {
    "report_definition": ("reports", EVERY),
    "filing_definition": ("reports", EVERY, FOLDER),
}


def replay(store: Store, name: str) -> Replayed:
    """Derive a run again in an empty store, after the runs that it builds on."""
    return replay_past(lambda run: kept_run(store, run), store.run(name).id)


def replay_past(find: Find, name: str) -> Replayed:
    """Derive a run again from what is found under its id."""
    with work_folder() as work:
        return _replay(find, Store(f"sqlite:///{work / 'replay.db'}"), find(name), work)


def kept_run(store: Store, name: str) -> Past:
    """A run as a store keeps it."""
    run = store.run(name)
    return Past(
        run.id, run.jurisdiction, run.reporting_date, run.prior_run, run.languages,
        run.parameters, run.engine_version, store.files(run.id), store.seals.of(run.id),
        lambda file: store.archive.open_path(file.sha256),
    )  # fmt: skip


def _replay(find: Find, empty: Store, past: Past, work: Path) -> Replayed:
    before: tuple[Replayed, ...] = ()
    if past.prior_run:
        before = (_replay(find, empty, find(past.prior_run), work),)
    _same_version(past)
    folder = work / past.id
    folder.mkdir()
    again = run_quarter(request_of(past, folder), empty).run
    differences = tuple(_differences(past, empty, again))
    return Replayed(past.id, past.seal, empty.seals.of(again.id), differences, before)


def request_of(past: Past, folder: Path) -> Request:
    """What a run was asked to do, its inputs copied into a folder."""
    of: dict[Role, list[Path]] = {}
    for file in past.files:
        if file.role in INPUT_ROLES:
            of.setdefault(file.role, []).append(_copied(past, file, folder))
    changes = past.parameters.get("changes")
    return Request(
        tape=tape_source(
            past.parameters,
            of["tape"][0],
            _first(of, "mapping"),
            _first(of, "schedule"),
            _first(of, "rates"),
        ),
        rules=str(of["rulebook"][0]),
        reporting_date=past.reporting_date,
        prior=past.prior_run,
        quarantine=bool(past.parameters.get("quarantine")),
        control=_first(of, "control"),
        languages=past.languages,
        changes={k: str(v) for k, v in changes.items()} if isinstance(changes, Mapping) else {},
        printed=bool(past.parameters.get("printed")),
        approved=bool(past.parameters.get("approved")),
        policy=_first(of, "policy"),
        exits=_first(of, "exits"),
        comments=_first(of, "comments"),
        entity=str(past.parameters.get("entity") or ""),
        deltas=(*of.get("deltas", ()), *of.get("evidence", ())),
        reports=folder / "reports",
        later_rulebook=str(past.parameters.get("later_rulebook") or ""),
    )


def _first(of: dict[Role, list[Path]], role: Role) -> Path | None:
    return of[role][0] if role in of else None


def _copied(past: Past, file: RunFile, folder: Path) -> Path:
    """A copy under the name that the file had; reports lie where their readers look for them."""
    parts = _PLACES.get(file.role, (file.role,))
    target = folder.joinpath(*parts, file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(past.path(file), target)
    return target


def _differences(past: Past, empty: Store, again: Run) -> Iterator[Difference]:
    if past.id != again.id:
        yield Difference("run", past.id, again.id)
    replayed = empty.seals.of(again.id).parts
    for part, tree in past.seal.parts.items():
        if tree != replayed[part]:
            yield Difference(part, tree.root, replayed[part].root)
    ours = {(f.role, f.name): f.sha256 for f in past.files}
    theirs = {(f.role, f.name): f.sha256 for f in empty.files(again.id)}
    for place, one in ours.items():
        other = theirs.get(place, "")
        if one != other:
            yield Difference("/".join(place), one, other)


def _same_version(past: Past) -> None:
    if past.engine_version != __version__:
        what = f"run {past.id} was made by npl-reporting {past.engine_version}, not {__version__}"
        raise NplError(Problem(what, f"replay it with npl-reporting {past.engine_version}"))
