"""Which addresses a call to another system may go to: those of the public internet, and what a setting names besides.

This file does not resolve names, and opens nothing.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")  # RFC 6052: an IPv4 address in its last 32 bits


def named(text: str) -> tuple[str, ...]:
    """The networks and host names of a setting, which are separated by commas."""
    return tuple(part.strip() for part in text.split(",") if part.strip())


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be called beyond the public internet: networks, host names, or everything."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()
    everything: bool = False

    @staticmethod
    def read(names: Iterable[str]) -> Allowed:
        """From texts such as `10.1.0.0/16`, `billing.internal`, `*`. Raises ValueError for an empty one."""
        networks: list[Network] = []
        hosts: set[str] = set()
        for name in names:
            if not name.strip():
                raise ValueError("an empty text is neither a network nor a host name")
            try:
                networks.append(ipaddress.ip_network(name.strip()))
            except ValueError:
                if "/" in name:
                    raise
                hosts.add(name.strip().rstrip(".").lower())
        return Allowed(tuple(networks), frozenset(hosts - {"*"}), "*" in hosts)

    def permits(self, host: str, address: Address) -> bool:
        """Whether this address may be called under this name."""
        if self.everything or host.rstrip(".").lower() in self.hosts:
            return True
        if any(inner.version == net.version and inner in net for inner in _meant(address) for net in self.networks):
            return True
        return all(inner.is_global and not inner.is_multicast for inner in _meant(address))


def _meant(address: Address) -> tuple[Address, ...]:
    """The address, and what it leads to where it wraps one of the older kind."""
    if isinstance(address, ipaddress.IPv4Address):
        return (address,)
    inner = address.ipv4_mapped or address.sixtofour
    if inner is None and address in _TRANSLATED:
        inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.ipv4_mapped is not None or address in _TRANSLATED:
        assert inner is not None
        return (inner,)
    return (address,) if inner is None else (address, inner)
