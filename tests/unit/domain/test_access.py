from __future__ import annotations

import re
from datetime import timedelta

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from teckochecker.domain.access import RANDOM, AccessToken, TokenId, TokenText, lifetime
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.role import Role
from teckochecker.domain.session import Session, SessionText
from tests.builders import AT, HOUR, MINUTE, SECOND

chances = st.binary(min_size=RANDOM, max_size=RANDOM)
TOKEN = AccessToken(id=TokenId(1), name="ci", role=Role.VIEWER, digest="d", hint="tck_AbCd", created_at=AT)


@given(chances)
def test_a_token_has_a_mark_chance_and_a_checksum_and_is_read_back(chance: bytes) -> None:
    text = TokenText.of(chance)
    assert re.fullmatch(r"tck_[0-9A-Za-z]{49}", text.reveal())
    assert TokenText.read(text.reveal()) == text
    assert text.reveal().startswith(text.hint)
    assert len(text.hint) == 8


@given(chances, st.integers(4, 52), st.sampled_from("0Az"))
def test_a_slip_of_the_pen_is_noticed_without_looking_it_up(chance: bytes, at: int, sign: str) -> None:
    text = TokenText.of(chance).reveal()
    other = text[:at] + sign + text[at + 1 :]
    assert (TokenText.read(other) is None) == (other != text)


@pytest.mark.parametrize("text", ["", "tck_", "sk-" + "a" * 50, "tck_" + "0" * 49, "tck_" + "ž" * 49, " " * 53])
def test_what_is_no_token_is_not_read(text: str) -> None:
    assert TokenText.read(text) is None


def test_two_tokens_differ_and_so_do_their_digests() -> None:
    one, two = TokenText.of(bytes(32)), TokenText.of(bytes(31) + b"\x01")
    assert len({one.reveal(), two.reveal(), one.digest, two.digest}) == 4


def test_neither_a_token_nor_a_session_shows_itself() -> None:
    token, session = TokenText.of(bytes(32)), SessionText.of(bytes(32))
    assert (repr(token), repr(session)) == ("TokenText(***)", "SessionText(***)")
    assert "d" * 8 not in repr(TOKEN)


def test_a_token_admits_until_it_expires_or_is_revoked() -> None:
    assert TOKEN.admits(AT + 1000 * HOUR)
    short = evolve(TOKEN, expires_at=AT + HOUR)
    assert [short.admits(AT + HOUR - SECOND), short.admits(AT + HOUR)] == [True, False]
    assert not TOKEN.revoked(at=AT).admits(AT)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("30m", timedelta(minutes=30)),
        ("12h", timedelta(hours=12)),
        (" 90D ", timedelta(days=90)),
        ("4w", timedelta(weeks=4)),
        ("3660d", timedelta(days=3660)),
    ],
)
def test_a_lifetime_is_a_number_with_a_unit(text: str, span: timedelta) -> None:
    assert lifetime(text) == span


@pytest.mark.parametrize("text", ["", "90", "d", "0d", "-1d", "1.5h", "99999w", "3661d", "1y", "1d1h"])
def test_another_lifetime_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match=r"^Invalid lifetime: .* such as 90d"):
        lifetime(text)


@given(chances)
def test_a_session_is_read_back_and_its_csrf_leads_nowhere(chance: bytes) -> None:
    text = SessionText.of(chance)
    assert SessionText.read(text.reveal()) == text
    assert len({text.reveal(), text.digest, text.csrf}) == 3


@pytest.mark.parametrize("text", ["", "a" * 42, "a" * 44, "ž" * 43, "-" * 43])
def test_what_is_no_session_is_not_read(text: str) -> None:
    assert SessionText.read(text) is None


def test_a_session_ends_when_nobody_is_seen_and_in_any_case() -> None:
    session = Session(digest="d", token_id=TokenId(1), created_at=AT, seen_at=AT + HOUR, ends_at=AT + 4 * HOUR)
    assert session.goes_on(AT + 3 * HOUR - SECOND, idle=2 * HOUR)
    assert not session.goes_on(AT + 3 * HOUR, idle=2 * HOUR)
    assert session.goes_on(AT + 4 * HOUR - MINUTE, idle=9 * HOUR)
    assert not session.goes_on(AT + 4 * HOUR, idle=9 * HOUR)
