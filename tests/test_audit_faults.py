"""Sign-offs and packages that are killed, out of room, or tried twice at once: whole or absent."""

from __future__ import annotations

import multiprocessing
import os
import random
import resource
import time
import zipfile
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
from stored_run import RUN, save
from test_submission import NAME, Office

from npl_reporting.errors import NplError
from npl_reporting.evidence.signing import make_key
from npl_reporting.evidence.verify import verify
from npl_reporting.submission import verifier
from npl_reporting.submission.package import package
from npl_reporting.submission.steps import find

FORK = multiprocessing.get_context("fork")
MOMENTS = 50


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    folder = tmp_path_factory.mktemp("faults")
    office = Office(folder)
    make_key(folder / "key.pem")
    office.desk("preparer").create(RUN.id)
    office.accept_all()
    return office


def folder_of(office: Office) -> Path:
    return Path(office.store.place).parent


def killed(work: Callable[[], object], after: float) -> bool:
    """Start work in a process of its own and kill it; tell whether it had ended before."""
    child = FORK.Process(target=work)
    child.start()
    time.sleep(after)
    child.kill()
    child.join()
    return child.exitcode == 0


def moments(work: Callable[[], object], number: int) -> list[float]:
    """Random moments in the time that the work takes."""
    started = time.monotonic()
    child = FORK.Process(target=work)
    child.start()
    child.join()
    taken = time.monotonic() - started
    return [random.Random(number + n).uniform(0, taken) for n in range(number)]


@pytest.mark.slow
def test_a_sign_off_killed_at_50_moments_is_whole_or_absent(office: Office) -> None:
    def review() -> None:
        office.desk("reviewer").review(NAME)

    seen: set[str] = set()
    for after in moments(review, MOMENTS):
        if find(office.store, NAME).state == "reviewed":
            office.desk("reviewer").reopen(NAME, "once more")
        before = office.store.log.head().size
        killed(review, after)
        state, size = find(office.store, NAME).state, office.store.log.head().size
        assert (state, size) in (("draft", before), ("reviewed", before + 1))
        seen.add(state)
    assert verify(office.store).sound
    if find(office.store, NAME).state == "draft":
        office.desk("reviewer").review(NAME)
    assert seen


@pytest.mark.slow
def test_a_package_killed_at_50_moments_is_whole_or_absent(office: Office) -> None:
    if find(office.store, NAME).state == "draft":
        office.desk("reviewer").review(NAME)
    folder = folder_of(office)
    target = folder / "out" / f"{NAME}-v1.zip"

    def pack() -> None:
        package(office.desk("approver"), NAME, folder / "key.pem", folder / "out")

    for after in moments(pack, MOMENTS):
        target.unlink(missing_ok=True)
        killed(pack, after)
        assert not target.exists() or verifier.check(str(target)) == []
    pack()
    assert verifier.check(str(target)) == []
    assert not list((folder / "out").glob("*.part"))
    assert verify(office.store).sound


@pytest.mark.slow
def test_a_run_killed_at_50_moments_of_saving_is_whole_or_absent(office: Office) -> None:
    for number in range(MOMENTS):
        run = replace(RUN, id=f"XX-2024-12-31-{number:08x}")
        killed(partial(save, office.store, run), random.Random(number).uniform(0, 0.4))
        assert {r.id for r in office.store.runs()} >= {RUN.id}
        save(office.store, run)
    verified = verify(office.store)
    assert (verified.faults, verified.runs) == ((), MOMENTS + 1)


def test_no_room_for_a_package_is_told_and_leaves_none(office: Office, tmp_path: Path) -> None:
    if find(office.store, NAME).state == "draft":
        office.desk("reviewer").review(NAME)
    key = folder_of(office) / "key.pem"

    def cramped() -> None:
        size = Path(office.store.place).stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 65536, size + 65536))
        (tmp_path / "full").mkdir()
        blocked = b"x" * (size + 65536)
        verifier.put = _too_much(blocked)
        try:
            package(office.desk("approver"), NAME, key, tmp_path / "full")
        except NplError as error:
            os._exit(7 if "larger than allowed" in str(error) else 8)

    child = FORK.Process(target=cramped)
    child.start()
    child.join()
    assert child.exitcode == 7
    assert list((tmp_path / "full").iterdir()) == []


def _too_much(content: bytes) -> Callable[..., None]:
    """Write more than there is room for in place of the first file."""

    def put(archive: zipfile.ZipFile, name: str, source: object, size: int) -> None:
        archive.writestr(name, content + b"more")

    return put


def _sign(office: Office) -> None:
    try:
        office.desk("reviewer").review(NAME)
    except NplError as error:
        os._exit(3 if "so it cannot review" in str(error) else 4)


def test_two_reviewers_at_once_sign_once(office: Office) -> None:
    if find(office.store, NAME).state == "reviewed":
        office.desk("reviewer").reopen(NAME, "once more")
    workers = [FORK.Process(target=_sign, args=(office,)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(worker.exitcode or 0 for worker in workers) == [0, 3, 3]
    assert verify(office.store).sound
