"""One simulated world: the services, the storage, the instances of our program, and everything that goes wrong."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from attrs import define, field, frozen

from teckochecker.adapters.memory import MemoryStore, MemoryWakeups
from teckochecker.adapters.memory.rows import Memory
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.application.crew import Crew
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.errors import GatewayError, OutcomeUnknown, Unavailable
from teckochecker.application.health import Pulse
from teckochecker.application.jobs import Jobs
from teckochecker.application.keeping import Keeping
from teckochecker.application.ports import Lease, RunRequest, RunSearch, UnitOfWork
from teckochecker.application.secrets import Secrets
from teckochecker.application.service import Service
from teckochecker.application.steps import Steps
from teckochecker.application.triggering import Triggering
from teckochecker.application.watching import Watching, WatchPolicy
from teckochecker.domain.batch import Looked
from teckochecker.domain.configuration import Configuration, Place
from teckochecker.domain.events import Event, FaultMet
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project, Sealed, SecretType
from teckochecker.domain.values import BatchId, StackUrl

T = TypeVar("T")
START = datetime(2026, 1, 1, tzinfo=UTC)


class Crashed(BaseException):
    """The process of an instance died here."""


@frozen(kw_only=True)
class Troubles:
    """How often, per call, what goes wrong; durations are seconds."""

    rate: float = 0.02
    crash: float = 0.35
    stop: float = 0.15
    lost_answer: float = 0.25
    index_lag: float = 110.0
    clock_jumps: bool = True


@define(eq=False)
class WorldClock:
    """The services' own time: it never jumps."""

    def now(self) -> datetime:
        return START + timedelta(seconds=asyncio.get_running_loop().time())

    def monotonic(self) -> float:
        return asyncio.get_running_loop().time()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        seconds = max(delay.total_seconds(), 0.0)
        if unless is None or unless.is_set():
            await asyncio.sleep(seconds if unless is None else 0)
            return
        waiting = asyncio.ensure_future(unless.wait())
        try:
            await asyncio.wait([waiting], timeout=seconds)
        finally:
            waiting.cancel()


@define(eq=False)
class JumpingClock(WorldClock):
    """An instance's own time of day, which somebody may set."""

    offset: timedelta = timedelta(0)

    def now(self) -> datetime:
        return super().now() + self.offset


@frozen
class PlainCipher:
    """Seals nothing: what is simulated here is time and trouble."""

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        return Sealed(plain.reveal())

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        return Credential(sealed)

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        return sealed


@frozen(eq=False)
class RandomChance:
    """All chance of the program comes from the world's one source."""

    random: random.Random

    def uniform(self, a: float, b: float) -> float:
        return self.random.uniform(a, b)

    def trigger_id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    def secret(self, length: int) -> bytes:
        return self.random.randbytes(length)


_instance: contextvars.ContextVar[Instance | None] = contextvars.ContextVar("instance", default=None)


