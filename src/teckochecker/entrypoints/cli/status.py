"""teckochecker status: whether a service runs on this database, and how it is doing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from rich.text import Text

from teckochecker.application.ports import JobQuery, Running
from teckochecker.domain.status import JobStatus
from teckochecker.entrypoints.cli.answer import Answer
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.instances import alive, existing, opened_at
from teckochecker.entrypoints.cli.place import settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.cli.words import span
from teckochecker.entrypoints.wire import moment

if TYPE_CHECKING:
    from teckochecker.entrypoints.container import Container

NOTHING_RUNS: Final = 3
_COUNTED: Final = {
    "active_jobs": frozenset({JobStatus.ACTIVE}),
    "completed_jobs": frozenset({JobStatus.COMPLETED, JobStatus.COMPLETED_WITH_FAILURES}),
    "failed_jobs": frozenset({JobStatus.FAILED}),
}


async def status() -> Answer:
    """Show whether a service runs on this database, and how it is doing. Exit code 3 if none runs."""
    async with existing() as container:
        running = await alive(container) if container else ()
        counts = await _counts(container) if container else dict.fromkeys(_COUNTED, 0)
    body = _body(running, counts, made=container is not None)
    return Answer(body, lambda screen: _show(screen, body, running), 0 if running else NOTHING_RUNS)


async def _counts(container: Container) -> Mapping[str, int]:
    jobs = container.jobs()
    return {name: (await jobs.find(JobQuery(statuses=statuses, limit=1))).total for name, statuses in _COUNTED.items()}


def _body(running: Sequence[Running], counts: Mapping[str, int], *, made: bool) -> Mapping[str, Any]:
    serving = [one for one in running if one.instance.address]
    first = next(iter(serving or running), None)
    return {
        "service": "running" if running else "stopped",
        "uptime_seconds": int(_uptime(first).total_seconds()) if first else None,
        **counts,
        "api_server": opened_at(first.instance) if first else None,
        "database": "connected" if made else "missing",
        "instances": [_instance(one) for one in running],
    }


def _instance(one: Running) -> Mapping[str, Any]:
    return {
        "host": one.instance.host,
        "pid": one.instance.pid,
        "address": one.instance.address,
        "version": one.instance.version,
        "started_at": moment(one.instance.started_at),
        "seen_at": moment(one.seen_at),
        "stopping": one.stop_asked_at is not None,
        "watching": one.told.watching,
        "lateness_seconds": one.told.lateness.total_seconds(),
        "checks": one.told.checks,
    }


def _show(screen: Screen, body: Mapping[str, Any], running: Sequence[Running]) -> None:
    database = "Connected" if body["database"] == "connected" else "Not made yet; make it with: teckochecker init"
    uptime = body["uptime_seconds"]
    rows: list[Sequence[Text | str]] = [
        ("Service", _service(screen, running)),
        ("Uptime", "-" if uptime is None else span(timedelta(seconds=uptime))),
        ("Active Jobs", str(body["active_jobs"])),
        ("Completed Jobs", str(body["completed_jobs"])),
        ("Failed Jobs", str(body["failed_jobs"])),
        ("API Server", plain(body["api_server"] or "-")),
        ("Database", database),
    ]
    if len(running) == 1 and running[0].told.watching != "on":
        rows.insert(2, ("Watching", _watching(running[0])))
    sections = [Section("System Status", rows)]
    if len(running) > 1:
        lines = [_line(one) for one in running]
        sections.append(Section("Instances", lines, ("Host", "PID", "API Server", "Uptime", "Watching")))
    screen.box(*sections)
    if not running:
        screen.say(
            f"No service runs on {plain(settings().database_shown)}; start one with: teckochecker start --daemon"
        )


def _service(screen: Screen, running: Sequence[Running]) -> Text:
    sign, style, word = ("🟢", "green", "Running") if running else ("🔴", "red", "Stopped")
    if running and all(one.stop_asked_at for one in running):
        sign, style, word = "🟡", "yellow", "Stopping"
    return Text.assemble(f"{screen.sign(sign)} " if screen.signs else "", (word, style))


def _line(one: Running) -> Sequence[str]:
    told = one.instance
    return plain(told.host), str(told.pid), plain(opened_at(told) or "-"), span(_uptime(one)), _watching(one)


def _watching(one: Running) -> str:
    return f"behind by {span(one.told.lateness)}" if one.told.watching == "behind" else one.told.watching


def _uptime(one: Running) -> timedelta:
    return max(datetime.now(UTC) - one.instance.started_at, timedelta(0))
