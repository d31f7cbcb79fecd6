"""What one transaction knows about who is who: parties, decisions, clusters, proposals, as of now.

Decides nothing; it loads facts in batches, answers questions about them including what this transaction has changed,
and hands the changed rows over to be written. A `MasterBook` lives for one transaction, beside its `RecordBook`.
"""

from collections.abc import Collection, Mapping
from struct import Struct
from typing import Final, TypeVar

from carnet_hub.core.limits import KEY_ROWS_MAX
from carnet_hub.core.master_rows import (
    AliasRow,
    DecisionRow,
    MatchKeyRow,
    MemberRow,
    PartyRow,
    ProposalRow,
)
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_master.keys import KEY_BYTES

K = TypeVar("K")
R = TypeVar("R")

_KEYS: Final = Struct(f"{KEY_BYTES}s")


class MasterBook:
    """Parties, decisions, clusters and proposals, as of now inside one transaction."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._parties: dict[bytes, PartyRow | None] = {}
        self._decisions: dict[bytes, dict[tuple[bytes, bytes], DecisionRow]] = {}
        self._members: dict[bytes, MemberRow | None] = {}
        self._clusters: dict[bytes, set[bytes]] = {}
        self._proposals: dict[bytes, dict[bytes, ProposalRow]] = {}
        self._new_parties: dict[bytes, None] = {}
        self._new_decisions: dict[bytes, dict[tuple[bytes, bytes], DecisionRow | None]] = {}
        self._new_members: dict[bytes, None] = {}
        self._joined: dict[bytes, set[bytes]] = {}
        self._new_aliases: dict[bytes, AliasRow] = {}
        self._new_proposals: dict[bytes, dict[bytes, ProposalRow | None]] = {}
        self._keys: dict[bytes, dict[bytes, bool]] = {}
        self._found: dict[bytes, list[bytes]] = {}

    def load(self, customers: Collection[bytes]) -> None:
        """Ask for everything about some customers at once."""
        self.load_parties(customers)
        fresh = {one for one in customers if one not in self._members}
        self._members.update(dict.fromkeys(fresh))
        self._members.update(self._snapshot.members(fresh))
        undecided = {one for one in customers if one not in self._decisions}
        self._decisions.update({one: {} for one in undecided})
        for row in self._snapshot.decisions(undecided):
            self._decisions[row.customer][row.other, row.identity] = row
        for customer in undecided & self._new_decisions.keys():
            _overlay(self._decisions[customer], self._new_decisions[customer])

    def load_parties(self, customers: Collection[bytes]) -> None:
        """Ask for some customers as matching sees them at once, and for nothing that was decided about them."""
        fresh = {one for one in customers if one not in self._parties}
        if fresh:
            self._parties.update(dict.fromkeys(fresh))
            self._parties.update(self._snapshot.parties(fresh))

    def party(self, customer: bytes) -> PartyRow | None:
        """A customer as matching sees it; None before it has arrived."""
        if customer not in self._parties:
            self.load_parties([customer])
        return self._parties[customer]

    def put_party(self, row: PartyRow) -> None:
        """Add a party, or change it with its keys."""
        before = self.party(row.customer)
        old = set(split_keys(before.keys)) if before is not None else set()
        new = set(split_keys(row.keys))
        for key in old ^ new:
            self._keys.setdefault(key, {})[row.customer] = key in new
        self._parties[row.customer] = row
        self._new_parties[row.customer] = None

    def decisions(self, customer: bytes) -> list[DecisionRow]:
        """Every decision about a customer, from its side."""
        if customer not in self._decisions:
            self.load([customer])
        return list(self._decisions[customer].values())

    def put_decision(self, row: DecisionRow) -> None:
        """Add a decision, from both sides."""
        for side in (row, row._replace(customer=row.other, other=row.customer)):
            self._new_decisions.setdefault(side.customer, {})[side.other, side.identity] = side
            if side.customer in self._decisions:
                self._decisions[side.customer][side.other, side.identity] = side

    def drop_decision(self, row: DecisionRow) -> None:
        """A decision does not hold, from both sides."""
        for side in (row, row._replace(customer=row.other, other=row.customer)):
            self._new_decisions.setdefault(side.customer, {})[side.other, side.identity] = None
            self._decisions.get(side.customer, {}).pop((side.other, side.identity), None)

    def member(self, customer: bytes) -> MemberRow | None:
        """Which cluster a customer is in; None for a cluster of one."""
        if customer not in self._members:
            self.load([customer])
        return self._members[customer]

    def members_of(self, golden: bytes) -> list[bytes]:
        """The customers of a cluster, by id."""
        if golden not in self._clusters:
            stored = self._snapshot.members_of([golden])
            self._clusters[golden] = {row.customer for row in stored if row.customer not in self._new_members}
            self._clusters[golden].update(self._joined.get(golden, ()))
        return sorted(self._clusters[golden])

    def put_member(self, customer: bytes, row: MemberRow | None) -> None:
        """A customer is in a cluster, or in none, from now on."""
        before = self.member(customer)
        if before is not None and before.golden in self._clusters:
            self._clusters[before.golden].discard(customer)
        if row is not None and row.golden in self._clusters:
            self._clusters[row.golden].add(customer)
        if before is not None:
            self._joined.get(before.golden, set()).discard(customer)
        if row is not None:
            self._joined.setdefault(row.golden, set()).add(customer)
        self._members[customer] = row
        self._new_members[customer] = None

    def put_alias(self, row: AliasRow) -> None:
        """A golden id leads to the customer that lends it."""
        self._new_aliases[row.former] = row

    def proposals(self, customer: bytes) -> list[ProposalRow]:
        """What waits for a steward with this customer as the smaller id."""
        if customer not in self._proposals:
            self.load_proposals([customer])
        return list(self._proposals[customer].values())

    def load_proposals(self, customers: Collection[bytes]) -> None:
        """Ask for the proposals of many customers at once."""
        fresh = {one for one in customers if one not in self._proposals}
        self._proposals.update({one: {} for one in fresh})
        for row in self._snapshot.proposals(fresh):
            self._proposals[row.one][row.other] = row
        for one in fresh & self._new_proposals.keys():
            _overlay(self._proposals[one], self._new_proposals[one])

    def put_proposal(self, row: ProposalRow) -> None:
        """Two customers wait for a steward."""
        self._new_proposals.setdefault(row.one, {})[row.other] = row
        self._proposals.setdefault(row.one, {})[row.other] = row

    def drop_proposal(self, row: ProposalRow) -> None:
        """Two customers wait no longer."""
        self._new_proposals.setdefault(row.one, {})[row.other] = None
        self._proposals.setdefault(row.one, {}).pop(row.other, None)

    def load_met(self, keys: Collection[bytes], limit: int) -> None:
        """Ask at once for everybody who has one of these keys; where that are too many, only who they are.

        Args:
            limit: so many, or more, are too many.
        """
        fresh = set(keys) - self._found.keys()
        met = self._snapshot.met_by(fresh, limit)
        if len(met) >= limit:
            self.load_found(fresh)
            return
        self._found.update({key: [] for key in fresh})
        for row, golden in sorted(met):
            for key in fresh.intersection(split_keys(row.keys)):
                self._found[key].append(row.customer)
            self._parties.setdefault(row.customer, row)
            self._members.setdefault(row.customer, MemberRow(row.customer, golden) if golden is not None else None)

    def load_found(self, keys: Collection[bytes]) -> None:
        """Ask who has one of these keys, at once; where too many have, nothing is known afterwards."""
        fresh = sorted(set(keys) - self._found.keys())
        rows = self._snapshot.found_by_any(fresh, KEY_ROWS_MAX)
        if len(rows) < KEY_ROWS_MAX:
            self._found.update({key: [] for key in fresh})
            for key, customer in sorted(rows):
                self._found[key].append(customer)

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """The first customers with a key, by id."""
        changed = self._keys.get(key)
        stored = self._found.get(key)
        if changed is None:
            return self._snapshot.found_by(key, limit) if stored is None else stored[:limit]
        if stored is None:
            stored = self._snapshot.found_by(key, limit + sum(not stands for stands in changed.values()))
        found = {one for one in stored if changed.get(one, True)} | {one for one, stands in changed.items() if stands}
        return sorted(found)[:limit]

    def flush(self, transaction: Transaction) -> None:
        """Write everything that was added or changed, in the order of the keys."""
        transaction.put([row for one in sorted(self._new_parties) if (row := self._parties[one]) is not None])
        keys = sorted((key, one, stands) for key, changed in self._keys.items() for one, stands in changed.items())
        transaction.remove(MatchKeyRow, [(key, one) for key, one, stands in keys if not stands])
        transaction.put([MatchKeyRow(key, one) for key, one, stands in keys if stands])
        decided = [((one, *key), row) for one, rows in self._new_decisions.items() for key, row in rows.items()]
        transaction.remove(DecisionRow, sorted(key for key, row in decided if row is None))
        transaction.put(sorted(row for _, row in decided if row is not None))
        members = {one: self._members[one] for one in sorted(self._new_members)}
        transaction.remove(MemberRow, [(one,) for one, row in members.items() if row is None])
        transaction.put([row for row in members.values() if row is not None])
        transaction.put(sorted(self._new_aliases.values()))
        waiting = [((one, other), row) for one, rows in self._new_proposals.items() for other, row in rows.items()]
        transaction.remove(ProposalRow, sorted(key for key, row in waiting if row is None))
        transaction.put(sorted(row for _, row in waiting if row is not None))


def _overlay(held: dict[K, R], changes: Mapping[K, R | None]) -> None:
    """Lay what this transaction has changed over what is stored."""
    for key, row in changes.items():
        held.pop(key, None)
        if row is not None:
            held[key] = row


def split_keys(joined: bytes) -> list[bytes]:
    """The keys that stand joined in a party's row."""
    return [key for (key,) in _KEYS.iter_unpack(joined)]
