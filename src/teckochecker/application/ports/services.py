"""The outside world: OpenAI, Keboola, and the cipher that guards their credentials."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from attrs import frozen

from teckochecker.domain.batch import Looked
from teckochecker.domain.configuration import Configuration, ConfigurationRow, Place
from teckochecker.domain.run import KeboolaRun, Runs
from teckochecker.domain.secret import Credential, Project, Sealed, SecretType
from teckochecker.domain.token import Token
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


class BatchLists(Protocol):
    """OpenAI's list of batches, as it comes."""

    async def listed(self, credential: Credential, *, base_url: str | None) -> Sequence[datetime]:
        """When the batches of the first page were created, in the list's own order.

        Raises:
            CredentialRejected: the key may not list. Unavailable: no list came.
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


@frozen(kw_only=True)
class QueueAddress:
    """Where a stack's queue is: as it is `used`, as the stack's index told, and as the naming rule has it."""

    used: str
    told: str | None
    named: str | None


class QueueDirectory(Protocol):
    """Where queues are."""

    async def queue(self, stack_url: StackUrl) -> QueueAddress:
        """Ask the stack anew, without a token.

        Raises:
            Unavailable: it does not say, and no rule names it either.
        """
        ...


@frozen(kw_only=True)
class Component:
    """A component with the configurations of it that a token sees."""

    id: str
    name: str
    type: str
    configurations: tuple[Configuration, ...] = ()


class ConfigurationGateway(Protocol):
    """Keboola's Storage: what a token may do, and the configurations that are stored.

    Raises: Unavailable (nothing was done, it may work later), CredentialRejected (401: the token is refused; 403: it
    may not do this) and Rejected (http 404: there is no such thing). What was to be written may raise OutcomeUnknown.
    """

    async def token(self, stack_url: StackUrl, credential: Credential) -> Token:
        """Who a credential is, and what it may do."""
        ...

    async def read(self, place: Place, credential: Credential) -> Configuration:
        """One configuration with its rows."""
        ...

    async def all(self, stack_url: StackUrl, credential: Credential, *, branch_id: str | None) -> Sequence[Component]:
        """Every component that has configurations which the token sees. Bodies are left out."""
        ...

    async def create(self, place: Place, name: str, body: Mapping[str, Any], credential: Credential) -> Configuration:
        """A new configuration of the place's component, under an id that Keboola chooses."""
        ...

    async def write(self, place: Place, body: Mapping[str, Any], credential: Credential, *, why: str) -> None:
        """Replace a configuration's body whole. `why` stands in Keboola's list of versions."""
        ...

    async def add_row(
        self, place: Place, name: str, body: Mapping[str, Any], credential: Credential
    ) -> ConfigurationRow:
        """A new row of a configuration, under an id that Keboola chooses."""
        ...

    async def write_row(
        self, place: Place, row_id: str, body: Mapping[str, Any], credential: Credential, *, why: str
    ) -> None:
        """Replace a row's body whole."""
        ...
