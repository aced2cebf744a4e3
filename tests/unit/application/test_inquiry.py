"""What is asked of both services for whoever looks after them, and what the answers mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import frozen

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.scripted import Operation
from teckochecker.application.errors import CredentialRejected, Rejected, Unavailable
from teckochecker.application.inquiry import Inquiry
from teckochecker.application.ports import QueueAddress
from teckochecker.domain.configuration import VARIABLES, Configuration
from teckochecker.domain.findings import Finding, Level
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import StackUrl
from tests.builders import AT, a_target
from tests.unit.application.app import App

PYTHON = "kds-team.app-custom-python"
TOKEN = Credential("901-first")
KEY = Credential("sk-0123456789abcdef")
REFUSED = CredentialRejected("Keboola answered 403: no", http=403)
DOWN = Unavailable("Keboola is being maintained")


@frozen
class Listed:
    """A list in an order of its own."""

    created: tuple[datetime, ...]

    async def listed(self, credential: Credential, *, base_url: str | None) -> Sequence[datetime]:
        return self.created


@frozen
class Directory:
    """A stack that says where its queue is."""

    told: str | None
    named: str | None

    async def queue(self, stack_url: StackUrl) -> QueueAddress:
        return QueueAddress(used=self.named or self.told or "", told=self.told, named=self.named)


def inquiry(app: App, **changes: Any) -> Inquiry:
    """Asks the scripted services, which do not know a token that was never given to anybody."""
    app.keboola.revoke("0-0-a-token-that-was-never-given-to-anybody")
    asked: dict[str, Any] = {
        "batches": app.batches,
        "lists": app.batches,
        "workflows": app.keboola,
        "queues": app.keboola,
        "configurations": app.storage,
        "clock": app.clock,
        "grace": timedelta(seconds=120),
    }
    return Inquiry(**asked | changes)


async def told(found: AsyncGenerator[Finding]) -> dict[str, Finding]:
    """The last finding about each thing."""
    return {one.about: one async for one in found}


async def of_keboola(app: App, **changes: Any) -> dict[str, Finding]:
    return await told(inquiry(app, **changes).keboola(TOKEN, a_target().stack_url))


async def of_openai(app: App, **changes: Any) -> dict[str, Finding]:
    return await told(inquiry(app, **changes).openai(KEY, None))


def put(app: App, component_id: str, configuration_id: str = "1", **body: Any) -> None:
    app.storage.put(component_id, Configuration(id=configuration_id, name="", body=body))


async def test_a_token_that_may_everything_bears_everything_out(app: App) -> None:
    put(app, VARIABLES)
    put(app, PYTHON)
    found = await of_keboola(app)
    assert {one.about: one.level for one in found.values() if one.level is not Level.FINE} == {
        "search lag": Level.UNCHECKED
    }
    assert found["expiry"].says == "never expires"
    assert found["search"].says == "it may search jobs, as TRIGGER_ON_UNKNOWN=resend needs"
    assert found["token"].says.endswith("components: every component")
    assert "TRIGGER_SEARCH_GRACE is 120 s" in found["search lag"].says
    assert found["clock"].says == "Keboola's and ours differ by 0 s"
    assert "answers an unknown token with 401" in found["refusal"].says
    assert found["configurations"].says == f"it reads those of {PYTHON}"


@pytest.mark.parametrize(("error", "level"), [(REFUSED, Level.ERROR), (DOWN, Level.UNCHECKED)])
async def test_a_token_without_a_verification_ends_it(app: App, error: Any, level: Level) -> None:
    app.keboola.fail(Operation.STORAGE, error)
    assert [(one.about, one.level) for one in (await of_keboola(app)).values()] == [("token", level)]


@pytest.mark.parametrize(
    ("traits", "about", "level", "says"),
    [
        ({"role": "readOnly"}, "token", Level.ERROR, "only reads"),
        ({"features": frozenset({"other"})}, "token", Level.WARNING, "may refuse its runs"),
        ({"expires_at": AT + timedelta(days=1)}, "expiry", Level.WARNING, "expires at"),
        ({"expires_at": AT + timedelta(days=90)}, "expiry", Level.FINE, "expires at"),
    ],
)
async def test_what_a_token_may_is_told(app: App, traits: Any, about: str, level: Level, says: str) -> None:
    app.storage.allows(TOKEN, **traits)
    found = (await of_keboola(app))[about]
    assert found.level is level
    assert says in found.says


async def test_a_limited_token_is_tried_on_what_it_sees(app: App) -> None:
    app.storage.allows(TOKEN, components=frozenset({PYTHON}))
    put(app, PYTHON)
    app.storage.hide(VARIABLES)
    found = await of_keboola(app)
    assert found["token"].says.endswith(f"components: {PYTHON}")
    assert found["configurations"].level is Level.FINE
    assert found["variables"].level is Level.WARNING


async def test_variables_that_are_not_there_yet_may_still_be_read(app: App) -> None:
    put(app, PYTHON)
    app.storage.remove(VARIABLES, "1")
    assert (await of_keboola(app))["variables"].says == "it may read keboola.variables, where there are none yet"


async def test_a_token_that_sees_no_configuration_says_so(app: App) -> None:
    assert (await of_keboola(app))["configurations"].says == "it sees none"


@frozen
class Failing:
    """A service that fails at one call."""

    service: Any
    call: str

    def __getattr__(self, name: str) -> Any:
        if name != self.call:
            return getattr(self.service, name)

        async def fails(*given: Any, **named: Any) -> Any:
            raise Rejected("Keboola answered 404: gone", http=404)

        return fails


@pytest.mark.parametrize("call", ["all", "read"])
async def test_configurations_that_do_not_answer_are_said(app: App, call: str) -> None:
    put(app, PYTHON)
    found = await of_keboola(app, configurations=Failing(app.storage, call))
    assert found["configurations"] == Finding(
        level=Level.UNCHECKED, about="configurations", says="Keboola answered 404: gone"
    )


@pytest.mark.parametrize(
    ("told", "named", "level", "says"),
    [
        ("https://queue.a", "https://queue.a", Level.FINE, "alike"),
        ("https://queue.b", "https://queue.a", Level.WARNING, "https://queue.a is used; the stack's index says https"),
        (None, "https://queue.a", Level.WARNING, "the stack's index says nothing"),
        ("http://127.0.0.1/queue", None, Level.FINE, "no rule names it"),
    ],
)
async def test_index_and_rule_are_compared(app: App, told: Any, named: Any, level: Level, says: str) -> None:
    found = (await of_keboola(app, queues=Directory(told, named)))["queue"]
    assert found.level is level
    assert says in found.says


async def test_a_stack_that_does_not_say_where_its_queue_is_is_said(app: App) -> None:
    found = await of_keboola(app, queues=Failing(app.keboola, "queue"))
    assert found["queue"].level is Level.UNCHECKED


@pytest.mark.parametrize(("error", "level"), [(REFUSED, Level.WARNING), (DOWN, Level.UNCHECKED)])
async def test_a_search_that_fails_is_told(app: App, error: Any, level: Level) -> None:
    app.keboola.fail(Operation.FIND, error)
    found = await of_keboola(app)
    assert found["search"].level is level
    assert "clock" not in found
    assert found["refusal"].level is (Level.FINE if error is REFUSED else Level.UNCHECKED)


async def test_a_clock_that_is_off_is_told(app: App) -> None:
    found = await of_keboola(app, clock=ManualClock(AT + timedelta(minutes=2)))
    assert found["clock"].says == "Keboola's and ours differ by 120 s; set the clock of this machine"


async def test_a_queue_that_takes_any_token_is_told(app: App) -> None:
    asking = inquiry(app)
    app.keboola.accept("0-0-a-token-that-was-never-given-to-anybody")
    found = await told(asking.keboola(TOKEN, a_target().stack_url))
    assert found["refusal"].level is Level.WARNING
    assert found["refusal"].says == "the queue took a token that nobody has; is this a Keboola?"


async def test_a_key_reads_batches_and_lists_them(app: App) -> None:
    assert (await of_openai(app))["list"].level is Level.UNCHECKED
    app.batches.put("batch_1", "in_progress")
    await app.clock.advance(timedelta(seconds=5))
    app.batches.put("batch_2", "in_progress")
    found = await of_openai(app)
    fine = {one.about: one.says for one in found.values() if one.level is Level.FINE}
    assert fine == {
        "key": "OpenAI takes it, and it reads batches",
        "list": "the newest 2 batches, newest first, as look-ups expect",
    }
    at_once = await of_openai(app, lists=Listed((AT, AT)))
    assert at_once["list"].level is Level.FINE


async def test_a_list_in_another_order_is_told(app: App) -> None:
    second = timedelta(seconds=1)
    for created in ((AT, AT + second), (AT + second, AT, AT + second)):
        found = (await of_openai(app, lists=Listed(created)))["list"]
        assert found.level is Level.WARNING
        assert found.says == "is not newest first, so batches are mostly asked for singly"


async def test_a_key_that_is_refused_is_at_fault_and_silence_is_not(app: App) -> None:
    app.batches.fail("OpenAI does not answer", times=1)
    assert [(one.level, one.about) for one in (await of_openai(app)).values()] == [(Level.UNCHECKED, "key")]
    app.batches.revoke(KEY)
    (refused,) = (await of_openai(app)).values()
    assert (refused.level, refused.about) == (Level.ERROR, "key")
    assert refused.says.startswith("OpenAI refuses it: ")


@pytest.mark.parametrize(("fails", "level"), [({"revoke": KEY}, Level.WARNING), ({"fail": "no list"}, Level.UNCHECKED)])
async def test_a_list_that_is_not_given_is_told(app: App, fails: dict[str, Any], level: Level) -> None:
    other = App().batches
    other.put("batch_1", "in_progress")
    for name, given in fails.items():
        getattr(other, name)(given)
    assert (await of_openai(app, lists=other))["list"].level is level
