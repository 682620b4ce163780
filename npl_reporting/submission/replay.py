"""A stored run done again from nothing but its archived inputs, and compared hash by hash."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from npl_reporting import __version__
from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence.records import Role, Run, RunFile
from npl_reporting.evidence.reopen import tape_source
from npl_reporting.evidence.seal import INPUT_ROLES, Seal
from npl_reporting.evidence.store import Store
from npl_reporting.request import Request
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


def replay(store: Store, name: str) -> Replayed:
    """Derive a run again in an empty store, after the runs that it builds on."""
    with work_folder() as work:
        return _replay(store, Store(f"sqlite:///{work / 'replay.db'}"), store.run(name), work)


def _replay(store: Store, empty: Store, run: Run, work: Path) -> Replayed:
    before: tuple[Replayed, ...] = ()
    if run.prior_run:
        before = (_replay(store, empty, store.run(run.prior_run), work),)
    _same_version(run)
    folder = work / run.id
    folder.mkdir()
    again = run_quarter(request_of(store, run, folder), empty).run
    differences = tuple(_differences(store, run, empty, again))
    return Replayed(run.id, store.seals.of(run.id), empty.seals.of(again.id), differences, before)


def request_of(store: Store, run: Run, folder: Path) -> Request:
    """What a run was asked to do, its inputs copied from the archive into a folder."""
    files = [file for file in store.files(run.id) if file.role in INPUT_ROLES]
    copies = {(file.role, file.name): _copied(store, run, file, folder) for file in files}
    of = {role: [path for (kind, _), path in copies.items() if kind == role] for role, _ in copies}
    changes = run.parameters.get("changes")
    return Request(
        tape=tape_source(run, of["tape"][0], _first(of, "mapping"), _first(of, "schedule")),
        rules=str(of["rulebook"][0]),
        reporting_date=run.reporting_date,
        prior=run.prior_run,
        quarantine=bool(run.parameters.get("quarantine")),
        control=_first(of, "control"),
        languages=run.languages,
        changes=dict(changes) if isinstance(changes, dict) else {},
        printed=bool(run.parameters.get("printed")),
        policy=_first(of, "policy"),
        reports=folder / "reports",
        later_rulebook=str(run.parameters.get("later_rulebook") or ""),
    )


def _first(of: dict[Role, list[Path]], role: Role) -> Path | None:
    return of[role][0] if role in of else None


def _copied(store: Store, run: Run, file: RunFile, folder: Path) -> Path:
    """A copy under the name that the file had; reports lie where their readers look for them."""
    parts = ("reports", run.jurisdiction) if file.role == "report_definition" else (file.role,)
    target = folder.joinpath(*parts, file.name)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(store.archive.open_path(file.sha256), target)
    return target


def _differences(store: Store, run: Run, empty: Store, again: Run) -> Iterator[Difference]:
    if run.id != again.id:
        yield Difference("run", run.id, again.id)
    stored, replayed = store.seals.of(run.id).parts, empty.seals.of(again.id).parts
    for part, tree in stored.items():
        if tree != replayed[part]:
            yield Difference(part, tree.root, replayed[part].root)
    ours = {(f.role, f.name): f.sha256 for f in store.files(run.id)}
    theirs = {(f.role, f.name): f.sha256 for f in empty.files(again.id)}
    for place in dict.fromkeys((*ours, *theirs)):
        one, other = ours.get(place, ""), theirs.get(place, "")
        if one != other:
            yield Difference("/".join(place), one, other)


def _same_version(run: Run) -> None:
    if run.engine_version != __version__:
        what = f"run {run.id} was made by npl-reporting {run.engine_version}, this is {__version__}"
        raise NplError(Problem(what, f"replay it with npl-reporting {run.engine_version}"))
