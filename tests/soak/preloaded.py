"""What an instance loads while it starts, loaded once in the process that all of them are forked from."""

import gc

import aiosqlite  # noqa: F401
import prometheus_client  # noqa: F401
import psycopg  # noqa: F401
import sqlalchemy.dialects.postgresql  # noqa: F401

import teckochecker.adapters.cipher
import teckochecker.adapters.keboola
import teckochecker.adapters.logs
import teckochecker.adapters.metrics
import teckochecker.adapters.notifier
import teckochecker.adapters.openai
import teckochecker.adapters.sql.wakeups
import teckochecker.adapters.sql.work
import teckochecker.adapters.tracing
import teckochecker.adapters.transport  # noqa: F401
import tests.soak.program  # noqa: F401

gc.freeze()  # a collection would otherwise copy in each process what all of them share
