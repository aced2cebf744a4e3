"""/web/console: the pages by typing. A line is answered with text, at most so much of it as is read at one sitting."""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen
from litestar import Request, Response, post
from litestar.types import ControllerRouterHandler

from teckochecker.application.jobs import Jobs
from teckochecker.application.ports import JobQuery
from teckochecker.application.views import JobView
from teckochecker.domain.batch import Batch
from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.entrypoints.http.parts import AskedJobs
from teckochecker.entrypoints.http.web import progress, standing
from teckochecker.entrypoints.http.web.jobs import statuses
from teckochecker.entrypoints.http.web.page import Page, ThePage
from teckochecker.entrypoints.http.web.words import clock, countdown, number, plural, sentence

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
class Desk:
    """What the commands work with."""

    page: Page
    jobs: Jobs
    words: Sequence[str] = field(factory=tuple)

    @property
    def job_id(self) -> int:
        """The job that is named."""
        named = self.words[1].lstrip("#") if len(self.words) > 1 else ""
        if not named.isdecimal():
            raise InvalidValue(f"Which job? Type its number, as in: {self.words[0]} 12")
        return int(named)

    async def help(self) -> Sequence[Line]:
        """What can be typed."""
        return [(Piece(f"  {usage:<18}"), Piece(why, "dim")) for usage, why, *_ in _COMMANDS.values()]

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
        lines = [self._line(view), *(self._batch(batch) for batch in view.job.batches)]
        run = standing.of_run(view, self.page.now)
        told = run.word if run else standing.waits(view.job)
        lines.append((Piece("  keboola   ", "dim"), Piece(told, run.status if run else "dim")))
        if view.held_reason:
            lines.append((Piece("  held      ", "dim"), Piece(sentence(view.held_reason), "held")))
        return lines

    async def status(self) -> Sequence[Line]:
        """How many jobs there are, and what holds some of them."""
        overview = await self.jobs.overview()
        counts = [Piece(f"{number(count)} {name}  ", name.value) for name, count in overview.counts.items() if count]
        held = [(Piece("held  ", "held"), Piece(sentence(cause.reason))) for cause in overview.causes]
        return [tuple(counts) or (Piece("no jobs yet", "dim"),), *held]

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

    def _batch(self, batch: Batch) -> Line:
        bar = progress.of_batch(batch)
        colour = standing.css(batch.status)
        cells = _CELLS * bar.finished // bar.counts.total if bar else 0
        counts = f"{number(bar.finished)}/{number(bar.counts.total)}" if bar else "-"
        trouble = f"{number(bar.counts.failed)} failed" if bar and bar.counts.failed else ""
        code = (batch.errors[0].code or "") if batch.errors else trouble
        at = clock(batch.ended_at, self.page.now, self.page.zone) if batch.ended_at else ""
        return (
            Piece(f"  …{batch.id[-8:]:<9} "),
            Piece(f"{_SIGNS.get(batch.status, '◐')} {batch.status:<12}", colour),
            Piece(f"{counts:>17}  "),
            Piece("[" + "|" * cells, colour),
            Piece("·" * (_CELLS - cells) + "]  ", "dim"),
            Piece(f"{at}  "),
            Piece(code, "failed"),
        )


Command = tuple[str, str, Callable[[Desk], Awaitable[Sequence[Line]]]]

_COMMANDS: Final[Mapping[str, Command]] = {
    "help": ("help", "this list", Desk.help),
    "jobs": ("jobs [WHICH]", "jobs, all or by status, name or batch id", Desk.list),
    "job": ("job 12", "one job with its batches", Desk.show),
    "check": ("check 12", "look at it now", lambda desk: desk.decide(Jobs.check_now)),
    "pause": ("pause 12", "stop looking at it", lambda desk: desk.decide(Jobs.pause)),
    "resume": ("resume 12", "go on", lambda desk: desk.decide(Jobs.resume)),
    "retry": ("retry 12", "send a failed or held one on its way", lambda desk: desk.decide(Jobs.retry)),
    "status": ("status", "how everything is", Desk.status),
    "clear": ("clear", "empty this window", Desk.help),
}
_READS: Final = frozenset({"help", "jobs", "job", "status"})


@post("/console", status_code=200)
async def typed(request: Request[Any, Any, Any], page: ThePage, jobs: AskedJobs) -> Response[str]:
    """Carry out a line. A script gets the answer alone, a browser without one a page with it."""
    form = await request.form()
    line = str(form.get("cmd", ""))[:_MOST_TYPED].strip()
    lines = (await _carried_out(line, page, jobs))[:_MOST_LINES]
    alone = request.headers.get("x-part") == "console"
    return page.show("console_answer.html" if alone else "console_page.html", typed=line, lines=lines)


async def _carried_out(line: str, page: Page, jobs: Jobs) -> Sequence[Line]:
    try:
        words = shlex.split(line)
    except ValueError:
        words = line.split()
    name = words[0].lower() if words else "help"
    if name not in _COMMANDS:
        return [(Piece("✕ ", "failed"), Piece(f"There is no command '{name}'; type help"))]
    if name not in _READS and not page.viewer.may_work:
        return [(Piece("✕ ", "failed"), Piece("Your role may look, not change"))]
    try:
        return await _COMMANDS[name][2](Desk(page, jobs, words or ("help",)))
    except TeckoCheckerError as error:
        return [(Piece("✕ ", "failed"), Piece(sentence(str(error))))]


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (typed,)
