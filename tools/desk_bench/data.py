"""A node's database after ten years of a large dealer, written through the store in bulk.

Decides how many records there are and how they hang together; a scale shrinks everything alike. The rows are those a
node has after it fetched everything from its hub: base rows and projections, written by the store's own transaction.
They are not sealed and sent one by one, because a million change sets would take an hour to sign and change nothing of
what is measured; the tenth part that other sites wrote is masked as the hub masks it.

    customers 200,000   vehicles 250,000   visits 1,000,000 (10 % elsewhere)   jobs, readings, plates, phones, owners
    500 orders of the site stand in its shop, and 120 cars are booked for the day
"""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any, Final

from carnet_node.adapters.at_rest import AtRest
from carnet_node.adapters.schema import upgrade
from carnet_node.adapters.store import SqliteNodeStore, open_connection
from carnet_node.adapters.system import SystemEntropy
from carnet_node.adapters.write_transaction import SqlWriteTransaction
from carnet_node.core.node import Node
from carnet_node.core.numbering import business_day, local_date, local_midnight, node_tag, ro_number, ro_prefix
from carnet_node.core.records import BaseRow, Mark, Projection
from carnet_protocol.ids import NodeId, RecordId, new_record_id, ownership_id, vehicle_id
from carnet_protocol.kinds import (
    CUSTOMER,
    JOB,
    ODOMETER_READING,
    OWNERSHIP,
    PHONE,
    PLATE,
    VEHICLE,
    VISIT,
)
from carnet_protocol.kinds.shop_day import APPOINTMENT, BAY, BOOKING_HOURS
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import show
from carnet_protocol.state import Entry
from support.node_builder import DEALER_A, DEALER_B, START_MS, TestBox, build_node, close_node
from tools.desk_bench import names

CUSTOMERS: Final = 200_000
VEHICLES: Final = 250_000
VISITS: Final = 1_000_000
YEARS_MS: Final = 10 * 365 * 24 * 3600 * 1000
ROWS_PER_COMMIT: Final = 20_000
CACHE_KIB: Final = 512 * 1024
SEED: Final = 4
IN_SHOP: Final = 556
"""Orders of both sites that are open: nine of ten are this one's, so that 500 stand on its board."""

IN_SHOP_SHARE_MAX: Final = 4
"""Of a small database no more than every fourth order is open."""

BOOKED: Final = 120
BAYS: Final = 12
DECLINED: Final = 0.05
FLEET: Final = 300
OF_OTHERS: Final = 3
"""Every tenth visit, this one of ten, was at another site."""

UTC_OFFSET_MINUTES: Final = 480
"""Of both sites, whose calendar days begin the series of their orders' numbers."""

VERSION: Final = 4
"""Raised when the data changes; an older database is made anew."""

_FILE: Final = "node-1.db"

Row = tuple[Kind, RecordId, bytes, dict[str, Value]]


@dataclass(frozen=True)
class Desk:
    """A node with its data, and what a measurement asks for.

    Attributes:
        samples: known values by name: plates, VINs, telephones, names, numbers of orders, ids of records.
    """

    node: Node
    samples: dict[str, list[str]]

    def keep_up(self) -> None:
        """What `serve` does beside the requests (`adapters.upkeep`)."""
        if isinstance(self.node.store, SqliteNodeStore):
            self.node.store.copy_back()


def open_desk(folder: Path, scale: float) -> Desk:
    """A copy of the node of a scale, which is made when it is not there yet, and kept: what is measured writes, too."""
    place = folder / f"v{VERSION}-{scale:g}"
    told, kept = place / "samples.json", place / _FILE
    if not told.exists():
        place.mkdir(parents=True, exist_ok=True)
        for stale in place.glob(f"{_FILE}*"):
            stale.unlink()
        samples = _fill(place, scale)
        told.write_text(json.dumps(samples, ensure_ascii=False), encoding="utf-8")
    used = place / "used"
    shutil.rmtree(used, ignore_errors=True)
    used.mkdir()
    shutil.copyfile(kept, used / _FILE)
    upgrade(used / _FILE)  # what was kept may be of an older program
    # The dice of a test would roll again what they rolled while the data was made.
    return Desk(replace(build_node(used), entropy=SystemEntropy()), json.loads(told.read_text(encoding="utf-8")))


def _fill(place: Path, scale: float) -> dict[str, list[str]]:
    close_node(build_node(place))
    dice = Random(SEED)
    plan = _Plan(dice, round(CUSTOMERS * scale), round(VEHICLES * scale), round(VISITS * scale))
    with closing(open_connection(place / _FILE)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "secure_delete=OFF", f"cache_size=-{CACHE_KIB}"):
            connection.execute(f"PRAGMA {pragma}")
        indexes = _drop_indexes(connection)
        tx = SqlWriteTransaction(connection, AtRest(TestBox()))
        for rows in (plan.customers(), plan.vehicles(), plan.visits(), plan.day()):
            _write(connection, tx, dice, rows)
        for sql in indexes:
            connection.execute(sql)
    return plan.samples


