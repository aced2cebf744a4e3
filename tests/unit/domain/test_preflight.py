from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from teckochecker.domain.batch import BatchMissing, LookUpFailed
from teckochecker.domain.configuration import Configuration, ConfigurationRow
from teckochecker.domain.findings import Level
from teckochecker.domain.preflight import Consumer, TargetJudge, TargetSeen, Unread, judge_batches
from teckochecker.domain.token import Token
from teckochecker.domain.values import OWN_VARIABLES, BatchId, KeboolaTarget
from tests.builders import AT, a_project, a_report, a_target

FINE, WARNING, ERROR, UNCHECKED = Level.FINE, Level.WARNING, Level.ERROR, Level.UNCHECKED
MAIN = Configuration(id="123456", name="Reviews", body={"variables_id": "9", "variables_values_id": "10"})
Told = list[tuple[Level, str, str]]


def variables(*declared: str, **stored: str) -> Configuration:
    """A configuration of `keboola.variables`, whose default row is 10."""
    row = ConfigurationRow(id="10", body={"values": [{"name": n, "value": v} for n, v in stored.items()]})
    return Configuration(id="9", name="variables", body={"variables": [{"name": n} for n in declared]}, rows=(row,))


def judged(target: KeboolaTarget | None = None, **seen: Any) -> TargetJudge:
    """The judge of a target of which all is well, but for what is named."""
    whole: dict[str, Any] = {
        "token": Token(project=a_project()),
        "configuration": MAIN,
        "consumers": (Consumer(configuration=MAIN, variables=variables(*OWN_VARIABLES)),),
    }
    return TargetJudge(target=target or a_target(), secret="keboola", seen=TargetSeen(**whole | seen), at=AT)


def told(judge: TargetJudge) -> Told:
    return [(finding.level, finding.about, finding.says) for finding in judge.findings()]


def the(judge: TargetJudge, level: Level) -> list[str]:
    """What was found on a level, beside what is fine."""
    return [f"{about}: {says}" for each, about, says in told(judge) if each is level]


def with_variables(read: Any, target: KeboolaTarget | None = None, main: Configuration = MAIN) -> TargetJudge:
    return judged(target, configuration=main, consumers=(Consumer(configuration=main, variables=read),))


def test_where_all_is_well_everything_says_so() -> None:
    assert told(judged()) == [
        (FINE, "Keboola token", "opens project 'Reviews' (901)"),
        (FINE, "Configuration", "is 'Reviews'"),
        (FINE, "Variables", "'Reviews' takes 9 of those that are sent"),
        (FINE, "Search", "the token may search Keboola's jobs"),
    ]


def test_a_rejected_token_is_an_error_and_the_only_thing_said() -> None:
    judge = judged(token=Unread(why="Invalid access token", http=401), configuration=Unread(why="401", http=401))
    ((level, about, says),) = told(judge)
    assert (level, about) == (ERROR, "Keboola token")
    assert says == (
        "https://connection.keboola.com does not take secret 'keboola' (Invalid access token). A token works on its "
        "own stack alone: check the stack URL, or replace the secret"
    )


@pytest.mark.parametrize("unread", [Unread(why="no answer came"), Unread(why="403", http=403)])
def test_a_token_that_cannot_be_verified_now_is_not_held_against_it(unread: Unread) -> None:
    assert the(judged(token=unread), UNCHECKED) == [f"Keboola token: {unread.why}"]


@pytest.mark.parametrize(
    ("traits", "why"),
    [({"components": frozenset({"another"})}, "was not given it"), ({"role": "readOnly"}, "only reads")],
)
def test_a_component_that_the_token_may_not_run_is_an_error(traits: dict[str, Any], why: str) -> None:
    (error,) = the(judged(token=Token(project=a_project(), **traits)), ERROR)
    assert error.startswith("Component: secret 'keboola' may not run kds-team.app-custom-python")
    assert why in error


def test_what_keboola_may_refuse_and_a_token_that_ends_soon_are_warnings() -> None:
    token = Token(project=a_project(), features=frozenset({"old"}), expires_at=AT + timedelta(days=3))
    doubt, ends = the(judged(token=token), WARNING)
    assert doubt == "Component: Keboola may refuse the run: the project does not use Keboola's job queue"
    assert ends.startswith("Keboola token: expires at 2026-01-08 12:00 UTC, and batches may take a day")


