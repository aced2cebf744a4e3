"""teckochecker job watch: it only reads, while whatever process does the work."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta

from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.cli.answer import Answer, as_json
from teckochecker.entrypoints.cli.instances import alive
from teckochecker.entrypoints.cli.options import Number
from teckochecker.entrypoints.cli.place import parts
from teckochecker.entrypoints.cli.progress import follow, over
from teckochecker.entrypoints.cli.screen import Screen
from teckochecker.entrypoints.library import TeckoChecker
from teckochecker.entrypoints.wire import job_body


async def watch(job_id: int, /, *, every: Number = 0.5) -> Answer:
    """Follow a job until its Keboola run has ended. Exit code 1 if the job failed or the run ended badly.

    Parameters
    ----------
    job_id
        The job's ID
    every
        Seconds between two looks
    """
    async with parts() as container:
        checker = TeckoChecker(container)
        if not (as_json.get() or over(await checker.jobs.get(job_id)) or await alive(container)):
            hint = "No service runs, so nothing will happen until one does; start one with: teckochecker start --daemon"
            Screen.on(sys.stderr).say(hint, "dark_orange")
        view = await follow(
            lambda: checker.jobs.get(job_id),
            Screen.on(sys.stdout),
            lambda: datetime.now(UTC),
            every=timedelta(seconds=max(every, 0.05)),
        )
    run = view.trigger.run if view.trigger else None
    good = view.job.status is not JobStatus.FAILED and (run is None or run.status in ("success", "warning"))
    return Answer(job_body(view), None, 0 if good else 1)
