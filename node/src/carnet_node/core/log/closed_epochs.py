"""Whether the earlier epochs of a log are what was written: after a restore every set is looked at.

Decides what can be proved of sets that this database no longer extends. `doctor.verify_chain` proves the present epoch
from its first set on; an earlier one may have holes, because sets move on when they are emitted again.

    checked of every set                          unless
    --------------------------------------------  ---------------------------------------------------------------
    its bytes have the hash it is known by        -
    it stands in the epoch and seq it states      -
    it continues the set before it                that one is not here
    its signature                                 its key is of a machine whose database this was: then the hash alone
"""

from collections.abc import Mapping

from carnet_node.core.limits import SETS_READ_MAX
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.log.signing import own_keys
from carnet_node.core.node import Node
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import LoggedSet
from carnet_protocol.changeset import read_set
from carnet_protocol.envelope import Purpose, envelope_hash, key_id_of, read_envelope, verify_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import HubId


def verify_closed(node: Node, *signing_keys: bytes) -> tuple[int, str | None]:
    """Read the sets of every earlier epoch again.

    Args:
        signing_keys: raw 32 bytes each, public, besides those that the database names.

    Returns: how many sets were read, and the first thing that is wrong; None when all is well.
    """
    count = 0
    with node.store.read() as tx:
        keys = {key_id_of(key): key for key in (*own_keys(tx), *signing_keys)}
        state, chain = load_rejoin(tx), tx.chain()
        present = b"" if chain is None else chain.epoch
        epochs = dict.fromkeys(one.epoch for one in (*state.closed, *state.former_epochs) if one.epoch != present)
        for epoch in epochs:
            read, problem = _verify_epoch(tx, epoch, HubId(node.identity.hub_id), keys)
            count += read
            if problem is not None:
                return count, problem
    return count, None


def _verify_epoch(tx: ReadTransaction, epoch: bytes, hub: HubId, keys: Mapping[bytes, bytes]) -> tuple[int, str | None]:
    before: LoggedSet | None = None
    count, seq = 0, 1
    while some := tx.sets_from(epoch, seq, SETS_READ_MAX):
        for one in some:
            count += 1
            problem = _problem_of(one, before, hub, keys)
            if problem is not None:
                return count, f"set {one.seq} of an earlier epoch {problem}"
            before = one
        seq = some[-1].seq + 1
    return count, None


def _problem_of(one: LoggedSet, before: LoggedSet | None, hub: HubId, keys: Mapping[bytes, bytes]) -> str | None:
    """What is wrong with a set, as the end of a sentence."""
    try:
        envelope = read_envelope(one.message)
        key = keys.get(envelope.key_id)
        payload = envelope.payload if key is None else verify_envelope(envelope, key, Purpose.CHANGESET, hub)
        header = read_set(envelope, payload, hub).header
    except Refused as refusal:
        return f"is refused: {refusal.reason.value}"
    if envelope_hash(envelope, Purpose.CHANGESET, hub) != one.set_hash:
        return "is not the one it is known as"
    if (header.epoch, header.seq) != (one.epoch, one.seq):
        return "states another place"
    if before is not None and before.seq + 1 == one.seq and header.prev != before.set_hash:
        return "does not continue the one before"
    return None
