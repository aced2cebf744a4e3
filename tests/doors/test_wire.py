from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest

from teckochecker import (
    BatchStatus,
    JobNotFound,
    JobQuery,
    SecretExists,
    SecretInUse,
    SecretNotFound,
    SettingsError,
    StorageUnavailable,
    TeckoChecker,
)
from teckochecker.application.errors import EditedMeanwhile, Rejected, Unavailable
from teckochecker.domain.batch import BatchError, RequestCounts
from teckochecker.domain.errors import InvalidTransition, InvalidValue
from teckochecker.domain.values import JobId
from teckochecker.entrypoints.wire import (
    history_body,
    job_body,
    jobs_body,
    moment,
    problem_body,
    secrets_body,
)
from tests.doors.nightly import KEY, TOKEN, nightly, with_secrets


async def test_a_new_job_shows_the_fields_that_clients_know() -> None:
    async with TeckoChecker.in_memory(datetime(2026, 3, 1, 10, tzinfo=UTC)) as tecko:
        await with_secrets(tecko)
        view = await tecko.jobs.create(nightly("batch_a", "batch_b", poll_interval_seconds=120), check=False)
        body = job_body(view)
        assert body["batches"][1] == {
            "id": 2,
            "batch_id": "batch_b",
            "status": "queued",
            "created_at": "2026-03-01T10:00:00.000Z",
            "completed_at": None,
            "request_counts": None,
            "output_file_id": None,
            "error_file_id": None,
            "errors": [],
            "openai_created_at": None,
            "in_progress_at": None,
            "finalizing_at": None,
            "expires_at": None,
            "changed_at": None,
            "missing_since": None,
        }
        assert {name: value for name, value in body.items() if name != "batches"} == {
            "id": 1,
            "name": "Nightly",
            "key": "Nightly",
            "status": "active",
            "held_reason": None,
            "last_error": None,
            "batch_count": 2,
            "completed_count": 0,
            "failed_count": 0,
            "openai_secret_id": 1,
            "openai_secret_name": "openai-prod",
            "keboola_secret_id": 2,
            "keboola_secret_name": "keboola-prod",
            "keboola_stack_url": "https://connection.eu-central-1.keboola.com",
            "keboola_component_id": "kds-team.app-custom-python",
            "keboola_configuration_id": "123456",
            "branch_id": None,
            "row_ids": [],
            "variables": {},
            "poll_interval_seconds": 120,
            "last_check_at": None,
            "next_check_at": "2026-03-01T10:00:00.000Z",
            "created_at": "2026-03-01T10:00:00.000Z",
            "completed_at": None,
            "version": 1,
            "trigger": None,
            "checked": None,
        }


async def test_a_finished_job_shows_counts_files_and_its_run() -> None:
    async with TeckoChecker.in_memory(datetime(2026, 3, 1, 10, tzinfo=UTC)) as tecko:
        await with_secrets(tecko)
        tecko.openai.will(
            "batch_a", "completed", after=timedelta(hours=1), counts=RequestCounts(9, 8, 1), output_file_id="file-1"
        )
        tecko.openai.put("batch_b", BatchStatus.FAILED, errors=(BatchError("bad_line", "No JSON", None, 7),))
        await tecko.jobs.create(nightly("batch_a", "batch_b"))
        await tecko.advance(timedelta(hours=2))
        body = job_body(await tecko.jobs.get(1))
    assert (body["status"], body["completed_count"], body["failed_count"]) == ("completed_with_failures", 1, 1)
    completed, failed = body["batches"]
    assert completed["request_counts"] == {"total": 9, "completed": 8, "failed": 1}
    assert (completed["output_file_id"], completed["completed_at"]) == ("file-1", "2026-03-01T11:00:00.000Z")
    assert failed["errors"] == [{"code": "bad_line", "message": "No JSON", "param": None, "line": 7}]
    trigger = body["trigger"]
    assert trigger is not None
    assert (trigger["state"], trigger["generation"], trigger["attempts"]) == ("ended", 1, 1)
    run = trigger["run"]
    assert run is not None
    assert (run["id"], run["status"], run["duration_seconds"]) == ("1001", "success", 60)


