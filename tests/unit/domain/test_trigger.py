from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve

from teckochecker.domain import decisions, following
from teckochecker.domain.batch import Batch, BatchStatus
from teckochecker.domain.errors import InvalidTransition, JobIsBusy
from teckochecker.domain.events import DuplicateRun
from teckochecker.domain.evidence import completed, with_evidence
from teckochecker.domain.job import PollingJob
from teckochecker.domain.protocol import TRIGGER_MOVES, Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import KeboolaRun, Outcome, Runs
from teckochecker.domain.secret import SecretType
from teckochecker.domain.status import MOVES, JobStatus
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.values import BatchId
from teckochecker.domain.weighing import weigh
from tests.builders import AT, MINUTE, SECOND, a_job, a_secret

ID = UUID(int=7)
POLICY = TriggerPolicy()
KEBOOLA = a_secret(2, SecretType.KEBOOLA)
STATES_PAGE = Path(__file__).parents[3] / "docs" / "states.md"


def ended_job() -> PollingJob:
    batch = Batch(id=BatchId("batch_1"), status=BatchStatus.COMPLETED, ended_at=AT)
    return a_job(batches=(batch,), status=JobStatus.TRIGGERING, next_check_at=None)


def intent() -> Trigger:
    return Trigger.intend(ended_job(), ID, at=AT)


def sent(trigger: Trigger | None = None) -> Trigger:
    return (trigger or intent()).send(KEBOOLA, at=AT, policy=POLICY)


def unknown() -> Trigger:
    return sent().outcome_unknown("the connection broke", at=AT)


def a_run(id: str = "100", status: str = "created", **changes: Any) -> KeboolaRun:
    assert KEBOOLA.project is not None
    target = intent().target
    run = KeboolaRun(
        id=id,
        status=status,
        component_id=target.component_id,
        configuration_id=target.configuration_id,
        project_id=KEBOOLA.project.id,
        trigger_id=str(ID),
        token_id=KEBOOLA.project.token_id,
        created_at=AT,
    )
    return evolve(run, **changes)


def look(trigger: Trigger, *runs: KeboolaRun, after: timedelta = SECOND, policy: TriggerPolicy = POLICY) -> Trigger:
    return trigger.looked(Runs(runs=runs, as_of=AT + after), at=AT + after, policy=policy)


def resent() -> Trigger:
    absent = look(look(unknown()), after=timedelta(seconds=121))
    assert absent.state is TriggerState.INTENT
    return sent(absent)


def test_a_trigger_without_a_verified_project_is_not_sent() -> None:
    with pytest.raises(InvalidTransition):
        intent().send(evolve(KEBOOLA, project=None), at=AT, policy=POLICY)


def test_the_second_request_is_delayed_because_the_first_may_have_made_a_run() -> None:
    assert [attempt.delay for attempt in resent().attempts] == [timedelta(0), POLICY.resend_delay]


def test_after_a_second_request_it_is_made_sure_that_only_one_run_begins() -> None:
    trigger = resent().accepted(a_run("200", created_at=AT + 3 * MINUTE), at=AT)
    assert trigger.state is TriggerState.CONFIRMING
    surfaced = look(trigger, a_run("100", "processing", started_at=AT), after=4 * MINUTE)
    assert (surfaced.run_id, surfaced.to_kill) == ("100", ("200",))
    killing = surfaced.killing("200", at=AT)
    assert killing.to_kill == ("200",)
    settled = look(killing, a_run("100", "processing", started_at=AT), a_run("200", "cancelled"), after=5 * MINUTE)
    assert (settled.state, settled.run_id) == (TriggerState.ACCEPTED, "100")


def test_a_kill_that_may_not_have_arrived_is_asked_for_again_and_told_once() -> None:
    trigger = look(resent().accepted(a_run("200"), at=AT), a_run("100", "processing", started_at=AT), a_run("200"))
    again = look(trigger.killing("200", at=AT), a_run("200")).killing("200", at=AT)
    assert again.to_kill == ("200",)
    assert [event.kind for event in again.events].count("RunKilled") == 1
    assert look(again, a_run("200", "terminating", started_at=AT)).to_kill == ()


