"""A Keboola run as Keboola tells of it, and the record of each time one was asked for."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from attrs import frozen

from teckochecker.domain.secret import SecretId
from teckochecker.domain.values import KeboolaTarget

FINISHED: Final = frozenset({"success", "warning", "error", "cancelled", "terminated"})
"""The statuses after which a run does not change."""

NOT_BEGUN: Final = frozenset({"created", "waiting"})
"""The statuses in which a run has done nothing yet, so that killing it undoes it wholly."""

LOST: Final = "lost"
"""Our own word for a run that Keboola told of before and does not know any more."""


@frozen(kw_only=True)
class KeboolaRun:
    """One run, as last read. `token_id` is the token that created it; times are Keboola's.

    `not_before` is when it may begin at the earliest, where that was asked for.
    """

    id: str
    status: str
    component_id: str = ""
    configuration_id: str = ""
    project_id: str | None = None
    trigger_id: str | None = None
    token_id: str | None = None
    created_at: datetime | None = None
    not_before: datetime | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_s: int | None = None
    message: str | None = None
    link: str | None = None

    @property
    def finished(self) -> bool:
        """It will not change any more."""
        return self.status in FINISHED

    @property
    def cancelled(self) -> bool:
        """It ended before it began: Keboola says that such a run has done nothing at all."""
        return self.status == "cancelled"

    @property
    def killable(self) -> bool:
        """It has not begun, so that a kill still leaves nothing done."""
        return self.status in NOT_BEGUN and self.started_at is None

    def waits(self, now: datetime | None) -> bool:
        """It may not begin yet by Keboola's clock, whenever it was last read."""
        return self.killable and now is not None and self.not_before is not None and now < self.not_before

    @property
    def begun(self) -> bool:
        """It has done work, or may have."""
        return not (self.killable or self.cancelled or self.lost)

    @property
    def lost(self) -> bool:
        """Keboola does not know it now, so nobody can tell whether it has begun."""
        return self.status == LOST

    @property
    def ran_out(self) -> bool:
        """It ended on its own, having done its work as far as it could."""
        return self.status in ("success", "warning", "error")

    @property
    def order(self) -> tuple[int, str]:
        """Runs in the order of their creation: ids are sequential numbers in texts."""
        return len(self.id), self.id

    @property
    def turn(self) -> tuple[float, int, str]:
        """Runs in the order in which they may begin: at once, before those that were asked to wait."""
        return (self.not_before.timestamp() if self.not_before else 0.0), *self.order


@frozen(kw_only=True)
class Runs:
    """What a complete search found. `as_of` is Keboola's own clock at the answer."""

    runs: tuple[KeboolaRun, ...]
    as_of: datetime


class Outcome(StrEnum):
    """What became of an attempt to start a run."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    NOT_PROCESSED = "not_processed"
    UNKNOWN = "unknown"


@frozen(kw_only=True)
class Attempt:
    """One request for a run: where it went, with which credential, and what became of it.

    `outcome` is None while the request is out, or for ever when the process died with it.
    """

    n: int
    sent_at: datetime
    target: KeboolaTarget
    secret_id: SecretId | None
    secret_version: int
    project_id: str
    token_id: str
    delay: timedelta = timedelta(0)
    outcome: Outcome | None = None
    http: int | None = None
    exception_id: str | None = None
    message: str | None = None
    answered_at: datetime | None = None

    @property
    def may_exist(self) -> bool:
        """A run may have come of it."""
        return self.outcome in (None, Outcome.ACCEPTED, Outcome.UNKNOWN)

    def made(self, run: KeboolaRun, trigger_id: UUID) -> bool:
        """The run may have come of it. Copies by people and tasks of a flow carry the same variables: token and
        target tell them apart."""
        return (run.trigger_id, run.token_id, run.component_id, run.configuration_id) == (
            str(trigger_id),
            self.token_id,
            self.target.component_id,
            self.target.configuration_id,
        )
