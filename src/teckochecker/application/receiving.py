"""Making a Keboola configuration receive the variables of a run."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from teckochecker.application.errors import EditedMeanwhile, Rejected
from teckochecker.application.ports import ConfigurationGateway
from teckochecker.domain.configuration import VARIABLES, Configuration, Place
from teckochecker.domain.receiving import ROW_NAME, Reception
from teckochecker.domain.secret import Credential

_WHY: Final = "Receive the variables of TeckoChecker"


@frozen(kw_only=True)
class Receiving:
    """Says what would have to change, and changes it. Ended halfway, it goes on from there the next time.

    Raises: what ConfigurationGateway raises.
    """

    configurations: ConfigurationGateway

    async def plan(self, place: Place, credential: Credential) -> Reception:
        """What is there, and so what would change."""
        main = await self.configurations.read(place, credential)
        variables = await self._linked(place, main, credential)
        plan = Reception(place=place, main=main, variables=variables)
        return plan if variables else await self._found_again(plan, credential)

    async def apply(self, plan: Reception, credential: Credential) -> None:
        """Change what the plan says.

        Raises:
            EditedMeanwhile: it is no longer as it was when the plan was made; nothing was changed.
        """
        if await self.plan(plan.place, credential) != plan:
            raise EditedMeanwhile("The configuration was changed in Keboola meanwhile; look at the changes anew")
        if plan.changes:
            variables_id = await self._variables(plan, credential)
            values_id = await self._row(plan, variables_id, credential)
            body = plan.linked(variables_id, values_id)
            if body != plan.main.body:
                await self.configurations.write(plan.place, body, credential, why=_WHY)

    async def _linked(self, place: Place, main: Configuration, credential: Credential) -> Configuration | None:
        """What it is linked to; a link to something that was deleted is none."""
        if main.variables_id is None:
            return None
        try:
            return await self.configurations.read(place.beside(VARIABLES, main.variables_id), credential)
        except Rejected as error:
            if error.http != 404:
                raise
            return None

    async def _found_again(self, plan: Reception, credential: Credential) -> Reception:
        """The plan with the variables that an earlier attempt made and did not come to link."""
        place = plan.place
        for component in await self.configurations.all(place.stack_url, credential, branch_id=place.branch_id):
            for stored in component.configurations if component.id == VARIABLES else ():
                if stored.name == plan.variables_name:
                    variables = await self.configurations.read(place.beside(VARIABLES, stored.id), credential)
                    return Reception(place=place, main=plan.main, variables=variables)
        return plan

    async def _variables(self, plan: Reception, credential: Credential) -> str:
        """Values before declarations: others that are linked need a value for each."""
        if plan.variables is None:
            place = plan.place.beside(VARIABLES, "new")
            return (await self.configurations.create(place, plan.variables_name, plan.declaration, credential)).id
        place = plan.place.beside(VARIABLES, plan.variables.id)
        for row in plan.variables.rows:
            if plan.values[row.id] != row.body:
                await self.configurations.write_row(place, row.id, plan.values[row.id], credential, why=_WHY)
        if plan.declaration != plan.variables.body:
            await self.configurations.write(place, plan.declaration, credential, why=_WHY)
        return plan.variables.id

    async def _row(self, plan: Reception, variables_id: str, credential: Credential) -> str:
        if plan.row:
            return plan.row.id
        place = plan.place.beside(VARIABLES, variables_id)
        return (await self.configurations.add_row(place, ROW_NAME, plan.new_row, credential)).id
