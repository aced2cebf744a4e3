"""Every header that a decision depends on, in any combination, against the really running program."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.doors.cli.shell import Shell

Headers = list[tuple[str, str]]
ANY: Final = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=30)
NAMES: Final = (
    *("Host", "Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Authorization", "Cookie", "X-CSRF-Token"),
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "X-Client-IP"),
    *("True-Client-IP", "CF-Connecting-IP", "X-Envoy-Internal", "X-Original-URL", "X-HTTP-Method-Override"),
    *("X_Forwarded_For", "X-Request-ID", "Access-Control-Request-Method", "Upgrade", "Connection"),
)
VALUES: Final = st.sampled_from(
    [
        *("127.0.0.1", "localhost", "[::1]", "1.2.3.4", "1.2.3.4, 127.0.0.1", "::ffff:127.0.0.1", "unknown"),
        *("http://localhost:8000", "https://evil.example", "null", "same-origin", "none", "cross-site", "https"),
        *("Bearer tck_", "Bearer tck_" + "0" * 49, "Basic Og==", "__Host-teckochecker=" + "a" * 43, "for=127.0.0.1"),
        *("GET", "DELETE", "/api/admin/tokens", "evil.example", "localhost:8000", "close", "r-1", ""),
    ]
)
HEADERS: Final = st.lists(st.tuples(st.sampled_from(NAMES), VALUES | ANY), max_size=5)
PATHS: Final = st.sampled_from(
    [
        *("/api/jobs", "/api/jobs/1", "/api/admin/secrets", "/api/admin/tokens", "/api/admin/audit", "/api/stats"),
        *(
            "/web",
            "/web/secrets",
            "/web/jobs/1/pause",
            "/docs",
            "/openapi.json",
            "/metrics",
            "//api/jobs",
            "/api/jobs/",
        ),
        *(
            "/api/health/../jobs",
            "/web/static/../jobs",
            "/api/webhooks/../jobs",
            "/%61pi/jobs",
            "/api/health;/jobs",
            "/api/jobs?x=/api/health",
        ),
    ]
)
METHODS: Final = st.sampled_from(["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
MANY: Final = settings(
    max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fuzzed")


@pytest.fixture(scope="module")
def services(folder: Path) -> Iterator[dict[str, str]]:
    """One service that asks everybody for a token, and one that lets this machine in."""
    addresses = {}
    for auth in ("always", "local"):
        shell = Shell(folder / auth)
        shell.folder.mkdir()
        assert shell.run("init", "--create-env").code == 0
        unlimited = {"RATE_LIMIT_READ": "off", "RATE_LIMIT_WRITE": "off"}
        started = shell.run("start", "--daemon", "--port", "0", "--no-watch", "--json", API_AUTH=auth, **unlimited)
        addresses[auth] = started.body["address"]
    yield addresses
    for auth in addresses:
        assert Shell(folder / auth).run("stop").code == 0


def ask(address: str, method: str, path: str, headers: Headers, *, own_host: bool) -> tuple[int, str]:
    """The status of an answer. Headers go out as they are, several of one name too."""
    where = urlsplit(address)
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    try:
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in [("Host", where.netloc)] * own_host + headers:
            connection.putheader(name, value.encode("latin-1"))
        connection.endheaders()
        answer = connection.getresponse()
        return answer.status, answer.read().decode("utf-8", "replace")
    finally:
        connection.close()


def kept_out(method: str, path: str, status: int, body: str) -> bool:
    """Whether an answer gave nothing away: a refusal, a browser's question, or the way from a page to the sign-in."""
    asked = (method, status) == ("OPTIONS", 204)
    return 400 <= status < 500 or asked or (path.startswith("/web") and (status, body) == (303, ""))


@MANY
@given(METHODS, PATHS, HEADERS, st.booleans())
def test_no_header_lets_anybody_in_without_a_token(
    services: dict[str, str], method: str, path: str, headers: Headers, own_host: bool
) -> None:
    status, body = ask(services["always"], method, path, headers, own_host=own_host)
    assert kept_out(method, path, status, body), (status, body)


GIVEAWAYS: Final = (
    *("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Real-IP", "X-Client-IP"),
    *("True-Client-IP", "CF-Connecting-IP", "X-Envoy-Internal", "X-Original-URL", "X_Forwarded_For"),
)


@MANY
@given(METHODS, PATHS, HEADERS, st.sampled_from(GIVEAWAYS), VALUES)
def test_nothing_makes_up_for_a_proxys_header(
    services: dict[str, str], method: str, path: str, headers: Headers, name: str, value: str
) -> None:
    status, body = ask(services["local"], method, path, [*headers, (name, value)], own_host=True)
    assert kept_out(method, path, status, body), (status, body)


@MANY
@given(METHODS, PATHS, HEADERS)
def test_no_header_breaks_anything_for_the_local_operator(
    services: dict[str, str], method: str, path: str, headers: Headers
) -> None:
    status, body = ask(services["local"], method, path, headers, own_host=True)
    assert status < 500, body
    if path.startswith(("/api/admin/tokens", "/api/admin/audit")):
        assert status >= 400 or method == "OPTIONS"


def test_the_local_operator_is_let_in_at_all(services: dict[str, str]) -> None:
    assert ask(services["local"], "GET", "/api/jobs", [], own_host=True)[0] == 200
