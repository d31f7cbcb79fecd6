"""Joining a dealer site, step by step, so that a power cut or a bad line between two steps costs nothing.

Decides which files and rows an enrolment leaves and in which order: the request is kept before it is shown to
anybody; the data key is wrapped before there is a node, so that no node is without its wrappings. What is believed is
`core.enrolment`.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from carnet_node.adapters.keyring import (
    WRAPPED_FOR_HUB_FILE,
    WRAPPED_FOR_RECOVERY_FILE,
    Keyring,
    new_passphrase,
    wrap_for_hub,
    wrap_with_passphrase,
)
from carnet_node.adapters.recovery import RECOVERY, recovery_fact
from carnet_node.core.failures import AlreadyEnrolled, NotEnrolled
from carnet_node.core.limits import PENDING_BYTES_MAX
from carnet_node.core.line.enrolment import NodeKeys, PendingEnrolment, accept_answer, draft_request, is_request_for
from carnet_node.core.log.authoring import begin_chain
from carnet_node.core.log.moving import move_in
from carnet_node.core.log.own_keys import OWN_EXCHANGE_KEY
from carnet_node.core.ports import Clock, Entropy, Files, NodeStore, ReadTransaction
from carnet_node.core.records import OWN_KEY_ID, Identity
from carnet_protocol.enrolment import EnrolCode
from carnet_protocol.ids import EPOCH_BYTES, RECORD_RANDOM_BYTES, DealerId, HubId, NodeId, new_record_id
from carnet_protocol.messages import EnrolAnswer

PENDING_FILE: Final = "enrolment.pending"
HUB_URL: Final = "hub-url"
"""Local fact: where the hub is."""


_pending = msgspec.msgpack.Decoder(tuple[bytes, bytes])


@dataclass(frozen=True)
class Asker:
    """What asking to be let in works with; no database is needed for that.

    Attributes:
        keyring: signs and will be registered; its data key is not used.
    """

    keys_dir: Path
    files: Files
    clock: Clock
    entropy: Entropy
    keyring: Keyring


@dataclass(frozen=True)
class Joining:
    """What an enrolment works with."""

    asker: Asker
    store: NodeStore


def pending_enrolment(joining: Joining, code: EnrolCode, card: bytes | None, name: str) -> PendingEnrolment:
    """The request for a code: the kept one if there is one, else a new one, which is kept before it is shown.

    Args:
        card: the hub's card; may be missing when a request is kept.
        name: what people call this machine.

    Raises:
        AlreadyEnrolled: this folder has an identity, and its database was not restored from a lost machine's.
        NotEnrolled: no request is kept for this code, and no card was given.
        Malformed, NotAuthentic, BadValue: see `draft_request`.
    """
    with joining.store.read() as tx:
        if not _may_join(tx, joining.asker.keyring):
            raise AlreadyEnrolled("identity")
    return kept_request(joining.asker, code, card, name)


def kept_request(asker: Asker, code: EnrolCode, card: bytes | None, name: str) -> PendingEnrolment:
    """The same, whatever database lies here: a new machine asks before it has any.

    Raises:
        NotEnrolled, Malformed, NotAuthentic, BadValue: see `pending_enrolment`.
    """
    path = asker.keys_dir / PENDING_FILE
    kept = asker.files.read(path, bytes_max=PENDING_BYTES_MAX)
    if kept is not None:
        pending = _read_pending(kept)
        if pending is not None and is_request_for(pending, code):
            return pending
    if card is None:
        raise NotEnrolled("no request is kept for this code")
    keys = NodeKeys(asker.keyring.signing_public, asker.keyring.exchange_public)
    now_ms = asker.clock.now_ms()
    node_id = new_record_id(now_ms, asker.entropy.random_bytes(RECORD_RANDOM_BYTES))
    pending = draft_request(card, code, keys, asker.keyring, node_id=node_id, node_name=name, wall_ms=now_ms)
    asker.files.replace(path, msgspec.msgpack.encode((pending.card_message, pending.request_message)))
    return pending


def finish_enrolment(
    joining: Joining, code: EnrolCode, pending: PendingEnrolment, answer_message: bytes, hub_url: str | None
) -> tuple[EnrolAnswer, str]:
    """Take the hub's answer: wrap the data key, then become a node.

    In this order, so that no node is without its wrappings; and under the write lock, so that of two processes with
    the same answer the second changes neither the first epoch nor what the printed passphrase opens.

    Raises:
        Malformed, NotAuthentic: not the answer to our request; nothing was written.
        AlreadyEnrolled: another process was faster; nothing was written.

    Returns: the answer, and the recovery passphrase that has to be printed now and is kept nowhere.
    """
    answer = accept_answer(answer_message, pending, code)
    asker = joining.asker
    keyring, folder = asker.keyring, asker.keys_dir
    passphrase = new_passphrase(asker.entropy)
    for_recovery = wrap_with_passphrase(keyring.data_key, passphrase, asker.entropy)
    epoch = asker.entropy.random_bytes(EPOCH_BYTES)
    with joining.store.write() as tx:
        if not _may_join(tx, keyring):
            raise AlreadyEnrolled("identity")
        for_hub = wrap_for_hub(keyring.data_key, answer.hub_exchange_key)
        asker.files.replace(folder / WRAPPED_FOR_HUB_FILE, for_hub)
        asker.files.replace(folder / WRAPPED_FOR_RECOVERY_FILE, for_recovery)
        if tx.identity() is None:
            begin_chain(tx, identity_of(answer), epoch=epoch, hub_epoch=answer.hub_epoch)
        else:
            move_in(tx, identity_of(answer), keyring, epoch=epoch)
        tx.put_setting(OWN_KEY_ID, keyring.key_id)
        tx.put_setting(OWN_EXCHANGE_KEY, keyring.exchange_public)
        wrappings = {WRAPPED_FOR_HUB_FILE: for_hub, WRAPPED_FOR_RECOVERY_FILE: for_recovery}
        tx.put_setting(RECOVERY, recovery_fact(keyring.signing_public, wrappings))
        if hub_url is not None:
            tx.put_setting(HUB_URL, hub_url.encode())
    (folder / PENDING_FILE).unlink(missing_ok=True)
    return answer, passphrase


def can_join(joining: Joining) -> bool:
    """Whether the database may become a node's with these keys; see `pending_enrolment`."""
    with joining.store.read() as tx:
        return _may_join(tx, joining.asker.keyring)


def is_nobodys(joining: Joining) -> bool:
    """Whether the database never belonged to a site: `init` made it."""
    with joining.store.read() as tx:
        return tx.identity() is None


def _may_join(tx: ReadTransaction, keyring: Keyring) -> bool:
    """Whether a database is empty, or the restored one of a machine that is lost: enrolled with other keys."""
    if tx.identity() is None:
        return True
    chain = tx.chain()
    return chain is not None and chain.is_rejoining and tx.setting(OWN_KEY_ID) != keyring.key_id


def _read_pending(kept: bytes) -> PendingEnrolment | None:
    """A kept request; None for a file that is none, so that a new request is made."""
    try:
        return PendingEnrolment(*_pending.decode(kept))
    except msgspec.DecodeError:
        return None


def identity_of(answer: EnrolAnswer) -> Identity:
    """Who the hub says this machine is now."""
    return Identity(
        hub_id=HubId(answer.hub_id),
        dealer_id=DealerId(answer.dealer_id),
        node_id=NodeId(answer.node_id),
        site_code=answer.site_code,
        site_name=answer.site_name,
        hub_signing_key=answer.hub_signing_key,
        hub_exchange_key=answer.hub_exchange_key,
        hub_export_key=answer.hub_export_key,
    )
