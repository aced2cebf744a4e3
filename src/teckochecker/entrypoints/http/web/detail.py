"""One job, whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from typing import Final
from uuid import UUID

from attrs import frozen

from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.completion import payload
from teckochecker.domain.protocol import TriggerState
from teckochecker.domain.status import DONE
from teckochecker.entrypoints.http.web import progress, standing
from teckochecker.entrypoints.http.web.findings import Group, grouped
from teckochecker.entrypoints.http.web.progress import Bar
from teckochecker.entrypoints.http.web.row import Row
from teckochecker.entrypoints.http.web.standing import Standing
from teckochecker.entrypoints.http.web.timeline import Timeline, timeline
from teckochecker.entrypoints.http.web.words import clock, ending

_NOT_YET: Final = UUID(int=0)


@frozen(kw_only=True)
class BatchLine:
    """A batch as a row of the job's table."""

    batch: Batch
    counted_at: datetime

    @property
    def standing(self) -> Standing:
        """Its status."""
        return standing.of_batch(self.batch)

    @property
    def since(self) -> datetime | None:
        """When it came into its status, as OpenAI has it, or else as it was seen."""
        batch = self.batch
        if batch.ended:
            return batch.ended_at
        known = {
            BatchStatus.VALIDATING: batch.created_at,
            BatchStatus.IN_PROGRESS: batch.in_progress_at,
            BatchStatus.FINALIZING: batch.finalizing_at,
        }
        return known.get(batch.status) or batch.changed_at

    @property
    def bar(self) -> Bar | None:
        """Its requests."""
        return progress.of_batch(self.batch)

    @property
    def short(self) -> str:
        """The end of its id, which tells batches apart."""
        return ending(self.batch.id)

    @property
    def expected_end(self) -> datetime | None:
        """When it will end at its pace."""
        return self.batch.expected_end(self.counted_at)

    @property
    def pace(self) -> str:
        """How fast it goes."""
        counts, since = self.batch.counts, self.batch.in_progress_at
        if counts is None or since is None or self.counted_at <= since:
            return ""
        rate = (counts.completed + counts.failed) / (self.counted_at - since).total_seconds()
        return f"{rate:.0f} per second" if rate >= 1 else f"{rate * 60:.0f} per minute"


@frozen
class Step:
    """One of the four steps from the last batch to the end of the run."""

    word: str
    status: str = ""
    sub: str = ""


@frozen(kw_only=True)
class Detail(Row):
    """A job with its batches, its picture, and the way of its run."""

    zone: tzinfo

    @property
    def batches(self) -> Sequence[BatchLine]:
        """Its batches, in the order given."""
        counted_at = self.view.job.last_check_at or self.now
        return [BatchLine(batch=batch, counted_at=counted_at) for batch in self.view.job.batches]

    @property
    def timeline(self) -> Timeline:
        """The stages of its batches over time."""
        return timeline(self.view, self.now, self.zone)

    @property
    def open(self) -> bool:
        """Its run is yet to come, or to come again."""
        return self.view.job.status not in DONE

    @property
    def findings(self) -> Sequence[Group]:
        """What was found when it was checked last."""
        return grouped(self.view.checked)

    @property
    def may_cancel(self) -> bool:
        """Its run is under way in Keboola."""
        trigger = self.view.trigger
        return trigger is not None and trigger.state is TriggerState.ACCEPTED

    @property
    def payload(self) -> str:
        """The variables of the run: as they were frozen, or as they would be if the open batches were left out."""
        job, trigger = self.view.job, self.view.trigger
        if trigger:
            return _json(trigger.payload)
        ended = [batch for batch in job.batches if batch.ended]
        now = payload(_NOT_YET, job.id, job.name, ended, job.target.variables)
        total = str(len(job.batches))
        return _json({**now, "trigger_id": "made when the last batch has ended", "batch_count_total": total})

    @property
    def steps(self) -> Sequence[Step]:
        """How far its run has come."""
        job, trigger = self.view.job, self.view.trigger
        ended = len(job.batches) - len(job.open_batches)
        if trigger is None or job.open_batches:
            first = Step("Batches end", "in_progress", f"{ended} of {len(job.batches)}")
            return [first, Step("Run requested"), Step("Run accepted"), Step("Run ended")]
        done = [Step("Batches ended", "completed", self._at(trigger.created_at))]
        if not trigger.attempts:
            return [*done, Step("Run requested", _colour(self.run), ""), Step("Run accepted"), Step("Run ended")]
        last = trigger.attempts[-1]
        done.append(Step("Run requested", "completed", f"{self._at(last.sent_at)}, attempt {last.n}"))
        run = trigger.run
        if trigger.settled_at is None or run is None:
            return [*done, Step("Run accepted", _colour(self.run)), Step("Run ended")]
        done.append(Step("Run accepted", "completed", self._at(trigger.settled_at)))
        word = "Run ended" if run.finished else f"Run {run.status}"
        return [*done, Step(word, _colour(self.run), self.run.sub if self.run else "")]

    def _at(self, at: datetime) -> str:
        return clock(at, self.now, self.zone)


def _json(shown: Mapping[str, str]) -> str:
    return json.dumps(dict(shown), indent=2, ensure_ascii=False)


def _colour(run: Standing | None) -> str:
    return run.status if run else ""
