"""Taking over what the earlier version kept: all of it in one unit of work, or nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final, Protocol

from attrs import frozen

from teckochecker.application.actor import LIBRARY, Actor
from teckochecker.application.audit import note
from teckochecker.application.earlier import Earlier, EarlierEntry, EarlierSecret
from teckochecker.application.errors import Conflict, WrongKey
from teckochecker.application.heirs import Heir, Heirs
from teckochecker.application.ports import AuditQuery, Clock, SecretCipher, Store, UnitOfWork
from teckochecker.application.presence import ALIVE_WITHIN
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.events import Event, Inherited
from teckochecker.domain.secret import Credential, Sealed, Secret, SecretType
from teckochecker.domain.values import IntervalBounds, JobId, cleaned

_PAGE: Final = 1000
_NO_VALUE: Final = "it came from the earlier version without its value"


class Opener(Protocol):
    """Opens what some key sealed."""

    def open(self, sealed: Sealed, type: SecretType) -> Credential:
        """The value in the clear.

        Raises:
            WrongKey: this key does not open it.
            InvalidValue: what came out is no value that a secret can have.
        """
        ...


@frozen(kw_only=True)
class Came:
    """A secret, as it was and as it is."""

    old: EarlierSecret
    secret: Secret


@frozen(kw_only=True)
class TakenOver:
    """What came in. `left` tells of what nothing here could hold; the earlier database still does."""

    secrets: tuple[Came, ...]
    jobs: tuple[Heir, ...]
    entries: int
    left: tuple[str, ...]


@frozen(kw_only=True)
class Takeover:
    """Brings in secrets, jobs and their histories from a database of the earlier version."""

    store: Store
    cipher: SecretCipher
    clock: Clock
    bounds: IntervalBounds
    allowed_stacks: tuple[str, ...] = ()
    actor: Actor = LIBRARY

    def shut(self, earlier: Earlier, *keys: Opener) -> Sequence[str]:
        """The names of the secrets whose values neither our own keys nor these open."""
        return [old.name for old in _usable(earlier.secrets) if self._value(old, keys) is None]

    async def take(self, earlier: Earlier, *keys: Opener, dry_run: bool = False) -> TakenOver:
        """Bring everything in, once. Values that nothing opens stay behind; their secrets come in without one.

        A name that is taken gets a number. With `dry_run` nothing is kept.

        Raises:
            Conflict: a service is at work here, or something of it was brought in before; nothing was changed.
        """
        async with self.store.work() as work:
            if await work.services.alive(within=ALIVE_WITHIN):
                raise Conflict("A service is at work on this database; stop it first: teckochecker stop")
            await self._refuse_again(work, earlier)
            values = {old.id: self._value(old, keys) for old in _usable(earlier.secrets)}
            secrets = await self._secrets(work, earlier, values)
            jobs = await self._jobs(work, earlier, {came.old.id: came.secret for came in secrets})
            hidden = [value.reveal() for value in values.values() if value]
            kept, orphans = await self._entries(
                work, earlier.entries, {heir.old.id: heir.job.id for heir in jobs}, hidden
            )
            if not dry_run:
                await work.commit()
        left = [
            f"Secret '{cleaned(old.name)}' is of type '{cleaned(old.type, 80)}', which nothing here uses"
            for old in earlier.secrets
            if old.id not in values
        ]
        left += [f"{orphans} entries of history belong to no job"] if orphans else []
        return TakenOver(secrets=tuple(secrets), jobs=tuple(jobs), entries=kept, left=tuple(left))

    async def _refuse_again(self, work: UnitOfWork, earlier: Earlier) -> None:
        for action, marks in (
            ("job.import", {old.mark for old in earlier.jobs}),
            ("secret.import", {old.mark for old in earlier.secrets}),
        ):
            after = None
            while True:
                page = await work.audit.find(AuditQuery(action=action, limit=_PAGE, after=after))
                for entry in page.entries:
                    if (entry.after or {}).get("mark") in marks:
                        raise Conflict(
                            f"This database was imported on {entry.at:%Y-%m-%d} already (see {entry.subject}), and is "
                            "taken over only once; to begin anew, restore a backup of before, or empty this database "
                            "with: teckochecker init --reset"
                        )
                if not page.more:
                    break
                after = page.entries[-1].id

    async def _secrets(self, work: UnitOfWork, earlier: Earlier, values: Mapping[int, Credential | None]) -> list[Came]:
        taken = {secret.name for secret in await work.secrets.all()}
        came: list[Came] = []
        for old in _usable(earlier.secrets):
            name, at = _free(cleaned(old.name, 240) or f"Secret {old.id}", taken), self.clock.now()
            taken.add(name)
            type, value = SecretType(old.type), values[old.id]
            sealed = self.cipher.seal(value, type) if value else Sealed("")
            secret = await work.secrets.add(name=name, type=type, sealed=sealed, base_url=None, at=old.created_at or at)
            if not value:
                secret = secret.held(_NO_VALUE, at=at)
                await work.secrets.save(secret)
            await note(work, self.actor, "secret.import", after=secret, at=at, mark=old.mark)
            came.append(Came(old=old, secret=secret))
        return came

    async def _jobs(self, work: UnitOfWork, earlier: Earlier, secrets: Mapping[int, Secret]) -> list[Heir]:
        at = self.clock.now()
        heirs = Heirs(bounds=self.bounds, allowed_stacks=self.allowed_stacks, at=at)
        came: list[Heir] = []
        for old in earlier.jobs:
            heir = heirs.of(
                old,
                await work.jobs.next_id(),
                openai=_of(secrets, old.openai_secret_id, SecretType.OPENAI),
                keboola=_of(secrets, old.keboola_secret_id, SecretType.KEBOOLA),
            )
            await work.jobs.add(heir.job)
            await note(work, self.actor, "job.import", after=heir.job, at=at, mark=old.mark)
            came.append(heir)
        return came

    async def _entries(
        self,
        work: UnitOfWork,
        entries: Iterable[Sequence[EarlierEntry]],
        jobs: Mapping[int, JobId],
        hidden: Collection[str],
    ) -> tuple[int, int]:
        """Keep the history. Returns how many entries were kept, and how many belong to no job."""
        kept = total = 0
        last = self.clock.now()
        for portion in entries:
            total += len(portion)
            told: list[Event] = []
            for entry in portion:
                last = entry.at or last
                if entry.job_id in jobs:
                    text = cleaned(_without(entry.told, hidden))
                    told.append(Inherited(at=last, job_id=jobs[entry.job_id], told=text))
            await work.history.recall(told)
            kept += len(told)
        return kept, total - kept

    def _value(self, old: EarlierSecret, keys: Iterable[Opener]) -> Credential | None:
        for key in (self.cipher, *keys):
            try:
                return key.open(old.sealed, SecretType(old.type))
            except (WrongKey, InvalidValue):
                continue
        return None


def _usable(secrets: Iterable[EarlierSecret]) -> Iterable[EarlierSecret]:
    known = {type.value for type in SecretType}
    return (old for old in secrets if old.type in known)


def _of(secrets: Mapping[int, Secret], id: int | None, type: SecretType) -> Secret | None:
    found = None if id is None else secrets.get(id)
    return found if found and found.type is type else None


def _free(name: str, taken: Collection[str]) -> str:
    number, free = 2, name
    while free in taken:
        number, free = number + 1, f"{name} ({number})"
    return free


def _without(text: str, hidden: Iterable[str]) -> str:
    for value in hidden:
        text = text.replace(value, "***")
    return text
