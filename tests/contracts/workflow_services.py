"""The services that the contract of WorkflowGateway is held against. A further one joins by one entry in `SERVICES`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Final, Protocol

from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation, ScriptedKeboola
from teckochecker.application.errors import OutcomeUnknown, Unavailable
from teckochecker.application.ports import WorkflowGateway
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import StackUrl
from tests.builders import a_target

TOKEN = Credential("901-1-simulated0123456789abcdef")
STRANGER = Credential("902-2-simulated0123456789abcdef")
"""A token of another project."""


class WorkflowService(Protocol):
    """A service that keeps the truth about its runs, and the gateway that leads to it."""

    @property
    def gateway(self) -> WorkflowGateway: ...

    @property
    def stack_url(self) -> StackUrl: ...

    def runs_take(self, *, startup: timedelta, duration: timedelta, ending: str = "success") -> None:
        """How runs go that are created from now on."""

    def search_lags(self, lag: timedelta) -> None:
        """How late the search shows a run."""

    def revoke(self) -> None:
        """Our token is refused from now on."""

    def is_down(self, operation: Operation) -> None:
        """The operation is surely not done, until `recover`."""

    def lose(self, *, after_effect: bool) -> None:
        """The next request for a run gets no answer, before or after the run was created."""

    def recover(self) -> None:
        """Everything works again."""

    def run_ids(self) -> Sequence[str]:
        """The runs that truly exist, in the order of their creation."""

    def variables(self, run_id: str) -> dict[str, str]:
        """What a run was truly given."""


@frozen
class Scripted:
    """In memory."""

    gateway: ScriptedKeboola
    stack_url: StackUrl = a_target().stack_url

    def runs_take(self, *, startup: timedelta, duration: timedelta, ending: str = "success") -> None:
        self.gateway.startup, self.gateway.duration, self.gateway.ending = startup, duration, ending

    def search_lags(self, lag: timedelta) -> None:
        self.gateway.index_lag = lag

    def revoke(self) -> None:
        self.gateway.revoke(TOKEN)

    def is_down(self, operation: Operation) -> None:
        self.gateway.fail(operation, Unavailable("Keboola is being maintained"))

    def lose(self, *, after_effect: bool) -> None:
        error = OutcomeUnknown("The connection was lost")
        self.gateway.fail(Operation.START, error, times=1, after_effect=after_effect)

    def recover(self) -> None:
        self.gateway.recover()

    def run_ids(self) -> Sequence[str]:
        return [run.id for run in self.gateway.runs]

    def variables(self, run_id: str) -> dict[str, str]:
        return next(dict(run.variables) for run in self.gateway.runs if run.id == run_id)


@asynccontextmanager
async def scripted(clock: ManualClock) -> AsyncGenerator[WorkflowService]:
    """Runs in memory."""
    keboola = ScriptedKeboola(clock)
    keboola.knows(TOKEN, Project(id="901", name="Simulated project", token_id="1"))
    keboola.knows(STRANGER, Project(id="902", name="Another project", token_id="2"))
    yield Scripted(keboola)


SERVICES: Final[tuple[Callable[[ManualClock], AbstractAsyncContextManager[WorkflowService]], ...]] = (scripted,)
