"""What people decide, what comes to light late, and what a run's end means."""

from __future__ import annotations

from datetime import timedelta

import pytest
from attrs import evolve

from teckochecker.domain import decisions, following, restoring
from teckochecker.domain.errors import InvalidValue, JobIsBusy
from teckochecker.domain.events import RunEnded
from teckochecker.domain.evidence import completed, with_evidence
from teckochecker.domain.protocol import TRIGGER_MOVES, Hold, TriggerState
from teckochecker.domain.run import KeboolaRun, Outcome
from teckochecker.domain.trigger import Trigger
from teckochecker.domain.weighing import weigh
from tests.builders import AT, MINUTE, SECOND
from tests.unit.domain.test_trigger import KEBOOLA, POLICY, a_run, ended_job, intent, look, resent, sent, unknown
from tests.unit.domain.test_trigger_steps import LATER, kinds, refused, stands, unprocessed

WORKING = a_run("100", "processing", started_at=AT)


def held(hold: Hold, trigger: Trigger | None = None) -> Trigger:
    return (trigger or unknown()).held(hold, "it waits", at=AT, chance=0.5)


def accepted(run: KeboolaRun = WORKING) -> Trigger:
    return sent().accepted(run, at=AT)


@pytest.mark.parametrize("trigger", [sent(), unknown(), accepted(), refused(sent()), held(Hold.CREDENTIAL)])
def test_only_what_is_still_to_be_sent_is_called_off(trigger: Trigger) -> None:
    with pytest.raises(JobIsBusy):
        decisions.withdraw(trigger, at=AT)


def test_what_was_called_off_waits_for_nothing() -> None:
    withdrawn = decisions.withdraw(held(Hold.CREDENTIAL, sent()), at=LATER)
    assert stands(withdrawn) == {"state": TriggerState.WITHDRAWN, "last_error": "it waits", "failures": 1}
    assert (withdrawn.settled_at, kinds(withdrawn)[-1]) == (LATER, "TriggerWithdrawn")


def test_a_deleted_jobs_run_is_looked_after_until_it_is_settled_and_never_sent_again() -> None:
    for gone in (intent(), unprocessed(sent()), held(Hold.UNKNOWN_OUTCOME)):
        assert decisions.for_deleted(gone, at=AT).state is TriggerState.WITHDRAWN
    for open in (unknown(), resent(), held(Hold.CREDENTIAL), evolve(unknown(), hold=Hold.UNKNOWN_OUTCOME)):
        assert decisions.for_deleted(open, at=AT) is open
    followed = decisions.for_deleted(accepted(), at=AT)
    assert (followed.state, followed.due_at) == (TriggerState.ACCEPTED, None)


def test_a_refused_trigger_begins_anew_after_the_cure() -> None:
    worn = refused(unprocessed(sent()).send(KEBOOLA, at=AT, policy=POLICY))
    anew = decisions.renewed(worn, evolve(ended_job(), name="Cured"), at=LATER)
    assert stands(anew) == {"state": TriggerState.INTENT, "due_at": LATER}
    assert (anew.id, anew.attempts, anew.settled_at) == (worn.id, worn.attempts, None)
    assert anew.payload["job_name"] == "Cured"
    assert kinds(anew, worn) == ["TriggerIntended"]


@pytest.mark.parametrize("hold", [Hold.SEARCH_REFUSED, Hold.OTHER_PROJECT])
def test_where_we_cannot_look_a_persons_word_that_there_is_no_run_is_believed(hold: Hold) -> None:
    again = decisions.sent_again(held(hold), at=AT)
    assert (again.surely_unsent, again.send(KEBOOLA, at=AT, policy=POLICY).attempts[-1].delay) == (True, timedelta(0))


def test_where_we_can_look_it_is_sent_with_a_delay_all_the_same() -> None:
    again = decisions.sent_again(held(Hold.UNKNOWN_OUTCOME), at=AT).send(KEBOOLA, at=AT, policy=POLICY)
    assert again.attempts[-1].delay == POLICY.resend_delay


