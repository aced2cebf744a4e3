"""/web/console: the pages by typing. A line is answered with text, at most so much of it as is read at one sitting."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

import teckochecker
from teckochecker.adapters.lately import Lately
from teckochecker.application.health import Health
from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery
from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch
from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.domain.role import Right
from teckochecker.entrypoints.http.access.guard import expect
from teckochecker.entrypoints.http.access.visitor import Visitor, visitor_of
from teckochecker.entrypoints.http.parts import AskedJobs, TheTelemetry
from teckochecker.entrypoints.http.web import progress, standing
from teckochecker.entrypoints.http.web.commands import COMMANDS
from teckochecker.entrypoints.http.web.jobs import FILTERS, statuses
from teckochecker.entrypoints.http.web.meters import lateness
from teckochecker.entrypoints.http.web.page import Page, ThePage
from teckochecker.entrypoints.http.web.words import clock, countdown, duration, number, plural, sentence

_MOST_LINES: Final = 200
_MOST_TYPED: Final = 500
_CELLS: Final = 20  # of a bar
_SHOWN: Final = 15  # jobs of a list
_SIGNS: Final = {"completed": "✓", "failed": "✕", "expired": "✕", "cancelled": "✕", "lost": "✕", "queued": "·"}


@frozen
class Piece:
    """Some text, in the colour of a status where it has one. `dim` is a colour too."""

    text: str
    colour: str = ""


Line = tuple[Piece, ...]


@frozen
class Answer:
    """What was typed, and what came of it."""

    typed: str
    lines: Sequence[Line]


@frozen
class Desk:
    """What the commands work with."""

    page: Page
    jobs: Jobs
    health: Health
    telemetry: Lately
    words: Sequence[str]

    @property
    def job_id(self) -> int:
        """The job that is named."""
        named = self.words[1].lstrip("#") if len(self.words) > 1 else ""
        if not named.isdecimal():
            raise InvalidValue(f"Which job? Type its number, as in: {self.words[0]} 12")
        return int(named)

    async def help(self) -> Sequence[Line]:
        """What can be typed."""
        return [(Piece(f"  {command.usage:<18}"), Piece(command.why, "dim")) for command in COMMANDS]

    async def list(self) -> Sequence[Line]:
        """Jobs, newest first."""
        asked = " ".join(self.words[1:])
        status = asked.replace(" ", "_")
        query = JobQuery(
            statuses=statuses(status),
            held=status == "held",
            text=asked if asked and status != "held" and not statuses(status) else None,
            limit=_SHOWN,
        )
        found = await self.jobs.find(query)
        more = f", the first {_SHOWN}" if found.more else ""
        return [*(self._line(view) for view in found.jobs), (Piece(f"{plural(found.total, 'job')}{more}", "dim"),)]

    async def show(self) -> Sequence[Line]:
        """One job with its batches."""
        view = await self.jobs.get(self.job_id)
        lines = [self._line(view), *(self._batch(batch, view.job.last_check_at) for batch in view.job.batches)]
        run = standing.of_run(view, self.page.now)
        told = run.word if run else standing.waits(view.job)
        lines.append((Piece("  keboola   ", "dim"), Piece(told, run.status if run else "dim")))
        if view.held_reason:
            lines.append((Piece("  held      ", "dim"), Piece(sentence(view.held_reason), "held")))
        return lines

    async def status(self) -> Sequence[Line]:
        """How everything is: the service, the jobs, and what holds some of them."""
        report, overview = await self.health.look(), await self.jobs.overview()
        counts = {name: sum(overview.counts[status] for status in one) for name, one in FILTERS.items()}
        counted = [Piece(f"  {number(count)} {name}", name) for name, count in counts.items() if count]
        return [
            (
                Piece("● ", "completed" if report.healthy else "failed"),
                Piece("healthy" if report.healthy else "unhealthy"),
                Piece("   watching ", "dim"),
                Piece(report.watching.value),
                Piece("   lateness ", "dim"),
                Piece(f"{lateness(self.telemetry.hour):.1f} s"),
                Piece("   up ", "dim"),
                Piece(duration(report.at - report.started_at)),
                Piece(f"   {teckochecker.__version__}", "dim"),
            ),
            *((Piece(f"✕ {fault}", "failed"),) for fault in report.faults),
            tuple(counted) or (Piece("  no jobs yet", "dim"),),
            *(
                (Piece("  held ", "held"), Piece(f"{plural(cause.jobs, 'job')}: {sentence(cause.reason)}"))
                for cause in overview.causes
            ),
        ]

    async def clear(self) -> Sequence[Line]:
        """Nothing is left."""
        return []

    async def decide(self, step: Callable[[Jobs, int], Awaitable[JobView]]) -> Sequence[Line]:
        """Do something to a job."""
        return [(Piece("✓ ", "completed"), *self._line(await step(self.jobs, self.job_id)))]

    def _line(self, view: JobView) -> Line:
        job, now = view.job, self.page.now
        stands = standing.of_job(view)
        due = f"   next check in {countdown(job.next_check_at - now)}" if job.next_check_at else ""
        return (
            Piece(f"#{job.id:<5}", "dim"),
            Piece(f" {job.name[:40]:<40} "),
            Piece(f"{stands.word.lower():<11}", stands.status),
            Piece(f"{job.completed_count}/{len(job.batches)} completed"),
            Piece(due, "dim"),
        )

    def _batch(self, batch: Batch, looked_at: datetime | None) -> Line:
        bar = progress.of_batch(batch)
        colour = standing.css(batch.status)
        cells = _CELLS * bar.finished // bar.counts.total if bar else 0
        counts = f"{number(bar.finished)}/{number(bar.counts.total)}" if bar else "-"
        trouble = f"{number(bar.counts.failed)} failed" if bar and bar.counts.failed else ""
        code = (batch.errors[0].code or "") if batch.errors else trouble
        end = batch.ended_at or (batch.expected_end(looked_at) if looked_at else None)
        at = clock(end, self.page.now, self.page.zone) if end else ""
        return (
            Piece(f"  …{batch.id[-8:]:<9} "),
            Piece(f"{_SIGNS.get(batch.status, '◐')} {batch.status:<12}", colour),
            Piece(f"{counts:>17}  "),
            Piece("[" + "|" * cells, colour if cells else "dim"),
            Piece("·" * (_CELLS - cells) + "]  ", colour if cells == _CELLS else "dim"),
            Piece("" if batch.ended or not end else "about ", "dim"),
            Piece(f"{at}  "),
            Piece(code, "failed"),
        )


_DONE_BY: Final[Mapping[str, Callable[[Desk], Awaitable[Sequence[Line]]]]] = {
    "help": Desk.help,
    "jobs": Desk.list,
    "job": Desk.show,
    "check": lambda desk: desk.decide(Jobs.check_now),
    "pause": lambda desk: desk.decide(Jobs.pause),
    "resume": lambda desk: desk.decide(Jobs.resume),
    "retry": lambda desk: desk.decide(Jobs.retry),
    "status": Desk.status,
    "clear": Desk.clear,
}
_KNOWN: Final = {command.name: command for command in COMMANDS}


@post("/console", status_code=200)
async def typed(
    request: Request[Any, Any, Any],
    page: ThePage,
    jobs: AskedJobs,
    health: NamedDependency[SkipValidation[Health]],
    telemetry: TheTelemetry,
) -> Response[str]:
    """Carry out a line. A script gets the answer alone, a browser without one a page with it."""
    form = await request.form()
    line = str(form.get("cmd", ""))[:_MOST_TYPED].strip()
    desk = Desk(page, jobs, health, telemetry, _words(line))
    answer = Answer(line, (await _carried_out(desk, visitor_of(request.scope)))[:_MOST_LINES])
    alone = request.headers.get("x-part") == "console"
    return page.show("console_answer.html" if alone else "console_page.html", answer=answer)


def _words(line: str) -> Sequence[str]:
    try:
        return shlex.split(line) or ["help"]
    except ValueError:  # a quotation mark alone
        return line.split()


async def _carried_out(desk: Desk, visitor: Visitor) -> Sequence[Line]:
    command = _KNOWN.get(desk.words[0].lower())
    try:
        if command is None:
            raise InvalidValue(f"There is no command '{desk.words[0]}'; type help")
        if command.changes:
            expect(visitor, Right.JOBS)
        return await _DONE_BY[command.name](desk)
    except TeckoCheckerError as error:
        return [(Piece("✕ ", "failed"), Piece(sentence(str(error))))]


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (typed,)
