"""Visiting pages as a browser without scripts does."""

from __future__ import annotations

from tests.doors.http.served import Served


async def page(service: Served, path: str, status: int = 200) -> str:
    """The page at this address."""
    answer = await service.http.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8"), answer.text
    return answer.text


async def press(service: Served, path: str, **form: str) -> str:
    """Send a form, and where it leads."""
    answer = await service.http.post(path, data=form)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def refused(service: Served, path: str, status: int, **form: str) -> str:
    """The page that a form is answered with which is not taken."""
    answer = await service.http.post(path, data=form)
    assert answer.status_code == status, answer.text
    return answer.text
