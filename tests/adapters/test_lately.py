from __future__ import annotations

from teckochecker.adapters.clock import ManualClock
from teckochecker.adapters.lately import KEPT, Lately
from teckochecker.adapters.metrics import Metrics
from tests.builders import AT, HOUR, MINUTE


async def test_checks_are_counted_by_the_minute_with_the_latest_of_them() -> None:
    clock = ManualClock(AT)
    lately = Lately(Metrics("1"), clock)
    lately.late([0.5, 2.0])
    lately.late([1.0])
    await clock.advance(2 * MINUTE)
    lately.late([0.25])
    assert [(minute.checks, minute.worst) for minute in lately.hour[-3:]] == [(3, 2.0), (0, 0.0), (1, 0.25)]


async def test_an_hour_is_remembered_and_no_more() -> None:
    clock = ManualClock(AT)
    lately = Lately(Metrics("1"), clock)
    lately.late([3.0])
    assert len(lately.hour) == KEPT
    await clock.advance(HOUR - MINUTE)
    assert lately.hour[0].checks == 1
    await clock.advance(MINUTE)
    assert sum(minute.checks for minute in lately.hour) == 0


def test_everything_is_handed_on() -> None:
    metrics = Metrics("1")
    lately = Lately(metrics, ManualClock(AT))
    lately.late([1.5])
    lately.holding("trigger", 7)
    with lately.span("call", service="openai", method="GET"):
        pass
    told = metrics.exposition({}).decode()
    assert "teckochecker_check_lateness_seconds_sum 1.5" in told
    assert 'teckochecker_leases{kind="trigger"} 7.0' in told
    assert 'teckochecker_calls_total{method="GET",service="openai",status="none"} 1.0' in told