def test_a_token_that_ends_late_is_fine() -> None:
    for spare, warnings in ((timedelta(days=7, seconds=-1), 1), (timedelta(days=7), 0)):
        assert len(the(judged(token=Token(project=a_project(), expires_at=AT + spare)), WARNING)) == warnings


@pytest.mark.parametrize(("branch", "where"), [(None, "the main branch"), ("12", "branch 12")])
def test_a_configuration_that_is_missing_is_an_error(branch: str | None, where: str) -> None:
    judge = judged(a_target(branch_id=branch), configuration=Unread(why="404", http=404))
    (error,) = the(judge, ERROR)
    assert f"no configuration 123456 of kds-team.app-custom-python in {where}" in error
    assert "teckochecker keboola configs" in error


def test_a_configuration_that_may_not_be_read_is_not_held_against_it() -> None:
    judge = judged(configuration=Unread(why="may not", http=403))
    assert (the(judge, UNCHECKED), the(judge, ERROR)) == (["Configuration: may not"], [])


def test_a_disabled_configuration_is_an_error() -> None:
    disabled = Configuration(id="1", name="Reviews", body=MAIN.body, disabled=True)
    judge = judged(configuration=disabled)
    assert the(judge, ERROR) == ["Configuration: 'Reviews' is disabled; enable it in Keboola"]
    assert "Configuration: is 'Reviews'" not in the(judge, FINE)


def test_rows_that_are_missing_are_an_error() -> None:
    rows = (ConfigurationRow(id="1", body={}),)
    main = Configuration(id="1", name="Reviews", body=MAIN.body, rows=rows)
    judge = judged(a_target(row_ids=("1", "2", "3")), configuration=main)
    assert the(judge, ERROR) == ["Configuration: 'Reviews' has no row 2, 3; name rows it has"]
    assert "Configuration: is 'Reviews'" not in the(judge, FINE)
    assert the(judged(a_target(row_ids=("1",)), configuration=main), ERROR) == []


def test_a_configuration_that_is_not_linked_is_a_warning_with_its_cure() -> None:
    (warning,) = the(with_variables(None), WARNING)
    assert "the configuration is not linked to variables, so Keboola would drop all that is sent" in warning
    assert warning.endswith(
        "teckochecker keboola setup --secret keboola --stack https://connection.keboola.com "
        "--component-id kds-team.app-custom-python --config-id 123456"
    )


def test_variables_that_may_not_be_read_are_not_held_against_it() -> None:
    assert the(with_variables(Unread(why="may not", http=403)), UNCHECKED) == ["Variables: may not"]
    assert the(judged(consumers=Unread(why="no answer")), UNCHECKED) == ["Variables: no answer"]


def test_a_declared_variable_to_which_nothing_is_sent_is_an_error() -> None:
    (error,) = the(with_variables(variables("trigger_id", "region", "tone")), ERROR)
    assert error.startswith(
        "Variables: 'Reviews' declares 'region', 'tone', to which nothing is sent, so the run would"
    )
    given = a_target(variables={"region": "eu", "tone": "dry"})
    assert the(with_variables(variables("trigger_id", "region", "tone"), given), ERROR) == []


def test_a_declared_variable_with_a_stored_default_is_sent_along() -> None:
    judge = with_variables(variables("trigger_id", "tone", tone="dry", trigger_id="none"))
    assert the(judge, ERROR) == []
    assert judge.defaults == {"tone": "dry"}
    (warning,) = the(judge, WARNING)
    assert "replaces the stored values of 'tone', so these are sent along" in warning


def test_a_placeholder_to_which_nothing_is_sent_is_a_warning() -> None:
    places = "{{ trigger_id }} {{ zone }} {{ area }} {{ declared }} {{ stored }}"
    main = Configuration(id="1", name="Reviews", body=dict(MAIN.body) | {"a": places})
    (warning, _) = the(with_variables(variables("trigger_id", "declared", stored="x"), main=main), WARNING)
    assert "placeholders for 'area', 'zone', to which nothing is sent" in warning


def test_a_configuration_that_takes_nothing_of_ours_is_a_warning() -> None:
    assert the(with_variables(variables()), WARNING) == [
        "Variables: 'Reviews' takes none of the variables that are sent"
    ]


def test_a_further_variable_that_nothing_takes_is_a_warning() -> None:
    (warning,) = the(with_variables(variables("trigger_id"), a_target(variables={"tone": "dry"})), WARNING)
    assert warning == "Variables: 'Reviews' does not take 'tone', so Keboola drops them"


