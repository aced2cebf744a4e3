"""Notices over whatever apprise speaks: mail, chat, web hooks. It is loaded when the first one is sent.

apprise waits for the network in the thread that calls it. Each delivery gets a thread of its own, which nobody
waits for beyond the deadline and which keeps no process from ending.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Final, Self

from attrs import field, frozen

from teckochecker.application.errors import Unavailable
from teckochecker.domain.errors import InvalidValue
from teckochecker.domain.secret import Credential
from teckochecker.domain.values import cleaned

if TYPE_CHECKING:
    from apprise import NotifyBase

_WITH_HOST: Final = frozenset(["json", "jsons", "xml", "xmls", "form", "forms", "mailto", "mailtos", "http", "https"])
_SHORTEST: Final = 8  # a shorter part is no token, and hiding it would eat into everything
_CODE: Final = re.compile(r"\berror\s*=\s*([0-9]{3})\b")


def channel_of(url: Credential) -> str:
    """What stands for a URL wherever it is shown: scheme and host, and a few signs that tell like ones apart.

    Of many services the place of the host holds a token, so it is shown of those alone that really have one there.
    """
    text = url.reveal()
    scheme, _, rest = text.partition("://")
    host = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2] if scheme.lower() in _WITH_HOST else ""
    return f"{scheme.lower()}://{cleaned(host, 100)}#{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def secrets_in(url: Credential) -> Iterator[Credential]:
    """Whatever must stay out of the log: the URL, and the parts of it that may be tokens."""
    yield url
    for part in re.split(r"[/?#&=:@]", url.reveal().partition("://")[2]):
        if len(part) >= _SHORTEST and "." not in part:
            yield Credential(part)


class _Heard(logging.Handler):
    """What apprise logs in this thread: the only place where it says why it failed."""

    def __init__(self) -> None:
        super().__init__()
        self._thread = threading.get_ident()
        self.code: str | None = None

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread and (found := _CODE.search(record.getMessage())):
            self.code = found[1]


@frozen(eq=False)
class AppriseNotifier:
    """A Notifier over these URLs, which are as secret as what they hold. `deadline` is in seconds."""

    _urls: Mapping[str, Credential] = field(repr=False)
    deadline: float = 15.0

    @classmethod
    def over(cls, urls: Iterable[Credential]) -> Self:
        """A notifier with a channel for each URL."""
        return cls({channel_of(url): url for url in urls})

    async def check(self) -> None:
        """Make sure that apprise understands every URL, or raise InvalidValue."""
        for channel, url in self._urls.items():
            await asyncio.to_thread(_service, channel, url)

    async def deliver(self, channel: str, title: str, body: str, *, good: bool = False) -> None:
        """Hand a message over, or raise Unavailable."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[str | None] = loop.create_future()

        def answer(error: str | None) -> None:
            if not done.done():
                done.set_result(error)

        def send() -> None:
            try:
                error = _sent(channel, self._urls[channel], title, body, good)
            except (OSError, ValueError, InvalidValue) as failed:
                error = f"The notice could not be handed to {channel} ({type(failed).__name__})"
            if not loop.is_closed():
                loop.call_soon_threadsafe(answer, error)

        threading.Thread(target=send, name="notice", daemon=True).start()
        try:
            error = await asyncio.wait_for(done, self.deadline)
        except TimeoutError as late:
            raise Unavailable(f"{channel} did not take the notice within {self.deadline:g} s") from late
        if error:
            raise Unavailable(error)


def _service(channel: str, url: Credential) -> NotifyBase:
    import apprise

    service = apprise.Apprise.instantiate(url.reveal(), suppress_exceptions=True)
    if not isinstance(service, apprise.NotifyBase):
        raise InvalidValue(f"NOTIFY_URLS: {channel} is no address that apprise understands", field="NOTIFY_URLS")
    return service


def _sent(channel: str, url: Credential, title: str, body: str, good: bool) -> str | None:
    """Send it from this thread. Returns what went wrong, in our own words."""
    import apprise

    kind = apprise.NotifyType.SUCCESS if good else apprise.NotifyType.FAILURE
    heard, log = _Heard(), logging.getLogger("apprise")
    log.addHandler(heard)
    try:
        taken = _service(channel, url).notify(title=title, body=body, notify_type=kind, body_format="text")
    finally:
        log.removeHandler(heard)
    if taken:
        return None
    return f"{channel} {f'answered {heard.code}' if heard.code else 'did not take the notice'}"
