"""Laws of the customer master on the real hub: whatever sites and stewards do, in whatever order."""

import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from itertools import count
from pathlib import Path
from tempfile import mkdtemp
from typing import ClassVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from carnet_hub.adapters.store import SqlStore, open_store
from carnet_hub.core.identities.golden import golden_for, read_clusters
from carnet_hub.core.identities.linking import decision_of
from carnet_hub.core.identities.parties import plain_features
from carnet_hub.core.log.rebuild import check_projections
from carnet_hub.core.master_rows import MemberRow, ProposalRow
from carnet_hub.core.stewardship.master_failures import MasterRefusal
from carnet_hub.core.stewardship.relinking import relink
from carnet_hub.core.stewardship.stewarding import Word, merge, pin, take_back, tell_apart
from carnet_master.clusters import DOUBTED, Authority, Effect, Refusal, deciding, open_proposals, standing_decisions
from carnet_master.holding import Held, held_by_facts
from carnet_protocol.ids import RecordId, golden_id
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup, Value
from contract.hub_matching import SureWeigher
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, make_world, visit
from support.master_world import GoldenRow, Reader, decide, edit, know, say, share, source_rows
from support.plain_engine import KeptNote, PlainEngine
from support.protocol import record

SITES = ("a", "b", "c")
NAMES = tuple("pqrstu")
FULL = ("赵小明", "钱大华", "孙丽")
NUMBERS = ("110105198502031245", "440308199002151233", None)
PHONES = ("13912340001", "13812340002")
BY = Word("st-1")
MACHINE = settings(max_examples=15, stateful_step_count=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])

NOT_ASKED = frozenset({DOUBTED, *(one.value for one in Refusal)})
"""Causes of what waits although the matcher asked nothing: a link in doubt, and links that a guard stopped."""

NAME = st.sampled_from(NAMES)


