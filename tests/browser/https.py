"""A reverse proxy on this machine that speaks https to browsers, as the one in front of a server does."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from playwright.async_api import Browser

from teckochecker.domain.role import Role
from tests.browser.browsers import Visit, visiting
from tests.doors.http.served import Served, memory, served
from tests.doors.nightly import nightly, with_secrets

CLIENT: Final = "203.0.113.7"
"""Where the browser comes from, as the proxy tells it."""

_CONNECTION: Final = re.compile(rb"(?im)^connection:.*\r\n")
_ADDED: Final = f"\r\nX-Forwarded-For: {CLIENT}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n".encode()


def certified(folder: Path) -> ssl.SSLContext:
    """What a server needs to be 127.0.0.1 for an hour, by a certificate that only it vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    file = folder / "proxy.pem"
    file.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context


async def a_token(service: Served, role: Role) -> str:
    """A token with the role's own name, in the clear."""
    _, text = await service.container.tokens().create(role.value, role)
    return text.reveal()


async def sign_in(visit: Visit, token: str) -> None:
    """Paste a token into the field that is on the page, press Enter, and wait for the page that comes then."""
    await visit.page.fill("#t", token)
    async with visit.page.expect_event("load"):
        await visit.page.press("#t", "Enter")


@asynccontextmanager
async def secured(browser: Browser, folder: Path, **how: Any) -> AsyncGenerator[Visit]:
    """Somebody at a browser who knows the service by its https address. Its clock stands until it is advanced."""
    settings: dict[str, Any] = {"api_auth": "always", "trusted_proxies": (ip_network("127.0.0.1"),)}
    async with served(memory, folder, trigger_on_unknown="hold", **settings) as service:
        await with_secrets(service.tecko)
        await service.tecko.jobs.create(nightly("batch_a"))
        async with (
            over_https(str(service.http.base_url), folder) as address,
            visiting(browser, service, address, ignore_https_errors=True, **how) as visit,
        ):
            yield visit


@asynccontextmanager
async def over_https(service: str, folder: Path) -> AsyncGenerator[str]:
    """The https address of a service that is at this http address. Every request gets a connection of its own."""
    behind = urlsplit(service)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError):  # browsers go when they like
            head = _CONNECTION.sub(b"", await reader.readuntil(b"\r\n\r\n"))
            there, to_there = await asyncio.open_connection(behind.hostname, behind.port)
            to_there.write(head.replace(b"\r\n", _ADDED, 1))
            ways = [asyncio.ensure_future(_carry(reader, to_there)), asyncio.ensure_future(_carry(there, writer))]
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            to_there.close()
        writer.close()

    door = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=certified(folder))
    try:
        yield f"https://127.0.0.1:{door.sockets[0].getsockname()[1]}"
    finally:
        door.close()


async def _carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while some := await reader.read(65536):
        writer.write(some)
        await writer.drain()
