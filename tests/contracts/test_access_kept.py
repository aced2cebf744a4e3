"""The contract of TokenRepository and SessionRepository."""

from __future__ import annotations

from datetime import datetime

import pytest
from attrs import evolve

from teckochecker.application.errors import TokenExists, TokenNotFound
from teckochecker.domain.access import AccessToken, TokenId, TokenText
from teckochecker.domain.role import Role
from teckochecker.domain.session import Session
from tests.builders import AT
from tests.contracts.instances import Instance, later


def text(number: int) -> TokenText:
    """A token in the clear."""
    return TokenText.of(number.to_bytes(32))


async def add(one: Instance, name: str, number: int = 1, *, expires_at: datetime | None = None) -> AccessToken:
    """Store a token."""
    async with one.store.work() as work:
        token = await work.tokens.add(name=name, role=Role.OPERATOR, text=text(number), expires_at=expires_at, at=AT)
        await work.commit()
    return token


async def revoke(one: Instance, name: str) -> None:
    """Revoke the token of this name."""
    async with one.store.work() as work:
        await work.tokens.revoke((await work.tokens.named(name, lock=True)).revoked(at=later(1)))
        await work.commit()


async def known(one: Instance, number: int = 1) -> AccessToken | None:
    """The token as it is stored."""
    async with one.store.view() as view:
        return await view.tokens.of(text(number))


def a_session(token: AccessToken, digest: str, *, begins: int = 0) -> Session:
    """A session of an hour, which begins so many minutes after the beginning."""
    at = later(begins)
    return Session(digest=digest, token_id=token.id, created_at=at, seen_at=at, ends_at=later(begins + 60))


async def open_session(one: Instance, session: Session) -> None:
    """Store a session."""
    async with one.store.work() as work:
        await work.sessions.add(session)
        await work.commit()


async def found(one: Instance, digest: str) -> tuple[Session, AccessToken] | None:
    """The session as it is stored."""
    async with one.store.view() as view:
        return await view.sessions.find(digest)


async def test_a_token_is_known_by_its_text_and_by_its_name(one: Instance, other: Instance) -> None:
    token = await add(one, "klíč", expires_at=later(9))
    assert (token.name, token.role, token.hint, token.created_at) == ("klíč", Role.OPERATOR, text(1).hint, AT)
    assert (token.digest, token.expires_at, token.last_used_at, token.revoked_at) == (
        text(1).digest,
        later(9),
        None,
        None,
    )
    assert await known(other) == token
    assert await known(other, 2) is None
    async with other.store.view() as view:
        assert await view.tokens.named("klíč") == token


async def test_a_name_is_taken_until_its_token_is_revoked(one: Instance) -> None:
    first = await add(one, "ci")
    with pytest.raises(TokenExists, match="Token 'ci' already exists; revoke it first"):
        await add(one, "ci", 2)
    await revoke(one, "ci")
    second = await add(one, "ci", 2)
    async with one.store.view() as view:
        assert await view.tokens.all() == [first.revoked(at=later(1)), second]
        assert await view.tokens.named("ci") == second


async def test_a_revoked_token_is_still_known_by_its_text(one: Instance) -> None:
    token = await add(one, "ci")
    await revoke(one, "ci")
    assert await known(one) == token.revoked(at=later(1))


async def test_a_token_is_found_by_its_id_revoked_or_not(one: Instance) -> None:
    token = await add(one, "ci")
    await revoke(one, "ci")
    async with one.store.view() as view:
        assert await view.tokens.get(token.id) == token.revoked(at=later(1))
        with pytest.raises(TokenNotFound, match="Token with ID 99 not found"):
            await view.tokens.get(TokenId(99))


async def test_a_name_that_nobody_has_is_not_found(one: Instance) -> None:
    await add(one, "gone")
    await revoke(one, "gone")
    for name in ("never", "gone"):
        with pytest.raises(TokenNotFound, match=f"^Token not found: '{name}'; list them with"):
            await revoke(one, name)


async def test_a_token_is_revoked_only_as_it_was_read(one: Instance) -> None:
    token = await add(one, "ci")
    async with one.store.work() as work:
        with pytest.raises(RuntimeError, match="not read with lock=True"):
            await work.tokens.revoke(token.revoked(at=AT))


async def test_the_last_use_only_moves_forward_and_wakes_nobody(one: Instance) -> None:
    token = await add(one, "ci")
    one.wakeups.signal.clear()
    for minute in (5, 3):
        async with one.store.work() as work:
            await work.tokens.used(token.id, at=later(minute))
            await work.commit()
    assert await known(one) == evolve(token, last_used_at=later(5))
    assert not one.wakeups.signal.is_set()


async def test_a_session_is_found_with_its_token(one: Instance, other: Instance) -> None:
    token = await add(one, "anna")
    await open_session(one, session := a_session(token, "digest"))
    assert await found(other, "digest") == (session, token)
    assert await found(other, "another") is None


async def test_when_a_session_was_seen_only_moves_forward(one: Instance) -> None:
    session = a_session(await add(one, "anna"), "digest")
    await open_session(one, session)
    for minute in (5, 3):
        async with one.store.work() as work:
            await work.sessions.seen("digest", at=later(minute))
            await work.commit()
    stored = await found(one, "digest")
    assert stored is not None
    assert stored[0] == evolve(session, seen_at=later(5))


async def test_a_session_is_ended_alone_and_ending_it_twice_is_no_matter(one: Instance) -> None:
    token = await add(one, "anna")
    for digest in ("one", "two"):
        await open_session(one, a_session(token, digest))
    for _ in range(2):
        async with one.store.work() as work:
            await work.sessions.end("one")
            await work.commit()
    assert await found(one, "one") is None
    assert await found(one, "two") is not None


async def test_all_sessions_of_a_token_are_ended_and_nobody_elses(one: Instance) -> None:
    anna, ben = await add(one, "anna"), await add(one, "ben", 2)
    for token, digest in ((anna, "one"), (anna, "two"), (ben, "three")):
        await open_session(one, a_session(token, digest))
    async with one.store.work() as work:
        assert await work.sessions.end_all(anna.id) == 2
        await work.commit()
    assert [await found(one, digest) is None for digest in ("one", "two", "three")] == [True, True, False]


async def test_revoking_a_token_ends_its_sessions(one: Instance) -> None:
    await open_session(one, a_session(await add(one, "anna"), "digest"))
    await revoke(one, "anna")
    assert await found(one, "digest") is None


async def test_what_has_ended_by_itself_is_forgotten_when_a_session_begins(one: Instance) -> None:
    token = await add(one, "anna")
    await open_session(one, a_session(token, "old"))
    await open_session(one, a_session(token, "younger", begins=1))
    await open_session(one, a_session(token, "new", begins=60))
    assert [await found(one, digest) is None for digest in ("old", "younger", "new")] == [True, False, False]