async def test_the_history_joins_where_it_is_asked_for() -> None:
    async with TeckoChecker.in_memory(datetime(2026, 3, 1, 10, tzinfo=UTC)) as tecko:
        await with_secrets(tecko)
        view = await tecko.jobs.create(nightly("batch_a"))
        entries = await tecko.jobs.history(view.job.id)
        assert job_body(view, logs=entries).get("logs") == history_body(entries)
        assert "logs" not in job_body(view)
        assert history_body(entries) == [
            {
                "id": 1,
                "job_id": 1,
                "kind": "JobCreated",
                "message": "Job 'Nightly' was created, batches: 1",
                "data": {"name": "Nightly", "batch_count": 1},
                "created_at": "2026-03-01T10:00:00.000Z",
            }
        ]


async def test_a_page_of_jobs_says_how_to_get_the_next() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        for number in range(3):
            await tecko.jobs.create(nightly(f"batch_{number}"))
        first = jobs_body(await tecko.jobs.find(JobQuery(limit=2)))
        last = jobs_body(await tecko.jobs.find(JobQuery(limit=2, after=JobId(2))))
    assert ([job["id"] for job in first["jobs"]], first["total"], first["next_cursor"]) == ([3, 2], 3, "2")
    assert ([job["id"] for job in last["jobs"]], last["total"], last["next_cursor"]) == ([1], 3, None)


async def test_no_secret_value_is_in_anything_that_goes_out() -> None:
    async with TeckoChecker.in_memory() as tecko:
        await with_secrets(tecko)
        await tecko.jobs.create(nightly("batch_a"))
        tecko.openai.revoke(KEY)
        await tecko.advance(timedelta(minutes=5))
        views = await tecko.jobs.find(JobQuery())
        secrets = await tecko.secrets.all()
        everything = json.dumps(
            [
                jobs_body(views),
                secrets_body(secrets),
                history_body(await tecko.jobs.history(1)),
                [repr(secret) for secret in secrets],
            ]
        )
        sealed = [secret.sealed for secret in secrets]
    assert KEY not in everything
    assert TOKEN not in everything
    assert not any(text in everything for text in sealed)
    assert views.jobs[0].held_reason is not None


async def test_a_secret_shows_its_name_type_and_age() -> None:
    async with TeckoChecker.in_memory(datetime(2026, 3, 1, 10, tzinfo=UTC)) as tecko:
        await with_secrets(tecko)
        body = secrets_body(await tecko.secrets.all())
    assert body["total"] == 2
    assert body["secrets"][0] == {
        "id": 1,
        "name": "openai-prod",
        "type": "openai",
        "base_url": None,
        "project": None,
        "held_reason": None,
        "created_at": "2026-03-01T10:00:00.000Z",
        "replaced_at": None,
    }


def test_times_are_told_in_utc_to_the_millisecond() -> None:
    summer = timezone(timedelta(hours=2))
    assert moment(datetime(2026, 7, 1, 12, 30, 5, 123_999, tzinfo=summer)) == "2026-07-01T10:30:05.123Z"


@pytest.mark.parametrize(
    ("error", "status", "type"),
    [
        (InvalidValue("No."), 422, "invalid-value"),
        (JobNotFound(9), 404, "job-not-found"),
        (SecretNotFound("No."), 404, "secret-not-found"),
        (SecretExists("No."), 409, "secret-exists"),
        (InvalidTransition("No."), 409, "invalid-transition"),
        (EditedMeanwhile("No."), 412, "edited-meanwhile"),
        (StorageUnavailable("No."), 503, "storage-unavailable"),
        (Rejected("No.", http=400), 502, "rejected"),
    ],
)
def test_each_refusal_has_its_status_and_type(error: Exception, status: int, type: str) -> None:
    body = problem_body(error)
    assert body["status"] == status
    assert body["type"] == f"urn:teckochecker:problem:{type}"
    assert body["detail"] == str(error)


def test_a_problem_names_what_a_program_needs_to_act() -> None:
    later = datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert problem_body(InvalidValue("No.", field="batch_ids")).get("field") == "batch_ids"
    assert problem_body(SecretNotFound("No.", field="openai_secret")).get("field") == "openai_secret"
    assert problem_body(SecretInUse("a", ["Nightly", "Daily"])).get("jobs") == ["Nightly", "Daily"]
    assert problem_body(SettingsError("One.", "Two.")).get("faults") == ["One.", "Two."]
    assert problem_body(Unavailable("No.", retry_at=later)).get("retry_at") == "2026-03-01T10:00:00.000Z"
    assert problem_body(Rejected("No.", http=400, exception_id="e-1")).get("exception_id") == "e-1"


def test_words_of_an_unforeseen_error_stay_inside() -> None:
    body = problem_body(RuntimeError("the key is sk-very-secret"))
    assert body["status"] == 500
    assert "sk-very-secret" not in json.dumps(body)
