"""teckochecker db import: secrets, jobs and histories of the earlier version."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from teckochecker.domain.errors import InvalidValue
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.asking import hidden_line
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain

if TYPE_CHECKING:
    from teckochecker.adapters.cipher import EarlierKey
    from teckochecker.application.earlier import Earlier
    from teckochecker.application.takeover import TakenOver, Takeover

KEY: Final = "EARLIER_SECRET_KEY"


async def take_over(file: Path, /, *, dry_run: Flag = False) -> Answer:
    """Take over a database of the earlier version: secrets, jobs and their histories, all or nothing, and only once.

    The file is only read. Both services have to be stopped. Finished jobs stay finished; one that may have run already
    comes in paused. Where SECRET_KEY does not open a value, the earlier version's key is taken from
    EARLIER_SECRET_KEY, asked for, or read from standard input.

    Parameters
    ----------
    file
        The earlier version's SQLite file
    dry_run
        Say what would come in, and keep nothing
    """
    from teckochecker.adapters.earlier import earlier_database

    settings().keys()
    with earlier_database(file) as earlier:
        async with parts() as container:
            takeover = container.takeover()
            taken = await takeover.take(earlier, *_keys(takeover, earlier), dry_run=dry_run)
    return Answer(_body(taken, dry_run=dry_run), lambda screen: _show(screen, taken, file, dry_run=dry_run))


def _keys(takeover: Takeover, earlier: Earlier) -> Iterator[EarlierKey]:
    """The earlier version's key, where it is needed and known."""
    shut = takeover.shut(earlier)
    if not shut:
        return
    text = os.environ.get(KEY, "").strip() or hidden_line("Enter the earlier version's SECRET_KEY: ").strip()
    if not text:
        return
    from teckochecker.adapters.cipher import EarlierKey

    key = EarlierKey(text)
    if takeover.shut(earlier, key) == shut:
        raise InvalidValue(
            f"The key given opens none of {_named(shut)}; give the SECRET_KEY of the earlier version's .env, or an "
            "empty line where it is lost",
            field=KEY,
        )
    yield key


def _body(taken: TakenOver, *, dry_run: bool) -> dict[str, Any]:
    return {
        "dry_run": dry_run,
        "secrets": [
            {"id": came.secret.id, "name": came.secret.name, "was": came.old.name, "has_value": not came.secret.empty}
            for came in taken.secrets
        ],
        "jobs": [
            {
                "id": heir.job.id,
                "was": heir.old.id,
                "name": heir.job.name,
                "status": heir.job.status.value,
                "reasons": list(heir.reasons),
            }
            for heir in taken.jobs
        ],
        "entries": taken.entries,
        "left": list(taken.left),
    }


def _show(screen: Screen, taken: TakenOver, file: Path, *, dry_run: bool) -> None:
    statuses = Counter(heir.job.status.value for heir in taken.jobs)
    told = ", ".join(f"{count} {status}" for status, count in sorted(statuses.items()))
    held = f"{len(taken.secrets)} secrets, {len(taken.jobs)} jobs{f' ({told})' if told else ''}, "
    held += f"{taken.entries} entries of history"
    screen.done(f"{'Would import' if dry_run else 'Imported'} {plain(str(file))}: {held}")
    for came in taken.secrets:
        name = plain(came.secret.name)
        if came.secret.name != came.old.name:
            screen.say(f"Secret '{plain(came.old.name)}' is called '{name}' here: its name was taken", "dark_orange")
        if came.secret.empty:
            cure = f"give it one with: teckochecker secret replace '{name}'"
            screen.say(f"Secret '{name}' came without its value, which no key opened; {cure}", "dark_orange")
    for heir in taken.jobs:
        for reason in heir.reasons:
            state = f"Job {heir.job.id} '{plain(heir.job.name)}' is {heir.job.status.value}"
            screen.say(f"{state}: {plain(reason)}", "dark_orange")
    for left in taken.left:
        screen.say(f"Left behind: {plain(left)}", "dark_orange")
    if not dry_run:
        screen.say("Start the earlier version no more: it would start runs of the same jobs")


def _named(names: Any) -> str:
    return ", ".join(f"'{plain(name)}'" for name in names)
