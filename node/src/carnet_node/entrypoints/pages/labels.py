"""The words for fields, codes and marks: one per idea, as the glossary has them.

Decides what stands beside a field on every screen and print. A field that has no word here shows the registry's name;
a test keeps the table complete for every field that a person may see.
"""

import re
from collections.abc import Mapping
from typing import Final

from carnet_node.entrypoints.pages.languages import Translate
from carnet_node.entrypoints.pages.languages import later as _
from carnet_protocol.registry import Kind, Value

FIELDS: Final[Mapping[str, str]] = {
    "full_name": _("Name"),
    "pinyin": _("Pinyin"),
    "salutation": _("Salutation"),
    "sex": _("Sex"),
    "party_kind": _("Person or company"),
    "id_type": _("Kind of document"),
    "id_no": _("Document number"),
    "id_name": _("Name on the document"),
    "birth_on": _("Birthday"),
    "birth_calendar": _("Calendar"),
    "birth_leap_month": _("Leap month"),
    "company_name": _("Company"),
    "credit_code": _("Credit code"),
    "company_contact": _("Contact person"),
    "segment": _("Segment"),
    "lead_source": _("Came through"),
    "note": _("Note"),
    "number": _("Phone"),
    "phone_kind": _("Kind of phone"),
    "is_preferred": _("Call here first"),
    "verified_at": _("Confirmed"),
    "is_bad": _("Wrong number"),
    "province_code": _("Province"),
    "city_code": _("City"),
    "district_code": _("District"),
    "street": _("Street"),
    "postcode": _("Postcode"),
    "address_kind": _("Kind of address"),
    "from_on": _("From"),
    "to_on": _("Until"),
    "do_not_contact": _("Do not contact"),
    "channel": _("Channel"),
    "from_hour": _("From hour"),
    "to_hour": _("Until hour"),
    "contacts_per_month_max": _("Contacts per month at most"),
    "purpose": _("Purpose"),
    "statement": _("Statement"),
    "stated_at": _("Stated"),
    "evidence": _("Evidence"),
    "retracted": _("Taken back"),
    "vin": _("VIN"),
    "engine_no": _("Engine number"),
    "chassis_no": _("Frame number"),
    "build_on": _("Built"),
    "model_code": _("Model code"),
    "model_year": _("Model year"),
    "model_name": _("Model"),
    "color": _("Colour"),
    "fuel": _("Fuel"),
    "lifecycle": _("State of the car"),
    "plate_no": _("Plate"),
    "plate_color": _("Colour of the plate"),
    "role": _("Role"),
    "odometer_km": _("Odometer"),
    "read_at": _("Read"),
    "source": _("Source"),
    "ro_no": _("Order number"),
    "vehicle_id": _("Car"),
    "customer_id": _("Customer"),
    "status": _("State"),
    "opened_at": _("Arrived"),
    "promised_at": _("Promised for"),
    "completed_at": _("Completed"),
    "settled_at": _("Settled"),
    "odometer_in_km": _("Odometer at arrival"),
    "is_odometer_unknown": _("Odometer unknown"),
    "odometer_out_km": _("Odometer at hand-over"),
    "sender_name": _("Brought by"),
    "sender_phone": _("Mobile of who brought it"),
    "customer_name": _("Customer that day"),
    "plate_at_visit": _("Plate that day"),
    "advisor_code": _("Advisor"),
    "fuel_level_percent": _("Fuel level"),
    "is_towed_in": _("Towed in"),
    "visit_kind": _("Kind of visit"),
    "customer_note": _("Note for the customer"),
    "internal_note": _("Internal note"),
    "customer_fen": _("Customer pays"),
    "warranty_fen": _("Warranty pays"),
    "internal_fen": _("We pay"),
    "void_reason": _("Reason for voiding"),
    "job_no": _("No."),
    "op_code": _("Operation code"),
    "op_name": _("Operation"),
    "complaint": _("Complaint"),
    "cause": _("Cause"),
    "correction": _("Correction"),
    "pay_type": _("Who pays"),
    "approval": _("Approval"),
    "campaign_id": _("Recall campaign"),
    "is_repeat_repair": _("Repeat repair"),
    "labour_op_code": _("Labour code"),
    "labour_name": _("Labour"),
    "standard_hours": _("Standard hours"),
    "actual_hours": _("Hours"),
    "rate_fen": _("Rate"),
    "amount_fen": _("Amount"),
    "technician_code": _("Technician"),
    "part_no": _("Part number"),
    "part_name": _("Part"),
    "quantity_hundredths": _("Quantity"),
    "price_fen": _("Price"),
    "removed_serial": _("Serial taken out"),
    "fitted_serial": _("Serial fitted"),
    "method": _("How it was done"),
    "visit_id": _("Order"),
    "job_id": _("Job"),
    "is_walked_round": _("Walked round the car"),
    "damage_outline": _("Outline"),
    "damage_marks": _("Damage"),
    "belongings": _("Belongings in the car"),
    "old_part_wish": _("Old parts"),
    "estimate_fen": _("Estimate"),
    "promised_before_at": _("Promised before"),
    "changed_at": _("Changed"),
    "reason": _("Reason"),
    "staff_no": _("Staff number"),
    "staff_id": _("Staff member"),
    "state": _("State"),
    "action": _("Action"),
    "done_at": _("Done"),
    "password": _("Password"),
    "code": _("Start code"),
    "successor": _("Taken over by"),
}

