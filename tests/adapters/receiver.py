"""Somebody who is told: a real HTTP server on loopback that keeps what it was sent."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field


@define(eq=False)
class Receiver:
    """Takes what apprise posts as JSON. `status` is its answer; while `held` is clear it does not answer."""

    port: int = 0
    status: int = 200
    got: list[dict[str, Any]] = field(factory=list)
    held: threading.Event = field(factory=threading.Event)
    arrived: threading.Semaphore = field(factory=lambda: threading.Semaphore(0))

    @property
    def url(self) -> str:
        """The address that apprise is given, with a secret in it."""
        return f"json://user:{PASSWORD}@127.0.0.1:{self.port}/hook/{TOKEN}"


PASSWORD = "correct-horse"
TOKEN = "T0123456789abcdef"


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that answers at once."""
    receiver = Receiver()
    receiver.held.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            receiver.got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            receiver.arrived.release()
            receiver.held.wait(30)
            self.send_response(receiver.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quietly."""

        def handle(self) -> None:
            try:
                super().handle()
            except ConnectionError:
                return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_port
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield receiver
        finally:
            receiver.held.set()
            server.shutdown()
            serving.join()
