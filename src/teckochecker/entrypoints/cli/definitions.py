"""teckochecker job apply and export: jobs as files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Final

from cyclopts import Parameter

from teckochecker.application.definitions import Applied, Made
from teckochecker.application.errors import FaultyDefinitions
from teckochecker.entrypoints import definitions
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.checks import warn
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import library
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.wire import applied_body

_SAID: Final = {
    Made.CREATED: ("created", "would be created"),
    Made.EDITED: ("edited", "would be edited"),
    Made.UNCHANGED: ("unchanged", "unchanged"),
}


async def apply(
    *,
    file: Annotated[Path, Parameter(name=("--file", "-f"), allow_leading_hyphen=True)],
    dry_run: Flag = False,
    no_check: Flag = False,
) -> Answer:
    """Make the jobs that a file describes; applying it again changes nothing.

    A job is found by its `key` (its name, where none is given). It is edited while it waits for batches; when they
    have ended, other batch IDs make a new job. Nothing is changed unless all of the file can be applied.

    Parameters
    ----------
    file
        The definitions, TOML or JSON; `-` reads them from standard input
    dry_run
        Only tell what would be done
    no_check
        Do not look first at secrets, configuration, variables and batches
    """
    read = definitions.read(file)
    async with library() as checker:
        try:
            applied = await checker.definitions.apply(
                read.specs, dry_run=dry_run or bool(read.faults), check=not no_check
            )
        except FaultyDefinitions as fault:
            raise FaultyDefinitions([*read.faults, *fault.faults]) from None
    if read.faults:
        raise FaultyDefinitions(read.faults)
    return Answer(applied_body(applied, dry_run=dry_run), partial(_told, applied=applied, dry_run=dry_run))


async def export(*job_ids: int) -> Answer:
    """Print jobs as definitions, TOML or with --json JSON; without IDs the newest job of each key.

    Parameters
    ----------
    job_ids
        Only the jobs with these IDs
    """
    async with library() as checker:
        specs = await checker.definitions.export(job_ids)
    return Answer(definitions.body(specs), lambda screen: screen.say(definitions.toml(specs).rstrip()))


def _told(screen: Screen, *, applied: Sequence[Applied], dry_run: bool) -> None:
    if not applied:
        screen.say("The file describes no jobs")
    for one in applied:
        said = _SAID[one.made][dry_run]
        number = "" if dry_run and one.made is Made.CREATED else f" (ID: {one.job.id})"
        fields = f": {', '.join(one.changed)}" if one.changed else ""
        screen.say(f"{plain(one.job.key)}: {said}{fields}{number}")
    for one in applied:
        warn(one.checked, one.job.key)
