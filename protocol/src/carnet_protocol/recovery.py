"""Getting a node's data key back: how a one-time code lets the hub open the copy that was wrapped for it.

Decides the keys derived from a recovery code's secret, and what a wrapped data key is bound to. The code itself has the
form of an enrolment code, and both sides prove that they know it in the same way (`enrolment`); the derivation differs,
so neither code can be used as the other. Does not wrap or open anything (the applications' keyrings).

    node -> hub   RecoverRequest   the copy of the data key that was wrapped for the hub, signed by the new node
    hub -> node   RecoverAnswer    the same data key, wrapped for the exchange key of the asking node

Source: HKDF as in RFC 5869; wrapping is HPKE as in RFC 9180.
"""

from typing import Final

from carnet_protocol.enrolment import InviteKeys, derive_keys

KEPT_INFO: Final = b"carnet/data-key/v1"
"""HPKE info of the copy that a node keeps for the hub."""

RETURNED_INFO: Final = b"carnet/data-key-return/v1"
"""HPKE info of the copy that the hub makes for a node."""


def recovery_keys(secret: bytes) -> InviteKeys:
    """The keys behind a recovery code's secret; the hub stores these and forgets the secret."""
    return derive_keys(secret, b"carnet/recovery/v1")
