"""The address that opens a service, as seen from here."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest

from teckochecker.application.ports import Instance
from teckochecker.entrypoints.cli.instances import opened_at

HERE = socket.gethostname()


@pytest.mark.parametrize(
    ("host", "address", "opens"),
    [
        (HERE, "http://0.0.0.0:8000", "http://127.0.0.1:8000"),
        (HERE, "http://[::]:8000", "http://[::1]:8000"),
        (HERE, "http://10.0.0.7:8000", "http://10.0.0.7:8000"),
        ("worker-2", "http://0.0.0.0:8000", "http://worker-2:8000"),
        ("worker-2", "http://[::]:8000", "http://worker-2:8000"),
        (HERE, None, None),
    ],
)
def test_a_service_on_all_addresses_is_opened_at_one_of_them(host: str, address: str | None, opens: str | None) -> None:
    began = datetime(2026, 1, 1, tzinfo=UTC)
    instance = Instance(owner="a", host=host, pid=1, born=None, address=address, version="1.0.0", started_at=began)
    assert opened_at(instance) == opens
