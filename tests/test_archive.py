"""The archive keeps each content once, under its hash, and never half of it."""

from __future__ import annotations

import errno
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from npl_reporting.errors import NplError
from npl_reporting.evidence.archive import Archive

ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # FIPS 180-2, B.1


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """An archive whose folder is not made yet."""
    return Archive(tmp_path / "books" / "npl-archive")


def listed(archive: Archive) -> list[str]:
    """The names in the archive's folder."""
    return sorted(path.name for path in archive.folder.iterdir())


@contextmanager
def files_no_larger_than(size: int) -> Iterator[None]:
    """Let the system refuse larger files, as a quota does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_file_is_kept_under_its_hash(archive: Archive, tmp_path: Path) -> None:
    source = tmp_path / "tape.csv"
    source.write_bytes(b"abc")
    archived = archive.place(source)
    assert (archived.sha256, archived.size) == (ABC, 3)
    assert archive.open_path(ABC).read_bytes() == b"abc"
    source.write_bytes(b"changed later")
    assert archive.open_path(ABC).read_bytes() == b"abc"


def test_the_same_content_is_kept_once(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "copy").write_bytes(b"abc")
    assert archive.place_bytes(b"abc") == archive.place(tmp_path / "copy")
    assert listed(archive) == [ABC]


def test_a_large_file_is_hashed_whole(archive: Archive, tmp_path: Path) -> None:
    source = tmp_path / "million"
    source.write_bytes(b"a" * 1_000_000 + b"b" * 1_500_000)
    archived = archive.place(source)
    assert archived.size == 2_500_000
    assert archive.open_path(archived.sha256).read_bytes() == source.read_bytes()


def test_an_archived_file_may_not_be_written(archive: Archive) -> None:
    archive.place_bytes(b"abc")
    assert archive.path(ABC).stat().st_mode & 0o222 == 0


def test_a_changed_file_is_told(archive: Archive) -> None:
    archive.place_bytes(b"abc")
    archive.path(ABC).unlink()
    archive.path(ABC).write_bytes(b"abd")
    with pytest.raises(NplError, match="the content has changed: its SHA-256 is now a52d159f"):
        archive.open_path(ABC)


def test_placing_again_repairs_a_changed_file(archive: Archive) -> None:
    archive.place_bytes(b"abc")
    archive.path(ABC).unlink()
    archive.path(ABC).write_bytes(b"")
    archive.place_bytes(b"abc")
    assert archive.open_path(ABC).read_bytes() == b"abc"


def test_a_missing_file_is_told(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NplError, match=f"{ABC}: there is no such file or folder; check the name"):
        archive.open_path(ABC)
    with pytest.raises(NplError, match="no-tape.csv: there is no such file or folder"):
        archive.place(tmp_path / "no-tape.csv")


def test_a_folder_is_no_file(archive: Archive, tmp_path: Path) -> None:
    with pytest.raises(NplError, match="it is a folder, not a file; name a file"):
        archive.place(tmp_path)


def test_a_file_in_the_place_of_the_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "books").write_bytes(b"")
    for folder in (tmp_path / "books", tmp_path / "books" / "npl-archive"):
        with pytest.raises(NplError, match="a file stands where a folder is needed"):
            Archive(folder).place_bytes(b"abc")


def test_a_file_that_may_not_grow_is_told_and_leaves_nothing(archive: Archive) -> None:
    with (
        files_no_larger_than(4096),
        pytest.raises(NplError, match="npl-archive: the file would be larger than allowed here"),
    ):
        archive.place_bytes(b"a" * 100_000)
    assert listed(archive) == []


@pytest.mark.parametrize(
    ("code", "words"),
    [
        (errno.ENOSPC, "the disk is full; free some space"),
        (errno.EDQUOT, "the disk is full; free some space"),
        (errno.EROFS, "it can be read but not written; ask for write access"),
        (errno.EACCES, "access is denied; ask for access"),
    ],
)
def test_what_the_disk_refuses_is_told(
    archive: Archive, monkeypatch: pytest.MonkeyPatch, code: int, words: str
) -> None:
    def refuse(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(NplError, match=f"npl-archive: {words}"):
        archive.place_bytes(b"abc")
    assert listed(archive) == []


def test_orphans_are_the_settled_files_that_nobody_knows(archive: Archive) -> None:
    known = archive.place_bytes(b"known").sha256
    orphan = archive.place_bytes(b"orphan").sha256
    (archive.folder / ("0" * 32 + ".partial")).write_bytes(b"half of a file")
    (archive.folder / "README").write_text("not ours")
    assert archive.orphans({known}) == ()
    now = timedelta(0)
    assert archive.orphans({known}, now) == tuple(sorted((orphan, "0" * 32 + ".partial")))
    archive.remove(archive.orphans({known}, now))
    assert listed(archive) == sorted((known, "README"))


def test_an_archive_that_was_never_used_has_no_orphans(archive: Archive) -> None:
    assert archive.orphans(()) == ()
