"""One simulated world: the services, the storage, the instances of our program, and everything that goes wrong."""

from __future__ import annotations

import asyncio
import contextvars
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Self
from uuid import UUID

from attrs import define, field, frozen

from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.application.crew import Crew, FaultMet
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.health import Pulse
from teckochecker.application.keeping import Keeping
from teckochecker.application.ports import RunRequest, Store
from teckochecker.application.secrets import Secrets
from teckochecker.application.service import Service
from teckochecker.application.steps import Steps
from teckochecker.application.triggering import Triggering
from teckochecker.application.watching import Watching, WatchPolicy
from teckochecker.domain.events import Event
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.domain.run import KeboolaRun
from teckochecker.domain.secret import Credential, Project, Sealed, SecretType
from tests.simulation.grounds import Ground, InMemory
from tests.simulation.instance import Crashed, GatedBatches, GatedKeboola, GatedStorage, GatedStore, Instance, Kept
from tests.simulation.virtual import JumpingClock, WorldClock

LEASE = timedelta(seconds=30)


@frozen(kw_only=True)
class Troubles:
    """How often what goes wrong, per call near the trigger; half of that elsewhere, or less. Durations are seconds.

    `index_lag` is how late a search may be: within the grace of two minutes, as we promise for. Each search is answered
    by another copy of the index, so that a run that was shown may be gone again, or be shown as it was before.
    `standstill` is how long a process may stand still, `on_its_way` how long a request may be under way that nobody
    waits for any more, `queue_wait` how long Keboola may take to begin a run. `meddling` is how likely somebody meddles
    with a job at each step of its trigger.
    """

    rate: float = 0.02
    crash: float = 0.35
    stop: float = 0.15
    standstill: float = 900.0
    lost_answer: float = 0.25
    index_lag: float = 119.0
    on_its_way: float = 200.0
    queue_wait: float = 300.0
    meddling: float = 0.05
    clock_jumps: bool = True

    @classmethod
    def of(cls, seed: int) -> Self:
        """Days with few faults find other things than days with many, and stops other things than crashes."""
        rate = (0.0005, 0.02, 0.08)[seed % 3]
        return cls(rate=rate, crash=0.1, stop=0.6) if seed // 3 % 2 else cls(rate=rate)


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


