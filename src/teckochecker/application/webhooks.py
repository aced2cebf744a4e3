"""What OpenAI tells by itself: a hint to look at a batch now. Its word is not believed, only looked into."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from teckochecker.application.errors import NotSigned, SecretNotFound, WrongKey
from teckochecker.application.ports import SecretCipher, Store, UnitOfWork
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.values import sought
from teckochecker.domain.webhook import BETWEEN_HINTS, Delivery

_NOBODYS: Final = Credential("whsec_" + 8 * "AAAA")


@frozen(kw_only=True)
class Webhooks:
    """Takes deliveries in. Where nothing of them arrives, the polling finds every end all the same."""

    store: Store
    cipher: SecretCipher

    async def take(self, name: str, delivery: Delivery) -> int:
        """Make due the jobs that wait for the batch that ended. Returns how many do, once that is stored.

        Raises:
            NotSigned: no webhook's secret of this name signed it just now.
        """
        async with self.store.view() as view:
            secret, at = await self._secret(view, name), await view.now()
        if not delivery.signed_with(secret or _NOBODYS, at=at) or secret is None:
            raise NotSigned
        if delivery.ended is None:
            return 0
        async with self.store.work() as work:
            woken = await work.jobs.hint(delivery.ended, at=await work.now(), apart=BETWEEN_HINTS)
            await work.commit()
        return woken

    async def _secret(self, view: UnitOfWork, name: str) -> Credential | None:
        """None where it must not be told from a wrong signature."""
        try:
            found = await view.secrets.named(sought(name))
            return self.cipher.open(found.sealed, found.type) if found.type is SecretType.WEBHOOK else None
        except (SecretNotFound, WrongKey):
            return None