def start_task(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Future[Any]:
    """Each task belongs to the instance in whose code it was made, so that it dies with it."""
    task = asyncio.Task(work, loop=loop, **more)
    instance = _instance.get()
    if instance is not None:
        instance.tasks.append(task)
    return task


@define(eq=False)
class Instance:
    """One process of our program: it may crash between any two calls, or stand still for a while."""

    world: World
    name: str
    clock: JumpingClock = field(factory=JumpingClock)
    tasks: list[asyncio.Task[Any]] = field(factory=list)
    alive: bool = True
    stopped_until: float = 0.0

    def look(self) -> None:
        """Called wherever the process could have died."""
        if not self.alive:
            raise Crashed

    def crash(self) -> None:
        """Die here: nothing after this line happens any more."""
        self.alive = False
        for task in self.tasks:
            task.cancel()
        self.world.crashes += 1
        raise Crashed

    async def gate(self, risk: float = 0.0) -> None:
        """Where the program meets the outside: time passes, the process may stand still or die."""
        self.look()
        world, loop = self.world, asyncio.get_running_loop()
        if world.happens(risk * world.troubles.stop):
            self.stopped_until = loop.time() + world.random.uniform(5, 900)
            world.stops += 1
        if world.happens(risk * world.troubles.crash):
            self.crash()
        while self.stopped_until > loop.time():
            await asyncio.sleep(self.stopped_until - loop.time())
            self.look()
        await asyncio.sleep(world.random.expovariate(20) if risk else 0)
        self.look()


@define(eq=False)
class GatedWork:
    """A unit of work whose commit may be the last thing that its process does, or one too late."""

    _inner: UnitOfWork
    _instance: Instance
    _risk: float

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def commit(self) -> None:
        self._instance.look()
        world = self._instance.world
        if world.happens(self._risk * world.troubles.crash):
            self._instance.crash()
        await self._inner.commit()
        if world.happens(self._risk * world.troubles.crash):
            self._instance.crash()


@define(eq=False)
class GatedStore:
    """The storage as one instance reaches it."""

    _inner: MemoryStore
    _instance: Instance
    _alters: Callable[[Any], Any]

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        await self._instance.gate(self._instance.world.troubles.rate / 4)
        async with self._inner.work() as work:
            yield GatedWork(self._alters(work), self._instance, self._instance.world.troubles.rate / 2)
        await self._instance.gate(self._instance.world.troubles.rate / 4)

    @asynccontextmanager
    async def view(self) -> AsyncGenerator[UnitOfWork]:
        self._instance.look()
        async with self._inner.view() as view:
            yield view


@define(eq=False)
class GatedBatches:
    """OpenAI as one instance reaches it: slow, and now and then not at all."""

    _inner: ScriptedBatches
    _instance: Instance

    async def look_up(
        self, batches: Mapping[BatchId, datetime | None], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        async for some in self._inner.look_up(batches, credential, base_url=base_url):
            await self._instance.gate(self._instance.world.troubles.rate / 20)
            yield some


@define(eq=False)
class GatedKeboola:
    """Keboola as one instance reaches it: a call may fail before or after its effect, or never be answered."""

    _inner: ScriptedKeboola
    _instance: Instance

    async def identify(self, stack_url: StackUrl, credential: Credential) -> Project:
        return await called(self._instance, lambda: self._inner.identify(stack_url, credential))

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        world = self._instance.world
        self._inner.index_lag = timedelta(seconds=world.random.uniform(0, world.troubles.index_lag))
        return await called(
            self._instance,
            lambda: self._inner.start(request, credential, lease=world.last_look(lease)),
            lost=OutcomeUnknown,
        )

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        return await called(self._instance, lambda: self._inner.find(search, credential))

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        return await called(self._instance, lambda: self._inner.get(stack_url, run_id, credential))

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        return await called(self._instance, lambda: self._inner.kill(stack_url, run_id, credential))


@define(eq=False)
class GatedStorage:
    """Keboola's Storage, likewise."""

    _inner: ScriptedStorage
    _instance: Instance

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def read(self, place: Place, credential: Credential) -> Configuration:
        return await called(self._instance, lambda: self._inner.read(place, credential))


async def called(
    instance: Instance, ask: Callable[[], Coroutine[Any, Any, T]], lost: type[GatewayError] = Unavailable
) -> T:
    """A call to Keboola: it may fail before or after its effect, or never be answered."""
    world = instance.world
    await instance.gate(world.troubles.rate)
    if world.happens(world.troubles.rate):
        raise Unavailable("the connection was refused")
    answer = await ask()
    if world.happens(world.troubles.rate * world.troubles.lost_answer * 10):
        await asyncio.sleep(world.random.uniform(0, 90))
        instance.look()
        raise lost("the connection broke after the request had left")
    await instance.gate(world.troubles.rate)
    return answer


@define(eq=False)
class World:
    """Everything of one seed. The judges read only the services' truth and what is stored in the end."""

    seed: int
    troubles: Troubles = field(factory=Troubles)
    policy: TriggerPolicy = field(factory=TriggerPolicy)
    alters: Callable[[Any], Any] = field(default=lambda work: work)
    last_look: Callable[[Any], Any] = field(default=lambda lease: lease)
    steps: Callable[..., Steps] = Steps
    random: random.Random = field(init=False)
    memory: Memory = field(init=False)
    batches: ScriptedBatches = field(init=False)
    keboola: ScriptedKeboola = field(init=False)
    storage: ScriptedStorage = field(init=False)
    events: list[Event] = field(factory=list, init=False)
    calm: bool = field(default=False, init=False)
    crashes: int = field(default=0, init=False)
    stops: int = field(default=0, init=False)
    instances: dict[str, Instance] = field(factory=dict, init=False)
    endings: dict[str, str] = field(factory=dict, init=False)
    ends_at: dict[str, datetime] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.random = random.Random(self.seed)
        clock = WorldClock()
        self.memory = Memory(clock)
        self.batches = ScriptedBatches(clock)
        self.keboola = ScriptedKeboola(clock, duration=timedelta(minutes=3))
        self.storage = ScriptedStorage(self.keboola)

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return not self.calm and probability > 0 and self.random.random() < probability

    def store(self) -> MemoryStore:
        """The storage as people reach it, who never crash."""
        publisher = self._publisher()
        return MemoryStore(self.memory, publisher, MemoryWakeups(self.memory))

    def people(self) -> tuple[Jobs, Secrets]:
        """The use cases, as somebody at a terminal has them."""
        store, clock = self.store(), WorldClock()
        jobs = Jobs(store=store, clock=clock)
        return jobs, Secrets(store=store, cipher=PlainCipher(), clock=clock, openai_base_url="https://openai")

    async def live(self, name: str) -> None:
        """One instance for ever: started again after each crash."""
        clock = JumpingClock()
        while True:
            instance = Instance(self, f"{name}-{self.crashes}", clock)
            self.instances[name] = instance
            context = contextvars.copy_context()
            context.run(_instance.set, instance)
            running = context.run(asyncio.ensure_future, self._run(instance))
            await asyncio.wait([running])
            await asyncio.gather(*instance.tasks, return_exceptions=True)
            await asyncio.sleep(self.random.uniform(1, 300) if not self.calm else 1)
            if self.troubles.clock_jumps and self.happens(0.2):
                clock.offset = timedelta(seconds=self.random.uniform(-3600, 3600))

    async def _run(self, instance: Instance) -> None:
        publisher = self._publisher()
        wakeups = MemoryWakeups(self.memory)
        store = GatedStore(MemoryStore(self.memory, publisher, wakeups), instance, self.alters)
        clock, chance, cipher = instance.clock, RandomChance(self.random), PlainCipher()
        crew = Crew(publisher=publisher, clock=clock)
        steps = self.steps(
            store=store,
            workflows=GatedKeboola(self.keboola, instance),
            defaults=StoredDefaults(store=store, configurations=GatedStorage(self.storage, instance), clock=clock),
            cipher=cipher,
            clock=clock,
            chance=chance,
            policy=self.policy,
        )
        lease = timedelta(seconds=30)
        service = Service(
            store=store,
            watching=Watching(
                store=store,
                batches=GatedBatches(self.batches, instance),
                cipher=cipher,
                clock=clock,
                keeping=Keeping(store=store, chance=chance, lease=lease),
                crew=crew,
                owner=instance.name,
                policy=WatchPolicy(lease=lease),
            ),
            triggering=Triggering(store=store, steps=steps, clock=clock, crew=crew, owner=instance.name, lease=lease),
            secrets=Secrets(store=store, cipher=cipher, clock=clock, openai_base_url="https://openai"),
            wakeups=wakeups,
            clock=clock,
            pulse=Pulse(clock),
            idle=timedelta(minutes=10),
            pause=timedelta(seconds=1),
        )
        await service.run(asyncio.Event())

    def _publisher(self) -> Publisher:
        publisher = Publisher(self._report)
        publisher.add(self.events.append)
        return publisher

    @staticmethod
    def _report(error: Exception, event: Event) -> None:
        raise AssertionError(f"a subscriber failed on {event}") from error

    @property
    def faults(self) -> list[FaultMet]:
        """Mistakes of the program itself: there must be none."""
        return [event for event in self.events if isinstance(event, FaultMet)]
