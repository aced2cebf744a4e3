"""Of all runs that are known to come of one trigger, which one counts and which are to be undone.

Known ids are weighed, not search hits: a search that lags may show an older run and not yet the newest.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from attrs import frozen

from teckochecker.domain.run import KeboolaRun


@frozen(kw_only=True)
class Verdict:
    """`kept` is the run that counts; `begun` are those that did work; `undecided` ones can still be undone."""

    kept: KeboolaRun
    begun: tuple[KeboolaRun, ...]
    undecided: tuple[KeboolaRun, ...]


def weigh(runs: Collection[KeboolaRun], kills: Collection[str]) -> Verdict:
    """None begun: keep the one that may begin first. One begun: keep it. Several begun: keep the first of them.

    One that Keboola does not know any more may have begun, so it is kept before those that have not. A run that is to
    wait is surely undone by a kill; one that may begin at any moment may do so before it. A run whose kill was asked
    for counts only when it ended on its own all the same, because until then it may still be cut off in the middle.
    """
    ordered = sorted(runs, key=lambda run: run.order)
    begun = [run for run in ordered if run.begun]
    standing = [run for run in ordered if not run.cancelled and (run.id not in kills or run.ran_out)]
    next_turn = min(standing, key=lambda run: run.turn, default=ordered[0])
    lost = next((run for run in standing if run.lost), next_turn)
    kept = next((run for run in standing if run.begun), lost)
    return Verdict(
        kept=kept,
        begun=tuple(begun),
        undecided=tuple(run for run in ordered if run.id != kept.id and run.killable),
    )


def merged(known: Iterable[KeboolaRun], seen: Iterable[KeboolaRun]) -> tuple[KeboolaRun, ...]:
    """The latest word on each run. A finished one stays so: the lagging search may still show it waiting."""
    latest = {run.id: run for run in known}
    for run in seen:
        old = latest.get(run.id)
        if old is None or not old.finished:
            latest[run.id] = run
    return tuple(latest.values())
