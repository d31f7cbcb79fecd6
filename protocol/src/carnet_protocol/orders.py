"""Key changes and erasure orders: what the byte fields of these two kinds hold.

Decides how a `key_change` proves that its author holds the new key as well as the old one, and how an `erasure` names
records and groups. Does not decide who obeys an order, nor when (the hub's admission, the node's pages).

- A key change is written by the node itself, so the set around it is signed by the old key. Its field `proof` is an
  Ed25519 signature by the *new* key over domain, hub id, node id and both new public keys: nobody can enrol a key he
  does not hold, and a proof is worth nothing for another node or hub.
- An erasure names up to 256 records as concatenated ids, and erasure groups as a bit mask: bit 0 is group 1.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from carnet_protocol import limits
from carnet_protocol.envelope import Signer
from carnet_protocol.errors import BadValue, NotAuthentic
from carnet_protocol.ids import RECORD_ID_BYTES, HubId, NodeId, RecordId
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import ErasureGroup, Value

_KEY_CHANGE_DOMAIN: Final = b"carnet/key-change/v1\x00"

ERASURE_RECORDS_MAX: Final = limits.TEXT_BYTES_MAX // RECORD_ID_BYTES
"""Records of one erasure order: as many ids as fit one value."""


@dataclass(frozen=True, slots=True)
class ErasureOrder:
    """What is to be erased for ever.

    Attributes:
        records: ids of the records concerned, of any kind.
        groups: which erasure groups of each.
    """

    records: tuple[RecordId, ...]
    groups: frozenset[ErasureGroup]

    def fields(self) -> dict[str, Value]:
        """The two fields of an `erasure` record.

        Raises:
            BadValue: no record, more than 256, or no group.
        """
        if not 0 < len(self.records) <= ERASURE_RECORDS_MAX or not self.groups:
            raise BadValue(Reason.BAD_FIELD, "record_ids", f"1 to {ERASURE_RECORDS_MAX} records, at least one group")
        return {"record_ids": b"".join(self.records), "groups": group_mask(self.groups)}


def read_erasure(record_ids: bytes, groups: int) -> ErasureOrder:
    """The order behind the two fields of an `erasure` record.

    Raises:
        BadValue: no whole number of record ids, none at all, or a mask outside 1 to 15.
    """
    if not record_ids or len(record_ids) % RECORD_ID_BYTES:
        raise BadValue(Reason.BAD_FIELD, "record_ids", "not a whole number of record ids")
    named = frozenset(group for group in ErasureGroup if groups >> (group - 1) & 1)
    if not named or group_mask(named) != groups:
        raise BadValue(Reason.BAD_FIELD, "groups", "not a mask of erasure groups")
    ids = (record_ids[at : at + RECORD_ID_BYTES] for at in range(0, len(record_ids), RECORD_ID_BYTES))
    return ErasureOrder(tuple(map(RecordId, ids)), named)


def group_mask(groups: Iterable[ErasureGroup]) -> int:
    """Erasure groups as a bit mask; bit 0 is group 1."""
    return sum(1 << (group - 1) for group in set(groups))


def change_key(
    hub: HubId, node: NodeId, new_exchange_key: bytes, new_signer: Signer, new_key: bytes
) -> dict[str, Value]:
    """The fields of a `key_change` record, proof included.

    Args:
        new_exchange_key: raw 32 bytes, X25519.
        new_signer, new_key: the new private key and its raw 32 public bytes, Ed25519.
    """
    return {
        "node_id": node,
        "new_signing_key": new_key,
        "new_exchange_key": new_exchange_key,
        "proof": new_signer.sign(_key_change_message(hub, node, new_key, new_exchange_key)),
    }


def check_key_change(hub: HubId, fields: Mapping[str, Value]) -> None:
    """Accept a key change only from somebody who holds the new key.

    Args:
        fields: of the `key_change` record, by name.

    Raises:
        NotAuthentic: a field is missing or no byte string, or the proof is for another key, node or hub.
    """
    node, key, exchange, proof = (fields.get(name) for name in _KEY_CHANGE_FIELDS)
    if not (isinstance(node, bytes) and isinstance(key, bytes) and isinstance(exchange, bytes)):
        raise NotAuthentic(Reason.BAD_PROOF, "key change without keys")
    try:
        message = _key_change_message(hub, NodeId(node), key, exchange)
        Ed25519PublicKey.from_public_bytes(key).verify(proof if isinstance(proof, bytes) else b"", message)
    except (InvalidSignature, ValueError) as error:
        raise NotAuthentic(Reason.BAD_PROOF, "key change") from error


_KEY_CHANGE_FIELDS: Final = ("node_id", "new_signing_key", "new_exchange_key", "proof")


def _key_change_message(hub: HubId, node: NodeId, key: bytes, exchange: bytes) -> bytes:
    return _KEY_CHANGE_DOMAIN + hub + node + key + exchange
