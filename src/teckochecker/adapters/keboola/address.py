"""Where a stack's queue is: as the stack's own index says, within strict bounds, or by the naming rule."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

from attrs import define, field

from teckochecker.adapters.converter import mapping, text
from teckochecker.adapters.transport import Malformed, Transport
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock, QueueAddress
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.values import StackUrl

KNOWN_FOR: Final = timedelta(hours=1)


@define(eq=False)
class QueueAddresses:
    """Asks each stack's index once an hour, without a token."""

    _transport: Transport
    _clock: Clock
    _deadline: float
    _known: dict[StackUrl, tuple[datetime, str]] = field(factory=dict, init=False)

    async def of(self, stack_url: StackUrl) -> str:
        """The queue's base URL.

        Raises:
            Unavailable: the stack does not say, and no rule names it either.
        """
        check_stack(self._transport, stack_url)
        now = self._clock.now()
        known = self._known.get(stack_url)
        if known and timedelta(0) <= now - known[0] < KNOWN_FOR:
            return known[1]
        named = _by_rule(stack_url)
        try:
            found = await self.look(stack_url)
        except Unavailable:
            if named is None:
                raise
            return named
        self._known[stack_url] = (now, found.used)
        return found.used

    async def look(self, stack_url: StackUrl) -> QueueAddress:
        """What the stack says now, and what the rule says.

        Raises:
            Unavailable: the stack does not answer, or neither names a queue.
        """
        check_stack(self._transport, stack_url)
        named, told = _by_rule(stack_url), await self._told(stack_url)
        used = told if told and _may_lead(stack_url, told, named) else named
        if used is None:
            raise Unavailable(f"The stack {stack_url} does not say where its queue is; check the stack URL")
        return QueueAddress(used=used, told=told, named=named)

    async def _told(self, stack_url: StackUrl) -> str | None:
        index = self._transport.endpoint(stack_url)
        answer = await index.call("GET", "/v2/storage?exclude=components", headers={}, deadline=self._deadline)
        if answer.status >= 300:
            raise Unavailable(f"{answer.host} answered {answer.status} when asked for its services")
        try:
            services = mapping(answer.json()).get("services")
        except Malformed as error:
            raise Unavailable(str(error)) from error
        found = (mapping(service) for service in services) if isinstance(services, list) else ()
        return next((text(service.get("url"), 500) for service in found if service.get("id") == "queue"), None)


def check_stack(transport: Transport, stack_url: StackUrl) -> None:
    """Make sure that a token may still go there: the operator's list may be shorter than when it was stored.

    Raises:
        Unavailable: it is neither one of Keboola's own stacks nor on the list.
    """
    if _by_rule(stack_url) is None and not transport.allows(stack_url):
        raise Unavailable(f"The stack {stack_url} is not allowed any more; list it in KEBOOLA_ALLOWED_STACKS")


def _by_rule(stack_url: StackUrl) -> str | None:
    """`queue` for the leading `connection`; None for a stack that only the operator knows."""
    try:
        StackUrl(stack_url)
    except InvalidValue:
        return None
    return stack_url.replace("https://connection.", "https://queue.", 1)


def _may_lead(stack_url: StackUrl, told: str, named: str | None) -> bool:
    """A token goes there: Keboola's own queue of that very stack, or any path of the operator's host and port."""
    if named is not None:
        return told.rstrip("/") == named
    stack, queue = urlsplit(stack_url), urlsplit(told)
    return (stack.scheme, stack.netloc) == (queue.scheme, queue.netloc)
