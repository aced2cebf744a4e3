"""Opening Keboola credentials: the value, and the project behind it."""

from __future__ import annotations

from attrs import evolve, frozen

from teckochecker.application.errors import SecretNotFound
from teckochecker.application.ports import SecretCipher, Store, WorkflowGateway
from teckochecker.domain.secret import Credential, Project, Secret, SecretId
from teckochecker.domain.values import StackUrl


@frozen(kw_only=True)
class Keyring:
    """Opens Keboola secrets. The project behind one is read once for each of its versions."""

    store: Store
    cipher: SecretCipher
    workflows: WorkflowGateway

    async def open(self, secret_id: SecretId | None, stack_url: StackUrl) -> tuple[Secret, Credential]:
        """A secret whose project is known, and its value.

        Raises:
            SecretNotFound: it was deleted.
            WrongKey: no key opens it.
            GatewayError: its project was not known yet, and Keboola did not tell.
        """
        if secret_id is None:
            raise SecretNotFound("Its Keboola secret was deleted; give the job another one")
        async with self.store.view() as view:
            secret = await view.secrets.get(secret_id)
        credential = self.cipher.open(secret.sealed, secret.type)
        if secret.project is None:
            secret = await self._identify(secret, credential, stack_url)
        return secret, credential

    async def _identify(self, secret: Secret, credential: Credential, stack_url: StackUrl) -> Secret:
        project = await self.workflows.identify(stack_url, credential)
        await self.learn(secret, project, stack_url)
        return evolve(secret, project=project)

    async def learn(self, secret: Secret, project: Project, stack_url: StackUrl) -> None:
        """Keep what verification told of this version of a secret. The first one binds it to its stack."""
        if (secret.project, secret.base_url) == (project, stack_url):
            return
        async with self.store.work() as work:
            fresh = await work.secrets.get(secret.id, lock=True)
            known = evolve(fresh, project=project, base_url=fresh.base_url or stack_url)
            if fresh.version == secret.version:
                await work.secrets.save(known)
                await work.commit()
