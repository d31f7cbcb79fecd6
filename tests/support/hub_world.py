"""A hub on any store, with sites that push to it: what tests of the engine stand on.

The hub's core is real; clock, entropy and alarms are the fakes of `hub_apps`, keys and ids are functions of names.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from carnet_hub.adapters.keyring import DataKeyBox
from carnet_hub.adapters.store import SqlStore
from carnet_hub.core import rows
from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.exchange.ingest import receive_sets
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import HubWrite, write_hub_set
from carnet_hub.core.log.feed import read_page
from carnet_hub.core.ports import SecretBox
from carnet_protocol.changeset import Draft
from carnet_protocol.envelope import Purpose
from carnet_protocol.hello import HelloRequest
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import (
    Page,
    PushAnswer,
    Receipt,
    open_frame,
)
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import Shown, show
from carnet_protocol.state import Entries
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_apps import NOW_MS, CountedEntropy, KeptAlarms, TestClock
from support.protocol import HUB, HUB_EPOCH, exchange_key, fixed, record, signer

VIN = "LSVAB2C34RA123456"
CAR = vehicle_id(VIN)

ALL_ROWS: tuple[type[rows.Row], ...] = (rows.LogRow, *rows.PROJECTIONS, rows.EvidenceRow)
"""Everything that must not change when a set is turned away, but for what nodes say about themselves."""


@dataclass
class HubWorld:
    """A hub and what tests ask of it."""

    hub: Hub
    clock: TestClock
    alarms: KeptAlarms
    sites: dict[str, SiteAuthor] = field(default_factory=dict)

    def site(self, name: str, dealer: str | None = None) -> SiteAuthor:
        """A node of a site, enrolled; the site has the node's name unless given."""
        author = SiteAuthor(name, dealer or name, hub_epoch=self.hub.hub_epoch, wall_ms=self.clock.ms)
        self.enrol(author)
        self.sites[name] = author
        return author

    def enrol(self, author: SiteAuthor, **changes: Value) -> HubWrite:
        """Make a node known to the hub, as its enrolment does."""
        values: dict[str, Value] = {
            "dealer_id": author.dealer_id,
            "signing_key": author.signer.public_key,
            "exchange_key": exchange_key(f"exchange {author.name}"),
            "status": "active",
        }
        site = draft_of("dealer_site", author.dealer_id, {"site_code": author.dealer.upper(), "status": "active"})
        known = self.entries("dealer_site", author.dealer_id)
        node = draft_of("node", author.node_id, {**values, **changes})
        return self.write(node) if known else self.write(site, node)

    def write(self, *drafts: Draft) -> HubWrite:
        """A change set of the hub."""
        return write_hub_set(self.hub, drafts)

    def push(self, *sets: MadeSet) -> list[PushAnswer]:
        """Push sets in one go."""
        return receive_sets(self.hub, [one.pushed for one in sets])

    def push_one(self, one: MadeSet) -> PushAnswer:
        """Push one set."""
        return self.push(one)[0]

    def receipt(self, answer: PushAnswer) -> Receipt:
        """The receipt of an answer, its signature checked."""
        assert answer.receipt is not None
        return open_frame(answer.receipt, Receipt, self.hub.public_key, Purpose.RECEIPT, self.hub.hub_id)

    def node(self, author: SiteAuthor) -> rows.Node:
        """A node as its session knows it."""
        with self.hub.store.read() as snapshot:
            return snapshot.nodes_by_key([author.signer.key_id])[author.signer.key_id]

    def page(self, author: SiteAuthor, cursor: int = 0, outcomes_after: int = 0, rows_max: int = 1000) -> Page:
        """A page for a node, its signature checked."""
        message = read_page(
            self.hub,
            self.node(author),
            cursor=cursor,
            hub_epoch=self.hub.hub_epoch,
            outcomes_after=outcomes_after,
            rows_max=rows_max,
        )
        return open_frame(message, Page, self.hub.public_key, Purpose.FEED, self.hub.hub_id)

    def entries(self, kind: str, record_id: bytes) -> Entries:
        """The state of a record; empty for none."""
        number = REGISTRY[kind].number
        with self.hub.store.read() as snapshot:
            row = snapshot.records(number, [record_id]).get(record_id)
        return plain_entries(self.hub.box, number, record_id, row.entries) if row is not None else ()

    def shown(self, kind: str, record_id: bytes) -> dict[str, Value]:
        """What a record shows, by field name."""
        declared = REGISTRY[kind]
        values = self.show(kind, record_id).values
        return {declared.by_label[label][1].name: value for label, value in values.items()}

    def show(self, kind: str, record_id: bytes) -> Shown:
        """A record as people see it."""
        return show(REGISTRY[kind], self.entries(kind, record_id))

    def position(self) -> int:
        """The end of the log."""
        with self.hub.store.read() as snapshot:
            return snapshot.head().position

    def log(self) -> list[rows.LogRow]:
        """Every entry."""
        with self.hub.store.read() as snapshot:
            return snapshot.log_after(0, 10_000)

    def digest(self, row_types: Sequence[type[rows.Row]] = ALL_ROWS) -> str:
        """A hash of everything the hub keeps."""
        digest = hashlib.sha256()
        with self.hub.store.read() as snapshot:
            for row_type in row_types:
                for row in snapshot.scan(row_type):
                    digest.update(repr(tuple(row)).encode())
        return digest.hexdigest()

    def as_worker(self, store: SqlStore, clock: TestClock | None = None) -> "HubWorld":
        """The same hub as another worker process sees it."""
        clock = clock or self.clock
        return HubWorld(replace(self.hub, store=store, clock=clock), clock, self.alarms, self.sites)


