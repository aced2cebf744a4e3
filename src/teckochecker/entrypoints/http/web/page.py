"""How a page is made: the templates, and what each of them knows of the request."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote
from zoneinfo import ZoneInfo, available_timezones

from attrs import frozen
from litestar import Request, Response
from litestar.di import NamedDependency, Provide
from litestar.enums import MediaType
from litestar.params import SkipValidation
from markupsafe import Markup

import teckochecker
from teckochecker.application.ports import Clock
from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.domain.role import Right
from teckochecker.entrypoints.http.access.visitor import visitor_of
from teckochecker.entrypoints.http.assets import Assets
from teckochecker.entrypoints.http.web import happenings, standing, words
from teckochecker.entrypoints.http.web.commands import COMMANDS
from teckochecker.entrypoints.wire import problem_body

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC: Final = Assets("/web/static", Path(__file__).parent / "static")
"""What all pages are drawn with."""

THEMES: Final = ("auto", "light", "dark", "terminal")

_FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "asset": STATIC.href,
    "clock": words.clock,
    "css": standing.css,
    "duration": words.duration,
    "event_icon": happenings.sign,
    "event_status": happenings.status,
    "event_told": happenings.told,
    "every": words.every,
    "exact": words.exact,
    "iso": lambda at: f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    "number": words.number,
    "percent": words.percent,
    "plural": words.plural,
    "shortened": words.shortened,
    "spaced": words.spaced,
    "stack": lambda url: str(url).removeprefix("https://connection.").removesuffix(".keboola.com"),
}


@cache
def _pages() -> Environment:
    """The templates. They are loaded with the first page, for many services show none."""
    from jinja2 import Environment, PackageLoader, StrictUndefined

    pages = Environment(
        loader=PackageLoader("teckochecker.entrypoints.http.web"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    pages.globals["commands"] = COMMANDS
    pages.filters |= _FILTERS
    return pages


@frozen(kw_only=True)
class Told:
    """A sentence above the page: what was done, or why it was not."""

    kind: str
    title: str
    detail: str = ""


@frozen(kw_only=True)
class Viewer:
    """Who looks at the page, and what they may do."""

    name: str
    role: str
    may_work: bool
    may_keep_secrets: bool
    is_admin: bool
    in_session: bool


@frozen(kw_only=True)
class Page:
    """What every page of one request has in common."""

    viewer: Viewer
    now: datetime
    zone: ZoneInfo
    theme: str
    csrf_token: str | None

    def show(
        self, template: str, *, place: str = "", status: int = 200, told: Told | None = None, **known: Any
    ) -> Response[str]:
        """A whole page, or parts of one."""
        drawn = _pages().get_template(template)
        text = drawn.render(
            viewer=self.viewer,
            now=self.now,
            zone=self.zone,
            zone_name=self.zone.key,
            theme=self.theme,
            csrf_token=self.csrf_token,
            csrf=self._hidden(),
            version=teckochecker.__version__,
            place=place,
            told=told,
            status=status,
            **{"live": "", "answer": None, **known},
        )
        # nothing of a session is left in the browser once it has ended
        return Response(text, status_code=status, media_type=MediaType.HTML, headers={"Cache-Control": "no-store"})

    def _hidden(self) -> Markup:
        if self.csrf_token is None:
            return Markup("")
        return Markup('<input type="hidden" name="csrf" value="{}">').format(self.csrf_token)


def refusal(error: TeckoCheckerError) -> dict[str, Any]:
    """What a page shows when a step was refused: the sentence that the API answers, and its status."""
    problem = problem_body(error)
    return {"status": problem["status"], "told": Told(kind="failed", title=words.sentence(str(error)))}


def back_to(form: Mapping[str, Any], otherwise: str) -> str:
    """The page that a form came from, and no other address."""
    asked = str(form.get("back", ""))
    return asked if asked == "/web" or asked.startswith(("/web?", "/web/")) else otherwise


ThePage = NamedDependency[SkipValidation[Page]]


def page(clock: Clock) -> Provide:
    """The dependency of all handlers that show something."""

    def known(request: Request[Any, Any, Any]) -> Page:
        return page_of(request, clock.now())

    return Provide(known, sync_to_thread=False)


def page_of(request: Request[Any, Any, Any], now: datetime) -> Page:
    """What is known of whoever asks."""
    theme = request.cookies.get("theme", "auto")
    zone = unquote(request.cookies.get("zone", "UTC"))
    visitor = visitor_of(request.scope)
    role, session = visitor.acting.role, visitor.session
    return Page(
        viewer=Viewer(
            name=visitor.acting.name,
            role=role.value,
            may_work=role.may(Right.JOBS),
            may_keep_secrets=role.may(Right.SECRETS),
            is_admin=role.may(Right.ACCESS),
            in_session=session is not None,
        ),
        now=now,
        zone=ZoneInfo(zone if zone in _ZONES else "UTC"),
        theme=theme if theme in THEMES else "auto",
        csrf_token=session.csrf if session else None,
    )


_ZONES: Final = available_timezones() | {"UTC"}
