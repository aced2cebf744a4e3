"""The doors, and the container in which everything meets."""
