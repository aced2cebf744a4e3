"""TeckoChecker as a library: the same parts as command line and REST API, in a program of your own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final, cast

from attrs import frozen

from teckochecker.application.audit import Audit
from teckochecker.application.checks import CheckedJobs
from teckochecker.application.definitions import Definitions
from teckochecker.application.ports import BatchGateway, HistoryEntry
from teckochecker.application.runs import KeboolaRuns
from teckochecker.application.secrets import Secrets
from teckochecker.application.tokens import Tokens
from teckochecker.domain.events import Event
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.container import Container, in_memory, on_database, running
from teckochecker.entrypoints.settings import Settings

if TYPE_CHECKING:
    from teckochecker.adapters.clock import ManualClock
    from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage

_LOOK_EVERY: Final = timedelta(seconds=1)  # how late an event of another process may be
_AT_ONCE: Final = 500
_START: Final = datetime(2026, 1, 1, tzinfo=UTC)
_NOTHING: Final = timedelta()
_STEP: Final = timedelta(seconds=1)
_TURNS: Final = 200  # without time passing, before work in memory is taken to wait for time


@frozen(eq=False)
class TeckoChecker:
    """Watches OpenAI batches, and starts a Keboola run when the last of a job's has ended.

    async with TeckoChecker.open() as tecko:
        await tecko.run()
    """

    _container: Container

    @classmethod
    @asynccontextmanager
    async def open(
        cls, settings: Settings | None = None, *, batches: BatchGateway | None = None
    ) -> AsyncGenerator[TeckoChecker]:
        """TeckoChecker on the database of these settings, which is made or migrated if it has to be.

        Without `settings` they are read from the environment over `.env` in the current folder. SECRET_KEY is
        asked for when the first secret is sealed or opened. `batches` looks at batches elsewhere than at OpenAI.

        Raises:
            SettingsError: the settings are faulty.
            StorageUnavailable: the database cannot be used.
        """
        known = settings or Settings.load(os.environ, Path(".env"))
        async with running(on_database(known, batches)) as container:
            await container.schema()()
            yield cls(container)

    @staticmethod
    @asynccontextmanager
    async def in_memory(
        start: datetime = _START, settings: Settings | None = None, *, batches: BatchGateway | None = None
    ) -> AsyncGenerator[Rehearsal]:
        """TeckoChecker wholly in memory: both services follow a script, and time stands until it is advanced.

        `batches` looks at batches elsewhere than in the script of `openai`.

        Raises:
            InvalidValue: `start` has no time zone.
        """
        from teckochecker.adapters.cipher import new_key
        from teckochecker.adapters.clock import ManualClock
        from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage

        known = settings or Settings(secret_key=(Credential(new_key()),))
        clock = ManualClock(start)
        openai, keboola = ScriptedBatches(clock), ScriptedKeboola(clock)
        storage = ScriptedStorage(keboola)
        async with running(in_memory(known, clock, batches or openai, keboola, storage)) as container:
            yield Rehearsal(container=container, clock=clock, openai=openai, keboola=keboola)

    def keep_secret(self, hear: Callable[[Credential], None]) -> None:
        """Tell `hear` of every credential that is opened from now on, as a log's redactor has to know them."""
        from teckochecker.adapters.notifier import secrets_in

        self._container.cipher().hear = hear
        for url in self._container.settings().notify_urls:
            for secret in secrets_in(url):
                hear(secret)

    @property
    def jobs(self) -> CheckedJobs:
        """Create, check, read, edit, pause, resume, retry and delete jobs."""
        return self._container.jobs()

    @property
    def definitions(self) -> Definitions:
        """Apply and export jobs as definitions."""
        return self._container.definitions()

    @property
    def runs(self) -> KeboolaRuns:
        """Cancel a job's Keboola run, name the one that came of it, or start one for a test."""
        return self._container.runs()

    @property
    def secrets(self) -> Secrets:
        """Add, list, replace, rotate and delete secrets."""
        return self._container.secrets()

    @property
    def tokens(self) -> Tokens:
        """Make, list and revoke the tokens that let somebody in over HTTP."""
        return self._container.tokens()

    @property
    def audit(self) -> Audit:
        """Read who changed what."""
        return self._container.audit()

    async def run(self, stop: asyncio.Event | None = None) -> None:
        """Watch and trigger until `stop` is set, or for ever. What is in hand then is finished first.

        Any number of processes may do so on one database. `teckochecker stop` sets `stop` too.

        Raises:
            SettingsError: SECRET_KEY is not set.
            WrongKey: SECRET_KEY does not open what is stored.
        """
        self._container.settings().keys()
        stop = stop or asyncio.Event()
        with self._container.pulse().turning():
            async with self._container.listening(), self._container.presence().shown(stop):
                await self._container.service().run(stop)

    async def run_until_idle(self) -> None:
        """Do everything that is due now, and whatever becomes due by that.

        Raises:
            SettingsError, WrongKey: as `run`.
        """
        self._container.settings().keys()
        await self._container.service().run_until_idle()

    def subscribe(self, subscriber: Callable[[Event], None]) -> Callable[[], None]:
        """Call `subscriber` with each event of this process from now on. Calling what is returned ends that.

        It is called after the event was stored and must not wait. What it raises is logged.
        """
        publisher = self._container.publisher()
        publisher.add(subscriber)
        return lambda: publisher.remove(subscriber)

    async def events(self) -> AsyncGenerator[Event]:
        """What happens from the first step of the iteration on, in other processes too. It never ends by itself."""
        async for entry in self.entries():
            yield entry.event

    async def last_entry(self) -> int:
        """The id of the newest entry of the history, 0 when there is none."""
        async with self._container.store().view() as view:
            return await view.history.last_id()

    async def entries(self, after: int | None = None) -> AsyncGenerator[HistoryEntry]:
        """The same with the ids of the history. `after` goes on from an id; 0 begins at the very first."""
        store, clock = self._container.store(), self._container.clock()
        if after is None:
            after = await self.last_entry()
        news = asyncio.Event()
        unsubscribe = self.subscribe(lambda _: news.set())
        try:
            while True:
                news.clear()
                async with store.view() as view:
                    entries = await view.history.since(after, limit=_AT_ONCE)
                for entry in entries:
                    after = entry.id
                    yield entry
                if not entries:
                    await clock.sleep(_LOOK_EVERY, unless=news)
        finally:
            unsubscribe()


