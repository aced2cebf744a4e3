"""/web/setup: how Keboola receives what a job sends, with the user's own ids filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from teckochecker.application.ports import JobQuery
from teckochecker.domain.job import PollingJob
from teckochecker.domain.values import KeboolaTarget
from teckochecker.entrypoints.consumer import consumer
from teckochecker.entrypoints.http.parts import AskedJobs
from teckochecker.entrypoints.http.web.findings import grouped
from teckochecker.entrypoints.http.web.page import ThePage

_OFFERED: Final = 50  # jobs whose targets can be chosen
_LINK: Final = ("Keboola token", "Component", "Configuration", "Variables")
"""What has to be right for the variables to arrive."""


@get("/setup")
async def shown(page: ThePage, jobs: AskedJobs, target: FromQuery[str] = "") -> Response[str]:
    """Four steps for the target that was chosen, or for that of the newest job."""
    found = await jobs.find(JobQuery(limit=_OFFERED))
    known: dict[str, PollingJob] = {}
    for each in found.jobs:
        known.setdefault(_named(each.job.target), each.job)
    chosen = known.get(target) or next(iter(known.values()), None)
    view = chosen and await jobs.get(chosen.id)
    return page.show(
        "setup.html",
        place="/web/setup",
        known=known,
        job=chosen,
        target=chosen and _named(chosen.target),
        checked=view and view.checked,
        findings=grouped(view.checked, _LINK) if view else [],
        program=consumer(),
    )


def _named(target: KeboolaTarget) -> str:
    branch = f" branch {target.branch_id}" if target.branch_id else ""
    return f"{target.component_id} {target.configuration_id}{branch}"


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (shown,)