def _drop_indexes(connection: Any) -> list[str]:
    """Take the indexes away while millions of rows are written, and say how they are made again."""
    asked = "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL AND tbl_name <> 'name_key'"
    found = connection.execute(asked).fetchall()
    for name, _ in found:
        connection.execute(f"DROP INDEX {name}")
    return [sql for _, sql in found]


def _write(connection: Any, tx: SqlWriteTransaction, dice: Random, rows: Iterator[Row]) -> None:
    connection.execute("BEGIN IMMEDIATE")
    for number, (kind, record, owner, values) in enumerate(rows, 1):
        labels = kind.labels
        fields = {labels[name]: value for name, value in values.items() if value is not None}
        entries = (Entry(dice.randbytes(16), START_MS, owner, fields),)
        tx.put_base(BaseRow(kind.number, record, owner, number, number, entries))
        tx.put_projection(Projection(kind, record, owner, entries, show(kind, entries), Mark.NOTHING_OWN))
        if number % ROWS_PER_COMMIT == 0:
            connection.execute("COMMIT")
            connection.execute("BEGIN IMMEDIATE")
    connection.execute("COMMIT")


class _Plan:
    """What there is, kind by kind in the order of its ids, so that tables grow at their end."""

    def __init__(self, dice: Random, customers: int, vehicles: int, visits: int) -> None:
        self._dice = dice
        self._counts = (customers, vehicles, visits)
        self._in_shop = min(IN_SHOP, visits // IN_SHOP_SHARE_MAX)
        self._people = [self._id(place, customers) for place in range(customers)]
        self._names: list[str] = []
        self._cars: list[tuple[RecordId, str, str, int]] = []
        self._series: Counter[str] = Counter()
        self.samples: dict[str, list[str]] = {}

    def customers(self) -> Iterator[Row]:
        """Customers, and a telephone of each."""
        dice = self._dice
        phones = []
        for place, record in enumerate(self._people):
            is_company = place % 25 == 0
            name = names.company_name(dice) if is_company else names.person_name(dice)
            self._names.append(name)
            said = {"party_kind": "company" if is_company else "person", "segment": "private"}
            yield CUSTOMER, record, DEALER_A, {**said, "company_name" if is_company else "full_name": name}
            phones.append(names.mobile(dice))
        for place, number in enumerate(phones):
            values: dict[str, Value] = {"customer_id": self._people[place], "number": number, "phone_kind": "mobile"}
            yield PHONE, self._id(place, len(phones)), DEALER_A, values
        self._sample("phone", phones)
        self._sample("name", self._names)
        self._sample("customer", [one.hex() for one in self._people])

    def vehicles(self) -> Iterator[Row]:
        """Cars by ascending id, a plate of each, and who owns it."""
        dice, count = self._dice, self._counts[1]
        numbers = [names.vin(dice, serial) for serial in range(count)]
        owners = [self._owner_of(serial) for serial in range(count)]
        cars = [
            (vehicle_id(number), number, names.plate(dice), owner)
            for number, owner in zip(numbers, owners, strict=True)
        ]
        for record, number, _, _ in sorted(cars):
            yield VEHICLE, record, DEALER_A, {"vin": number, "model_name": names.some(dice, names.MODELS)}
        for place, (record, _, plate, _) in enumerate(cars):
            yield PLATE, self._id(place, count), DEALER_A, {"vehicle_id": record, "plate_no": plate}
        links = [(ownership_id(record, self._people[owner], "owner"), record, owner) for record, _, _, owner in cars]
        for link, record, owner in sorted(links):
            values: dict[str, Value] = {"vehicle_id": record, "customer_id": self._people[owner], "role": "owner"}
            yield OWNERSHIP, link, DEALER_A, values
        self._cars = cars
        self._sample("vin", numbers)
        self._sample("plate", [plate for _, _, plate, _ in cars])
        self._sample("vehicle", [record.hex() for record, _, _, _ in cars])

    def visits(self) -> Iterator[Row]:
        """Visits by time, then a job and an odometer reading of each."""
        count = self._counts[2]
        visits, numbers = [], []
        for place in range(count):
            record, at_ms = self._id(place, count), self._moment(place, count)
            car = self._cars[min(int(len(self._cars) * self._dice.random() ** 1.3), len(self._cars) - 1)]
            ro_no = self._ro_no(place, at_ms)
            visits.append((record, car[0], at_ms))
            numbers.append(ro_no)
            yield self._visit(place, record, car, at_ms, ro_no)
        for place, (record, _, _) in enumerate(visits):
            yield JOB, self._id(place, count), self._site(place), self._job(record)
        for place, (record, car_id, at_ms) in enumerate(visits):
            values: dict[str, Value] = {"vehicle_id": car_id, "odometer_km": 1_000 + place % 200_000, "read_at": at_ms}
            yield (
                ODOMETER_READING,
                self._id(place, count),
                self._site(place),
                {**values, "source": "visit", "visit_id": record},
            )
        self._sample("ro_no", [one for place, one in enumerate(numbers) if self._site(place) == DEALER_A])

    def day(self) -> Iterator[Row]:
        """Bays, hours of every weekday, and the cars that are booked for the day."""
        dice, ids = self._dice, iter(range(10 * BOOKED))
        midnight_ms = local_midnight(local_date(START_MS, UTC_OFFSET_MINUTES), UTC_OFFSET_MINUTES)

        def fresh() -> RecordId:
            """Ascending, as they are made."""
            return new_record_id(START_MS, next(ids).to_bytes(4, "big") + dice.randbytes(6))

        for number in range(BAYS):
            yield BAY, fresh(), DEALER_A, {"bay_code": f"B{number:02}", "place_no": number, "is_in_use": True}
        for weekday in range(1, 8):
            hours: dict[str, Value] = {"weekday": weekday, "opens_minute": 480, "closes_minute": 1080}
            yield BOOKING_HOURS, fresh(), DEALER_A, {**hours, "slot_minutes": 30}
        for number in range(BOOKED):
            starts_ms = midnight_ms + (480 + 60 * (number // BAYS)) * 60 * 1000
            slot: dict[str, Value] = {"starts_at": starts_ms, "planned_minutes": 60, "bay_code": f"B{number % BAYS:02}"}
            said: dict[str, Value] = {"plate_no": names.plate(dice), "caller_phone": names.mobile(dice)}
            said |= {"wish": names.some(dice, names.COMPLAINTS), "requested_at": START_MS, "channel": "phone"}
            booked = {**slot, **said, "advisor_code": f"A{number % 8:02}", "status": "booked"}
            yield APPOINTMENT, fresh(), DEALER_A, booked

    def _ro_no(self, place: int, at_ms: int) -> str:
        """The next number of the day at a site; every site has one node, so the first orders of all days end alike."""
        site = self._site(place)
        code = "SHA01" if site == DEALER_A else "BJA02"
        series = ro_prefix(code, business_day(at_ms, UTC_OFFSET_MINUTES), node_tag(NodeId(site)))
        self._series[series] += 1
        return ro_number(series, self._series[series])

    def _visit(self, place: int, record: RecordId, car: tuple[RecordId, str, str, int], at_ms: int, ro_no: str) -> Row:
        site = self._site(place)
        known: dict[str, Value] = {
            "ro_no": ro_no,
            "vehicle_id": car[0],
            "status": "open" if place >= self._counts[2] - self._in_shop else "closed",
            "opened_at": at_ms,
            "completed_at": at_ms + 6 * 3600 * 1000,
            "odometer_in_km": 1_000 + place % 200_000,
            "visit_kind": "maintenance" if place % 2 else "repair",
            "plate_at_visit": car[2],
        }
        if site == DEALER_A:
            known |= {
                "customer_id": self._people[car[3]],
                "customer_name": self._names[car[3]],
                "advisor_code": f"A{place % 8:02}",
            }
            known |= {
                "customer_fen": 68_000,
                "warranty_fen": 0,
                "internal_fen": 0,
                "promised_at": at_ms + 5 * 3600 * 1000,
            }
        return VISIT, record, site, known

    def _job(self, visit: RecordId) -> dict[str, Value]:
        dice = self._dice
        said: dict[str, Value] = {
            "complaint": names.some(dice, names.COMPLAINTS),
            "op_name": names.some(dice, names.OPERATIONS),
        }
        approval = "declined" if dice.random() < DECLINED else "approved"
        return {"visit_id": visit, "job_no": 1, "pay_type": "customer", "approval": approval, **said}

    def _owner_of(self, serial: int) -> int:
        """Most people have one car, some two; one company has three hundred."""
        customers = self._counts[0]
        if serial < customers:
            return serial
        return 0 if serial - customers < FLEET else self._dice.randrange(customers)

    def _site(self, place: int) -> bytes:
        return DEALER_B if place % 10 == OF_OTHERS else DEALER_A

    def _moment(self, place: int, of: int) -> int:
        return START_MS - YEARS_MS + YEARS_MS * (place + 1) // of

    def _id(self, place: int, of: int) -> RecordId:
        return new_record_id(self._moment(place, of), place.to_bytes(4, "big") + self._dice.randbytes(6))

    def _sample(self, name: str, values: list[str]) -> None:
        self.samples[name] = self._dice.sample(values, min(len(values), 2_000))
