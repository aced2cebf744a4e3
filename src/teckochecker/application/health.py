"""How the service is doing: whether the database answers, and whether the watching turns and keeps up."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from enum import StrEnum

from attrs import define, field, frozen

from teckochecker.application.errors import StorageUnavailable
from teckochecker.application.ports import Clock, Running, Store, Told
from teckochecker.application.presence import ALIVE_WITHIN
from teckochecker.domain.status import JobStatus


class Watch(StrEnum):
    """How the watching goes in this process. It is behind when something has been due for too long."""

    ON = "on"
    OFF = "off"
    BEHIND = "behind"


@define(eq=False)
class Pulse:
    """The watching loop of this process as others see it. Silent for longer than `patience`, it hangs.

    It is behind when something has been due for longer than `late_after`. `checks` counts the jobs looked at.
    """

    clock: Clock
    patience: timedelta = timedelta(seconds=120)
    late_after: timedelta = timedelta(seconds=60)
    started_at: datetime = field(init=False)
    due: datetime | None = field(default=None, init=False)
    checks: int = field(default=0, init=False)
    _turned_at: float | None = field(default=None, init=False)
    _failed: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self.started_at = self.clock.now()

    @contextmanager
    def turning(self) -> Generator[None]:
        """The loop runs inside. One that leaves by an error is dead until another begins."""
        self.turn(None)
        self._failed = True
        try:
            yield
            self._failed = False
        finally:
            self._turned_at = None

    def turn(self, due: datetime | None, *, checks: int = 0) -> None:
        """The loop has turned once more; `due` is when the next step of a job or trigger is."""
        self._turned_at, self.due, self.checks = self.clock.monotonic(), due, checks

    @property
    def turns(self) -> bool:
        """A loop is inside `turning`."""
        return self._turned_at is not None

    @property
    def lateness(self) -> timedelta:
        """How long the oldest step has been due."""
        return max(self.clock.now() - self.due, timedelta()) if self.turns and self.due else timedelta()

    @property
    def watch(self) -> Watch:
        """Whether this process watches, and keeps up."""
        if not self.turns:
            return Watch.OFF
        return Watch.BEHIND if self.lateness > self.late_after else Watch.ON

    def told(self) -> Told:
        """The same as other processes read it."""
        silent = self.clock.monotonic() - self._turned_at if self._turned_at is not None else None
        return Told(
            watching=self.watch.value,
            checks=self.checks,
            lateness=self.lateness,
            turned_at=None if silent is None else self.clock.now() - timedelta(seconds=silent),
        )

    @property
    def fault(self) -> str | None:
        """What is wrong with the loop, if anything."""
        if self._turned_at is None:
            return "The watching loop has ended by an error; its log says which" if self._failed else None
        silent = self.clock.monotonic() - self._turned_at
        return f"The watching loop hangs since {silent:.0f} s" if silent > self.patience.total_seconds() else None


@frozen(kw_only=True)
class HealthReport:
    """How the service was doing `at` some moment; `faults` is what is wrong, if anything."""

    at: datetime
    started_at: datetime
    database: bool
    watching: Watch
    lateness: timedelta
    checks: int
    faults: tuple[str, ...]

    @property
    def healthy(self) -> bool:
        """Database and loop are alive. To be behind is no illness, nor is a provider that is down."""
        return not self.faults


@frozen(kw_only=True)
class Health:
    """Looks at the database, and at the loop of this process."""

    store: Store
    clock: Clock
    pulse: Pulse

    async def instances(self) -> Sequence[Running]:
        """The processes that run on this storage, the one that started first first."""
        async with self.store.view() as view:
            return await view.services.alive(within=ALIVE_WITHIN)

    async def jobs(self) -> Mapping[str, int]:
        """How many jobs there are in each status; nothing where the database does not answer."""
        try:
            async with self.store.view() as view:
                return {status.value: count for status, count in (await view.jobs.count()).items()}
        except StorageUnavailable:
            return {}

    async def look(self) -> HealthReport:
        """How the service is doing now. A database that does not answer is an answer too."""
        pulse, now = self.pulse, self.clock.now()
        faults = [pulse.fault] if pulse.fault else []
        try:
            async with self.store.view() as view:
                await view.history.last_id()
        except StorageUnavailable as error:
            faults.append(str(error))
            database = False
        else:
            database = True
        return HealthReport(
            at=now,
            started_at=pulse.started_at,
            database=database,
            watching=pulse.watch,
            lateness=pulse.lateness,
            checks=pulse.checks,
            faults=tuple(faults),
        )


@frozen(kw_only=True)
class Figures:
    """What is stored, and how this process has done with it."""

    jobs: Mapping[JobStatus, int]
    secrets: int
    entries: int
    uptime: timedelta
    checks: int
    lateness: timedelta


@frozen(kw_only=True)
class Statistics:
    """Counts what is stored."""

    store: Store
    clock: Clock
    pulse: Pulse

    async def count(self) -> Figures:
        """The figures as they are now."""
        async with self.store.view() as view:
            jobs, entries = await view.jobs.count(), await view.history.count()
            secrets = len(await view.secrets.all())
        uptime = self.clock.now() - self.pulse.started_at
        return Figures(
            jobs=jobs,
            secrets=secrets,
            entries=entries,
            uptime=uptime,
            checks=self.pulse.checks,
            lateness=self.pulse.lateness,
        )
