"""What who-is-who costs the hub's log: bytes of `identity` decisions per customer that arrives, by what they say.

Customers of the made-up country arrive one set each, in the order of their days, at a real hub on a SQLite file with
the shipped models. Bytes are those of the hub's own sets in the log, message and opening; they depend on nothing but
the seed.

    python -m tools.master.identity_log [--records 4000] [--seed 11]
"""

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from bench.population.truth import SourceRecord, Vehicle  # noqa: E402  (needs the path set above)
from bench.population.world import make_population  # noqa: E402
from carnet_hub.adapters.store import open_store  # noqa: E402
from carnet_hub.adapters.weighing import ShippedWeigher  # noqa: E402
from carnet_hub.core.stewardship.matching import write_policy  # noqa: E402
from carnet_master.tiers import Mode, Policy  # noqa: E402
from carnet_protocol.changeset import Draft  # noqa: E402
from carnet_protocol.ids import RecordId, ownership_id, vehicle_id  # noqa: E402
from carnet_protocol.registry import Value  # noqa: E402
from carnet_protocol.vin import has_vin_characters  # noqa: E402
from support.authors import MadeSet, draft_of  # noqa: E402
from support.hub_world import HubWorld, make_world  # noqa: E402
from support.protocol import record  # noqa: E402

RECORDS: Final = 4_000
SEED: Final = 11
SETS_PER_PUSH: Final = 20
VIN_CHARS: Final = 17
_TEXTS: Final = ("full_name", "salutation", "birth_calendar", "company_name", "wechat", "birth_on")


def measure(folder: Path, records: int, seed: int, mode: Mode) -> dict[str, Any]:
    """Bytes and decisions per record at a hub that was empty before.

    Args:
        folder: where the hub's file goes.
        records: 1 to some ten thousand.
    """
    world = make_world(open_store(f"sqlite:///{folder / f'{mode}.db'}"))
    with world.hub.store.write() as transaction:
        write_policy(transaction, Policy(mode))
    world.hub = replace(world.hub, weigher=ShippedWeigher())
    made = sorted(make_population(records, seed).records, key=lambda one: (one.day, one.id))
    sites = {one: world.site(f"site {one}") for one in sorted({one.dealer for one in made})}
    begun = world.position()
    waiting: list[MadeSet] = []
    for one in made:
        waiting.append(sites[one.dealer].write(*_drafts(one)))
        if len(waiting) == SETS_PER_PUSH:
            world.push(*waiting)
            waiting.clear()
    world.push(*waiting)
    return {"mode": mode.value, "records": len(made), **_counted(world, len(made), begun)}


def _counted(world: HubWorld, records: int, begun: int) -> dict[str, Any]:
    own = [row for row in world.log() if row.node_id == world.hub.node_id and row.position > begun]
    size = sum(len(row.message or b"") + len(row.opening) for row in own)
    with world.hub.store.read() as snapshot:
        decisions = Counter[str]()
        for (effect, _, _), count in snapshot.decision_counts().items():
            decisions[effect] += count
    return {
        "log_bytes_per_record": round(size / records, 1),
        "decisions_per_record": {effect: round(count / records, 4) for effect, count in sorted(decisions.items())},
    }


def _drafts(one: SourceRecord) -> Iterator[Draft]:
    """A made-up record as a site's desk writes it."""
    me = record(one.id)
    values: dict[str, Value] = {name: getattr(one, name) for name in _TEXTS if getattr(one, name)}
    if one.sex in ("male", "female"):
        values["sex"] = one.sex
    if one.id_no:
        values |= {"id_type": "resident_id", "id_no": one.id_no}
    if one.credit_code:
        values["credit_code"] = one.credit_code
    yield draft_of("customer", me, {"party_kind": one.party_kind, **values})
    for at, number in enumerate(one.phones):
        yield draft_of("phone", record(f"{one.id} phone {at}"), {"customer_id": me, "number": number})
    if one.street:
        place: dict[str, Value] = {"street": one.street, "district_code": one.district_code, "city_code": one.city_code}
        known = {name: value for name, value in place.items() if value}
        yield draft_of("address", record(f"{one.id} address"), {"customer_id": me, **known})
    for at, car in enumerate(one.vehicles):
        yield from _car(one.id, at, car, me)


def _car(owner: str, at: int, car: Vehicle, me: RecordId) -> Iterator[Draft]:
    has_vin = len(car.vin) == VIN_CHARS and has_vin_characters(car.vin)
    which = vehicle_id(car.vin) if has_vin else record(f"{owner} car {at}")
    yield draft_of("vehicle", which, {"vin": car.vin} if has_vin else {"model_year": 2020})
    yield draft_of(
        "ownership", ownership_id(which, me, "owner"), {"vehicle_id": which, "customer_id": me, "role": "owner"}
    )
    if car.plate:
        yield draft_of("plate", record(f"{owner} plate {at}"), {"vehicle_id": which, "plate_no": car.plate})


def main() -> int:
    """Measure each mode; returns the exit code."""
    parser = argparse.ArgumentParser(description="what who-is-who costs the log")
    parser.add_argument("--records", type=int, default=RECORDS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="carnet-bench-") as folder:
        for mode in (Mode.ALL, Mode.SURE):
            print(json.dumps(measure(Path(folder), options.records, options.seed, mode)), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
