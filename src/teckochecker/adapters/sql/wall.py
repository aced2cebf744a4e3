"""Where the exceptions of databases end: what a person reads instead of them."""

from __future__ import annotations

import os
import pwd
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import sqlalchemy as sa
from sqlalchemy.engine import URL

from teckochecker.application.errors import Conflict, StorageUnavailable
from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.domain.values import cleaned

_SQLITE: Final = {
    "SQLITE_BUSY": "The database {file} is busy: another process keeps it to itself; try again in a moment",
    "SQLITE_LOCKED": "The database {file} is busy: another process keeps it to itself; try again in a moment",
    "SQLITE_FULL": "The disk of the database {file} is full; make room and try again",
    "SQLITE_NOTADB": "{file} is not a database; name another file in DATABASE_URL",
    "SQLITE_CORRUPT": "The database {file} is damaged; stop the service and restore a backup",
    "SQLITE_IOERR": "The disk of the database {file} does not answer; look after the disk and try again",
    "SQLITE_READONLY": "The database {file} cannot be written; look at the rights of the file and its folder",
    "SQLITE_PERM": "The database {file} cannot be opened; look at the rights of the file and its folder",
    "SQLITE_CANTOPEN": "The database {file} cannot be opened; look at the rights of the file and its folder",
}
_TOO_LARGE: Final = "A number is too large: there is nothing of that ID"
_NO_TABLES: Final = "There is no TeckoChecker database at {place} yet; make it with `teckochecker init`"


@contextmanager
def wall(url: URL) -> Iterator[None]:
    """Let no foreign exception of the database at `url` pass.

    Raises:
        StorageUnavailable: the database is busy, gone, full, damaged or no database.
        Conflict: a rule of the schema refused the write.
        InvalidValue: a number is larger than the database can hold.
    """
    try:
        yield
    except OverflowError as error:
        raise InvalidValue(_TOO_LARGE) from error
    except (sa.exc.SQLAlchemyError, sqlite3.Error, OSError) as error:
        raise _told(error, url) from error


def _told(error: Exception, url: URL) -> TeckoCheckerError:
    cause: BaseException = getattr(error, "orig", None) or error
    if isinstance(error, sa.exc.IntegrityError):
        return Conflict(f"Somebody else changed the same thing at the same time; look again ({_first_line(cause)})")
    if isinstance(error, sa.exc.TimeoutError):
        return StorageUnavailable("The database is busy: all its connections are in use; try again in a moment")
    if url.get_backend_name() == "sqlite":
        return StorageUnavailable(_of_sqlite(cause, Path(url.database or "")))
    if getattr(cause, "sqlstate", None) == "22003":
        return InvalidValue(_TOO_LARGE)
    place = f"{url.host or 'local socket'}, database {url.database}"
    if getattr(cause, "sqlstate", None) == "42P01":
        return StorageUnavailable(_NO_TABLES.format(place=place))
    return StorageUnavailable(f"The database does not answer ({place}): {_first_line(cause)}")


def _of_sqlite(cause: BaseException, file: Path) -> str:
    if not file.parent.is_dir():
        return f"The folder {file.parent} of the database does not exist; make it first"
    if not file.exists() or "no such table" in str(cause):
        return _NO_TABLES.format(place=file)
    name = getattr(cause, "sqlite_errorname", "")
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_PERM")) and (owner := _other_owner(file)):
        return f"The database {file} belongs to user {owner}; run this as that user"
    for known, sentence in _SQLITE.items():
        if name.startswith(known):
            return sentence.format(file=file)
    return f"The database {file} cannot be used: {_first_line(cause)}"


def _other_owner(file: Path) -> str | None:
    owner = file.stat().st_uid
    if owner == os.geteuid():
        return None
    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return str(owner)


def _first_line(error: BaseException) -> str:
    return cleaned(str(error).partition("\n")[0], 300) or type(error).__name__