class MasterMachine(RuleBasedStateMachine):
    """Three sites and a steward; each customer belongs to the site its number says."""

    open_store: Callable[[Path], SqlStore]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(mkdtemp(prefix="carnet-master-"))
        self.world: HubWorld = make_world(type(self).open_store(self.folder))
        self.sites: dict[str, SiteAuthor] = {}
        self.readers: dict[str, Reader] = {}
        self.known: list[str] = []
        self.visits: list[RecordId] = []
        self.made: list[RecordId] = []
        self.sharing: set[bytes] = set()
        self.erased: set[bytes] = set()
        self.numbers = count(1)

    def teardown(self) -> None:
        """Nothing is left behind."""
        self.world.hub.store.close()  # type: ignore[attr-defined]
        shutil.rmtree(self.folder)

    @initialize()
    def begin(self) -> None:
        """Three sites with two customers each; two of different sites have one document, and one number for all."""
        for site in SITES:
            self.sites[site] = self.world.site(site)
            self.readers[site] = Reader(self.world, self.sites[site])
        for name in NAMES:
            self.arrive(name, FULL[0], NUMBERS[0] if name in NAMES[:2] else None)
            self.call(name, PHONES[0])

    def site_of(self, name: str) -> SiteAuthor:
        """Whose customer it is."""
        return self.sites[SITES[NAMES.index(name) % len(SITES)]]

    @rule(name=NAME, full=st.sampled_from(FULL), number=st.sampled_from(NUMBERS))
    def arrive(self, name: str, full: str, number: str | None) -> None:
        """A customer is recorded, or changed."""
        values: dict[str, Value] = {"full_name": full}
        if number is not None:
            values |= {"id_type": "resident_id", "id_no": number}
        if name in self.known:
            edit(self.world, self.site_of(name), "customer", name, **values)
        else:
            know(self.world, self.site_of(name), name, **values)
            self.known.append(name)

    @rule(name=NAME, number=st.sampled_from(PHONES))
    def call(self, name: str, number: str) -> None:
        """A customer gives a number."""
        if name in self.known:
            say(self.world, self.site_of(name), "phone", f"phone {next(self.numbers)}", name, number=number)

    @rule(name=NAME, statement=st.sampled_from(("granted", "withdrawn")))
    def consent(self, name: str, statement: str) -> None:
        """A customer agrees to sharing, or no longer."""
        if name in self.known:
            share(self.world, self.site_of(name), name, statement, next(self.numbers))
            change = self.sharing.add if statement == "granted" else self.sharing.discard
            change(record(name))

    @rule(name=NAME)
    def silence(self, name: str) -> None:
        """A customer does not want to be contacted."""
        if name in self.known:
            values: dict[str, Value] = {"do_not_contact": True}
            say(self.world, self.site_of(name), "contact_preference", f"wish {next(self.numbers)}", name, **values)

    @rule(name=NAME)
    def drive_in(self, name: str) -> None:
        """A customer's car is worked on."""
        if name in self.known:
            number = next(self.numbers)
            drafts = [visit(f"visit {number}", customer_id=record(name))]
            drafts += [car()] if not self.world.entries("vehicle", CAR) else []
            self.world.push_one(self.site_of(name).write(*drafts))
            self.visits.append(record(f"visit {number}"))

    @rule(one=NAME, other=NAME)
    def join(self, one: str, other: str) -> None:
        """A steward merges two customers; sources stay byte for byte what they were."""
        if one in self.known and other in self.known:
            self._decide(lambda: merge(self.world.hub, record(one), record(other), BY).decision)

    @rule(one=NAME, other=NAME, written=NAME)
    def mix_up(self, one: str, other: str, written: str) -> None:
        """A merge that is taken back leaves everybody where they were; what a dealer wrote in between stays."""
        if {one, other, written} <= {*self.known} and record(written) not in self.erased:
            before, note = self._homes_and_queue(), f"note {next(self.numbers)}"
            with suppress(MasterRefusal):
                merged = merge(self.world.hub, record(one), record(other), BY).decision
                edit(self.world, self.site_of(written), "customer", written, note=note)
                take_back(self.world.hub, merged, BY)
                assert self._homes_and_queue() == before
                assert self.world.shown("customer", record(written))["note"] == note

    @rule(one=NAME, other=NAME)
    def part(self, one: str, other: str) -> None:
        """A steward tells two customers apart."""
        if one in self.known and other in self.known and one != other:
            hub = self.world.hub
            self._decide(lambda: tell_apart(hub, record(one), record(other), BY, must_be_one=False).decision)

    @rule(one=NAME, other=NAME)
    def ask(self, one: str, other: str) -> None:
        """The matcher is not sure about two customers."""
        if one in self.known and other in self.known and one != other:
            decide(self.world, "propose", one, other, authority="auto", cause="homophone")

    @rule(probability=st.sampled_from((0.0, 0.6, 0.999)))
    def weigh_again(self, probability: float) -> None:
        """Everybody is weighed again by some model: nobody moves, and a second run asks nothing."""
        hub = replace(self.world.hub, weigher=SureWeigher(probability))
        before = self._homes()

        relink(hub, PlainEngine(), KeptNote(), tell=lambda *_: None)
        again = relink(hub, PlainEngine(), KeptNote(), tell=lambda *_: None)

        assert (again.proposed, self._homes()) == ({}, before)

    def _homes_and_queue(self) -> tuple[list[MemberRow], list[ProposalRow]]:
        with self.world.hub.store.read() as snapshot:
            return self._homes(), list(snapshot.scan(ProposalRow))

    def _homes(self) -> list[MemberRow]:
        with self.world.hub.store.read() as snapshot:
            return list(snapshot.scan(MemberRow))

    @rule(which=st.integers(0, 20))
    def undo(self, which: int) -> None:
        """A steward takes a decision back."""
        if self.made:
            self._decide(lambda: take_back(self.world.hub, self.made[which % len(self.made)], BY).decision)

    @rule(name=NAME, group=st.sampled_from(("name", "phone")))
    def show_first(self, name: str, group: str) -> None:
        """A steward pins a value."""
        if name in self.known:
            self._decide(lambda: pin(self.world.hub, record(name), group, BY).decision)

    @rule(name=NAME)
    def erase(self, name: str) -> None:
        """Somebody is erased."""
        if name in self.known:
            self.erased.add(record(name))
            order = ErasureOrder((record(name),), frozenset(ErasureGroup))
            values = {**order.fields(), "ground": "request"}
            self.world.write(draft_of("erasure", record(f"order {next(self.numbers)}"), values))

    @rule(site=st.sampled_from(SITES))
    def read(self, site: str) -> None:
        """A node reads what is new, at a moment of its own."""
        self.readers[site].read()

    @invariant()
    def every_visit_has_one_customer(self) -> None:
        """A visit names one customer, and that customer is in one cluster at most."""
        for one in self.visits:
            named = self.world.shown("visit", one)["customer_id"]
            assert named in {record(name) for name in self.known}
        with self.world.hub.store.read() as snapshot:
            members = list(snapshot.scan(MemberRow))
        assert len({row.customer for row in members}) == len(members)

    @invariant()
    def nobody_told_apart_is_together(self) -> None:
        """Two between whom a steward's split counts are in two clusters, whatever links lie between."""
        customers = [record(name) for name in self.known]
        with self.world.hub.store.read() as snapshot:
            rows = snapshot.decisions(customers)
            homes = {row.customer: row.golden for row in snapshot.members(customers).values()}
        counting = deciding(standing_decisions(decision_of(row) for row in rows).values())
        for pair, decision in counting.items():
            if decision.effect is Effect.SPLIT:
                first, second = (homes.get(one, golden_id(RecordId(one))) for one in pair)
                assert first != second

    @invariant()
    def nobody_is_asked_what_is_settled(self) -> None:
        """A question of the matcher is about two clusters between which no split counts, and every such one waits."""
        customers = [record(name) for name in self.known]
        with self.world.hub.store.read() as snapshot:
            rows = snapshot.decisions(customers)
            homes = {row.customer: row.golden for row in snapshot.members(customers).values()}
            asked = {(row.one, row.other) for row in snapshot.scan(ProposalRow) if row.cause not in NOT_ASKED}
            live = {one for one, row in snapshot.parties(customers).items() if row.is_live}
        standing = standing_decisions(decision_of(row) for row in rows)
        counting = deciding(standing.values())
        apart = [
            {homes.get(one, one) for one in pair} for pair, told in counting.items() if told.effect is Effect.SPLIT
        ]
        left = {
            pair
            for pair, (_, cause) in open_proposals(list(standing.values()), ()).items()
            if cause not in NOT_ASKED and live.issuperset(pair)
        }
        for pair in left | asked:
            ends = {homes.get(one, one) for one in pair}
            assert (pair in asked) == (pair in left and len(ends) == len(pair) and ends not in apart)

    @invariant()
    def every_id_leads_to_one_customer(self) -> None:
        """A golden id that a customer ever lent leads, in one step, to that customer's cluster."""
        ids = {golden_id(record(name)): record(name) for name in self.known}
        with self.world.hub.store.read() as snapshot:
            aliases, members = snapshot.aliases(list(ids)), snapshot.members(list(ids.values()))
        assert {former: row.customer for former, row in aliases.items()}.items() <= ids.items()
        assert {row.customer for row in members.values()} <= {row.customer for row in aliases.values()}

    @invariant()
    def no_link_of_the_matcher_is_contradicted(self) -> None:
        """Two whose records contradict each other are joined by a steward or by nobody."""
        hub = self.world.hub
        with hub.store.read() as snapshot:
            parties = snapshot.parties([record(name) for name in self.known])
            rows = snapshot.decisions(list(parties))
        standing = standing_decisions(decision_of(row) for row in rows).values()
        spoken = {one.pair for one in standing if one.authority is Authority.STEWARD}
        for pair, one in deciding(standing).items():
            if one.effect is Effect.LINK and pair not in spoken and self.erased.isdisjoint(pair):
                features = [plain_features(hub.box, parties[customer]) for customer in pair]
                assert held_by_facts(*features) is not Held.REFUTED

    @invariant()
    def golden_values_are_members_values(self) -> None:
        """What a site reads is a live value of a member that is its own or shares; silence is never lowered."""
        with self.world.hub.store.read() as snapshot:
            goldens = {row.golden for row in snapshot.scan(MemberRow)}
            clusters = read_clusters(self.world.hub, snapshot, goldens)
        for golden, members in clusters.items():
            for site in self.sites.values():
                read = golden_for(golden, members, site.dealer_id)
                for chosen in (read.values.name, *read.values.phones):
                    if chosen is not None:
                        lender = next(one for one in members if one.source.record == chosen.source.record)
                        assert lender.source.record in self.sharing or lender.source.site == site.dealer_id
                        assert chosen.written in (lender.source.name, *lender.source.phones)
                assert read.is_silent == any(one.source.is_silent for one in members)

    def _decide(self, say_it: Callable[[], RecordId]) -> None:
        """A steward's word: it may be refused by name, and touches no dealer's record either way."""
        before = list(source_rows(self.world))
        with suppress(MasterRefusal):
            self.made.append(say_it())
        assert list(source_rows(self.world)) == before

    def finish(self) -> None:
        """What must hold in the end: folding gives the same, and every reader holds what the hub would show it."""
        scratch = open_store(f"sqlite:///{self.folder / 'scratch.db'}")
        scratch.make_tables()
        try:
            assert check_projections(self.world.hub, scratch).differences == ()
        finally:
            scratch.close()
        for site, reader in self.readers.items():
            assert held(reader.read()) == held(Reader(self.world, self.sites[site]).read())


def held(rows: dict[bytes, GoldenRow]) -> dict[bytes, tuple[bytes, dict[str, Value]]]:
    """What a reader holds, to be compared."""
    return {golden: (row.op, dict(row.values)) for golden, row in rows.items()}


class CheckedMachine(MasterMachine):
    """The same, with everything that is checked once at the end of a history.

    Attributes:
        begun, judged: histories that had sites, and those that kept every law to their end.
    """

    begun: ClassVar[int] = 0
    judged: ClassVar[int] = 0

    def teardown(self) -> None:
        """Check what must hold in the end, then leave nothing behind."""
        try:
            if self.sites:
                type(self).begun += 1
                self.finish()
                type(self).judged += 1
        finally:
            super().teardown()
