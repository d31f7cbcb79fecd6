"""An account in bytes: what was signed, what was acknowledged, what the hub's log said.

Decides I2, I4, I10, I11, I14 and I17 from raw envelopes (`cbor2` and `cryptography` alone) and rows of tables, without
the product's code. Nothing in here knows what a set means.
"""

import hashlib
from collections.abc import Iterable
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
from simulation.world import HUB_EPOCH, HUB_ID, HUB_SIGNER, NODE_SITES, VOICE_SITES, Machine
from support.protocol import fixed, signer

LOG_ROWS: Final = 500
_AAD: Final = b"carnet/changeset/v1\x00" + HUB_ID
_KEYS: Final = {fixed(f"node {name}"): signer(f"key {name}").public_key for name in NODE_SITES | VOICE_SITES} | {
    fixed("hub node"): HUB_SIGNER.public_key
}
"""Which key signs for which node at first."""

Place = tuple[bytes, bytes, int]
"""Node, epoch, seq."""

Histories = tuple[tuple[bytes, int], ...]
"""Hub epochs, oldest first, each with the position behind which it is itself."""


@dataclass(frozen=True, slots=True)
class Body:
    """An envelope, taken apart.

    Attributes:
        set_hash: SHA-256 over what was signed.
        signed, signature: to be verified under a key of the node.
        ordinal: of the epoch.
        hub_epoch: the history of the hub that `hub_position` belongs to.
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
    ordinal: int
    hub_epoch: bytes


@lru_cache(maxsize=4096)
def take_apart(message: bytes) -> Body:
    """The parts of a signed set."""
    protected, _, payload, signature = cbor2.loads(message).value
    signed = cbor2.dumps(["Signature1", protected, _AAD, payload])
    header = cbor2.loads(payload)
    _, _, dealer, node, epoch, ordinal, seq, prev, origin, _, hub_epoch, hub_position, _, nonce, ops = header
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
        ordinal,
        hub_epoch,
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
    """What a receipt said.

    Attributes:
        hub_epoch: the history of the hub that its position belongs to.
    """

    hub_epoch: bytes
    position: int
    verdict: int
    set_hash: bytes


@dataclass
class HubLog:
    """One history of the hub as the account has read it.

    Attributes:
        histories: hub epoch and the position behind which it is itself, oldest first, this one last.
        prefix: what stood in the backup that it began with.
        rows: fingerprint of each log entry, by position.
        heads: end of each chain in the log.
        places: hash of the set at each place of a chain.
        epochs: ordinal of each chain's epoch, the position of its first set, and why it was opened.
        received: the hub's clock at each entry.
    """

    histories: Histories
    prefix: list[bytes] = field(default_factory=list)
    rows: list[bytes] = field(default_factory=list)
    nonces: list[bytes] = field(default_factory=list)
    heads: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    places: dict[Place, bytes] = field(default_factory=dict)
    epochs: dict[tuple[bytes, bytes], tuple[int, int, int]] = field(default_factory=dict)
    received: list[int] = field(default_factory=lambda: [0])

    @property
    def hub_epoch(self) -> bytes:
        """Its name."""
        return self.histories[-1][0]


@dataclass
class Ledger:
    """Everything that was signed and acknowledged in a schedule.

    Attributes:
        keys: public keys that each node has held, oldest first.
        issued: by SHA-256 of the bytes, who signed them.
        bodies: what the machines of honest nodes signed, by place and machine: hash and nonce.
        copied: epochs in which two machines write, because one is a copy of the other.
        hub_ops: what each set of the hub's own says, by nonce.
        hub_bodies: what stands at each place of the hub's own chain, in whichever history.
        acknowledged: by nonce, newest receipt last.
        times: set times that some history of the hub gave a set, by nonce; a receipt takes them to another one.
        log: of the hub, in its present history.
        former: the logs that a restore has ended, by hub epoch.
    """

    watch: Watch
    keys: dict[bytes, list[bytes]] = field(default_factory=lambda: {node: [key] for node, key in _KEYS.items()})
    issued: dict[bytes, str] = field(default_factory=dict)
    bodies: dict[Place, dict[str, tuple[bytes, bytes]]] = field(default_factory=dict)
    copied: set[tuple[bytes, bytes]] = field(default_factory=set)
    hub_ops: dict[bytes, bytes] = field(default_factory=dict)
    hub_bodies: dict[Place, bytes] = field(default_factory=dict)
    acknowledged: dict[bytes, list[Acknowledged]] = field(default_factory=dict)
    times: dict[bytes, set[int]] = field(default_factory=dict)
    log: HubLog = field(default_factory=lambda: HubLog(((HUB_EPOCH, 0),)))
    former: dict[bytes, HubLog] = field(default_factory=dict)

    def issue(self, author: str, message: bytes, *, is_honest: bool = True) -> None:
        """Somebody has signed a set; what came back from elsewhere was signed before."""
        digest = hashlib.sha256(message).digest()
        if digest in self.issued:
            return
        self.issued[digest] = author
        body = take_apart(message)
        if not is_honest:
            return
        signed = self.bodies.setdefault(body.place, {})
        if signed.setdefault(author, (body.set_hash, body.nonce))[0] != body.set_hash:
            self.watch.complain("I11", f"{author} signed two bodies for seq {body.place[2]}")
        if len(signed) > 1 and body.place[:2] not in self.copied:
            self.watch.complain("I11", f"{' and '.join(signed)} signed a body each for seq {body.place[2]}")

    def hold(self, node: bytes, key: bytes) -> None:
        """A node holds another key."""
        if key not in self.keys[node]:
            self.keys[node].append(key)

    def signer_of(self, message: bytes) -> bytes | None:
        """The key of its node that has signed a set; None when none has."""
        body = take_apart(message)
        keys = reversed(self.keys.get(body.place[0], []))
        return next((key for key in keys if _is_genuine(key, body.signature, body.signed)), None)

    def forgive(self, author: str, nonces: set[bytes]) -> None:
        """A disk came back without these sets and without a sign of them: their places may be used again."""
        for signed in self.bodies.values():
            if author in signed and signed[author][1] in nonces:
                del signed[author]

    def count_doubled(self) -> int:
        """Places for which two machines have signed different bodies."""
        return sum(len({body for body, _ in signed.values()}) > 1 for signed in self.bodies.values())

    def begin_history(self, rows: list[bytes], histories: Histories) -> None:
        """The hub goes on from an image of its log: the rows that stood in it must be there as they were."""
        self.former[self.log.hub_epoch] = self.log
        self.log = HubLog(histories, prefix=rows)

    def log_of(self, hub_epoch: bytes) -> HubLog:
        """The log of a history."""
        return self.log if hub_epoch == self.log.hub_epoch else self.former[hub_epoch]

    def shared_with(self, hub_epoch: bytes) -> int | None:
        """The last position that means the same in an earlier history and the present one; None when all do."""
        known = self.log_of(hub_epoch).histories
        count = sum(1 for ours, theirs in zip(known, self.log.histories, strict=False) if ours == theirs)
        return min((base for _, base in (*known[count:], *self.log.histories[count:])), default=None)

    def acknowledge(self, receipt: bytes) -> None:
        """A receipt has reached its node."""
        stated = cbor2.loads(cbor2.loads(receipt).value[2])
        _, hub_epoch, _, _, _, nonce, set_hash, verdict, _, position, *_ = stated
        kept = self.acknowledged.setdefault(nonce, [])
        one = Acknowledged(hub_epoch, position, verdict, set_hash)
        if one not in kept:
            kept.append(one)

    def read_log(self, hub: Hub) -> None:
        """Follow the hub's log: each entry links to what went before, and none ever changes."""
        with hub.store.read() as snapshot:
            while rows := snapshot.log_after(len(self.log.rows), LOG_ROWS):
                for row in rows:
                    self._read_row(row)

    def is_standing(self, message: bytes) -> bool:
        """Whether a set stands at its place of its chain in the hub's present log."""
        body = take_apart(message)
        return self.log.places.get(body.place) == body.set_hash

    def forget_lost(self, nonces: Iterable[bytes]) -> int:
        """These sets were on disks alone that are gone; how many of them had been acknowledged."""
        return sum(self.acknowledged.pop(nonce, None) is not None for nonce in nonces)

    def check_log(self, hub: Hub, *, is_healed: bool = False) -> None:
        """The whole log again: nothing that was read before has changed, and what was acknowledged stands there.

        Args:
            is_healed: whether what a restored hub had lost must be there again as well.
        """
        with hub.store.read() as snapshot:
            rows = snapshot.log_after(0, len(self.log.rows) + 1)
        if [_fingerprint(row) for row in rows[: len(self.log.rows)]] != self.log.rows:
            self.watch.complain("I14", "an entry of the log has changed or gone")
        standing = {row.nonce for row in rows}
        for nonce, receipts in self.acknowledged.items():
            if nonce not in standing and (is_healed or any(map(self._is_of_present, receipts))):
                self.watch.complain("I2", f"set {nonce.hex()[:8]} was acknowledged and is not in the log")
            for one in receipts:
                self._check_receipt(nonce, one)

    def _is_of_present(self, one: Acknowledged) -> bool:
        """Whether a receipt speaks of an entry that no restore has taken away."""
        shared = self.shared_with(one.hub_epoch)
        return shared is None or one.position <= shared

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
        nonces = self.log_of(one.hub_epoch).nonces
        if one.position > len(nonces) or nonces[one.position - 1] != nonce:
            self.watch.complain("I2", f"the receipt of set {nonce.hex()[:8]} names position {one.position}")

    def _read_row(self, row: LogRow) -> None:
        log = self.log
        if row.position != len(log.rows) + 1:
            self.watch.complain("I14", f"position {row.position} follows {len(log.rows)}")
        if row.received_ms < log.received[-1]:
            self.watch.complain("I14", f"{row.position}: time goes back in the log")
        log.rows.append(_fingerprint(row))
        if row.position <= len(log.prefix) and log.rows[-1] != log.prefix[row.position - 1]:
            self.watch.complain("I14", f"{row.position}: another entry than in the backup")
        log.nonces.append(row.nonce)
        log.received.append(row.received_ms)
        if row.message is not None:
            self._read_message(row, take_apart(row.message))

    def _read_message(self, row: LogRow, body: Body) -> None:
        message, is_own = row.message or b"", body.dealer == HUB_ID
        is_known = is_own or hashlib.sha256(message).digest() in self.issued
        if not is_known or self.signer_of(message) is None:
            self.watch.complain("I4", f"{row.position}: nobody has signed this set")
        if is_own:
            self._read_own(row, body)
        if (row.node_id, row.epoch, row.seq, row.nonce) != (*body.place, body.nonce):
            self.watch.complain("I4", f"{row.position}: the entry says something else than its set")
        chain = (row.node_id, row.epoch)
        seq, head = self.log.heads.get(chain, (0, body.prev))
        if (body.place[2], body.prev) != (seq + 1, head):
            self.watch.complain("I10", f"{row.position}: seq {body.place[2]} follows {seq}")
        self.log.heads[chain] = (body.place[2], body.set_hash)
        self.log.places[body.place] = body.set_hash
        self.log.epochs.setdefault(chain, (body.ordinal, row.position, body.origin[3] if body.origin else 0))
        if row.kind != LogKind.REPEAT:
            told = self.times.setdefault(body.nonce, set())
            seen, latest = self._seen_ms(row, body), max(row.received_ms, *self._ended_ms())
            if row.time_ms not in told and not seen <= row.time_ms <= latest:
                self.watch.complain("I17", f"{row.position}: set time {row.time_ms} outside {seen}, {latest}")
            told.add(row.time_ms)

    def _read_own(self, row: LogRow, body: Body) -> None:
        """A set of the hub's own says the same in every history, and no place of its chain is used twice."""
        if self.hub_ops.setdefault(body.nonce, body.ops) != body.ops:
            self.watch.complain("I4", f"{row.position}: the hub says something else than before under one identity")
        if self.hub_bodies.setdefault(body.place, body.set_hash) != body.set_hash:
            self.watch.complain("I11", f"{row.position}: the hub signed two bodies for seq {body.place[2]}")

    def _ended_ms(self) -> list[int]:
        """The hub's clock at the end of each former history: its receipts state set times up to then."""
        return [log.received[-1] for log in self.former.values()] or [0]

    def _seen_ms(self, row: LogRow, body: Body) -> int:
        """The hub's clock at the entry that an author had seen; 0 when it means nothing in this history."""
        if body.hub_epoch not in {epoch for epoch, _ in self.log.histories}:
            return 0  # a history that began after the backup: the hub has never heard of it
        shared = self.shared_with(body.hub_epoch)
        is_known = body.hub_position < row.position and (shared is None or body.hub_position <= shared)
        return self.log.received[body.hub_position] if is_known else 0


def _fingerprint(row: LogRow) -> bytes:
    """What may never change of an entry; an erasure may shrink its opening."""
    kept = row._replace(opening=b"")
    return hashlib.sha256(repr(tuple(kept)).encode()).digest()
