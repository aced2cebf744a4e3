"""OpenAI's batches in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncGenerator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import define, field, frozen

from teckochecker.application.errors import CredentialRejected, Unavailable
from teckochecker.application.ports import Clock
from teckochecker.domain.batch import BatchMissing, BatchReport, BatchStatus, Looked, LookUpFailed
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import BatchId

_AT_ONCE: Final = timedelta(0)
_WINDOW: Final = timedelta(hours=24)  # in which OpenAI promises an end


@frozen
class _Turn:
    """From `at` on, OpenAI tells this of the batch, or does not know it."""

    at: datetime
    told: Mapping[str, Any] | None


@define
class _Trouble:
    """Answers that fail, of one batch or of all; `left` of them, or until it is over."""

    error: str
    batch_id: BatchId | None
    retry_after: timedelta | None
    left: int | None


@define(eq=False)
class ScriptedBatches:
    """A `BatchGateway` over batches whose life is told beforehand. Batches it was not told of are not found.

    Every credential is accepted until it is revoked, and every base URL leads to the same batches. Answers come
    `portion` at a time, in the order of the ids, each portion `latency` after the one before.
    """

    clock: Clock
    latency: timedelta = _AT_ONCE
    portion: int = field(default=20, kw_only=True)
    _lives: dict[BatchId, list[_Turn]] = field(factory=dict, init=False, repr=False)
    _troubles: list[_Trouble] = field(factory=list, init=False, repr=False)
    _revoked: list[str] = field(factory=list, init=False, repr=False)
    _looks: Counter[BatchId] = field(factory=Counter, init=False, repr=False)

    # What will happen

    def will(self, batch_id: str, status: BatchStatus | str, *, after: timedelta = _AT_ONCE, **details: Any) -> BatchId:
        """The batch has this status from `after` on, counted from now. Until its first turn it is in progress.

        `details` are further fields of `BatchReport`: counts, output_file_id, error_file_id, errors.
        """
        id, now = BatchId(batch_id), self.clock.now()
        life = self._lives.setdefault(id, [])
        if not life and after > _AT_ONCE:
            life.append(_Turn(now, self._born(now) | {"status": BatchStatus.IN_PROGRESS}))
        born = next((turn.told for turn in life if turn.told), self._born(now))
        dates = {name: born[name] for name in ("created_at", "expires_at")}
        life.append(_Turn(now + after, dates | details | {"status": BatchStatus(status)}))
        life.sort(key=lambda turn: turn.at)
        return id

    def put(self, batch_id: str, status: BatchStatus | str, **details: Any) -> BatchId:
        """The batch has this status now, and whatever was told of its future is off."""
        id, now = BatchId(batch_id), self.clock.now()
        self._lives[id] = [turn for turn in self._lives.get(id, []) if turn.at <= now]
        return self.will(id, status, **details)

    def vanish(self, batch_id: str, *, after: timedelta = _AT_ONCE) -> None:
        """The batch is not found from `after` on, counted from now, until it is told of again."""
        life = self._lives.setdefault(BatchId(batch_id), [])
        life.append(_Turn(self.clock.now() + after, None))
        life.sort(key=lambda turn: turn.at)

    def fail(
        self,
        error: str = "OpenAI does not answer",
        *,
        batch_id: str | None = None,
        times: int | None = None,
        retry_after: timedelta | None = None,
    ) -> None:
        """Answers of this batch, or of all, fail: so many of them, or until `recover`."""
        only = BatchId(batch_id) if batch_id else None
        self._troubles.append(_Trouble(error, only, retry_after, times))

    def recover(self) -> None:
        """No answer fails any more. Revoked credentials stay revoked."""
        self._troubles.clear()

    def revoke(self, credential: Credential | str) -> None:
        """The credential is refused from now on."""
        self._revoked.append(_plain(credential))

    def accept(self, credential: Credential | str) -> None:
        """The credential is taken again."""
        self._revoked = [refused for refused in self._revoked if refused != _plain(credential)]

    # What has happened

    @property
    def looks(self) -> Mapping[BatchId, int]:
        """How often each batch was asked for."""
        return dict(self._looks)

    def look_up(
        self, batches: Mapping[BatchId, datetime | None], credential: Credential, *, base_url: str | None
    ) -> AsyncGenerator[Sequence[Looked], None]:
        """Say of each batch once how it stands, a portion at a time."""
        return self._answers(sorted(batches), credential)

    async def listed(self, credential: Credential, *, base_url: str | None) -> Sequence[datetime]:
        """When the batches there are were created, newest first."""
        looked = [self._answer(id, credential) for id in self._lives]
        for failure in (answer for answer in looked if isinstance(answer, LookUpFailed)):
            if failure.credential_rejected:
                raise CredentialRejected(failure.error, http=401)
            raise Unavailable(failure.error)
        created = (answer.created_at for answer in looked if isinstance(answer, BatchReport))
        return sorted((at for at in created if at), reverse=True)

    async def _answers(self, ids: Sequence[BatchId], credential: Credential) -> AsyncGenerator[Sequence[Looked], None]:
        for start in range(0, len(ids), self.portion):
            await self.clock.sleep(self.latency)
            yield [self._answer(id, credential) for id in ids[start : start + self.portion]]

    def _answer(self, id: BatchId, credential: Credential) -> Looked:
        self._looks[id] += 1
        now = self.clock.now()
        if credential.reveal() in self._revoked:
            return LookUpFailed(batch_id=id, error="OpenAI refuses this key (401)", credential_rejected=True)
        for trouble in self._troubles:
            if trouble.batch_id in (None, id):
                self._spend(trouble)
                retry_at = now + trouble.retry_after if trouble.retry_after else None
                return LookUpFailed(batch_id=id, error=trouble.error, retry_at=retry_at)
        past = [turn for turn in self._lives.get(id, []) if turn.at <= now]
        if not past or past[-1].told is None:
            return BatchMissing(batch_id=id)
        return BatchReport(batch_id=id, **past[-1].told)

    def _spend(self, trouble: _Trouble) -> None:
        if trouble.left is None:
            return
        trouble.left -= 1
        if not trouble.left:
            self._troubles.remove(trouble)

    @staticmethod
    def _born(now: datetime) -> dict[str, Any]:
        return {"created_at": now, "expires_at": now + _WINDOW}


def _plain(credential: Credential | str) -> str:
    return credential.reveal() if isinstance(credential, Credential) else credential.strip()
