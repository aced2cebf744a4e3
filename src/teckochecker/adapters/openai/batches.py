"""`OpenAIBatches`: how batches stand, asked of OpenAI or of a service that speaks like it."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Final
from urllib.parse import quote
from weakref import WeakValueDictionary

from attrs import define, field

from teckochecker.adapters.openai.listing import Listing, Trust, created
from teckochecker.adapters.openai.verdict import Reach, Verdict, judge
from teckochecker.adapters.openai.wave import Wave
from teckochecker.adapters.transport import Answer, Malformed, Slots, Transport
from teckochecker.application.errors import CredentialRejected, Unavailable
from teckochecker.application.ports import Clock
from teckochecker.domain.batch import Looked, LookUpFailed
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId

OPENAI: Final = "https://api.openai.com/v1"
PAGE: Final = 100


@define(eq=False)
class OpenAIBatches:
    """A BatchGateway over HTTP.

    `base_url` serves secrets that name none; `deadline` is in seconds for one call in all, and a page of the list
    has `page_deadline` at most; `at_once` bounds the calls of one credential (the transport bounds those of a host),
    and one that lasts longer than `patience` seconds lets another one pass.
    """

    _transport: Transport
    _clock: Clock
    base_url: str = OPENAI
    deadline: float = 30.0
    page_deadline: float = 10.0
    patience: float = 5.0
    at_once: int = 10
    give_up_after: int = 5
    _slots: WeakValueDictionary[Credential, Slots] = field(factory=WeakValueDictionary, init=False, repr=False)
    _lists: dict[str, Trust] = field(factory=dict, init=False, repr=False)

    async def look_up(
        self, batches: Mapping[BatchId, datetime | None], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        """Ask for each batch once, many of them through the list; see BatchGateway."""
        if not batches:
            return
        address = base_url or self.base_url
        try:
            endpoint = self._transport.endpoint(address)
        except Unavailable as error:
            yield [LookUpFailed(batch_id=batch_id, error=str(error)) for batch_id in batches]
            return
        secret = credential.reveal()
        headers = {"Authorization": f"Bearer {secret}"}
        slots = self._slots.setdefault(credential, Slots(self.at_once, self.patience))

        async def page(after: str | None) -> Answer:
            query = {"limit": str(PAGE)} | ({"after": after} if after else {})
            deadline = min(self.deadline, self.page_deadline)
            async with slots.place():
                return await endpoint.call(
                    "GET", "/batches", query=query, headers=headers, secret=secret, deadline=deadline
                )

        async def ask(batch_id: BatchId) -> Verdict:
            path = f"/batches/{quote(batch_id, safe='')}"
            try:
                answer = await endpoint.call("GET", path, headers=headers, secret=secret, deadline=self.deadline)
            except Unavailable as error:
                return Verdict(LookUpFailed(batch_id=batch_id, error=str(error)), Reach.SERVICE)
            return judge(answer, batch_id, self._clock.now())

        listing = Listing(page, dict(batches), self._lists.setdefault(address, Trust()), self._clock)
        async with aclosing(listing.pages()) as pages:
            async for listed in pages:
                if listed:
                    yield listed
        if not listing.left:
            return
        wave = Wave(deque(listing.left), ask, slots, self.give_up_after)
        async with aclosing(wave.run(min(self.at_once, len(wave.waiting)))) as portions:
            async for portion in portions:
                listing.confirm(portion)
                yield portion

    async def listed(self, credential: Credential, *, base_url: str | None) -> Sequence[datetime]:
        """When the newest batches were created, as the list has them; see BatchLists."""
        secret = credential.reveal()
        answer = await self._transport.endpoint(base_url or self.base_url).call(
            "GET",
            "/batches",
            query={"limit": str(PAGE)},
            headers={"Authorization": f"Bearer {secret}"},
            secret=secret,
            deadline=min(self.deadline, self.page_deadline),
        )
        if answer.status in (401, 403):
            raise CredentialRejected(f"OpenAI answered {answer.status} to its list", http=answer.status)
        if answer.status != 200:
            raise Unavailable(f"OpenAI answered {answer.status} to its list")
        try:
            return created(answer)
        except Malformed as error:
            raise Unavailable(str(error)) from error
