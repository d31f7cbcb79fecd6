"""Customers of several sites and decisions about them: what tests of the customer master stand on. Nobody is real."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count

from carnet_hub.adapters.store import SqlStore
from carnet_hub.core.log.rebuild import RebuildReport, check_projections
from carnet_protocol.ids import OpId, RecordId, golden_id
from carnet_protocol.kinds import GOLDEN, REGISTRY
from carnet_protocol.messages import PageRow
from carnet_protocol.registry import Value
from carnet_protocol.state import entries_from_wire
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import HubWorld, customer
from support.protocol import record

NUMBERS = count(1)


@dataclass
class GoldenRow:
    """A golden record as one site has read it, by field name; empty for one that was taken away."""

    values: Mapping[str, Value]
    op: bytes

    @property
    def own_records(self) -> set[bytes]:
        """The reader's customers in it."""
        return ids_in(self.values.get("own_record_ids"))

    @property
    def former_ids(self) -> set[bytes]:
        """Golden ids that lead to it."""
        return ids_in(self.values.get("former_ids"))


@dataclass
class Reader:
    """A site that reads its feed page by page and keeps the last golden row of each id."""

    world: HubWorld
    site: SiteAuthor
    cursor: int = 0
    golden: dict[bytes, GoldenRow] = field(default_factory=dict)

    def read(self) -> dict[bytes, GoldenRow]:
        """Everything that is new; what the site holds afterwards."""
        while True:
            page = self.world.page(self.site, cursor=self.cursor)
            for row in page.rows:
                if row.kind == GOLDEN.number:
                    self._take(row)
            self.cursor = page.cursor_to
            if page.is_last:
                return self.golden

    def _take(self, row: PageRow) -> None:
        self.golden.pop(row.record, None)
        if not row.is_evicted:
            (entry,) = entries_from_wire(row.entries)
            fields = entry.fields or {}
            named = {GOLDEN.by_label[label][1].name: value for label, value in fields.items()}
            self.golden[row.record] = GoldenRow(named, entry.op)


def ids_in(joined: Value) -> set[bytes]:
    """The ids in a byte string of whole ids."""
    assert joined is None or isinstance(joined, bytes)
    return {joined[at : at + 16] for at in range(0, len(joined), 16)} if joined else set()


def named(name: str) -> RecordId:
    """The golden id that the customer with a name lends."""
    return golden_id(record(name))


def know(world: HubWorld, site: SiteAuthor, name: str, **values: Value) -> MadeSet:
    """A site records a customer."""
    return push(world, site.write(customer(name, **values)))


def push(world: HubWorld, made: MadeSet) -> MadeSet:
    """Push a set that the hub accepts."""
    assert world.push_one(made).receipt is not None
    return made


def say(world: HubWorld, site: SiteAuthor, kind: str, name: str, of: str, **values: Value) -> MadeSet:
    """A site records something about a customer: a phone, a consent, a preference."""
    return push(world, site.write(draft_of(kind, record(name), {"customer_id": record(of), **values})))


def share(world: HubWorld, site: SiteAuthor, of: str, statement: str = "granted", at: int = 1) -> MadeSet:
    """A customer agrees that their values go to other sites, or takes that back."""
    values: dict[str, Value] = {"purpose": "sharing", "statement": statement, "stated_at": at}
    return say(world, site, "consent", f"consent {of} {at}", of, **values)


def decide(world: HubWorld, effect: str, one: str, other: str, **values: Value) -> RecordId:
    """The hub decides something about two customers; the decision's id."""
    decision = record(f"decision {next(NUMBERS)}")
    pair: dict[str, Value] = {"one_id": record(one), "other_id": record(other), "effect": effect}
    world.write(draft_of("identity", decision, {**pair, "authority": "steward", "cause": "test", **values}))
    return decision


def link(world: HubWorld, one: str, other: str, **values: Value) -> RecordId:
    """Two customers are the same."""
    return decide(world, "link", one, other, **values)


def take_back(world: HubWorld, decision: RecordId, one: str, other: str) -> RecordId:
    """A decision does not stand any more."""
    return decide(world, "retract", one, other, target_id=decision)


def clusters(world: HubWorld, *names: str) -> list[set[str]]:
    """Who of some customers is with whom; those that are alone are left out."""
    with world.hub.store.read() as snapshot:
        members = snapshot.members([record(name) for name in names])
    found: dict[bytes, set[str]] = {}
    for name in names:
        if record(name) in members:
            found.setdefault(members[record(name)].golden, set()).add(name)
    return sorted(found.values(), key=sorted)


def waiting(world: HubWorld, *names: str) -> list[set[str]]:
    """The pairs about which a steward is asked; of customers with these names, `first` to `third` when left out."""
    known: dict[bytes, str] = {record(name): name for name in names or ("first", "second", "third")}
    with world.hub.store.read() as snapshot:
        rows = snapshot.proposals_after((0, b"", b""), 99)
    return sorted(({known[row.one], known[row.other]} for row in rows), key=sorted)


def edit(world: HubWorld, site: SiteAuthor, kind: str, name: str, **values: Value) -> MadeSet:
    """A site changes a record, knowing what it shows."""
    heads = tuple(OpId(entry.op) for entry in world.entries(kind, record(name)))
    return push(world, site.write(draft_of(kind, record(name), values, based_on=heads)))


def fold_again(world: HubWorld, scratch: SqlStore) -> RebuildReport:
    """The log folded into an empty store, and how far the tables differ from that."""
    scratch.make_tables()
    return check_projections(world.hub, scratch)


def source_rows(world: HubWorld) -> Iterator[tuple[object, ...]]:
    """Every record that a site owns, byte for byte."""
    sites = [number for number, kind in REGISTRY.by_number.items() if kind.name not in ("identity", "golden")]
    with world.hub.store.read() as snapshot:
        for number in sites:
            yield from (tuple(row) for row in snapshot.records_of_kind(number) if row.owner != world.hub.hub_id)
