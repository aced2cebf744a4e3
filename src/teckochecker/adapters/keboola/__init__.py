"""Keboola: its queue, where runs are started and found again, and its Storage with tokens and configurations."""

from teckochecker.adapters.keboola.queue import KeboolaQueue
from teckochecker.adapters.keboola.storage import KeboolaStorage

__all__ = ["KeboolaQueue", "KeboolaStorage"]
