"""Ports made real, one foreign library a room."""
