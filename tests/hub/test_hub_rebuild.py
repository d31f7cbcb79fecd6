"""Tables are projections: whatever happened, a fold of the log from its first entry arrives at the same rows."""

import random

import pytest

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core import rows
from carnet_hub.core.exchange.quarantine import give_up_parked, list_parked, release_parked
from carnet_hub.core.log.conflicts import list_conflicts, restore_value
from carnet_hub.core.log.rebuild import check_projections, exclude_sets, rebuild_projections, site_digest
from carnet_hub.core.master_rows import PartyRow
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action
from carnet_protocol.orders import ErasureOrder
from carnet_protocol.registry import ErasureGroup, Value
from carnet_protocol.state import head_op_ids
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import fixed, record

STEPS = 80


class Story:
    """A random history: sites that write, late and out of order, an operator who decides, orders to erase."""

    def __init__(self, world: HubWorld, seed: int) -> None:
        self.world = world
        self.chance = random.Random(seed)
        self.sites = [world.site("a"), world.site("a2", "a"), world.site("b"), world.site("c")]
        self.held_back: list[MadeSet] = []
        self.folded: list[MadeSet] = []
        self.erasures = 0

    def tell(self) -> None:
        """Let everything happen."""
        rarely = [self.erase, self.rename, self.move, self.exclude]
        choices = [self.write] * 14 + [self.deliver] * 3 + [self.decide] * 2 + [self.restore] * 2 + rarely
        for _ in range(STEPS):
            self.world.clock.ms += self.chance.randrange(100_000)
            self.chance.choice(choices)()
        for _ in range(40):
            self.deliver()

    def write(self) -> None:
        """Some site writes one to four ops; the set is sent at once or kept for later."""
        site = self.chance.choice(self.sites)
        site.wall_ms = self.world.clock.ms + self.chance.randrange(-10_000_000, 10_000_000)
        site.hub_position = self.chance.randrange(self.world.position() + 1)
        made = site.write(*(self.draft(site) for _ in range(self.chance.randint(1, 4))))
        (self.held_back if self.chance.random() < 0.4 else self.folded).append(made)
        if made not in self.held_back:
            self.world.push_one(made)

    def deliver(self) -> None:
        """Some of what was kept arrives, in any order, some of it twice."""
        self.chance.shuffle(self.held_back)
        self.world.push(*self.held_back, *self.chance.sample(self.folded, min(2, len(self.folded))))
        self.folded += self.held_back
        positions = {row.nonce for row in self.world.log()}
        self.held_back = [made for made in self.held_back if made.nonce not in positions]

    def draft(self, site: SiteAuthor) -> Draft:
        """One op on something that this site may know, based on what stands there, or on something unknown."""
        kind, name, values = self.chance.choice(self.palette(site))
        entries = self.world.entries(kind, name)
        declared = REGISTRY[kind]
        if kind in ("vehicle", "customer") and entries and self.chance.random() < 0.1:
            return draft_of(kind, name, {}, based_on=tuple(OpId(entry.op) for entry in entries), action=Action.DELETE)
        registers = {declared.register_of(one).number for one in values}
        based_on = head_op_ids(entries, registers) if self.chance.random() < 0.8 else ()
        if self.chance.random() < 0.25 and self.held_back:
            based_on = (*based_on, self.chance.choice(self.held_back).op())
        return draft_of(kind, name, values, based_on=based_on)

    def palette(self, site: SiteAuthor) -> list[tuple[str, bytes, dict[str, Value]]]:
        """What a site may write."""
        number = self.chance.randrange(3)
        mine = f"{site.dealer} {number}"
        status = self.chance.choice(["open", "open", "completed", "void", "settled"])
        forbidden: list[tuple[str, bytes, dict[str, Value]]] = [
            ("customer", record("customer a 0"), {"segment": "private"}),
            ("campaign", record("campaign"), {"title": "not mine to write"}),
        ]
        if self.chance.random() < 0.05:
            return forbidden
        return [
            ("vehicle", CAR, {"color": self.chance.choice(["red", "blue"]), "fuel": "petrol"}),
            ("vehicle", record(f"car {number}"), {"model_code": str(number), "lifecycle": "active"}),
            ("customer", record(f"customer {mine}"), {"full_name": f"测试{number}", "segment": "taxi"}),
            ("customer", record(f"customer {mine}"), {"id_no": str(number), "id_type": "other"}),
            ("phone", record(f"phone {mine}"), {"customer_id": record(f"customer {mine}"), "number": str(number)}),
            ("visit", record(f"visit {mine}"), {"vehicle_id": CAR, "status": status}),
            ("visit", record(f"visit {mine}"), {"sender_name": "测试", "customer_fen": number}),
            ("job", record(f"job {mine}"), {"visit_id": record(f"visit {mine}"), "complaint": "x", "job_no": 1}),
            ("plate", record(f"plate {number}"), {"vehicle_id": CAR, "plate_no": f"测A{number}"}),
        ]

    def move(self) -> None:
        """A visit turns out to belong to another car."""
        site = self.sites[0]
        name = record(f"visit {site.dealer} {self.chance.randrange(3)}")
        based_on = head_op_ids(self.world.entries("visit", name), [1])
        values: dict[str, Value] = {"vehicle_id": record(f"car {self.chance.randrange(3)}")}
        self.world.push_one(site.write(draft_of("visit", name, values, based_on=based_on)))

    def rename(self) -> None:
        """The hub writes something everybody gets."""
        name = record("campaign")
        heads = head_op_ids(self.world.entries("campaign", name), [1])
        self.world.write(draft_of("campaign", name, {"title": str(self.chance.random())}, based_on=heads))

    def decide(self) -> None:
        """The operator lets something parked go on, or gives it up."""
        parked = list_parked(self.world.hub)
        if not parked:
            return
        one = self.chance.choice(parked)
        try:
            lost = [base for base in one.waits_for if self.chance.random() < 0.7]
            release_parked(self.world.hub, one.nonce, note="decided", lost=lost)
        except NotAllowed:
            give_up_parked(self.world.hub, one.nonce, note="decided")

    def exclude(self) -> None:
        """A key turns out to have been stolen."""
        nonces = [made.nonce for made in self.folded]
        with self.world.hub.store.read() as snapshot:
            known = snapshot.admissions(nonces)
        folded = [nonce for nonce in nonces if nonce in known and known[nonce].state == rows.SetState.FOLDED]
        if folded:
            exclude_sets(self.world.hub, [self.chance.choice(folded)], note="decided")

    def restore(self) -> None:
        """The operator brings an overruled value back."""
        conflicts = list_conflicts(self.world.hub)
        if conflicts:
            one = self.chance.choice(conflicts)
            kind, value = REGISTRY[one.kind], self.chance.choice(one.overruled)
            restore_value(self.world.hub, kind, one.record, register=one.register, op=value.op)

    def erase(self) -> None:
        """Somebody's personal values go."""
        self.erasures += 1
        dealer = self.chance.choice(["a", "b", "c"])
        names = tuple(record(f"{kind} {dealer} {self.chance.randrange(3)}") for kind in ("customer", "phone", "visit"))
        order = ErasureOrder(names, frozenset(self.chance.sample(list(ErasureGroup), 2)))
        fields = {**order.fields(), "ground": "request"}
        self.world.write(draft_of("erasure", record(f"erasure {self.erasures}"), fields))


