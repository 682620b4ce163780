"""A folder of files named by their SHA-256: what was in force is what is kept."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

from npl_reporting.errors import NplError, Problem
from npl_reporting.evidence import faults

_CHUNK = 1 << 20
_PARTIAL = ".partial"
_HEX = frozenset("0123456789abcdef")
_SETTLED = timedelta(days=1)


@dataclass(frozen=True)
class Archived:
    """A file in the archive: its name there, and its size in bytes."""

    sha256: str
    size: int


class Archive:
    """The archive in one folder, which is made when the first file is placed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, source: Path) -> Archived:
        """Copy a file into the archive; the same content is kept once."""
        with faults.files(str(source)), source.open("rb") as opened:
            return self._write(_chunks(iter(lambda: opened.read(_CHUNK), b""), str(source)))

    def place_bytes(self, content: bytes) -> Archived:
        """Put content into the archive; the same content is kept once."""
        return self._write((content,))

    def path(self, sha256: str) -> Path:
        """Where the file of that hash lies, or would lie."""
        return self.folder / sha256

    def holds(self, sha256: str) -> bool:
        """Tell whether the archive has the file."""
        return self.path(sha256).is_file()

    def open_path(self, sha256: str) -> Path:
        """Where the file lies; NplError if it is missing or its content is no longer its name."""
        path = self.path(sha256)
        with faults.files(str(path)), path.open("rb") as opened:
            found = hashlib.file_digest(opened, "sha256").hexdigest()
        if found != sha256:
            raise NplError(
                Problem(
                    f"the content has changed: its SHA-256 is now {found}",
                    "restore the file from a backup",
                    file=str(path),
                )
            )
        return path

    def orphans(self, known: Collection[str], age: timedelta = _SETTLED) -> tuple[str, ...]:
        """Names of settled files that no run knows: left by a run that did not finish."""
        if not self.folder.is_dir():
            return ()
        with faults.files(str(self.folder)):
            latest = time.time() - age.total_seconds()
            return tuple(
                sorted(
                    path.name
                    for path in self.folder.iterdir()
                    if _ours(path.name) and path.name not in known and _older(path, latest)
                )
            )

    def remove(self, names: Iterable[str]) -> None:
        """Delete the files named; one that is gone already is no error."""
        for name in names:
            with faults.files(str(self.folder / name)):
                (self.folder / name).unlink(missing_ok=True)

    def _write(self, chunks: Iterable[bytes]) -> Archived:
        """Write a partial file, then give it its name: a crash leaves no wrong file."""
        with faults.files(str(self.folder)):
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = self.folder / f"{uuid4().hex}{_PARTIAL}"
            try:
                archived = _copy(chunks, partial)
                # Replaces even a file of the same name: it may have been damaged since.
                partial.replace(self.path(archived.sha256))
            finally:
                partial.unlink(missing_ok=True)
            _sync_folder(self.folder)
            return archived


def _chunks(blocks: Iterator[bytes], place: str) -> Iterator[bytes]:
    """Pass the blocks on; what the disk refuses in reading is said of the file read."""
    with faults.files(place):
        yield from blocks


def _copy(chunks: Iterable[bytes], target: Path) -> Archived:
    digest, size = hashlib.sha256(), 0
    with target.open("xb") as opened:
        for chunk in chunks:
            digest.update(chunk)
            size += opened.write(chunk)
        opened.flush()
        os.fchmod(opened.fileno(), 0o444)
        os.fsync(opened.fileno())
    return Archived(digest.hexdigest(), size)


def _sync_folder(folder: Path) -> None:
    """Make the new name last: a rename is on disk only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _older(path: Path, latest: float) -> bool:
    """Tell whether the file was last written by then; one that has just gone was not."""
    try:
        return path.stat().st_mtime <= latest
    except FileNotFoundError:
        return False


def _ours(name: str) -> bool:
    stem = name.removesuffix(_PARTIAL)
    return len(stem) in (32, 64) and set(stem) <= _HEX
