"""The use cases, the watching and the triggering: what happens in which order, through ports alone."""