@define(eq=False)
class World:
    """Everything of one seed. The judges read only the services' truth and what is stored in the end."""

    seed: int
    troubles: Troubles = field(factory=Troubles)
    policy: TriggerPolicy = field(factory=TriggerPolicy)
    alters: Callable[[Any], Any] = field(default=lambda work: work)
    last_look: Callable[[Any], Any] = field(default=lambda lease: lease)
    steps: Callable[..., Steps] = Steps
    stands_on: Callable[[WorldClock], Ground] = InMemory
    random: random.Random = field(init=False)
    clock: WorldClock = field(factory=WorldClock, init=False)
    ground: Ground = field(init=False)
    batches: ScriptedBatches = field(init=False)
    keboola: ScriptedKeboola = field(init=False)
    storage: ScriptedStorage = field(init=False)
    events: list[Event] = field(factory=list, init=False)
    told: Callable[[Event], None] = field(default=lambda event: None, init=False)
    calm: bool = field(default=False, init=False)
    keboola_is_down: bool = field(default=False, init=False)
    careful_until: float = field(default=0.0, init=False)
    tokens: int = field(default=1, init=False)
    crashes: int = field(default=0, init=False)
    stops: int = field(default=0, init=False)
    broken: list[str] = field(factory=list, init=False)
    instances: dict[str, Instance] = field(factory=dict, init=False)
    living: list[asyncio.Task[None]] = field(factory=list, init=False)
    calls_to_live: list[int] = field(factory=list, init=False)
    on_their_way: dict[asyncio.Task[KeboolaRun], None] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.ground = self.stands_on(self.clock)
        self.batches = ScriptedBatches(self.clock)
        self.keboola = ScriptedKeboola(self.clock, duration=timedelta(minutes=3))
        self.storage = ScriptedStorage(self.keboola)
        self.keboola.knows(self.token, Project(id="901", name="Reviews", token_id="1"))

    @property
    def token(self) -> Credential:
        """Keboola's token of the present; all of them belong to one project."""
        return Credential(f"901-token-{self.tokens}")

    def new_token(self) -> Credential:
        """A token in place of the present one, which may have been revoked."""
        self.tokens += 1
        self.keboola.knows(self.token, Project(id="901", name="Reviews", token_id=str(self.tokens)))
        return self.token

    def happens(self, probability: float) -> bool:
        """Whether something of this probability happens now."""
        return not self.calm and probability > 0 and self.random.random() < probability

    def is_the_last(self) -> bool:
        """Whether a call of an instance is the last one of its life: so many calls to go, and so many for the next."""
        if not self.calls_to_live:
            return False
        self.calls_to_live[0] -= 1
        if self.calls_to_live[0]:
            return False
        del self.calls_to_live[0]
        return True

    def store(self) -> Store:
        """The storage as people reach it, who never crash."""
        return self.ground.open(self._publisher())[0]

    def arrives(self, request: RunRequest, credential: Credential) -> asyncio.Task[KeboolaRun]:
        """A request that has left its sender reaches Keboola, sooner or later."""
        seconds = request.delay.total_seconds()
        late = self.random.uniform(0, self.troubles.on_its_way) if self.happens(self.troubles.rate * 3) else 0.0

        if seconds:
            self.careful_until = asyncio.get_running_loop().time() + late + seconds + 60

        async def arrive() -> KeboolaRun:
            await asyncio.sleep(late)
            wait = self.random.uniform(0, self.troubles.queue_wait) if self.happens(0.5) else 0.0
            self.keboola.startup = timedelta(seconds=wait)
            return await self.keboola.start(request, credential, lease=Kept())

        task = contextvars.Context().run(asyncio.get_running_loop().create_task, arrive())
        self.on_their_way[task] = None
        task.add_done_callback(self._arrived)
        return task

    def search(self) -> None:
        """Whoever searches now is answered by some copy of the index."""
        lag = timedelta(seconds=self.random.uniform(0, self.troubles.index_lag))
        for run in self.keboola.runs:
            run.index_lag = lag

    def _arrived(self, task: asyncio.Task[KeboolaRun]) -> None:
        del self.on_their_way[task]
        if not task.cancelled():
            task.exception()  # whoever still waits for it hears of it; nobody else has to

    @property
    def careful(self) -> bool:
        """A second run waits: what is promised needs somebody who can look in Keboola before it begins."""
        return asyncio.get_running_loop().time() < self.careful_until

    def deserted(self, but: Instance) -> bool:
        """Nobody else could look for this instance, so it is not away for long."""
        now = asyncio.get_running_loop().time()
        return self.careful or not any(
            one.alive and one.stopped_until <= now for one in self.instances.values() if one is not but
        )

    def begin(self) -> None:
        """Two instances live from now on."""
        self.living = [asyncio.create_task(self.live(name)) for name in ("a", "b")]

    async def end(self) -> None:
        """Nobody lives any more, and nothing is under way."""
        for task in self.living:
            task.cancel()
        for instance in self.instances.values():
            instance.end()
        tasks = [*self.living, *self.on_their_way, *(task for one in self.instances.values() for task in one.tasks)]
        await asyncio.gather(*tasks, return_exceptions=True)
        await self.ground.close()

    async def live(self, name: str) -> None:
        """One instance for ever: started again after each crash."""
        clock = JumpingClock()
        while True:
            instance = Instance(self, f"{name}-{self.crashes}", clock)
            self.instances[name] = instance
            running = instance.live(self._run(instance))
            await asyncio.wait([running])
            if not running.cancelled() and not isinstance(running.exception(), Crashed):
                self.broken.append(f"{instance.name} ended: {running.exception()!r}")
            await asyncio.gather(*instance.tasks, return_exceptions=True)
            await asyncio.sleep(1 if self.calm else self.random.uniform(1, 60 if self.deserted(instance) else 300))

    async def _run(self, instance: Instance) -> None:
        publisher = self._publisher()
        inner, wakeups = self.ground.open(publisher)
        store = GatedStore(inner, instance, self.alters)
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
        service = Service(
            store=store,
            watching=Watching(
                store=store,
                batches=GatedBatches(self.batches, instance),
                cipher=cipher,
                clock=clock,
                keeping=Keeping(store=store, chance=chance, lease=LEASE),
                crew=crew,
                owner=instance.name,
                policy=WatchPolicy(lease=LEASE),
            ),
            triggering=Triggering(store=store, steps=steps, clock=clock, crew=crew, owner=instance.name, lease=LEASE),
            secrets=Secrets(store=store, cipher=cipher, clock=clock, openai_base_url="https://openai"),
            wakeups=wakeups,
            clock=clock,
            pulse=Pulse(clock),
            lease=LEASE,
            idle=timedelta(hours=1),
            pause=timedelta(seconds=5),
        )
        try:
            await service.run(asyncio.Event())
        finally:
            self.ground.leave(wakeups)

    def _publisher(self) -> Publisher:
        publisher = Publisher(self._report)
        publisher.add(self.events.append)
        publisher.add(lambda event: self.told(event))
        return publisher

    @staticmethod
    def _report(error: Exception, event: Event) -> None:
        raise AssertionError(f"a subscriber failed on {event}") from error

    @property
    def faults(self) -> list[FaultMet]:
        """Mistakes of the program itself: there must be none."""
        return [event for event in self.events if isinstance(event, FaultMet)]

    @property
    def now(self) -> datetime:
        """The true time."""
        return self.clock.now()
