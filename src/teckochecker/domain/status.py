"""Where a job stands, and every move it can make."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Final


class JobStatus(StrEnum):
    """Where a job stands."""

    ACTIVE = "active"
    PAUSED = "paused"
    TRIGGERING = "triggering"
    COMPLETED = "completed"
    COMPLETED_WITH_FAILURES = "completed_with_failures"
    FAILED = "failed"


MOVES: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    JobStatus.ACTIVE: frozenset({JobStatus.PAUSED, JobStatus.TRIGGERING}),
    JobStatus.PAUSED: frozenset({JobStatus.ACTIVE}),
    JobStatus.TRIGGERING: frozenset(
        {
            JobStatus.COMPLETED,
            JobStatus.COMPLETED_WITH_FAILURES,
            JobStatus.FAILED,
            JobStatus.ACTIVE,
            JobStatus.PAUSED,
        }
    ),
    JobStatus.FAILED: frozenset({JobStatus.TRIGGERING, JobStatus.ACTIVE}),
    JobStatus.COMPLETED: frozenset(),
    JobStatus.COMPLETED_WITH_FAILURES: frozenset(),
}
"""Every move that a job can make. From `triggering` back to `active` or `paused` only while nothing was sent."""

DONE: Final = frozenset({JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_FAILURES})


def with_failures(wanted: Iterable[JobStatus]) -> frozenset[JobStatus]:
    """The statuses that somebody means: whoever asks for completed jobs means those with failures too."""
    named = frozenset(wanted)
    return named | DONE if JobStatus.COMPLETED in named else named
