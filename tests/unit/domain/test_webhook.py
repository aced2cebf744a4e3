from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential
from teckochecker.domain.webhook import Delivery, check_name, check_signing

AT = datetime.fromtimestamp(1774500001, UTC)
SECRET = Credential("whsec_AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")
OTHER = Credential("whsec_BQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=")


def a_body(type: str = "batch.completed") -> bytes:
    """As OpenAI writes it, to the byte: the signatures below are of these."""
    batch = "batch_0123456789abcdef0123456789abcdef"
    told = (
        f'"id":"evt_0123456789abcdef0123456789abcdef","type":"{type}","created_at":1774499990,"data":{{"id":"{batch}"}}'
    )
    return f'{{"object":"event",{told}}}'.encode()


DELIVERY = Delivery(
    id="wh_0123456789abcdef0123456789abcdef",
    timestamp="1774500000",
    signature="v1,JBpsrDPnArPhrNoEf+jc+XSiunnJqHlQUizoSdic6uk=",
    body=a_body(),
)
SIGNATURES = {
    "batch.failed": "v1,WXUgcJhidjB/RdzyQARYd91vzpzv2q0aDX2n6uRNF4M=",
    "batch.expired": "v1,XWhM6fefGvxY93AZfehm1dX1gx9LtXmwXXokiTeDlT4=",
    "batch.cancelled": "v1,gYw5pIWkSXy+bSWw4SFApUwvipxVNwqIGav8hNtu4bs=",
}


def test_what_openai_signed_is_known_and_names_the_batch() -> None:
    assert DELIVERY.signed_with(SECRET, at=AT)
    assert DELIVERY.ended == "batch_0123456789abcdef0123456789abcdef"
    for type, signature in SIGNATURES.items():
        one = evolve(DELIVERY, body=a_body(type), signature=signature)
        assert one.signed_with(SECRET, at=AT)
        assert one.ended == DELIVERY.ended


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "wh_another"},
        {"timestamp": "1774500001"},
        {"timestamp": "-1774500000"},
        {"timestamp": "٠"},
        {"timestamp": "999999999999999999"},
        {"timestamp": ""},
        {"body": a_body() + b"\n"},
        {"signature": DELIVERY.signature.removeprefix("v1,")},
        {"signature": DELIVERY.signature.replace("v1", "v2")},
        {"signature": ""},
        {"signature": "v1,é"},
    ],
    ids=repr,
)
def test_whatever_was_changed_is_not_signed(changes: dict[str, Any]) -> None:
    assert not evolve(DELIVERY, **changes).signed_with(SECRET, at=AT)


def test_another_secret_is_not_the_one() -> None:
    assert not DELIVERY.signed_with(OTHER, at=AT)


def test_one_of_several_signatures_is_enough_and_padding_does_not_matter() -> None:
    several = evolve(DELIVERY, signature=f"v1,AAAA {DELIVERY.signature} v2,BBBB")
    assert several.signed_with(Credential(SECRET.reveal().rstrip("=")), at=AT)


@pytest.mark.parametrize(("seconds", "fresh"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_a_delivery_is_taken_within_five_minutes(seconds: int, fresh: bool) -> None:
    sent = datetime.fromtimestamp(1774500000, UTC)
    assert DELIVERY.signed_with(SECRET, at=sent + timedelta(seconds=seconds)) is fresh


@pytest.mark.parametrize(
    "body",
    [
        a_body("batch.in_progress"),
        a_body("response.completed"),
        b"",
        b"\xff",
        b"[]",
        b'"text"',
        b'{"type": "batch.completed"}',
        b'{"type": "batch.completed", "data": null}',
        b'{"type": "batch.completed", "data": {"id": 7}}',
        b'{"type": "batch.completed", "data": {"id": "file_1"}}',
        b'{"type": ["batch.completed"], "data": {"id": "batch_1"}}',
        b"[" * 60_000,
    ],
    ids=lambda body: body[:60].decode("latin-1"),
)
def test_what_tells_of_no_end_of_a_batch_names_none(body: bytes) -> None:
    assert evolve(DELIVERY, body=body).ended is None


def test_a_delivery_does_not_show_what_is_in_it() -> None:
    assert "evt_" not in repr(DELIVERY)


@pytest.mark.parametrize(
    "value", ["sk-openai", "whsec_", "whsec_" + "A" * 31, "whsec_" + "A" * 33, "whsec_" + "!" * 32]
)
def test_a_value_that_openai_does_not_sign_with_is_refused(value: str) -> None:
    with pytest.raises(InvalidValue, match="begins with 'whsec_'"):
        check_signing(Credential(value))


def test_keys_of_24_to_64_bytes_are_taken() -> None:
    for text in ("A" * 32, "A" * 34, "A" * 34 + "==", "A" * 86 + "=="):
        check_signing(Credential(f"whsec_{text}"))


def test_a_name_has_to_fit_into_an_address() -> None:
    check_name("openai-prod.hook_1")
    with pytest.raises(InvalidValue, match="becomes part of its address"):
        check_name("my hook")