@frozen(eq=False, kw_only=True)
class Rehearsal(TeckoChecker):
    """TeckoChecker in memory. `openai` and `keboola` are told what to do, `clock` what time it is."""

    clock: ManualClock
    openai: ScriptedBatches
    keboola: ScriptedKeboola

    @property
    def storage(self) -> ScriptedStorage:
        """Keboola's configurations: all that are asked for exist and take our variables, until it is told otherwise."""
        return cast("ScriptedStorage", self._container.configurations())

    async def run_until_idle(self) -> None:
        """Do everything that is due now. Time passes only while a service is waited for that was told to be slow."""
        work = asyncio.ensure_future(super().run_until_idle())
        turns = 0
        try:
            while not work.done():
                await self.clock.advance(_NOTHING if turns < _TURNS else _STEP)
                turns += 1
            await work
        finally:
            work.cancel()

    async def advance(self, step: timedelta) -> None:
        """Let `step` pass, from one due moment to the next, doing at each what is due.

        Raises:
            InvalidValue: `step` is negative.
        """
        service, clock = self._container.service(), self.clock
        end = clock.now() + step
        await self.run_until_idle()
        while (due := await service.next_due()) and clock.now() < due <= end:
            await clock.advance(due - clock.now())
            await self.run_until_idle()
        if step < _NOTHING or clock.now() < end:
            await clock.advance(end - clock.now())
