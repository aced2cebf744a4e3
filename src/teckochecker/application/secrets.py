"""The use cases of secrets: values go in and never come out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from attrs import evolve, frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.errors import SecretInUse, ValueOfOtherType
from teckochecker.application.ports import Clock, SecretCipher, Store, UnitOfWork
from teckochecker.domain import decisions
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.events import CredentialReleased
from teckochecker.domain.secret import Credential, Secret, SecretId, SecretType
from teckochecker.domain.values import StackUrl, checked_name, cleaned, sought, without_user
from teckochecker.domain.webhook import check_name, check_signing

_SERVICE: Final = re.compile(r"https://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~%/-]*)?")


@frozen(kw_only=True)
class Secrets:
    """Add, list, replace, rotate and delete secrets. Only `add`, `replace`, `rotate` and `check` need the key."""

    store: Store
    cipher: SecretCipher
    clock: Clock
    openai_base_url: str
    allowed_stacks: tuple[str, ...] = ()
    actor: Actor = LIBRARY

    async def add(
        self, name: str, type: SecretType | str, value: Credential | str, *, base_url: str | None = None
    ) -> Secret:
        """Seal and store a value.

        `base_url` is where the credential may be sent: the address of an OpenAI-compatible service, or the
        Keboola stack.

        Raises:
            InvalidValue: the name, the type, the value or the address breaks its rule.
            SecretExists: the name is taken.
        """
        plain, type = checked_name(name, "secret name"), SecretType(type)
        address = self._address(type, base_url) if base_url else None
        credential = _credential(value)
        if type is SecretType.WEBHOOK:
            check_name(plain)
            check_signing(credential)
        sealed = self.cipher.seal(credential, type)
        async with self.store.work() as work:
            at = self.clock.now()
            secret = await work.secrets.add(name=plain, type=type, sealed=sealed, base_url=address, at=at)
            await note(work, self.actor, "secret.add", after=secret, at=at)
            await work.commit()
        return secret

    async def all(self) -> Sequence[Secret]:
        """Every secret, without its value."""
        async with self.store.view() as view:
            return await view.secrets.all()

    async def users(self) -> Mapping[SecretId, int]:
        """How many jobs that are not finished have each secret; those that nobody has are left out."""
        async with self.store.view() as view:
            return await view.jobs.users()

    async def get(self, secret: str | SecretId) -> Secret:
        """One secret, by its name or its id, without its value.

        Raises:
            SecretNotFound: there is none.
        """
        async with self.store.view() as view:
            return await find_secret(view, secret)

    async def replace(self, secret: str | SecretId, value: Credential | str) -> Secret:
        """A new value for a secret: whatever waited for it goes on at once.

        Raises:
            SecretNotFound: there is none of this name or id.
            ValueOfOtherType: it is a webhook's, and OpenAI does not sign with such a value.
        """
        credential = _credential(value)
        async with self.store.work() as work:
            known = await find_secret(work, secret)
            if known.type is SecretType.WEBHOOK:
                try:
                    check_signing(credential)
                except InvalidValue as wrong:
                    raise ValueOfOtherType(str(wrong)) from wrong
            sealed = self.cipher.seal(credential, known.type)
            await work.groups.stir(known.id)
            old = await work.secrets.get(known.id, lock=True)
            at = await work.now()
            new = old.replaced(sealed, at=at)
            await work.secrets.save(new)
            await note(work, self.actor, "secret.replace", before=old, after=new, at=at)
            if old.held_reason:
                await work.history.add([CredentialReleased(at=at, secret=old.name)])
            if old.type is SecretType.OPENAI:
                await work.jobs.wake(old.id, at=at)
            else:
                for trigger in await work.triggers.of_secret(old.id, lock=True):
                    await work.triggers.save(decisions.nudged(trigger.freed(at=at), at=at))
            await work.commit()
        return new

    async def delete(self, secret: str | SecretId) -> None:
        """Remove a secret that no unfinished job needs; finished jobs and their history stay.

        Raises:
            SecretNotFound: there is none of this name or id.
            SecretInUse: jobs still need it.
        """
        async with self.store.work() as work:
            known = await find_secret(work, secret, lock=True)
            await self._refuse_if_used(work, known)
            await work.secrets.delete(known.id)
            await note(work, self.actor, "secret.delete", before=known, at=self.clock.now())
            await work.commit()

    async def rotate(self) -> int:
        """Seal everything again under the first key. Returns how many values changed.

        Raises:
            WrongKey: a value opens with none of the keys; nothing was changed.
        """
        changed = 0
        async with self.store.work() as work:
            for secret in await work.secrets.all(lock=True):
                sealed = secret.sealed if secret.empty else self.cipher.reseal(secret.sealed, secret.type)
                if sealed != secret.sealed:
                    resealed = evolve(secret, sealed=sealed)
                    await work.secrets.save(resealed)
                    await note(work, self.actor, "secret.rotate", before=secret, after=resealed, at=self.clock.now())
                    changed += 1
            await work.commit()
        return changed

    async def check(self) -> None:
        """Make sure that the keys open what is stored, before anything relies on it. Empty ones are passed over.

        Raises:
            WrongKey: a value opens with none of them.
        """
        for secret in await self.all():
            if not secret.empty:
                self.cipher.open(secret.sealed, secret.type)

    def _address(self, type: SecretType, text: str) -> str:
        if type is SecretType.KEBOOLA:
            return StackUrl.of(text, self.allowed_stacks)
        if type is SecretType.WEBHOOK:
            raise InvalidValue("A webhook's secret is sent nowhere; leave the base URL out", field="base_url")
        plain = text.strip().rstrip("/")
        if plain != self.openai_base_url.rstrip("/") and not _SERVICE.fullmatch(plain):
            raise InvalidValue(
                f"Invalid base URL: '{cleaned(without_user(plain), 200)}' (give an https:// address without user name, "
                "such as https://api.openai.com/v1)",
                field="base_url",
            )
        return plain

    @staticmethod
    async def _refuse_if_used(work: UnitOfWork, secret: Secret) -> None:
        jobs = await work.jobs.using(secret.id)
        if jobs:
            raise SecretInUse(secret.name, [job.name for job in jobs])


async def find_secret(work: UnitOfWork, asked: str | SecretId, *, lock: bool = False) -> Secret:
    """The secret of this name or id.

    Raises:
        SecretNotFound: there is none.
    """
    if isinstance(asked, str):
        return await work.secrets.named(sought(asked), lock=lock)
    return await work.secrets.get(asked, lock=lock)


def _credential(value: Credential | str) -> Credential:
    return value if isinstance(value, Credential) else Credential(value)
