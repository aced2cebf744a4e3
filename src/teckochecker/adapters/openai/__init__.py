"""OpenAI's batch API, and services that speak like it."""

from teckochecker.adapters.openai.batches import OpenAIBatches

__all__ = ["OpenAIBatches"]
