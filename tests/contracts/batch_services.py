"""The services that the contract of BatchGateway is held against. A further one joins by one entry in `SERVICES`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.openai import OpenAIBatches
from teckochecker.adapters.scripted import ScriptedBatches
from teckochecker.adapters.transport import Transport
from teckochecker.application.ports import BatchGateway, BatchLists
from teckochecker.domain.batch import RequestCounts
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints.simulator import BatchScript, SimulatedOpenAI, Simulator, default_key
from tests.builders import SECOND

KEY = Credential(default_key)


class Batches(BatchGateway, BatchLists, Protocol):
    """Both ports that lead to batches."""


class BatchService(Protocol):
    """A service whose batches do as they are told, and the gateway that leads to it."""

    @property
    def gateway(self) -> Batches: ...

    @property
    def base_url(self) -> str | None: ...

    def put(self, batch_id: str, status: str, *, counts: RequestCounts | None = None, **files: str) -> None:
        """The batch has this status now."""

    def vanish(self, batch_id: str) -> None:
        """The batch is not found any more."""

    def revoke(self) -> None:
        """The credential is refused from now on."""

    def fail(self, *, batch_id: str | None = None, retry_after: int | None = None) -> None:
        """No answer about this batch, or about any, until `recover`; perhaps with a word on when to come again."""

    def recover(self) -> None:
        """All answers again."""

    def asked(self) -> int:
        """How often the service was asked for a batch."""


@frozen
class Scripted:
    """In memory."""

    gateway: ScriptedBatches
    base_url: str | None = None

    def put(self, batch_id: str, status: str, *, counts: RequestCounts | None = None, **files: str) -> None:
        self.gateway.put(batch_id, status, counts=counts, **files)

    def vanish(self, batch_id: str) -> None:
        self.gateway.vanish(batch_id)

    def revoke(self) -> None:
        self.gateway.revoke(KEY)

    def fail(self, *, batch_id: str | None = None, retry_after: int | None = None) -> None:
        wait = retry_after * SECOND if retry_after else None
        self.gateway.fail("down", batch_id=batch_id, retry_after=wait)

    def recover(self) -> None:
        self.gateway.recover()

    def asked(self) -> int:
        return sum(self.gateway.looks.values())


@frozen
class OverHttp:
    """OpenAI's way of speaking, over real connections."""

    gateway: OpenAIBatches
    service: SimulatedOpenAI

    @property
    def base_url(self) -> str:
        return self.service.base_url

    def put(self, batch_id: str, status: str, *, counts: RequestCounts | None = None, **files: str) -> None:
        told: dict[str, Any] = dict(files)
        if counts:
            told["request_counts"] = {
                "total": counts.total,
                "completed": counts.completed,
                "failed": counts.failed,
            }
        if batch_id not in [batch.id for batch in self.service.batches()]:
            self.service.add_batch(batch_id)
        self.service.set_batch(batch_id, BatchScript.stays(status), **told)

    def vanish(self, batch_id: str) -> None:
        self.service.remove_batch(batch_id)

    def revoke(self) -> None:
        self.service.remove_key(default_key)

    def fail(self, *, batch_id: str | None = None, retry_after: int | None = None) -> None:
        path = f"/v1/batches/{batch_id}" if batch_id else None
        word = None if retry_after is None else str(retry_after)
        self.service.fault("status", status=503, times=None, path=path, retry_after=word)

    def recover(self) -> None:
        self.service.clear_faults()

    def asked(self) -> int:
        return self.service.requests("retrieve")


@asynccontextmanager
async def scripted(clock: ManualClock) -> AsyncGenerator[BatchService]:
    """Batches in memory."""
    yield Scripted(ScriptedBatches(clock))


@asynccontextmanager
async def openai(clock: ManualClock) -> AsyncGenerator[BatchService]:
    """The simulated OpenAI, over HTTP."""
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        transport = Transport([simulator.openai.base_url])
        try:
            yield OverHttp(OpenAIBatches(transport, clock), simulator.openai)
        finally:
            await transport.close()


SERVICES: Final[tuple[Callable[[ManualClock], AbstractAsyncContextManager[BatchService]], ...]] = (scripted, openai)
