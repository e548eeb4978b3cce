"""Which addresses our server may ask on behalf of somebody who typed one."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.ip_network("64:ff9b::/96")


def networks(named: str) -> tuple[Network, ...]:
    """Networks as an admin writes them, with commas: "10.1.0.0/16, fd00:1::/64". Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in named.split(",") if part.strip())


def reachable(address: str, allowed: Sequence[Network]) -> bool:
    """Whether a server at this numeric address may be asked: it is public, or in one of the allowed networks."""
    found = _inner(ipaddress.ip_address(address.partition("%")[0]))
    if any(found in network for network in allowed):
        return True
    return found.is_global and not found.is_multicast


def _inner(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does: the packets end up there."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def acceptable(url: str, allowed: Sequence[Network] = ()) -> bool:
    """Whether a password may be sent there: over TLS, or to this very machine where that is allowed."""
    try:
        parts = urlsplit(url)
        # Reading the port checks it.
        whole = parts.hostname is not None and parts.port != 0
    except ValueError:
        return False
    if not whole or parts.username or parts.password:
        return False
    if parts.scheme == "https":
        return True
    at_home = parts.hostname in ("127.0.0.1", "::1", "localhost")
    return parts.scheme == "http" and at_home and any(network.is_loopback for network in allowed)
