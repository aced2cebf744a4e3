"""What holds for all tests."""

from __future__ import annotations

import signal

# a shell that starts the tests in the background lets them, and every process of theirs, ignore Ctrl+C
signal.signal(signal.SIGINT, signal.default_int_handler)
