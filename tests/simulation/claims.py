"""Two claims that can be checked from outside: how far a car has gone, and what is forgotten.

Decides I9 for each car, and I15 for the files on every disk.
"""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from carnet_node.core.showing.odometer import judge_odometer, reading_of
from carnet_node.core.showing.record_view import view_record
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Value
from carnet_protocol.writes import Write
from simulation.archive import Archive
from simulation.desk import CANARY
from simulation.invariants import Broken
from simulation.stage import Stage
from simulation.world import Machine
from support.fold_model import model_of

READING: Final = REGISTRY["odometer_reading"]


def check_odometers(stage: Stage, machine: Machine) -> None:
    """Each car's served reading is the greatest since its last replacement, of all readings that the node has.

    That it has all of them is `checks.check_converged`'s business.
    """
    with machine.node.store.read() as tx:
        found = [view_record(tx, machine.node.identity, one) for one in tx.projections(READING)]
    shown: dict[bytes, list] = {}
    for view in found:
        if view is not None and isinstance(view.values.get("vehicle_id"), bytes):
            shown.setdefault(bytes(view.values["vehicle_id"]), []).append(reading_of(view.id, view.values))  # type: ignore[arg-type]
    meant = _readings(stage.archive, {view.id for view in found if view is not None})
    for vehicle, readings in meant.items():
        judged = judge_odometer(one for one in shown.get(vehicle, []) if one is not None)
        served = None if judged.served is None else judged.served.odometer_km
        if len(judged.readings) != len(readings):
            raise Broken("I9", f"{machine.name}: {len(judged.readings)} readings instead of {len(readings)}")
        if served != _served(readings):
            raise Broken("I9", f"{machine.name}: {served} km are served instead of {_served(readings)}")


def _readings(archive: Archive, records: set) -> dict[bytes, list[tuple[int, int, bool]]]:
    """(when, km, whether the instrument was replaced) of every reading that counts, by car."""
    found: dict[bytes, list[tuple[int, int, bool]]] = {}
    for record in records:
        values = _shown_values(archive.writes_on((READING.number, record), archive.position))
        km, at, vehicle = values.get("odometer_km"), values.get("read_at"), values.get("vehicle_id")
        if isinstance(vehicle, bytes) and isinstance(km, int) and isinstance(at, int) and not values.get("retracted"):
            found.setdefault(vehicle, []).append((at, km, values.get("source") == "odometer_replaced"))
    return found


def _shown_values(writes: list[Write]) -> dict[str, Value]:
    """What a record shows, by name, by the definition of the fold."""
    model = model_of(writes)
    values: dict[str, Value] = {}
    for register in model.registers_written():
        write = model.shown(READING, register)
        stated = {} if write is None else model.value_of(write, register)
        assert not isinstance(stated, str)
        values.update({READING.by_label[label][1].name: value for label, value in stated.items()})
    return values


def _served(readings: list[tuple[int, int, bool]]) -> int | None:
    """The greatest reading since the last replacement, which counts itself; at one moment it comes first."""
    ordered = sorted(readings, key=_by_time)
    replaced = [index for index, one in enumerate(ordered) if one[2]]
    return max((km for _, km, _ in ordered[replaced[-1] if replaced else 0 :]), default=None)


def _by_time(one: tuple[int, int, bool]) -> tuple[int, bool, int]:
    return one[0], not one[2], one[1]


def check_forgotten(stage: Stage) -> None:
    """No file of the hub or of a node holds a value that was erased."""
    values = set(_all_erased_values(stage.archive))
    if not values:
        return
    stage.reached["looked for erased values in every file"] += 1
    forms = {form for value in values for form in forms_of(value)}
    hub_files = [path for path in sorted(stage.world.folder.iterdir()) if "scratch" not in path.name]
    for path in [*hub_files, *(path for machine in stage.world.machines for path in files_of(machine))]:
        content = path.read_bytes() if path.is_file() else b""
        if any(form in content for form in forms):
            raise Broken("I15", f"an erased value stands in {path.parent.name}/{path.name}")


def erased_values(archive: Archive, record: bytes, bits: int) -> Iterator[str]:
    """Canaries in some erasure groups of a record, from whatever was written before an order or since.

    Args:
        bits: the groups.
    """
    for kind in REGISTRY.kinds:
        for one in archive.touching.get((kind.number, record), ()):
            for label, value in (one.fields or {}).items():
                group = kind.by_label[label][0].group
                if group is not None and bits >> (group - 1) & 1 and str(value).startswith(CANARY):
                    yield str(value)


def forms_of(value: str) -> list[bytes]:
    """How a text may stand in a file."""
    return [value.encode(), value.encode("utf-16-le"), base64.b64encode(value.encode())]


def files_of(machine: Machine) -> list[Path]:
    """A node's database with what lies beside it, marks and keys; sticks in somebody's pocket are nobody's file."""
    return [path for path in sorted(machine.folder.iterdir()) if path.is_file()]


def _all_erased_values(archive: Archive) -> Iterator[str]:
    for record, orders in archive.erasures.items():
        bits = 0
        for _, groups in orders:
            bits |= groups
        yield from erased_values(archive, record, bits)
