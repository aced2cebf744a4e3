"""Where a command works: the settings of the current folder, and the library opened with them."""

from __future__ import annotations

import asyncio
import os
import pwd
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from teckochecker.application.actor import Actor
from teckochecker.entrypoints.cli.answer import Refused
from teckochecker.entrypoints.settings import Settings

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container
    from teckochecker.entrypoints.library import TeckoChecker

_SQLITE: Final = "sqlite:///"


def dotenv() -> Path:
    """The `.env` of the folder that the command was called in."""
    return Path.cwd() / ".env"


def settings() -> Settings:
    """The settings: the environment over `.env`.

    Raises:
        SettingsError: every fault at once.
    """
    return Settings.load(os.environ, dotenv())


def database_file(settings: Settings) -> Path | None:
    """The file that the database is, if it is one."""
    url = settings.database_url
    return Path(url.removeprefix(_SQLITE).partition("?")[0]) if url.startswith(_SQLITE) else None


def mount_advice(settings: Settings, mounts: Path | None = None) -> str | None:
    """What to say when the database file is a mount point. `mounts` is read instead of what Linux tells."""
    from teckochecker.adapters.sql.file import MOUNTS, mounted_alone

    file = database_file(settings)
    if not file or not mounted_alone(file, mounts or MOUNTS):
        return None
    return f"{file} is mounted by itself; mount its folder instead, so that SQLite can keep its files together"


@asynccontextmanager
async def parts(known: Settings | None = None, *, prepare: bool = True) -> AsyncGenerator[Container]:
    """All parts on the database of the settings, which is made or migrated if it has to be.

    The settings are those of this folder, unless they are `known`. Without `prepare` the database is taken as it is.

    Raises:
        SettingsError, StorageUnavailable: it cannot be opened.
        Refused: the database belongs to somebody else.
    """
    found = known or settings()
    file = database_file(found)
    if file and file.exists():
        refuse_strangers(file, file.stat().st_uid, os.geteuid())
    from teckochecker.entrypoints.container import Container, running

    async with running(Container(settings=found, actor=somebody())) as container:
        if prepare:
            await container.schema()()
        yield container


def make_apart(known: Settings) -> None:
    """Make or migrate the database in a process of its own: what that loads (11 MiB), a service would keep to its end.

    What goes wrong in it is told by whoever opens the database next.
    """
    # loaded here, so that it is loaded once
    import teckochecker.adapters.sql.migrations
    import teckochecker.entrypoints.container  # noqa: F401

    async def make() -> None:
        async with parts(known):
            pass

    child = os.fork()
    if child == 0:
        try:
            asyncio.run(make())
        finally:
            os._exit(0)
    os.waitpid(child, 0)


@asynccontextmanager
async def library() -> AsyncGenerator[TeckoChecker]:
    """The library on the database of the settings.

    Raises:
        SettingsError, StorageUnavailable, Refused: as `parts`.
    """
    from teckochecker.entrypoints.library import TeckoChecker

    async with parts() as container:
        yield TeckoChecker(container)


def refuse_strangers(file: Path, owner: int, us: int) -> None:
    """SQLite makes files beside the database; made by another user they would keep its owner out.

    Root may: what it makes there, SQLite hands to the owner of the database.

    Raises:
        Refused: `us` is neither.
    """
    if us not in (owner, 0):
        name = _user(owner)
        raise Refused(f"The database {file} belongs to {name}; run this command as that user: sudo -u {name} …")


def somebody() -> Actor:
    """Who works at the command line. Whoever may read the database and its key may do everything."""
    return Actor(name=_user(os.geteuid()), peer="command line")


def _user(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"