KINDS: Final[Mapping[str, str]] = {
    "customer": _("Customer"),
    "phone": _("Phone"),
    "address": _("Address"),
    "contact_preference": _("Contact preference"),
    "consent": _("Consent"),
    "vehicle": _("Car"),
    "plate": _("Plate"),
    "ownership": _("Ownership"),
    "odometer_reading": _("Odometer reading"),
    "visit": _("Repair order"),
    "job": _("Job"),
    "labour_line": _("Labour line"),
    "part_line": _("Part line"),
    "recall_completion": _("Recall completion"),
    "key_change": _("Key change"),
    "promise_change": _("Promise moved"),
    "staff": _("Staff"),
    "staff_action": _("Who did it"),
    "other": _("Other"),
}

CODES: Final[Mapping[str, str]] = {
    "person": _("Person"),
    "female": _("Female"),
    "male": _("Male"),
    "unknown": _("Unknown"),
    "resident_id": _("Resident identity card"),
    "passport": _("Passport"),
    "hk_macau": _("Hong Kong or Macau permit"),
    "other": _("Other"),
    "solar": _("Solar"),
    "lunar": _("Lunar"),
    "private": _("Private"),
    "company": _("Company"),
    "taxi": _("Taxi"),
    "mobile": _("Mobile"),
    "home": _("At home"),
    "work": _("At work"),
    "fax": _("Fax"),
    "registered": _("Registered"),
    "post": _("Post"),
    "phone": _("Phone"),
    "sms": _("Text message"),
    "wechat": _("WeChat"),
    "email": _("E-mail"),
    "service": _("Service"),
    "marketing": _("Offers"),
    "survey": _("Surveys"),
    "sharing": _("Sharing with others"),
    "granted": _("Granted"),
    "withdrawn": _("Withdrawn"),
    "entered_in_error": _("Entered by mistake"),
    "duplicate": _("Entered twice"),
    "wrong_record": _("Belongs elsewhere"),
    "active": _("In use"),
    "sold": _("Sold"),
    "exported": _("Exported"),
    "scrapped": _("Scrapped"),
    "stolen": _("Stolen"),
    "owner": _("Owner"),
    "lessee": _("Lessee"),
    "driver": _("Driver"),
    "payer": _("Payer"),
    "visit": _("Repair order"),
    "handover": _("Hand-over"),
    "statement": _("Customer's statement"),
    "odometer_replaced": _("New odometer"),
    "draft": _("Draft"),
    "open": _("In the shop"),
    "completed": _("Work done"),
    "void": _("Void"),
    "settled": _("Settled"),
    "closed": _("Handed over"),
    "repair": _("Repair"),
    "maintenance": _("Maintenance"),
    "recall": _("Recall"),
    "accident": _("Accident"),
    "customer": _("Customer pays"),
    "warranty": _("Warranty"),
    "internal": _("Internal"),
    "proposed": _("Proposed"),
    "approved": _("Approved"),
    "declined": _("Declined"),
    "repaired": _("Repaired"),
    "replaced": _("Replaced"),
    "software": _("Software"),
    "inspected_no_defect": _("Inspected, no defect"),
    "refunded": _("Refunded"),
    "normal": _("Normal"),
    "park_outside": _("Park outside"),
    "do_not_drive": _("Do not drive"),
    "take_along": _("Take along"),
    "show_first": _("Show to the customer"),
    "dispose": _("Dispose of"),
    "parts": _("Waiting for parts"),
    "more_work": _("More work found"),
    "workshop": _("Workshop busy"),
    "customer_wish": _("Customer's wish"),
    "advisor": _("Advisor"),
    "claims_clerk": _("Claims clerk"),
    "care_clerk": _("Care clerk"),
    "manager": _("Manager"),
    "administrator": _("Administrator"),
    "left": _("Left"),
}

LISTS: Final[Mapping[str, str]] = {
    "phones": _("Phone"),
    "addresses": _("Address"),
    "jobs": _("Job"),
    "labour": _("Labour line"),
    "parts": _("Part line"),
    "complaints": _("Complaint"),
}

