"""/web/theme: how the pages look, remembered in the browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final
from urllib.parse import urlsplit

from litestar import Request, Response, post
from litestar.datastructures import Cookie
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.entrypoints.http.web.page import THEMES, back_to

_A_YEAR: Final = 31_536_000  # seconds


@post("/theme", status_code=303)
async def chosen(request: Request[Any, Any, Any]) -> Response[Any]:
    """Look like this from now on, and go on where one was."""
    form = await request.form()
    theme = str(form.get("theme"))
    came_from = urlsplit(request.headers.get("referer", "")).path
    answer = Redirect(back_to({"back": came_from}, "/web"), status_code=303)
    if theme in THEMES:
        answer.set_cookie(Cookie("theme", "/web", theme, max_age=_A_YEAR, samesite="strict"))
    return answer


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (chosen,)
