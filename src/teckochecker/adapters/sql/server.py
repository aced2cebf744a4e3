"""Connections to a PostgreSQL server: none of them waits for ever, whatever becomes of the server or the way to it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

if TYPE_CHECKING:
    from psycopg import AsyncConnection

_POOLER: Final = "pooler"
"""`?pooler=transaction` in the address: the connections go through one that is handed on after each transaction."""

_IDLE: Final = "5s"
"""A process that stands still inside a transaction would keep its rows from all others for ever."""

_GRACE: Final = timedelta(seconds=5)
"""The server ends a statement first, so that it can say why; after so much longer it is taken for dead."""


def pooled(url: URL) -> bool:
    """Whether a session does not outlive a transaction on the way to this database."""
    return url.query.get(_POOLER) == "transaction"


def plain(url: URL) -> URL:
    """The address as the driver takes it."""
    return url.difference_update_query([_POOLER])


def on_the_wire(url: URL, patience: timedelta) -> dict[str, Any]:
    """How long a connection may take to be made, and how a dead one is noticed. What the address says, goes."""
    ours = {
        "connect_timeout": max(2, min(10, round(patience.total_seconds()))),
        "keepalives_idle": 30,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,
    }
    return {name: value for name, value in ours.items() if name not in url.query}


def connections(url: URL, patience: timedelta, **options: Any) -> AsyncEngine:
    """A pool of connections to the server. A statement, or a wait for a free connection, takes at most `patience`."""
    limits = {
        "statement_timeout": f"{round(patience.total_seconds() * 1000)}ms",
        "idle_in_transaction_session_timeout": _IDLE,
        "max_parallel_workers_per_gather": "0",  # to start them takes longer than any of our questions
    }
    arguments = on_the_wire(url, patience) | {"async_creator_fn": _patient(patience + _GRACE).connect}
    if pooled(url):
        # what is set for a session, or prepared in it, would be met by whoever gets the connection next
        arguments["prepare_threshold"] = None
    else:
        ours = " ".join(f"-c {name}={value}" for name, value in {"timezone": "utc", **limits}.items())
        theirs = url.query.get("options", "")
        arguments["options"] = f"{theirs} {ours}".strip() if isinstance(theirs, str) else ours
    engine = create_async_engine(
        url,
        pool_size=10,
        max_overflow=5,
        pool_timeout=patience.total_seconds(),
        pool_pre_ping=True,
        connect_args=arguments,
        **options,
    )
    if pooled(url):
        _keep_to_transactions(engine, limits)
    return engine


def _keep_to_transactions(engine: AsyncEngine, limits: dict[str, str]) -> None:
    told = ", ".join(f"set_config('{name}', '{value}', true)" for name, value in limits.items())

    @sa.event.listens_for(engine.sync_engine, "do_connect")
    def ours_alone(dialect: Any, record: Any, arguments: list[Any], options: dict[str, Any]) -> None:
        del options[_POOLER]

    @sa.event.listens_for(engine.sync_engine, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"SELECT {told}")


def _patient(longest: timedelta) -> type[AsyncConnection[Any]]:
    """Connections that give the server up when it leaves a question without any answer: keepalives tell of a dead
    machine, but not of a proxy that is alive and passes nothing on."""
    import psycopg

    class Patient(psycopg.AsyncConnection[Any]):
        async def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:  # noqa: ASYNC109 - psycopg's own
            try:
                return await super().wait(gen, interval, longest.total_seconds() if timeout is None else timeout)
            except psycopg.errors._WaitTimeout as silence:
                self.pgconn.finish()
                raise psycopg.OperationalError("it leaves questions unanswered") from silence

    return Patient
