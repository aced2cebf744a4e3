"""Which right each route takes: the whole application, route by route."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from litestar.routes import HTTPRoute

from teckochecker import Settings
from teckochecker.domain.role import Right, Role
from teckochecker.entrypoints.http.access.rights import right
from teckochecker.entrypoints.http.app import http_app
from tests.doors.http.served import memory

TABLE = [
    ("GET", "/", None),
    ("GET", "/api/health", None),
    ("POST", "/api/webhooks/{name}", None),
    ("GET", "/web/sign-in", None),
    ("POST", "/web/sign-in", None),
    ("GET", "/web/static", None),
    ("GET", "/api/stats", Right.READ),
    ("GET", "/api/events", Right.READ),
    ("GET", "/docs", Right.READ),
    ("GET", "/redoc", Right.READ),
    ("GET", "/openapi.json", Right.READ),
    ("GET", "/metrics", Right.READ),
    ("GET", "/api/jobs", Right.READ),
    ("HEAD", "/api/jobs", Right.READ),
    ("POST", "/api/jobs", Right.JOBS),
    ("DELETE", "/api/jobs/{job_id}", Right.JOBS),
    ("POST", "/web/jobs/{job_id}/{move}", Right.JOBS),
    ("GET", "/api/admin/secrets", Right.READ),
    ("PUT", "/api/admin/secrets/{secret_id}", Right.SECRETS),
    ("POST", "/web/secrets", Right.SECRETS),
    ("GET", "/api/admin/tokens", Right.ACCESS),
    ("POST", "/api/admin/tokens", Right.ACCESS),
    ("GET", "/api/admin/audit", Right.ACCESS),
    ("GET", "/api/admin/anything", Right.ACCESS),
    ("GET", "/web/tokens", Right.ACCESS),
    ("GET", "/web/audit", Right.ACCESS),
    ("GET", "/web/setup", Right.READ),
    ("GET", "/web", Right.READ),
    ("POST", "/api/jobsomething", Right.ACCESS),
    ("POST", "/anything/new", Right.ACCESS),
    ("BREW", "/api/stats", Right.ACCESS),
]


@pytest.mark.parametrize(("method", "template", "needed"), TABLE)
def test_an_address_takes_a_right(method: str, template: str, needed: Right | None) -> None:
    assert right(method, template) is needed


def routes() -> Iterator[tuple[str, str]]:
    """Every route of the application."""
    app = http_app(memory(Settings(), Path()))
    for route in app.routes:
        if isinstance(route, HTTPRoute):
            yield from ((method, route.path_format) for method in route.methods)


def test_what_is_public_is_little() -> None:
    public = {(method, path) for method, path in routes() if right(method, path) is None}
    assert {path for _, path in public} <= {
        "/",
        "/api/health",
        "/api/webhooks/{name}",
        "/web/sign-in",
        "/web/static/{name}",
    }


def test_a_viewer_can_change_nothing() -> None:
    changing = {(method, path) for method, path in routes() if method not in ("GET", "HEAD", "OPTIONS")}
    open_to_viewers = {path for method, path in changing if (needed := right(method, path)) and Role.VIEWER.may(needed)}
    assert open_to_viewers <= {"/web/console", "/web/theme", "/web/sign-out"}


def test_the_local_operator_reaches_neither_tokens_nor_the_audit_trail() -> None:
    for method, path in routes():
        if path.startswith(("/api/admin/tokens", "/api/admin/audit", "/web/tokens", "/web/audit")):
            needed = right(method, path)
            assert needed
            assert not Role.LOCAL.may(needed), path
