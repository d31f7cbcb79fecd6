"""Bugs of commits, identities, time, erasure and chains; the others stand in `planted`.

Decides which lines of the product are broken, one bug at a time.
"""

from typing import Final

from simulation.bugs import HUB, NODE, Bug

MORE_BUGS: Final = (
    Bug(
        "hub: a commit that failed is acknowledged",
        "I2",
        "hub/src/carnet_hub/adapters/store.py",
        '            cursor.execute("COMMIT")\n',
        '            try:\n                cursor.execute("COMMIT")\n'
        '            except Exception:\n                cursor.execute("ROLLBACK")\n',
        script=(
            "A1 push ! disk full hub 12",
            "A1 push ! disk full hub 12",
            "A2 push ! io error hub 12",
            "B1 push ! io error hub 12",
        ),
    ),
    Bug(
        "hub: a receipt names the position before its own",
        "I2",
        HUB + "sets/receipts.py",
        "        row.position,\n        row.time_ms,",
        "        row.position - 1,\n        row.time_ms,",
    ),
    Bug(
        "node: a commit that failed is told as done",
        "I3",
        "node/src/carnet_node/adapters/store.py",
        "                connection.execute(end)\n",
        "                try:\n                    connection.execute(end)\n"
        '                except driver.Error:\n                    connection.execute("ROLLBACK")\n',
    ),
    Bug(
        "node: what was sent is not sent again",
        "I18",
        NODE + "log/outbox.py",
        "        if one.verdict is not None:\n            break\n",
        "        if one.verdict is not None or one.is_sent:\n            break\n",
    ),
    Bug(
        "hub: the node's clock is trusted",
        "I17",
        HUB + "sets/ranking.py",
        "return min(max(header.wall_ms + offset_ms, seen_ms), received_ms)",
        "return header.wall_ms + offset_ms",
    ),
    Bug(
        "hub: rows and position of a page come from different snapshots",
        "I7",
        HUB + "log/feed.py",
        "    with hub.store.read() as snapshot:\n        require_present(hub, snapshot)\n"
        "        position = snapshot.head().position\n        outcomes, is_complete",
        "    with hub.store.read() as snapshot, hub.store.read() as later:\n        require_present(hub, snapshot)\n"
        "        position = later.head().position\n        outcomes, is_complete",
        script=(
            "A1 calm round",
            "B1 calm round",
            "A2 calm round x2",
            "hub courier writes x8",
            "hub courier arrives x3",
            "A2 pull ! another process in between hub 12",
            "hub courier arrives",
            "A2 pull ! another process in between hub 12",
        ),
    ),
    Bug(
        "hub: an erasure does not reach a set that comes late",
        "I15",
        HUB + "log/admission.py",
        "covered = [record for record in arrival.sealed_records if workspace.erased.get(record)]",
        "covered = [record for record in () if workspace.erased.get(record)]",
    ),
    Bug(
        "node: a late page brings an erased value back",
        "I15",
        NODE + "line/inbox.py",
        "tx.put_base(without_erased(row, erased) if erased else row)",
        "tx.put_base(row)",
        script=(
            "A1 calm round",
            "A2 calm round",
            "A1 edit x2",
            "A1 push x3",
            "A2 pull lost x2",
            "hub erase x2",
            "A2 pull x2",
            "A2 late page x4",
        ),
    ),
    Bug(
        "node: an erasure leaves the openings of own sets",
        "I15",
        NODE + "log/erasing.py",
        "            tx.put_opening(log_id, opened.opening)\n",
        "            pass\n",
    ),
    Bug(
        "node: the latest odometer reading is served, not the greatest",
        "I9",
        NODE + "showing/odometer.py",
        "one.odometer_km >= served.odometer_km:",
        "one.odometer_km >= 0:",
        script=("A1 new x30",),
    ),
    Bug(
        "node: based_on is taken anew when a form is saved",
        "I6",
        NODE + "log/authoring.py",
        "    ops, opening = build_ops(tuple(drafts), seed)\n",
        "    there = {key: [e.op for e in one.entries] for key, one in stored.items() if one is not None}\n"
        "    drafts = [\n        Draft(d.kind, d.record, d.values,\n"
        "              tuple(dict.fromkeys([*d.based_on, *there.get((d.kind.number, d.record), [])])), d.action)\n"
        "        for d in drafts\n    ]\n    ops, opening = build_ops(tuple(drafts), seed)\n",
    ),
    Bug(
        "node: each draft of a command becomes a set of its own",
        "I16",
        NODE + "log/authoring.py",
        "    with node.store.write() as tx:\n        return commit_within(node, tx, drafts)\n",
        "    with node.store.write() as tx:\n        return [commit_within(node, tx, [one]) for one in drafts][0]\n",
    ),
    Bug(
        "hub: log and tables are written in two transactions",
        "I16",
        HUB + "sets/workspace.py",
        "        transaction.put(list(self.appended.values()))\n",
        "        transaction.put(list(self.appended.values()))\n"
        '        transaction._cursor.execute("COMMIT")\n        transaction._cursor.execute("BEGIN IMMEDIATE")\n',
        script=(
            "A1 push ! another process in between hub 30",
            "A2 push ! another process in between hub 30",
            "B1 push ! another process in between hub 30",
        ),
    ),
    Bug(
        "protocol: the link to the set before is not checked",
        "I10",
        "protocol/src/carnet_protocol/chain.py",
        "return ChainLink.NEXT if header.prev == head.set_hash else ChainLink.FORK",
        "return ChainLink.NEXT",
        with_liar=True,
    ),
    Bug(
        "hub: the second body of a fork is thrown away",
        "I10",
        HUB + "log/admission.py",
        "            _keep_evidence(workspace, arrival, Reason.FORK)\n",
        "            pass\n",
        with_liar=True,
    ),
    Bug(
        "hub: another content under a known identity is taken for a repetition",
        "I5",
        HUB + "log/admission.py",
        "if known.dealer_id != change_set.header.dealer_id or known.ops_hash != change_set.ops_hash:",
        "if known.dealer_id != change_set.header.dealer_id:",
        with_liar=True,
        script=("hub liar writes x2", "hub liar reuses a nonce"),
    ),
    Bug(
        "hub: a node may sign for another one of its site",
        "I4",
        HUB + "sets/intake.py",
        "if header.node_id != node.node_id or header.dealer_id != node.dealer_id:",
        "if header.dealer_id != node.dealer_id:",
        with_liar=True,
    ),
    Bug(
        "hub: a suspended node's sets are taken",
        "I13",
        HUB + "rows.py",
        'return self.key_status == "active" and',
        'return self.key_status in ("active", "suspended") and',
        theme="keys",
    ),
    Bug(
        "hub: nobody asks whose record it is",
        "I12",
        HUB + "log/admission.py",
        "        check_authority(workspace, arrival.opened, author=author)\n",
        "        pass\n",
    ),
    Bug(
        "hub: an erasure changes more of an entry than its opening",
        "I14",
        "hub/src/carnet_hub/adapters/store.py",
        "        self._all.change_opening.run(self._cursor, at=position, value=opening)\n",
        "        self._all.change_opening.run(self._cursor, at=position, value=opening)\n"
        '        self._cursor.execute(f"UPDATE log SET conflicts = conflicts + 1 WHERE position = {position}")\n',
        script=("A1 new x6", "A1 calm round", "hub erase x4"),
    ),
    Bug(
        "hub: an exclusion is written over the entry it is about",
        "I14",
        HUB + "log/exclusion.py",
        "            position=workspace.position + 1,\n",
        "            position=decided.position,\n",
    ),
    Bug(
        "hub: an excluded set is folded again by a rebuild",
        "I13",
        HUB + "log/rebuild.py",
        "    if row.nonce in workspace.history.excluded:\n        void_whole_set(workspace, held",
        "    if row.nonce in ():\n        void_whole_set(workspace, held",
    ),
    Bug(
        "protocol: the value that came last is shown",
        "I8",
        "protocol/src/carnet_protocol/resolvers.py",
        "shown = max(heads, key=_preference(rule, register, number))",
        "shown = heads[-1]",
    ),
    Bug(
        "hub: nobody waits for what a set is based on",
        "I8",
        HUB + "log/admission.py",
        "    return tuple(base for base in behind if nonce_of(base) != own and ledger.is_missing(base))\n",
        "    return ()\n",
    ),
    Bug(
        "node: a stick that is older than the line looks like a restored database",
        "I11",
        NODE + "line/session.py",
        "    if stated in (Situation.FORK, Situation.SUPERSEDED):\n",
        "    if stated is not Situation.GO:\n",
        script=("A1 stick out", "A1 new x2", "A1 push x3", "hub stick at hub", "A1 stick home", "A1 stick out"),
    ),
)
