from __future__ import annotations

from datetime import timedelta

import pytest

from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential, SecretType
from teckochecker.domain.values import (
    BatchId,
    IntervalBounds,
    StackUrl,
    checked_name,
    cleaned,
    distinct_batch_ids,
    identifier,
    variables,
    without_user,
)
from tests.builders import a_target


@pytest.mark.parametrize("text", ["batch_abc123", "batch_test-job_01", "batch_2024-10-23_ABC", "batch_" + "a" * 249])
def test_a_batch_id_in_order_is_taken_as_it_is(text: str) -> None:
    assert BatchId(text) == text


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("abc123", "Invalid batch ID format: 'abc123' (must start with 'batch_')"),
        ("batch_test@job", "Batch ID 'batch_test@job' contains invalid characters"),
        ("batch_test job", "Batch ID 'batch_test job' contains invalid characters"),
        ("batch_test.job", "Batch ID 'batch_test.job' contains invalid characters"),
        ("batch_tëst", "Batch ID 'batch_tëst' contains invalid characters"),
        ("batch_a\n", "Batch ID 'batch_a' contains invalid characters"),
        ("batch_", "Batch ID 'batch_' too short (must have content after 'batch_')"),
    ],
)
def test_a_wrong_batch_id_is_told_in_the_guides_words(text: str, sentence: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        BatchId(text)
    assert str(refused.value) == sentence


def test_a_long_batch_id_is_refused() -> None:
    with pytest.raises(InvalidValue, match="exceeds 255 character limit"):
        BatchId("batch_" + "a" * 250)


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        ([], "At least one batch ID is required"),
        ([f"batch_{n}" for n in range(11)], "Too many batch IDs: 11 (maximum: 10)"),
        (["batch_1", "batch_1"], "Duplicate batch IDs found. Each batch ID must be unique."),
    ],
)
def test_a_job_has_one_to_ten_distinct_batches(texts: list[str], sentence: str) -> None:
    with pytest.raises(InvalidValue) as refused:
        distinct_batch_ids(texts)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    "text",
    [
        "https://connection.keboola.com",
        "https://connection.keboola.com/",
        "https://connection.keboola.com:443",
        "https://connection.eu-central-1.keboola.com",
        "https://connection.acme.keboola.cloud",
    ],
)
def test_keboolas_own_stacks_pass(text: str) -> None:
    assert StackUrl(text).startswith("https://connection.")


@pytest.mark.parametrize(
    "text",
    [
        "http://connection.keboola.com",
        "https://connection.keboola.com.evil.example",
        "https://connection.evil.example/.keboola.com",
        "https://me:pw@connection.keboola.com",
        "https://connection.keboola.com:8443",
        "https://connection.keboola.com/v2",
        "https://connection.keboola.com?x=1",
        "https://connection.keboola.com\n.evil.example",
        "https://CONNECTION.keboola.com",
        "https://queue.keboola.com",
        "https://127.0.0.1",
        "",
    ],
)
def test_no_other_address_gets_a_token(text: str) -> None:
    with pytest.raises(InvalidValue, match="Invalid Keboola stack URL"):
        StackUrl(text)


def test_the_operator_may_allow_further_stacks() -> None:
    assert StackUrl.of("http://127.0.0.1:8080/", ["http://127.0.0.1:8080"]) == "http://127.0.0.1:8080"


def test_a_password_in_an_address_is_not_shown() -> None:
    assert without_user("https://me:pw@host/x") == "https://host/x"


def test_foreign_text_is_made_fit_to_show() -> None:
    assert cleaned("a\x1b[31m\n b\x00") == "a [31m b"
    assert len(cleaned("a" * 5000)) == 2000


@pytest.mark.parametrize(("text", "why"), [("  ", "is empty"), ("a" * 256, "longer than 255"), ("a\x07b", "control")])
def test_a_name_is_short_and_plain(text: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        checked_name(text)


def test_a_name_is_trimmed() -> None:
    assert checked_name("  Nightly ") == "Nightly"


@pytest.mark.parametrize(("text", "why"), [(" ", "is empty"), ("a/b", "Invalid component ID"), ("../x", "Invalid")])
def test_a_keboola_id_is_one_plain_word(text: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        identifier(text, "component ID", "keboola_component_id")


@pytest.mark.parametrize(
    ("name", "value", "why"),
    [("a.b", "1", "Invalid variable name"), ("job_id", "1", "one of ours"), ("colour", "", "not empty")],
)
def test_an_extra_variable_fits_keboola_and_leaves_ours_alone(name: str, value: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        variables({name: value})


def test_the_default_interval_is_used_when_none_is_given() -> None:
    assert IntervalBounds().interval(None) == timedelta(seconds=120)


@pytest.mark.parametrize("seconds", [29, 3601])
def test_an_interval_keeps_to_its_bounds(seconds: int) -> None:
    with pytest.raises(InvalidValue, match="between 30 and 3600 seconds"):
        IntervalBounds().interval(seconds)


def test_a_credential_never_shows_itself() -> None:
    credential = Credential("  sk-very-secret\n")
    assert "very" not in f"{credential!r} {credential}"
    assert credential.reveal() == "sk-very-secret"


@pytest.mark.parametrize(
    ("text", "why"), [(" ", "is empty"), ("a" * 4097, "longer than 4096"), ("a b", "visible ASCII"), ("é", "visible")]
)
def test_a_credential_is_visible_ascii(text: str, why: str) -> None:
    with pytest.raises(InvalidValue, match=why):
        Credential(text)


def test_a_type_that_nobody_knows_is_told_with_those_that_are() -> None:
    with pytest.raises(InvalidValue, match="openai"):
        SecretType("azure")


def test_rows_and_variables_are_few() -> None:
    with pytest.raises(InvalidValue, match=r"Too many variables: 101 \(maximum: 100\)"):
        variables({f"v{number}": "x" for number in range(101)})
    with pytest.raises(InvalidValue, match=r"Too many row IDs: 101 \(maximum: 100\)"):
        a_target(row_ids=("1",) * 101)


def test_a_variable_may_have_several_lines_but_no_other_control_characters() -> None:
    assert variables({"query": "select 1\n\tfrom a"}) == {"query": "select 1\n\tfrom a"}
    for value in ("bell\a", "nul\0", "x" * 4097):
        with pytest.raises(InvalidValue, match="longer than 4096 characters or contains control characters"):
            variables({"query": value})


@pytest.mark.parametrize(("branch", "kept"), [(None, None), ("", None), (" 6 ", "6")])
def test_without_a_branch_it_is_the_main_one(branch: str | None, kept: str | None) -> None:
    assert a_target(branch_id=branch).branch_id == kept


def test_a_branch_and_rows_are_identifiers() -> None:
    with pytest.raises(InvalidValue, match="Invalid branch ID: 'a/b'"):
        a_target(branch_id="a/b")
    with pytest.raises(InvalidValue, match="Invalid row ID: 'a b'"):
        a_target(row_ids=("1", "a b"))
