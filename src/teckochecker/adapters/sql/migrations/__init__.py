"""The schema's history, and the way to its newest state."""

from teckochecker.adapters.sql.migrations.upgrade import LATEST, upgrade

__all__ = ["LATEST", "upgrade"]
