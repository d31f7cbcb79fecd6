"""No schedule of purges takes what a law has kept, whatever happened before and between them."""

import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from carnet_hub.adapters.store import open_store
from carnet_hub.core.exchange.hello import answer_hello
from carnet_hub.core.upkeep.purging import purge_all
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id
from carnet_protocol.messages import sign_frame
from carnet_protocol.retention import bundled_text, parse_retention
from support.authors import SiteAuthor, draft_of
from support.hub_world import HubWorld, customer, hello_of, make_world
from support.protocol import record

CLASSES = parse_retention(bundled_text("cn") or b"")
PURPOSES = ("marketing", "service_record", "recall_contact")
PERSONS = ("one", "two")
VINS = ("LSVAB2C34RA123456", "LSVAB2C36RA123457")
LAST = tuple(("purge", purpose) for purpose in PURPOSES)
DAY_MS = 24 * 3600 * 1000

EVENTS = (
    *(("buy", who, car) for who in PERSONS for car in (0, 1)),
    *(("visit", who, 0) for who in PERSONS),
    *((what, who) for what in ("sell", "note") for who in PERSONS),
    *(("purge", purpose) for purpose in PURPOSES),
)
step = st.tuples(st.sampled_from(EVENTS), st.sampled_from((1900, 2600, 1200, 400, 1)))
"""Something happens, and then days pass."""


@dataclass
class Network:
    """A hub with one site, and what the law says of its customers, kept by itself."""

    world: HubWorld
    site: SiteAuthor
    bought: dict[tuple[str, int], int] = field(default_factory=dict)
    sold: set[tuple[str, int]] = field(default_factory=set)
    first: dict[int, str] = field(default_factory=dict)
    worked: dict[str, int] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    orders: int = 0

    def protected(self) -> set[str]:
        """Who has to stay, by a reckoning of its own: days, not calendar years, and only where both agree."""
        now = self.world.clock.ms
        tied = {who for who, car in self.bought.keys() - self.sold}
        owners = {who for (who, car), at in self.bought.items() if self.first[car] == who and now < at + 3652 * DAY_MS}
        workshop = {who for who, at in self.worked.items() if now < at + 1826 * DAY_MS}
        return (tied | owners | workshop) - self.gone

    def push(self, kind: str, identity: bytes, values: Mapping[str, object]) -> None:
        """One record of the site, or a change of it that read what stands there."""
        heads = tuple(entry.op for entry in self.world.entries(kind, identity)) if self._has(kind, identity) else ()
        self.world.push_one(self.site.write(draft_of(kind, identity, dict(values), based_on=heads)))  # type: ignore[arg-type]

    def _has(self, kind: str, identity: bytes) -> bool:
        with self.world.hub.store.read() as snapshot:
            return bool(snapshot.records(self.world.hub.registry[kind].number, [identity]))

    def today(self) -> str:
        """The hub's day."""
        return datetime.fromtimestamp(self.world.clock.ms / 1000, UTC).date().isoformat()

    def hear(self) -> None:
        """The node says hello."""
        hello = hello_of(self.site)
        answer_hello(self.world.hub, hello, sign_frame(hello, Purpose.HELLO, self.world.hub.hub_id, self.site.signer))

    def play(self, name: str, *details: object) -> None:
        """One event; one about somebody who is gone does not happen."""
        if name == "days":
            self.world.clock.ms += int(details[0]) * DAY_MS  # type: ignore[call-overload]
        elif name == "purge":
            self.hear()
            list(purge_all(self.world.hub, CLASSES, str(details[0])))
        elif details[0] not in self.gone:
            getattr(self, name)(*details)

    def buy(self, who: str, car: int) -> None:
        """Somebody owns a car from today on."""
        vehicle = vehicle_id(VINS[car])
        link = {"vehicle_id": vehicle, "customer_id": record(who), "role": "owner", "from_on": self.today()}
        if (who, car) not in self.bought:
            self.push("ownership", ownership_id(vehicle, RecordId(record(who)), "owner"), link)
            self.bought[who, car] = self.worked[who] = self.world.clock.ms
            self.first.setdefault(car, who)

    def sell(self, who: str) -> None:
        """Somebody owns no car any longer."""
        for owner, car in sorted(self.bought.keys() - self.sold):
            if owner == who:
                period = {"from_on": self._began(who, car), "to_on": self.today()}
                self.push("ownership", ownership_id(vehicle_id(VINS[car]), RecordId(record(who)), "owner"), period)
                self.sold.add((who, car))
                self.worked[who] = self.world.clock.ms

    def _began(self, who: str, car: int) -> str:
        return datetime.fromtimestamp(self.bought[who, car] / 1000, UTC).date().isoformat()

    def visit(self, who: str, car: int) -> None:
        """Somebody brings a car."""
        self.orders += 1
        values: dict[str, object] = {
            "ro_no": f"RO-{self.orders}",
            "vehicle_id": vehicle_id(VINS[car]),
            "status": "open",
        }
        values |= {"customer_id": record(who), "opened_at": self.world.clock.ms}
        self.push("visit", record(f"visit {self.orders}"), values)
        self.worked[who] = self.world.clock.ms

    def note(self, who: str) -> None:
        """Something is noted of somebody; after a purge of notes the hub keeps no value of it."""
        self.push("customer", record(who), {"note": "likes tea"})

    def names(self) -> dict[str, bool]:
        """Of whom name and phone are here."""
        return {
            who: "full_name" in self.world.shown("customer", record(who))
            and "number" in self.world.shown("phone", record(f"phone {who}"))
            for who in PERSONS
        }


def begin(folder: Path) -> Network:
    """Two cars, and two persons with a phone each."""
    world = make_world(open_store(f"sqlite:///{folder / 'hub.db'}"))
    network = Network(world, world.site("a"))
    cars = [draft_of("vehicle", vehicle_id(vin), {"vin": vin}) for vin in VINS]
    phones = [
        draft_of("phone", record(f"phone {who}"), {"customer_id": record(who), "number": "13800000000"})
        for who in PERSONS
    ]
    world.push_one(network.site.write(*cars, *map(customer, PERSONS), *phones))
    return network


@settings(max_examples=40, deadline=None)
@given(st.lists(step, min_size=1, max_size=7))
@example([(("sell", "one"), 1900)])
@example([(("sell", "one"), 2600), (("visit", "one", 0), 1200)])
def test_no_schedule_of_purges_takes_what_a_law_has_kept(steps: list[tuple[tuple[object, ...], int]]):
    """After every event, and after purges of everything at last, whoever the law protects has name and phone."""
    passing = [one for event, days in steps for one in (event, ("days", days))]
    with tempfile.TemporaryDirectory() as folder:
        network = begin(Path(folder))
        try:
            for name, *details in (("buy", "one", 0), *passing, *LAST):
                network.play(str(name), *details)
                here = network.names()
                network.gone |= {who for who, is_here in here.items() if not is_here} - network.protected()
                assert [who for who in network.protected() if not here[who]] == []
        finally:
            network.world.hub.store.close()  # type: ignore[attr-defined]
