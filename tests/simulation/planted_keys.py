"""Bugs of keys, receipts and clocks; the others stand in `planted` and `planted_more`.

Decides which lines of the product are broken, one bug at a time.
"""

from typing import Final

from simulation.bugs import HUB, NODE, Bug

KEY_BUGS: Final = (
    Bug(
        "hub: a key that was replaced opens epochs and goes on",
        "I4",
        HUB + "admission.py",
        "    return link is ChainLink.NEXT and is_closed and all(op.kind",
        "    return all(op.kind",
        theme="keys",
    ),
    Bug(
        "hub: a revoked key is heard",
        "I13",
        HUB + "effects.py",
        "    if current in revoked_keys(workspace, node_id):\n        status = _REVOKED\n",
        "",
        theme="keys",
    ),
    Bug(
        "hub: the newest suspect set keeps its effect",
        "I13",
        HUB + "revoking.py",
        "    return Suspects(folded, tuple(nonce",
        "    return Suspects(folded[:-1], tuple(nonce",
        theme="keys",
    ),
    Bug(
        "hub: suspect sets that wait are not given up",
        "I13",
        HUB + "revoking.py",
        "        _give_up(hub, transaction, suspects.parked, note=reason)\n        if suspects.folded:",
        "        if suspects.folded:",
        theme="keys",
    ),
    Bug(
        "hub: a suspended node reads on",
        "I13",
        HUB + "greeting.py",
        "    if not node.is_welcome:\n        raise NotAllowed(Reason.REPLACED_KEY",
        "    if not node.is_welcome and not node.node_id:\n        raise NotAllowed(Reason.REPLACED_KEY",
        theme="keys",
    ),
    Bug(
        "node: a change of keys is not finished at the start after it",
        "I18",
        "node/src/carnet_node/adapters/rotating.py",
        "        (self._folder / NEXT_FILE).unlink(missing_ok=True)\n        return is_new",
        "        return is_new",
        theme="keys",
    ),
    Bug(
        "node: the old key goes before the hub has taken the change",
        "I18",
        "node/src/carnet_node/adapters/rotating.py",
        "    if not is_pending and own == node.signer.key_id:\n",
        "    if own == node.signer.key_id:\n",
        theme="keys",
    ),
    Bug(
        "node: what is sealed anew is signed with the new key, change or not",
        "I18",
        NODE + "signing.py",
        "    if change is not None and is_change_pending(tx) and one.log_id <= change.log_id:\n",
        "    if change is not None and one.log_id < 0:\n",
        theme="keys",
    ),
    Bug(
        "node: an excluded change is confirmed without what was read with it",
        "I13",
        NODE + "excluded.py",
        "    based_on = dict.fromkeys((excluded.op, *op.based_on,",
        "    based_on = dict.fromkeys((*op.based_on,",
        theme="keys",
    ),
    Bug(
        "node: a confirmation writes the record of another change",
        "I13",
        NODE + "excluded.py",
        "            and (indexes is None or one.opened.index in indexes)\n",
        "            and (indexes is None or one.opened.index not in indexes)\n",
        theme="keys",
    ),
    Bug(
        "hub: a recovery code is good for every site",
        "I12",
        HUB + "recovering.py",
        "    if code.dealer_id != node.dealer_id:\n",
        "    if code.dealer_id == b'':\n",
        theme="clocks",
    ),
    Bug(
        "hub: a recovery code is good for everybody who knows it",
        "I12",
        HUB + "recovering.py",
        "    if code.tries >= limits.INVITE_TRIES_MAX or code.node_id != NOBODY:\n",
        "    if code.tries >= limits.INVITE_TRIES_MAX:\n",
        theme="clocks",
    ),
    Bug(
        "hub: a page that was begun counts as read",
        "I15",
        HUB + "erasing.py",
        "    return max(0, position_of(cursor + 1) - 1)\n",
        "    return position_of(cursor) + 1\n",
    ),
    Bug(
        "node: it signs for an erasure that still lies in its files",
        "I15",
        NODE + "erasing.py",
        '    return min(feed.cursor, int.from_bytes(held, "big")) if held else feed.cursor\n',
        "    return feed.cursor\n",
    ),
    Bug(
        "hub: the receipt of a revoked node counts",
        "I15",
        HUB + "erasing.py",
        "    if node.key_status == _REVOKED:\n        return ReceiptState.REVOKED\n",
        "",
        theme="keys",
    ),
    Bug(
        "hub: time goes back in the log with the clock",
        "I14",
        HUB + "freeing.py",
        "max(hub.clock.now_ms(), head.received_ms)",
        "hub.clock.now_ms()",
        theme="clocks",
    ),
)
