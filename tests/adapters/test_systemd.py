"""Who waits for word of the service, as systemd's environment names it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from teckochecker.adapters.systemd import Supervisor

HALF_A_MINUTE = timedelta(seconds=30)


@pytest.mark.parametrize(
    ("environ", "watchdog"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, HALF_A_MINUTE),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "7"}, HALF_A_MINUTE),
        ({"WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "8"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
    ],
)
def test_a_watchdog_is_ours_when_it_waits_for_this_process(environ: dict[str, str], watchdog: timedelta | None) -> None:
    assert Supervisor.of(environ, pid=7).watchdog == watchdog


@pytest.mark.parametrize(
    ("environ", "address"), [({}, None), ({"NOTIFY_SOCKET": ""}, None), ({"NOTIFY_SOCKET": "@tecko"}, "@tecko")]
)
def test_without_a_socket_nobody_waits(environ: dict[str, str], address: str | None) -> None:
    assert Supervisor.of(environ, pid=7).address == address
