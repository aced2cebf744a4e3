"""teckochecker keboola setup: a configuration is made to receive the variables of a run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from difflib import unified_diff
from typing import Any, Final

from teckochecker.application.errors import Rejected
from teckochecker.domain.configuration import Place
from teckochecker.domain.receiving import PYTHON, Change, Reception
from teckochecker.entrypoints.cli.answer import Answer, Refused, as_json
from teckochecker.entrypoints.cli.asking import confirm
from teckochecker.entrypoints.cli.keboola import opened
from teckochecker.entrypoints.cli.options import Flag
from teckochecker.entrypoints.cli.place import parts
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.consumer import consumer

_STYLES: Final = {"+": "green", "-": "red", "@": "dim"}


async def setup(
    *,
    secret: str,
    component_id: str,
    config_id: str,
    stack: str | None = None,
    branch_id: str | None = None,
    yes: Flag = False,
) -> Answer:
    """Let a configuration receive the variables of a run. What would change is shown first; a second time nothing does.

    With --json nothing is changed without --yes.

    Parameters
    ----------
    secret
        Keboola secret name; its token has to be allowed to write the configuration and keboola.variables
    component_id
        Keboola component ID
    config_id
        Configuration ID in Keboola
    stack
        Keboola stack URL; needed while the secret was never verified
    branch_id
        Development branch in Keboola; without it the main branch
    yes
        Do not ask
    """
    async with parts() as container:
        stack_url, credential = await opened(container, secret, stack)
        place = Place(stack_url=stack_url, component_id=component_id, configuration_id=config_id, branch_id=branch_id)
        receiving = container.receiving()
        try:
            plan = await receiving.plan(place, credential)
        except Rejected as error:
            if error.http != 404:
                raise
            raise Refused(f"{error}; list what there is: teckochecker keboola configs --secret {secret}") from error
        applied = bool(plan.changes) and (yes or not as_json.get())
        if applied:
            if not as_json.get():
                _preview(Screen.on(sys.stdout), plan)
            confirm("Make these changes in Keboola?", force=yes, option="--yes")
            await receiving.apply(plan, credential)
    return Answer(_body(plan, applied=applied), lambda screen: _show(screen, plan))


def _preview(screen: Screen, plan: Reception) -> None:
    for change in plan.changes:
        for line in _difference(change):
            indent = line[: len(line) - len(line[1:].lstrip(" "))]
            screen.say(indent + plain(line[len(indent) :], 4000), _STYLES.get(line[:1], ""))


def _difference(change: Change) -> Iterator[str]:
    before = [] if change.before is None else _lines(change.before)
    yield f"{'Make' if change.before is None else 'Change'} {change.what}:"
    yield from list(unified_diff(before, _lines(change.after), lineterm="", n=2))[2:]


def _lines(body: Mapping[str, Any]) -> list[str]:
    return json.dumps(body, ensure_ascii=False, indent=2).splitlines()


def _show(screen: Screen, plan: Reception) -> None:
    name = plain(plan.main.name)
    screen.done(f"'{name}' receives the variables now" if plan.changes else f"'{name}' receives them: nothing to do")
    for remark in plan.remarks:
        screen.say(f"! {plain(remark)}", "dark_orange")
    if plan.place.component_id == PYTHON:
        screen.say("\nA program for it, which does nothing for a trigger that it has worked on before:\n")
        screen.say(consumer())


def _body(plan: Reception, *, applied: bool) -> Mapping[str, Any]:
    changes = [{"what": one.what, "before": one.before, "after": one.after} for one in plan.changes]
    return {"changes": changes, "applied": applied, "remarks": plan.remarks, "consumer": consumer()}