@pytest.mark.parametrize("seed", range(12))
def test_a_random_history_folds_to_the_same_tables(world: HubWorld, scratch: SqlStore, seed: int):
    """Late, doubled, parked, released, refused, erased, restored, excluded: the state equals a fresh fold."""
    Story(world, seed).tell()

    report = check_projections(world.hub, scratch)

    assert report.differences == ()
    assert report.entries == world.position()


def test_a_rebuild_leaves_every_table_as_it_was(world: HubWorld):
    """Dropping the projections and folding again changes no row, but for the encryption of secret ones."""
    Story(world, 99).tell()
    plain = [one for one in rows.PROJECTIONS if one not in (rows.RecordRow, rows.SettledRow, PartyRow)]
    before = world.digest(plain)

    folded = rebuild_projections(world.hub)

    assert (folded, world.digest(plain)) == (world.position(), before)


def test_a_rebuild_mends_what_was_damaged(world: HubWorld, scratch: SqlStore):
    """Rows that were lost or changed behind the hub's back come back."""
    world.push_one(world.site("a").write(car(color="red"), customer("c"), visit()))
    with world.hub.store.write() as transaction:
        transaction.clear(rows.FeedRow)
        transaction.remove(rows.RecordRow, [(8, CAR)])

    rebuild_projections(world.hub)

    assert check_projections(world.hub, scratch).differences == ()


def test_a_check_names_what_differs(world: HubWorld, scratch: SqlStore):
    """A changed, a missing and an invented row are told apart, each with its key, and nothing is mended."""
    world.push_one(world.site("a").write(car(color="red"), customer("c"), visit()))
    with world.hub.store.write() as transaction:
        (row,) = transaction.records(8, [CAR]).values()
        transaction.put([row._replace(changed=99), row._replace(id=fixed("invented"))])
        transaction.remove(rows.RecordRow, [(12, record("visit"))])
    before = world.digest()

    report = check_projections(world.hub, scratch)

    assert {(one.table, one.key, one.problem) for one in report.differences} == {
        ("RecordRow", ("8", CAR.hex()), "different"),
        ("RecordRow", ("8", fixed("invented").hex()), "unexpected"),
        ("RecordRow", ("12", record("visit").hex()), "missing"),
    }
    assert world.digest() == before


def test_equal_states_have_equal_digests(world: HubWorld):
    """The digest of a site follows its records' heads, not the way they arrived."""
    one = world.site("a")
    world.push_one(one.write(customer("c")))
    before = site_digest(world.hub, one.dealer_id)
    world.push_one(world.site("b").write(customer("elsewhere")))
    unconcerned = site_digest(world.hub, one.dealer_id)

    world.push_one(one.write(customer("d")))

    assert (unconcerned != before, site_digest(world.hub, one.dealer_id) != unconcerned) == (True, True)


def test_secret_values_lie_encrypted(world: HubWorld):
    """An id number stands in no table in clear: neither in openings, nor in states, nor in overruled values."""
    secret = "000000000000000042"
    one, second = world.site("a"), world.site("a2", "a")
    left, right = one.write(customer("c", id_no=secret)), second.write(customer("c", id_no="000000000000000043"))
    world.push(left, right)
    heads = (OpId(left.op()), OpId(right.op()))
    world.push_one(one.write(draft_of("customer", record("c"), {"id_no": secret}, based_on=heads)))

    kept = []
    with world.hub.store.read() as snapshot:
        for row_type in (rows.LogRow, *rows.PROJECTIONS):
            kept += [value for row in snapshot.scan(row_type) for value in row if isinstance(value, bytes)]

    assert not any(b"00000000000000004" in value for value in kept)
    assert world.shown("customer", record("c"))["id_no"] == secret
