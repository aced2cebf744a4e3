"""/web/sign-in: a token is exchanged for a session; /web/sign-out ends it, here or everywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import TooManyRequestsException
from litestar.params import QueryParameter, SkipValidation
from litestar.response import Redirect
from litestar.types import ControllerRouterHandler

from teckochecker.application.errors import NotAdmitted, NotPermitted
from teckochecker.entrypoints.http.access.desk import Desk
from teckochecker.entrypoints.http.access.rule import COOKIE
from teckochecker.entrypoints.http.web.page import ThePage, back_to
from teckochecker.entrypoints.http.web.words import sentence

PLACE: Final = "/web/sign-in"

TheDesk = NamedDependency[SkipValidation[Desk]]


@get("/sign-in")
async def asked(
    request: Request[Any, Any, Any],
    page: ThePage,
    desk: TheDesk,
    back: Annotated[str, QueryParameter(max_length=2000)] = "",
) -> Response[Any]:
    """The field for a token; whoever has a session already goes on."""
    where = back_to({"back": back}, "/web")
    if desk.visitor.session and desk.visitor.actor:
        return Redirect(where, status_code=303)
    known, shown = desk.visitor.actor, COOKIE in request.cookies
    # a link on another site makes the browser keep the cookie back; one that our own page follows does not
    again = not shown and known is None and request.headers.get("sec-fetch-site") == "cross-site"
    return page.show(
        "sign_in.html",
        place=PLACE,
        back=where,
        wrong="",
        ended=shown and known is None,
        again=again,
        secure=desk.visitor.secure,
        known=known,
    )


@post("/sign-in", status_code=303)
async def signed_in(request: Request[Any, Any, Any], page: ThePage, desk: TheDesk) -> Response[Any]:
    """Come in, or read why not. What was typed is not shown again."""
    form = await request.form()
    where = back_to(form, "/web")
    try:
        cookie = await desk.sign_in(str(form.get("token", "")))
    except (NotAdmitted, NotPermitted) as error:
        status, wrong = (401 if isinstance(error, NotAdmitted) else 403), str(error)
    except TooManyRequestsException as error:
        status, wrong = 429, error.detail
    else:
        answer = Redirect(where, status_code=303)
        answer.set_cookie(cookie)
        return answer
    return page.show(
        "sign_in.html",
        status=status,
        back=where,
        wrong=sentence(wrong),
        ended=False,
        again=False,
        secure=desk.visitor.secure,
        known=desk.visitor.actor,
    )


@post("/sign-out", status_code=303)
async def signed_out(request: Request[Any, Any, Any], desk: TheDesk) -> Response[Any]:
    """Leave with this browser, or with all that came in with the same token."""
    form = await request.form()
    answer = Redirect(PLACE, status_code=303)
    answer.set_cookie(await desk.sign_out(everywhere=form.get("everywhere") == "yes"))
    return answer


HANDLERS: Final[Sequence[ControllerRouterHandler]] = (asked, signed_in, signed_out)
