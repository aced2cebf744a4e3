"""What clients ask for under a key of their own, so that asking again does it no second time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from attrs import frozen

from teckochecker.domain.values import JobId


@frozen(kw_only=True)
class Once:
    """A client's key for one new job. `body` tells what was asked for from anything else."""

    key: str
    body: str


@frozen(kw_only=True)
class Made:
    """The job that was made under a key, for this `body`."""

    body: str
    job_id: JobId


class OnceKeys(Protocol):
    """The keys under which jobs were made. Each actor has keys of their own."""

    async def made(self, actor: str, key: str) -> Made | None:
        """What was made under this key."""
        ...

    async def add(self, actor: str, once: Once, job_id: JobId, *, at: datetime) -> None:
        """Keep with a new job the key that it was made under.

        Raises:
            KeyTaken: something was made under it already, perhaps at the same time by another instance.
        """
        ...

    async def forget(self, before: datetime, *, limit: int) -> int:
        """Remove keys that were used before this moment: they make new jobs again. Returns how many went."""
        ...
