"""One instance of our program in a world, and its ways out: at each of them it may be slow, stand still or die."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import AsyncGenerator, Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from attrs import define, field

from teckochecker.adapters.scripted import ScriptedBatches, ScriptedKeboola, ScriptedStorage
from teckochecker.application.errors import GatewayError, LeaseLost, OutcomeUnknown, Rejected, Unavailable
from teckochecker.application.ports import Lease, RunRequest, RunSearch, Store, UnitOfWork
from teckochecker.domain.batch import Looked
from teckochecker.domain.configuration import Configuration, Place
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import BatchId, StackUrl
from tests.simulation.virtual import JumpingClock

if TYPE_CHECKING:
    from tests.simulation.world import World

T = TypeVar("T")


class Crashed(BaseException):
    """The process of an instance died here."""


class Kept:
    """A request that is on its way asks for no lease any more."""

    lost = False


_instance: contextvars.ContextVar[Instance | None] = contextvars.ContextVar("instance", default=None)


def start_task(loop: asyncio.AbstractEventLoop, work: Any, **more: Any) -> asyncio.Future[Any]:
    """Each task belongs to the instance in whose code it was made, so that it dies with it."""
    task = asyncio.Task(work, loop=loop, **more)
    instance = _instance.get()
    if instance is not None:
        instance.tasks[task] = None  # in the order of their making, so that the same seed does the same
        task.add_done_callback(instance.done)
    return task


@define(eq=False)
class Instance:
    """One process of our program: it may crash between any two calls, or stand still for a while."""

    world: World
    name: str
    clock: JumpingClock = field(factory=JumpingClock)
    tasks: dict[asyncio.Future[Any], None] = field(factory=dict)
    alive: bool = True
    stopped_until: float = 0.0

    def live(self, work: Coroutine[Any, Any, None]) -> asyncio.Future[None]:
        """Do this work as this instance."""
        context = contextvars.copy_context()
        context.run(_instance.set, self)
        return context.run(asyncio.ensure_future, work)

    def look(self) -> None:
        """Called wherever the process could have died."""
        if not self.alive:
            raise Crashed

    def done(self, task: asyncio.Future[Any]) -> None:
        """A task of it has ended, if only because it crashed."""
        del self.tasks[task]
        if not task.cancelled():
            task.exception()

    def end(self) -> None:
        """Nothing of it happens any more."""
        self.alive = False
        for task in list(self.tasks):
            task.cancel()

    def crash(self) -> None:
        """Die here."""
        self.end()
        self.world.crashes += 1
        raise Crashed

    @property
    def rate(self) -> float:
        """How often something goes wrong: seldom while somebody has to be able to look."""
        rate = self.world.troubles.rate
        return min(rate, 0.02) if self.world.careful else rate

    async def gate(self, risk: float) -> None:
        """Where the program meets the outside: time passes, the process may stand still or die."""
        self.look()
        world, loop = self.world, asyncio.get_running_loop()
        if world.is_the_last():
            self.crash()
        if not world.calm:
            if world.happens(risk * world.troubles.stop):
                self.stopped_until = loop.time() + world.random.uniform(
                    5, 60 if world.deserted(self) else world.troubles.standstill
                )
                world.stops += 1
            if world.happens(risk * world.troubles.crash):
                self.crash()
        while self.stopped_until > loop.time():
            await asyncio.sleep(self.stopped_until - loop.time())
            self.look()
        # sometimes others come first, sometimes not
        if world.random.random() < 0.3:
            await asyncio.sleep(world.random.expovariate(20))
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

    _inner: Store
    _instance: Instance
    _alters: Callable[[Any], Any]

    @asynccontextmanager
    async def work(self) -> AsyncGenerator[UnitOfWork]:
        rate = self._instance.rate
        await self._instance.gate(rate / 4)
        async with self._inner.work() as work:
            yield GatedWork(self._alters(work), self._instance, rate / 2)
        self._instance.look()

    def view(self) -> AbstractAsyncContextManager[UnitOfWork]:
        self._instance.look()
        return self._inner.view()


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
        """Once its bytes have left, a request arrives whatever becomes of its sender."""
        world, rate = self._instance.world, self._instance.rate

        async def sent() -> KeboolaRun:
            if world.last_look(lease).lost:
                raise LeaseLost("the lease ran out before the bytes left")
            return await asyncio.shield(world.arrives(request, credential))

        if world.happens(rate / 2):
            raise Rejected("Configuration not found", http=400)
        return await called(self._instance, sent, lost=OutcomeUnknown)

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        async def searched() -> Runs:
            self._instance.world.search()
            return await self._inner.find(search, credential)

        return await called(self._instance, searched)

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        return await called(self._instance, lambda: self._inner.get(stack_url, run_id, credential))

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        return await called(self._instance, lambda: self._inner.kill(stack_url, run_id, credential))


@define(eq=False)
class GatedStorage:
    """Keboola's Storage as one instance reaches it."""

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
    world, rate = instance.world, instance.rate
    await instance.gate(rate)
    if (world.keboola_is_down and not world.careful) or world.happens(rate):
        raise Unavailable("the connection was refused")
    if world.happens(rate * world.troubles.lost_answer * 10):
        # whoever waits for the answer gives up, or dies, while the request may still be on its way
        asking = asyncio.ensure_future(ask())
        try:
            await asyncio.wait([asking], timeout=world.random.uniform(0, 90))
            await instance.gate(rate * 5)
        finally:
            asking.cancel()
            await asyncio.gather(asking, return_exceptions=True)
        if not asking.cancelled() and isinstance(asking.exception(), LeaseLost):
            raise LeaseLost("the lease ran out before the bytes left")
        raise lost("the connection broke after the request had left")
    answer = await ask()
    await instance.gate(rate)
    return answer
