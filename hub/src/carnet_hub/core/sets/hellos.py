"""What nodes last said of themselves: the one hello that is kept of each, its own signed word.

Decides how far such a word counts: of which history of the hub it is, up to where the node had read, when it was true
for certain, and whether a newer one takes its place. Does not answer a hello (`hello`), nor verify one again.

    a hello       was true when                                    takes the place of the one that is kept
    ------------  -----------------------------------------------  ---------------------------------------------------
    on the line   it came: it is signed on a challenge of ours     always
    by stick      the position was committed that its node had     if it is of the present history and that one is not;
                  read: a stick may lie in a drawer, and the       else if its chain, then its cursor, is further on
                  node's clock be wrong in either direction

Rules:
- A word of another history says nothing of this one: what was sent in it may be lost, and is offered again.
- A hello without a challenge came by stick.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from carnet_hub.core.cursors import position_of
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import HelloRow
from carnet_protocol import cbor
from carnet_protocol.envelope import read_envelope
from carnet_protocol.hello import HelloRequest


@dataclass(frozen=True, slots=True)
class Said:
    """A node's kept hello.

    Attributes:
        is_present: it was said in the hub's present history.
    """

    row: HelloRow
    request: HelloRequest
    is_present: bool

    @property
    def is_by_stick(self) -> bool:
        """Whether it came without a line."""
        return is_by_stick(self.request)

    @property
    def read_to(self) -> int:
        """The last log position that the node had wholly read; 0 when it speaks of another history."""
        return max(0, position_of(self.request.cursor + 1) - 1) if self.is_present else 0


def is_by_stick(request: HelloRequest) -> bool:
    """Whether a hello came without a line."""
    return not request.challenge


def kept_hellos(hub: Hub, rows: Iterable[HelloRow]) -> dict[bytes, Said]:
    """What some nodes last said, by node; read without checking signatures a second time."""
    found = {}
    for row in rows:
        request = cbor.decode_frame(read_envelope(row.message).payload, HelloRequest)
        found[row.node_id] = Said(row, request, request.hub_epoch == hub.hub_epoch)
    return found


def quiet_since(hub: Hub, snapshot: Snapshot) -> dict[bytes, int]:
    """By node, the latest moment (ms) at which it had nothing unsent for certain; none of one that had some."""
    said = kept_hellos(hub, snapshot.scan(HelloRow))
    quiet = {node: one for node, one in said.items() if one.is_present and not one.request.unsent_sets}
    times = snapshot.commit_times({one.read_to for one in quiet.values() if one.is_by_stick and one.read_to})
    return {node: times.get(one.read_to, 0) if one.is_by_stick else one.row.received_ms for node, one in quiet.items()}


def is_newer(hub: Hub, request: HelloRequest, kept: Said | None) -> bool:
    """Whether a hello tells something that the kept one did not; see the table above.

    Args:
        kept: of the same node; None when it never said anything.
    """
    if kept is None or not is_by_stick(request):
        return True
    fresh = (request.hub_epoch == hub.hub_epoch, request.epoch_ordinal, request.head_seq, request.cursor)
    known = kept.request
    before = (kept.is_present, known.epoch_ordinal, known.head_seq, known.cursor)
    return fresh > before or (fresh == before and kept.is_by_stick)
