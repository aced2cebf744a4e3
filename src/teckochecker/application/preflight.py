"""The look at a job's surroundings before it has to work: both services at once, and never for long."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import aclosing
from datetime import timedelta
from typing import Any, Final, TypeVar
from uuid import UUID

from attrs import frozen

from teckochecker.application.errors import GatewayError, Rejected, Unavailable
from teckochecker.application.keyring import Keyring
from teckochecker.application.patience import within
from teckochecker.application.ports import BatchGateway, Clock, ConfigurationGateway, RunSearch
from teckochecker.domain.batch import Looked
from teckochecker.domain.configuration import FLOWS, VARIABLES, Configuration, Place
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.findings import Checked, Finding, Level
from teckochecker.domain.preflight import Consumer, TargetJudge, TargetSeen, Unread, judge_batches
from teckochecker.domain.secret import Credential, Secret
from teckochecker.domain.token import Token
from teckochecker.domain.values import BatchId, KeboolaTarget

T = TypeVar("T")

PATIENCE: Final = timedelta(seconds=2)  # for one answer; two follow each other at most
_MOST_TASKS: Final = 20
_NOBODYS: Final = UUID(int=0)


@frozen(kw_only=True)
class Subject:
    """What a job depends on. A secret that is None was deleted."""

    openai: Secret | None
    keboola: Secret | None
    target: KeboolaTarget
    batches: tuple[BatchId, ...]


@frozen(kw_only=True)
class Preflight:
    """Reads what a job depends on, and says what that means for it. It changes nothing in either service.

    A Keboola secret that was never verified is bound to its stack by the first verification that succeeds.
    """

    keyring: Keyring
    batches: BatchGateway
    configurations: ConfigurationGateway
    clock: Clock

    async def of(self, subject: Subject) -> Checked:
        """All that can be said within five seconds."""
        (target, defaults), batches = await asyncio.gather(self._target(subject), self._batches(subject))
        return Checked(at=self.clock.now(), findings=(*target, *batches), defaults=defaults)

    # Keboola

    async def _target(self, subject: Subject) -> tuple[Sequence[Finding], dict[str, str]]:
        credential = self._opened(subject.keboola)
        if subject.keboola is None or isinstance(credential, Finding):
            return [credential] if isinstance(credential, Finding) else [], {}
        token, (configuration, consumers), search = await asyncio.gather(
            self._token(subject.keboola, subject.target, credential),
            self._configuration(subject.target, credential),
            self._search(subject.target, credential),
        )
        seen = TargetSeen(token=token, configuration=configuration, consumers=consumers, search=search)
        judge = TargetJudge(target=subject.target, secret=subject.keboola.name, seen=seen, at=self.clock.now())
        return tuple(judge.findings()), dict(judge.defaults)

    async def _token(self, secret: Secret, target: KeboolaTarget, credential: Credential) -> Token | Unread:
        token = await self._read(self.configurations.token(target.stack_url, credential))
        if isinstance(token, Token):
            await self.keyring.learn(secret, token.project, target.stack_url)
        return token

    async def _configuration(
        self, target: KeboolaTarget, credential: Credential
    ) -> tuple[Configuration | Unread, tuple[Consumer, ...] | Unread]:
        place = Place.of(target)
        configuration = await self._read(self.configurations.read(place, credential))
        if isinstance(configuration, Unread):
            return configuration, ()
        places = {place: configuration}
        if target.component_id in FLOWS:
            return configuration, await self._read(self._tasks(place, configuration, credential))
        return configuration, await self._consumers(places, credential)

    async def _tasks(self, flow: Place, configuration: Configuration, credential: Credential) -> tuple[Consumer, ...]:
        """The configurations that a flow runs; those that cannot be read are left out."""
        places = [flow.beside(*task) for task in configuration.tasks[:_MOST_TASKS]]
        found = await asyncio.gather(*(self._read(self.configurations.read(place, credential)) for place in places))
        readable = {place: task for place, task in zip(places, found, strict=True) if isinstance(task, Configuration)}
        if places and not readable:
            raise Unavailable("none of the configurations that the flow runs could be read")
        return await self._consumers(readable, credential)

    async def _consumers(
        self, configurations: dict[Place, Configuration], credential: Credential
    ) -> tuple[Consumer, ...]:
        async def linked(place: Place, configuration: Configuration) -> Consumer:
            if configuration.variables_id is None:
                return Consumer(configuration=configuration)
            variables = place.beside(VARIABLES, configuration.variables_id)
            read = await self._read(self.configurations.read(variables, credential))
            return Consumer(configuration=configuration, variables=read)

        return tuple(await asyncio.gather(*(linked(*one) for one in configurations.items())))

    async def _search(self, target: KeboolaTarget, credential: Credential) -> Unread | None:
        search = RunSearch(trigger_id=_NOBODYS, target=target, since=self.clock.now())
        found = await self._read(self.keyring.workflows.find(search, credential))
        return found if isinstance(found, Unread) else None

    # OpenAI

    async def _batches(self, subject: Subject) -> Sequence[Finding]:
        credential = self._opened(subject.openai)
        if subject.openai is None or isinstance(credential, Finding):
            return [credential] if isinstance(credential, Finding) else []
        looked: dict[BatchId, Looked] = {}
        answers = self.batches.look_up(dict.fromkeys(subject.batches), credential, base_url=subject.openai.base_url)
        silence = await self._read(_gathered(answers, looked), 2 * PATIENCE)
        why = silence.why if isinstance(silence, Unread) else "no answer came"
        return tuple(judge_batches(subject.openai.name, subject.batches, looked, why))

    # Both

    def _opened(self, secret: Secret | None) -> Credential | Finding:
        """The value, or why there is none."""
        if secret is None:
            return Finding(level=Level.ERROR, about="Secret", says="was deleted; give the job another one: job edit")
        try:
            return self.keyring.cipher.open(secret.sealed, secret.type)
        except TeckoCheckerError as error:
            return Finding(level=Level.UNCHECKED, about=f"Secret '{secret.name}'", says=str(error))

    async def _read(self, reading: Coroutine[Any, Any, T], patience: timedelta = PATIENCE) -> T | Unread:
        """What could be read in time, or why it could not."""
        try:
            return await within(self.clock, patience, reading)
        except GatewayError as error:
            return Unread(why=str(error), http=error.http if isinstance(error, Rejected) else None)


async def _gathered(answers: AsyncGenerator[Sequence[Looked], None], looked: dict[BatchId, Looked]) -> None:
    """Take in what comes, as it comes."""
    async with aclosing(answers):
        async for portion in answers:
            looked.update({answer.batch_id: answer for answer in portion})
