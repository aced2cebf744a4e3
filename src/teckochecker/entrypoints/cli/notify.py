"""teckochecker notify …: whether people are reached, and what did not reach them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

from teckochecker.application.errors import Unavailable
from teckochecker.application.ports import Notice, Notifier
from teckochecker.domain.secret import Credential
from teckochecker.entrypoints import readers
from teckochecker.entrypoints.cli.answer import Answer, Refused
from teckochecker.entrypoints.cli.box import Section
from teckochecker.entrypoints.cli.place import parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.wire import notice_body

_TITLE: Final = "TeckoChecker: a test"
_BODY: Final = "Notices of this TeckoChecker arrive here."
_NONE: Final = (
    'NOTIFY_URLS is not set; it is a JSON list of apprise URLs, such as ["mailto://user:password@example.com"]'
)


async def send_test(*, url: str | None = None) -> Answer:
    """Send a test notice over every channel of NOTIFY_URLS. Exit code 1 if one does not take it.

    Parameters
    ----------
    url
        Try this apprise URL instead
    """
    from teckochecker.adapters.notifier import AppriseNotifier, channel_of

    urls: Sequence[Credential] = [readers.notify_url(url)] if url else settings().notify_urls
    if not urls:
        raise Refused(_NONE)
    notifier = AppriseNotifier.over(urls)
    await notifier.check()
    channels = dict.fromkeys(channel_of(one) for one in urls)
    errors = await asyncio.gather(*(_error(notifier, channel) for channel in channels))
    found = dict(zip(channels, errors, strict=True))
    body = {
        "ok": not any(errors),
        "channels": [{"channel": channel, "error": error} for channel, error in found.items()],
    }

    def show(screen: Screen) -> None:
        for channel, error in found.items():
            if error:
                screen.say(f"{screen.sign('✗', 'FAILED')} {plain(error)}", "red")
            else:
                screen.done(f"{plain(channel)} took the notice")

    return Answer(body, show, 1 if any(errors) else 0)


async def show_all() -> Answer:
    """List the notices that wait or were given up, the latest first."""
    async with parts() as container:
        notices = await container.notices().undelivered()
    return Answer({"notices": [notice_body(notice) for notice in notices]}, lambda screen: _table(screen, notices))


async def _error(notifier: Notifier, channel: str) -> str | None:
    try:
        await notifier.deliver(channel, _TITLE, _BODY, good=True)
    except Unavailable as error:
        return str(error)
    return None


def _table(screen: Screen, notices: Sequence[Notice]) -> None:
    if not notices:
        screen.say("Every notice was delivered")
        return
    rows = [
        (
            str(notice.id),
            plain(str(notice.event), 200),
            plain(notice.channel),
            f"{notice.attempts}",
            "given up" if notice.given_up else screen.time(notice.due_at),
            plain(notice.last_error or "-", 200),
        )
        for notice in notices
    ]
    head = ("ID", "What happened", "Channel", "Tried", f"Next ({screen.zone_name})", "Last error")
    screen.box(Section("Undelivered Notices", rows, head))
