"""`OpenAIBatches`: how batches stand, asked of OpenAI or of a service that speaks like it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Collection, Sequence
from contextlib import aclosing
from typing import Final
from urllib.parse import quote
from weakref import WeakValueDictionary

from attrs import define, field

from teckochecker.adapters.openai.verdict import Reach, Verdict, judge
from teckochecker.adapters.openai.wave import Wave
from teckochecker.adapters.transport import Transport
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock
from teckochecker.domain.batch import Looked, LookUpFailed
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId

OPENAI: Final = "https://api.openai.com/v1"


@define(eq=False)
class OpenAIBatches:
    """A BatchGateway over HTTP.

    `base_url` serves secrets that name none; `deadline` is in seconds for one call in all; `at_once` bounds the
    calls of one credential (the transport bounds those of a host).
    """

    _transport: Transport
    _clock: Clock
    base_url: str = OPENAI
    deadline: float = 30.0
    at_once: int = 10
    give_up_after: int = 5
    _slots: WeakValueDictionary[Credential, asyncio.Semaphore] = field(
        factory=WeakValueDictionary, init=False, repr=False
    )

    async def look_up(
        self, batches: Collection[BatchId], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        """Ask for each batch once; see BatchGateway."""
        waiting = deque(dict.fromkeys(batches))
        if not waiting:
            return
        try:
            endpoint = self._transport.endpoint(base_url or self.base_url)
        except Unavailable as error:
            yield [LookUpFailed(batch_id=batch_id, error=str(error)) for batch_id in waiting]
            return
        secret = credential.reveal()
        headers = {"Authorization": f"Bearer {secret}"}

        async def ask(batch_id: BatchId) -> Verdict:
            path = f"/batches/{quote(batch_id, safe='')}"
            try:
                answer = await endpoint.call("GET", path, headers=headers, secret=secret, deadline=self.deadline)
            except Unavailable as error:
                return Verdict(LookUpFailed(batch_id=batch_id, error=str(error)), Reach.SERVICE)
            return judge(answer, batch_id, self._clock.now())

        slots = self._slots.setdefault(credential, asyncio.Semaphore(self.at_once))
        wave = Wave(waiting, ask, slots, self.give_up_after)
        async with aclosing(wave.run(min(self.at_once, len(waiting)))) as portions:
            async for portion in portions:
                yield portion
