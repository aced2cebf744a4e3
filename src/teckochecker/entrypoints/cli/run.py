"""teckochecker run and simulate: what works in the foreground until it is interrupted."""

from __future__ import annotations

import asyncio
import sys

from teckochecker.entrypoints.cli.answer import Answer, Refused, as_json
from teckochecker.entrypoints.cli.foreground import hear_signals, keep_what_is_loaded, logging, writer
from teckochecker.entrypoints.cli.options import Number, Port
from teckochecker.entrypoints.cli.place import library, mount_advice, settings
from teckochecker.entrypoints.cli.screen import Screen, plain


async def run() -> Answer:
    """Watch and trigger in the foreground until interrupted (SIGINT or SIGTERM), finishing what is in hand.

    A second signal ends it at once: whoever runs next takes over where it stood.
    """
    known = settings()
    known.keys()
    from teckochecker.adapters.logs import get_logger

    stop = asyncio.Event()
    with logging(known) as logs:
        hear_signals(stop, logs)
        async with library() as checker:
            checker.keep_secret(logs.redactor.register)
            checker.subscribe(writer())
            log = get_logger("teckochecker")
            log.info(f"Watching the jobs of {plain(known.database_shown)}; stop with Ctrl-C")
            if advice := mount_advice(known):
                log.warning(plain(advice))
            keep_what_is_loaded()
            await checker.run(stop)
    return Answer({"message": "Stopped", "success": True}, None)


async def simulate(
    *,
    openai_port: Port = 0,
    keboola_port: Port = 0,
    timescale: Number = 1.0,
) -> Answer:
    """Run stand-in OpenAI and Keboola servers with five batches, until interrupted.

    Parameters
    ----------
    openai_port
        Port on the loopback address; 0 takes a free one
    keboola_port
        Port on the loopback address; 0 takes a free one
    timescale
        The last batch ends after 60 seconds times this
    """
    from teckochecker.entrypoints.simulator import simulate as serve

    announce = (lambda _: None) if as_json.get() else Screen.on(sys.stdout).say
    try:
        await serve(openai_port, keboola_port, announce, timescale=timescale)
    except OSError as error:
        raise Refused(f"The simulator cannot listen: {plain(str(error))}; name other ports") from error
    return Answer({}, None)
