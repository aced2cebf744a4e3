"""What both services tell of themselves and of a secret, without anything being done there."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from datetime import timedelta
from itertools import pairwise
from typing import Final
from uuid import UUID

from attrs import frozen

from teckochecker.application.errors import CredentialRejected, GatewayError
from teckochecker.application.ports import (
    BatchGateway,
    BatchLists,
    Clock,
    ConfigurationGateway,
    QueueDirectory,
    RunSearch,
    WorkflowGateway,
)
from teckochecker.domain.batch import LookUpFailed
from teckochecker.domain.configuration import VARIABLES, Place
from teckochecker.domain.findings import Finding, Level
from teckochecker.domain.secret import Credential
from teckochecker.domain.token import Token
from teckochecker.domain.values import BatchId, KeboolaTarget, StackUrl

_NOBODYS_BATCH: Final = BatchId("batch_doctor_asks_whether_this_key_works")
_NOBODYS_RUN: Final = UUID(int=0)
_NOBODYS_TOKEN: Final = Credential("0-0-a-token-that-was-never-given-to-anybody")
_SOON: Final = timedelta(days=7)
_MOST_SKEW: Final = timedelta(seconds=30)


@frozen(kw_only=True)
class Inquiry:
    """Asks about one secret at a time. What gives no answer is said, and held against nothing."""

    batches: BatchGateway
    lists: BatchLists
    workflows: WorkflowGateway
    queues: QueueDirectory
    configurations: ConfigurationGateway
    clock: Clock
    grace: timedelta

    async def openai(self, credential: Credential, base_url: str | None) -> AsyncGenerator[Finding]:
        """Whether a key reads batches, and whether the list is as many look-ups at once need it."""
        answers = self.batches.look_up({_NOBODYS_BATCH: None}, credential, base_url=base_url)
        async with aclosing(answers):
            looked = [answer async for portion in answers for answer in portion]
        for answer in looked:
            if isinstance(answer, LookUpFailed):
                if answer.credential_rejected:
                    yield _found(Level.ERROR, "key", f"OpenAI refuses it: {answer.error}")
                else:
                    yield _found(Level.UNCHECKED, "key", answer.error)
                return
        yield _found(Level.FINE, "key", "OpenAI takes it, and it reads batches")
        try:
            created = await self.lists.listed(credential, base_url=base_url)
        except CredentialRejected as error:
            yield _found(Level.WARNING, "list", f"may not list batches, so each is asked for singly ({error})")
        except GatewayError as error:
            yield _found(Level.UNCHECKED, "list", str(error))
        else:
            if len(created) < 2:
                yield _found(Level.UNCHECKED, "list", "its order shows only where there are two batches")
            elif all(newer >= older for newer, older in pairwise(created)):
                yield _found(Level.FINE, "list", f"the newest {len(created)} batches, newest first, as look-ups expect")
            else:
                yield _found(Level.WARNING, "list", "is not newest first, so batches are mostly asked for singly")

    async def keboola(self, credential: Credential, stack_url: StackUrl) -> AsyncGenerator[Finding]:
        """What a token may do, and what of our settings the stack bears out."""
        try:
            token = await self.configurations.token(stack_url, credential)
        except CredentialRejected as error:
            yield _found(Level.ERROR, "token", str(error))
            return
        except GatewayError as error:
            yield _found(Level.UNCHECKED, "token", str(error))
            return
        for finding in self._token(token):
            yield finding
        yield await self._queue(stack_url)
        component = min(token.components or (), default="keboola.flow")
        target = KeboolaTarget(stack_url=stack_url, component_id=component, configuration_id="0")
        search = RunSearch(trigger_id=_NOBODYS_RUN, target=target, since=self.clock.now())
        async for finding in self._search(search, credential):
            yield finding
        yield await self._stranger(search)
        async for finding in self._configurations(stack_url, credential):
            yield finding

    def _token(self, token: Token) -> Sequence[Finding]:
        components = "every component" if token.components is None else ", ".join(sorted(token.components)) or "none"
        says = f"Keboola takes it: project {token.project.name} ({token.project.id}), components: {components}"
        found = [_found(Level.FINE, "token", says)]
        if token.role == "readOnly":
            found.append(_found(Level.ERROR, "token", "only reads, so it may start no run; use another one"))
        if token.doubtful:
            found.append(_found(Level.WARNING, "token", f"Keboola may refuse its runs: {token.doubtful}"))
        if token.expires_at:
            soon = token.expires_at - self.clock.now() < _SOON
            says = f"expires at {token.expires_at:%Y-%m-%d %H:%M} UTC"
            found.append(_found(Level.WARNING if soon else Level.FINE, "expiry", says))
        else:
            found.append(_found(Level.FINE, "expiry", "never expires"))
        return found

    async def _queue(self, stack_url: StackUrl) -> Finding:
        try:
            address = await self.queues.queue(stack_url)
        except GatewayError as error:
            return _found(Level.UNCHECKED, "queue", str(error))
        if address.named is None:
            return _found(Level.FINE, "queue", f"is {address.used}, by the stack's index; no rule names it")
        if address.told is None or address.told.rstrip("/") != address.named:
            told = address.told or "nothing"
            return _found(Level.WARNING, "queue", f"{address.used} is used; the stack's index says {told}")
        return _found(Level.FINE, "queue", f"is {address.used}, by the stack's index and by the naming rule alike")

    async def _search(self, search: RunSearch, credential: Credential) -> AsyncIterator[Finding]:
        try:
            runs = await self.workflows.find(search, credential)
        except CredentialRejected as error:
            says = f"may not search jobs, so a start whose answer is lost waits for a person ({error})"
            yield _found(Level.WARNING, "search", says)
            return
        except GatewayError as error:
            yield _found(Level.UNCHECKED, "search", str(error))
            return
        yield _found(Level.FINE, "search", "it may search jobs, as TRIGGER_ON_UNKNOWN=resend needs")
        lag = f"how late it shows a run cannot be told without one; TRIGGER_SEARCH_GRACE is {_seconds(self.grace)} s"
        yield _found(Level.UNCHECKED, "search lag", lag)
        skew = self.clock.now() - runs.as_of
        says = f"Keboola's and ours differ by {_seconds(abs(skew))} s"
        if abs(skew) > _MOST_SKEW:
            yield _found(Level.WARNING, "clock", f"{says}; set the clock of this machine")
        else:
            yield _found(Level.FINE, "clock", says)

    async def _stranger(self, search: RunSearch) -> Finding:
        """How the queue answers a token that it does not know. Either status holds a trigger until it is replaced."""
        try:
            await self.workflows.find(search, _NOBODYS_TOKEN)
        except CredentialRejected as error:
            return _found(Level.FINE, "refusal", f"the queue answers an unknown token with {error.http}, which holds")
        except GatewayError as error:
            return _found(Level.UNCHECKED, "refusal", str(error))
        return _found(Level.WARNING, "refusal", "the queue took a token that nobody has; is this a Keboola?")

    async def _configurations(self, stack_url: StackUrl, credential: Credential) -> AsyncIterator[Finding]:
        """Whether it reads a configuration, and the variables of one, as the look before a job is kept does."""
        try:
            seen = await self.configurations.all(stack_url, credential, branch_id=None)
        except GatewayError as error:
            yield _found(Level.UNCHECKED, "configurations", str(error))
            return
        places = [
            Place(stack_url=stack_url, component_id=component.id, configuration_id=stored.id)
            for component in sorted(seen, key=lambda component: component.id == VARIABLES)
            for stored in component.configurations
        ]
        if not places:
            yield _found(Level.UNCHECKED, "configurations", "it sees none")
            return
        yield await self._reads(places[0], "configurations", credential)
        yield await self._reads(places[-1].beside(VARIABLES, places[-1].configuration_id), "variables", credential)

    async def _reads(self, place: Place, about: str, credential: Credential) -> Finding:
        try:
            await self.configurations.read(place, credential)
        except CredentialRejected:
            says = f"it may not read {place.component_id}, so that is not checked before a job is kept"
            return _found(Level.WARNING, about, says)
        except GatewayError as error:
            if place.component_id == VARIABLES and getattr(error, "http", None) == 404:
                return _found(Level.FINE, about, f"it may read {VARIABLES}, where there are none yet")
            return _found(Level.UNCHECKED, about, str(error))
        return _found(Level.FINE, about, f"it reads those of {place.component_id}")


def _found(level: Level, about: str, says: str) -> Finding:
    return Finding(level=level, about=about, says=says)


def _seconds(span: timedelta) -> str:
    return f"{span.total_seconds():.0f}"
