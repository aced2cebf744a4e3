"""HTTP as the gateways need it."""

from teckochecker.adapters.transport.answer import Answer, Malformed
from teckochecker.adapters.transport.client import Endpoint, LastWord, Transport
from teckochecker.adapters.transport.slots import Slots

__all__ = ["Answer", "Endpoint", "LastWord", "Malformed", "Slots", "Transport"]
