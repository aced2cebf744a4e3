"""Signing in and out: a session for a token, over https alone, and never many tries at once."""

from __future__ import annotations

import asyncio

import pytest
from litestar.exceptions import TooManyRequestsException

from teckochecker.application.actor import Actor
from teckochecker.application.errors import NotAdmitted, NotPermitted
from teckochecker.domain.role import Role
from teckochecker.entrypoints.http.access.desk import Desk
from teckochecker.entrypoints.http.access.limits import WrongTokens
from teckochecker.entrypoints.http.access.visitor import Visitor
from tests.builders import MINUTE
from tests.doors.http.served import Served


def a_desk(service: Served, visitor: Visitor | None = None) -> Desk:
    """The desk as somebody unknown stands before it over https, or this visitor."""
    unknown = Visitor(actor=None, address="1.2.3.4", secure=True)
    clock = service.container.clock()
    return Desk(sessions=service.container.sessions(), wrong=WrongTokens(clock), visitor=visitor or unknown)


async def a_token(service: Served) -> str:
    """A token in the clear."""
    _, text = await service.container.tokens().create("anna", Role.ADMIN)
    return text.reveal()


async def known(service: Served, cookie: str | None) -> Visitor | None:
    """Whom the value of a cookie stands for."""
    found = await service.container.sessions().resume(cookie or "")
    if found is None:
        return None
    session, token = found
    return Visitor(actor=Actor(name=token.name, role=token.role), session=session, secure=True)


async def test_a_token_gets_a_session_in_a_cookie_that_goes_nowhere_else(light: Served) -> None:
    cookie = await a_desk(light).sign_in(f" {await a_token(light)}\n")
    assert await known(light, cookie.value) is not None
    header = cookie.to_header(header="")
    assert header.startswith("__Host-teckochecker=")
    assert "Path=/" in header
    assert {"Secure", "HttpOnly", "SameSite=strict"} <= set(header.split("; "))
    assert "Domain" not in header


async def test_there_are_no_cookies_on_plain_http(light: Served) -> None:
    with pytest.raises(NotPermitted, match="Signing in needs https"):
        await a_desk(light, Visitor(actor=None, address="127.0.0.1")).sign_in(await a_token(light))


async def test_signing_in_again_ends_the_session_before(light: Served) -> None:
    token = await a_token(light)
    first = await a_desk(light).sign_in(token)
    second = await a_desk(light, await known(light, first.value)).sign_in(token)
    assert await known(light, first.value) is None
    assert await known(light, second.value) is not None


async def test_signing_out_ends_one_session_or_all(light: Served) -> None:
    token = await a_token(light)
    cookies = [(await a_desk(light).sign_in(token)).value for _ in range(3)]
    gone = await a_desk(light, await known(light, cookies[0])).sign_out()
    assert (gone.value, gone.max_age) == ("", 0)
    assert [await known(light, cookie) is None for cookie in cookies] == [True, False, False]
    await a_desk(light, await known(light, cookies[1])).sign_out(everywhere=True)
    assert [await known(light, cookie) is None for cookie in cookies] == [True, True, True]
    await a_desk(light).sign_out()


async def test_wrong_tokens_are_answered_late_and_many_at_once_not_at_all(light: Served) -> None:
    desk = a_desk(light)
    for _ in range(5):
        with pytest.raises(NotAdmitted):
            await desk.sign_in("tck_wrong")
    waiting = [asyncio.create_task(desk.sign_in("tck_wrong")) for _ in range(10)]
    for _ in range(50):
        await asyncio.sleep(0)
    assert not any(task.done() for task in waiting)
    with pytest.raises(TooManyRequestsException):
        await desk.sign_in("tck_wrong")
    await light.tecko.advance(MINUTE)
    ends = await asyncio.gather(*waiting, return_exceptions=True)
    assert {type(end) for end in ends} == {NotAdmitted}
