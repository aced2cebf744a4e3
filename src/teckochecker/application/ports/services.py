"""The outside world: OpenAI, Keboola, and the cipher that guards their credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from attrs import frozen

from teckochecker.domain.batch import Looked
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project, Sealed, SecretType
from teckochecker.domain.values import BatchId, KeboolaTarget, StackUrl


class SecretCipher(Protocol):
    """Seals secret values. The type is bound in: an OpenAI value cannot be opened as a Keboola one."""

    def seal(self, plain: Credential, type: SecretType) -> Sealed:
        """Seal under the first key."""
        ...

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        """The value.

        Raises:
            WrongKey: no key opens it.
        """
        ...

    def reseal(self, sealed: Sealed, type: SecretType) -> Sealed:
        """The same value under the first key; unchanged when it is there already.

        Raises:
            WrongKey: no key opens it.
        """
        ...


class BatchGateway(Protocol):
    """OpenAI's batch API."""

    def look_up(
        self, batches: Mapping[BatchId, datetime | None], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        """Say of each batch once how it stands, as answers arrive; nobody waits for the slowest.

        `batches` tells of each when it was created, where that is known: it helps to find it in a list.

        Failures are answers too (`LookUpFailed`); this raises nothing. Each call has a total deadline, calls at
        once are bounded per credential and per host, and when the service as a whole seems down the rest is
        answered without asking. To be closed when no longer wanted (`contextlib.aclosing`).
        """
        ...


class Lease(Protocol):
    """The lease under which a request is made."""

    @property
    def lost(self) -> bool:
        """Somebody else may hold the work by now, judged by the monotonic clock alone."""
        ...


@frozen(kw_only=True)
class RunRequest:
    """What is asked of Keboola. `delay` is how long the run has to wait before it begins."""

    target: KeboolaTarget
    variables: Mapping[str, str]
    delay: timedelta = timedelta(0)


@frozen(kw_only=True)
class RunSearch:
    """Which runs to look for: those of this target with this trigger id, created since."""

    trigger_id: UUID
    target: KeboolaTarget
    since: datetime


class WorkflowGateway(Protocol):
    """Keboola's queue.

    Raises, besides what a method names: Unavailable (nothing was done, it may work later), CredentialRejected
    (401 or 403) and Rejected (refused for good).
    """

    async def identify(self, stack_url: StackUrl, credential: Credential) -> Project:
        """The project and token behind a credential."""
        ...

    async def start(self, request: RunRequest, credential: Credential, *, lease: Lease) -> KeboolaRun:
        """Ask for a run, once. The lease is looked at right before the body leaves.

        Raises:
            LeaseLost: it had run out; nothing was sent.
            OutcomeUnknown: the run may or may not have been created.
        """
        ...

    async def find(self, search: RunSearch, credential: Credential) -> Runs:
        """Every run that matches, from all pages. A page that fails fails the search."""
        ...

    async def get(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """One run, read from the primary store. Rejected with http 404: there is none."""
        ...

    async def kill(self, stack_url: StackUrl, run_id: str, credential: Credential) -> KeboolaRun:
        """Ask a run to end, and read it again."""
        ...
