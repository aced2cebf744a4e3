"""Known values are hidden however they are written, unknown ones where they look like secrets."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from teckochecker.adapters.redaction import Redactor
from teckochecker.domain.secret import Credential


def clean(text: str, *secrets: str) -> str:
    redactor = Redactor()
    for secret in secrets:
        redactor.register(Credential(secret))
    return redactor.clean(text)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("key sk-proj-Ab_12345-xyz used", "key *** used"),
        ("'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw+/='", "'***'"),
        ("token tck_abcd1234.", "token ***."),
        ("901-10493007-VDtExampleExampleExample", "***"),
        ("old form 901-abcdefghijklmnopqrstuvwxyz", "old form ***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: *** ***"),
        ("sent with bearer abc.def", "sent with bearer ***"),
        ("{'X-StorageApi-Token': 'whatever', 'Accept': '*'}", "{'X-StorageApi-Token': '***', 'Accept': '*'}"),
        ("((b'x-storageapi-token', b'whatever'),)", "((b'x-storageapi-token', b'***'),)"),
        (r'"{\"X-StorageApi-Token\": \"whatever\"}"', r'"{\"X-StorageApi-Token\": \"***\"}"'),
        ("postgresql://tecko:hush@db:5432/t", "postgresql://tecko:***@db:5432/t"),
        ("http://:hu/sh@hu?sh@proxy:80/ next", "http://:***@proxy:80/ next"),
    ],
)
def test_what_looks_like_a_secret_is_hidden(text: str, left: str) -> None:
    assert clean(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "the disk-usage of task-force-one grew, locale sk-SK",
        "trigger 12345678-1234-4321-8123-123456789012 was sent",
        "batch_68f0c1a2b3c4d5e6f708192a3b4c5d6e ended at 2025-01-22T10:00:00.123Z",
        "run 1234567890 in project 901, took 12-15 s",
        "http://127.0.0.1:8000/web and https://connection.keboola.com/v2?x=1",
        "mail someone@example.com",
        r"see http://localhost:8000/docs\nmail someone@example.com",
        "tck1.b65409926841.r0IS70wM-qUbAY79.XPTm",
    ],
)
def test_what_does_not_look_like_a_secret_stays(text: str) -> None:
    assert clean(text) == text


@given(
    before=st.binary(max_size=7),
    value=st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=8, max_size=40),
    after=st.binary(max_size=7),
)
def test_a_value_inside_base64_is_hidden(before: bytes, value: str, after: bytes) -> None:
    raw = before + value.encode() + after
    for encoded in (base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode()):
        left = clean(f"Basic {encoded}", value)
        assert "***" in left
        assert encoded not in left


def test_of_two_values_the_longer_one_goes_first() -> None:
    assert clean("it was abcdefgh-ijkl.", "abcdefgh", "abcdefgh-ijkl") == "it was ***."


def test_a_short_value_is_hidden_as_a_whole_word_only() -> None:
    assert clean("hush, hushed; 'hush' (unhush)", "hush") == "***, hushed; '***' (unhush)"


def test_a_value_of_backslashes_does_not_make_the_search_slow() -> None:
    assert clean("\\" * 5000 + "x", "\\" * 20 + '"' * 20 + "\\" * 20).endswith("x")


def test_a_value_registered_twice_is_kept_once() -> None:
    redactor = Redactor()
    for _ in range(3):
        redactor.register(Credential("abcdefgh-ijkl"))
    assert len(redactor._known) == 1
    assert redactor.clean("abcdefgh-ijkl") == "***"


def test_the_redactor_does_not_show_what_it_knows() -> None:
    redactor = Redactor()
    redactor.register(Credential("abcdefgh-ijkl"))
    assert "abcdefgh" not in repr(redactor)
