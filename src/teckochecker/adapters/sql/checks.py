"""What was found when jobs were checked, in SQL. It stands beside the jobs, whose rows every look reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa
from attrs import asdict, frozen

from teckochecker.adapters.sql.session import Session, portions
from teckochecker.adapters.sql.tables import job_checks
from teckochecker.domain.findings import Checked, Finding, Level
from teckochecker.domain.values import JobId


@frozen(eq=False)
class SqlChecks:
    """The latest check of each job."""

    _session: Session

    async def keep(self, job_id: JobId, checked: Checked) -> None:
        """Store what was found, in place of what was found before."""
        await self.forget(job_id)
        row = {
            "job_id": job_id,
            "at": checked.at,
            "findings": [asdict(finding) for finding in checked.findings],
            "defaults": dict(checked.defaults),
        }
        await self._session.change(sa.insert(job_checks), row)

    async def forget(self, job_id: JobId) -> None:
        """What was found holds no longer."""
        await self._session.change(sa.delete(job_checks).where(job_checks.c.job_id == job_id))

    async def of_jobs(self, job_ids: Collection[JobId]) -> Mapping[JobId, Checked]:
        """What was found of each of these jobs that was checked."""
        rows = [row for ids in portions(job_ids) for row in await self._session.rows(_OF_JOBS, {"ids": ids})]
        return {
            JobId(row.job_id): Checked(
                at=row.at,
                findings=tuple(Finding(**{**told, "level": Level(told["level"])}) for told in row.findings),
                defaults=row.defaults,
            )
            for row in rows
        }


_OF_JOBS = sa.select(job_checks).where(job_checks.c.job_id.in_(sa.bindparam("ids", expanding=True)))
