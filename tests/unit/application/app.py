"""The whole application over memory and scripted services, with a clock driven by hand."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from attrs import define, field

from teckochecker.adapters.clock import ManualClock, SeededChance
from teckochecker.adapters.memory import Memory, MemoryStore, MemoryWakeups
from teckochecker.adapters.publisher import Publisher
from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.application.checks import CheckedJobs
from teckochecker.application.crew import Crew
from teckochecker.application.defaults import StoredDefaults
from teckochecker.application.errors import WrongKey
from teckochecker.application.health import Pulse
from teckochecker.application.jobs import Jobs
from teckochecker.application.keeping import Keeping
from teckochecker.application.keyring import Keyring
from teckochecker.application.ports import RunRequest
from teckochecker.application.preflight import Preflight
from teckochecker.application.runs import KeboolaRuns
from teckochecker.application.secrets import Secrets
from teckochecker.application.service import Service
from teckochecker.application.steps import Steps
from teckochecker.application.triggering import Triggering
from teckochecker.application.views import JobView
from teckochecker.application.watching import Watching, WatchPolicy
from teckochecker.domain.batch import BatchStatus
from teckochecker.domain.events import Event
from teckochecker.domain.protocol import TriggerPolicy
from teckochecker.domain.secret import Credential, Sealed, SecretType
from teckochecker.domain.values import BatchId
from tests.builders import AT, a_spec, a_target
from tests.moves import Moves, NotedStore

LEASE = timedelta(seconds=30)


@define
class LabelCipher:
    """Seals by a label, so that a test can take the key away or turn it."""

    key: str = "one"
    others: tuple[str, ...] = ()

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        return Sealed(f"{self.key}|{type.value}|{plain.reveal()}")

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        if not sealed:
            raise WrongKey("This secret came without its value; give it one")
        key, bound, plain = sealed.split("|", 2)
        if key not in (self.key, *self.others) or bound != type.value:
            raise WrongKey("SECRET_KEY does not open what is stored; put the former key back")
        return Credential(plain)

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        return self.seal(self.open(sealed, type), type)


@define(eq=False)
class HourAhead:
    """A clock that somebody has set wrong, and how often its owner slept."""

    right: ManualClock
    naps: int = 0

    def now(self) -> datetime:
        return self.right.now() + timedelta(hours=1)

    def monotonic(self) -> float:
        return self.right.monotonic()

    async def sleep(self, delay: timedelta, *, unless: asyncio.Event | None = None) -> None:
        self.naps += 1
        await self.right.sleep(delay, unless=unless)


@define(eq=False)
class App:
    """One instance, and the people at it."""

    policy: TriggerPolicy = field(factory=TriggerPolicy)
    clock: ManualClock = field(factory=lambda: ManualClock(AT))
    memory: Memory = field(init=False)
    batches: ScriptedBatches = field(init=False)
    keboola: ScriptedKeboola = field(init=False)
    storage: ScriptedStorage = field(init=False)
    cipher: LabelCipher = field(factory=LabelCipher)
    told: list[Event] = field(factory=list)
    services: list[Service] = field(factory=list)
    moves: Moves = field(factory=Moves)

    def __attrs_post_init__(self) -> None:
        self.memory = Memory(self.clock)
        self.batches = ScriptedBatches(self.clock)
        self.keboola = ScriptedKeboola(self.clock)
        self.storage = ScriptedStorage(self.keboola)
        self.new_service("first")

    def new_service(self, owner: str, **changes: Any) -> Service:
        """One more instance on the same storage."""
        publisher = Publisher(self._report)
        publisher.add(self.told.append)
        wakeups = MemoryWakeups(self.memory)
        store = NotedStore(MemoryStore(self.memory, publisher, wakeups), self.moves)
        chance = SeededChance(len(self.services))
        clock = changes.pop("clock", self.clock)
        crew = Crew(publisher=publisher, clock=clock)
        shared: dict[str, Any] = {"store": store, "cipher": self.cipher, "clock": clock}
        defaults = StoredDefaults(store=store, configurations=self.storage, clock=clock)
        steps = Steps(**shared, workflows=self.keboola, defaults=defaults, chance=chance, policy=self.policy)
        service = Service(
            store=store,
            watching=Watching(
                **shared,
                batches=self.batches,
                keeping=Keeping(store=store, chance=chance, lease=LEASE),
                crew=crew,
                owner=owner,
                policy=changes.pop("watch", WatchPolicy(lease=LEASE)),
            ),
            triggering=Triggering(
                store=store, steps=steps, clock=clock, crew=crew, owner=owner, lease=LEASE, **changes
            ),
            secrets=Secrets(**shared, openai_base_url="https://api.openai.com/v1"),
            wakeups=wakeups,
            clock=clock,
            pulse=Pulse(clock),
        )
        self.services.append(service)
        return service

    @staticmethod
    def _report(error: Exception, event: Event) -> None:
        raise AssertionError(str(event)) from error

    @property
    def service(self) -> Service:
        return self.services[0]

    @property
    def store(self) -> Any:
        return self.service.store

    @property
    def secrets(self) -> Secrets:
        return self.service.secrets

    @property
    def jobs(self) -> Jobs:
        return Jobs(store=self.store, allowed_stacks=("http://127.0.0.1:9",))

    @property
    def checked_jobs(self) -> CheckedJobs:
        """Jobs with their check."""
        keyring = Keyring(store=self.store, cipher=self.cipher, workflows=self.keboola)
        shared: dict[str, Any] = {"configurations": self.storage, "clock": self.clock}
        preflight = Preflight(keyring=keyring, batches=self.batches, **shared)
        return CheckedJobs(store=self.store, preflight=lambda: preflight)

    @property
    def runs(self) -> KeboolaRuns:
        steps = self.service.triggering.steps
        return KeboolaRuns(
            store=self.store,
            workflows=self.keboola,
            cipher=self.cipher,
            clock=self.clock,
            defaults=steps.defaults,
            chance=steps.chance,
        )

    def run_by_hand(self, **changes: Any) -> str:
        """A run that a person started in Keboola's pages; its id."""
        request = RunRequest(target=a_target(**changes), variables={"colour": "red"})
        return self.keboola.by_hand(request, token_id="7").id

    async def with_secrets(self) -> App:
        """An OpenAI and a Keboola secret are stored."""
        await self.secrets.add("openai", SecretType.OPENAI, Credential("sk-first"))
        await self.secrets.add("keboola", SecretType.KEBOOLA, Credential("901-first"))
        return self

    async def a_job(self, *batches: str, status: BatchStatus | None = None, **changes: Any) -> JobView:
        """A job; with a status given, its batches have it already."""
        ids = batches or ("batch_1",)
        if status:
            for batch in ids:
                self.batches.put(batch, status)
        return await self.jobs.create(a_spec(batch_ids=ids, **changes))

    async def run(self) -> None:
        """Everything that is due now is done."""
        await self.service.run_until_idle()

    async def advance(self, step: timedelta) -> None:
        """Let time pass from one due moment to the next, with the work done at each."""
        end = self.clock.now() + step
        await self.run()
        while (due := await self.service.next_due()) and due <= end:
            await self.clock.advance(max(due - self.clock.now(), timedelta(milliseconds=1)))
            await self.run()
        await self.clock.advance(max(end - self.clock.now(), timedelta(0)))

    async def job(self, job_id: int = 1) -> JobView:
        return await self.jobs.get(job_id)

    def looks(self, batch: str) -> int:
        """How often this batch was asked for."""
        return self.batches.looks.get(BatchId(batch), 0)

    def kinds(self, *wanted: str) -> Collection[str]:
        """The kinds of event told so far, of those wanted."""
        return [event.kind for event in self.told if not wanted or event.kind in wanted]


async def turns(count: int = 50) -> None:
    """Let everybody who can go on do so."""
    for _ in range(count):
        await asyncio.sleep(0)