def test_of_runs_that_have_not_begun_the_one_that_has_to_wait_is_undone() -> None:
    delayed, late = a_run("100", not_before=AT + 6 * MINUTE), a_run("200", "waiting")
    trigger = look(resent().accepted(delayed, at=AT), late)
    assert (trigger.run_id, trigger.to_kill) == ("200", ("100",))


def test_a_look_that_failed_is_repeated_before_a_second_run_can_begin() -> None:
    trigger = evolve(resent().accepted(a_run("200"), at=AT), looks=50)
    assert trigger.look_failed("no answer", at=AT).due_at == AT + 10 * SECOND


def test_after_the_confirm_window_the_run_is_the_one() -> None:
    trigger = resent().accepted(a_run("200", created_at=AT + 3 * MINUTE), at=AT)
    assert look(trigger, after=8 * MINUTE).state is TriggerState.CONFIRMING
    assert look(trigger, after=10 * MINUTE).state is TriggerState.ACCEPTED


def test_several_runs_that_have_begun_are_told_and_none_is_stopped() -> None:
    trigger = resent().accepted(a_run("200", "processing", started_at=AT), at=AT)
    doubled = look(trigger, a_run("100", "success", started_at=AT), after=MINUTE)
    assert (doubled.run_id, doubled.to_kill) == ("100", ())
    assert [event.kind for event in doubled.events].count("DuplicateRun") == 1


def test_a_run_that_is_being_killed_counts_only_when_it_ended_on_its_own() -> None:
    killed, other = a_run("100", "terminating", started_at=AT), a_run("200")
    assert weigh([killed, other], {"100"}).kept is other
    done = a_run("100", "success", started_at=AT)
    assert weigh([done, other], {"100"}).kept is done


def test_a_run_that_keboola_does_not_know_any_more_may_have_begun_so_another_one_is_undone() -> None:
    trigger = look(resent().accepted(a_run("200", not_before=AT + 6 * MINUTE), at=AT), a_run("300", "lost"))
    assert (trigger.run_id, trigger.to_kill) == ("300", ("200",))
    begun = look(trigger, a_run("200", "processing", started_at=AT), a_run("300", "lost"))
    assert (begun.run_id, begun.to_kill) == ("200", ())
    assert not any(isinstance(event, DuplicateRun) for event in begun.events)


def test_a_second_run_that_keboola_does_not_know_any_more_is_asked_to_end_no_longer() -> None:
    working = a_run("100", "processing", started_at=AT)
    trigger = look(resent().accepted(a_run("200"), at=AT), working).killing("200", at=AT)
    assert look(trigger, working, a_run("200", "lost")).twins == ()


@pytest.mark.parametrize("change", [{"token_id": "99"}, {"component_id": "other"}, {"trigger_id": "other"}])
def test_only_a_run_of_our_token_target_and_trigger_is_ours(change: dict[str, str]) -> None:
    assert look(unknown(), a_run(**change)).state is TriggerState.UNKNOWN


def test_a_refusal_after_an_unknown_attempt_is_looked_into_first() -> None:
    refused = resent().refused("Configuration not found", http=400, exception_id=None, at=AT)
    assert refused.state is TriggerState.UNKNOWN
    looked = look(look(refused), after=timedelta(seconds=121))
    assert looked.state is TriggerState.UNKNOWN
    absent = look(looked, after=timedelta(seconds=361))
    assert (absent.state, absent.reason) == (TriggerState.REFUSED, "Configuration not found")


def test_a_refusal_without_words_has_a_reason_all_the_same() -> None:
    assert sent().refused("", http=400, exception_id=None, at=AT).reason == "no reason given"


def test_evidence_that_nothing_left_sends_it_again_without_delay() -> None:
    trigger = unknown()
    proven = evolve(trigger, attempts=(evolve(trigger.attempts[0], outcome=Outcome.NOT_PROCESSED),))
    again = look(proven)
    assert (again.state, sent(again).attempts[1].delay) == (TriggerState.INTENT, timedelta(0))


