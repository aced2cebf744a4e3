"""HTTP as the gateways need it."""

from teckochecker.adapters.transport.answer import Answer, Malformed
from teckochecker.adapters.transport.client import Endpoint, LastWord, Transport

__all__ = ["Answer", "Endpoint", "LastWord", "Malformed", "Transport"]
