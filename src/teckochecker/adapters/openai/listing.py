"""The list of a credential's batches: one page of it answers for a hundred of them.

The list is believed where it says that a batch still goes on. An end that it tells of, and whatever it leaves out,
is asked for singly. Lists of some services lag behind for ever: one that still shows a batch under way that has
ended, or that is no list, is left alone for a while.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import define, evolve, field, frozen

from teckochecker.adapters.converter import moment
from teckochecker.adapters.openai.report import read_report
from teckochecker.adapters.openai.verdict import judge
from teckochecker.adapters.transport import Answer, Malformed
from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Clock
from teckochecker.domain.batch import BatchReport, Looked, LookUpFailed
from teckochecker.domain.values import BatchId

WORTH: Final = 3
"""A page that answers for fewer batches costs more than asking for them."""

MOST_MISSES: Final = 5
"""Pages of one look-up that were not worth it, before the rest is asked for singly."""

_PROBED: Final = 20  # a list that has proved itself is still held against one batch in so many look-ups
_HOUR: Final = 3600.0
_WHILE: Final = 300.0


@define
class Trust:
    """What is known of the list at one address. It is proved when an end that it told of was confirmed."""

    proved: bool = False
    left_alone_until: float = field(default=0.0, kw_only=True)
    look_ups: int = field(default=0, kw_only=True)

    @property
    def probing(self) -> bool:
        """One batch of this look-up is asked for as well, to hold the list against it."""
        return not self.proved or self.look_ups % _PROBED == 0

    def weigh(self, said_ended: bool, ended: bool, now: float) -> None:
        """A batch's own answer, beside what the list said right before."""
        if ended == said_ended:
            self.proved |= ended
        elif not ended or self.proved:  # it may have ended between the two
            self.proved = False
        else:
            self.left_alone_until = now + _HOUR


@frozen
class _Page:
    entries: Mapping[str, Mapping[str, Any]]
    last: str | None
    more: bool

    @classmethod
    def of(cls, answer: Answer) -> _Page:
        """Read a page.

        Raises:
            Malformed: it is no list of batches.
        """
        found = answer.json()
        data = found.get("data") if isinstance(found, dict) else None
        if not isinstance(data, list) or found.get("object", "list") != "list":
            raise Malformed(f"{answer.host} answered with something that is no list")
        entries = {entry["id"]: entry for entry in data if isinstance(entry, dict) and isinstance(entry.get("id"), str)}
        return cls(entries, next(reversed(entries), None), found.get("has_more") is True)


def created(answer: Answer) -> Sequence[datetime]:
    """When the batches of a page were created, in its order.

    Raises:
        Malformed: it is no list of batches.
    """
    known = (moment(entry.get("created_at")) for entry in _Page.of(answer).entries.values())
    return [at for at in known if at]


@define(eq=False)
class Listing:
    """One pass over the list for the batches of one look-up; afterwards `left` are those to be asked for singly.

    `ask` brings the page after a batch, the first one after None. `wanted` tells when each was created, where known.
    """

    ask: Callable[[str | None], Awaitable[Answer]]
    wanted: dict[BatchId, datetime | None]
    trust: Trust
    clock: Clock
    _singly: list[BatchId] = field(factory=list, init=False)
    _said_ended: dict[BatchId, bool] = field(factory=dict, init=False)

    @property
    def left(self) -> tuple[BatchId, ...]:
        """What the pages did not answer, or not for good."""
        return (*self._singly, *self.wanted)

    async def pages(self) -> AsyncGenerator[Sequence[Looked], None]:
        """Answers of the pages, from the newest batch on, as long as they are worth it.

        Where nothing wanted lies near, it goes on behind the newest wanted batch, which is asked for singly.
        """
        if len(self.wanted) < WORTH or self.clock.monotonic() < self.trust.left_alone_until:
            return
        self.trust.look_ups += 1
        misses, most_misses = 0, min(MOST_MISSES, 1 + len(self.wanted) // 10)
        cursor: str | None = None
        passed: set[str] = set()
        while len(self.wanted) >= WORTH and misses < most_misses:
            answer = await self._answer(cursor)
            if isinstance(answer, _Page):
                before = len(self.wanted)
                yield self._taken(answer)
                worth = before - len(self.wanted) >= WORTH
            else:
                yield answer
                return
            misses += not worth
            cursor = answer.last if worth else self._behind_the_newest() or answer.last
            if not answer.more or cursor is None or cursor in passed:
                return
            passed.add(cursor)

    def confirm(self, answers: Iterable[Looked]) -> None:
        """Hold the list against what batches said for themselves."""
        for answer in answers:
            said_ended = self._said_ended.get(answer.batch_id)
            if said_ended is not None and isinstance(answer, BatchReport):
                self.trust.weigh(said_ended, answer.status.terminal, self.clock.monotonic())

    async def _answer(self, cursor: str | None) -> _Page | Sequence[LookUpFailed]:
        """A page, or what its refusal means for all that is wanted."""
        try:
            answer = await self.ask(cursor)
        except Unavailable:
            return self._left_alone(_WHILE)
        if answer.status == 200:
            try:
                return _Page.of(answer)
            except Malformed:
                return self._left_alone(_HOUR)
        if answer.status == 429:
            return self._asked_to_slow_down(answer)
        if cursor is not None or answer.status == 401:  # an unknown cursor; a key that its batches judge better
            return ()
        return self._left_alone(_WHILE if answer.status >= 500 else _HOUR)

    def _left_alone(self, seconds: float) -> Sequence[LookUpFailed]:
        self.trust.left_alone_until = self.clock.monotonic() + seconds
        return ()

    def _asked_to_slow_down(self, answer: Answer) -> Sequence[LookUpFailed]:
        asked = self.left
        self._singly.clear()
        self.wanted.clear()
        looked = judge(answer, asked[0], self.clock.now()).looked
        return [evolve(looked, batch_id=batch_id) for batch_id in asked] if isinstance(looked, LookUpFailed) else ()

    def _taken(self, page: _Page) -> list[BatchReport]:
        """What the page says for good of the wanted batches."""
        reports: list[BatchReport] = []
        for name in self.wanted.keys() & page.entries.keys():
            entry = page.entries[name]
            if "created_at" not in entry or "request_counts" not in entry:
                continue  # a mere mention
            try:
                report = read_report(entry, name, "")
            except Malformed:
                continue
            if report.status.terminal:
                self._ask_singly(name, said_ended=True)
            else:
                del self.wanted[name]
                reports.append(report)
        if reports and self.trust.probing and False not in self._said_ended.values():
            probed = reports.pop(self.trust.look_ups % len(reports))
            self._ask_singly(probed.batch_id, said_ended=False)
        return reports

    def _ask_singly(self, batch_id: BatchId, *, said_ended: bool) -> None:
        self.wanted.pop(batch_id, None)
        self._singly.append(batch_id)
        self._said_ended[batch_id] = said_ended

    def _behind_the_newest(self) -> BatchId | None:
        """The newest wanted batch, where that is known. Of one moment, the later asked-for is taken as the later."""
        known = [(created, place, batch_id) for place, (batch_id, created) in enumerate(self.wanted.items()) if created]
        if not known:
            return None
        newest = max(known)[2]
        del self.wanted[newest]
        self._singly.append(newest)
        return newest
