"""teckochecker demo: a whole job against stand-in services, in hurried time, leaving nothing behind."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from tempfile import TemporaryDirectory
from typing import Final

from attrs import field, frozen
from rich.text import Text

from teckochecker.adapters.cipher import new_key
from teckochecker.adapters.clock import SystemClock
from teckochecker.application.views import JobView
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.spec import JobSpec
from teckochecker.entrypoints.cli.answer import Answer, Refused, as_json
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.progress import follow
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.cli.words import run_status
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.library import TeckoChecker
from teckochecker.entrypoints.settings import Settings
from teckochecker.entrypoints.simulator import (
    BatchScript,
    RunScript,
    Simulator,
    default_component,
    default_configuration,
    default_key,
    default_token,
)
from teckochecker.entrypoints.wire import job_body

_SPEED: Final = 10
_FAST: Final = 60
_PATIENCE: Final = 60  # seconds of real time
_LOOK: Final = timedelta(milliseconds=100)
_BATCHES: Final = {
    "batch_week48_de": BatchScript.succeeds(45, total=400),
    "batch_week48_en": BatchScript.succeeds(75, total=1000, failed=5),
    "batch_week48_es": BatchScript.fails(20),
    "batch_week48_fr": BatchScript.expires(100, total=600, completed=410, failed=12),
    "batch_week48_it": BatchScript.succeeds(120, total=750),
}


@frozen
class HurriedClock:
    """A clock on which each real second is `speed` seconds."""

    speed: int
    _start: datetime = field(factory=lambda: datetime.now(UTC), init=False)
    _began: float = field(factory=time.monotonic, init=False)

    def now(self) -> datetime:
        """The time of day since the clock was made, hurried."""
        return self._start + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Hurried seconds since the clock was made."""
        return (time.monotonic() - self._began) * self.speed

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        """Wait for a part of `delay`, or until `unless` is set."""
        await SystemClock().sleep(delay / self.speed, unless=unless)


async def demo(*, fast: Flag = False) -> Answer:
    """Show a whole job against stand-in services, within half a minute. Nothing of it stays.

    Parameters
    ----------
    fast
        Within a few seconds
    """
    screen = Screen.on(sys.stdout)
    clock = HurriedClock(_FAST if fast else _SPEED)
    async with _stage(clock) as (simulator, checker):
        if not as_json.get():
            _introduce(screen, simulator, clock)
        job_id = await _prepared(simulator, checker)
        try:
            async with asyncio.timeout(_PATIENCE):
                view = await _played(checker, job_id, screen, clock)
        except TimeoutError as error:
            raise Refused(f"The demo did not come to its end within {_PATIENCE} seconds") from error
        received = [run.variables or {} for run in simulator.keboola.runs]
    return Answer(
        {"job": job_body(view), "runs": len(received), "received": received[0]},
        lambda end: _conclude(end, view, received),
    )


@asynccontextmanager
async def _stage(clock: HurriedClock) -> AsyncGenerator[tuple[Simulator, TeckoChecker]]:
    """Both stand-ins on free loopback ports, and TeckoChecker on a database that is gone afterwards."""
    with TemporaryDirectory(prefix="teckochecker-demo-") as folder:
        async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
            simulator.keboola.run_script = RunScript(created_for=5, processing_for=15)
            environment = {
                **simulator.environment,
                "DATABASE_URL": f"sqlite:///{folder}/demo.db",
                "SECRET_KEY": new_key(),
                "MIN_POLL_INTERVAL": "5",
                "LEASE_SECONDS": "3600",  # hurried too, and nobody else is here to take over
            }
            async with running(Container(settings=Settings.load(environment), clock=clock)) as container:
                await container.schema()()
                yield simulator, TeckoChecker(container)


async def _prepared(simulator: Simulator, checker: TeckoChecker) -> int:
    await checker.secrets.add("openai-demo", SecretType.OPENAI, Credential(default_key))
    await checker.secrets.add("keboola-demo", SecretType.KEBOOLA, Credential(default_token))
    for batch_id, script in _BATCHES.items():
        simulator.openai.add_batch(batch_id, script)
    view = await checker.jobs.create(
        JobSpec(
            name="Product descriptions, week 48",
            batch_ids=tuple(_BATCHES),
            openai_secret="openai-demo",  # noqa: S106 - the name of a secret
            keboola_secret="keboola-demo",  # noqa: S106 - the name of a secret
            keboola_stack_url=simulator.keboola.stack_url,
            keboola_component_id=default_component,
            keboola_configuration_id=default_configuration,
            poll_interval_seconds=5,
        )
    )
    return view.job.id


async def _played(checker: TeckoChecker, job_id: int, screen: Screen, clock: HurriedClock) -> JobView:
    """The job at its end. What goes wrong in the loop ends the demo, instead of leaving it waiting."""
    stop = asyncio.Event()
    working = asyncio.create_task(checker.run(stop))
    watching = asyncio.create_task(follow(lambda: checker.jobs.get(job_id), screen, clock.now, every=_LOOK))
    try:
        await asyncio.wait({working, watching}, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            working.result()
        view = await watching
        stop.set()
        await working
    finally:
        for task in (working, watching):
            task.cancel()
        await asyncio.gather(working, watching, return_exceptions=True)
    return view


def _introduce(screen: Screen, simulator: Simulator, clock: HurriedClock) -> None:
    screen.say(Text.assemble(("TeckoChecker", "bold"), " watches five OpenAI batches. When the last has ended it"))
    screen.say("starts one Keboola run, also when some of them end badly.")
    screen.say(f"OpenAI   stand-in at {simulator.openai.base_url}", "dim")
    screen.say(f"Keboola  stand-in at {simulator.keboola.stack_url}", "dim")
    screen.say(f"Time     each second is {clock.speed} seconds", "dim")


def _conclude(screen: Screen, view: JobView, received: Sequence[Mapping[str, str]]) -> None:
    rows = [(name, plain(value)) for name, value in received[0].items() if name != "batches_json"]
    screen.box(Section("What Keboola Received", rows))
    screen.say("")
    screen.say(Text.assemble("Keboola run: ").append_text(run_status(screen, view)))
    times = "exactly once" if len(received) == 1 else f"{len(received)} times"
    screen.done(f"Job '{plain(view.job.name)}' is {view.job.status}; Keboola was started {times}")
