from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doors.http.asking import a_job_body
from tests.doors.http.served import Served


@pytest.mark.parametrize(
    ("batch_ids", "pointer", "sentence"),
    [
        ([], "/batch_ids", "At least one batch ID is required"),
        ([f"batch_{n}" for n in range(11)], "/batch_ids", "Too many batch IDs: 11 (maximum: 10)"),
        (["batch_1"] * 2, "/batch_ids", "Duplicate batch IDs found. Each batch ID must be unique."),
        (["abc123"], "/batch_ids/0", "Invalid batch ID format: 'abc123' (must start with 'batch_')"),
        (["batch_1", "batch_test@job"], "/batch_ids/1", "Batch ID 'batch_test@job' contains invalid characters"),
        (["batch_" + "x" * 250], "/batch_ids/0", f"Batch ID 'batch_{'x' * 73}…' exceeds 255 character limit"),
        (["batch_"], "/batch_ids/0", "Batch ID 'batch_' too short (must have content after 'batch_')"),
    ],
)
async def test_the_guides_sentences_are_told_word_for_word(
    light: Served, batch_ids: list[str], pointer: str, sentence: str
) -> None:
    body = await light.post("/api/jobs", a_job_body(batch_ids=batch_ids), 422)
    assert (body["detail"], body["errors"]) == (sentence, [{"pointer": pointer, "detail": sentence}])


async def test_a_body_without_batches_says_the_guides_sentence(light: Served) -> None:
    body = await light.post("/api/jobs", a_job_body(batch_ids=...), 422)
    assert body["errors"] == [{"pointer": "/batch_ids", "detail": "At least one batch ID is required"}]


async def test_all_that_is_wrong_is_told_at_once_each_with_its_place(light: Served) -> None:
    asked = a_job_body(
        name="",
        batch_ids=["batch_1", "nothing", 7],
        openai_secret_id=...,
        keboola_secret="keboola-prod",
        keboola_stack_url="https://example.com",
        keboola_component_id=["a"],
        keboola_configuration_id=...,
        poll_interval_seconds=5,
        row_ids=["1", "a b"],
        variables={"job_id": "1", "country/code": "", "fine": "x"},
        first_check_at="tomorrow",
        surprise=True,
    )
    body = await light.post("/api/jobs", asked, 422)
    faults = {fault["pointer"]: fault["detail"] for fault in body["errors"]}
    assert faults == {
        "/name": "The name is empty",
        "/batch_ids/1": "Invalid batch ID format: 'nothing' (must start with 'batch_')",
        "/batch_ids/2": "'batch_ids' must be text",
        "/keboola_stack_url": "Invalid Keboola stack URL: 'https://example.com' (give the address of your project's "
        "stack, such as https://connection.eu-central-1.keboola.com)",
        "/keboola_component_id": "'keboola_component_id' must be text",
        "/keboola_configuration_id": "'keboola_configuration_id' is required",
        "/poll_interval_seconds": "Poll interval must be between 30 and 3600 seconds (it is 5)",
        "/row_ids/1": "Invalid row ID: 'a b'",
        "/variables/job_id": "The variable 'job_id' is one of ours; choose another name",
        "/variables/country~1code": "Invalid variable name: 'country/code' (letters, digits, '_' and '-' only)",
        "/first_check_at": "'first_check_at' must be a time with its offset, such as 2026-01-05T12:00:00Z",
        "/surprise": "'surprise' is unknown here",
        "/openai_secret_id": "'openai_secret_id' or 'openai_secret' is required",
        "/keboola_secret": "Name the secret once: give 'keboola_secret_id' or 'keboola_secret', not both",
    }
    assert body["title"] == "A value is not valid"
    assert all(sentence in body["detail"] for sentence in faults.values())
    assert (await light.get("/api/jobs"))["total"] == 1


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("name", 5, "'name' must be text"),
        ("name", "bell\a", "The name contains control characters"),
        ("name", "x" * 256, "The name is longer than 255 characters"),
        ("openai_secret_id", "1", "'openai_secret_id' must be a whole number"),
        ("openai_secret_id", True, "'openai_secret_id' must be a whole number"),
        ("openai_secret_id", 1.5, "'openai_secret_id' must be a whole number"),
        ("openai_secret_id", 2**80, "'openai_secret_id' must be a whole number"),
        ("poll_interval_seconds", "120", "'poll_interval_seconds' must be a whole number"),
        ("batch_ids", "batch_1", "'batch_ids' must be a list"),
        ("variables", ["a"], "'variables' must be an object"),
        ("variables", {"a": "nul\0"}, "The variable 'a' is longer than 4096 characters or contains control characters"),
        ("variables", {f"v{n}": "x" for n in range(101)}, "Too many variables: 101 (maximum: 100)"),
        ("row_ids", ["1"] * 101, "Too many row IDs: 101 (maximum: 100)"),
        ("first_check_at", "2026-01-05T12:00:00", "'first_check_at' must be a time with its offset, such as "),
        ("first_check_at", 5, "'first_check_at' must be a time with its offset, such as "),
        ("branch_id", "a/b", "Invalid branch ID: 'a/b'"),
    ],
)
async def test_a_value_of_another_kind_is_refused(light: Served, field: str, value: Any, sentence: str) -> None:
    body = await light.post("/api/jobs", a_job_body(**{field: value}), 422)
    assert body["errors"][0]["detail"].startswith(sentence)
    assert body["errors"][0]["pointer"].startswith(f"/{field}")


