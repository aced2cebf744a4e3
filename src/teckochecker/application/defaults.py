"""Stored values of a configuration's other variables: what a run is sent replaces them, so they are sent along."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from attrs import evolve, frozen

from teckochecker.application.errors import GatewayError
from teckochecker.application.patience import within
from teckochecker.application.ports import Clock, ConfigurationGateway, Store
from teckochecker.domain.configuration import VARIABLES, Place
from teckochecker.domain.run import Outcome
from teckochecker.domain.secret import Credential
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import JobId

PATIENCE = timedelta(seconds=5)


@frozen(kw_only=True)
class StoredDefaults:
    """Reads the values that the configuration keeps in its default row."""

    store: Store
    configurations: ConfigurationGateway
    clock: Clock

    async def of(self, place: Place, credential: Credential) -> Mapping[str, str]:
        """The values that a run without values of its own would take; none where nothing is linked.

        Raises:
            GatewayError: they could not be read.
        """
        configuration = await self.configurations.read(place, credential)
        if not configuration.variables_id or not configuration.values_id:
            return {}
        variables = await self.configurations.read(place.beside(VARIABLES, configuration.variables_id), credential)
        return variables.values(configuration.values_id)

    async def frozen(self, trigger: Trigger, credential: Credential) -> Trigger:
        """The trigger with the defaults that its next request carries.

        They are read until a request may have made a run; from then on every request carries the same, until a person
        has the payload frozen anew. What cannot be read stays as it was when the job was checked: a run is not kept
        waiting for it.
        """
        renewed = bool(trigger.attempts) and trigger.attempts[-1].outcome is Outcome.REFUSED
        if not trigger.surely_unsent and not renewed:
            return trigger
        reading = self.of(Place.of(trigger.target), credential)
        try:
            return evolve(trigger, defaults=await within(self.clock, PATIENCE, reading))
        except GatewayError:
            return evolve(trigger, defaults=trigger.defaults or await self._known(trigger.job_id))

    async def _known(self, job_id: JobId) -> Mapping[str, str]:
        """As they were when the job was checked."""
        async with self.store.view() as view:
            checked = (await view.checks.of_jobs([job_id])).get(job_id)
        return checked.defaults if checked else {}
