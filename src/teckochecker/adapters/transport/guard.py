"""Addresses from outside may name hosts, never this machine or the operator's own network.

The guard sees the very address that is about to be dialled, whichever name, number or answer of a name server led
to it, so nothing can be swapped between the check and the connection.
"""

from __future__ import annotations

import socket
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

_UNICAST6: Final = IPv6Network("2000::/3")
_NAT64: Final = IPv6Network("64:ff9b::/96")
_AZURE_AGENT: Final = IPv4Address("168.63.129.16")  # answers inside every Azure machine although it looks public


class PrivateAddress(OSError):
    """The address belongs to this machine or to a network that is not the public one."""


def is_public(text: str) -> bool:
    """Whether everybody reaches the same host at this IP address. IPv4 hidden in IPv6 counts as what it hides.

    Raises:
        ValueError: it is no IP address.
    """
    address = ip_address(text.partition("%")[0])
    if isinstance(address, IPv6Address):
        if address.teredo is not None:
            return False
        hidden = address.ipv4_mapped or address.sixtofour or _behind_nat64(address)
        if hidden is None:
            return address in _UNICAST6 and address.is_global
        address = hidden
    return address.is_global and not address.is_multicast and not address.is_reserved and address != _AZURE_AGENT


def guarded_socket(info: tuple[Any, ...]) -> socket.socket:
    """A socket for this dial.

    Raises:
        PrivateAddress: the address is not public.
    """
    family, kind, protocol, _, address = info
    if not is_public(address[0]):
        raise PrivateAddress("a private address")  # one text for all, so that several refusals stay this error
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    return made


def _behind_nat64(address: IPv6Address) -> IPv4Address | None:
    return IPv4Address(int(address) & 0xFFFFFFFF) if address in _NAT64 else None
