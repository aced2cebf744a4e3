"""/web: the list of jobs, and what can be done with several of them at once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from litestar import Response, get
from litestar.di import NamedDependency, Provide
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.adapters.lately import Lately
from teckochecker.application.ports import JobQuery, JobSort
from teckochecker.application.views import Overview
from teckochecker.domain.secret import Secret, SecretId
from teckochecker.domain.status import DONE, JobStatus
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.http.parts import AskedJobs, AskedSecrets, TheTelemetry
from teckochecker.entrypoints.http.web.causes import told
from teckochecker.entrypoints.http.web.listing import PAGE, Listing
from teckochecker.entrypoints.http.web.meters import meters
from teckochecker.entrypoints.http.web.page import ThePage
from teckochecker.entrypoints.http.web.row import Row

Words = Annotated[str, QueryParameter(max_length=255)]


def asked(status: Words = "", q: Words = "", secret: Words = "", sort: Words = "", after: Words = "") -> Listing:
    """The list that the address names."""
    return Listing(status=status, text=q, secret=secret, sort=sort, after=after)


_ASKED: Final = {"listing": Provide(asked, sync_to_thread=False)}
_AskedListing = NamedDependency[SkipValidation[Listing]]


@get("/", dependencies=_ASKED)
async def listed(
    page: ThePage, jobs: AskedJobs, secrets: AskedSecrets, telemetry: TheTelemetry, listing: _AskedListing
) -> Response[Any]:
    """The jobs that the address asks for."""
    if listing.text.startswith("#") and listing.text[1:].isdecimal():
        return Redirect(f"/web/jobs/{listing.text[1:]}")
    known = await secrets.all()
    overview = await jobs.overview()
    found = await jobs.find(query(listing, known))
    if not any(overview.counts.values()):
        return page.show("first.html", place="/web", secrets=known)
    rows = [Row(view=view, now=page.now) for view in found.jobs]
    return page.show(
        "jobs.html",
        place="/web",
        live=listing.parts,
        list=listing,
        rows=rows,
        secrets=known,
        range=listing.range(found),
        older=listing.older(found),
        **_head(listing, overview, telemetry),
    )


@get("/parts", dependencies=_ASKED)
async def parts(
    page: ThePage, jobs: AskedJobs, telemetry: TheTelemetry, parts: Words, listing: _AskedListing
) -> Response[str]:
    """What has changed: the rows of these jobs, and the head of the list."""
    ids = [JobId(int(part)) for part in parts.split(",") if part.isdecimal()][:PAGE]
    rows = [Row(view=view, now=page.now) for view in await jobs.these(ids)]
    return page.show("jobs_parts.html", list=listing, rows=rows, **_head(listing, await jobs.overview(), telemetry))


def statuses(word: str) -> frozenset[JobStatus]:
    """The statuses that a filter means; none for a word that is no filter."""
    return FILTERS.get(word, frozenset())


def query(listing: Listing, secrets: Sequence[Secret]) -> JobQuery:
    """What the list asks the storage for. A secret that does not exist has no jobs."""
    named = (secret.id for secret in secrets if secret.name == listing.secret)
    return JobQuery(
        statuses=statuses(listing.status),
        held=listing.status == "held",
        secret_id=next(named, SecretId(-1)) if listing.secret else None,
        text=listing.text or None,
        sort=JobSort(listing.sort or JobSort.NEWEST),
        limit=PAGE,
        after=JobId(int(listing.after)) if listing.after.isdecimal() else None,
    )


def _head(listing: Listing, overview: Overview, telemetry: Lately) -> dict[str, Any]:
    counts: dict[str, int] = {
        name: sum(overview.counts[status] for status in statuses) for name, statuses in FILTERS.items()
    }
    counts |= {"": sum(overview.counts.values()), "held": overview.held}
    return {
        "counts": counts,
        "tabs": listing.tabs(counts),
        "causes": [told(cause) for cause in overview.causes],
        "next_due": overview.next_due,
        "meters": meters(overview, telemetry.hour),
    }


FILTERS: Final[Mapping[str, frozenset[JobStatus]]] = {
    "active": frozenset({JobStatus.ACTIVE}),
    "triggering": frozenset({JobStatus.TRIGGERING}),
    "paused": frozenset({JobStatus.PAUSED}),
    "completed": DONE,
    "failed": frozenset({JobStatus.FAILED}),
}

HANDLERS: Final[Sequence[ControllerRouterHandler]] = (listed, parts)
