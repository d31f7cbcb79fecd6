"""How often somebody may ask: a bucket for each caller that fills at a steady rate.

Decides whether a request goes on and how long to wait otherwise. Does not decide who a caller is. One process keeps its
own buckets, so a hub with several workers gives each its share; a restart begins with full ones. Threads of one process
take from a pace in turn, which its owner sees to.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from math import ceil

from carnet_hub.core.regulator_limits import PACES_KEPT_MAX, PROBLEM_WAIT_S_MAX

_MINUTE_MS = 60_000
_IPV6_HOUSEHOLD = 64

Address = IPv4Address | IPv6Address


class Pace:
    """The buckets of one sort of callers, at most `PACES_KEPT_MAX` of them.

    Attributes:
        at_once: what a full bucket holds; a share of it where several workers answer.
    """

    def __init__(self, *, per_minute: int, at_once: int, workers: int = 1) -> None:
        self._per_ms = per_minute / workers / _MINUTE_MS
        self.at_once = max(at_once // workers, 1)
        self._left: dict[str, tuple[float, int]] = {}

    def take(self, caller: str, now_ms: int) -> int:
        """Let a request through, or say how long to wait.

        Args:
            now_ms: a clock that was set back refills nothing and takes nothing.

        Returns: 0 for a request that goes on, else seconds.
        """
        left, seen_ms = self._left.pop(caller, (float(self.at_once), now_ms))
        left = min(left + max(now_ms - seen_ms, 0) * self._per_ms, float(self.at_once))
        is_free = left >= 1
        self._left[caller] = (left - 1 if is_free else left, now_ms)
        while len(self._left) > PACES_KEPT_MAX:
            self._left.pop(next(iter(self._left)))
        return 0 if is_free else min(ceil((1 - left) / self._per_ms / 1000), PROBLEM_WAIT_S_MAX)


def parse_address(text: str) -> Address | None:
    """The address of a caller; None for what is none, such as a name."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def household(text: str) -> str:
    """Under which name an address has its pace: an IPv6 household has a whole network of addresses."""
    address = parse_address(text)
    if isinstance(address, IPv6Address):
        return str(ip_network((address, _IPV6_HOUSEHOLD), strict=False))
    return str(address or "")
