"""A folder to work in, gone when the work is done; what a killed process left is cleared away."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

_PREFIX = "npl-work-"


@contextmanager
def work_folder(parent: Path | None = None) -> Iterator[Path]:
    """Make a folder for this process alone and remove it at the end.

    It lies in `parent`, else in NPL_WORK, else where the system keeps temporary files. Its name
    says whose it is, so that the next caller can remove those whose process is gone.
    """
    place = parent or Path(os.environ.get("NPL_WORK") or tempfile.gettempdir())
    _clear(place)
    me = psutil.Process()
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{me.pid}-{int(me.create_time())}-", dir=place))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear(place: Path) -> None:
    for folder in place.glob(f"{_PREFIX}*"):
        if not _owned(folder.name):
            shutil.rmtree(folder, ignore_errors=True)


def _owned(name: str) -> bool:
    """Whether the process that a folder's name speaks of still runs."""
    pid, _, rest = name.removeprefix(_PREFIX).partition("-")
    started = rest.partition("-")[0]
    try:
        return int(psutil.Process(int(pid)).create_time()) == int(started)
    except (psutil.Error, ValueError):
        return False
