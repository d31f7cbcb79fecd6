"""Histories of decisions, step by step: what is worked out as decisions arrive is what a fold of all of them gives.

The machine keeps clusters as a hub does: after each decision only what links connect with the two records is worked out
anew. After every step that is held against a fold of everything, and against what must hold in any history.
"""

from collections.abc import Mapping
from dataclasses import replace

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from carnet_master.clusters import (
    Authority,
    Cluster,
    Decision,
    Effect,
    Party,
    deciding,
    form_clusters,
    standing_decisions,
)
from carnet_protocol.ids import RecordId, golden_id

RECORDS = 7
PICKED = st.integers(0, RECORDS - 1)
PAIRS = st.tuples(PICKED, PICKED).filter(lambda pair: pair[0] != pair[1])
KINDS = st.sampled_from(("", "person", "person", "company"))
NUMBERS = st.sampled_from((frozenset(), frozenset(), frozenset({b"1"}), frozenset({b"2"})))


def record(number: int) -> bytes:
    """A record id that does not sort as records arrived."""
    return bytes([number * 37 % 251]) * 16


class Histories(RuleBasedStateMachine):
    """A hub's clusters under decisions of both authorities, and records that change."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = {record(number): Party(record(number), number + 1) for number in range(RECORDS)}
        self.decisions: list[Decision] = []
        self.home: dict[bytes, Cluster] = {}

    @initialize(kinds=st.lists(KINDS, min_size=RECORDS, max_size=RECORDS), numbers=st.lists(NUMBERS, min_size=RECORDS))
    def arrive(self, kinds: list[str], numbers: list[frozenset[bytes]]):
        """Records of persons and companies, some with a document."""
        for number, (kind, known) in enumerate(zip(kinds, numbers, strict=False)):
            name = record(number)
            self.parties[name] = replace(self.parties[name], kind=kind, identifiers=known)
        for name in self.parties:
            self.work_out(name)

    @rule(pair=PAIRS, effect=st.sampled_from((Effect.LINK, Effect.LINK, Effect.SPLIT)), who=st.sampled_from(Authority))
    def decide(self, pair: tuple[int, int], effect: Effect, who: Authority):
        """Somebody links two records or tells them apart."""
        self.write(effect, record(pair[0]), record(pair[1]), who)

    @precondition(lambda self: self.decisions)
    @rule(data=st.data(), who=st.sampled_from(Authority))
    def take_back(self, data: st.DataObject, who: Authority):
        """Somebody takes a decision back, or a taking back."""
        target = data.draw(st.sampled_from(self.decisions))
        self.write(Effect.RETRACT, target.one, target.other, who, target.id)

    @rule(number=PICKED, known=NUMBERS)
    def edit(self, number: int, known: frozenset[bytes]):
        """A dealer changes its own record."""
        name = record(number)
        self.parties[name] = replace(self.parties[name], identifiers=known)
        self.work_out(name)

    @rule(pair=PAIRS, number=PICKED, known=NUMBERS)
    def merge_edit_unmerge(self, pair: tuple[int, int], number: int, known: frozenset[bytes]):
        """A merge that is taken back leaves nothing behind, and what was edited in between stays."""
        one, other = (record(one) for one in pair)
        merge = self.write(Effect.LINK, one, other, Authority.STEWARD)
        self.edit(number, known)
        without = form_clusters(self.parties.values(), self.decisions[:-1])

        self.write(Effect.RETRACT, one, other, Authority.STEWARD, merge.id)

        assert form_clusters(self.parties.values(), self.decisions) == without

    @invariant()
    def what_was_worked_out_is_what_a_fold_gives(self):
        """Clusters kept up to date part by part are those of all decisions at once, in any order."""
        folded = form_clusters(self.parties.values(), self.decisions[::-1] + self.decisions[::2])

        assert {one.golden: one for one in self.home.values()} == {one.golden: one for one in folded.clusters}

    @invariant()
    def every_record_is_in_one_cluster(self):
        """Nobody is lost and nobody is twice."""
        members = [one.record for cluster in set(self.home.values()) for one in cluster.members]

        assert sorted(members) == sorted(self.parties)

    @invariant()
    def an_old_id_leads_to_one_cluster(self):
        """The id that a record would lend on its own is that of its cluster, or leads there and nowhere else."""
        goldens = {one.golden for one in self.home.values()}

        for name, cluster in self.home.items():
            assert cluster.golden in goldens
            oldest = min(cluster.members, key=lambda one: one.since)
            assert cluster.golden == golden_id(RecordId(oldest.record))
            if golden_id(RecordId(name)) in goldens:
                assert oldest.record == name

    @invariant()
    def who_was_told_apart_is_apart(self):
        """No cluster holds two records between which a split counts."""
        for one in deciding(standing_decisions(self.decisions).values()).values():
            assert one.effect is not Effect.SPLIT or self.home[one.one] is not self.home[one.other]

    @invariant()
    def persons_and_companies_are_apart(self):
        """No cluster holds a person and a company."""
        for cluster in self.home.values():
            assert len({one.kind for one in cluster.members} - {""}) <= 1

    @invariant()
    def two_numbers_need_a_steward(self):
        """A cluster with two valid numbers holds a standing link of a steward."""
        counting = deciding(standing_decisions(self.decisions).values()).values()
        stewards = {one.one for one in counting if one.effect is Effect.LINK and one.authority is Authority.STEWARD}

        for cluster in self.home.values():
            numbers = frozenset().union(*(one.identifiers for one in cluster.members))
            assert len(numbers) <= 1 or any(one.record in stewards for one in cluster.members)

    def write(self, effect: Effect, one: bytes, other: bytes, who: Authority, target: bytes | None = None) -> Decision:
        """Append a decision and work out what it touches."""
        at = len(self.decisions) + 1
        made = Decision(at.to_bytes(16, "big"), one, other, effect, who, (at, 0), target=target)
        self.decisions.append(made)
        self.work_out(one, other)
        return made

    def work_out(self, *touched: bytes) -> None:
        """Only what links connect with some records, standing or not."""
        reach = {*touched}
        linked = [one.pair for one in self.decisions if one.effect is Effect.LINK]
        while more := {name for pair in linked if reach & {*pair} for name in pair} - reach:
            reach |= more
        near: Mapping[bytes, Party] = {name: self.parties[name] for name in reach}
        for cluster in form_clusters(near.values(), self.decisions).clusters:
            self.home.update({one.record: cluster for one in cluster.members})


TestHistories = Histories.TestCase
TestHistories.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
