"""Bugs of a hub that comes back from a backup, and of two live copies of one disk; the others stand beside this.

Decides which lines of the product are broken, one bug at a time.
"""

from typing import Final

from simulation.bugs import HUB, NODE, Bug

HISTORY_BUGS: Final = (
    Bug(
        "node: the cursor is kept after a new hub epoch",
        "I1",
        NODE + "log/histories.py",
        "    cursor = 0 if is_anything_former else min(feed.cursor, end.cursor)\n",
        "    cursor = feed.cursor\n",
        theme="histories",
    ),
    Bug(
        "node: what a hub has lost counts as delivered",
        "I7",
        "node/src/carnet_node/adapters/write_transaction.py",
        "        self._run(sql.END_VERDICTS, after=position)\n",
        "",
        theme="histories",
    ),
    Bug(
        "node: the hub's own sets are not handed back",
        "I3",
        "node/src/carnet_node/adapters/write_transaction.py",
        "        self._run(sql.END_HUB_SETS, after=position, lowest=min(lowest or 0, 0))\n",
        "",
        theme="histories",
    ),
    Bug(
        "node: rows of a history that has ended count as present ones",
        "I13",
        "node/src/carnet_node/adapters/write_transaction.py",
        "        self._run(sql.END_ROWS, after=position, ended=ended)\n",
        "",
        theme="histories",
        script=(
            "A1 calm round",
            "B1 calm round",
            "hub take hub image",
            "B1 edit shared x3",
            "B1 calm round",
            "A1 calm round",
            "hub restore hub",
            "A1 edit shared x2",
            "A1 calm round",
            "A1 pull x2",
        ),
    ),
    Bug(
        "node: what a restored hub does not confirm stays on the screen",
        "I13",
        NODE + "line/inbox.py",
        "            touched |= set(leave_former_behind(tx, node.identity.dealer_id))\n",
        "            pass\n",
        theme="histories",
        script=(
            "A1 calm round",
            "B1 calm round",
            "hub take hub image",
            "B1 take image",
            "B1 new x10",
            "B1 calm round",
            "A1 calm round",
            "hub restore hub",
            "B1 restore image",
            "A1 calm round",
        ),
    ),
    Bug(
        "hub: its own chain goes on after a restore as if nothing had been",
        "I11",
        HUB + "log/authoring.py",
        "        if hub.histories and held.opened_at <= hub.histories[-1].position:\n",
        "        if hub.histories and held.opened_at < 0:\n",
        theme="histories",
    ),
    Bug(
        "hub: a database that is behind its mark is served",
        "I14",
        HUB + "sets/histories.py",
        "    if known != mark.received_ms:\n",
        "    if known is None and mark.position < 0:\n",
        theme="histories",
    ),
    Bug(
        "hub: a set that comes back under its identity may say something else",
        "I4",
        HUB + "exchange/offers.py",
        "        message = seal_set(own.header.ops, own.nonce, link, hub.signer)\n",
        "        message = seal_set(own.header.ops, own.nonce[::-1], link, hub.signer)\n",
        theme="histories",
    ),
    Bug(
        "node: a copy that was superseded writes on",
        "I11",
        NODE + "line/session.py",
        "is_stopped = situation is Situation.SUPERSEDED or (chain.is_writing_stopped and contact_ms is None)",
        "is_stopped = False",
        theme="copies",
    ),
    Bug(
        "hub: nobody is told that another copy has taken over",
        "I11",
        HUB + "exchange/hello.py",
        "    return any((row.ordinal, row.opened_at) > (own.ordinal, own.opened_at) for row in leading)\n",
        "    return False\n",
        theme="copies",
    ),
)