MARKS: Final[Mapping[str, str]] = {
    "local only": _("Only on this machine"),
    "sent": _("Sent"),
    "accepted": _("At the hub"),
    "parked": _("Parked at the hub"),
    "refused": _("Refused by the hub"),
}

ACCESSES: Final[Mapping[str, str]] = {
    "viewed": _("viewed"),
    "exported": _("exported"),
    "printed": _("printed"),
    "shown": _("shown in full"),
}

LISTED: Final[Mapping[str, str]] = {
    "customers": _("list of customers"),
    "customer form": _("form of a customer"),
    "visits": _("list of orders"),
    "vehicles": _("list of cars"),
}

_ID_CHARS: Final = 37
"""A record's id and the dash before it, at the end of a draft's name."""

FORMS: Final[Mapping[str, str]] = {
    "customer": _("Customer"),
    "check-in": _("Check-in"),
    "visit": _("Repair order"),
}
ADDRESSES: Final[Mapping[str, str]] = {
    "customer": "/customers/{}/edit",
    "check-in": "/visits/new",
    "visit": "/visits/{}/edit",
}

VERDICTS: Final[Mapping[str, str]] = {
    "ACCEPTED": _("Accepted"),
    "ACCEPTED_WITH_CONFLICTS": _("Accepted, with two values"),
    "PARKED": _("Parked"),
    "REFUSED": _("Refused"),
}

GRADES: Final[Mapping[str, str]] = {"FINE": _("fine"), "WATCH": _("watch"), "WRONG": _("wrong")}

UNKNOWN: Final[Mapping[str, str]] = {
    "no recall data has arrived yet": _("no recall data has arrived yet"),
    "the recall data is too old": _("the recall data is too old"),
    "a member list has not arrived yet": _("a member list has not arrived yet"),
    "the recall data is newer than this machine's clock, so its age is not known": _(
        "the recall data is newer than this machine's clock, so its age is not known"
    ),
}

RULES: Final[Mapping[str, str]] = {
    "latest": _("the later one is shown"),
    "steward": _("the hub's steward decides"),
    "once": _("the earlier one is shown"),
    "restrictive": _("the more restrictive one is shown"),
    "forward": _("the further state is shown"),
}


class Labels:
    """The words of the tables in one language.

    Args:
        translate: one text of the catalogue.
    """

    def __init__(self, translate: Translate) -> None:
        self._translate = translate

    def field(self, name: str) -> str:
        """What stands beside a field."""
        return self._of(FIELDS, name)

    def path(self, name: str) -> str:
        """A field with the lists it stands in: `jobs[1].complaint` is the complaint of the second job."""
        steps = re.findall(r"(\w+)(?:\[([0-9]+)\])?", name)
        return " › ".join(
            f"{self._of(LISTS, step)} {int(place) + 1}" if place else self.field(step) for step, place in steps
        )

    def kind(self, name: str) -> str:
        """What a kind of record is called."""
        return self._of(KINDS, name)

    def register(self, kind: Kind, name: str) -> str:
        """What a group of fields is called: by its first field; one of a newer version by its number."""
        found = next((one for one in kind.registers if one.name == name), None)
        return name if found is None else self.field(found.fields[0].name)

    def access(self, access: str) -> str:
        """How somebody came to see values."""
        return self._of(ACCESSES, access)

    def subject(self, subject: str) -> str:
        """What list it was, or what kind of record."""
        return self._translate(LISTED[subject]) if subject in LISTED else self.kind(subject)

    def form(self, name: str) -> str:
        """What a draft belongs to."""
        return self._of(FORMS, name[:-_ID_CHARS] if name[:-_ID_CHARS] in FORMS else name)

    def form_address(self, name: str) -> str:
        """Where a draft is gone on with: the form of its name, or of the record whose id ends it."""
        record = name[-_ID_CHARS + 1 :] if name[:-_ID_CHARS] in FORMS else ""
        if name == "customer":
            return "/customers/new"
        return ADDRESSES.get(name[:-_ID_CHARS] if record else name, "/").format(record)

    def verdict(self, name: str) -> str:
        """What the hub did with a change set."""
        return self._of(VERDICTS, name)

    def grade(self, name: str) -> str:
        """How grave a finding is."""
        return self._of(GRADES, name)

    def unknown(self, because: str) -> str:
        """Why nothing certain can be said about recalls."""
        return self._of(UNKNOWN, because)

    def code(self, code: Value) -> str:
        """What a code means; a code that is not in the registry stays as it was typed."""
        return self._of(CODES, code) if isinstance(code, str) else ""

    def mark(self, mark: str) -> str:
        """How far a record is synced."""
        return self._of(MARKS, mark)

    def rule(self, rule: str | None) -> str:
        """Why one of two values is shown."""
        return self._of(RULES, rule or "")

    def _of(self, table: Mapping[str, str], name: str) -> str:
        return self._translate(table[name]) if name in table else name
