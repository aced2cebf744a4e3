"""/web/system: whether it is watching, and in time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from attrs import fields
from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import SkipValidation
from litestar.types import ControllerRouterHandler

from teckochecker.application.health import Health, HealthReport, Watch
from teckochecker.entrypoints.http.parts import AskedJobs, AskedSecrets, TheTelemetry
from teckochecker.entrypoints.http.web.charts import Chart
from teckochecker.entrypoints.http.web.page import ThePage
from teckochecker.entrypoints.http.web.standing import Standing
from teckochecker.entrypoints.http.web.words import plural
from teckochecker.entrypoints.settings import Settings

TheSettings = NamedDependency[SkipValidation[Settings]]


@get("/system")
async def shown(
    page: ThePage,
    health: NamedDependency[SkipValidation[Health]],
    jobs: AskedJobs,
    secrets: AskedSecrets,
    settings: TheSettings,
    telemetry: TheTelemetry,
) -> Response[str]:
    """How the service is doing; the heading is the answer."""
    report = await health.look()
    hour = telemetry.hour
    known: dict[str, Any] = {
        "report": report,
        "verdict": _verdict(report),
        "settings": _told(settings),
        "hour": hour,
        "lateness": Chart.of([minute.worst for minute in hour]),
        "checks": Chart.of([minute.checks for minute in hour]),
    }
    if not report.database:
        return page.show("system.html", place="/web/system", overview=None, instances=(), secrets=(), **known)
    return page.show(
        "system.html",
        place="/web/system",
        overview=await jobs.overview(),
        instances=await health.instances(),
        secrets=await secrets.all(),
        **known,
    )


def _verdict(report: HealthReport) -> Standing:
    if report.faults:
        return Standing("failed", "Nothing is being checked", " ".join(report.faults))
    return {
        Watch.ON: Standing("fine", "Healthy, watching"),
        Watch.BEHIND: Standing("warning", "Watching, but behind"),
        Watch.OFF: Standing("paused", "Healthy, not watching here", "This process answers requests alone."),
    }[report.watching]


def _told(settings: Settings) -> Sequence[tuple[str, str]]:
    """Each setting as text; of a secret one only whether there is any."""
    told = []
    for attribute in fields(Settings):
        name = str(attribute.metadata.get("name", attribute.name.upper()))
        value = getattr(settings, attribute.name)
        if attribute.name == "database_url":
            text = settings.database_shown
        elif attribute.metadata["secret"]:
            text = "set, never shown" if value else "not set"
        else:
            text = (attribute.metadata["words"] or _text)(value)
        told.append((name, text))
    return told


def _text(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(map(str, value)) or "none"
    if isinstance(value, timedelta):
        days, rest = divmod(value, timedelta(days=1))
        return plural(days, "day") if days and not rest else f"{value.total_seconds():g} s"
    return "not set" if value is None or value == "" else str(value)


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (shown,)
