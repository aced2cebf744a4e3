"""Requests stay out of private networks, end in time, hide nothing about their outcome and leak no credential."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from attrs import define

from teckochecker.adapters.transport import Answer, LastWord, Malformed, Transport
from teckochecker.adapters.transport.guard import is_public
from teckochecker.application.errors import LeaseLost, OutcomeUnknown, Unavailable
from tests.builders import AT

SECRET = "sk-test-0123456789abcdef"
OK = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 11\r\n\r\n{"ok":true}'

Play = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@define
class Lease:
    """One that is held, until it is not."""

    lost: bool = False


@define
class Server:
    """A server that does as it is told; `seen` is everything it received."""

    url: str
    seen: bytearray


@asynccontextmanager
async def serving(play: Play) -> AsyncGenerator[Server]:
    """A raw server on loopback."""
    seen = bytearray()
    handled: list[asyncio.Task[Any]] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            seen.extend(await reader.read(65536))
            await play(reader, writer)
        except ConnectionError:
            return
        finally:
            writer.close()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        handled.append(asyncio.ensure_future(handle(reader, writer)))

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    async with server:
        yield Server(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", seen)
    if handled:
        await asyncio.wait(handled)
    await asyncio.sleep(0)


def saying(*parts: bytes) -> Play:
    """Sends this and hangs up."""

    async def play(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()

    return play


async def silence(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    while await reader.read(1024):
        pass


async def ask(transport: Transport, url: str, body: LastWord | None = None, **more: Any) -> Answer:
    """One call, and the end of all connections."""
    try:
        return await transport.endpoint(url).call(
            "POST" if body else "GET",
            "/jobs",
            headers={"Authorization": f"Bearer {SECRET}"},
            secret=SECRET,
            body=body,
            **{"deadline": 5.0} | more,
        )
    finally:
        await transport.close()


def answer(body: bytes, status: int = 200, secret: str = SECRET, **headers: str) -> Answer:
    """An answer as it was received."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"Content-Type": "application/json"} | named, body, "api.example.com", secret)


# Where requests may go


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "168.63.129.16",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:0:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "2002:7f00:1::1",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
        "2001:db8::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_a_private_address_is_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"]
)
def test_a_public_address_is_public_however_it_is_written(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost", "2130706433", "0x7f000001", "[::1]", "[::ffff:127.0.0.1]", "127.1"]
)
async def test_no_spelling_of_this_machine_is_dialled(host: str) -> None:
    async with serving(saying(OK)) as server:
        port = server.url.rpartition(":")[2]
        with pytest.raises(Unavailable):
            await ask(Transport(), f"https://{host}:{port}")
        assert not server.seen


async def test_a_private_address_is_refused_in_a_sentence() -> None:
    with pytest.raises(Unavailable, match="is at a private address, which only the operator can allow"):
        await ask(Transport(), "https://127.0.0.1:9")


async def test_the_operators_word_opens_one_port_only() -> None:
    async with serving(saying(OK)) as named, serving(saying(OK)) as other:
        secure = other.url.replace("http", "https")
        assert (await ask(Transport([named.url]), named.url)).json() == {"ok": True}
        for url in (other.url, secure):
            with pytest.raises(Unavailable):
                await ask(Transport([named.url]), url)
        assert not other.seen


@pytest.mark.parametrize(
    "url",
    ["http://api.example.com", "ftp://example.com", "https://", "nonsense", "https://a:99999", "https://u:pw@a.b"],
)
def test_an_address_that_may_not_be_used_is_refused_before_anything_is_sent(url: str) -> None:
    with pytest.raises(Unavailable) as refused:
        Transport().endpoint(url)
    assert "pw" not in str(refused.value)


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with serving(saying(OK)) as target:
        head = f"HTTP/1.1 302 Found\r\nLocation: {target.url}/\r\nContent-Length: 0\r\n\r\n"
        async with serving(saying(head.encode())) as server:
            assert (await ask(Transport([server.url, target.url]), server.url)).status == 302
            assert not target.seen


async def test_the_query_of_an_address_is_kept() -> None:
    async with serving(saying(OK)) as server:
        await ask(Transport([server.url]), f"{server.url}/openai/?api-version=1")
        assert server.seen.startswith(b"GET /openai/jobs?api-version=1 HTTP/1.1")


# What becomes of a call