def test_a_run_is_named_in_the_project_where_a_request_may_have_made_it() -> None:
    elsewhere = evolve(unprocessed(sent()).attempts[0], project_id="902")
    trigger = evolve(unknown(), attempts=(elsewhere, evolve(unknown().attempts[0], n=2)))
    with pytest.raises(InvalidValue, match="belongs to project 902"):
        decisions.adopt(trigger, a_run(project_id="902"), at=AT)


def test_a_run_that_did_nothing_cannot_be_named() -> None:
    with pytest.raises(InvalidValue, match="was cancelled before it began"):
        decisions.adopt(unknown(), a_run(status="cancelled"), at=AT)


def test_a_run_that_a_person_wants_to_end_is_watched_closely() -> None:
    asked = decisions.cancel(evolve(accepted(), looks=40, due_at=LATER), at=AT)
    assert (asked.looks, asked.due_at, kinds(asked)[-1]) == (0, AT + 5 * SECOND, "RunCancelAsked")


def test_every_move_that_is_drawn_is_made() -> None:
    twice, away = sent(unprocessed(sent())), Hold.CREDENTIAL
    lost, doubted = unknown(), resent().outcome_unknown("lost", at=AT)
    denied = refused(resent())
    confirming = look(doubted, a_run())
    given_up, absent = decisions.withdraw(intent(), at=AT), timedelta(seconds=361)
    made = [
        (intent(), sent()),
        (intent(), held(away, intent())),
        (intent(), given_up),
        (sent(), accepted()),
        (sent(), lost),
        (sent(), unprocessed(sent())),
        (sent(), refused(sent())),
        (twice, held(away, twice)),
        (resent(), resent().accepted(a_run(), at=AT)),
        (lost, look(lost, a_run())),
        (lost, look(look(lost), after=absent)),
        (lost, decisions.for_deleted(look(look(lost), after=absent), at=AT)),
        (lost, held(away)),
        (doubted, confirming),
        (denied, look(look(denied), after=2 * absent)),
        (confirming, look(confirming, after=absent)),
        (confirming, held(away, confirming)),
        (held(away, sent()), held(away, sent()).freed(at=AT)),
        (held(away), held(away).freed(at=AT)),
        (held(away, doubted), look(held(away, doubted), a_run())),
        (held(away), look(held(away), a_run())),
        (held(away, denied), look(look(held(away, denied)), after=2 * absent)),
        (held(away, sent()), decisions.withdraw(held(away, sent()), at=AT)),
        (accepted(), following.lost_sight(accepted(), "not found", at=AT)),
        (refused(sent()), decisions.renewed(refused(sent()), ended_job(), at=AT)),
        (given_up, decisions.renewed(given_up, ended_job(), at=AT)),
    ]
    drawn = {(before, after) for before, moves in TRIGGER_MOVES.items() for after in moves}
    assert {(before.state, after.state) for before, after in made} == drawn


# Evidence


def test_late_evidence_does_not_take_back_what_is_known() -> None:
    open_one = sent().attempts[0]
    answered = with_evidence(sent(), evolve(open_one, outcome=Outcome.ACCEPTED), at=AT)
    assert with_evidence(answered, open_one, at=AT).attempts == answered.attempts
    assert with_evidence(answered, evolve(open_one, outcome=Outcome.UNKNOWN), at=AT).attempts == answered.attempts


def test_what_was_recorded_while_a_step_was_under_way_is_kept_and_due_when_either_was() -> None:
    mine = evolve(unknown(), due_at=LATER)
    told = completed(mine, with_evidence(evolve(mine, due_at=None), a_run(), at=LATER + MINUTE))
    assert (len(told.runs), told.due_at) == (1, LATER)
    out = evolve(sent(), due_at=LATER)
    answered = completed(out, with_evidence(out, evolve(out.attempts[0], outcome=Outcome.ACCEPTED), at=AT))
    assert (answered.attempts[0].outcome, answered.due_at) == (Outcome.ACCEPTED, AT)


# Runs


def test_a_run_that_went_back_to_its_place_in_the_queue_may_have_done_work() -> None:
    assert a_run(status="created").killable
    restarted = a_run(status="created", started_at=AT)
    assert (restarted.killable, restarted.begun) == (False, True)
    assert not a_run(status="cancelled").begun


