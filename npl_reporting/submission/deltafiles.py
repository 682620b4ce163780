"""The deltas that bear on a run as files: what it archives among its inputs, and replays from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from npl_reporting.evidence.store import Store
from npl_reporting.portfolio.deltas import Deltas, read_deltas, write_deltas

NAME = "deltas.json"


def delta_files(store: Store, deltas: Deltas, folder: Path) -> tuple[Path, ...]:
    """Write the deltas into a folder, then the evidence of those in force; none for none."""
    if not deltas:
        return ()
    folder.mkdir()
    return (write_deltas(deltas, folder / NAME), *_evidence(store, deltas, folder))


def deltas_of(files: tuple[Path, ...] | None) -> Deltas:
    """The deltas that such files hold."""
    return read_deltas(files[0]) if files else Deltas()


def _evidence(store: Store, deltas: Deltas, folder: Path) -> Iterator[Path]:
    """A copy of each file of evidence, named after the delta that it is for."""
    for delta in deltas.in_force:
        target = folder / f"{delta.id}-{delta.evidence_name}"
        shutil.copyfile(store.archive.open_path(delta.evidence), target)
        yield target
