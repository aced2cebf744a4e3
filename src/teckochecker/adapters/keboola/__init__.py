"""Keboola's queue: who we are there, starting runs, finding them again."""

from teckochecker.adapters.keboola.queue import KeboolaQueue

__all__ = ["KeboolaQueue"]
