"""Recall lists at a hub of the tests, with every file that was ever made, and a node that fetches them.

lists = begun(node, hub, [VIN])
lists.put(ListKind.REMEDIED, [VIN])
fetched(node, lists)
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio

from carnet_node.core.line.list_fetching import fetch_lists
from carnet_node.core.line.session import Session
from carnet_node.core.node import Node
from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import Situation
from carnet_protocol.ids import OpId
from carnet_protocol.messages import sign_frame
from carnet_protocol.recall_lists import (
    STATE_BYTES,
    ListEntry,
    ListKind,
    RecallManifest,
    SegmentRef,
    StepRef,
    encode_step,
    root_of,
    step_between,
)
from carnet_protocol.segments import decode_segment, encode_segment, segment_hash
from support.desk import record
from support.model_hub import ModelHub
from support.node_builder import HUB, HUB_EPOCH, HUB_SIGNER, START_MS
from support.protocol import signer
from support.recall_lists import announce, receive
from support.scripted_hub import ScriptedHub, sync_ports


@dataclass
class Lists:
    """The lists of one campaign at a hub, with every file that was ever made.

    Attributes:
        files: by hash.
        entries: by kind.
        base: the ops of the campaign's record.
    """

    files: dict[bytes, bytes] = field(default_factory=dict)
    entries: dict[int, ListEntry] = field(default_factory=dict)
    base: tuple[OpId, ...] = ()
    position: int = 0

    def put(self, kind: ListKind, vins: Sequence[str], *, number: int = 70) -> bytes:
        """The list is this from now on; its bytes."""
        self.position += 1
        content = encode_segment(vins)
        known = self.entries.get(kind)
        refs = [] if known is None else known.segments
        trail = [] if not refs else [*refs[0].trail, self._step(refs[0].sha256, content)]
        ref = SegmentRef(self._keep(content), len(content), len(vins), trail)
        self.entries[kind] = ListEntry(record(number), kind, self.position, [ref] if vins else [])
        return content

    def manifest(self, since: int = 0, **changes: Any) -> RecallManifest:
        """What a hub says of them."""
        ordered = [self.entries[kind] for kind in sorted(self.entries)]
        told = [one for one in ordered if one.changed > since]
        values: dict[str, Any] = {"hub_epoch": HUB_EPOCH, "position": self.position, "made_ms": START_MS, **changes}
        return RecallManifest(version=1, since=since, entries=told, root=root_of(ordered), **values)

    def signed(self, since: int = 0, **changes: Any) -> bytes:
        """The same as it travels."""
        return sign_frame(self.manifest(since, **changes), Purpose.CHECKPOINT, HUB, signer(HUB_SIGNER))

    def _step(self, start: bytes, content: bytes) -> StepRef:
        step = encode_step(step_between(decode_segment(self.files[start]), decode_segment(content)))
        return StepRef(self._keep(step), len(step), start[:STATE_BYTES])

    def _keep(self, content: bytes) -> bytes:
        name = segment_hash(content)
        self.files[name] = content
        return name


def begun(node: Node, hub: ModelHub, vins: Sequence[str]) -> Lists:
    """A node that holds one campaign with these members, and the hub's lists of it."""
    lists = Lists()
    content = lists.put(ListKind.MEMBERS, vins)
    lists.base = announce(hub, content, count=len(vins))
    receive(node, hub, content)
    return lists


def fetched(node: Node, lists: Lists, **broken: bytes) -> tuple[int, ScriptedHub]:
    """The node asks the hub for lists; how many it stored, and the hub.

    Args:
        broken: what the hub sends instead of a file, by its hash in hexadecimal with an `h` before it.
    """
    link = ScriptedHub(node, segments={**lists.files, **{bytes.fromhex(one[1:]): two for one, two in broken.items()}})
    link.manifest = lists.signed
    session = Session(token=b"token", usable_until_ms=10**15, situation=Situation.GO, is_settled=True)
    return anyio.run(lambda: fetch_lists(node, sync_ports(link), session, is_asked=True)), link
