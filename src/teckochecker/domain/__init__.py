"""The rules, pure: jobs, batches, triggers, and when what may happen. Only attrs and the standard library."""