async def test_no_more_faults_are_told_than_anybody_reads(light: Served) -> None:
    body = await light.post("/api/jobs", a_job_body(**{f"odd {number}": 1 for number in range(60)}), 422)
    assert len(body["errors"]) == 50


async def test_a_place_with_odd_signs_is_a_json_pointer(light: Served) -> None:
    body = await light.post("/api/jobs", a_job_body(variables={"a~b/c": "x"}), 422)
    assert [fault["pointer"] for fault in body["errors"]] == ["/variables/a~0b~1c"]


@pytest.mark.parametrize("field", ["name", "batch_ids", "openai_secret_id", "keboola_stack_url", "variables", "check"])
async def test_null_is_refused_where_it_stands_for_nothing(light: Served, field: str) -> None:
    body = await light.post("/api/jobs", a_job_body(**{field: None}), 422)
    assert [fault["pointer"] for fault in body["errors"]] == [f"/{field}"]


@pytest.mark.parametrize("text", ["{", "nonsense", '{"name": NaN}', "[" * 100_000, '"\\ud800', "\xff"])
async def test_what_is_no_json_is_a_bad_request(light: Served, text: str) -> None:
    headers = {"Content-Type": "application/json"}
    body = await light.ask("POST", "/api/jobs", 400, content=text.encode("latin-1"), headers=headers)
    assert body["detail"].startswith("The body is not JSON")


@pytest.mark.parametrize("value", [[], "text", 5, None, True])
async def test_a_body_must_be_an_object(light: Served, value: Any) -> None:
    headers = {"Content-Type": "application/json"}
    body = await light.ask("POST", "/api/jobs", 422, content=json.dumps(value), headers=headers)
    assert body["errors"] == [{"pointer": "", "detail": "The body must be a JSON object"}]


async def test_no_body_is_no_object_either(light: Served) -> None:
    body = await light.post("/api/jobs", status=422)
    assert body["errors"] == [{"pointer": "", "detail": "The body must be a JSON object"}]


async def test_a_form_is_told_to_come_as_json(light: Served) -> None:
    body = await light.ask("POST", "/api/jobs", 415, data={"name": "x"})
    assert body["detail"] == "Send the body as JSON, with Content-Type: application/json"


async def test_a_body_beyond_the_limit_is_refused_whole(light: Served) -> None:
    body = await light.post("/api/jobs", a_job_body(name="x" * 1_000_001), 413)
    assert body["detail"] == "The body is too large"


async def test_an_unknown_secret_is_named_with_its_field(light: Served) -> None:
    by_id = await light.post("/api/jobs", a_job_body(openai_secret_id=9), 404)
    assert (by_id["field"], by_id["detail"]) == ("openai_secret_id", "Secret with ID 9 not found")
    by_name = await light.post("/api/jobs", a_job_body(keboola_secret_id=..., keboola_secret="nobody"), 404)
    assert (by_name["field"], by_name["detail"]) == (
        "keboola_secret",
        "Secret not found: 'nobody'; list them with: teckochecker secret list",
    )
    of_other_type = await light.post("/api/jobs", a_job_body(openai_secret_id=2), 404)
    assert of_other_type["field"] == "openai_secret_id"
    assert "is of type keboola, and one of type openai is needed" in of_other_type["detail"]


async def test_the_operators_bounds_and_stacks_hold_here_too(light: Served) -> None:
    changes = {"keboola_stack_url": "http://127.0.0.1:9"}
    body = await light.ask("PATCH", "/api/jobs/1", 422, json=changes)
    assert body["errors"][0]["pointer"] == "/keboola_stack_url"
