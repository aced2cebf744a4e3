"""What was found when jobs were checked, in memory."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from attrs import frozen

from teckochecker.adapters.memory.rows import Draft
from teckochecker.domain.findings import Checked
from teckochecker.domain.values import JobId


@frozen(eq=False)
class MemoryChecks:
    """The latest check of each job."""

    _draft: Draft

    async def keep(self, job_id: JobId, checked: Checked) -> None:
        """Store what was found, in place of what was found before."""
        self._draft.writing().checks.put(job_id, checked)

    async def forget(self, job_id: JobId) -> None:
        """What was found holds no longer."""
        self._draft.writing().checks.drop(job_id)

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Checked]:
        """What was found of each of these jobs that was checked."""
        return {job_id: checked for job_id in job_ids if (checked := self._draft.checks.get(job_id))}
