"""A hub of a few lines for tests of the node: real keys, real messages, no store.

It admits every enrolment whose proof is right, and answers hellos, pushes and feeds from what a test put into it.
"""

from dataclasses import dataclass, field

import msgspec
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_protocol.enrolment import check_request, format_code, invite_keys, prove_answer
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import HubId
from carnet_protocol.messages import EnrolAnswer, EnrolRequest, HubCard, open_frame, sign_frame
from support.protocol import NamedSigner, signer

HUB_ID = HubId(b"HUB-" + bytes(12))
HUB_EPOCH = b"epoch--1"
DEALER_ID = b"dealer-1" + bytes(8)
NOW_MS = 1_750_000_000_000


@dataclass
class FakeHub:
    """Keys and identity of a hub, and what it says about itself."""

    signer: NamedSigner = field(default_factory=lambda: signer("hub key"))
    exchange: X25519PrivateKey = field(default_factory=lambda: X25519PrivateKey.from_private_bytes(b"X" * 32))
    hub_id: HubId = HUB_ID
    secret: bytes = b"ten-secret"
    challenge: bytes = b"challenge-1"

    @property
    def exchange_public(self) -> bytes:
        """Raw public exchange key."""
        return self.exchange.public_key().public_bytes_raw()

    @property
    def code(self) -> str:
        """The enrolment code as printed."""
        return format_code(self.signer.public_key, self.secret)

    def card(self, **changes: object) -> bytes:
        """The signed card."""
        card = HubCard(
            1,
            self.hub_id,
            HUB_EPOCH,
            self.signer.public_key,
            self.exchange_public,
            b"E" * 32,
            1,
            1,
            NOW_MS,
            self.challenge,
        )
        return sign_frame(msgspec.structs.replace(card, **changes), Purpose.ENROL, self.hub_id, self.signer)

    def answer_enrol(self, request_message: bytes, node_signing_key: bytes, **changes: object) -> bytes:
        """The signed welcome to a request whose proof is right."""
        request = open_frame(request_message, EnrolRequest, node_signing_key, Purpose.ENROL, self.hub_id)
        keys = invite_keys(self.secret)
        check_request(keys, self.signer.public_key, request)
        unproven = EnrolAnswer(
            1,
            self.hub_id,
            HUB_EPOCH,
            DEALER_ID,
            request.node_id,
            "TJ01",
            "Tianjin one",
            self.signer.public_key,
            self.exchange_public,
            b"E" * 32,
            0,
            NOW_MS,
            bytes(32),
        )
        changed = msgspec.structs.replace(unproven, **changes)
        proven = msgspec.structs.replace(changed, proof=prove_answer(keys, request_message, changed))
        return sign_frame(proven, Purpose.ENROL, self.hub_id, self.signer)
