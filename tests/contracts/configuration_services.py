"""The services that the contract of ConfigurationGateway is held against. A further one joins by one entry."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any, Final, Protocol

from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.keboola import KeboolaStorage
from teckochecker.adapters.scripted import Operation, ScriptedKeboola, ScriptedStorage
from teckochecker.adapters.transport import Transport
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import ConfigurationGateway
from teckochecker.domain.configuration import Configuration
from teckochecker.domain.secret import Credential, Project
from teckochecker.domain.values import StackUrl
from teckochecker.entrypoints.simulator import SimulatedKeboola, Simulator, default_token
from tests.builders import a_target

TOKEN = Credential(default_token)
PYTHON = "kds-team.app-custom-python"


class ConfigurationService(Protocol):
    """A Storage that keeps the truth about its configurations, and the gateway that leads to it."""

    @property
    def gateway(self) -> ConfigurationGateway: ...

    @property
    def stack_url(self) -> StackUrl: ...

    def has(self, component_id: str, configuration_id: str, body: Mapping[str, Any], *, disabled: bool = False) -> None:
        """There is this configuration."""

    def has_not(self, component_id: str, configuration_id: str) -> None:
        """There is no such configuration."""

    def hides(self, component_id: str) -> None:
        """Our token may not configure this component."""

    def revoke(self) -> None:
        """Our token is refused from now on."""

    def limit(self, *components: str) -> None:
        """Our token may use these components only."""

    def is_down(self) -> None:
        """Nothing is answered properly."""


@frozen
class Scripted:
    """In memory."""

    gateway: ScriptedStorage
    stack_url: StackUrl = a_target().stack_url

    def has(self, component_id: str, configuration_id: str, body: Mapping[str, Any], *, disabled: bool = False) -> None:
        name = f"Name of {configuration_id}"
        self.gateway.put(component_id, Configuration(id=configuration_id, name=name, body=body, disabled=disabled))

    def has_not(self, component_id: str, configuration_id: str) -> None:
        self.gateway.remove(component_id, configuration_id)

    def hides(self, component_id: str) -> None:
        self.gateway.hide(component_id)

    def revoke(self) -> None:
        self.gateway.keboola.revoke(TOKEN)

    def limit(self, *components: str) -> None:
        self.gateway.allows(TOKEN, components=frozenset(components))

    def is_down(self) -> None:
        self.gateway.keboola.fail(Operation.STORAGE, Unavailable("Keboola is being maintained"))


@frozen
class OverHttp:
    """Keboola's way of speaking, over real connections."""

    gateway: KeboolaStorage
    service: SimulatedKeboola

    @property
    def stack_url(self) -> StackUrl:
        return StackUrl.of(self.service.stack_url, [self.service.stack_url])

    def has(self, component_id: str, configuration_id: str, body: Mapping[str, Any], *, disabled: bool = False) -> None:
        self.service.add_configuration(
            component_id,
            configuration_id,
            configuration=dict(body),
            name=f"Name of {configuration_id}",
            is_disabled=disabled,
        )

    def has_not(self, component_id: str, configuration_id: str) -> None:
        """Nothing is there until it is made."""

    def hides(self, component_id: str) -> None:
        token = self.service.stack.tokens[default_token]
        token.is_master = token.can_manage_buckets = False
        token.component_access = [known for known in self.service.stack.components if known != component_id]

    def revoke(self) -> None:
        self.service.remove_token(default_token)

    def limit(self, *components: str) -> None:
        self.service.stack.tokens[default_token].component_access = list(components)

    def is_down(self) -> None:
        self.service.fault("maintenance", times=None)


@asynccontextmanager
async def scripted(clock: ManualClock) -> AsyncGenerator[ConfigurationService]:
    """Configurations in memory."""
    keboola = ScriptedKeboola(clock)
    keboola.knows(TOKEN, Project(id="901", name="Simulated project", token_id="1"))
    yield Scripted(ScriptedStorage(keboola))


@asynccontextmanager
async def keboola(clock: ManualClock) -> AsyncGenerator[ConfigurationService]:
    """The simulated Keboola, over HTTP."""
    async with Simulator.open(clock=lambda: clock.now().timestamp()) as simulator:
        transport = Transport([simulator.keboola.stack_url])
        try:
            yield OverHttp(KeboolaStorage(transport, clock), simulator.keboola)
        finally:
            await transport.close()


SERVICES: Final[tuple[Callable[[ManualClock], AbstractAsyncContextManager[ConfigurationService]], ...]] = (
    scripted,
    keboola,
)
