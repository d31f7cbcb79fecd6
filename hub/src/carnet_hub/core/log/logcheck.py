"""Checking the hub's log from first entry to last: is it whole, and is every set in it what its author signed?

Decides what counts as a fault of the log. Nothing but the log and the known keys is believed: positions without
holes, time that does not go back, signatures, the copies of header fields beside each set, chains without holes whose
links hash to each other, openings that match their commitments, decisions that refer to sets that are there. Does not
check projections (`rebuild`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from carnet_hub.core.at_rest import plain_opening
from carnet_hub.core.failures import HubFailure
from carnet_hub.core.hub import Hub
from carnet_hub.core.limits import FAULTS_MAX, LOG_BATCH_ENTRIES
from carnet_hub.core.ports import Snapshot
from carnet_hub.core.rows import LogKind, LogRow, Node
from carnet_hub.core.sets.intake import find_signers
from carnet_protocol.changeset import ChangeSet, read_set
from carnet_protocol.envelope import Purpose, read_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import NO_HASH
from carnet_protocol.seals import parse_opening


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with an entry; free of personal values."""

    position: int
    problem: str


@dataclass(frozen=True, slots=True)
class LogReport:
    """What a check found.

    Attributes:
        entries, sets: how many there are; every set was verified.
        head: position of the last entry.
    """

    entries: int
    sets: int
    head: int
    fault_count: int
    faults: tuple[Fault, ...]


@dataclass(slots=True)
class _Walk:
    """What a check has seen so far."""

    position: int = 0
    received_ms: int = 0
    entries: int = 0
    sets: int = 0
    heads: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict)
    nonces: dict[bytes, bytes] = field(default_factory=dict)
    parked: set[bytes] = field(default_factory=set)
    folded: set[bytes] = field(default_factory=set)


def verify_log(hub: Hub) -> LogReport:
    """Check the whole log in one snapshot; changes nothing."""
    walk = _Walk()
    faults: list[Fault] = []
    with hub.store.read() as snapshot:
        while batch := snapshot.log_after(walk.position, LOG_BATCH_ENTRIES):
            signers = _signers(hub, snapshot, batch)
            for row in batch:
                faults += [Fault(row.position, problem) for problem in _problems(hub, walk, signers, row)]
                walk.position, walk.received_ms = row.position, row.received_ms
                walk.entries += 1
    return LogReport(walk.entries, walk.sets, walk.position, len(faults), tuple(faults[:FAULTS_MAX]))


def _signers(hub: Hub, snapshot: Snapshot, batch: list[LogRow]) -> dict[bytes, Node]:
    envelopes = []
    for row in batch:
        try:
            envelopes.append(read_envelope(row.message or b""))
        except Refused:
            continue
    return find_signers(hub, snapshot, envelopes)


def _problems(hub: Hub, walk: _Walk, signers: dict[bytes, Node], row: LogRow) -> Iterator[str]:
    if row.position != walk.position + 1:
        yield f"follows position {walk.position}"
    if row.received_ms < walk.received_ms:
        yield "time goes back"
    match LogKind(row.kind):
        case LogKind.ADMIT | LogKind.PARK | LogKind.REFUSE | LogKind.REPEAT:
            walk.sets += 1
            yield from _set_problems(hub, walk, signers, row)
        case LogKind.RELEASE:
            if row.nonce not in walk.parked:
                yield "releases a set that is not parked"
            walk.parked.discard(row.nonce)
            walk.folded.add(row.nonce)
        case LogKind.EXCLUDE:
            if row.nonce not in walk.folded:
                yield "excludes a set that was not folded"


def _set_problems(hub: Hub, walk: _Walk, signers: dict[bytes, Node], row: LogRow) -> Iterator[str]:
    try:
        change_set = _verified(hub, signers, row)
    except Refused as refusal:
        yield f"its set does not verify: {refusal.reason.value}"
        return
    header = change_set.header
    stated = (row.dealer_id, row.node_id, row.epoch, row.seq, row.set_hash, row.nonce, row.ops_hash)
    signed = (header.dealer_id, header.node_id, header.epoch, header.seq)
    if stated != (*signed, change_set.set_hash, header.nonce, change_set.ops_hash):
        yield "says something else than its set"
    yield from _chain_problems(walk, row, header.prev)
    if row.kind == LogKind.REPEAT:
        if walk.nonces.get(row.nonce) != row.ops_hash:
            yield "repeats a set that is not there"
        return
    if row.nonce in walk.nonces:
        yield "its nonce stands in the log already"
    walk.nonces[row.nonce] = row.ops_hash
    if row.kind == LogKind.PARK:
        walk.parked.add(row.nonce)
    elif row.kind == LogKind.ADMIT:
        walk.folded.add(row.nonce)
    yield from _opening_problems(hub, row, change_set)


def _verified(hub: Hub, signers: dict[bytes, Node], row: LogRow) -> ChangeSet:
    envelope = read_envelope(row.message or b"")
    signer = signers.get(envelope.key_id)
    key = signer.signing_key if signer is not None else b""
    payload = verify_envelope(envelope, key, Purpose.CHANGESET, hub.hub_id)
    return read_set(envelope, payload, hub.hub_id)


def _chain_problems(walk: _Walk, row: LogRow, prev: bytes) -> Iterator[str]:
    chain = (row.node_id, row.epoch)
    seq, set_hash = walk.heads.get(chain, (0, NO_HASH))
    if row.seq != seq + 1:
        yield f"seq {row.seq} follows seq {seq} of its chain"
    elif seq and prev != set_hash:
        yield "does not link to the set before it"
    walk.heads[chain] = (row.seq, row.set_hash)


def _opening_problems(hub: Hub, row: LogRow, change_set: ChangeSet) -> Iterator[str]:
    if not row.opening:
        return
    try:
        parse_opening(plain_opening(hub.box, row.opening, row.nonce), change_set.ops)
    except Refused as refusal:
        yield f"its opening does not match: {refusal.reason.value}"
    except HubFailure:
        yield "its opening cannot be decrypted"
