"""teckochecker init: `.env` and the database, made once and never changed by a second run."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from typing import Any, Final

from teckochecker.entrypoints.cli.answer import Answer, Refused
from teckochecker.entrypoints.cli.asking import confirm
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import dotenv, parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.readers import NEW_KEY, PLACEHOLDER
from teckochecker.entrypoints.settings import dotenv_text

_UNSET: Final = re.compile(rf"^(SECRET_KEY=)(?:{PLACEHOLDER})?(?=[ \t]*(?:#.*)?$)", re.MULTILINE)


async def init(*, create_env: Flag = False, reset: Flag = False, force: Flag = False) -> Answer:
    """Make the database; a second run changes nothing.

    Parameters
    ----------
    create_env
        Make .env too, with a fresh SECRET_KEY; one that is there keeps all it says
    reset
        Empty the database: all jobs, secrets and history are lost
    force
        Do not ask before the reset
    """
    told = make_env() if create_env else None
    found = settings()
    shown = plain(found.database_shown)
    async with parts() as container:
        if reset:
            await _reset(container, shown, force=force)
    done = [told] if told else []
    done.append(f"Database {shown} {'was emptied' if reset else 'is ready'}")
    hint = None if found.secret_key else f"SECRET_KEY is not set yet; {NEW_KEY}"
    body = {"message": "; ".join(done), "database": shown, "env_file": str(dotenv()), "secret_key": hint is None}

    def show(screen: Screen) -> None:
        for line in done:
            screen.done(line)
        if hint:
            screen.say(hint, "yellow")

    return Answer(body, show)


def make_env() -> str:
    """What was done about `.env`, in a sentence."""
    from teckochecker.adapters.cipher import new_key

    file = dotenv()
    try:
        try:
            handle = os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            text = file.read_text(encoding="utf-8")
            if not _UNSET.search(text):
                return f"{file} is there already and stays as it is"
            _replace(_UNSET.sub(lambda found: f"{found[1]}{new_key()}", text, count=1))
            return f"{file} has a fresh SECRET_KEY"
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            out.write(dotenv_text(new_key()))
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"{file} cannot be written: {plain(str(error))}") from error
    return f"{file} was made, with a fresh SECRET_KEY"


def _replace(text: str) -> None:
    """Write `.env` anew, whole or not at all."""
    beside = dotenv().with_name(".env.new")
    beside.unlink(missing_ok=True)
    with os.fdopen(os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
    beside.replace(dotenv())


async def _reset(container: Any, shown: str, *, force: bool) -> None:
    from teckochecker.adapters.sql.survey import empty, in_use
    from teckochecker.application.ports import JobQuery
    from teckochecker.entrypoints.cli.instances import alive

    if await alive(container) or await in_use(container.engine(), at=datetime.now(UTC)):
        raise Refused(f"A service is at work on {shown}; stop it first")
    jobs = (await container.jobs().find(JobQuery(limit=1))).total
    secrets = len(await container.secrets().all())
    holds = f"{jobs} job{'' if jobs == 1 else 's'} and {secrets} secret{'' if secrets == 1 else 's'}"
    confirm(f"Are you sure you want to empty {shown}? It holds {holds}.", force=force)
    await empty(container.engine())
