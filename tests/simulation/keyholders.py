"""An account of keys: who could be heard at which position of the hub's log, and whether anybody else was.

Decides I4 for replaced keys and I13 for suspended and revoked nodes, from log entries and what the ops in them mean;
the hub's tables of keys are never looked at.

    at a position        an entry of the node that was signed with
    -------------------  -----------------------------------------------------------------------------------
    active               its present key; or a replaced one, in an epoch behind which a later one was opened
    suspended            none
    revoked              none, for ever

A revocation of a compromised key takes the effect of every set that came behind the position it names, and of no other.
"""

from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.hub import Hub
from carnet_hub.core.rows import LogKind, LogRow
from carnet_protocol.kinds import KEY_CHANGE, NODE, REVOCATION
from carnet_protocol.registry import Value
from simulation.archive import Archive
from simulation.authored import HUB_AUTHOR, AuthoredOp, AuthoredSet, Standing
from simulation.ledger import LOG_ROWS, Ledger

_COMPROMISED: Final = "compromised"


@dataclass(frozen=True, slots=True)
class Compromise:
    """A key that was in other hands behind a position.

    Attributes:
        ordered_at: position of the order.
    """

    node: bytes
    suspect_from: int
    ordered_at: int


@dataclass
class Keyholders:
    """Who holds which key, as far as the hub's log was read.

    Attributes:
        present: of nodes that have changed their key, the one that counts now.
        suspended: nodes that are stopped for a while.
        revoked: position of the first order against a node, by node.
        compromises: orders that name a position.
        epochs: of each node, in the order in which they were opened.
        authors: node of each set that came in, by nonce.
    """

    ledger: Ledger
    present: dict[bytes, bytes] = field(default_factory=dict)
    suspended: set[bytes] = field(default_factory=set)
    revoked: dict[bytes, int] = field(default_factory=dict)
    compromises: list[Compromise] = field(default_factory=list)
    epochs: dict[bytes, list[bytes]] = field(default_factory=dict)
    authors: dict[bytes, bytes] = field(default_factory=dict)
    changes: int = 0
    position: int = 0

    def is_barred(self, node: bytes) -> bool:
        """Whether the hub takes nothing from a node now."""
        return node in self.suspended or node in self.revoked

    def read_log(self, hub: Hub, archive: Archive) -> None:
        """Read what is new in the log, as far as the archive has read it: another worker may write meanwhile."""
        with hub.store.read() as snapshot:
            while rows := snapshot.log_after(self.position, LOG_ROWS):
                for row in rows:
                    if row.position > archive.position:
                        return
                    made, standing = archive.sets[row.nonce], archive.standing[row.nonce]
                    if row.message is not None and made.author != HUB_AUTHOR:
                        self._hear(row, row.message)
                    if standing.folded_at == row.position:
                        self._obey(row, made, standing)
                    self.position = row.position

    def present_key(self, node: bytes) -> bytes:
        """The key under which the hub takes something new of a node: that of its last change, or its first."""
        return self.present.get(node, self.ledger.keys[node][0])

    def check_suspects(self, archive: Archive) -> None:
        """Every set behind a suspect position is without effect, and none before it was touched by that order."""
        for one in self.compromises:
            for nonce, node in self.authors.items():
                standing = archive.standing[nonce]
                came_at = standing.parked_at or standing.folded_at or standing.refused_at or 0
                is_suspect = one.suspect_from < came_at < one.ordered_at
                is_void = standing.refused_at is not None or standing.excluded_at is not None
                if node == one.node and is_suspect and not is_void:
                    self.ledger.watch.complain("I13", f"{came_at}: a set of a stolen key has an effect still")

    def _hear(self, row: LogRow, message: bytes) -> None:
        """An entry with a set of a node."""
        node, epochs = row.node_id, self.epochs.setdefault(row.node_id, [])
        if row.epoch not in epochs:
            epochs.append(row.epoch)
        if row.kind != LogKind.REPEAT:
            self.authors[row.nonce] = node
        if node in self.revoked:
            self.ledger.watch.complain("I13", f"{row.position}: a revoked node was heard")
        elif node in self.suspended:
            self.ledger.watch.complain("I13", f"{row.position}: a suspended node was heard")
        elif epochs[-1] == row.epoch and self.ledger.signer_of(message) != self.present_key(node):
            self.ledger.watch.complain("I4", f"{row.position}: signed with a key that its node has replaced")

    def _obey(self, row: LogRow, made: AuthoredSet, standing: Standing) -> None:
        """What a folded set means for keys."""
        for index, one in enumerate(made.ops):
            if index not in standing.voids:
                self._obey_op(row, one, is_hub=made.author == HUB_AUTHOR)

    def _obey_op(self, row: LogRow, one: AuthoredOp, *, is_hub: bool) -> None:
        stated = _named(one)
        if one.kind is NODE and is_hub and "status" in stated:
            self.suspended -= {one.record}
            self.suspended |= {one.record} if stated["status"] == "suspended" else set()
        node = stated.get("node_id")
        if one.kind is REVOCATION and is_hub and isinstance(node, bytes):
            self.revoked.setdefault(node, row.position)
            suspect_from = stated.get("suspect_from_position")
            if stated.get("revocation_kind") == _COMPROMISED and isinstance(suspect_from, int):
                self.compromises.append(Compromise(node, suspect_from, row.position))
        key = stated.get("new_signing_key")
        if one.kind is KEY_CHANGE and isinstance(key, bytes):
            self.present[row.node_id] = key
            self.changes += 1


def _named(one: AuthoredOp) -> dict[str, Value]:
    """The values of an op by name."""
    fields = one.fields or {}
    return {name: fields[label] for name, label in one.kind.labels.items() if label in fields}