@pytest.mark.parametrize(
    ("run", "waits"),
    [
        (a_run(not_before=LATER), True),
        (a_run(not_before=AT), False),
        (a_run(not_before=AT - SECOND), False),
        (a_run(), False),
        (a_run(status="processing", not_before=LATER), False),
    ],
)
def test_a_run_waits_until_it_may_begin(run: KeboolaRun, waits: bool) -> None:
    assert run.waits(AT) is waits
    assert not run.waits(None)


def test_a_run_that_was_cancelled_does_not_count_while_there_is_another() -> None:
    assert weigh([a_run("100", "cancelled"), a_run("200", "waiting")], ()).kept.id == "200"
    assert weigh([a_run("100", "cancelled")], ()).kept.id == "100"


def test_the_run_that_counts_is_told_among_several_and_finished_ones_are_let_be() -> None:
    trigger = look(evolve(accepted(), kills=frozenset({"90"})), WORKING, a_run("90", "cancelled"), a_run("200"))
    assert trigger.run == WORKING
    assert [run.id for run in trigger.twins] == ["200"]
    second = look(resent().accepted(a_run("200"), at=AT), WORKING)
    assert ([run.id for run in second.runs], second.run) == (["200", "100"], WORKING)
    cut = evolve(trigger, kills=frozenset({"90", "200"}), runs=(WORKING, a_run("200", "terminating", started_at=AT)))
    assert ([run.id for run in cut.twins], cut.to_kill) == (["200"], ())
    assert evolve(cut, kills=frozenset()).twins == ()


def test_the_second_run_is_told_as_being_cancelled_when_that_is_first_asked_for() -> None:
    once = accepted().killing("200", at=AT)
    assert kinds(once, accepted()) == ["RunKilled"]
    assert kinds(once.killing("200", at=AT), once) == []


# Following


def test_a_run_is_read_ever_more_rarely_and_told_when_it_moves() -> None:
    first = following.followed(evolve(accepted(), last_error="no answer", looks=4), WORKING, at=AT)
    assert (first.last_error, first.looks, first.due_at) == (None, 5, AT + timedelta(seconds=5 * 1.2**4))
    assert kinds(first, accepted()) == []
    ended = following.followed(first, evolve(WORKING, status="success", duration_s=5, message="done"), at=AT)
    [told] = ended.events[len(first.events) :]
    assert told == RunEnded(at=AT, job_id=ended.job_id, run_id="100", status="success", duration_s=5, message="done")
    assert ended.run == evolve(WORKING, status="success", duration_s=5, message="done")


def test_a_run_that_is_lost_from_sight_is_asked_for_no_more() -> None:
    lost = following.lost_sight(accepted(), "not found", at=AT)
    assert (lost.state, lost.reason, lost.due_at) == (TriggerState.ENDED, "not found", None)
    assert kinds(lost)[-1] == "RunLost"


def test_a_jobs_status_follows_the_trigger_of_its_own_generation_alone() -> None:
    job = ended_job()
    assert following.settled(job, unknown(), at=AT) is job
    assert following.settled(evolve(job, generation=2), accepted(), at=AT).status is job.status
    assert following.settled(job, accepted(), at=AT).status.value == "completed"
    assert following.settled(job, refused(sent()), at=AT).last_error == "Configuration not found"


# Restoring


def test_a_run_that_may_have_been_asked_for_since_the_backup_is_looked_for_from_then_on() -> None:
    job = evolve(ended_job(), doubted_since=AT - MINUTE)
    trigger = unprocessed(sent())
    assert restoring.in_doubt(job, trigger)
    doubted = restoring.presumed(job, trigger, KEBOOLA, at=LATER)
    assert (doubted.state, doubted.due_at, kinds(doubted, trigger)) == (TriggerState.SENT, LATER, ["TriggerDoubted"])
    assert [(attempt.sent_at, attempt.delay) for attempt in doubted.attempts[1:]] == [(AT - MINUTE, timedelta(0))]
    assert not restoring.in_doubt(job, doubted)
    assert not restoring.in_doubt(ended_job(), trigger)
