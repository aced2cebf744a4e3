"""teckochecker secret …: values are asked for without echo, and never shown again."""

from __future__ import annotations

import pytest

from tests.doors.cli.desk import Call
from tests.doors.cli.shell import TARGET, Done, Shell

PROMPT = "Enter secret value: "
SURE = "Are you sure you want to delete secret 'openai-prod'? [y/N]: "


def test_a_terminal_is_asked_and_shows_nothing_of_the_value(shell: Shell) -> None:
    argv = ("secret", "add", "--name", "openai-test", "--type", "openai")
    done = shell.on_terminal(*argv, answers=[(PROMPT, "sk-typed-by-hand\n")])
    assert done.code == 0
    assert PROMPT in done.out
    assert "sk-typed" not in done.out
    assert "✓" in done.out
    assert "openai-test" in shell.run("secret", "list").out


def test_a_pipe_gives_the_value_in_one_line(shell: Shell) -> None:
    done = shell.run("secret", "add", "--name", "x", "--type", "openai", stdin="sk-from-a-pipe\nsecond line\n")
    assert done == Done(0, "✓ Secret 'x' added successfully (ID: 3)\n")
    assert b"sk-from-a-pipe" not in (shell.folder / "teckochecker.db").read_bytes()


@pytest.mark.parametrize(
    ("stdin", "sentence"),
    [
        ("", "The secret value is empty; paste the key or token"),
        ("\n", "The secret value is empty; paste the key or token"),
        ("x" * 5000, "The secret value is longer than 4096 characters"),
        ("sk-ključ\n", "The secret value may hold visible ASCII characters only, without spaces or line breaks"),
    ],
)
def test_a_value_that_is_none_is_refused_and_nothing_stored(shell: Shell, stdin: str, sentence: str) -> None:
    done = shell.run("secret", "add", "--name", "x", "--type", "openai", stdin=stdin)
    assert done == Done(1, "", f"{sentence}\n")
    assert shell.run("secret", "list", "--json").body["total"] == 2


def test_json_never_asks_for_a_value(shell: Shell) -> None:
    done = shell.on_terminal("--json", "secret", "add", "--name", "x", "--type", "openai")
    assert done.code == 1
    assert PROMPT not in done.out


def test_a_value_is_no_argument(call: Call) -> None:
    assert call("secret", "add", "--name", "x", "--type", "openai", "--value", "sk-1").code == 2
    assert call("secret", "add", "--name", "x", "--type", "github").code == 2


def test_a_taken_name_is_refused(shell: Shell) -> None:
    done = shell.run("secret", "add", "--name", "openai-prod", "--type", "openai", stdin="sk-12345678\n")
    assert done.code == 1
    assert "openai-prod" in done.err


def test_the_list_has_the_guides_title_and_columns(call: Call) -> None:
    lines = call("secret", "list").out.splitlines()
    assert lines[1].strip("│ ") == "Stored Secrets"
    assert [cell.strip() for cell in lines[3].split("│")[1:-1]] == ["ID", "Name", "Type", "Created At (UTC)"]
    assert [cell.strip() for cell in lines[5].split("│")[1:4]] == ["1", "openai-prod", "openai"]
    body = call("secret", "list", "--json").body
    assert {"id", "name", "type", "created_at"} <= body["secrets"][0].keys()
    assert "sealed" not in str(body)


@pytest.mark.parametrize("answer", ["n", "", "yes please", "N"])
def test_anything_but_y_deletes_nothing(shell: Shell, answer: str) -> None:
    done = shell.on_terminal("secret", "delete", "openai-prod", answers=[(SURE, f"{answer}\n")])
    assert done.code == 1
    assert SURE in done.out
    assert shell.run("secret", "list", "--json").body["total"] == 2


def test_y_deletes(shell: Shell) -> None:
    assert shell.on_terminal("secret", "delete", "openai-prod", answers=[(SURE, "y\n")]).code == 0
    assert shell.run("secret", "list", "--json").body["total"] == 1


def test_force_skips_the_question_and_no_check(call: Call) -> None:
    call("job", "create", "--name", "needs it", "--batch-id", "batch_1", *TARGET)
    done = call("secret", "delete", "openai-prod", "--force")
    assert done.code == 1
    assert "'needs it'" in done.err
    call("job", "delete", "1", "--force")
    assert call("secret", "delete", "openai-prod", "--force").code == 0
    assert call("secret", "delete", "openai-prod", "--force").err == (
        "Secret not found: 'openai-prod'; list them with: teckochecker secret list\n"
    )


def test_a_secret_is_replaced_and_all_are_sealed_again(shell: Shell) -> None:
    before = (shell.folder / "teckochecker.db").read_bytes()
    assert shell.run("secret", "replace", "openai-prod", stdin="sk-the-new-one\n").code == 0
    assert shell.run("secret", "replace", "nope", stdin="sk-the-new-one\n").code == 1
    assert (shell.folder / "teckochecker.db").read_bytes() != before
    assert shell.run("secret", "rotate").out == "✓ 0 of 2 secrets sealed again under the first key\n"


def test_interrupting_the_prompt_is_quiet(shell: Shell) -> None:
    argv = ("secret", "add", "--name", "x", "--type", "openai")
    done = shell.on_terminal(*argv, answers=[(PROMPT, "\x03")])
    assert done.code == 130
    assert "Traceback" not in done.out
