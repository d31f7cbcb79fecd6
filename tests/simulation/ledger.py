"""An account in bytes: what was signed, what was acknowledged, what the hub's log said.

Decides I2, I4, I10, I11, I14 and I17 from raw envelopes (`cbor2` and `cryptography` alone) and rows of tables, without
the product's code. Nothing in here knows what a set means.
"""

import hashlib
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Final

import cbor2
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet_hub.core.hub import Hub
from carnet_hub.core.rows import LogKind, LogRow
from carnet_node.core.records import LoggedSet
from simulation.invariants import Watch
from simulation.world import HUB_ID, HUB_SIGNER, NODE_SITES, VOICE_SITES, Machine
from support.protocol import fixed, signer

LOG_ROWS: Final = 500
_AAD: Final = b"carnet/changeset/v1\x00" + HUB_ID
_KEYS: Final = {fixed(f"node {name}"): signer(f"key {name}").public_key for name in NODE_SITES | VOICE_SITES} | {
    fixed("hub node"): HUB_SIGNER.public_key
}
"""Which key signs for which node at first."""

Place = tuple[bytes, bytes, int]
"""Node, epoch, seq."""


@dataclass(frozen=True, slots=True)
class Body:
    """An envelope, taken apart.

    Attributes:
        set_hash: SHA-256 over what was signed.
        signed, signature: to be verified under a key of the node.
    """

    place: Place
    dealer: bytes
    prev: bytes
    origin: Any
    hub_position: int
    nonce: bytes
    ops: bytes
    set_hash: bytes
    signed: bytes
    signature: bytes


@lru_cache(maxsize=4096)
def take_apart(message: bytes) -> Body:
    """The parts of a signed set."""
    protected, _, payload, signature = cbor2.loads(message).value
    signed = cbor2.dumps(["Signature1", protected, _AAD, payload])
    header = cbor2.loads(payload)
    _, _, dealer, node, epoch, _, seq, prev, origin, _, _, hub_position, _, nonce, ops = header
    return Body(
        (node, epoch, seq),
        dealer,
        prev,
        origin,
        hub_position,
        nonce,
        ops,
        hashlib.sha256(signed).digest(),
        signed,
        signature,
    )


