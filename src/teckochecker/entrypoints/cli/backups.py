"""teckochecker db backup, restore and copy: a database as a whole."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from attrs import evolve

from teckochecker.domain.errors import InvalidValue
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.asking import confirm
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import parts, settings
from teckochecker.entrypoints.cli.screen import plain
from teckochecker.entrypoints.readers import database
from teckochecker.entrypoints.settings import Settings


async def backup(file: Path, /) -> Answer:
    """Write everything into one file, as of one moment, while the service runs.

    Parameters
    ----------
    file
        A file that is not there yet; it restores into SQLite and PostgreSQL alike
    """
    from teckochecker.adapters.sql.backup import back_up

    async with parts() as container:
        held = await back_up(container.engine(), file)
    return _done(f"Backed up into {file}", held)


async def restore(file: Path, /, *, force: Flag = False) -> Answer:
    """Replace everything by what a backup holds, whole or not at all. The service has to be stopped.

    Before a run of a restored job is started, Keboola is asked whether it has run since the backup.

    Parameters
    ----------
    file
        What `db backup` wrote
    force
        Do not ask first
    """
    from teckochecker.adapters.sql.backup import read_backup, rows_of
    from teckochecker.adapters.sql.backup import restore as replace
    from teckochecker.adapters.sql.survey import refuse_alive

    known = settings()
    shown = plain(known.database_shown)
    async with read_backup(file) as saved, parts() as container:
        await _try_key(known, f"sqlite:///{saved.url.database}")
        at = datetime.now(UTC)
        await refuse_alive(container.engine(), at=at)
        present, coming = _counted(await rows_of(container.engine())), _counted(await rows_of(saved))
        confirm(f"Are you sure you want to replace {shown}? It holds {present}; {file} holds {coming}.", force=force)
        held = await replace(saved, container.engine(), at=at)
    return _done(f"Restored {shown} from {file}", held)


async def copy(*, to: str) -> Answer:
    """Copy everything into another, empty database, such as from SQLite to PostgreSQL. The service has to be stopped.

    Parameters
    ----------
    to
        The address of the other database, as DATABASE_URL has it
    """
    from teckochecker.adapters.sql.backup import copy as pour
    from teckochecker.adapters.sql.backup import opened

    address = _address(to)
    shown = plain(evolve(settings(), database_url=address).database_shown)
    async with parts() as container, opened(address) as target:
        held = await pour(container.engine(), target, at=datetime.now(UTC))
    return _done(f"Copied into {shown}; set DATABASE_URL to it, and start no service on the old one again", held)


def _address(text: str) -> str:
    try:
        return database(text)
    except InvalidValue as wrong:
        raise InvalidValue(f"--to {wrong}", field="to") from None


async def _try_key(known: Settings, saved: str) -> None:
    """A backup that nobody can open is worth less than what is there.

    Raises:
        WrongKey: SECRET_KEY opens one of its secrets not.
    """
    if not known.secret_key:
        return
    from teckochecker.entrypoints.container import Container, running

    async with running(Container(settings=evolve(known, database_url=saved))) as container:
        await container.secrets().check()


def _done(sentence: str, held: Mapping[str, int]) -> Answer:
    body = {"message": sentence, "success": True, "rows": dict(held)}
    return Answer(body, lambda screen: screen.done(f"{sentence}: {_counted(held)}"))


def _counted(held: Mapping[str, int]) -> str:
    told = (("jobs", "job"), ("secrets", "secret"), ("events", "event"))
    return ", ".join(f"{held[table]} {word}{'' if held[table] == 1 else 's'}" for table, word in told)
