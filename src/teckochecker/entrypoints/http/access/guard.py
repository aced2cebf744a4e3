"""What stands before each route once it is known which one a request goes to."""

from __future__ import annotations

import hmac
from typing import Any, Final

from litestar import Request
from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from teckochecker.application.errors import NotAdmitted, NotPermitted
from teckochecker.domain.role import Right, Role
from teckochecker.entrypoints.http.access.facts import SAFE_METHODS
from teckochecker.entrypoints.http.access.rights import right
from teckochecker.entrypoints.http.access.visitor import Visitor, visitor_of

CSRF_HEADER: Final = "X-CSRF-Token"
CSRF_FIELD: Final = "csrf"

_FORM: Final = "application/x-www-form-urlencoded"


async def guard(connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
    """Let nobody pass who has not the route's right, and no change in a session that our own pages did not ask for.

    Raises:
        NotAdmitted: nobody knows who they are.
        NotPermitted: their role does not reach so far, or the page that sent it is not ours.
    """
    method, visitor = str(connection.scope.get("method", "")), visitor_of(connection.scope)
    needed = right(method, connection.scope["path_template"])
    if needed:
        expect(visitor, needed)
    if visitor.session and isinstance(connection, Request) and method not in SAFE_METHODS:
        await _expect_own_page(connection, visitor.session.csrf)


def expect(visitor: Visitor, needed: Right) -> None:
    """Let nobody pass who has not this right.

    Raises:
        NotAdmitted: nobody knows who they are.
        NotPermitted: their role does not reach so far.
    """
    if visitor.actor is None:
        raise NotAdmitted(visitor.reason)
    role = visitor.actor.role
    if not role.may(needed):
        able = " or ".join(other.value for other in Role if other.may(needed) and other is not Role.LOCAL)
        who = "the local operator" if role is Role.LOCAL else f"a token with the role {role.value}"
        raise NotPermitted(f"This is not for {who}; it takes a token with the role {able}")


async def _expect_own_page(request: Request[Any, Any, Any], csrf: str) -> None:
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.content_type[0] == _FORM:
        sent = (await request.form()).get(CSRF_FIELD)
    if not isinstance(sent, str) or not hmac.compare_digest(sent.encode(), csrf.encode()):
        raise NotPermitted("The page that sent this is too old; load it again and repeat your change")
