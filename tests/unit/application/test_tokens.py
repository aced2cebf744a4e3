from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from attrs import evolve, frozen

from teckochecker.adapters.clock import SeededChance
from teckochecker.application.actor import Actor
from teckochecker.application.audit import Audit
from teckochecker.application.errors import NotAdmitted, StorageUnavailable, TokenExists, TokenNotFound
from teckochecker.application.ports import AuditQuery, Store
from teckochecker.application.sessions import Sessions
from teckochecker.application.tokens import Tokens
from teckochecker.domain.access import TokenId, TokenText
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.role import Role
from teckochecker.domain.session import SessionText
from tests.builders import HOUR, MINUTE, SECOND
from tests.unit.application.app import App

ANNA = Actor(name="anna", peer="10.0.0.7")


@frozen
class ReadOnly:
    """A store that can be read and not written, as one whose writer is busy for long."""

    store: Store

    def view(self) -> Any:
        return self.store.view()

    @asynccontextmanager
    async def work(self) -> Any:
        raise StorageUnavailable("The database is busy")
        yield


@pytest.fixture
def tokens(app: App) -> Tokens:
    return Tokens(store=app.store, clock=app.clock, chance=SeededChance(7), actor=ANNA)


@pytest.fixture
def sessions(app: App) -> Sessions:
    return Sessions(
        store=app.store, clock=app.clock, chance=SeededChance(8), actor=Actor(name="nobody", peer="1.2.3.4")
    )


async def trail(app: App, action: str) -> list[tuple[str, str | None, str, Any, Any]]:
    page = await Audit(store=app.store).find(AuditQuery(action=action))
    return [(entry.actor.name, entry.actor.peer, entry.subject, entry.before, entry.after) for entry in page.entries]


async def test_a_token_lets_its_holder_in_until_it_is_revoked(tokens: Tokens) -> None:
    made, text = await tokens.create("ci", Role.VIEWER)
    held = await tokens.holder(text.reveal())
    assert held is not None
    assert (held.name, held.role) == ("ci", Role.VIEWER)
    await tokens.revoke("ci")
    assert await tokens.holder(text.reveal()) is None
    with pytest.raises(TokenNotFound):
        await tokens.revoke("ci")
    assert [token.revoked_at is None for token in await tokens.all()] == [False]
    assert made.revoked_at is None


async def test_a_token_is_revoked_by_its_id_once(tokens: Tokens) -> None:
    made, _ = await tokens.create("ci", Role.VIEWER)
    revoked = await tokens.revoke(made.id)
    assert revoked.revoked_at is not None
    assert await tokens.revoke(made.id) == revoked
    with pytest.raises(TokenNotFound, match="Token with ID 99 not found"):
        await tokens.revoke(TokenId(99))


async def test_a_token_that_expires_lets_nobody_in_afterwards(app: App, tokens: Tokens) -> None:
    _, text = await tokens.create("ci", Role.VIEWER, lasts=HOUR)
    await app.clock.advance(HOUR - SECOND)
    assert await tokens.holder(text.reveal()) is not None
    await app.clock.advance(SECOND)
    assert await tokens.holder(text.reveal()) is None


async def test_a_token_that_nobody_made_lets_nobody_in(tokens: Tokens) -> None:
    assert await tokens.holder(TokenText.of(bytes(32)).reveal()) is None
    assert await tokens.holder("no token at all") is None


async def test_a_token_needs_a_name_of_its_own(tokens: Tokens) -> None:
    await tokens.create("ci", Role.VIEWER)
    with pytest.raises(TokenExists):
        await tokens.create(" ci ", Role.ADMIN)
    with pytest.raises(InvalidValue, match="The token name is empty"):
        await tokens.create(" ", Role.ADMIN)


async def test_the_last_use_is_kept_to_the_minute(app: App, tokens: Tokens) -> None:
    made, text = await tokens.create("ci", Role.VIEWER)
    uses = []
    for wait in (timedelta(), 59 * SECOND, SECOND, MINUTE):
        await app.clock.advance(wait)
        await tokens.holder(text.reveal())
        (token,) = await tokens.all()
        uses.append(token.last_used_at and token.last_used_at - made.created_at)
    assert uses == [timedelta(), timedelta(), MINUTE, 2 * MINUTE]