FLOW = a_target(component_id="keboola.flow")


def test_of_several_further_variables_those_that_nothing_takes_are_named() -> None:
    target = a_target(variables={"tone": "dry", "zone": "north", "area": "7"})
    main = Configuration(id="1", name="Reviews", body=dict(MAIN.body) | {"a": "{{ area }}"})
    (warning,) = the(with_variables(variables("trigger_id", "zone"), target, main), WARNING)
    assert warning == "Variables: 'Reviews' does not take 'tone', so Keboola drops them"


def test_one_linked_task_is_enough_for_a_flow() -> None:
    consumers = (Consumer(configuration=MAIN), Consumer(configuration=MAIN, variables=variables(*OWN_VARIABLES)))
    assert the(judged(FLOW, consumers=consumers), WARNING) == []


def test_a_flow_that_runs_nothing_linked_is_a_warning() -> None:
    judge = judged(FLOW, consumers=(Consumer(configuration=MAIN),))
    (warning,) = the(judge, WARNING)
    assert "nothing in this flow is linked" in warning


def test_of_a_flow_a_variable_without_a_value_is_a_warning_and_defaults_stay_with_its_tasks() -> None:
    judge = judged(
        FLOW, consumers=(Consumer(configuration=MAIN, variables=variables("trigger_id", "zone", tone="dry")),)
    )
    (warning,) = the(judge, WARNING)
    assert "declares 'zone', to which nothing is sent, so this task of the flow may fail" in warning
    assert judge.defaults == {}


@pytest.mark.parametrize(
    ("unread", "level", "says"),
    [
        (Unread(why="refused", http=403), WARNING, "a start whose answer is lost will wait for a person"),
        (Unread(why="no answer"), UNCHECKED, "no answer"),
    ],
)
def test_a_token_that_may_not_search_is_a_warning(unread: Unread, level: Level, says: str) -> None:
    (found,) = the(judged(search=unread), level)
    assert says in found


def batches(*answers: Any) -> Told:
    """What is said of batch_1 to batch_3 after these answers."""
    ids = [BatchId(f"batch_{number}") for number in (1, 2, 3)]
    looked = {answer.batch_id: answer for answer in answers}
    return [(one.level, one.about, one.says) for one in judge_batches("openai", ids, looked, "no answer came")]


def test_each_batch_says_how_it_stands() -> None:
    assert batches(
        a_report("batch_1", "in_progress", expires_at=AT),
        a_report("batch_2", "completed"),
        a_report("batch_3", "expired"),
    ) == [
        (FINE, "OpenAI key", "secret 'openai' reads batches"),
        (FINE, "Batch batch_1", "is in_progress, expires at 2026-01-05 12:00 UTC"),
        (FINE, "Batch batch_2", "has ended already: completed"),
        (WARNING, "Batch batch_3", "has ended already: expired"),
    ]


def test_a_batch_that_is_not_found_yet_is_a_warning_and_no_answer_is_none() -> None:
    found = batches(
        a_report("batch_1", "validating"),
        BatchMissing(batch_id=BatchId("batch_2")),
    )
    assert [(level, about) for level, about, _ in found[1:]] == [
        (FINE, "Batch batch_1"),
        (WARNING, "Batch batch_2"),
        (UNCHECKED, "Batch batch_3"),
    ]
    assert found[1][2] == "is validating"
    assert found[3][2] == "no answer came"


def test_a_refused_key_is_an_error_and_the_only_thing_said() -> None:
    failed = LookUpFailed(batch_id=BatchId("batch_2"), error="401: replace it", credential_rejected=True)
    assert batches(a_report("batch_1"), failed) == [
        (ERROR, "OpenAI key", "secret 'openai' is refused: 401: replace it")
    ]


def test_one_answer_is_enough_to_show_that_the_key_reads_batches() -> None:
    failed = LookUpFailed(batch_id=BatchId("batch_2"), error="500")
    assert batches(a_report("batch_1"), failed)[0] == (FINE, "OpenAI key", "secret 'openai' reads batches")


def test_a_service_that_is_down_says_nothing_against_key_or_batch() -> None:
    failed = [LookUpFailed(batch_id=BatchId(f"batch_{number}"), error="500") for number in (1, 2, 3)]
    assert {level for level, _, _ in batches(*failed)} == {UNCHECKED}
