"""A request that goes no further than the gate."""

from __future__ import annotations


class Turned(Exception):
    """Turned away, with the status and the sentence of the answer; `retry_after` are seconds."""

    def __init__(self, status: int, sentence: str, *, retry_after: int | None = None) -> None:
        super().__init__(sentence)
        self.status = status
        self.retry_after = retry_after
