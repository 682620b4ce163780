"""A package taken apart again, so that its run can be derived on a machine without the store."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

from npl_reporting.errors import DataError, NplError, Problem
from npl_reporting.evidence.records import RunFile
from npl_reporting.evidence.sealing import as_seal
from npl_reporting.submission import verifier
from npl_reporting.submission.replay import Past, Replayed, replay_past
from npl_reporting.work import work_folder

_ASKED = (
    "id", "jurisdiction", "prior_run", "languages", "parameters", "engine_version",
)  # fmt: skip


def own_place(file: RunFile) -> str:
    """Where a file of the submitted run lies in a package."""
    return f"files/{file.role}/{file.name}"


def earlier_place(run: str, file: RunFile) -> str:
    """Where an input of an earlier run lies in a package."""
    return f"before/{run}/{file.role}/{file.name}"


def asked(past: Past) -> dict[str, Any]:
    """What a run was asked to do, as JSON has it."""
    return {
        **{name: getattr(past, name) for name in _ASKED},
        "reporting_date": past.reporting_date.isoformat(),
        "files": [asdict(file) for file in past.files],
        "seal": past.seal.plain(),
    }


def replay_package(path: Path) -> Replayed:
    """Derive a package's run again from what is in it; DataError if the package was changed."""
    faults = verifier.check(str(path))
    if faults:
        remedy = "take the package as it was handed out"
        raise DataError(*(Problem(fault, remedy, str(path)) for fault in faults))
    with work_folder() as work, zipfile.ZipFile(path) as archive:
        archive.extractall(work)
        runs = json.loads(archive.read("replay.json"))
        found = {run["id"]: _past(run, work, own=run is runs[0]) for run in runs}
        return replay_past(found.__getitem__, runs[0]["id"])


def _past(run: Mapping[str, Any], folder: Path, *, own: bool) -> Past:
    def path(file: RunFile) -> Path:
        return folder / (own_place(file) if own else earlier_place(run["id"], file))

    if any(".." in Path(file["name"]).parts for file in run["files"]):
        raise NplError(Problem("a file's name leads out of the package", "do not use it"))
    return Past(
        **{name: run[name] for name in _ASKED if name != "languages"},
        languages=tuple(run["languages"]),
        reporting_date=date.fromisoformat(run["reporting_date"]),
        files=tuple(RunFile(**file) for file in run["files"]),
        seal=as_seal(run["seal"]),
        path=path,
    )
