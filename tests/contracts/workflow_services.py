"""The services that the contract of WorkflowGateway is held against. A further one joins by one entry in `SERVICES`."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Final, Literal, Protocol

from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.keboola.queue import KeboolaQueue
from teckochecker.adapters.scripted import Operation, ScriptedKeboola
from teckochecker.adapters.transport import Transport
from teckochecker.application.errors import OutcomeUnknown, Unavailable
from teckochecker.application.ports import QueueDirectory, WorkflowGateway
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import StackUrl
from teckochecker.entrypoints.simulator import RunScript, SimulatedKeboola, Simulator, default_token
from tests.builders import a_target

TOKEN = Credential(default_token)
STRANGER = Credential("902-2-simulated0123456789abcdef")
"""A token of another project."""


Ending = Literal["success", "warning", "error"]


class Workflows(WorkflowGateway, QueueDirectory, Protocol):
    """Both ports that lead to a queue."""


class WorkflowService(Protocol):
    """A service that keeps the truth about its runs, and the gateway that leads to it."""

    @property
    def gateway(self) -> Workflows: ...

    @property
    def stack_url(self) -> StackUrl: ...

    def runs_take(self, *, startup: timedelta, duration: timedelta, ending: Ending = "success") -> None:
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

    def runs_take(self, *, startup: timedelta, duration: timedelta, ending: Ending = "success") -> None:
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


@frozen
class OverHttp:
    """Keboola's way of speaking, over real connections."""

    gateway: KeboolaQueue
    service: SimulatedKeboola

    @property
    def stack_url(self) -> StackUrl:
        return StackUrl.of(self.service.stack_url, [self.service.stack_url])

    def runs_take(self, *, startup: timedelta, duration: timedelta, ending: Ending = "success") -> None:
        self.service.run_script = RunScript(
            created_for=startup.total_seconds(), processing_for=duration.total_seconds(), outcome=ending
        )

    def search_lags(self, lag: timedelta) -> None:
        self.service.search_lag = lag.total_seconds()

    def revoke(self) -> None:
        self.service.remove_token(TOKEN.reveal())

    def is_down(self, operation: Operation) -> None:
        self.service.fault("maintenance", operation=_HTTP[operation], times=None)

    def lose(self, *, after_effect: bool) -> None:
        self.service.fault("reset", operation="create", after_effect=after_effect)

    def recover(self) -> None:
        self.service.clear_faults()

    def run_ids(self) -> Sequence[str]:
        return [run.id for run in self.service.runs]

    def variables(self, run_id: str) -> dict[str, str]:
        return next(dict(run.variables or {}) for run in self.service.runs if run.id == run_id)


_HTTP: Final = {
    Operation.IDENTIFY: "verify",
    Operation.START: "create",
    Operation.FIND: "search",
    Operation.GET: "get",
    Operation.KILL: "kill",
}


@asynccontextmanager
async def scripted(clock: ManualClock) -> AsyncGenerator[WorkflowService]:
    """Runs in memory."""
    keboola = ScriptedKeboola(clock)
    keboola.knows(TOKEN, Project(id="901", name="Simulated project", token_id="1"))
    keboola.knows(STRANGER, Project(id="902", name="Another project", token_id="2"))
    yield Scripted(keboola)


@asynccontextmanager
async def keboola(clock: ManualClock) -> AsyncGenerator[WorkflowService]:
    """The simulated Keboola, over HTTP."""
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        simulator.keboola.add_token(STRANGER.reveal(), id="2", project_id="902", project_name="Another project")
        transport = Transport([simulator.keboola.stack_url])
        try:
            yield OverHttp(KeboolaQueue(transport, clock), simulator.keboola)
        finally:
            await transport.close()


SERVICES: Final[tuple[Callable[[ManualClock], AbstractAsyncContextManager[WorkflowService]], ...]] = (
    scripted,
    keboola,
)
