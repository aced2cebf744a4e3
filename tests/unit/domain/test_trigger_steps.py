"""What each step leaves of a trigger, field by field."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from attrs import evolve

from teckochecker.domain import decisions
from teckochecker.domain.errors import InvalidTransition
from teckochecker.domain.protocol import Hold, TriggerPolicy, TriggerState
from teckochecker.domain.run import Outcome
from teckochecker.domain.trigger import Trigger
from tests.builders import AT, MINUTE, SECOND
from tests.unit.domain.test_trigger import KEBOOLA, POLICY, a_run, intent, look, resent, sent, unknown

LATER = AT + timedelta(hours=1)
NO = Outcome.NOT_PROCESSED


def refused(trigger: Trigger, *, at: datetime = AT) -> Trigger:
    return trigger.refused("Configuration not found", http=400, exception_id="ex-1", at=at)


def unprocessed(trigger: Trigger, *, retry_at: datetime | None = None, policy: TriggerPolicy = POLICY) -> Trigger:
    return trigger.not_processed("maintenance", at=AT, retry_at=retry_at, policy=policy, chance=0.5)


def stands(trigger: Trigger) -> dict[str, Any]:
    """All of a trigger that a step may change, but for its attempts, runs and events."""
    names = ("state", "hold", "reason", "last_error", "failures", "looks", "looking_since", "confirm_until", "due_at")
    return {name: value for name in names if (value := getattr(trigger, name)) not in (None, 0)}


def kinds(trigger: Trigger, since: Trigger | None = None) -> list[str]:
    return [event.kind for event in trigger.events[len(since.events) if since else 0 :]]


def test_an_intent_is_due_at_once() -> None:
    assert stands(intent()) == {"state": TriggerState.INTENT, "due_at": AT}
    assert kinds(intent()) == ["TriggerIntended"]


def test_a_trigger_that_is_sent_keeps_nothing_of_what_held_it_up() -> None:
    weary = evolve(unprocessed(unprocessed(unprocessed(sent()))), looks=3, looking_since=AT)
    again = weary.send(KEBOOLA, at=LATER, policy=POLICY)
    assert stands(again) == {
        "state": TriggerState.SENT,
        "last_error": "maintenance",
        "failures": 3,
        "due_at": LATER,
    }
    attempt = again.attempts[-1]
    assert KEBOOLA.project
    assert (attempt.n, attempt.sent_at, attempt.outcome, attempt.delay) == (2, LATER, None, timedelta(0))
    assert (attempt.target, attempt.secret_id, attempt.secret_version) == (again.target, KEBOOLA.id, KEBOOLA.version)
    assert (attempt.project_id, attempt.token_id) == (KEBOOLA.project.id, KEBOOLA.project.token_id)


@pytest.mark.parametrize("trigger", [sent(), unknown(), sent().accepted(a_run(), at=AT), refused(sent())])
def test_nothing_is_sent_from_a_state_in_which_something_may_be_out(trigger: Trigger) -> None:
    with pytest.raises(InvalidTransition, match=f"is {trigger.state.value}, so it cannot be sent"):
        trigger.send(KEBOOLA, at=AT, policy=POLICY)


def test_a_run_that_is_known_shows_that_something_was_sent_whatever_the_attempts_say() -> None:
    denied = unprocessed(sent())
    assert denied.surely_unsent
    assert not evolve(denied, runs=(a_run(),)).surely_unsent


def test_what_was_not_processed_is_sent_again_ever_more_rarely_and_a_person_is_told_the_third_time() -> None:
    once = unprocessed(sent())
    assert stands(once) == {
        "state": TriggerState.INTENT,
        "last_error": "maintenance",
        "failures": 1,
        "due_at": AT + MINUTE,
    }
    twice = unprocessed(sent(once))
    assert (twice.reason, twice.due_at) == (None, AT + 2 * MINUTE)
    thrice = unprocessed(sent(twice))
    assert thrice.waits_for == "Keboola has not taken the request 3 times: maintenance"
    fourth = unprocessed(sent(thrice))
    assert (fourth.waits_for, fourth.due_at) == (
        "Keboola has not taken the request 4 times: maintenance",
        AT + 8 * MINUTE,
    )
    assert kinds(fourth, sent()) == [
        "TriggerNotProcessed",
        "TriggerSent",
        "TriggerSent",
        "SendsFailing",
        "TriggerSent",
    ]
    assert [attempt.outcome for attempt in fourth.attempts] == [NO, NO, NO, NO]


def test_keboola_may_ask_for_more_patience_but_not_for_less() -> None:
    assert unprocessed(sent(), retry_at=AT + SECOND).due_at == AT + MINUTE
    assert unprocessed(sent(), retry_at=LATER).due_at == LATER


def test_an_outcome_that_nobody_knows_is_looked_for_at_once() -> None:
    lost = sent().outcome_unknown("the connection broke", at=LATER)
    assert stands(lost) == {"state": TriggerState.UNKNOWN, "last_error": "the connection broke", "due_at": LATER}
    assert (lost.attempts[-1].outcome, lost.attempts[-1].answered_at) == (Outcome.UNKNOWN, LATER)
    assert kinds(lost, sent()) == ["TriggerUnknown"]


def test_a_refusal_is_kept_with_keboolas_own_words() -> None:
    trigger = refused(sent(), at=LATER)
    assert stands(trigger) == {
        "state": TriggerState.REFUSED,
        "reason": "Configuration not found",
        "last_error": "Configuration not found",
    }
    attempt = trigger.attempts[-1]
    assert (attempt.outcome, attempt.http, attempt.exception_id) == (Outcome.REFUSED, 400, "ex-1")
    assert (attempt.message, attempt.answered_at, trigger.settled_at) == ("Configuration not found", LATER, LATER)
    assert kinds(trigger, sent()) == ["TriggerRefused"]


def test_a_refusal_is_looked_into_at_once_when_an_earlier_attempt_may_exist() -> None:
    trigger = refused(resent(), at=LATER)
    assert (trigger.state, trigger.due_at, trigger.settled_at) == (TriggerState.UNKNOWN, LATER, None)


def test_a_hold_says_why_and_is_left_without_a_trace() -> None:
    held = sent().held(Hold.CREDENTIAL, "refused", at=AT, chance=0.5)
    assert stands(held) == {
        "state": TriggerState.HELD,
        "hold": Hold.CREDENTIAL,
        "reason": "refused",
        "last_error": "refused",
        "failures": 1,
        "due_at": AT + MINUTE,
    }
    assert (held.waits_for, held.attempts[-1].outcome, kinds(held, sent())) == ("refused", NO, ["TriggerHeld"])
    again = held.held(Hold.CREDENTIAL, "refused", at=AT, chance=0.5)
    assert (again.failures, again.due_at, kinds(again, held)) == (2, AT + 2 * MINUTE, [])
    other = again.held(Hold.OTHER_PROJECT, "another project", at=AT, chance=0.5)
    assert (other.failures, other.due_at, kinds(other, again)) == (1, AT + MINUTE, ["TriggerHeld"])
    free = held.freed(at=LATER)
    assert (free.state, free.waits_for, free.reason, free.due_at) == (TriggerState.INTENT, None, None, LATER)
    assert unknown().held(Hold.CREDENTIAL, "refused", at=AT, chance=0).freed(at=LATER).state is TriggerState.UNKNOWN


def test_searches_widen_until_the_grace_is_over() -> None:
    first = look(unknown())
    assert stands(first) == {
        "state": TriggerState.UNKNOWN,
        "last_error": "the connection broke",
        "looks": 1,
        "looking_since": AT + SECOND,
        "due_at": AT + 6 * SECOND,
    }
    second = look(first, after=119 * SECOND)
    assert (second.looks, second.looking_since, second.due_at) == (2, AT + SECOND, AT + timedelta(seconds=126.5))
    assert look(second, after=120 * SECOND).state is TriggerState.UNKNOWN
    assert stands(look(second, after=121 * SECOND)) == {
        "state": TriggerState.INTENT,
        "last_error": "the connection broke",
        "failures": 1,
        "looking_since": AT + SECOND,
        "due_at": AT + 121 * SECOND,
    }


def test_requests_of_which_no_run_comes_leave_ever_more_rarely_and_a_person_is_told_the_third_time() -> None:
    once = unknown()
    trigger, waits = once, []
    for _ in range(6):
        trigger = look(look(trigger), after=121 * SECOND)
        waits.append(trigger.due_at - AT if trigger.due_at else None)
        if trigger.failures < 3:
            assert trigger.waits_for is None
        else:
            assert trigger.waits_for == f"Keboola has not taken the request {trigger.failures} times: it broke"
        trigger = sent(trigger).outcome_unknown("it broke", at=AT)
    assert waits == [121 * SECOND, 121 * SECOND, 4 * MINUTE, 8 * MINUTE, 15 * MINUTE, 15 * MINUTE]
    assert kinds(trigger, once).count("SendsFailing") == 1


def test_a_look_at_what_is_held_goes_on_as_a_search() -> None:
    held = unknown().held(Hold.SEARCH_REFUSED, "may not search", at=AT, chance=0)
    assert look(held).state is TriggerState.UNKNOWN
    assert look(held).waits_for is None


def test_looks_without_an_answer_widen_too() -> None:
    failed = unknown().look_failed("no answer", at=AT)
    assert stands(failed) == {
        "state": TriggerState.UNKNOWN,
        "last_error": "no answer",
        "looks": 1,
        "due_at": AT + 5 * SECOND,
    }
    assert failed.look_failed("no answer", at=AT).due_at == AT + timedelta(seconds=7.5)
    followed = evolve(sent().accepted(a_run(), at=AT), looks=1)
    assert followed.look_failed("no answer", at=AT).due_at == AT + 6 * SECOND


def test_an_accepted_trigger_forgets_its_troubles_and_tells_once() -> None:
    troubled = look(unknown().look_failed("no answer", at=AT).held(Hold.CREDENTIAL, "refused", at=AT, chance=0))
    settled = look(troubled, a_run(created_at=AT), after=MINUTE)
    assert stands(settled) == {
        "state": TriggerState.ACCEPTED,
        "looking_since": AT + SECOND,
        "confirm_until": AT + SECOND,
        "due_at": AT + MINUTE + 5 * SECOND,
    }
    assert (settled.run_id, settled.settled_at, settled.reason) == ("100", AT + MINUTE, None)
    [told] = settled.events[len(troubled.events) :]
    assert (told.kind, told.adopted, told.waited_s) == ("TriggerAccepted", True, 60.0)  # type: ignore[attr-defined]
    again = look(settled, a_run(created_at=AT), after=2 * MINUTE)
    assert (kinds(again, settled), again.settled_at) == ([], AT + MINUTE)


def test_a_run_that_keboola_answered_with_was_not_adopted() -> None:
    told = sent().accepted(a_run(), at=AT).events[-1]
    assert (told.kind, told.adopted) == ("TriggerAccepted", False)  # type: ignore[attr-defined]


def test_a_run_that_does_not_say_when_it_was_made_was_made_now() -> None:
    assert sent().accepted(a_run(created_at=None), at=LATER).looking_since == LATER


def test_a_run_that_one_of_several_attempts_was_answered_with_was_not_adopted() -> None:
    settled = look(resent().accepted(a_run("200", created_at=AT), at=AT), after=10 * MINUTE)
    told = settled.events[-1]
    assert (told.kind, told.adopted) == ("TriggerAccepted", False)  # type: ignore[attr-defined]


def test_runs_that_are_found_for_a_held_trigger_are_confirmed_and_it_waits_for_nobody() -> None:
    held = resent().outcome_unknown("lost", at=AT).held(Hold.CREDENTIAL, "refused", at=AT, chance=0)
    found = look(held, a_run("100"), a_run("200"))
    assert (found.state, found.reason, found.to_kill) == (TriggerState.CONFIRMING, None, ("200",))


def test_a_run_that_a_person_named_stays_known_although_no_attempt_made_it() -> None:
    named = decisions.adopt(unknown(), a_run("100", token_id="99"), at=AT)
    done = look(named, a_run("100", "success", token_id="99", started_at=AT))
    assert done.run
    assert (done.run.status, done.state) == ("success", TriggerState.ACCEPTED)


def test_an_accepted_trigger_stays_so_while_a_second_run_is_undone() -> None:
    working = a_run("100", "processing", started_at=AT)
    late = look(sent().accepted(working, at=AT), working, a_run("200"))
    assert (late.state, late.to_kill) == (TriggerState.ACCEPTED, ("200",))


def test_what_a_person_sends_again_is_held_no_longer() -> None:
    held = unknown().held(Hold.SEARCH_REFUSED, "may not search", at=AT, chance=0.5)
    assert stands(decisions.sent_again(held, at=LATER)) == {
        "state": TriggerState.INTENT,
        "last_error": "may not search",
        "failures": 1,
        "due_at": LATER,
    }


def test_a_second_run_is_looked_at_again_soon_until_it_is_undone() -> None:
    confirming = resent().accepted(a_run("200", created_at=AT + 3 * MINUTE), at=AT + 3 * MINUTE)
    assert stands(confirming) == {
        "state": TriggerState.CONFIRMING,
        "last_error": "the connection broke",
        "failures": 1,
        "looks": 1,
        "looking_since": AT + 3 * MINUTE,
        "confirm_until": AT + 9 * MINUTE,
        "due_at": AT + 3 * MINUTE + 10 * SECOND,
    }


def test_a_doubled_run_is_told_again_only_when_there_is_one_more() -> None:
    first, second, third = (a_run(id, "processing", started_at=AT) for id in ("100", "200", "300"))
    doubled = look(resent().accepted(second, at=AT), first)
    assert kinds(doubled).count("DuplicateRun") == 1
    more = look(evolve(doubled, state=TriggerState.CONFIRMING), first, second)
    assert kinds(more).count("DuplicateRun") == 1
    tripled = look(evolve(doubled, state=TriggerState.CONFIRMING), third)
    assert kinds(tripled).count("DuplicateRun") == 2
