"""teckochecker notify: whether people are reached, and what did not reach them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from teckochecker.domain.events import JobFailed
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.container import Container, running
from teckochecker.entrypoints.settings import Settings
from tests.adapters.receiver import PASSWORD, TOKEN, Receiver, receiving
from tests.doors.cli.desk import Call
from tests.doors.cli.shell import Shell


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def test_a_test_notice_goes_over_every_channel(shell: Shell, receiver: Receiver) -> None:
    done = shell.run("notify", "test", NOTIFY_URLS=json.dumps([receiver.url]))
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"✓ json://127.0.0.1:{receiver.port}#")
    assert [got["title"] for got in receiver.got] == ["TeckoChecker: a test"]


def test_a_channel_that_does_not_take_it_is_named_without_its_secrets(call: Call, receiver: Receiver) -> None:
    receiver.status = 503
    done = call("notify", "test", "--url", receiver.url)
    assert done.code == 1
    assert "answered 503" in done.out
    assert not any(secret in done.out + done.err for secret in (PASSWORD, TOKEN))
    done = call("notify", "test", "--json", "--url", receiver.url)
    (channel,) = done.body["channels"]
    assert (done.body["ok"], channel["error"].endswith("answered 503")) == (False, True)


def test_without_channels_the_setting_is_named(call: Call) -> None:
    done = call("notify", "test")
    assert done.code == 1
    assert done.err.startswith("NOTIFY_URLS is not set")


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nonsense", "must be a JSON list of apprise URLs"),
        ("no://such", "is no address that apprise understands"),
    ],
)
def test_an_address_that_is_none_is_refused(call: Call, url: str, sentence: str) -> None:
    done = call("notify", "test", "--url", url)
    assert done.code == 1
    assert sentence in done.err


async def test_what_was_not_delivered_is_listed(shell: Shell) -> None:
    environment = {"NOTIFY_URLS": '["json://127.0.0.1:9/secret-part-of-it"]'}
    settings = Settings.load(environment, shell.folder / ".env")
    async with running(Container(settings=settings)) as container, container.store().work() as work:
        failed = JobFailed(at=datetime.now(UTC), job_id=JobId(7), reason="no such configuration")
        await work.history.add([failed])
        await work.commit()
    done = shell.run("notify", "list", "--json")
    (notice,) = done.body["notices"]
    assert notice["event"] == "The job failed: no such configuration"
    assert (notice["job_id"], notice["attempts"], notice["last_error"]) == (7, 0, None)
    assert notice["channel"].startswith("json://127.0.0.1:9#")
    assert "no such configuration" in shell.run("notify", "list", COLUMNS="200").out


def test_when_all_were_delivered_that_is_said(call: Call) -> None:
    assert call("notify", "list").out == "Every notice was delivered\n"
