"""teckochecker start: the API and the watching, in the foreground, in the background, or anew after each change."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from socket import socket
from typing import Any, Final, TextIO

from attrs import evolve

from teckochecker.application.errors import WrongKey
from teckochecker.domain.errors import InvalidValue, TeckoCheckerError
from teckochecker.entrypoints.cli.answer import Answer, Misused, Refused, as_json, complain, print_json
from teckochecker.entrypoints.cli.foreground import hear_signals, keep_what_is_loaded, logging, writer
from teckochecker.entrypoints.cli.options import Flag, Port
from teckochecker.entrypoints.cli.pidfile import PidFile
from teckochecker.entrypoints.cli.place import database_file, dotenv, make_apart, mount_advice, parts, settings
from teckochecker.entrypoints.cli.screen import Screen, plain
from teckochecker.entrypoints.settings import Settings, SettingsError

FAULTY_SETTINGS: Final = 78
"""The exit code of a `start` that only another setting helps; a service manager must not try again."""


def start(
    *,
    host: str | None = None,
    port: Port | None = None,
    reload: Flag = False,
    daemon: Flag = False,
    no_watch: Flag = False,
    init: Flag = False,
) -> Answer:
    """Start the API server and the watching, until interrupted (SIGINT or SIGTERM); what is in hand is finished first.

    A second signal ends it at once. SIGHUP opens the log file anew. Exit code 78: a setting is at fault.

    Parameters
    ----------
    host
        Address to listen on, instead of API_HOST
    port
        Port to listen on, instead of API_PORT; 0 takes a free one
    reload
        Start anew whenever the program or .env changes
    daemon
        Go on in the background, and return as soon as it answers
    no_watch
        Serve the API alone; another instance watches
    init
        Make .env with a fresh SECRET_KEY first, if there is none
    """
    if reload and daemon:
        raise Misused("--reload is for the foreground; leave out --daemon")
    try:
        if init:
            from teckochecker.entrypoints.cli.setup import make_env

            make_env()
        known = settings()
        known = evolve(known, api_host=host or known.api_host, api_port=known.api_port if port is None else port)
        if not known.secret_key and not dotenv().exists():
            raise SettingsError(
                f"There is no SECRET_KEY, and no .env in {dotenv().parent}; "
                "make one with: teckochecker init --create-env, or let it be made by: teckochecker start --init"
            )
        known.keys()
        if reload:
            from teckochecker.entrypoints.cli.reload import reloading

            options = ("--host", known.api_host, "--port", str(known.api_port), *(["--no-watch"] if no_watch else ()))
            return reloading(*options)
        return _start(known, daemon=daemon, watch=not no_watch)
    except (InvalidValue, WrongKey) as error:
        complain(error, FAULTY_SETTINGS)
        return Answer({}, None, FAULTY_SETTINGS)


def _start(known: Settings, *, daemon: bool, watch: bool) -> Answer:
    with ExitStack() as stack:
        doors = _doors(known)
        for door in doors:
            stack.enter_context(door)
        known = evolve(known, api_port=doors[0].getsockname()[1])
        if daemon:
            return _in_background(known, doors, watch=watch)
        _work(known, doors, watch=watch, ready=partial(_say_ready, known))
    return Answer({"message": "Stopped", "success": True}, None)


def _in_background(known: Settings, doors: Sequence[socket], *, watch: bool) -> Answer:
    """The same as a daemon. It returns twice: from the parent once the daemon answers, from the daemon at its end."""
    from teckochecker.entrypoints.cli.daemon import Child, detach

    known = evolve(known, log_file=known.log_file or _home(known) / "teckochecker.log")
    log = known.log_file or Path()
    pid_file = PidFile.take(_pid_file(known))
    side = detach(log)
    if isinstance(side, Child):
        pid_file.close()
        return _told_by(side.word(), known, log)
    pid_file.write()
    try:
        with open(os.devnull, "w", encoding="utf-8") as nowhere:
            _work(known, doors, watch=watch, ready=lambda: side.tell({"pid": os.getpid()}), stream=nowhere)
    except TeckoCheckerError as error:
        faulty = isinstance(error, InvalidValue | WrongKey)
        side.tell({"error": str(error), "exit_code": FAULTY_SETTINGS if faulty else 1})
        raise
    finally:
        pid_file.remove()
    return Answer({}, None)


def _told_by(word: Mapping[str, Any] | None, known: Settings, log: Path) -> Answer:
    from teckochecker.entrypoints.cli.daemon import await_health
    from teckochecker.entrypoints.http.server import reachable

    if word is None:
        raise Refused(f"The daemon ended before it was ready; {log} says why")
    if "error" in word:
        complain(Refused(word["error"]), word["exit_code"])
        return Answer({}, None, word["exit_code"])
    address = reachable(known.api_host, known.api_port)
    await_health(address, log)
    body = {"message": "TeckoChecker daemon started", "success": True, "address": address, "pid": word["pid"]}

    def show(screen: Screen) -> None:
        screen.done(f"TeckoChecker daemon started (pid {word['pid']})")
        _show_address(screen, known, address)
        screen.say(f"Its log is {plain(str(log))}; stop it with: teckochecker stop")

    return Answer({**body, "log_file": str(log)}, show)


def _work(
    known: Settings,
    doors: Sequence[socket],
    *,
    watch: bool,
    ready: Callable[[], None],
    stream: TextIO | None = None,
) -> None:
    """Serve until stopped, on the quickest event loop there is."""
    make_apart(known)
    try:
        import uvloop
    except ImportError:
        quickest = None
    else:
        quickest = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=quickest) as runner:
        runner.run(_serve(known, doors, watch=watch, ready=ready, stream=stream))


async def _serve(
    known: Settings, doors: Sequence[socket], *, watch: bool, ready: Callable[[], None], stream: TextIO | None
) -> None:
    from teckochecker.adapters.logs import get_logger
    from teckochecker.adapters.systemd import Supervisor
    from teckochecker.entrypoints.http.server import address, serve
    from teckochecker.entrypoints.library import TeckoChecker

    at = address(known.api_host, known.api_port)

    def answers() -> None:
        get_logger("teckochecker").info(
            f"Serving at {at}{', watching' if watch else ''} the jobs of {plain(known.database_shown)}"
        )
        ready()
        keep_what_is_loaded()

    with logging(known, stream) as logs:
        async with parts(known) as container:
            TeckoChecker(container).keep_secret(logs.redactor.register)
            container.publisher().add(writer())
            hear_signals(container.stopping(), logs)
            await serve(
                container,
                doors,
                at=at,
                watch=watch,
                ready=answers,
                supervisor=Supervisor.of(os.environ, os.getpid()),
            )


def _doors(known: Settings) -> Sequence[socket]:
    from teckochecker.entrypoints.http.server import CannotServe, listen

    try:
        return listen(known.api_host, known.api_port)
    except CannotServe:
        if pid := PidFile.holder(_pid_file(known)):
            raise Refused(
                f"TeckoChecker runs on port {known.api_port} already, as a daemon (pid {pid}); "
                "stop it first with: teckochecker stop"
            ) from None
        raise


def _home(known: Settings) -> Path:
    """Where a daemon keeps its files: beside its database, or where it was started if that is no file."""
    file = database_file(known)
    return file.parent if file else Path.cwd()


def _pid_file(known: Settings) -> Path:
    return _home(known) / f"teckochecker-{known.api_port}.pid"


def _say_ready(known: Settings) -> None:
    from teckochecker.entrypoints.http.server import reachable

    address = reachable(known.api_host, known.api_port)
    if as_json.get():
        print_json({"address": address, "pid": os.getpid()}, sys.stdout, lines=True)
        return
    screen = Screen.on(sys.stdout)
    screen.done(f"TeckoChecker runs at {address}; stop it with Ctrl-C")
    _show_address(screen, known, address)
    sys.stdout.flush()


def _show_address(screen: Screen, known: Settings, address: str) -> None:
    from teckochecker.entrypoints.http.access.surroundings import who_comes_in

    screen.say(f"Web pages: {address}/web   Documentation: {address}/docs and {address}/redoc")
    screen.say(who_comes_in(known))
    if advice := mount_advice(known):
        screen.say(advice)
