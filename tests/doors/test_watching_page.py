"""The page on watching names everything that there is to watch, and nothing else."""

from __future__ import annotations

import json
import re
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from teckochecker.adapters.metrics import Metrics
from teckochecker.application.messages import NoticeKind
from tests.adapters.receiver import receiving
from tests.doors.cli.shell import Shell

PAGE = (Path(__file__).parents[2] / "docs" / "watching.md").read_text()


def test_every_series_is_explained() -> None:
    told = Metrics("1").exposition({"active": 1}).decode()
    families = [family for family in text_string_to_metric_families(told) if family.name.startswith("teckochecker_")]
    names = {family.name + ("_total" if family.type == "counter" else "") for family in families}
    assert set(re.findall(r"^\| `(teckochecker_\w+)`", PAGE, re.MULTILINE)) == {
        name for name in names if not name.endswith("_created")
    }


def test_every_kind_of_notice_is_explained() -> None:
    (_, table) = PAGE.split("| `NOTIFY_ON` |")
    assert re.findall(r"^\| `(\w+)`", table, re.MULTILINE) == [kind.value for kind in NoticeKind]


def test_the_commands_of_the_page_work(tmp_path: Path) -> None:
    (block,) = re.findall(r"```bash\n(.*?)```", PAGE, re.DOTALL)
    with receiving() as receiver:
        for line in block.strip().splitlines():
            done = Shell(tmp_path).run(*line.split()[1:], NOTIFY_URLS=json.dumps([receiver.url]))
            assert (done.code, done.err) == (0, ""), line
    assert len(receiver.got) == 1
