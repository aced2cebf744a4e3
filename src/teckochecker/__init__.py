"""Watches OpenAI batches and starts one Keboola run when the last of them has ended."""
