"""teckochecker job …: the guide's commands and sentences, to the letter."""

from __future__ import annotations

import json

import pytest

from tests.doors.cli.desk import Call
from tests.doors.cli.shell import TARGET, Done, Shell


def create(call: Call, *batches: str, name: str = "Batch processing job", more: tuple[str, ...] = ()) -> Done:
    given = [part for batch in batches for part in ("--batch-id", batch)]
    return call("job", "create", "--name", name, *given, *TARGET, *more)


def total(call: Call) -> int:
    count: int = call("job", "list", "--json").body["total"]
    return count


def test_a_job_is_created_with_the_guides_sentence(call: Call) -> None:
    done = create(call, "batch_abc123", more=("--poll-interval", "120"))
    assert done == Done(0, "✓ Polling job 'Batch processing job' created successfully (ID: 1)\n")


@pytest.mark.parametrize(
    ("batches", "sentence"),
    [
        ((), "At least one batch ID is required"),
        (tuple(f"batch_{n}" for n in range(11)), "Too many batch IDs: 11 (maximum: 10)"),
        (("batch_123", "batch_123"), "Duplicate batch IDs found. Each batch ID must be unique."),
        (("abc123",), "Invalid batch ID format: 'abc123' (must start with 'batch_')"),
        (("",), "Invalid batch ID format: '' (must start with 'batch_')"),
        (("batch_test@job",), "Batch ID 'batch_test@job' contains invalid characters"),
        (("batch_test job",), "Batch ID 'batch_test job' contains invalid characters"),
        (("batch_tëst",), "Batch ID 'batch_tëst' contains invalid characters"),
        (("batch_",), "Batch ID 'batch_' too short (must have content after 'batch_')"),
        (("batch_\x1b[31mred",), "Batch ID 'batch_ [31mred' contains invalid characters"),
    ],
)
def test_bad_batch_ids_are_refused_in_the_guides_words(call: Call, batches: tuple[str, ...], sentence: str) -> None:
    assert create(call, *batches) == Done(1, "", f"{sentence}\n")
    assert total(call) == 0


def test_a_batch_id_that_is_too_long_is_refused(call: Call) -> None:
    done = create(call, "batch_" + "x" * 250)
    assert done.code == 1
    assert done.err.endswith("exceeds 255 character limit\n")
    assert total(call) == 0


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (("--poll-interval", "5"), "Poll interval must be between 30 and 3600 seconds (it is 5)"),
        (("--poll-interval", "-1"), "Poll interval must be between 30 and 3600 seconds (it is -1)"),
        (("--variable", "novalue"), "A variable is given as NAME=VALUE"),
        (("--variable", "job_id=7"), "The variable 'job_id' is one of ours; choose another name"),
        (("--variable", "a=1", "--variable", "a=2"), "The variable 'a' is given twice"),
    ],
)
def test_other_bad_values_leave_nothing_half_written(call: Call, more: tuple[str, ...], sentence: str) -> None:
    assert create(call, "batch_1", more=more) == Done(1, "", f"{sentence}\n")
    assert total(call) == 0


def test_an_unknown_secret_is_named(call: Call) -> None:
    done = call("job", "create", "--name", "x", "--batch-id", "batch_1", *TARGET[2:], "--openai-secret", "nope")
    assert done.code == 1
    assert done.err.startswith("Secret not found: 'nope'")
    assert total(call) == 0


def test_one_batch_is_shown_with_the_guides_rows(call: Call) -> None:
    create(call, "batch_abc123")
    lines = call("job", "show", "1").out.splitlines()
    rows = [line.split("│")[1].strip() for line in lines if line.startswith("│")]
    assert rows[:9] == [
        "Polling Job Details (times in UTC)",
        "ID",
        "Name",
        "Status",
        "Batch ID",
        "Poll Interval",
        "Last Check",
        "Next Check",
        "Created At",
    ]
    assert "│ 🟢 active " in lines[5]
    assert "│ 120 seconds " in lines[7]


def test_several_batches_are_shown_in_a_table_of_their_own(call: Call) -> None:
    create(call, "batch_abc123", "batch_def456", name="Multi-batch processing")
    out = call("job", "show", "1").out
    assert "│ Batches        │ 0/2 completed" in out
    assert "Batch Status" in out
    assert "│ batch_def456 │ 🔄 queued" in out


def test_the_list_is_newest_first_and_shows_how_far_each_job_is(call: Call) -> None:
    create(call, "batch_1", name="first")
    create(call, "batch_1", "batch_2", name="second")
    out = call("job", "list").out
    assert out.index("second") < out.index("first")
    assert "0/2 completed" in out


def test_the_list_can_be_narrowed_and_paged(call: Call) -> None:
    for name in ("one", "two", "three"):
        create(call, "batch_1", name=name)
    call("job", "pause", "2")
    names = [job["name"] for job in call("job", "list", "--status", "active", "--json").body["jobs"]]
    assert names == ["three", "one"]
    assert call("job", "list", "--status", "completed").out == "No jobs match\n"
    page = call("job", "list", "--limit", "2")
    assert page.out.endswith("2 of 3 jobs; older ones with: teckochecker job list --after 2\n")
    assert [job["id"] for job in call("--json", "job", "list", "--after", "2").body["jobs"]] == [1]


