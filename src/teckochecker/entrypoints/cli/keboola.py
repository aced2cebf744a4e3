"""teckochecker keboola …: what a token sees in its project, to choose from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from teckochecker.application.ports import Component
from teckochecker.domain.configuration import FLOWS
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.values import StackUrl
from teckochecker.entrypoints.cli.answer import Answer, Refused
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.place import parts
from teckochecker.entrypoints.cli.screen import Screen, plain

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container


async def components(*, secret: str, stack: str | None = None, branch_id: str | None = None) -> Answer:
    """List the components that have configurations.

    Parameters
    ----------
    secret
        Keboola secret name
    stack
        Keboola stack URL; needed while the secret was never verified
    branch_id
        Development branch in Keboola; without it the main branch
    """
    found = await _seen(secret, stack, branch_id)
    body = [{"id": one.id, "name": one.name, "type": one.type, "count": len(one.configurations)} for one in found]
    rows = [(plain(one.id), plain(one.name), one.type, str(len(one.configurations))) for one in found]
    return Answer({"components": body}, _table("Components", ("Component ID", "Name", "Type", "Configurations"), rows))


async def configs(
    *, secret: str, component_id: str | None = None, stack: str | None = None, branch_id: str | None = None
) -> Answer:
    """List the configurations, of one component or of all.

    Parameters
    ----------
    secret
        Keboola secret name
    component_id
        Only configurations of this component
    stack
        Keboola stack URL; needed while the secret was never verified
    branch_id
        Development branch in Keboola; without it the main branch
    """
    found = await _seen(secret, stack, branch_id)
    return _listed("Configurations", [one for one in found if component_id in (None, one.id)])


async def flows(*, secret: str, stack: str | None = None, branch_id: str | None = None) -> Answer:
    """List the flows.

    Parameters
    ----------
    secret
        Keboola secret name
    stack
        Keboola stack URL; needed while the secret was never verified
    branch_id
        Development branch in Keboola; without it the main branch
    """
    return _listed("Flows", [one for one in await _seen(secret, stack, branch_id) if one.id in FLOWS])


async def _seen(name: str, stack: str | None, branch_id: str | None) -> Sequence[Component]:
    async with parts() as container:
        stack_url, credential = await opened(container, name, stack)
        return await container.configurations().all(stack_url, credential, branch_id=branch_id)


async def opened(container: Container, name: str, stack: str | None) -> tuple[StackUrl, Credential]:
    """The value of a Keboola secret, and its stack. One that is bound to a stack is sent nowhere else.

    Raises:
        Refused: there is no such secret, or nobody says to which stack it belongs.
        InvalidValue: it belongs to another stack.
    """
    known = {secret.name: secret for secret in await container.secrets().all()}
    secret = known.get(name)
    if secret is None or secret.type is not SecretType.KEBOOLA:
        raise Refused(f"There is no Keboola secret '{plain(name)}'; list them with: teckochecker secret list")
    address = stack or secret.base_url
    if address is None:
        raise Refused(f"Secret '{plain(name)}' is bound to no stack yet; name it with --stack")
    stack_url = StackUrl.of(address, container.settings().keboola_allowed_stacks)
    if secret.base_url and secret.base_url != stack_url:
        raise InvalidValue(f"Secret '{plain(name)}' belongs to {secret.base_url}, not to {stack_url}")
    return stack_url, container.cipher().open(secret.sealed, secret.type)


def _listed(title: str, found: Sequence[Component]) -> Answer:
    pairs = [(component, stored) for component in found for stored in component.configurations]
    body = [{"component_id": one.id, "configuration_id": stored.id, "name": stored.name} for one, stored in pairs]
    rows = [(plain(one.id), plain(stored.id), plain(stored.name)) for one, stored in pairs]
    return Answer({title.lower(): body}, _table(title, ("Component ID", "Configuration ID", "Name"), rows))


def _table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> Callable[[Screen], None]:
    def show(screen: Screen) -> None:
        if rows:
            screen.box(Section(title, rows, head))
        else:
            screen.say("This token sees none")

    return show
