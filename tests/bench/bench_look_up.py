"""A look-up at a hub of a million cars: what one question costs by VIN, plate and telephone number.

A store is built once, through the hub's own store port, and kept under `var/bench-look-up`, named by its cars and the
revision of the tables, so that no store of another revision is measured. It holds each car with its plate, a holder
with a telephone number, and two visits with a job and a part; every thousandth has forty visits. Rows are as the fold
leaves them, and of kinds, ids and values as nodes make them; the log holds the asking site alone, which a look-up does
not read.

One question is everything between the bytes that came and the bytes that go: signature and challenge, pace, the cars
behind the number, history and masks, the line of the ledger made durable, the signed answer. Cars are chosen at random,
so nothing of one answer is at hand for the next. Times are of the clock on the wall; beside the last stands the
processor's own, which says what a machine that does nothing else would need, its disk left out.

    SCALE=0.02 python -m tools.bench --only look_up
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from carnet_hub.adapters.keyring import DataKeyBox
from carnet_hub.adapters.store import open_store
from carnet_hub.adapters.system import SystemEntropy
from carnet_hub.core.anchor_rows import PlateKeyRow
from carnet_hub.core.exchange.looking_up import answer_look_up
from carnet_hub.core.look_up_rows import LookUpRow
from carnet_hub.core.master_rows import MatchKeyRow
from carnet_hub.core.plate_keys import plate_key
from carnet_hub.core.ports import SecretBox
from carnet_hub.core.rows import RecordRow
from carnet_hub.migrations import HEAD
from carnet_master.features import RawCustomer, customer_features
from carnet_master.keys import Block, blocking_keys
from carnet_protocol.envelope import Purpose
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import JOB, OWNERSHIP, PART_LINE, PLATE, VEHICLE, VISIT
from carnet_protocol.look_up import BY_PHONE, BY_PLATE, BY_VIN, LookUpAnswer
from carnet_protocol.messages import open_frame
from carnet_protocol.registry import Kind, Value
from carnet_protocol.state import Entry, pack_entries
from support.authors import SiteAuthor
from support.hub_apps import NOW_MS, CountedEntropy
from support.hub_world import HubWorld, make_world
from support.look_ups import SESSION_KEY, asked
from support.protocol import HUB, fixed

MILLION: Final = 1_000_000
SCALE: Final = 1.0
FOLDER: Final = Path(__file__).resolve().parents[2] / "var" / "bench-look-up"
SITES: Final = 60
VISITS, LONG, LONG_EVERY = 2, 40, 1_000
MIX: Final = [f"each car: {VISITS} visits, every {LONG_EVERY}th {LONG}", "each visit: a job and a part"]
CARS_PER_COMMIT: Final = 50_000
ASKED: Final = 300
MS_MAX: Final = 150.0
BETWEEN_MS: Final = 5 * 60 * 1000
"""Time that passes between two questions, so that the pace of one site is never what answers."""
_DAY_MS: Final = 24 * 3600 * 1000
_BEGAN_MS: Final = NOW_MS - MILLION - _DAY_MS
_PROVINCES: Final = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
_PER_OFFICE: Final = 100_000

Row = RecordRow | PlateKeyRow | MatchKeyRow


def run(repetitions: int) -> list[dict[str, Any]]:
    """The times of a look-up by each way.

    Args:
        repetitions: rounds of `ASKED` questions a way.
    """
    cars = round(MILLION * float(os.environ.get("SCALE") or SCALE))
    world, site = _opened(built_store(cars))
    chance = random.Random(7)
    found: list[dict[str, Any]] = []
    for way, number in ((BY_VIN, vin_of), (BY_PLATE, plate_of), (BY_PHONE, phone_of)):
        _ask(world, site, way, number(0), 0)
        chosen = [chance.randrange(cars) for _ in range(ASKED * repetitions)]
        found += _rows(way, cars, [_ask(world, site, way, number(one), one) for one in chosen])
    world.hub.store.close()  # type: ignore[attr-defined]
    return found


def vin_of(car: int) -> str:
    """The VIN of a car by its place."""
    return f"LSVAB2C34RA{car:06}"


def plate_of(car: int) -> str:
    """Its plate."""
    return f"{_PROVINCES[car // _PER_OFFICE % len(_PROVINCES)]}BD{car % _PER_OFFICE:05}"


def phone_of(car: int) -> str:
    """The telephone number of its holder."""
    return f"1391{1_234_567 + car}"


def built_store(cars: int) -> Path:
    """The file of a hub with so many cars, in the tables of this program; made when it is not there."""
    path = FOLDER / f"{cars}-{HEAD}.db"
    if path.exists():
        return path
    FOLDER.mkdir(parents=True, exist_ok=True)
    building = path.with_suffix(".building")
    for leftover in FOLDER.glob(f"{building.name}*"):
        leftover.unlink()
    began = time.perf_counter()
    world = _world(building)
    world.site("asking")
    for first in range(0, cars, CARS_PER_COMMIT):
        behind = min(first + CARS_PER_COMMIT, cars)
        _put(world, [row for car in range(first, behind) for row in _rows_of(world.hub.box, car)])
        print(f"   {time.perf_counter() - began:5.0f} s  {behind:,} cars", flush=True)
    world.hub.store.close()  # type: ignore[attr-defined]
    building.rename(path)
    return path


def _put(world: HubWorld, rows: Sequence[Row]) -> None:
    by_type: dict[type[Row], list[Row]] = {}
    for row in rows:
        by_type.setdefault(type(row), []).append(row)
    with world.hub.store.write() as transaction:
        for some in by_type.values():
            transaction.put(sorted(some))


def _rows_of(box: SecretBox, car: int) -> Iterator[Row]:
    """Everything the hub keeps about one car, as the fold leaves it."""
    vehicle, owner, holder = vehicle_id(vin_of(car)), _site_of(car), _id("customer", car)
    plate = _id("plate", car)
    said: dict[str, Value] = {"vehicle_id": vehicle, "plate_no": plate_of(car), "plate_color": "blue"}
    tie: dict[str, Value] = {"vehicle_id": vehicle, "customer_id": holder, "role": "owner", "from_on": "2024-05-01"}
    known: dict[str, Value] = {"vin": vin_of(car), "model_name": "思域 1.5T", "color": "蓝"}
    yield _record(VEHICLE, vehicle, owner, known, of=vehicle)
    yield _record(PLATE, plate, owner, said, of=vehicle)
    yield PlateKeyRow(plate, plate_key(box, plate_of(car)) or b"")
    yield _record(OWNERSHIP, _id("tie", car), owner, tie, of=vehicle, parent=holder)
    features = customer_features(RawCustomer(phones=(phone_of(car),)))
    keys = (one for one in blocking_keys(features, box.blind_key) if one[:1] == Block.PHONE.value.encode())
    yield from (MatchKeyRow(key, holder) for key in keys)
    for number in range(VISITS if car % LONG_EVERY else LONG):
        yield from _visit(car, number, vehicle, holder)


def _visit(car: int, number: int, vehicle: bytes, holder: bytes) -> Iterator[Row]:
    owner, visit = _site_of(car + number), _id(f"visit {number}", car)
    opened = NOW_MS - (number + 1) * 90 * _DAY_MS
    said: dict[str, Value] = {
        "ro_no": f"RO-{car}-{number}",
        "vehicle_id": vehicle,
        "customer_id": holder,
        "status": "closed",
        "opened_at": opened,
        "odometer_in_km": 10_000 * (LONG - number),
        "customer_fen": 46_800,
    }
    job: dict[str, Value] = {"visit_id": visit, "job_no": 1, "complaint": "刹车异响", "op_name": "更换制动片"}
    part: dict[str, Value] = {"visit_id": visit, "part_no": "45022", "part_name": "刹车片", "price_fen": 36_000}
    yield _record(VISIT, visit, owner, said, of=vehicle, parent=holder)
    yield _record(JOB, _id(f"job {number}", car), owner, job, of=vehicle, parent=visit)
    yield _record(PART_LINE, _id(f"part {number}", car), owner, part, of=vehicle, parent=visit)


def _record(
    kind: Kind, record: bytes, owner: bytes, values: Mapping[str, Value], *, of: bytes, parent: bytes | None = None
) -> RecordRow:
    fields = {kind.labels[name]: value for name, value in values.items()}
    entries = pack_entries((Entry(record[:14] + b"\x00\x00", NOW_MS - _DAY_MS, owner, fields),))
    return RecordRow(kind.number, record, owner, 1, of, parent, 0, entries)


def _id(name: str, car: int) -> bytes:
    """An id that begins with a time, as nodes make them."""
    return (_BEGAN_MS + car).to_bytes(6, "big") + blake2b(f"{name} {car}".encode(), digest_size=10).digest()


_DEALERS: Final = [fixed(f"dealer {number}") for number in range(SITES)]


def _site_of(number: int) -> bytes:
    return _DEALERS[number % SITES]


def _world(path: Path) -> HubWorld:
    """A hub on a file, with the same keys in every run."""
    world = make_world(open_store(f"sqlite:///{path}"), box=DataKeyBox(fixed("data key", 32), CountedEntropy("box")))
    return HubWorld(replace(world.hub, entropy=SystemEntropy()), world.clock, world.alarms)


def _opened(path: Path) -> tuple[HubWorld, SiteAuthor]:
    """The hub of a file that was built, without the questions of an earlier run; and the site that asks."""
    world = _world(path)
    with world.hub.store.write() as transaction:
        transaction.clear(LookUpRow)
    return world, SiteAuthor("asking", "asking")


def _ask(world: HubWorld, site: SiteAuthor, way: str, sought: str, car: int) -> tuple[float, float]:
    """Milliseconds of one question, by the clock and of the processor; the answer is looked at behind them."""
    world.clock.ms += BETWEEN_MS
    message = asked(world, site, way=way, sought=sought)
    began, began_cpu = time.perf_counter_ns(), time.process_time_ns()
    answered = answer_look_up(world.hub, SESSION_KEY, message)
    spent = (time.perf_counter_ns() - began) / 1e6, (time.process_time_ns() - began_cpu) / 1e6
    answer = open_frame(answered, LookUpAnswer, world.hub.public_key, Purpose.LOOK_UP, HUB)
    assert [one.vehicle_id for one in answer.cars] == [vehicle_id(vin_of(car))], (way, sought)
    return spent


def _rows(way: str, cars: int, times: Sequence[tuple[float, float]]) -> Iterator[dict[str, Any]]:
    by_clock, of_processor = (sorted(some) for some in zip(*times, strict=True))
    for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99)):
        yield _row(f"hub: look-up by {way}, {cars:,} cars, {name}", _at(by_clock, share), most=MS_MAX)
    yield _row(f"hub: the same of the processor, by {way}, p99", _at(of_processor, 0.99))


def _at(times: Sequence[float], share: float) -> float:
    return times[min(int(len(times) * share), len(times) - 1)]


def _row(name: str, value: float, *, most: float | None = None) -> dict[str, Any]:
    return {
        "name": name,
        "value": round(value, 2),
        "unit": "ms",
        "floor": None,
        "ratio": None,
        "target": None if most is None else f"<= {most:g} ms",
        "ok": most is None or value <= most,
        "mix": MIX,
    }


if __name__ == "__main__":
    for figure in run(int(sys.argv[1]) if len(sys.argv) > 1 else 1):
        print(json.dumps(figure, ensure_ascii=False))
