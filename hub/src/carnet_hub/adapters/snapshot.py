"""Reads of the store, on one open cursor.

Decides how rows of the driver become rows of the core. Transactions are begun and ended in `store`; the SQL stands in
`statements`. Nothing is cached but the settings that nearly every transaction asks for, which one look-up brings: any
other look-up answers from the database as this cursor sees it.
"""

from collections.abc import Collection, Iterator
from contextlib import closing
from typing import Any, cast

from carnet_hub.adapters.sql_text import LookUp, Statement, first_of
from carnet_hub.adapters.statements import ASKED_OFTEN, SETTLED_PLACE, Statements
from carnet_hub.core import count_rows, master_rows, rows
from carnet_hub.core.limits import FETCH_ROWS
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.ports import R


class SqlSnapshot:
    """`ports.Snapshot` on a cursor inside a transaction."""

    def __init__(self, cursor: Any, statements: Statements) -> None:
        self._cursor = cursor
        self._all = statements
        self._often: dict[str, bytes] | None = None

    def setting(self, name: str) -> bytes | None:
        """See `ports.Snapshot`."""
        if name not in ASKED_OFTEN:
            found = first_of(self._all.setting.fetch(self._cursor, name=name))
            return None if found is None else bytes(found)
        if self._often is None:
            self._often = {one: bytes(value) for one, value in self._all.asked_often.fetch(self._cursor)}
        return self._often.get(name)

    def head(self) -> rows.LogHead:
        """See `ports.Snapshot`."""
        found = self._all.head.fetch(self._cursor, limit=1)
        return rows.LogHead(*found[0]) if found else rows.LogHead(0, 0)

    def log_rows(self, positions: Collection[int]) -> dict[int, rows.LogRow]:
        """See `ports.Snapshot`."""
        return {row.position: row for row in self._many(self._all.log_rows, rows.LogRow, positions)}

    def log_facts(self, positions: Collection[int]) -> dict[int, rows.LogRow]:
        """See `ports.RecordReads`."""
        return {row.position: row for row in self._many(self._all.log_facts, rows.LogRow, positions)}

    def log_after(self, position: int, limit: int) -> list[rows.LogRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.log_after, rows.LogRow, after=position, limit=limit)

    def commit_times(self, positions: Collection[int]) -> dict[int, int]:
        """See `ports.Snapshot`."""
        return dict(self._all.commit_times.fetch(self._cursor, positions))

    def admissions(self, nonces: Collection[bytes]) -> dict[bytes, rows.AdmissionRow]:
        """See `ports.Snapshot`."""
        return {row.nonce: row for row in self._many(self._all.admissions, rows.AdmissionRow, nonces)}

    def admissions_in(self, state: int, after_position: int, limit: int) -> list[rows.AdmissionRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.admissions_in, rows.AdmissionRow, state=state, after=after_position, limit=limit)

    def set_counts(self, state: int) -> dict[bytes, int]:
        """See `ports.Snapshot`."""
        return dict(self._all.set_counts.fetch(self._cursor, state=state))

    def invite(self, code_id: bytes) -> rows.InviteRow | None:
        """See `ports.Snapshot`."""
        found = self._list(self._all.invite, rows.InviteRow, code=code_id)
        return found[0] if found else None

    def epochs(self, node_ids: Collection[bytes]) -> list[rows.EpochRow]:
        """See `ports.Snapshot`."""
        return self._many(self._all.epochs, rows.EpochRow, node_ids)

    def chain_places(
        self, places: Collection[tuple[bytes, bytes, int]]
    ) -> dict[tuple[bytes, bytes, int], rows.ChainRow]:
        """See `ports.Snapshot`. One look-up per epoch asked for."""
        by_epoch: dict[tuple[bytes, bytes], list[int]] = {}
        for node_id, epoch, seq in places:
            by_epoch.setdefault((node_id, epoch), []).append(seq)
        found: dict[tuple[bytes, bytes, int], rows.ChainRow] = {}
        for (node_id, epoch), seqs in by_epoch.items():
            for row in self._many(self._all.chain_places, rows.ChainRow, seqs, node=node_id, epoch=epoch):
                found[row.node_id, row.epoch, row.seq] = row
        return found

    def chain_after(self, node_id: bytes, epoch: bytes, seq: int, limit: int) -> list[rows.ChainRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.chain_after, rows.ChainRow, node=node_id, epoch=epoch, after=seq, limit=limit)

    def records(self, kind: int, ids: Collection[bytes]) -> dict[bytes, rows.RecordRow]:
        """See `ports.Snapshot`."""
        return {row.id: row for row in self._many(self._all.records, rows.RecordRow, ids, kind=kind)}

    def records_of_kind(self, kind: int) -> Iterator[rows.RecordRow]:
        """See `ports.Snapshot`."""
        return self._walk(self._all.records_of_kind, rows.RecordRow, kind=kind)

    def anchored(self, vehicle_ids: Collection[bytes]) -> list[tuple[bytes, int, bytes]]:
        """See `ports.Snapshot`."""
        return self._all.anchored.fetch(self._cursor, vehicle_ids)

    def formerly_anchored(self, vehicle_ids: Collection[bytes]) -> list[tuple[bytes, int, bytes]]:
        """See `ports.Snapshot`."""
        return self._all.formerly_anchored.fetch(self._cursor, vehicle_ids)

    def children(self, parent_ids: Collection[bytes]) -> list[rows.RecordRow]:
        """See `ports.Snapshot`."""
        return self._many(self._all.children, rows.RecordRow, parent_ids)

    def contested(self, after: tuple[int, bytes], limit: int) -> list[rows.RecordRow]:
        """See `ports.Snapshot`."""
        kind, record = after
        return self._list(self._all.contested, rows.RecordRow, after_kind=kind, after_id=record, limit=limit)

    def settled(self, kind: int, ids: Collection[bytes]) -> list[rows.SettledRow]:
        """See `ports.Snapshot`."""
        found = self._many(self._all.settled, rows.SettledRow, ids, kind=kind)
        return sorted(found, key=lambda row: (row.position, row[:5]))

    def settled_after(self, after: rows.SettledPlace, limit: int) -> list[rows.SettledRow]:
        """See `ports.Snapshot`."""
        values = {f"after_{name}": value for name, value in zip(SETTLED_PLACE, after, strict=True)}
        return self._list(self._all.settled_after, rows.SettledRow, limit=limit, **values)

    def assignments(self, vehicle_ids: Collection[bytes]) -> list[rows.AssignmentRow]:
        """See `ports.Snapshot`."""
        return self._many(self._all.assignments, rows.AssignmentRow, vehicle_ids)

    def next_expiries(self, limit: int) -> list[rows.AssignmentRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.next_expiries, rows.AssignmentRow, limit=limit)

    def assignments_of(self, dealer_id: bytes, after: tuple[int, bytes], limit: int) -> list[rows.AssignmentRow]:
        """See `ports.Snapshot`."""
        since, vehicle = after
        return self._list(
            self._all.assignments_of,
            rows.AssignmentRow,
            dealer=dealer_id,
            after_since=since,
            after_vehicle=vehicle,
            limit=limit,
        )

    def assignment_days(self, day: int) -> list[rows.AssignmentDayRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.assignment_days, rows.AssignmentDayRow, day=day)

    def assignment_day(self, day: int, dealer_id: bytes) -> rows.AssignmentDayRow | None:
        """See `ports.Snapshot`."""
        found = self._many(self._all.assignment_day, rows.AssignmentDayRow, [dealer_id], day=day)
        return found[0] if found else None

    def look_ups_of(self, dealer_id: bytes, since_ms: int, limit: int) -> list[LookUpRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.look_ups_of, LookUpRow, dealer=dealer_id, since=since_ms, limit=limit)

    def plates_under(self, key: bytes, limit: int) -> list[bytes]:
        """See `ports.Snapshot`."""
        return [bytes(one) for (one,) in self._all.plates_under.fetch(self._cursor, key=key, limit=limit)]

    def voids(self, ops: Collection[bytes]) -> dict[bytes, rows.VoidRow]:
        """See `ports.Snapshot`."""
        return {row.op: row for row in self._many(self._all.voids, rows.VoidRow, ops)}

    def waiting_for(self, base_nonces: Collection[bytes]) -> list[rows.WaitingRow]:
        """See `ports.Snapshot`."""
        return sorted(self._many(self._all.waiting_for, rows.WaitingRow, base_nonces))

    def waiting_of(self, nonces: Collection[bytes]) -> list[rows.WaitingRow]:
        """See `ports.Snapshot`."""
        return sorted(self._many(self._all.waiting_of, rows.WaitingRow, nonces))

    def erased(self, records: Collection[bytes]) -> dict[bytes, int]:
        """See `ports.Snapshot`."""
        return dict(self._all.erased.fetch(self._cursor, records))

    def sealed_positions(self, records: Collection[bytes]) -> list[int]:
        """See `ports.Snapshot`."""
        return sorted({position for (position,) in self._all.sealed.fetch(self._cursor, records)})

    def nodes_by_key(self, key_ids: Collection[bytes]) -> dict[bytes, rows.Node]:
        """See `ports.Snapshot`."""
        return {row.key_id: row for row in self._many(self._all.nodes_by_key, rows.Node, key_ids)}

    def keys_of(self, node_ids: Collection[bytes]) -> list[rows.KeyRow]:
        """See `ports.Snapshot`."""
        return self._many(self._all.keys_of, rows.KeyRow, node_ids)

    def nodes(self) -> list[rows.Node]:
        """See `ports.Snapshot`."""
        return self._list(self._all.nodes, rows.Node)

    def dealers(self, dealer_ids: Collection[bytes]) -> dict[bytes, rows.DealerRow]:
        """See `ports.Snapshot`."""
        return {row.dealer_id: row for row in self._many(self._all.dealers, rows.DealerRow, dealer_ids)}

    def feed(self, dealer_ids: Collection[bytes], after_place: int, limit: int) -> list[rows.FeedRow]:
        """See `ports.Snapshot`. One look-up per feed."""
        found: list[rows.FeedRow] = []
        for dealer in dealer_ids:
            found += self._list(self._all.feed, rows.FeedRow, dealer=dealer, after=after_place, limit=limit)
        return sorted(found, key=lambda row: (row.place, row.kind, row.id))[:limit]

    def feed_of(self, dealer_id: bytes) -> Iterator[rows.FeedRow]:
        """See `ports.Snapshot`."""
        return self._walk(self._all.feed_of, rows.FeedRow, dealer=dealer_id)

    def outcomes(self, node_id: bytes, after: int, upto: int, limit: int) -> list[rows.LogRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.outcomes, rows.LogRow, node=node_id, after=after, upto=upto, limit=limit)

    def hub_sets(self, after: int, upto: int, limit: int) -> list[rows.LogRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.hub_sets, rows.LogRow, after=after, upto=upto, limit=limit)

    def statuses(self, node_ids: Collection[bytes]) -> dict[bytes, rows.NodeStatusRow]:
        """See `ports.Snapshot`."""
        return {row.node_id: row for row in self._many(self._all.statuses, rows.NodeStatusRow, node_ids)}

    def hellos(self, node_ids: Collection[bytes]) -> list[rows.HelloRow]:
        """See `ports.Snapshot`."""
        return list(self._many(self._all.hellos, rows.HelloRow, node_ids))

    def evidence(self, node_id: bytes, limit: int) -> list[rows.EvidenceRow]:
        """See `ports.Snapshot`."""
        return self._list(self._all.evidence, rows.EvidenceRow, node=node_id, limit=limit)

    def evidence_count(self, node_id: bytes) -> int:
        """See `ports.Snapshot`."""
        return int(first_of(self._all.evidence_count.fetch(self._cursor, node=node_id)))

    def party_records(self, customers: Collection[bytes]) -> list[rows.RecordRow]:
        """See `ports.Snapshot`."""
        return self._many(self._all.party_records, rows.RecordRow, customers)

    def parties(self, customers: Collection[bytes]) -> dict[bytes, master_rows.PartyRow]:
        """See `master_ports.MasterReads`."""
        return {row.customer: row for row in self._many(self._all.master.parties, master_rows.PartyRow, customers)}

    def found_by(self, key: bytes, limit: int) -> list[bytes]:
        """See `master_ports.MasterReads`."""
        return [bytes(one) for (one,) in self._all.master.found_by.fetch(self._cursor, key=key, limit=limit)]

    def found_by_any(self, keys: Collection[bytes], limit: int) -> list[master_rows.MatchKeyRow]:
        """See `master_ports.MasterReads`."""
        return self._many(self._all.master.found_by_any, master_rows.MatchKeyRow, keys, limit=limit)

    def met_by(self, keys: Collection[bytes], limit: int) -> list[tuple[master_rows.PartyRow, bytes | None]]:
        """See `master_ports.MasterReads`."""
        found = self._all.master.met_by.fetch(self._cursor, keys, limit=limit)
        return [(master_rows.PartyRow(*row[:-1]), row[-1]) for row in found]

    def decisions(self, customers: Collection[bytes]) -> list[master_rows.DecisionRow]:
        """See `master_ports.MasterReads`."""
        return sorted(self._many(self._all.master.decisions, master_rows.DecisionRow, customers))

    def members(self, customers: Collection[bytes]) -> dict[bytes, master_rows.MemberRow]:
        """See `master_ports.MasterReads`."""
        return {row.customer: row for row in self._many(self._all.master.members, master_rows.MemberRow, customers)}

    def members_of(self, goldens: Collection[bytes]) -> list[master_rows.MemberRow]:
        """See `master_ports.MasterReads`."""
        return sorted(self._many(self._all.master.members_of, master_rows.MemberRow, goldens))

    def aliases(self, formers: Collection[bytes]) -> dict[bytes, master_rows.AliasRow]:
        """See `master_ports.MasterReads`."""
        return {row.former: row for row in self._many(self._all.master.aliases, master_rows.AliasRow, formers)}

    def proposals(self, customers: Collection[bytes]) -> list[master_rows.ProposalRow]:
        """See `master_ports.MasterReads`."""
        return sorted(self._many(self._all.master.proposals, master_rows.ProposalRow, customers))

    def proposals_after(self, after: master_rows.ProposalPlace, limit: int) -> list[master_rows.ProposalRow]:
        """See `master_ports.MasterReads`."""
        place = dict(zip(("after_position", "after_one", "after_other"), after, strict=True))
        return self._list(self._all.master.proposals_after, master_rows.ProposalRow, limit=limit, **place)

    def proposal_counts(self) -> dict[str, int]:
        """See `master_ports.MasterReads`."""
        return dict(self._all.master.proposal_counts.fetch(self._cursor))

    def cluster_sizes(self) -> dict[int, int]:
        """See `master_ports.MasterReads`."""
        return dict(self._all.master.cluster_sizes.fetch(self._cursor))

    def decision_counts(self) -> dict[tuple[str, str, str], int]:
        """See `master_ports.MasterReads`."""
        return {tuple(row[:3]): row[3] for row in self._all.master.decision_counts.fetch(self._cursor)}

    def party_places(self, after: master_rows.PartyPlace) -> Iterator[master_rows.PartyPlace]:
        """See `master_ports.MasterReads`."""
        since, customer = after
        for place, one in self._walk(self._all.master.party_places, _pair, after_since=since, after_customer=customer):
            yield int(place), bytes(one)

    def party_count(self) -> int:
        """See `relink_ports.RelinkReads`."""
        return int(first_of(self._all.master.party_count.fetch(self._cursor)))

    def parties_after(self, customer: bytes, limit: int) -> list[master_rows.PartyRow]:
        """See `relink_ports.RelinkReads`."""
        return self._list(self._all.master.parties_after, master_rows.PartyRow, after=customer, limit=limit)

    def full_keys(self, most: int) -> frozenset[bytes]:
        """See `relink_ports.RelinkReads`. One walk over the narrow table, in the order of its key."""
        return frozenset(bytes(key) for (key,) in self._all.master.full_keys.fetch(self._cursor, most=most))

    def auto_links_after(self, customer: bytes, limit: int) -> list[master_rows.DecisionRow]:
        """See `relink_ports.RelinkReads`."""
        return self._list(self._all.master.auto_links_after, master_rows.DecisionRow, after=customer, limit=limit)

    def pair_sources(self, kind: int, records: Collection[bytes]) -> dict[bytes, count_rows.PairSourceRow]:
        """See `count_ports.CountReads`."""
        found = self._many(self._all.counts.pair_sources, count_rows.PairSourceRow, records, kind=kind)
        return {row.record: row for row in found}

    def pair_sources_on(self, records: Collection[bytes]) -> list[count_rows.PairSourceRow]:
        """See `count_ports.CountReads`."""
        return self._many(self._all.counts.pair_sources_on, count_rows.PairSourceRow, records)

    def pair_sources_of(self, pairs: Collection[bytes]) -> list[count_rows.PairSourceRow]:
        """See `count_ports.CountReads`."""
        return self._many(self._all.counts.pair_sources_of, count_rows.PairSourceRow, pairs)

    def pair_sources_in(self, campaign: bytes) -> Iterator[count_rows.PairSourceRow]:
        """See `count_ports.CountReads`."""
        return self._walk(self._all.counts.pair_sources_in, count_rows.PairSourceRow, **_beginning_with(campaign))

    def left_cars(self, vehicles: Collection[bytes]) -> dict[bytes, count_rows.LeftCarRow]:
        """See `count_ports.CountReads`."""
        return {row.vehicle: row for row in self._many(self._all.counts.left_cars, count_rows.LeftCarRow, vehicles)}

    def listed_at(self, places: Collection[bytes]) -> list[count_rows.ListedRow]:
        """See `count_ports.CountReads`."""
        return self._many(self._all.counts.listed_at, count_rows.ListedRow, places)

    def listed_of(self, campaigns: Collection[bytes]) -> list[count_rows.ListedRow]:
        """See `count_ports.CountReads`."""
        return self._many(self._all.counts.listed_of, count_rows.ListedRow, campaigns)

    def pairs(self, pairs: Collection[bytes]) -> dict[bytes, count_rows.PairRow]:
        """See `count_ports.CountReads`."""
        return {row.pair: row for row in self._many(self._all.counts.pairs, count_rows.PairRow, pairs)}

    def pairs_in(self, campaign: bytes) -> Iterator[count_rows.PairRow]:
        """See `count_ports.CountReads`."""
        return self._walk(self._all.counts.pairs_in, count_rows.PairRow, **_beginning_with(campaign))

    def sums(self, keys: Collection[bytes]) -> dict[bytes, int]:
        """See `count_ports.CountReads`."""
        return dict(self._many(self._all.counts.sums, count_rows.SumRow, keys))

    def sums_in(self, campaign: bytes) -> list[count_rows.SumRow]:
        """See `count_ports.CountReads`."""
        return self._list(self._all.counts.sums_in, count_rows.SumRow, **_beginning_with(campaign))

    def counts(self, campaigns: Collection[bytes]) -> dict[bytes, count_rows.CountRow]:
        """See `count_ports.CountReads`."""
        return {row.campaign: row for row in self._many(self._all.counts.counts, count_rows.CountRow, campaigns)}

    def scan(self, row_type: type[R]) -> Iterator[R]:
        """See `ports.Snapshot`."""
        return self._walk(self._all.scans[cast(type[rows.Row], row_type)], row_type)

    def _many(self, look_up: LookUp, row_type: Any, keys: Collection[Any], **values: object) -> list[Any]:
        return [row_type(*row) for row in look_up.fetch(self._cursor, keys, **values)] if keys else []

    def _list(self, statement: Statement, row_type: Any, **values: object) -> list[Any]:
        return [row_type(*row) for row in statement.fetch(self._cursor, **values)]

    def _walk(self, statement: Statement, row_type: Any, **values: object) -> Iterator[Any]:
        """Row by row on a cursor of its own, so that look-ups may happen in between."""
        with closing(self._all.dialect.walker(self._cursor.connection)) as cursor:
            statement.run(cursor, **values)
            while batch := cursor.fetchmany(FETCH_ROWS):
                for row in batch:
                    yield row_type(*row)


def _beginning_with(campaign: bytes) -> dict[str, object]:
    """The ends of a range: no VIN and no letter of a sum has this byte."""
    return {"low": campaign, "high": campaign + b"\xff"}


def _pair(*columns: Any) -> tuple[Any, ...]:
    return columns
