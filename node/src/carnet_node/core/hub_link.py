"""The hub as the core sees it: bytes out, bytes back, whatever carries them.

Decides the port only. `adapters/hub_client` speaks HTTP; a test or the simulator may be a hub itself. Every method
raises `HubUnreachable` when no usable answer came, which is harmless, and `HubRefused` when the hub said no.
"""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable


@dataclass(frozen=True, slots=True)
class FeedQuery:
    """What to ask the feed for.

    Attributes:
        cursor: position up to which the node has read.
        hub_epoch: 8 bytes; the hub's history the cursor belongs to.
        outcomes_after: position up to which outcomes of own sets are known.
        wait_s: seconds the hub may wait for news, 0 to 30.
    """

    cursor: int
    hub_epoch: bytes
    outcomes_after: int
    wait_s: int = 0


@runtime_checkable
class LookUpLink(Protocol):
    """A way to ask one hub for a car, while somebody waits."""

    async def card(self) -> bytes:
        """The signed hub card with a fresh challenge."""
        ...

    async def look_up(self, message: bytes) -> bytes:
        """The answer to a signed look-up."""
        ...


class HubLink(Protocol):
    """A way to one hub."""

    async def card(self) -> bytes:
        """The signed hub card with a fresh challenge."""
        ...

    async def enrol(self, request: bytes) -> bytes:
        """The answer to a signed enrolment request."""
        ...

    async def hello(self, message: bytes) -> bytes:
        """The answer to a signed hello."""
        ...

    async def push(self, token: bytes, batch: bytes) -> bytes:
        """The answers to a batch of sets."""
        ...

    async def offer(self, token: bytes, offer: bytes) -> bytes:
        """The answers to an offer of sets that a restored hub has lost."""
        ...

    async def feed(self, token: bytes, query: FeedQuery) -> bytes:
        """A signed page."""
        ...

    async def segment(self, token: bytes, sha256: bytes) -> bytes:
        """A segment of a recall list, or a step; its hash is not checked here."""
        ...

    async def recall_lists(self, token: bytes, since: int) -> bytes:
        """The signed manifest of the recall lists that changed behind a position; 0 for all."""
        ...
