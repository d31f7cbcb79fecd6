"""Receipts: proof of delivery, a function of one log entry.

Decides what a receipt says and how the answer to a pushed set is put together. Because a receipt is made from the log
alone, it can be made again, byte for byte, whenever the same set arrives again.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from carnet_hub.core.hub import Hub
from carnet_hub.core.rows import LogRow
from carnet_protocol.envelope import Purpose
from carnet_protocol.messages import MESSAGE_VERSION, Outcome, PushAnswer, PushCode, Receipt, VoidOp, sign_frame
from carnet_protocol.reasons import Reason

_pairs: Final = msgspec.msgpack.Decoder(list[tuple[int, str]])
_packer: Final = msgspec.msgpack.Encoder()


def pack_voids(voids: Mapping[int, str]) -> bytes:
    """Void ops (index, reason) as a log entry keeps them; empty for none."""
    return _packer.encode(sorted(voids.items())) if voids else b""


def unpack_voids(packed: bytes) -> dict[int, str]:
    """The void ops of a log entry."""
    return dict(_pairs.decode(packed)) if packed else {}


def receipt_of(hub: Hub, row: LogRow) -> bytes:
    """The signed receipt of the set that an entry decided."""
    receipt = Receipt(
        MESSAGE_VERSION,
        row.hub_epoch,
        row.node_id,
        row.epoch,
        row.seq,
        row.nonce,
        row.set_hash,
        row.verdict,
        row.reason,
        row.position,
        row.time_ms,
        _void_ops(row),
        row.conflicts,
    )
    return sign_frame(receipt, Purpose.RECEIPT, hub.hub_id, hub.signer)


def outcome_of(row: LogRow) -> Outcome:
    """The same, as a page reports it to the author."""
    return Outcome(row.nonce, row.verdict, row.reason, row.position, row.time_ms, _void_ops(row), row.conflicts)


def answer_with(hub: Hub, row: LogRow, *, is_duplicate: bool) -> PushAnswer:
    """The answer to a set that stands in the log."""
    code = PushCode.DUPLICATE if is_duplicate else PushCode(row.verdict)
    return PushAnswer(int(code), receipt_of(hub, row), row.reason, None)


def rejection(code: PushCode, reason: Reason, expected_seq: int | None = None) -> PushAnswer:
    """The answer to a set that left nothing in the log."""
    return PushAnswer(int(code), None, reason.value, expected_seq)


def _void_ops(row: LogRow) -> list[VoidOp]:
    return [VoidOp(index, reason) for index, reason in unpack_voids(row.voids).items()]