def test_late_evidence_fills_what_was_open_and_makes_it_due() -> None:
    out = sent()
    answered = evolve(out.attempts[0], outcome=Outcome.ACCEPTED)
    told = with_evidence(evolve(out, due_at=None), answered, at=AT + MINUTE)
    assert (told.attempts[0].outcome, told.due_at) == (Outcome.ACCEPTED, AT + MINUTE)
    assert with_evidence(out, a_run(), at=AT + MINUTE).due_at == AT
    late = completed(evolve(out, due_at=None), with_evidence(evolve(out, due_at=None), a_run(), at=AT))
    assert (len(late.runs), late.due_at) == (1, AT)
    assert completed(out, out) is out


def test_a_hold_is_told_once_and_looked_at_ever_more_rarely() -> None:
    first = intent().held(Hold.CREDENTIAL, "refused", at=AT, chance=0)
    second = first.freed(at=AT).held(Hold.CREDENTIAL, "refused", at=AT, chance=0)
    assert [event.kind for event in second.events].count("TriggerHeld") == 1
    assert first.due_at is not None
    assert second.due_at is not None
    assert second.due_at > first.due_at
    assert intent().freed(at=AT) == intent()


def test_a_person_can_settle_what_is_held() -> None:
    held = look(look(unknown()), after=timedelta(seconds=121), policy=TriggerPolicy(resend=False))
    assert held.hold is Hold.UNKNOWN_OUTCOME
    assert decisions.sent_again(held, at=AT).state is TriggerState.INTENT
    assert decisions.adopt(held, a_run("300"), at=AT).run_id == "300"


def test_a_persons_word_that_there_is_no_run_leaves_what_is_known_of_other_attempts() -> None:
    held = unknown().held(Hold.SEARCH_REFUSED, "may not search", at=AT, chance=0)
    (open_one,) = held.attempts
    earlier = evolve(open_one, outcome=Outcome.NOT_PROCESSED, message="maintenance")
    again = decisions.sent_again(evolve(held, attempts=(earlier, evolve(open_one, n=2))), at=AT)
    assert [attempt.outcome for attempt in again.attempts] == [Outcome.NOT_PROCESSED, Outcome.NOT_PROCESSED]
    assert [attempt.message for attempt in again.attempts] == ["maintenance", "a person looked and found no run of it"]


def test_a_person_cannot_settle_what_is_not_held() -> None:
    with pytest.raises(InvalidTransition, match="not held"):
        decisions.sent_again(intent(), at=AT)
    with pytest.raises(InvalidTransition, match="not held"):
        decisions.adopt(intent(), a_run(), at=AT)
    with pytest.raises(InvalidTransition, match="cannot be renewed"):
        decisions.renewed(intent(), ended_job(), at=AT)
    with pytest.raises(JobIsBusy, match="may exist already"):
        decisions.withdraw(unknown(), at=AT)


def test_nobody_nudges_what_has_no_step() -> None:
    settled = evolve(intent(), due_at=None)
    assert decisions.nudged(settled, at=AT) is settled


def test_the_end_of_a_run_is_told_once() -> None:
    accepted = sent().accepted(a_run(), at=AT)
    moved = following.followed(accepted, a_run(status="processing", started_at=AT), at=AT)
    ended = following.followed(moved, a_run(status="warning", started_at=AT, message="low disk"), at=AT)
    assert [event.kind for event in ended.events][-2:] == ["RunMoved", "RunEnded"]
    assert (ended.state, ended.due_at) == (TriggerState.ENDED, None)


def drawn(title: str) -> set[tuple[str, str]]:
    """The arrows of one mermaid diagram of docs/states.md."""
    page = STATES_PAGE.read_text(encoding="utf-8").partition(f"## {title}")[2].partition("\n## ")[0]
    return set(re.findall(r"^\s*(\w+) --> (\w+)", page, re.MULTILINE))


def test_the_drawings_of_the_states_are_true() -> None:
    jobs = {(before.value, after.value) for before, moves in MOVES.items() for after in moves}
    triggers = {(before.value, after.value) for before, moves in TRIGGER_MOVES.items() for after in moves}
    assert drawn("Jobs") == jobs
    assert drawn("Triggers") == triggers
