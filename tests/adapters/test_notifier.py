"""Notices over apprise reach a real receiver, fail in a sentence, and tell nothing of what their URLs hold."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import pytest
from attrs import fields

from teckochecker.adapters.notifier import AppriseNotifier, channel_of, secrets_in
from teckochecker.application.errors import Unavailable
from teckochecker.application.notices import Notices
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential
from tests.adapters.receiver import PASSWORD, TOKEN, Receiver, receiving


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def over(url: str, **changes: float) -> tuple[AppriseNotifier, str]:
    """A notifier and its one channel."""
    channel = channel_of(Credential(url))
    return AppriseNotifier({channel: Credential(url)}, **changes), channel


async def test_a_message_arrives(receiver: Receiver) -> None:
    notifier, channel = over(receiver.url)
    await notifier.deliver(channel, "Job 'x' failed", "because\nof that")
    await notifier.deliver(channel, "Well", "done", good=True)
    assert [(got["title"], got["message"], got["type"]) for got in receiver.got] == [
        ("Job 'x' failed", "because\nof that", "failure"),
        ("Well", "done", "success"),
    ]


async def test_a_refusal_is_told_by_its_status_and_without_a_secret(receiver: Receiver) -> None:
    receiver.status = 500
    notifier, channel = over(receiver.url)
    with pytest.raises(Unavailable, match=r" answered 500$") as refused:
        await notifier.deliver(channel, "title", "body")
    assert str(refused.value).startswith(f"json://127.0.0.1:{receiver.port}#")
    assert PASSWORD not in str(refused.value) + repr(notifier)
    assert TOKEN not in str(refused.value) + repr(notifier)


async def test_a_receiver_that_is_down_is_told_in_a_sentence() -> None:
    notifier, channel = over("json://127.0.0.1:9/")
    with pytest.raises(Unavailable, match=r"did not take the notice$"):
        await notifier.deliver(channel, "title", "body")


async def test_a_slow_receiver_keeps_nobody_beyond_the_deadline(receiver: Receiver) -> None:
    receiver.held.clear()
    notifier, channel = over(receiver.url, deadline=0.3)
    begun = time.monotonic()
    with pytest.raises(Unavailable, match=r"did not take the notice within 0\.3 s"):
        await notifier.deliver(channel, "title", "body")
    assert time.monotonic() - begun < 3
    # the thread that still waits keeps no process from ending
    assert [thread.daemon for thread in threading.enumerate() if thread.name == "notice"] == [True]
    assert receiver.arrived.acquire(timeout=5)


def test_a_service_that_stops_waits_for_a_delivery_that_began_to_its_deadline() -> None:
    assert AppriseNotifier({}).deadline < fields(Notices).patience.default.total_seconds()  # type: ignore[union-attr]


async def test_text_is_text_where_a_channel_speaks_html(receiver: Receiver) -> None:
    notifier, channel = over(f"{receiver.url}?format=html")
    await notifier.deliver(channel, "title", "a < b")
    assert receiver.got[0]["message"] == "a&nbsp;&lt;&nbsp;b"


async def test_nobody_listens_to_apprise_once_a_message_was_handed_over(receiver: Receiver) -> None:
    notifier, channel = over(receiver.url)
    before = list(logging.getLogger("apprise").handlers)
    await notifier.deliver(channel, "title", "body")
    assert logging.getLogger("apprise").handlers == before


@pytest.mark.parametrize("url", ["nobody://knows/this", "json://"])
async def test_an_address_that_apprise_does_not_understand_is_named(url: str) -> None:
    notifier, channel = over(url)
    with pytest.raises(InvalidValue, match=r"NOTIFY_URLS: .* is no address that apprise understands"):
        await notifier.check()
    with pytest.raises(Unavailable, match="could not be handed"):
        await notifier.deliver(channel, "title", "body")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("mailto://me:password@example.com", "mailto://example.com#"),
        ("https://hooks.slack.com/services/T1/B2/C3", "https://hooks.slack.com#"),
        ("JSON://user:p%40ss@host:8080/path?token=x", "json://host:8080#"),
        ("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/", "slack://#"),
        ("tgram://123456789:abcdefg_hijklmnop/lead2gold/", "tgram://#"),
    ],
)
def test_a_channel_shows_scheme_and_host_at_most(url: str, shown: str) -> None:
    channel = channel_of(Credential(url))
    assert (channel[:-6], len(channel.rpartition("#")[2])) == (shown, 6)


def test_two_addresses_at_one_host_are_two_channels() -> None:
    assert channel_of(Credential("json://host/a")) != channel_of(Credential("json://host/b"))


def test_whatever_may_be_a_token_is_kept_out_of_the_log() -> None:
    url = Credential("slack://T1JJ3T3L2/A1BRTD4JD/TIiajkdnlazkcOXrIdevi7FQ/?x=verysecretvalue")
    found = {secret.reveal() for secret in secrets_in(url)}
    assert found == {url.reveal(), "T1JJ3T3L2", "A1BRTD4JD", "TIiajkdnlazkcOXrIdevi7FQ", "verysecretvalue"}


def test_apprise_is_loaded_by_the_first_message_alone() -> None:
    asked = (
        "import sys, teckochecker.entrypoints.library, teckochecker.entrypoints.cli.notify\n"
        "import teckochecker.adapters.notifier\n"
        "print('apprise' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
