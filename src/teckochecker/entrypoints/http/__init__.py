"""The HTTP door: the REST API, its description and its pages. It is loaded by `teckochecker start` alone."""
