"""Storage of who did what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from attrs import converters, field, frozen

from teckochecker.application.actor import Actor
from teckochecker.domain.values import sought

Facts = Mapping[str, Any]
"""What can be told of something, as JSON has it, without anything secret."""


@frozen(kw_only=True)
class AuditEntry:
    """Something that somebody did. `action` is what, like `job.pause`; `subject` to what, like `job 7`.

    Of what was changed, `before` and `after` hold what differs; of what was made or removed, all of it. `id` grows
    with time.
    """

    id: int
    at: datetime
    actor: Actor
    action: str
    subject: str
    before: Facts | None
    after: Facts | None


def _small(text: str) -> str:
    return sought(text).lower()


@frozen(kw_only=True)
class AuditQuery:
    """Which entries to list, newest first. `after` is the id of the entry that ended the page before.

    `action` is the start of one, so that `job.` finds all that was done to jobs.
    """

    actor: str | None = field(default=None, converter=converters.optional(sought))
    action: str | None = field(default=None, converter=converters.optional(_small))
    subject: str | None = field(default=None, converter=converters.optional(sought))
    limit: int = 100
    after: int | None = None


@frozen(kw_only=True)
class AuditPage:
    """One page of the trail. `total` counts all that match; `more` says whether a next page exists."""

    entries: tuple[AuditEntry, ...]
    total: int
    more: bool


class AuditTrail(Protocol):
    """What people did. Entries are added with the change that they tell of, and never changed or removed."""

    async def add(
        self, actor: Actor, action: str, subject: str, *, before: Facts | None, after: Facts | None, at: datetime
    ) -> None:
        """Write down what is done in this unit of work."""
        ...

    async def find(self, query: AuditQuery) -> AuditPage:
        """A page of what was committed."""
        ...
