"""Seven ways to cheat the hub, each tried for real over HTTP with a valid session.

Decides what is sent and which answer must come. The attacker is an insider: it has a dealer's folder, keys and token,
which is more than a thief on the line would have. Every message is built with the protocol's own functions, then bent.
"""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet_node.bootstrap import Installation, open_installation
from carnet_node.core.failures import HubRefused
from carnet_node.core.line.session import say_hello
from carnet_node.core.log.authoring import next_link
from carnet_node.core.node import Node
from carnet_node.core.records import LoggedSet
from carnet_node.settings import NodeSettings
from carnet_protocol import limits
from carnet_protocol.changeset import Draft, Link, build_ops, seal_set
from carnet_protocol.envelope import Purpose, key_id_of, read_envelope, seal_envelope
from carnet_protocol.ids import NONCE_BYTES, HubId, new_record_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import PushCode, decode_answers, encode_batch
from carnet_protocol.ops import encode_ops

SOFTWARE: Final = "carnet-demo"


@dataclass(frozen=True, slots=True)
class Attack:
    """One way to cheat.

    Attributes:
        name: for the narration.
        sets: what is pushed.
        expected: answer code and reason that the hub must give.
    """

    name: str
    sets: list[tuple[bytes, bytes]]
    expected: tuple[str, str | None]


@dataclass(frozen=True, slots=True)
class Answered:
    """What the hub said to an attack."""

    name: str
    seen: tuple[str, str | None]
    expected: tuple[str, str | None]


class ForeignKey:
    """A key that no hub has enrolled."""

    def __init__(self) -> None:
        self._key = Ed25519PrivateKey.generate()
        self.key_id = key_id_of(self._key.public_key().public_bytes_raw())

    def sign(self, message: bytes) -> bytes:
        """The signature of a message."""
        return self._key.sign(message)


def attack_hub(node_folder: Path) -> list[Answered]:
    """Try every attack with the keys of one node whose work the hub has.

    Args:
        node_folder: data folder of a node that has synced everything.
    """
    installation = open_installation(NodeSettings(data_dir=node_folder))
    attacks = _build(installation)
    return asyncio.run(_try_all(installation, attacks))


def _build(installation: Installation) -> list[Attack]:
    node = installation.node()
    with node.store.read() as tx:
        chain, feed = tx.chain(), tx.feed()
        if chain is None or feed is None:
            raise ValueError("the node is not enrolled")
        last = tx.sets_from(chain.epoch, chain.seq, 1)[0]
    link = next_link(node.identity, chain, feed, node.clock.now_ms())
    return [
        Attack("forged: one byte of a real set changed", [_forged(last)], ("REJECTED", "bad-signature")),
        Attack(
            "forged: signed by a key nobody enrolled", [_fresh(node, link, ForeignKey())], ("REJECTED", "unknown-key")
        ),
        Attack("replayed: a set the hub already has", [(last.message, last.opening)], ("DUPLICATE", None)),
        Attack("reordered: a set from the future", [_fresh(node, replace(link, seq=link.seq + 1))], ("GAP", "gap")),
        Attack("forked: a second set with a known number", [_forked(node, link)], ("FORK", "fork")),
        Attack("re-signed for another purpose", [_for_another_purpose(node, last)], ("REJECTED", "bad-signature")),
        Attack("oversized: more than 256 KiB", [_oversized(node, link)], ("HTTP", "too-large")),
    ]


async def _try_all(installation: Installation, attacks: list[Attack]) -> list[Answered]:
    node = installation.node()
    answered = []
    async with installation.hub_client() as client:
        session = await say_hello(node, installation.sync_ports(client), software=SOFTWARE)
        for attack in attacks:
            try:
                answer = decode_answers(await client.push(session.token, encode_batch(attack.sets)))[0]
                seen = (PushCode(answer.code).name, answer.reason)
            except HubRefused as refusal:
                seen = ("HTTP", refusal.reason.value)
            answered.append(Answered(attack.name, seen, attack.expected))
    return answered


def _forged(last: LoggedSet) -> tuple[bytes, bytes]:
    at = len(last.message) // 2
    return last.message[:at] + bytes([last.message[at] ^ 1]) + last.message[at + 1 :], last.opening


def _fresh(node: Node, link: Link, signer: ForeignKey | None = None) -> tuple[bytes, bytes]:
    """A well-made set at a place of the chain."""
    record = new_record_id(node.clock.now_ms(), node.entropy.random_bytes(10))
    draft = Draft(REGISTRY["customer"], record, {"segment": "private"})
    ops, opening = build_ops((draft,), node.entropy.random_bytes(32))
    nonce = node.entropy.random_bytes(NONCE_BYTES)
    return seal_set(encode_ops(ops), nonce, link, signer or node.signer), opening


def _forked(node: Node, link: Link) -> tuple[bytes, bytes]:
    """A different set under the number of the last one."""
    with node.store.read() as tx:
        before = tx.sets_from(link.epoch, link.seq - 2, 1)[0]
    return _fresh(node, replace(link, seq=link.seq - 1, prev=before.set_hash))


def _for_another_purpose(node: Node, last: LoggedSet) -> tuple[bytes, bytes]:
    payload = read_envelope(last.message).payload
    return seal_envelope(payload, Purpose.HELLO, HubId(node.identity.hub_id), node.signer), last.opening


def _oversized(node: Node, link: Link) -> tuple[bytes, bytes]:
    message, opening = _fresh(node, link)
    size = limits.SET_BYTES_MAX + 1 - len(message)
    return message, opening + bytes(size)