@lru_cache(maxsize=4096)
def _is_genuine(key: bytes, signature: bytes, signed: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, signed)
    except (InvalidSignature, ValueError):
        return False
    return True


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What a receipt said."""

    position: int
    verdict: int
    set_hash: bytes


@dataclass
class Ledger:
    """Everything that was signed and acknowledged in a schedule.

    Attributes:
        keys: public keys that each node has held, oldest first.
        issued: by SHA-256 of the bytes, who signed them.
        bodies: what honest nodes signed, by place: hash and nonce.
        acknowledged: by nonce, newest receipt last.
        rows: fingerprint of each log entry, by position.
        heads: end of each chain in the hub's log.
        received: the hub's clock at each entry.
    """

    watch: Watch
    keys: dict[bytes, list[bytes]] = field(default_factory=lambda: {node: [key] for node, key in _KEYS.items()})
    issued: dict[bytes, str] = field(default_factory=dict)
    bodies: dict[Place, tuple[bytes, bytes]] = field(default_factory=dict)
    acknowledged: dict[bytes, list[Acknowledged]] = field(default_factory=dict)
    rows: list[bytes] = field(default_factory=list)
    nonces: list[bytes] = field(default_factory=list)
    heads: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    received: list[int] = field(default_factory=lambda: [0])

    def issue(self, author: str, message: bytes, *, is_honest: bool = True) -> None:
        """Somebody has signed a set."""
        self.issued[hashlib.sha256(message).digest()] = author
        body = take_apart(message)
        known, _ = self.bodies.setdefault(body.place, (body.set_hash, body.nonce)) if is_honest else (b"", b"")
        if is_honest and known != body.set_hash:
            self.watch.complain("I11", f"{author} signed two bodies for seq {body.place[2]}")

    def hold(self, node: bytes, key: bytes) -> None:
        """A node holds another key."""
        if key not in self.keys[node]:
            self.keys[node].append(key)

    def signer_of(self, message: bytes) -> bytes | None:
        """The key of its node that has signed a set; None when none has."""
        body = take_apart(message)
        keys = reversed(self.keys.get(body.place[0], []))
        return next((key for key in keys if _is_genuine(key, body.signature, body.signed)), None)

    def forgive(self, nonces: set[bytes]) -> None:
        """A disk came back without these sets and without a sign of them: their places may be used again."""
        self.bodies = {place: one for place, one in self.bodies.items() if one[1] not in nonces}

    def acknowledge(self, receipt: bytes) -> None:
        """A receipt has reached its node."""
        stated = cbor2.loads(cbor2.loads(receipt).value[2])
        _, _, _, _, _, nonce, set_hash, verdict, _, position, *_ = stated
        kept = self.acknowledged.setdefault(nonce, [])
        one = Acknowledged(position, verdict, set_hash)
        if one not in kept:
            kept.append(one)

    def read_log(self, hub: Hub) -> None:
        """Follow the hub's log: each entry links to what went before, and none ever changes."""
        with hub.store.read() as snapshot:
            while rows := snapshot.log_after(len(self.rows), LOG_ROWS):
                for row in rows:
                    self._read_row(row)

    def check_log(self, hub: Hub) -> None:
        """The whole log again: nothing that was read before has changed, and what was acknowledged stands there."""
        with hub.store.read() as snapshot:
            rows = snapshot.log_after(0, len(self.rows) + 1)
        if [_fingerprint(row) for row in rows[: len(self.rows)]] != self.rows:
            self.watch.complain("I14", "an entry of the log has changed or gone")
        standing = {row.nonce for row in rows}
        for nonce, receipts in self.acknowledged.items():
            if nonce not in standing:
                self.watch.complain("I2", f"set {nonce.hex()[:8]} was acknowledged and is not in the log")
            for one in receipts:
                self._check_receipt(nonce, one)

    def check_chain(self, machine: Machine) -> None:
        """A node's own log: numbers without gaps, each linked to the one before."""
        with machine.node.store.read() as tx:
            chain = tx.chain()
            assert chain is not None
            logged = tx.sets_from(chain.epoch, 1, LOG_ROWS)
        prev = None
        for number, one in enumerate(logged, start=1):
            body = take_apart(one.message)
            if body.place[2] != number or (prev is not None and body.prev != prev):
                self.watch.complain("I10", f"{machine.name}: seq {body.place[2]} does not continue the chain")
            prev = body.set_hash
            if one.receipt is not None:
                self.acknowledge(one.receipt)

    def take_stock(self, author: str, logged: LoggedSet) -> None:
        """A set of a node's own log."""
        self.issue(author, logged.message)

    def _check_receipt(self, nonce: bytes, one: Acknowledged) -> None:
        is_there = one.position <= len(self.nonces) and self.nonces[one.position - 1] == nonce
        if not is_there:
            self.watch.complain("I2", f"the receipt of set {nonce.hex()[:8]} names position {one.position}")

    def _read_row(self, row: LogRow) -> None:
        if row.position != len(self.rows) + 1:
            self.watch.complain("I14", f"position {row.position} follows {len(self.rows)}")
        if row.received_ms < self.received[-1]:
            self.watch.complain("I14", f"{row.position}: time goes back in the log")
        self.rows.append(_fingerprint(row))
        self.nonces.append(row.nonce)
        self.received.append(row.received_ms)
        if row.message is not None:
            self._read_message(row, take_apart(row.message))

    def _read_message(self, row: LogRow, body: Body) -> None:
        is_known = hashlib.sha256(row.message or b"").digest() in self.issued or body.dealer == HUB_ID
        if not is_known or self.signer_of(row.message or b"") is None:
            self.watch.complain("I4", f"{row.position}: nobody has signed this set")
        if (row.node_id, row.epoch, row.seq, row.nonce) != (*body.place, body.nonce):
            self.watch.complain("I4", f"{row.position}: the entry says something else than its set")
        chain = (row.node_id, row.epoch)
        seq, head = self.heads.get(chain, (0, body.prev))
        if (body.place[2], body.prev) != (seq + 1, head):
            self.watch.complain("I10", f"{row.position}: seq {body.place[2]} follows {seq}")
        self.heads[chain] = (body.place[2], body.set_hash)
        if row.kind != LogKind.REPEAT:
            seen = self.received[body.hub_position] if body.hub_position < row.position else 0
            if not seen <= row.time_ms <= row.received_ms:
                self.watch.complain("I17", f"{row.position}: set time {row.time_ms} outside {seen}, {row.received_ms}")


def _fingerprint(row: LogRow) -> bytes:
    """What may never change of an entry; an erasure may shrink its opening."""
    kept = row._replace(opening=b"")
    return hashlib.sha256(repr(tuple(kept)).encode()).digest()
