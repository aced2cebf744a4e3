"""/web/jobs/new and /web/jobs/{id}/edit: a job as a form, checked before it is kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

from attrs import evolve, frozen
from litestar import Request, Response, get, post
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery, SkipValidation
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.checks import CheckedJobs
from teckochecker.application.errors import CheckFailed
from teckochecker.application.ports import JobQuery
from teckochecker.application.secrets import Secrets
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.findings import Checked
from teckochecker.domain.secret import SecretType
from teckochecker.domain.values import IntervalBounds
from teckochecker.entrypoints.http.asked import JobEdit, NewJob
from teckochecker.entrypoints.http.parts import AskedJobs, AskedSecrets
from teckochecker.entrypoints.http.reading import InvalidBody, Reader
from teckochecker.entrypoints.http.web.findings import grouped
from teckochecker.entrypoints.http.web.page import Page, ThePage, refusal
from teckochecker.entrypoints.http.web.typed import TARGET, Typed, by_field

TheReader = NamedDependency[SkipValidation[Reader]]
Bounds = NamedDependency[SkipValidation[IntervalBounds]]
T = TypeVar("T")


@frozen(kw_only=True)
class _Desk:
    """What the form needs to be drawn and read."""

    page: Page
    jobs: CheckedJobs
    secrets: Secrets
    reader: Reader
    bounds: IntervalBounds

    async def show(
        self,
        typed: Typed,
        *,
        job_id: int | None = None,
        faults: Mapping[str, str] | None = None,
        checked: Checked | None = None,
        **told: Any,
    ) -> Response[str]:
        """The form as it is typed, with what is to be said of it."""
        last = (await self.jobs.find(JobQuery(limit=1))).jobs
        return self.page.show(
            "form.html",
            place="/web",
            typed=typed,
            job_id=job_id,
            faults=faults or {},
            checked=grouped(checked),
            secrets=await self.secrets.all(),
            last=last[0].job if last and job_id is None else None,
            bounds=self.bounds,
            **{"new_name": "", **told},
        )

    async def save(self, typed: Typed, *, job_id: int | None, check: bool) -> int:
        """Keep what is typed. Returns the job's number."""
        if job_id is not None:
            edit = self.reader.read(typed.body(), JobEdit)
            return (await self.jobs.edit(job_id, edit.change, check=check)).job.id
        return (await self.jobs.create(self.reader.read(typed.body(), NewJob).spec, check=check)).job.id

    async def sent(self, form: Mapping[str, Any], *, job_id: int | None) -> Response[Any]:
        """What the button says: check, save, or take the last target."""
        typed, do = Typed.of(form), str(form.get("do", "save"))
        if do == "last":
            return await self.show(await self._with_last_target(typed), job_id=job_id)
        try:
            if do == "check":
                asked = self.reader.read(typed.body(), NewJob).spec
                return await self.show(typed, job_id=job_id, checked=await self.jobs.rehearse(asked))
            saved = await self.save(typed, job_id=job_id, check=do != "save-unchecked")
        except InvalidBody as wrong:
            return await self.show(typed, job_id=job_id, faults=by_field(wrong.faults), status=422)
        except CheckFailed as failed:
            return await self.show(typed, job_id=job_id, checked=failed.checked, status=422)
        except TeckoCheckerError as error:
            named = getattr(error, "field", None)
            return await self.show(typed, job_id=job_id, faults={named: str(error)} if named else {}, **refusal(error))
        return Redirect(f"/web/jobs/{saved}", status_code=303)

    async def with_secret(self, form: Mapping[str, Any], *, job_id: int | None) -> Response[str]:
        """Keep a secret that the job needs, and choose it. What was typed stays, but for the value."""
        typed, kind = Typed.of(form), str(form.get("type", ""))
        name, value = (str(form.get(f"{kind}_{part}", "")) for part in ("name", "value"))
        stack = typed["keboola_stack_url"].strip() if kind == SecretType.KEBOOLA else ""
        try:
            secret = await self.secrets.add(name, SecretType(kind), value, base_url=stack or None)
        except TeckoCheckerError as error:
            told = {"status": refusal(error)["status"], "new_name": name}
            return await self.show(typed, job_id=job_id, faults={f"{kind}_name": str(error)}, **told)
        chosen = {**typed.values, f"{kind}_secret": secret.name}
        return await self.show(evolve(typed, values=chosen), job_id=job_id)

    async def _with_last_target(self, typed: Typed) -> Typed:
        last = (await self.jobs.find(JobQuery(limit=1))).jobs
        if not last:
            return typed
        used = Typed.like(last[0], fresh=True)
        return evolve(typed, values={**typed.values, **{name: used[name] for name in TARGET}})


def desk(page: ThePage, jobs: AskedJobs, secrets: AskedSecrets, reader: TheReader, bounds: Bounds) -> _Desk:
    """The desk of whoever asks."""
    return _Desk(page=page, jobs=jobs, secrets=secrets, reader=reader, bounds=bounds)


_DESK: Final = {"desk": Provide(desk, sync_to_thread=False)}
_TheDesk = NamedDependency[SkipValidation[_Desk]]


@get("/jobs/new", dependencies=_DESK)
async def new(desk: _TheDesk, jobs: AskedJobs, like: FromQuery[int | None] = None) -> Response[str]:
    """An empty form, or the same again with other batches."""
    return await desk.show(Typed() if like is None else Typed.like(await jobs.get(like), fresh=True))


@post("/jobs/new", status_code=303, dependencies=_DESK)
async def created(request: Request[Any, Any, Any], desk: _TheDesk) -> Response[Any]:
    """Check or keep a new job. What was typed stays until it is right."""
    return await desk.sent(await request.form(), job_id=None)


@get("/jobs/{job_id:int}/edit", dependencies=_DESK)
async def opened(desk: _TheDesk, jobs: AskedJobs, job_id: FromPath[int]) -> Response[str]:
    """The form of a job as it is."""
    return await desk.show(Typed.like(await jobs.get(job_id), fresh=False), job_id=job_id)


@post("/jobs/{job_id:int}/edit", status_code=303, dependencies=_DESK)
async def edited(request: Request[Any, Any, Any], desk: _TheDesk, job_id: FromPath[int]) -> Response[Any]:
    """Check or keep the changes of a job."""
    return await desk.sent(await request.form(), job_id=job_id)


@post("/secrets/for-job", status_code=200, dependencies=_DESK)
async def added(request: Request[Any, Any, Any], desk: _TheDesk) -> Response[str]:
    """Keep a secret on the spot, and go on with the form."""
    form = await request.form()
    job = str(form.get("job", ""))
    return await desk.with_secret(form, job_id=int(job) if job.isdecimal() else None)


@post("/jobs/verdicts", status_code=200)
async def judged(request: Request[Any, Any, Any], page: ThePage) -> Response[str]:
    """What is to be said of the batch ids typed so far."""
    return page.show("verdicts.html", typed=Typed.of(await request.form()))


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (new, created, opened, edited, added, judged)