async def test_a_database_too_busy_to_note_a_use_keeps_nobody_out(tokens: Tokens) -> None:
    _, text = await tokens.create("ci", Role.VIEWER)
    assert await evolve(tokens, store=ReadOnly(tokens.store)).holder(text.reveal()) is not None


async def test_what_happens_to_a_token_is_written_down_without_it(app: App, tokens: Tokens) -> None:
    made, text = await tokens.create("ci", Role.OPERATOR, lasts=HOUR)
    await tokens.revoke("ci")
    expires = (made.created_at + HOUR).isoformat()
    told = {"name": "ci", "role": "operator", "expires_at": expires, "revoked": False}
    assert await trail(app, "token.create") == [("anna", "10.0.0.7", "token ci", None, told)]
    assert await trail(app, "token.revoke") == [("anna", "10.0.0.7", "token ci", {"revoked": False}, {"revoked": True})]
    assert text.reveal()[4:] not in repr(await Audit(store=app.store).find(AuditQuery()))


async def test_a_session_stands_for_its_token_and_is_written_down(app: App, tokens: Tokens, sessions: Sessions) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    opened, token = await sessions.open(text.reveal())
    resumed = await sessions.resume(opened.reveal())
    assert resumed is not None
    assert (resumed[0], resumed[1].name, token.name) == (opened, "anna", "anna")
    assert await trail(app, "session.open") == [("anna", "1.2.3.4", "token anna", None, None)]


async def test_a_wrong_token_opens_no_session(sessions: Sessions) -> None:
    with pytest.raises(NotAdmitted, match="not known, or it has expired or was revoked"):
        await sessions.open(TokenText.of(bytes(32)).reveal())


async def test_each_session_is_a_new_one(tokens: Tokens, sessions: Sessions) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    one, two = [(await sessions.open(text.reveal()))[0] for _ in range(2)]
    assert one != two
    await sessions.end(one.reveal())
    assert await sessions.resume(one.reveal()) is None
    assert await sessions.resume(two.reveal()) is not None


async def test_a_session_that_nobody_has_changes_nothing(sessions: Sessions) -> None:
    await sessions.end("nonsense")
    await sessions.end(SessionText.of(bytes(32)).reveal())
    assert await sessions.resume("nonsense") is None
    assert await sessions.resume(SessionText.of(bytes(32)).reveal()) is None


async def test_a_session_in_use_goes_on_until_its_last_hour(app: App, tokens: Tokens, sessions: Sessions) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    opened, _ = await sessions.open(text.reveal())
    for _ in range(11):
        await app.clock.advance(HOUR)
        assert await sessions.resume(opened.reveal()) is not None
    await app.clock.advance(HOUR)
    assert await sessions.resume(opened.reveal()) is None


async def test_an_idle_session_ends(app: App, tokens: Tokens, sessions: Sessions) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    opened, _ = await sessions.open(text.reveal())
    await app.clock.advance(2 * HOUR)
    assert await sessions.resume(opened.reveal()) is None


async def test_a_session_ends_with_its_token(app: App, tokens: Tokens, sessions: Sessions) -> None:
    _, short = await tokens.create("short", Role.ADMIN, lasts=MINUTE)
    _, gone = await tokens.create("gone", Role.ADMIN)
    opened = [(await sessions.open(text.reveal()))[0] for text in (short, gone)]
    await app.clock.advance(MINUTE)
    await tokens.revoke("gone")
    assert [await sessions.resume(text.reveal()) for text in opened] == [None, None]


async def test_all_sessions_of_a_token_end_at_once(app: App, tokens: Tokens, sessions: Sessions) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    opened = [(await sessions.open(text.reveal()))[0] for _ in range(2)]
    assert await evolve(sessions, actor=ANNA).end_all("anna") == 2
    assert [await sessions.resume(text.reveal()) for text in opened] == [None, None]
    assert (await trail(app, "session.end_all"))[0][4] == {"sessions": 2}
    with pytest.raises(TokenNotFound):
        await sessions.end_all("nobody")


async def test_a_database_too_busy_to_note_a_session_keeps_nobody_out(
    app: App, tokens: Tokens, sessions: Sessions
) -> None:
    _, text = await tokens.create("anna", Role.ADMIN)
    opened, _ = await sessions.open(text.reveal())
    await app.clock.advance(HOUR)
    assert await evolve(sessions, store=ReadOnly(sessions.store)).resume(opened.reveal()) is not None
