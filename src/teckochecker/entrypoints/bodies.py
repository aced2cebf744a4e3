"""The shapes of what goes out as JSON. They are written down once, for the types and for the API's description.

Times are UTC in ISO 8601 with `Z`, durations whole seconds.
"""

from __future__ import annotations

from typing import Any, Literal, NotRequired, TypedDict


class CountsBody(TypedDict):
    """Requests of a batch."""

    total: int
    completed: int
    failed: int


class BatchErrorBody(TypedDict):
    """One entry of a batch's own error list."""

    code: str | None
    message: str | None
    param: str | None
    line: int | None


class BatchBody(TypedDict):
    """A watched batch.

    `id` is its place in the job, from 1. `created_at` is when the job was created that watches it,
    `openai_created_at` when OpenAI created it, as soon as that is known. `completed_at` is when it was seen to have
    ended, however it did.
    """

    id: int
    batch_id: str
    status: str
    created_at: str
    completed_at: str | None
    request_counts: CountsBody | None
    output_file_id: str | None
    error_file_id: str | None
    errors: list[BatchErrorBody]
    openai_created_at: str | None
    in_progress_at: str | None
    finalizing_at: str | None
    expires_at: str | None
    changed_at: str | None
    missing_since: str | None


class RunBody(TypedDict):
    """A Keboola run as last read. `link` opens it in Keboola's pages."""

    id: str
    status: str
    link: str | None
    created_at: str | None
    started_at: str | None
    ended_at: str | None
    duration_seconds: int | None
    message: str | None


class TriggerBody(TypedDict):
    """The start of a Keboola run. `id` is what the run receives as `trigger_id`; `attempts` counts the requests."""

    id: str
    state: str
    generation: int
    attempts: int
    reason: str | None
    last_error: str | None
    exception_id: str | None
    next_step_at: str | None
    created_at: str
    settled_at: str | None
    run: RunBody | None


class LogBody(TypedDict):
    """Something that happened; `message` says it, `data` has its parts."""

    id: int
    job_id: int | None
    kind: str
    message: str
    data: dict[str, Any]
    created_at: str


class HistoryBody(TypedDict):
    """What happened to a job, newest first."""

    logs: list[LogBody]


class FindingBody(TypedDict):
    """One thing that was looked at. `level` is error, warning, could-not-check or fine; `detail` says the cure too."""

    level: str
    about: str
    detail: str


class CheckedBody(TypedDict):
    """What was found when a job was checked. `defaults` are stored variables of Keboola's that are sent along."""

    at: str
    findings: list[FindingBody]
    defaults: list[str]


class JobBody(TypedDict):
    """A job. `held_reason` is what a person has to do or know first; `version` grows with each decision of a person."""

    id: int
    name: str
    key: str
    status: str
    held_reason: str | None
    last_error: str | None
    batches: list[BatchBody]
    batch_count: int
    completed_count: int
    failed_count: int
    openai_secret_id: int | None
    openai_secret_name: str
    keboola_secret_id: int | None
    keboola_secret_name: str
    keboola_stack_url: str
    keboola_component_id: str
    keboola_configuration_id: str
    branch_id: str | None
    row_ids: list[str]
    variables: dict[str, str]
    poll_interval_seconds: int
    last_check_at: str | None
    next_check_at: str | None
    created_at: str
    completed_at: str | None
    version: int
    trigger: TriggerBody | None
    checked: CheckedBody | None
    logs: NotRequired[list[LogBody]]


class JobsBody(TypedDict):
    """A page of jobs. `total` counts all that match; `next_cursor` asks for the next page, where there is one."""

    jobs: list[JobBody]
    total: int
    next_cursor: str | None


class AppliedJobBody(TypedDict):
    """What a definition made of the job with its key: created, edited (`changed` are its fields) or unchanged.

    `job_id` is None where a job was only to be tried, `checked` where nothing had to be checked.
    """

    key: str
    job_id: int | None
    made: str
    changed: list[str]
    checked: CheckedBody | None


class AppliedBody(TypedDict):
    """What came of definitions, in their order."""

    jobs: list[AppliedJobBody]
    dry_run: bool


class NoticeBody(TypedDict):
    """A notice that waits for its next attempt at `due_at`, or was given up and has none."""

    id: int
    channel: str
    job_id: int | None
    event: str
    at: str
    due_at: str | None
    attempts: int
    last_error: str | None


class SecretBody(TypedDict):
    """A secret without its value. `project` is the Keboola project it opens, as soon as that is known."""

    id: int
    name: str
    type: str
    base_url: str | None
    project: str | None
    held_reason: str | None
    created_at: str
    replaced_at: str | None


class SecretsBody(TypedDict):
    """All secrets."""

    secrets: list[SecretBody]
    total: int


class StatsBody(TypedDict):
    """What is stored, and how this process has done. Completed jobs are counted with those that had failures."""

    total_jobs: int
    active_jobs: int
    paused_jobs: int
    triggering_jobs: int
    completed_jobs: int
    completed_with_failures_jobs: int
    failed_jobs: int
    total_secrets: int
    total_logs: int
    uptime_seconds: int
    checks: int
    lateness_seconds: float


class HealthBody(TypedDict):
    """How the service is doing.

    `watching` is `off` where this process does not watch, and `behind` when something has been due for more than a
    minute; `lateness_seconds` says for how long. `faults` are the reasons for `unhealthy`.
    """

    status: Literal["healthy", "unhealthy"]
    timestamp: str
    version: str
    database: Literal["connected", "unavailable"]
    watching: Literal["on", "off", "behind"]
    lateness_seconds: float
    uptime_seconds: int
    faults: list[str]


class FaultBody(TypedDict):
    """One thing that is wrong: `pointer` is the JSON pointer into the body, `parameter` names one of the address."""

    detail: str
    pointer: NotRequired[str]
    parameter: NotRequired[str]


class DoneBody(TypedDict):
    """Something was done that leaves nothing to show."""

    message: str
    success: Literal[True]


class ProblemBody(TypedDict):
    """What went wrong, as RFC 9457 has it; `detail` is the sentence for a person.

    `field` names the input at fault, `jobs` are those that stand in the way, `errors` all that is wrong with the input,
    `faults` with the settings, and `exception_id` is Keboola's.
    """

    type: str
    title: str
    status: int
    detail: str
    field: NotRequired[str]
    errors: NotRequired[list[FaultBody]]
    jobs: NotRequired[list[str]]
    faults: NotRequired[list[str]]
    exception_id: NotRequired[str]
    retry_at: NotRequired[str]
    findings: NotRequired[list[FindingBody]]
