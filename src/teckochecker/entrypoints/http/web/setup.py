"""/web/setup: how Keboola receives what a job sends, with the user's own ids filled in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from litestar import Response, get
from litestar.params import FromQuery
from litestar.types import ControllerRouterHandler

from teckochecker.application.ports import JobQuery
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
    known = {f"{view.job.target.component_id} {view.job.target.configuration_id}": view.job for view in found.jobs}
    chosen = known.get(target) or next(iter(known.values()), None)
    view = chosen and await jobs.get(chosen.id)
    return page.show(
        "setup.html",
        place="/web/setup",
        known=known,
        job=chosen,
        checked=view and view.checked,
        findings=grouped(view.checked, _LINK) if view else [],
        program=consumer(),
    )


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (shown,)
