"""What a job of the earlier version becomes here. What does not fit is kept as far as it can be, and told."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from attrs import frozen

from teckochecker.application.earlier import EarlierBatch, EarlierJob
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.events import Inherited
from teckochecker.domain.job import PollingJob
from teckochecker.domain.secret import Secret
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.domain.values import BatchId, IntervalBounds, JobId, KeboolaTarget, StackUrl, cleaned, identifier

_KNOWN: Final = {status.value: status for status in JobStatus if status is not JobStatus.TRIGGERING}
_FINISHED: Final = DONE | {JobStatus.FAILED}
_GONE: Final = "unknown"


@frozen(kw_only=True)
class Heir:
    """The job as it goes on here. `reasons` are why it waits for a person, or what of it had to be changed."""

    old: EarlierJob
    job: PollingJob
    reasons: tuple[str, ...]


@frozen(kw_only=True)
class Heirs:
    """Makes jobs of jobs. Finished ones stay finished; one that may have run, or lacks something, comes in paused."""

    bounds: IntervalBounds
    allowed_stacks: tuple[str, ...]
    at: datetime

    def of(self, old: EarlierJob, id: JobId, *, openai: Secret | None, keboola: Secret | None) -> Heir:
        """The job under its new id, with what became of its secrets."""
        known = _KNOWN.get(old.status)
        finished = known in _FINISHED
        target, changed = self._target(old)
        reasons = (*changed, *(() if finished else self._doubts(old, openai, keboola)))
        status = known if known and finished else JobStatus.PAUSED if reasons or not known else known
        name = cleaned(old.name, 255) or f"Job {old.id}"
        error = old.last_error if known is JobStatus.FAILED else None
        told = f"the job was job {old.id} there{''.join(f'; {reason}' for reason in reasons)}"
        job = PollingJob(
            id=id,
            name=name,
            key=name,
            status=status,
            openai_secret_id=openai.id if openai else None,
            openai_secret_name=openai.name if openai else _GONE,
            keboola_secret_id=keboola.id if keboola else None,
            keboola_secret_name=keboola.name if keboola else _GONE,
            target=target,
            interval=timedelta(seconds=old.interval_s if old.interval_s > 0 else self.bounds.default),
            batches=tuple(self._batches(old)),
            created_at=old.created_at or self.at,
            next_check_at=self.at if status is JobStatus.ACTIVE else None,
            last_check_at=old.last_check_at,
            last_error=cleaned("; ".join((error, *reasons) if error else reasons)) or None,
            completed_at=self._ended_at(old) if finished else None,
            events=(Inherited(at=self.at, job_id=id, told=cleaned(told)),),
        )
        return Heir(old=old, job=job, reasons=reasons)

    def _target(self, old: EarlierJob) -> tuple[KeboolaTarget, tuple[str, ...]]:
        reasons: list[str] = []
        ids: list[str] = []
        for text, what in ((old.component_id, "component ID"), (old.configuration_id, "configuration ID")):
            try:
                ids.append(identifier(text, what, what))
            except InvalidValue as wrong:
                ids.append(re.sub(r"[^A-Za-z0-9._-]+", "-", text).strip("-._")[:255] or _GONE)
                reasons.append(f"{wrong}: it is '{ids[-1]}' here, give the right one")
        stack = old.stack_url.strip()
        try:
            url = StackUrl.of(stack, self.allowed_stacks)
        except InvalidValue as wrong:
            url = StackUrl.trusted(cleaned(stack, 500))
            reasons.append(str(wrong))
        return KeboolaTarget(stack_url=url, component_id=ids[0], configuration_id=ids[1]), tuple(reasons)

    def _doubts(self, old: EarlierJob, openai: Secret | None, keboola: Secret | None) -> Iterator[str]:
        """Why a job that is not finished must not go on by itself."""
        if old.status not in _KNOWN:
            yield f"its status '{cleaned(old.status, 80)}' is not known here"
        if not old.batches:
            yield "it has no batches"
        elif old.started_at or all(BatchStatus(batch.status).terminal for batch in old.batches):
            sign = "its history tells of a run" if old.started_at else "all of its batches had ended"
            yield f"{sign}, so it may have run already: look in Keboola, then resume it, or delete it"
        for batch in old.batches:
            try:
                BatchId(batch.id)
            except InvalidValue as wrong:
                yield f"{wrong}; give the right one"
        for secret, what in ((openai, "OpenAI"), (keboola, "Keboola")):
            if secret is None:
                yield f"its {what} secret is gone; give it one"

    def _batches(self, old: EarlierJob) -> Iterator[Batch]:
        found: dict[str, EarlierBatch] = {}
        for batch in old.batches:
            found.setdefault(cleaned(batch.id, 255), batch)
        for text, batch in found.items():
            batch_id, status = BatchId.trusted(text), BatchStatus(batch.status)
            if old.status == JobStatus.COMPLETED and not status.terminal:
                status = BatchStatus.COMPLETED  # without a failure no job was completed before all of its batches
            if status.terminal:
                ended = batch.ended_at or self._ended_at(old)
                yield Batch(id=batch_id, status=status, changed_at=ended, ended_at=ended)
            else:
                # that word alone does not show that OpenAI knows the batch, so its absence must not count as its end
                yield Batch(id=batch_id, status=BatchStatus.QUEUED if status == BatchStatus.IN_PROGRESS else status)

    def _ended_at(self, old: EarlierJob) -> datetime:
        return old.completed_at or old.last_check_at or old.created_at or self.at
