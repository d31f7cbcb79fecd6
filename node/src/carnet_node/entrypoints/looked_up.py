"""Another dealer's car as JSON: what a look-up showed, and which cars were taken on; the same for API and command line.

Decides names only. What the hub masked is missing; personal values are masked here as everywhere, unless asked for.
"""

from collections.abc import Mapping
from typing import Any

from carnet_node.core.line.looking_up import OtherCar, OtherCars, OtherVisit
from carnet_node.core.showing.record_view import personal_fields
from carnet_node.core.showing.taken_on import TakenOn
from carnet_node.entrypoints.presenting import Json, Presenter, instant_text, value_json
from carnet_protocol.ids import record_text
from carnet_protocol.kinds import ODOMETER_READING, PLATE, RECALL_COMPLETION, REGISTRY, VEHICLE, VISIT
from carnet_protocol.registry import Kind, Value


def other_cars_json(found: OtherCars, present: Presenter) -> Json:
    """Everything that a look-up showed."""
    return {"cars": [_car_json(one, present) for one in found.cars], "is_cut": found.is_cut}


def taken_on_json(one: TakenOn) -> Json:
    """A car that was taken on; no `until` where that was taken back."""
    return {
        "vehicle_id": record_text(one.vehicle),
        "vin": one.vin,
        "reason": one.reason,
        "adopted_at": instant_text(one.adopted_ms),
        "until": None if one.until_ms is None else instant_text(one.until_ms),
        "taken_back": one.taken_back or None,
        "following": one.following.value,
    }


def _car_json(car: OtherCar, present: Presenter) -> Json:
    return {
        "vehicle_id": record_text(car.vehicle),
        "values": _values_json(VEHICLE, car.values, present),
        "plates": [_values_json(PLATE, one, present) for one in car.plates],
        "is_followed": car.is_followed,
        "is_linked": car.is_linked,
        "site_count": car.site_count,
        "is_cut": car.is_cut,
        "readings": [_values_json(ODOMETER_READING, one, present) for one in car.readings],
        "completions": [_values_json(RECALL_COMPLETION, one, present) for one in car.completions],
        "visits": [_visit_json(one, present) for one in car.visits],
    }


def _visit_json(visit: OtherVisit, present: Presenter) -> Json:
    work = [{"kind": kind, "values": _values_json(REGISTRY[kind], values, present)} for kind, values in visit.work]
    values = _values_json(VISIT, visit.values, present)
    return {"site_code": visit.site, "values": values, "corrects": visit.corrects, "work": work}


def _values_json(kind: Kind, values: Mapping[str, Value], present: Presenter) -> dict[str, Any]:
    personal = personal_fields(kind)
    return {
        name: present.personal(value, name) if name in personal else value_json(kind, name, value)
        for name, value in values.items()
        if value is not None
    }
