"""What holds for all tests."""

from __future__ import annotations

import signal
from collections.abc import Iterator

import pytest

from tests.processes import begin_a_test, end_those_of_this_test

# a shell that starts the tests in the background lets them, and every process of theirs, ignore Ctrl+C
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """A test that failed, or was interrupted, leaves no process behind either."""
    begin_a_test()
    yield
    end_those_of_this_test()
