"""One instance of the service, in a process that kills itself or stands still at a step that is named to it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, frozen

from teckochecker.domain.events import TriggerAccepted
from teckochecker.domain.protocol import TriggerState
from teckochecker.entrypoints.cli.foreground import hear_signals, logging, writer
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.library import TeckoChecker
from teckochecker.entrypoints.settings import Settings

BEFORE, AFTER = "before", "after"
Calls = list[tuple[str, tuple[Any, ...]]]


@define
class Trap:
    """Where this process ends or stands still, the first time that it comes there. `asked`: Keboola's last request."""

    point: str | None
    how: signal.Signals
    mark: Path
    asked: str = ""

    def pass_by(self, point: str) -> None:
        """Fall into it, if it is here."""
        if point == self.point:
            self.point = None
            self.mark.touch()
            os.kill(os.getpid(), self.how)

    def step(self, calls: Calls) -> str:
        """Which step a unit of work is, by what was called in it."""
        names = [name for name, _ in calls]
        plain = {"groups.claim": "claim", "triggers.claim": "take", "triggers.add": "intent", "groups.fence": "keep"}
        for name, step in plain.items():
            if name in names:
                return step
        saved = next((arguments[0] for name, arguments in calls if name == "triggers.save"), None)
        if saved is None:
            return "other"
        if saved.state is TriggerState.SENT:
            return "send"
        if any(isinstance(event, TriggerAccepted) and event.adopted for event in saved.events):
            return "adopt"
        if self.asked != "request" and saved.unsettled:
            return "other"
        return {"request": "answer", "read": "follow"}.get(self.asked, "other")


@frozen
class Noted:
    """A repository whose calls are noted down."""

    part: Any
    name: str
    calls: Calls

    def __getattr__(self, method: str) -> Any:
        return partial(self._call, method)

    def _call(self, method: str, *arguments: Any, **more: Any) -> Any:
        self.calls.append((f"{self.name}.{method}", arguments))
        return getattr(self.part, method)(*arguments, **more)


@frozen
class TrappedWork:
    """A unit of work with a trap on both sides of its commit."""

    work: Any
    trap: Trap
    calls: Calls

    def __getattr__(self, name: str) -> Any:
        part = getattr(self.work, name)
        return part if name == "now" else Noted(part, name, self.calls)

    async def commit(self) -> None:
        step = self.trap.step(self.calls)
        self.trap.pass_by(f"{step} {BEFORE}")
        await self.work.commit()
        self.trap.pass_by(f"{step} {AFTER}")


@frozen
class TrappedStore:
    """The store, with traps around what is written."""

    store: Any
    trap: Trap

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[Any]:
        async with self.store.work() as work:
            yield TrappedWork(work, self.trap, [])

    def view(self) -> Any:
        return self.store.view()


@frozen
class TrappedBatches:
    """OpenAI, with traps around the look."""

    batches: Any
    trap: Trap

    async def look_up(self, *arguments: Any, **more: Any) -> AsyncGenerator[Sequence[Any]]:
        self.trap.pass_by(f"look {BEFORE}")
        async for some in self.batches.look_up(*arguments, **more):
            self.trap.pass_by(f"look {AFTER}")
            yield some


@frozen
class TrappedWorkflows:
    """Keboola, with traps around each kind of request."""

    workflows: Any
    trap: Trap

    def __getattr__(self, name: str) -> Any:
        step = {"start": "request", "find": "search", "get": "read"}.get(name)
        call = getattr(self.workflows, name)
        return partial(self._ask, step, call) if step else call

    async def _ask(self, step: str, call: Any, *arguments: Any, **more: Any) -> Any:
        self.trap.asked = step
        self.trap.pass_by(f"{step} {BEFORE}")
        try:
            return await call(*arguments, **more)
        finally:
            self.trap.pass_by(f"{step} {AFTER}")


def serve(environment: Mapping[str, str], output: Path, point: str | None, how: signal.Signals, mark: Path) -> None:
    """Be that instance, until SIGTERM. What it prints and logs goes to the file `output`."""
    with output.open("ab") as file:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(file.fileno(), stream.fileno())
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(Settings.load(environment), Trap(point, how, mark)))


async def _serve(settings: Settings, trap: Trap) -> None:
    stop = asyncio.Event()
    with logging(settings) as logs:
        hear_signals(stop, logs)
        async with running(Container(settings=settings)) as container:
            container.store.override(TrappedStore(container.store(), trap))
            container.batches.override(TrappedBatches(container.batches(), trap))
            container.workflows.override(TrappedWorkflows(container.workflows(), trap))
            checker = TeckoChecker(container)
            checker.keep_secret(logs.redactor.register)
            checker.subscribe(writer())
            await checker.run(stop)
