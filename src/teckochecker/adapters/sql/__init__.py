"""Storage in SQLite or PostgreSQL: one text of statements for both.

    engine = open_engine("sqlite:///teckochecker.db")
    await upgrade(engine)
    async with SqlWakeups(engine) as wakeups:
        store = SqlStore(engine, clock, publisher, wakeups)

Import each name from the room it stands in: a command that only reads needs no migrations.
"""

from teckochecker.adapters.sql.lean import without_orm

without_orm()
