"""Files that leave the store, as events: who took which, of which run."""

from __future__ import annotations

from collections.abc import Iterable

from npl_reporting.evidence.people import system_user
from npl_reporting.evidence.records import RunFile
from npl_reporting.evidence.store import Store

EXPORT = "run.export"


def tell_export(
    store: Store, run: str, files: Iterable[RunFile], person: str | None = None, role: str = ""
) -> None:
    """Write into the log that files of a run were handed out, to the system's user if to nobody else."""
    told = {"files": {file.name: file.sha256 for file in files}}
    store.log.append(person or system_user(), EXPORT, run, told, role)
