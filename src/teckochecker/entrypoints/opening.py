"""How the parts are opened that need more than a constructor. Each loads what it is made of when it is asked for.

What has to be closed registers that with the container's stack.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from teckochecker.adapters import processes
from teckochecker.adapters.clock import SystemClock
from teckochecker.adapters.publisher import Publisher
from teckochecker.application.messages import NoticeKind, Subscription
from teckochecker.application.ports import Chance, Clock, Instance, SecretCipher, Telemetry
from teckochecker.domain.secret import Credential, Sealed, SecretType
from teckochecker.entrypoints.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from teckochecker.adapters.keboola import KeboolaQueue, KeboolaStorage
    from teckochecker.adapters.metrics import Metrics
    from teckochecker.adapters.notifier import AppriseNotifier
    from teckochecker.adapters.openai import OpenAIBatches
    from teckochecker.adapters.sql.wakeups import SqlWakeups
    from teckochecker.adapters.sql.work import SqlStore
    from teckochecker.adapters.transport import Transport
    from teckochecker.application.takeover import Takeover

Schema = Callable[[], Awaitable[bool]]
"""Brings the storage to its newest schema, if it is not there. Returns whether anything was done."""


class LateCipher:
    """A cipher that asks for SECRET_KEY when it is first used: most commands neither need it nor its library.

    `hear` is told of every value that is opened, so that a log can keep it out of its lines.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._cipher: SecretCipher | None = None
        self.hear: Callable[[Credential], None] = _nothing

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        return self._known.seal(plain, type)

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        opened = self._known.open(sealed, type)
        self.hear(opened)
        return opened

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        return self._known.reseal(sealed, type)

    @property
    def _known(self) -> SecretCipher:
        if self._cipher is None:
            from teckochecker.adapters.cipher import AesGcmCipher

            self._cipher = AesGcmCipher(self._settings.keys())
        return self._cipher


def _nothing(_: Credential) -> None: ...


def owner(chance: Chance) -> str:
    return f"{socket.gethostname()}-{os.getpid()}-{chance.trigger_id().hex[:8]}"


def instance(owner: str, clock: Clock) -> Instance:
    pid = os.getpid()
    return Instance(
        owner=owner,
        host=socket.gethostname(),
        pid=pid,
        born=processes.born(pid),
        version=version("teckochecker"),
        started_at=clock.now(),
    )


def stack() -> AsyncExitStack:
    return AsyncExitStack()


def engine(stack: AsyncExitStack, url: str) -> AsyncEngine:
    from teckochecker.adapters.sql.engine import open_engine

    engine = open_engine(url)
    stack.push_async_callback(engine.dispose)
    return engine


def schema(engine: AsyncEngine) -> Schema:
    from teckochecker.adapters.sql.file import make_file
    from teckochecker.adapters.sql.migrations import upgrade

    async def made_and_upgraded() -> bool:
        make_file(engine)
        return await upgrade(engine)

    return made_and_upgraded


def wakeups(*args: Any) -> SqlWakeups:
    from teckochecker.adapters.sql.wakeups import SqlWakeups

    return SqlWakeups(*args)


def store(*args: Any) -> SqlStore:
    from teckochecker.adapters.sql.work import SqlStore

    return SqlStore(*args)


def metrics(publisher: Publisher) -> Metrics:
    from teckochecker.adapters.metrics import Metrics

    metrics = Metrics(version("teckochecker"))
    publisher.add(metrics.hear)
    return metrics


def telemetry(stack: AsyncExitStack, metrics: Metrics) -> Telemetry:
    from teckochecker.adapters.tracing import traced

    return traced(metrics, os.environ, stack)


def subscription(settings: Settings) -> Subscription:
    from teckochecker.adapters.notifier import channel_of

    channels = tuple(dict.fromkeys(channel_of(url) for url in settings.notify_urls))
    return Subscription(channels=channels, kinds=frozenset(map(NoticeKind, settings.notify_on)))


def notifier(settings: Settings) -> AppriseNotifier:
    from teckochecker.adapters.notifier import AppriseNotifier

    return AppriseNotifier.over(settings.notify_urls)


def transport(stack: AsyncExitStack, settings: Settings, telemetry: Telemetry, service: str) -> Transport:
    from teckochecker.adapters.transport import Transport

    named = (settings.openai_base_url, *settings.keboola_allowed_stacks)
    transport = Transport(named, per_host=settings.host_concurrency, service=service, telemetry=telemetry)
    stack.push_async_callback(transport.close)
    return transport


def openai(transport: Transport, clock: SystemClock, settings: Settings) -> OpenAIBatches:
    from teckochecker.adapters.openai import OpenAIBatches

    return OpenAIBatches(
        transport,
        clock,
        base_url=settings.openai_base_url,
        deadline=settings.http_timeout.total_seconds(),
        at_once=settings.openai_concurrency,
    )


def keboola(transport: Transport, clock: SystemClock, settings: Settings) -> KeboolaQueue:
    from teckochecker.adapters.keboola import KeboolaQueue

    return KeboolaQueue(
        transport,
        clock,
        deadline=settings.http_timeout.total_seconds(),
        start_deadline=settings.trigger_timeout.total_seconds(),
    )


def storage(transport: Transport, clock: SystemClock, settings: Settings) -> KeboolaStorage:
    from teckochecker.adapters.keboola import KeboolaStorage

    return KeboolaStorage(transport, clock, deadline=settings.http_timeout.total_seconds())


def takeover(**parts: Any) -> Takeover:
    from teckochecker.application.takeover import Takeover

    return Takeover(**parts)


def listening(wakeups: SqlWakeups) -> AbstractAsyncContextManager[object]:
    return wakeups
