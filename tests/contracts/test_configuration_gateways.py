"""The contract of ConfigurationGateway."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest
from attrs import evolve

from teckochecker.adapters.clock import ManualClock
from teckochecker.application.errors import CredentialRejected, Rejected, Unavailable
from teckochecker.domain.configuration import VARIABLES, Configuration, Place
from teckochecker.domain.secret import Project
from tests.contracts.configuration_services import PYTHON, SERVICES, TOKEN, ConfigurationService

BODY = {"parameters": {"user_properties": {"tone": "dry ‘ř’"}, "empty": {}, "list": [1, 2.5, None, True]}}


@pytest.fixture(params=SERVICES, ids=lambda service: service.__name__)
async def service(request: pytest.FixtureRequest, clock: ManualClock) -> AsyncGenerator[ConfigurationService]:
    async with request.param(clock) as opened:
        yield opened


def place(service: ConfigurationService, configuration_id: str = "77", component_id: str = PYTHON) -> Place:
    """Where a configuration is."""
    return Place(stack_url=service.stack_url, component_id=component_id, configuration_id=configuration_id)


async def read(
    service: ConfigurationService, configuration_id: str = "77", component_id: str = PYTHON
) -> Configuration:
    """A configuration as it is stored."""
    return await service.gateway.read(place(service, configuration_id, component_id), TOKEN)


async def test_a_token_tells_its_project_and_that_nothing_limits_it(service: ConfigurationService) -> None:
    token = await service.gateway.token(service.stack_url, TOKEN)
    assert token.project == Project(id="901", name="Simulated project", token_id="1")
    assert (token.components, token.doubtful) == (None, None)


async def test_a_limited_token_tells_its_components(service: ConfigurationService) -> None:
    service.limit(PYTHON)
    token = await service.gateway.token(service.stack_url, TOKEN)
    assert (token.may_run(PYTHON), token.may_run("keboola.flow")) == (True, False)


async def test_a_configuration_is_read_with_its_name_and_body(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    assert await read(service) == Configuration(id="77", name="Name of 77", body=BODY)


async def test_a_disabled_configuration_says_so(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY, disabled=True)
    assert (await read(service)).disabled


async def test_an_empty_body_is_an_empty_object(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", {})
    assert (await read(service)).body == {}


async def test_what_does_not_exist_is_refused_with_404(service: ConfigurationService) -> None:
    service.has_not(PYTHON, "78")
    with pytest.raises(Rejected) as refused:
        await read(service, "78")
    assert refused.value.http == 404


async def test_what_may_not_be_read_is_refused_with_403(service: ConfigurationService) -> None:
    service.has(VARIABLES, "9", {"variables": []})
    service.hides(VARIABLES)
    with pytest.raises(CredentialRejected) as refused:
        await read(service, "9", VARIABLES)
    assert refused.value.http == 403


async def test_a_revoked_token_is_refused_with_401(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    service.revoke()
    for question in (read(service), service.gateway.token(service.stack_url, TOKEN)):
        with pytest.raises(CredentialRejected) as refused:
            await question
        assert refused.value.http == 401
        assert TOKEN.reveal() not in str(refused.value)


async def test_a_service_that_is_down_did_nothing(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    service.is_down()
    with pytest.raises(Unavailable):
        await read(service)
    with pytest.raises(Unavailable):
        await service.gateway.create(place(service, ""), "new", {}, TOKEN)


async def test_what_is_made_can_be_read(service: ConfigurationService) -> None:
    made = await service.gateway.create(place(service, "", VARIABLES), "Our variables", {"variables": []}, TOKEN)
    assert made.id
    assert await read(service, made.id, VARIABLES) == evolve(made, name="Our variables", body={"variables": []})


async def test_a_body_is_replaced_whole(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    await service.gateway.write(place(service), {"variables_id": "9"}, TOKEN, why="Linked")
    assert (await read(service)).body == {"variables_id": "9"}
    assert (await read(service)).name == "Name of 77"


async def test_rows_are_added_and_replaced(service: ConfigurationService) -> None:
    service.has(VARIABLES, "9", {"variables": []})
    where = place(service, "9", VARIABLES)
    row = await service.gateway.add_row(where, "default", {"values": [{"name": "a", "value": "1"}]}, TOKEN)
    other = await service.gateway.add_row(where, "other", {"values": []}, TOKEN)
    await service.gateway.write_row(where, row.id, {"values": [{"name": "a", "value": "2"}]}, TOKEN, why="Changed")
    stored = await read(service, "9", VARIABLES)
    assert [(each.id, each.name) for each in stored.rows] == [(row.id, "default"), (other.id, "other")]
    assert stored.values(row.id) == {"a": "2"}


async def test_a_row_that_does_not_exist_is_not_written(service: ConfigurationService) -> None:
    service.has(VARIABLES, "9", {"variables": []})
    with pytest.raises(Rejected) as refused:
        await service.gateway.write_row(place(service, "9", VARIABLES), "404", {"values": []}, TOKEN, why="Changed")
    assert refused.value.http == 404


async def test_all_configurations_are_listed_by_their_components(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    service.has("keboola.flow", "5", {})
    found = await service.gateway.all(service.stack_url, TOKEN, branch_id=None)
    listed = {(component.id, stored.id, stored.name) for component in found for stored in component.configurations}
    assert {(PYTHON, "77", "Name of 77"), ("keboola.flow", "5", "Name of 5")} <= listed


async def test_what_may_not_be_read_is_not_listed(service: ConfigurationService) -> None:
    service.has(PYTHON, "77", BODY)
    service.has("keboola.flow", "5", {})
    service.hides("keboola.flow")
    found = {component.id for component in await service.gateway.all(service.stack_url, TOKEN, branch_id=None)}
    assert PYTHON in found
    assert "keboola.flow" not in found