@pytest.mark.parametrize(
    ("play", "sentence"),
    [
        (saying(), "broke off the connection"),
        (saying(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"), "broke off in the middle"),
        (saying(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"), "does not answer in proper HTTP"),
        (silence, "did not answer within 0.3 s"),
    ],
)
async def test_a_call_without_an_answer_is_told_in_a_sentence(play: Play, sentence: str) -> None:
    async with serving(play) as server:
        with pytest.raises(Unavailable, match=sentence) as failed:
            await ask(Transport([server.url]), server.url, deadline=0.3)
    assert SECRET not in f"{failed.value!r} {failed.value.__cause__!r}"


async def test_a_dripping_answer_ends_at_the_deadline() -> None:
    async def drip(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.02)

    async with serving(drip) as server:
        with pytest.raises(Unavailable, match="did not answer within"):
            await ask(Transport([server.url]), server.url, deadline=0.3)


async def test_nobody_reads_an_endless_answer() -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 200000\r\n\r\n"
    async with serving(saying(head, b"x" * 200000)) as server:
        with pytest.raises(Unavailable, match="more than can be read"):
            await ask(Transport([server.url]), server.url, largest=100_000)


async def test_a_refusal_counts_although_its_text_was_cut_off() -> None:
    async with serving(saying(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 99\r\n\r\n{")) as server:
        refused = await ask(Transport([server.url]), server.url)
    assert (refused.status, refused.problem()) == (403, {})


async def test_a_closed_port_is_told_from_a_broken_call() -> None:
    async with serving(saying(OK)) as server:
        url = server.url
    with pytest.raises(Unavailable, match="does not take connections"):
        await ask(Transport([url]), url, LastWord(b"{}", Lease()))


async def test_an_insecure_port_is_told() -> None:
    async with serving(saying(b"hello\r\n")) as server:
        url = server.url.replace("http", "https")
        with pytest.raises(Unavailable, match="does not take a secure connection"):
            await ask(Transport([url]), url, LastWord(b"{}", Lease()))


# Requests with an effect


async def test_a_body_that_may_have_left_leaves_the_outcome_open() -> None:
    async with serving(saying()) as server:
        with pytest.raises(OutcomeUnknown, match="after the request was sent"):
            await ask(Transport([server.url]), server.url, LastWord(b'{"run":1}', Lease()))
        assert server.seen.endswith(b'{"run":1}')


async def test_a_body_without_an_answer_in_time_leaves_the_outcome_open() -> None:
    async with serving(silence) as server:
        with pytest.raises(OutcomeUnknown):
            await ask(Transport([server.url]), server.url, LastWord(b"{}", Lease()), deadline=0.3)


async def test_nothing_of_a_body_leaves_when_the_lease_is_lost() -> None:
    async with serving(saying(OK)) as server:
        with pytest.raises(LeaseLost):
            await ask(Transport([server.url]), server.url, LastWord(b'{"run":1}', Lease(lost=True)))
        assert b"run" not in server.seen


async def test_the_lease_is_asked_only_when_the_connection_stands() -> None:
    async with serving(saying(OK)) as server:
        transport, lease = Transport([server.url], per_host=1), Lease()
        endpoint = transport.endpoint(server.url)
        async with endpoint._slots.place():
            call = asyncio.create_task(ask(transport, server.url, LastWord(b'{"run":1}', lease)))
            await asyncio.sleep(0)
            lease.lost = True
        with pytest.raises(LeaseLost):
            await call
        assert b"run" not in server.seen


# Reading answers


@pytest.mark.parametrize(
    "body", [b"", b"{", b'{"a": NaN}', b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000, b"<html>", b"1" * 5000]
)
def test_what_is_no_strict_json_is_malformed(body: bytes) -> None:
    with pytest.raises(Malformed, match="JSON that is not valid"):
        answer(body).json()


def test_another_kind_of_content_is_named() -> None:
    with pytest.raises(Malformed, match=r"answered with text/html instead of JSON"):
        answer(b"{}", Content_Type="text/html; charset=utf-8").json()


@pytest.mark.parametrize(
    "echo",
    [
        b'{"error": "bad key sk-test-0123456789abcdef!"}',
        b'{"error": "bad key \\u0073k-test-0123456789abcdef!"}',
        b'{"sk-test-0123456789abcdef": ["sk-test-0123456789abcdef"]}',
    ],
)
def test_an_echoed_credential_does_not_come_out_again(echo: bytes) -> None:
    assert SECRET not in str(answer(echo).json())
    assert SECRET not in str(answer(echo, 401).problem())
    assert SECRET not in repr(answer(echo))


def test_an_echo_that_php_or_percent_signs_escaped_is_found_too() -> None:
    for echo in (b'["a\\/b+c\\/d+e"]', b'["a%2Fb%2Bc%2Fd%2Be"]'):
        assert answer(echo, secret="a/b+c/d+e").json() == ["***"]


def test_a_short_credential_is_hidden_as_a_whole_word_only() -> None:
    assert answer(b'["key abc", "abcdef"]', secret="abc").json() == ["key ***", "abcdef"]


def test_a_foreign_text_is_cut_only_after_the_credential_is_out() -> None:
    assert answer(b"").word(f"{'x' * 290} {SECRET}") == f"{'x' * 290} ***"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry_After": "7"}, 7),
        ({"Retry_After": "0.5"}, 0.5),
        ({"Retry_After": "99999999"}, 3600),
        ({"Retry_After": "1e999"}, 3600),
        ({"retry_after_ms": "250", "Retry_After": "7"}, 0.25),
        ({"Retry_After": "nan"}, None),
        ({"Retry_After": "-5"}, None),
        ({"Retry_After": "0"}, None),
        ({"Retry_After": "soon"}, None),
        ({}, None),
        ({"Retry_After": format_datetime(AT + timedelta(seconds=30), usegmt=True)}, 30),
        ({"Retry_After": format_datetime(AT - timedelta(seconds=30), usegmt=True)}, None),
        ({"Retry_After": format_datetime(AT + timedelta(days=9), usegmt=True)}, 3600),
    ],
)
def test_when_to_come_again_is_read_in_every_form(headers: dict[str, str], seconds: float | None) -> None:
    expected = None if seconds is None else AT + timedelta(seconds=seconds)
    assert answer(b"", 429, **headers).retry_at(AT) == expected


def test_a_date_to_come_again_is_read_against_the_services_own_clock() -> None:
    theirs = AT + timedelta(hours=5)
    headers = {
        "Date": format_datetime(theirs, usegmt=True),
        "Retry_After": format_datetime(theirs + timedelta(seconds=20), usegmt=True),
    }
    assert answer(b"", 503, **headers).retry_at(AT) == AT + timedelta(seconds=20)
