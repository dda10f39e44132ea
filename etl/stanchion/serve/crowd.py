"""Counts open connections of clients, and refuses those beyond the limits."""

from __future__ import annotations

import resource
from collections import Counter
from ipaddress import ip_address, ip_network

_RESERVED = 200  # files that the server itself needs


class Crowd:
    """The open connections of a process, and how many each address has.

    The addresses of proxies have no limit of their own: all clients arrive from there.
    """

    def __init__(self, most: int, most_of_address: int, proxies: tuple[str, ...]) -> None:
        self._most, self._most_of_address, self._networks = (
            most,
            most_of_address,
            [ip_network(each) for each in proxies],
        )
        self._open: Counter[str] = Counter()
        self.size = 0
        self.refused = 0

    def enter(self, address: str) -> bool:
        """Count a new connection, or return False when there are too many."""
        full = self.size >= self._most
        if full or (self._open[address] >= self._most_of_address and not self._is_proxy(address)):
            self.refused += 1
            return False
        self._open[address] += 1
        self.size += 1
        return True

    def _is_proxy(self, address: str) -> bool:
        found = ip_address(address)
        return any(found in each for each in self._networks)

    def leave(self, address: str) -> None:
        """Forget a connection that was counted."""
        self.size -= 1
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def most_connections() -> int:
    """Raise the limit of open files to what the system allows, and return how many connections it leaves."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return max(1, (1_000_000 if hard == resource.RLIM_INFINITY else hard) - _RESERVED)