def test_pause_resume_and_delete_say_what_the_guide_says(call: Call) -> None:
    create(call, "batch_1")
    assert call("job", "pause", "1").out == "✓ Job 'Batch processing job' has been paused\n"
    assert call("job", "pause", "1").code == 1
    assert call("job", "resume", "1").out == "✓ Job 'Batch processing job' has been resumed\n"
    assert call("job", "check-now", "1").out == "✓ Job 'Batch processing job' is checked now\n"
    assert call("job", "delete", "1", "--force").out == "✓ Job deleted successfully\n"
    create(call, "batch_1")
    deleted = call("job", "delete", "2", "--force", "--json").body
    assert deleted == {"message": "Job deleted successfully", "success": True}
    assert call("job", "show", "1") == Done(1, "", "Job with ID 1 not found\n")


def test_an_edit_changes_only_what_it_names(call: Call) -> None:
    create(call, "batch_1", more=("--variable", "region=eu"))
    assert call("job", "edit", "1", "--poll-interval", "60", "--batch-id", "batch_2").code == 0
    job = call("job", "show", "1", "--json").body
    assert job["poll_interval_seconds"] == 60
    assert [batch["batch_id"] for batch in job["batches"]] == ["batch_2"]
    assert job["variables"] == {"region": "eu"}
    assert call("job", "edit", "1", "--no-variable", "--json").body["variables"] == {}
    assert call("job", "edit", "1") == Done(
        2, "", "Nothing to change: name what is to be different, such as --poll-interval 300\n"
    )


def test_everything_about_a_job_can_be_named_and_edited(call: Call) -> None:
    more = ("--branch-id", "5", "--row-id", "7", "--row-id", "8", "--variable", "region=eu")
    created = create(call, "batch_1", more=(*more, "--json")).body
    assert (created["branch_id"], created["row_ids"], created["variables"]) == ("5", ["7", "8"], {"region": "eu"})
    wanted = {
        "--name": ("name", "Other"),
        "--keboola-stack": ("keboola_stack_url", "https://connection.keboola.com"),
        "--component-id": ("keboola_component_id", "keboola.flow"),
        "--config-id": ("keboola_configuration_id", "9"),
        "--branch-id": ("branch_id", "6"),
        "--row-id": ("row_ids", ["9"]),
    }
    for option, (name, value) in wanted.items():
        given = value[0] if isinstance(value, list) else value
        body = call("job", "edit", "1", option, given, "--no-check", "--json").body
        assert body[name] == value
    for option in ("--openai-secret", "--keboola-secret"):
        assert call("job", "edit", "1", option, "nope", "--no-check").err.startswith("Secret not found: 'nope'")
    assert call("job", "edit", "1", "--name", "Last", "--no-check") == Done(0, "✓ Job 'Last' has been changed\n")


def test_what_cannot_be_retried_says_why(call: Call) -> None:
    create(call, "batch_1")
    assert call("job", "retry", "1") == Done(1, "", "Job 'Batch processing job' is active, so it cannot be retried\n")
    one = "--again is for a job that has completed, --send and --adopt for one that is held; give one\n"
    for ways in (("--again", "--send"), ("--again", "--adopt", "7"), ("--send", "--adopt", "7")):
        assert call("job", "retry", "1", *ways) == Done(2, "", one)


def test_without_a_terminal_nothing_is_deleted_unasked(call: Call, shell: Shell) -> None:
    create(call, "batch_1")
    asked = shell.on_terminal("job", "delete", "1", answers=[("[y/N]: ", "n\n")])
    assert asked.code == 1
    assert "Are you sure you want to delete job 'Batch processing job'? [y/N]: " in asked.out
    done = call("job", "delete", "1", "--json")
    assert done.code == 1
    assert json.loads(done.err)["detail"].endswith("add --force")
    assert total(call) == 1


@pytest.mark.parametrize("name", ["[bold red]x[/]", "a: b", "{x} %s \\n", "日本語 🎉", "-dash"])
def test_a_name_is_shown_as_it_was_given(call: Call, name: str) -> None:
    call("job", "create", f"--name={name}", "--batch-id", "batch_1", *TARGET)
    assert f"│ {name} " in call("job", "list").out
    assert call("job", "list", "--json").body["jobs"][0]["name"] == name


def test_a_name_cannot_turn_the_line_around(call: Call) -> None:
    create(call, "batch_1", name="abc\u202edef")
    assert "\u202e" not in call("job", "list").out


def test_control_characters_in_a_name_are_refused(call: Call) -> None:
    assert create(call, "batch_1", name="a\x1b]0;title\x07b").err == "The name contains control characters\n"
    assert total(call) == 0