def make_world(store: SqlStore, *, box: SecretBox | None = None) -> HubWorld:
    """A hub on a store with empty tables."""
    store.make_tables()
    clock, alarms, entropy = TestClock(), KeptAlarms(), CountedEntropy()
    key = signer("hub key")
    hub = Hub(
        HUB,
        HUB_EPOCH,
        fixed("hub node"),
        key.public_key,
        key,
        store,
        clock,
        entropy,
        box or DataKeyBox(fixed("data key", 32), CountedEntropy("box")),
        alarms,
    )
    return HubWorld(hub, clock, alarms)


def car(**values: Value) -> Draft:
    """A vehicle that several sites know."""
    return draft_of("vehicle", CAR, {"vin": VIN, **values})


def visit(name: str = "visit", /, **values: Value) -> Draft:
    """An open visit of the car."""
    defaults: dict[str, Value] = {"ro_no": f"RO-{name}", "vehicle_id": CAR, "status": "open", "opened_at": NOW_MS}
    return draft_of("visit", record(name), {**defaults, **values})


def customer(name: str = "customer", /, **values: Value) -> Draft:
    """A customer; nobody real."""
    return draft_of("customer", record(name), {"party_kind": "person", "full_name": "测试甲", **values})


def hello_of(site: SiteAuthor, **changes: object) -> HelloRequest:
    """What a node says that stands where its author stands."""
    values: dict[str, object] = {
        "version": 1,
        "challenge": b"challenge",
        "dealer_id": site.dealer_id,
        "node_id": site.node_id,
        "epoch": site.epoch,
        "epoch_ordinal": site.epoch_ordinal,
        "head_seq": site.seq,
        "head_hash": site.prev if site.seq else bytes(32),
        "hub_epoch": site.hub_epoch,
        "cursor": 0,
        "unsent_sets": 0,
        "oldest_unsent_ms": 0,
        "wall_ms": site.wall_ms,
        "schema": 1,
        "software": "tests",
        "closed": [],
    }
    return HelloRequest(**{**values, **changes})  # type: ignore[arg-type]
