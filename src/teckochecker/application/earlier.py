"""What a database of the earlier version holds, as it is found there: nothing in it has passed our rules.

A `mark` tells a secret or job from every other for ever, so that it is known when it comes a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from attrs import frozen

from teckochecker.domain.secret import Sealed


@frozen(kw_only=True)
class EarlierSecret:
    """A secret, as it was sealed there."""

    id: int
    mark: str
    name: str
    type: str
    sealed: Sealed
    created_at: datetime | None


@frozen(kw_only=True)
class EarlierBatch:
    """A batch of a job. Every one began as `in_progress`, looked at or not."""

    id: str
    status: str
    ended_at: datetime | None = None


@frozen(kw_only=True)
class EarlierJob:
    """A job. `started_at`: when its history last tells of a run; `last_error`: what it last tells of a failure."""

    id: int
    mark: str
    name: str
    status: str
    openai_secret_id: int | None
    keboola_secret_id: int | None
    stack_url: str
    component_id: str
    configuration_id: str
    interval_s: int
    batches: tuple[EarlierBatch, ...]
    created_at: datetime | None
    last_check_at: datetime | None = None
    completed_at: datetime | None = None
    started_at: datetime | None = None
    last_error: str | None = None


@frozen(kw_only=True)
class EarlierEntry:
    """A line of a job's history."""

    job_id: int
    at: datetime | None
    told: str


@frozen(kw_only=True)
class Earlier:
    """All of it. `entries` come in portions, the oldest first, and can be gone through once."""

    secrets: Sequence[EarlierSecret]
    jobs: Sequence[EarlierJob]
    entries: Iterable[Sequence[EarlierEntry]]
