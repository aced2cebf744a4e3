"""The commands of docs/databases.md do what the page says, one after another."""

from __future__ import annotations

import re
import shlex

from tests.architecture.source import PROJECT
from tests.databases import postgresql_server
from tests.doors.cli.conftest import prepared, shell
from tests.doors.cli.shell import Shell

__all__ = ["prepared", "shell"]

PAGE = (PROJECT / "docs" / "databases.md").read_text(encoding="utf-8")
COMMANDS = [
    shlex.split(line)[1:] for block in re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL) for line in block.splitlines()
]


def test_each_command_of_the_page_works(shell: Shell) -> None:
    server = postgresql_server().database()
    done = {}
    for words in COMMANDS:
        if words == ["stop"]:  # nothing runs here
            continue
        own = [server if word.startswith("postgresql://") else word for word in words]
        result = shell.on_terminal(*own, answers=[("[y/N]: ", "y\n")])
        done[words[1]] = result.code
    assert done == {"backup": 0, "check": 0, "restore": 0, "copy": 0}
    assert shell.run("secret", "list", "--json", DATABASE_URL=server).body["total"] == 2
