"""The settings of who may come in: safe where nothing is set, and every fault told."""

from __future__ import annotations

from ipaddress import ip_network

import pytest

from teckochecker.entrypoints.settings import Settings, SettingsError


def faults(**environ: str) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as refused:
        Settings.load(environ)
    return refused.value.faults


def test_where_nothing_is_set_everybody_needs_a_token() -> None:
    settings = Settings.load({})
    assert (settings.api_auth, settings.trusted_proxies, settings.allowed_hosts) == ("always", (), ())
    assert (settings.rate_limit_read, settings.rate_limit_write) == (600, 300)


def test_proxies_names_and_limits_are_read() -> None:
    settings = Settings.load(
        {
            "API_AUTH": "Local",
            "TRUSTED_PROXIES": '["127.0.0.1", "10.0.0.7/8", "fd00::/8"]',
            "ALLOWED_HOSTS": '["Tecko.Example.com"]',
            "RATE_LIMIT_READ": "200/minute",
            "RATE_LIMIT_WRITE": "off",
        }
    )
    assert settings.api_auth == "local"
    assert settings.trusted_proxies == tuple(map(ip_network, ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")))
    assert settings.allowed_hosts == ("tecko.example.com",)
    assert (settings.rate_limit_read, settings.rate_limit_write) == (200, None)


def test_all_faults_are_told_at_once() -> None:
    told = faults(
        API_AUTH="sometimes",
        TRUSTED_PROXIES='["proxy.local"]',
        ALLOWED_HOSTS='["https://tecko.example"]',
        RATE_LIMIT_READ="10/second",
        RATE_LIMIT_WRITE="0/minute",
    )
    assert told == (
        "API_AUTH: must be one of always, local, off (it is 'sometimes')",
        'TRUSTED_PROXIES: must be IP addresses or networks, such as ["127.0.0.1", "10.0.0.0/8"] '
        "(it is '[\"proxy.local\"]')",
        'ALLOWED_HOSTS: must be host names without scheme and port, such as ["tecko.example.com"] '
        "(it is '[\"https://tecko.example\"]')",
        "RATE_LIMIT_READ: must be like 600/minute, or off (it is '10/second')",
        "RATE_LIMIT_WRITE: must be like 600/minute, or off (it is '0/minute')",
    )


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.2", "::", "tecko.example"])
def test_off_on_a_public_address_has_to_be_confirmed(host: str) -> None:
    assert faults(API_AUTH="off", API_HOST=host) == (
        f"API_AUTH: off would let in everybody who reaches {host}; "
        "set API_HOST=127.0.0.1, or API_AUTH_OFF_CONFIRM=public if that is meant",
    )
    Settings.load({"API_AUTH": "off", "API_HOST": host, "API_AUTH_OFF_CONFIRM": "public"})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost", ""])
def test_off_on_this_machine_alone_is_fine(host: str) -> None:
    assert Settings.load({"API_AUTH": "off", "API_HOST": host}).api_auth == "off"


def test_a_confirmation_stands_beside_other_faults_of_the_whole() -> None:
    told = faults(API_AUTH="off", API_HOST="0.0.0.0", MIN_POLL_INTERVAL="500")
    assert [fault.partition(" ")[0] for fault in told] == ["MIN_POLL_INTERVAL", "API_AUTH:"]
