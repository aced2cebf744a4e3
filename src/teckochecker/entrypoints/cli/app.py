"""The commands, and the way from a command line to an exit code.

Only names and one-line helps stand here; what a command does is imported when it is called, so that `--help`
is quick. Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import Annotated, Any

from cyclopts import App, CycloptsError, Parameter

from teckochecker.domain.errors import TeckoCheckerError
from teckochecker.entrypoints.cli.answer import Answer, Misused, as_json, complain, present

_COMMANDS = "teckochecker.entrypoints.cli"
_JSON = "Print JSON, as the REST API answers; never ask."


app = App(
    name="teckochecker",
    help="Watches OpenAI batches and starts one Keboola run when the last of them has ended.",
    version_flags=(),  # it is a command of ours, so that it answers programs as the others do
    help_format="plaintext",  # the default brings a Markdown parser along, which costs as much as all the rest
)
secret = App(name="secret", version_flags=(), help="Keep API keys and tokens, sealed.")
job = App(name="job", version_flags=(), help="Watch batches and start Keboola runs.")
keboola = App(
    name="keboola",
    version_flags=(),
    help="See what a Keboola token sees, and let a configuration receive the variables.",
)
token = App(name="token", version_flags=(), help="Let programs and people in over HTTP.")
notify = App(name="notify", version_flags=(), help="Tell people what happens, over the channels of NOTIFY_URLS.")
db = App(name="db", version_flags=(), help="Check, back up, restore, import and move the database.")

for parent, name, place, line in (
    (app, "init", "setup:init", "Make .env and the database, or empty it."),
    (app, "doctor", "doctor:doctor", "Check settings, key, database and files."),
    (app, "start", "start:start", "Start the API server and the watching."),
    (app, "status", "status:status", "Show whether a service runs, and how it is doing."),
    (app, "stop", "stop:stop", "Stop the service."),
    (app, "run", "run:run", "Watch and trigger in the foreground until interrupted."),
    (app, "demo", "demo:demo", "Show a whole job against stand-in services, within half a minute."),
    (app, "simulate", "run:simulate", "Run stand-in OpenAI and Keboola servers to try things on."),
    (app, "--version", "version:show", "Show the version."),
    (app, "--install-completion", "completion:install", "Complete commands in the shell by Tab."),
    (secret, "add", "secrets:add", "Store a secret; its value is asked for, or read from standard input."),
    (secret, "list", "secrets:show_all", "List the stored secrets, without their values."),
    (secret, "replace", "secrets:replace", "Give a secret a new value; what waited for it goes on."),
    (secret, "rotate", "secrets:rotate", "Seal all values again under the first key of SECRET_KEY."),
    (secret, "delete", "secrets:delete", "Delete a secret that no unfinished job needs."),
    (job, "create", "jobs:create", "Create a job that watches 1 to 10 batches."),
    (job, "list", "jobs:show_all", "List the jobs, newest first."),
    (job, "show", "jobs:show", "Show a job with its batches, its Keboola run and its history."),
    (job, "edit", "changes:edit", "Change a job; only what is named changes."),
    (job, "pause", "changes:pause", "Stop checking a job until it is resumed."),
    (job, "resume", "changes:resume", "Go on checking a paused job, at once."),
    (job, "retry", "changes:retry", "Send a failed or held job on its way again."),
    (job, "cancel-run", "changes:cancel_run", "Ask Keboola to end a job's run."),
    (job, "test-fire", "changes:fire_test", "Start a test run of a job's configuration, with made-up batches."),
    (job, "check", "checks:check", "Look at all that a job depends on, and say what is wrong with it."),
    (job, "check-now", "changes:check_now", "Check a job at once instead of at its next time."),
    (job, "apply", "definitions:apply", "Make the jobs that a file describes."),
    (job, "export", "definitions:export", "Print jobs as a file that `job apply` takes."),
    (job, "delete", "changes:delete", "Delete a job."),
    (job, "watch", "watch:watch", "Follow a job until its Keboola run has ended."),
    (token, "create", "tokens:create", "Make a token for the REST API; it is shown this once."),
    (token, "list", "tokens:show_all", "List the tokens, revoked ones too."),
    (token, "revoke", "tokens:revoke", "Let nobody in with this token any more, at once."),
    (app, "audit", "audit:audit", "List who changed which job, secret or token, newest first."),
    (notify, "test", "notify:send_test", "Send a test notice over every channel."),
    (notify, "list", "notify:show_all", "List the notices that wait or were given up."),
    (keboola, "components", "keboola:components", "List the components that have configurations."),
    (keboola, "configs", "keboola:configs", "List the configurations, of one component or of all."),
    (keboola, "flows", "keboola:flows", "List the flows."),
    (keboola, "setup", "receiving:setup", "Let a configuration receive the variables of a run."),
    (db, "schema", "database:schema", "Show the tables of the database."),
    (db, "check", "database:check", "Check that the database is sound, and that the key fits."),
    (db, "backup", "backups:backup", "Write everything into one file while the service runs."),
    (db, "restore", "backups:restore", "Replace everything by what a backup holds."),
    (db, "import", "takeover:take_over", "Take over a database of the earlier version."),
    (db, "copy", "backups:copy", "Copy everything into another, empty database."),
):
    parent.command(f"{_COMMANDS}.{place}", name=name, help=line)
for part in (secret, job, keboola, token, notify, db):
    app.command(part)


@app.meta.default
def launch(
    *tokens: Annotated[str, Parameter(show=False, allow_leading_hyphen=True)],
    json: Annotated[bool, Parameter(negative="", show_default=False, help=_JSON)] = False,
) -> Any:
    """Take what every command has in common, then call the command."""
    as_json.set(json)
    return app(tokens)


def main(argv: Sequence[str] | None = None) -> int:
    """Carry out one command line; without `argv` the process's own. Returns the exit code."""
    before = as_json.set(False)
    try:
        answer = app.meta(argv, result_action="return_value", exit_on_error=False, print_error=False)
        code = present(answer) if isinstance(answer, Answer) else 0
        sys.stdout.flush()
    except CycloptsError as error:
        from teckochecker.entrypoints.cli.usage import sentence

        complain(Misused(sentence(error)), 2)
        return 2
    except Misused as error:
        complain(error, 2)
        return 2
    except TeckoCheckerError as error:
        complain(error, 1)
        return 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; the interpreter must not complain once more while it closes it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    finally:
        as_json.reset(before)
    return code
