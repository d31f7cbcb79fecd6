"""What one row of a former system becomes: drafts, through the same commands a person at the desk uses.

Decides defaults, what a row refers to, and that nothing known is overwritten: of a vehicle that exists, only empty
fields are filled. Numbers of papers and of plates stay as they were taken once: one that the desk would ask about
leaves no row out, and with it the visits that name it. A visit that was finished long ago is opened, completed, settled
and closed in as many steps as a living one, because nobody may skip a state. Does not decide batches or which rows are
known already (`importing`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from carnet_node.core.commands.cleaning import plate_number
from carnet_node.core.commands.customers import AddCustomer, called, carry_customer
from carnet_node.core.commands.drafting import Read, checked_values, draft_new
from carnet_node.core.commands.vehicles import (
    AddOwnership,
    AddVehicle,
    ReadOdometer,
    add_ownership,
    add_vehicle,
    carry_plate,
    read_odometer,
)
from carnet_node.core.exchange.import_columns import ImportKind
from carnet_node.core.heads import heads_of_entries
from carnet_node.core.limits import CHILDREN_MAX
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.records import StoredRecord
from carnet_node.core.saving.duplicates import Namesakes
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, VIN_CHARS, RecordId, new_record_id, vehicle_id
from carnet_protocol.kinds import CUSTOMER, JOB, LABOUR_LINE, OWNERSHIP, PLATE, VEHICLE, VISIT
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Kind, Value
from carnet_protocol.resolvers import show
from carnet_protocol.vin import VinPolicy, normalise_vin

Row = Mapping[str, Value]

_STEPS: Final[Mapping[str, tuple[str, ...]]] = {
    "open": (),
    "completed": ("completed",),
    "settled": ("completed", "settled"),
    "closed": ("completed", "settled", "closed"),
    "void": ("void",),
}
_TOTALS: Final = {"customer": "customer_fen", "warranty": "warranty_fen", "internal": "internal_fen"}


@dataclass(frozen=True, slots=True)
class RowPlan:
    """What a row writes.

    Attributes:
        record: what its former number stands for from now on.
        drafts: written together; none when everything is known already.
        steps: states a visit goes through afterwards, one set after the other.
    """

    record: RecordId
    drafts: tuple[Draft, ...]
    steps: tuple[str, ...] = ()


@dataclass(frozen=True)
class Planner:
    """Plans rows inside one write transaction.

    Attributes:
        source: name of the former system; its numbers mean nothing beside another source's.
    """

    node: Node
    tx: ReadTransaction
    source: str

    @cached_property
    def namesakes(self) -> Namesakes:
        """Who is on file already."""
        return Namesakes(self.node, self.tx)

    def plan(self, kind: ImportKind, row: Row) -> RowPlan:
        """What a row writes.

        Raises:
            Refused: a value that is none, or a reference to a row that was never imported.
        """
        match kind:
            case ImportKind.CUSTOMERS:
                return self._plan_customer(row)
            case ImportKind.VEHICLES:
                return self._plan_vehicle(row)
            case ImportKind.VISITS:
                return self._plan_visit(row)

    def _plan_customer(self, row: Row) -> RowPlan:
        phones = [{"number": row[name]} for name in ("phone", "phone_2") if row.get(name)]
        if phones:
            phones[0]["is_preferred"] = True
        place = _present(row, "province_code", "city_code", "district_code", "street", "postcode")
        values = _present(row, *(name for name in CUSTOMER.labels if name != "party_kind"))
        is_company = bool(row.get("company_name")) and not row.get("full_name")
        values["party_kind"] = row.get("party_kind") or ("company" if is_company else "person")
        if values.get("birth_on"):
            values.setdefault("birth_calendar", "solar")
        if values.get("id_no"):
            values.setdefault("id_type", "resident_id")
        preference: Row | None = {"do_not_contact": True} if row.get("do_not_contact") else None
        command = AddCustomer(values, phones, [place] if place else (), preference, today=today_at_site(self.node))
        drafts = carry_customer(command, self._new_id())
        return RowPlan(RecordId(drafts[0].record), drafts)

    def _plan_vehicle(self, row: Row) -> RowPlan:
        vehicle = self._vehicle(row, _present(row, *(name for name in VEHICLE.labels if name != "vin")))
        drafts = list(vehicle.drafts)
        plate = row.get("plate_no")
        if isinstance(plate, str) and not self._has_plate(vehicle.record, plate):
            drafts += carry_plate(vehicle.record, _present(row, "plate_no", "plate_color"), self._new_id())
        owner = self._referred(ImportKind.CUSTOMERS, row, "customer_former_id")
        if owner is not None:
            drafts += self._owner(vehicle.record, owner, row)
        if row.get("odometer_km") is not None:
            if row.get("odometer_at") is None:
                raise BadValue(Reason.BAD_FIELD, "odometer_at", "a reading needs the day it was taken")
            drafts.append(self._reading(vehicle.record, row, "odometer_km", "odometer_at", "statement", None))
        return RowPlan(vehicle.record, tuple(drafts))

    def _plan_visit(self, row: Row) -> RowPlan:
        vehicle = self._visited_vehicle(row)
        customer = self._referred(ImportKind.CUSTOMERS, row, "customer_former_id")
        visit = self._new_id()()
        status = row.get("status") or ("completed" if row.get("completed_at") else "open")
        drafts = [*vehicle.drafts, *self._visit_drafts(row, visit, vehicle.record, customer)]
        if row.get("odometer_in_km") is not None:
            drafts.append(self._reading(vehicle.record, row, "odometer_in_km", "opened_at", "visit", visit))
        if status == "void" and not row.get("void_reason"):
            raise BadValue(Reason.BAD_FIELD, "void_reason", "a voided order needs its reason")
        return RowPlan(visit, tuple(drafts), _STEPS[str(status)])

    def _visit_drafts(self, row: Row, visit: RecordId, vehicle: RecordId, customer: RecordId | None) -> list[Draft]:
        """The order itself, and one job with one line when the row says what was done or what it cost."""
        names = ("opened_at", "completed_at", "odometer_in_km", "advisor_code", "plate_at_visit", "sender_name")
        notes = ("sender_phone", "customer_note", "internal_note", "void_reason")
        values: dict[str, Value] = {
            "ro_no": row.get("former_id"),
            "vehicle_id": vehicle,
            "customer_id": customer,
            "status": "open",
            "visit_kind": row.get("visit_kind") or "repair",
            "customer_name": self._name_of(customer),
            **_present(row, *names, *notes),
        }
        if values.get("opened_at") is None:
            raise BadValue(Reason.BAD_FIELD, "opened_at", "an order needs the day it was opened")
        if row.get("odometer_in_km") is None:
            values["is_odometer_unknown"] = True
        amount, pay_type = row.get("amount"), row.get("pay_type") or "customer"
        if amount is not None:
            values[_TOTALS[str(pay_type)]] = amount
        drafts = [draft_new(VISIT, visit, checked_values(VISIT, values))]
        work = _present(row, "op_code", "op_name", "complaint", "cause", "correction")
        if work or amount is not None:
            job = self._new_id()()
            head: dict[str, Value] = {"visit_id": visit, "job_no": 1, "pay_type": pay_type, "approval": "approved"}
            drafts.append(draft_new(JOB, job, checked_values(JOB, {**head, **work})))
            if amount is not None:
                line: dict[str, Value] = {"visit_id": visit, "job_id": job, "amount_fen": amount}
                line["labour_name"] = row.get("op_name")
                drafts.append(draft_new(LABOUR_LINE, self._new_id()(), checked_values(LABOUR_LINE, line)))
        return drafts

    def _vehicle(self, row: Row, values: Row) -> RowPlan:
        """The vehicle of a VIN: new, or known with its empty fields filled."""
        typed = str(row.get("vin") or "")
        known = self._known_vehicle(typed)
        if known is not None:
            values = {name: value for name, value in values.items() if known.values.get(name) is None}
        # A number that is on file was compared with the car, or a policy took it.
        policy = self.node.settings.vin_policy if known is None else VinPolicy.LENIENT
        command = AddVehicle(typed, policy, values, known, today_at_site(self.node))
        vehicle = add_vehicle(command, self._new_id())
        return RowPlan(vehicle.record, vehicle.drafts)

    def _visited_vehicle(self, row: Row) -> RowPlan:
        referred = self._referred(ImportKind.VEHICLES, row, "vehicle_former_id")
        return RowPlan(referred, ()) if referred is not None else self._vehicle(row, {})

    def _known_vehicle(self, typed: str) -> Read | None:
        vin = normalise_vin(typed)
        stored = self.tx.record(VEHICLE, vehicle_id(vin)) if len(vin) == VIN_CHARS else None
        return None if stored is None else read_of(stored)

    def _has_plate(self, vehicle: RecordId, typed: str) -> bool:
        wanted = plate_number(typed)
        plates = self.tx.find_equal(PLATE, "vehicle_id", vehicle, CHILDREN_MAX)
        return any(read_of(plate).values.get("plate_no") == wanted for plate in plates)

    def _owner(self, vehicle: RecordId, customer: RecordId, row: Row) -> tuple[Draft, ...]:
        role = str(row.get("role") or "owner")
        today = today_at_site(self.node)
        drafts = add_ownership(AddOwnership(vehicle, customer, role, _present(row, "from_on"), today=today))
        stored = self.tx.record(OWNERSHIP, RecordId(drafts[0].record))
        return drafts if stored is None else ()

    def _reading(  # noqa: PLR0917  (which two columns of which row, and what the reading belongs to)
        self, vehicle: RecordId, row: Row, km: str, at: str, source: str, visit: RecordId | None
    ) -> Draft:
        odometer_km, read_at = row[km], row.get(at)
        if not isinstance(odometer_km, int) or not isinstance(read_at, int):
            raise BadValue(Reason.BAD_FIELD, at, "a reading needs the day it was taken")
        return read_odometer(ReadOdometer(vehicle, odometer_km, read_at, source, visit), self._new_id())

    def _referred(self, kind: ImportKind, row: Row, column: str) -> RecordId | None:
        """What another file's number became.

        Raises:
            BadValue: that row was never imported.
        """
        former_id = row.get(column)
        if former_id is None:
            return None
        record = self.tx.former_record(self.source, kind.value, str(former_id))
        if record is None:
            raise BadValue(Reason.BAD_FIELD, column, f"not imported yet; import the {kind.value} first")
        return record

    def _name_of(self, customer: RecordId | None) -> Value:
        stored = None if customer is None else self.tx.record(CUSTOMER, customer)
        return None if stored is None else called(read_of(stored).values)

    def _new_id(self) -> Callable[[], RecordId]:
        node = self.node
        return lambda: new_record_id(node.clock.now_ms(), node.entropy.random_bytes(RECORD_RANDOM_BYTES))


def draft_step(visit: RecordId, state: str, based_on: tuple[bytes, ...]) -> Draft:
    """One step of an imported visit, based on the step before."""
    return Draft(VISIT, visit, {"status": state}, based_on)  # type: ignore[arg-type]


def read_of(stored: StoredRecord) -> Read:
    """A stored record as an author has it before them."""
    return Read(stored.record, heads_of_entries(stored.entries), shown_by_name(stored.kind, stored))


def shown_by_name(kind: Kind, stored: StoredRecord) -> dict[str, Value]:
    """Shown values by field name."""
    values = show(kind, stored.entries).values
    return {kind.by_label[label][1].name: value for label, value in values.items() if label in kind.by_label}


def _present(row: Row, *names: str) -> dict[str, Value]:
    return {name: row[name] for name in names if row.get(name) is not None}
