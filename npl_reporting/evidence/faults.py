"""What a disk or a database can refuse, in words with a remedy; anything else is a bug."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError

from npl_reporting.errors import NplError, Problem

Words = tuple[str, str]

_FULL = ("the disk is full", "free some space and run the command again; nothing was stored")
_READ_ONLY = (
    "it can be read but not written",
    "ask for write access, or name another store with --store",
)
_DENIED = ("access is denied", "ask for access to it, or name another place")
_UNWRITTEN = (
    "the disk refused to read or write it",
    "check the disk, its quota and the connection to it, then run the command again",
)
_LOCKED = (
    "another process holds it locked",
    "wait until that process has finished, then run the command again",
)
_UNREACHABLE = (
    "the database cannot be reached",
    "check that it runs and that host, port and name in the address are right",
)

_BY_SQLITE_NAME: dict[str, Words] = {
    "SQLITE_FULL": _FULL,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_PERM": _DENIED,
    "SQLITE_IOERR": _UNWRITTEN,
    "SQLITE_BUSY": _LOCKED,
    "SQLITE_LOCKED": _LOCKED,
    "SQLITE_CANTOPEN": (
        "it cannot be opened",
        "check that its folder exists and may be written in, and that it is not itself a folder",
    ),
    "SQLITE_NOTADB": (
        "it is not a database file",
        "name the store that you mean with --store, or a file that does not exist yet",
    ),
    "SQLITE_CORRUPT": (
        "the database file is damaged",
        "restore it from a backup; keep the damaged file for examination",
    ),
}

_BY_SQLSTATE: dict[str, Words] = {
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _DENIED,
    "55P03": _LOCKED,
    "08": _UNREACHABLE,
    "57P": _UNREACHABLE,
    "3D000": ("there is no such database", "create it, or correct the address"),
    "28": ("the database refused the sign-in", "check user and password in the address"),
}

_BY_ERRNO: dict[int, Words] = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: ("the file would be larger than allowed here", "raise the limit on file size"),
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _DENIED,
    errno.EPERM: _DENIED,
    errno.ENOENT: ("there is no such file or folder", "check the name"),
    errno.EISDIR: ("it is a folder, not a file", "name a file"),
    errno.ENOTDIR: ("a file stands where a folder is needed", "name another place"),
    errno.EEXIST: ("a file stands where a folder is needed", "name another place"),
    errno.EIO: _UNWRITTEN,
    errno.ENAMETOOLONG: ("the name is too long for this disk", "name another place"),
}


@contextmanager
def database(place: str) -> Iterator[None]:
    """Turn what the database at `place` refuses into an NplError that says what to do."""
    try:
        yield
    except DBAPIError as error:
        words = _database_words(error)
        if words is None:
            raise
        raise NplError(Problem(*words, file=place)) from error


@contextmanager
def files(place: str) -> Iterator[None]:
    """Turn what the disk refuses at `place` into an NplError that says what to do."""
    try:
        yield
    except OSError as error:
        words = _BY_ERRNO.get(error.errno or 0)
        if words is None:
            raise
        raise NplError(Problem(*words, file=place)) from error


def _database_words(error: DBAPIError) -> Words | None:
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return _longest_prefix(_BY_SQLITE_NAME, name)
    state = getattr(error.orig, "sqlstate", None)
    if state is not None:
        return _longest_prefix(_BY_SQLSTATE, state)
    # A server that does not answer has no state to give.
    return _UNREACHABLE if error.connection_invalidated or _never_connected(error) else None


def _never_connected(error: DBAPIError) -> bool:
    return error.statement is None and type(error).__name__ == "OperationalError"


def _longest_prefix(table: dict[str, Words], code: str) -> Words | None:
    """Find the words of a code, or of the family that it belongs to."""
    matches = [prefix for prefix in table if code.startswith(prefix)]
    return table[max(matches, key=len)] if matches else None
