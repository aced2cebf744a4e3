from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from teckochecker.entrypoints.http.web import words
from tests.builders import AT

PRAGUE = ZoneInfo("Europe/Prague")


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (5100, "1 h 25 min"),
        (7200, "2 h"),
        (86400, "1 day"),
        (187200, "2 days 4 h"),
    ],
)
def test_a_duration_is_said_in_its_two_largest_units(seconds: int, said: str) -> None:
    assert words.duration(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(("seconds", "said"), [(48, "0:48"), (730, "12:10"), (3723, "1:02:03"), (-5, "0:00")])
def test_a_countdown_ends_at_zero(seconds: int, said: str) -> None:
    assert words.countdown(timedelta(seconds=seconds)) == said


@pytest.mark.parametrize(
    ("days", "said"), [(0, "13:00"), (-1, "Sun 13:00"), (-6, "30 Dec 2025"), (-5, "Wed 13:00"), (20, "25 Jan 13:00")]
)
def test_a_moment_is_told_in_the_viewers_zone_with_as_much_as_tells_it_apart(days: int, said: str) -> None:
    assert words.clock(AT + timedelta(days=days), AT, PRAGUE) == said


def test_behind_every_moment_stands_the_exact_time_in_utc() -> None:
    assert words.exact(AT.astimezone(PRAGUE)) == "2026-01-05 12:00:00 UTC"


@pytest.mark.parametrize(
    ("done", "total", "said"), [(0, 0, "0 %"), (999, 1000, "99 %"), (1000, 1000, "100 %"), (1, 3, "33 %")]
)
def test_a_hundred_percent_means_all(done: int, total: int, said: str) -> None:
    assert words.percent(done, total) == said


def test_short_ids_stay_whole_and_long_ones_keep_both_ends() -> None:
    assert words.shortened("batch_abc123") == "batch_abc123"
    assert words.shortened("batch_68fb922a7cac8190b4b219404737cdf6") == "batch_68fb922a…4737cdf6"


def test_plurals_and_intervals() -> None:
    assert [words.plural(count, "batch", "batches") for count in (1, 2)] == ["1 batch", "2 batches"]
    assert [words.every(timedelta(seconds=seconds)) for seconds in (120, 90)] == ["every 2 min", "every 90 s"]
