"""What OpenAI tells by itself: a hint to look at a batch now. Its word is not believed, only looked into."""

from __future__ import annotations

from typing import Final

from attrs import frozen

from teckochecker.application.errors import NotSigned, SecretNotFound, WrongKey
from teckochecker.application.ports import SecretCipher, Store
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
        secret = await self._secret(name)
        async with self.store.work() as work:
            at = await work.now()
            if not delivery.signed_with(secret or _NOBODYS, at=at) or secret is None:
                raise NotSigned
            batch_id = delivery.ended
            woken = await work.jobs.hint(batch_id, at=at, apart=BETWEEN_HINTS) if batch_id else 0
            await work.commit()
        return woken

    async def _secret(self, name: str) -> Credential | None:
        """None where it must not be told from a wrong signature."""
        try:
            async with self.store.view() as view:
                found = await view.secrets.named(sought(name))
            return self.cipher.open(found.sealed, found.type) if found.type is SecretType.WEBHOOK else None
        except (SecretNotFound, WrongKey):
            return None
