"""What stands beside a value on every screen and print: fields, codes, marks, lists, verdicts.

Decides how a name of the program becomes a word of the reader; those of the registry are `registry_words`. What has no
word shows its own name.
"""

import re
from collections.abc import Mapping
from typing import Final

from carnet_node.core.desk_limits import FIELDS_NAMED_MAX
from carnet_node.entrypoints.pages.languages import Translate
from carnet_node.entrypoints.pages.languages import later as _
from carnet_node.entrypoints.pages.registry_words import CODES, FIELDS, KINDS
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.registry import Kind, Value, ValueType

LISTS: Final[Mapping[str, str]] = {
    "phones": _("Phone"),
    "addresses": _("Address"),
    "jobs": _("Job"),
    "labour": _("Labour line"),
    "parts": _("Part line"),
    "shares": _("Share"),
    "dates": _("Insurance and inspection"),
    "complaints": _("Complaint"),
    "preferences": _("Contact preference"),
    "plates": _("Plate"),
    "plate": _("Plate"),
    "owners": _("Ownership"),
    "readings": _("Odometer reading"),
    "car": _("Car"),
    "party": _("Customer"),
    "owner": _("Ownership"),
    "reading": _("Odometer reading"),
    "alike": _("On file already?"),
    "weekdays": _("Weekday"),
    "special_days": _("Special day"),
    "bays": _("Bay"),
    "stages": _("Stage"),
}

ALIKE: Final[Mapping[str, str]] = {
    "same VIN": _("same VIN"),
    "same plate": _("same plate"),
    "same phone": _("same phone"),
    "same name": _("same name"),
    "VIN with one other character": _("VIN with one other character"),
    "same sound": _("name sounds the same"),
}

DAMAGES: Final[Mapping[str, str]] = {
    "scratch": _("Scratch"),
    "dent": _("Dent"),
    "crack": _("Crack"),
    "chip": _("Chip"),
    "rust": _("Rust"),
    "missing": _("Missing"),
    "other": _("Other"),
}

STEPS: Final[Mapping[str, str]] = {
    "start": _("Open the order"),
    "complete": _("Work is done"),
    "settle": _("Settle"),
    "close": _("Hand over"),
}

MARKS: Final[Mapping[str, str]] = {
    "local only": _("Only on this machine"),
    "sent": _("On its way to the hub, not confirmed yet"),
    "accepted": _("At the hub"),
    "parked": _("Parked at the hub"),
    "refused": _("Refused by the hub"),
}

STATES: Final[Mapping[str, str]] = {"active": _("works here"), "left": _("Left")}

ACCESSES: Final[Mapping[str, str]] = {
    "viewed": _("viewed"),
    "exported": _("exported"),
    "printed": _("printed"),
    "shown": _("shown in full"),
    "imported": _("taken in"),
}

LISTED: Final[Mapping[str, str]] = {
    "customers": _("list of customers"),
    "customer form": _("form of a customer"),
    "order form": _("form of an order"),
    "appointment form": _("form of an appointment"),
    "check-in": _("check-in of a customer on file"),
    "visits": _("list of orders"),
    "vehicles": _("list of cars"),
    "bundle": _("bundle (USB stick)"),
    "conflicts": _("two values for one thing"),
    "look-ups": _("cars looked up at the hub"),
}

HOW_TAKEN: Final[Mapping[str, str]] = {"masked": _("masked"), "in full": _("in full")}
"""How the subject of an export ends (`access_log.list_as_taken`)."""

FOLLOWING: Final[Mapping[str, str]] = {
    "awaited": _("Its history has not come yet"),
    "followed": _("Followed here"),
    "ended": _("Its time is over"),
}
"""How this site stands to a car that it took on (`taken_on.Following`)."""

LIST_COLUMNS: Final[Mapping[str, str]] = {
    "way": _("Look up by"),
    "sought": _("Number of the car or its holder"),
    "id": _("Record"),
    "former_id": _("Former number"),
    "customer_former_id": _("Former number of the customer"),
    "vehicle_former_id": _("Former number of the car"),
    "phone_2": _("Second phone"),
    "odometer_at": _("Odometer read on"),
    "amount": _("Amount"),
    "accesses": _("What was looked at and exported"),
    "at": _("When"),
    "access": _("How"),
    "subject": _("What list"),
    "rows": _("Rows"),
    "phone": _("Phone"),
    "owner": _("Owner"),
    "site": _("Site"),
    "customers": _("Customers"),
    "vehicles": _("Cars"),
    "visits": _("Orders"),
    "staff": _("Staff"),
    "recall_calls": _("Owners to call about recalls"),
    "stop_sales": _("Stopped sales"),
    "board": _("Cars in the shop"),
    "appointments": _("Appointments"),
    "is_overdue": _("Overdue"),
    "due": _("Whom to remind today"),
    "hold": _("Why they are left alone"),
    "campaign_no": _("Recall number"),
    "title": _("Recall"),
    "hazard_level": _("Danger"),
    "emergency_advice": _("Emergency advice"),
    "is_quiet": _("Wants no calls"),
    "failed_tries": _("Tried in vain"),
    "is_unreachable": _("Cannot be reached"),
    "recalls_as_of": _("Recall data as of"),
    "recalls_unknown": _("Why it is not certain"),
}

HOLDS: Final[Mapping[str, str]] = {
    "silent": _("Not to be contacted"),
    "no consent": _("Has not agreed"),
    "declined": _("Declined"),
}

_ID_CHARS: Final = 37
"""A record's id and the dash before it, at the end of a draft's name."""

WEEKDAYS: Final = (
    _("Monday"),
    _("Tuesday"),
    _("Wednesday"),
    _("Thursday"),
    _("Friday"),
    _("Saturday"),
    _("Sunday"),
)
FORMS: Final[Mapping[str, str]] = {
    "customer": _("Customer"),
    "check-in": _("Check-in"),
    "check-in-for": _("Check-in"),
    "check-in-new": _("Check-in"),
    "visit": _("Repair order"),
    "vehicle": _("Car"),
    "work": _("Work on an order"),
    "jobs": _("More work"),
    "call": _("New appointment"),
    "appointment": _("Appointment"),
    "settle": _("Settlement"),
    "hand-over": _("Hand-over"),
    "dates": _("Insurance and inspection"),
}
NEW_FORMS: Final[Mapping[str, str]] = {
    "customer": "/customers/new",
    "check-in": "/visits/new?draft=",
    "call": "/appointments/new",
}
RECORD_FORMS: Final[Mapping[str, str]] = {
    "customer": "/customers/{}/edit",
    "check-in": "/visits/new?vehicle={}",
    "check-in-for": "/visits/new?customer={}",
    "check-in-new": "/visits/new?draft={}",
    "visit": "/visits/{}/edit",
    "vehicle": "/vehicles/{}/edit",
    "work": "/visits/{}/work",
    "jobs": "/visits/{}",
    "appointment": "/appointments/{}/edit",
    "settle": "/visits/{}/settle",
    "hand-over": "/visits/{}/hand-over",
    "dates": "/vehicles/{}/dates",
}

VERDICTS: Final[Mapping[str, str]] = {
    "ACCEPTED": _("Accepted"),
    "ACCEPTED_WITH_CONFLICTS": _("Accepted, with two values"),
    "PARKED": _("Parked"),
    "REFUSED": _("Refused"),
}

GRADES: Final[Mapping[str, str]] = {"FINE": _("fine"), "WATCH": _("watch"), "WRONG": _("wrong")}

WHY_OPEN: Final[Mapping[str, str]] = {
    "the owner refuses it": _("the owner refuses it"),
    "what is recorded does not count": _("what is recorded does not count"),
    "only a part of it is recorded": _("only a part of it is recorded"),
    "only the interim remedy is recorded": _("only the interim remedy is recorded"),
    "its remedy is not available yet": _("its remedy is not available yet"),
    "nothing of it is recorded as done": _("nothing of it is recorded as done"),
}

UNKNOWN: Final[Mapping[str, str]] = {
    "no recall data has arrived yet": _("no recall data has arrived yet"),
    "the recall data is too old": _("the recall data is too old"),
    "a member list has not arrived yet": _("a member list has not arrived yet"),
    "the number cannot be a VIN, so it may be mistyped": _("the number cannot be a VIN, so it may be mistyped"),
    "the check digit does not fit; it may be mistyped": _("the check digit does not fit; it may be mistyped"),
    "the recall data is newer than this machine's clock, so its age is not known": _(
        "the recall data is newer than this machine's clock, so its age is not known"
    ),
    "it has no number that could be looked up": _("it has no number that could be looked up"),
}

RULES: Final[Mapping[str, str]] = {
    "latest": _("the later one is shown"),
    "steward": _("the hub's steward decides"),
    "once": _("the earlier one is shown"),
    "restrictive": _("the more restrictive one is shown"),
    "forward": _("the further state is shown"),
}


WHOLES: Final[Mapping[tuple[str, str], str]] = {("address", "place"): _("the whole address")}
"""Groups of fields that people know as one thing, by kind and register."""

_KNOWN: Final = [one for kind in REGISTRY.kinds for _register, one in kind.by_label.values()]
_BOXES: Final = frozenset(one.name for one in _KNOWN if one.type is ValueType.BOOL)
_CODED: Final = frozenset(one.name for one in _KNOWN if one.codes)
LISTED_WITH: Final = _(", ")
"""Between several words in a row."""


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

    def column(self, name: str) -> str:
        """What a column of an exported list, or the list itself, is called."""
        return self._translate(LIST_COLUMNS[name]) if name in LIST_COLUMNS else self.field(name)

    def path(self, name: str) -> str:
        """A field with the lists it stands in: `jobs[1].complaint` is the complaint of the second job."""
        steps = re.findall(r"(\w+)(?:\[([0-9]+)\])?", name)
        return " › ".join(
            f"{self._of(LISTS, step)} {int(place) + 1}"
            if place
            else self._of({**LIST_COLUMNS, **FIELDS, **LISTS}, step)
            for step, place in steps
        )

    def weekday(self, number: int) -> str:
        """A day of the week; 1 is Monday."""
        return self._translate(WEEKDAYS[number - 1])

    def kind(self, name: str) -> str:
        """What a kind of record is called."""
        return self._of(KINDS, name)

    def register(self, kind: Kind, name: str, *said: Mapping[str, Value]) -> str:
        """What a group of fields is called: by the fields in which what is said differs.

        Args:
            said: the values that stand beside each other; without them, or where they do not differ, the group is
                called as a whole: by a word of its own, else by its first field. One of a newer version by its number.
        """
        found = next((one for one in kind.registers if one.name == name), None)
        if found is None:
            return name
        names = [one.name for one in found.fields]
        differing = [one for one in names if any(values.get(one) != said[0].get(one) for values in said[1:])]
        if differing and len(differing) <= FIELDS_NAMED_MAX:
            return self._translate(LISTED_WITH).join(map(self.field, differing))
        whole = WHOLES.get((kind.name, name))
        return self.field(names[0]) if whole is None else self._translate(whole)

    def state(self, state: str) -> str:
        """Whether a member of staff works here; the same codes mean other things of a car."""
        return self._of(STATES, state)

    def access(self, access: str) -> str:
        """How somebody came to see values."""
        return self._of(ACCESSES, access)

    def subject(self, subject: str) -> str:
        """What list it was, or what kind of record; a list that was taken out says whether it was masked."""
        name, comma, how = subject.partition(", ")
        known = {**KINDS, **LIST_COLUMNS, **LISTED}
        said = self._of(known, name)
        return f"{said} ({self._of(HOW_TAKEN, how)})" if comma else said

    def form(self, name: str) -> str:
        """What a draft belongs to."""
        return self._of(FORMS, name[:-_ID_CHARS] if name[:-_ID_CHARS] in FORMS else name)

    def form_address(self, name: str, *, search: str = "") -> str:
        """Where a draft is gone on with: the form of its name, or of the record whose id ends it.

        Args:
            search: the handle of results that the page leads back to; empty for none.
        """
        form = name[:-_ID_CHARS]
        address = NEW_FORMS.get(name, "/")
        if form in RECORD_FORMS:
            address = RECORD_FORMS[form].format(name[-_ID_CHARS + 1 :])
        return f"{address}{'&' if '?' in address else '?'}search={search}" if search else address

    def following(self, following: str) -> str:
        """How this site stands to a car that it took on."""
        return self._of(FOLLOWING, following)

    def verdict(self, name: str) -> str:
        """What the hub did with a change set."""
        return self._of(VERDICTS, name)

    def grade(self, name: str) -> str:
        """How grave a finding is."""
        return self._of(GRADES, name)

    def unknown(self, because: str) -> str:
        """Why nothing certain can be said about recalls."""
        return self._of(UNKNOWN, because)

    def why_open(self, why: str) -> str:
        """Why a recall is open on an order."""
        return self._of(WHY_OPEN, why)

    def hold(self, why: str) -> str:
        """Why a customer is left alone."""
        return self._of(HOLDS, why)

    def code(self, code: Value) -> str:
        """What a code means; a code that is not in the registry stays as it was typed."""
        return self._of(CODES, code) if isinstance(code, str) else ""

    def typed(self, field: str, text: str) -> str:
        """What stands in a field of a form, as it is read: a code by its word, a box as yes or no."""
        short = field.rpartition(".")[2]
        box = self._translate(_("yes") if text else _("no"))
        return box if short in _BOXES else self.code(text) if short in _CODED else text

    def word(self, name: str) -> str:
        """A kind, a code, a field or a list in what the core says; anything else as it is."""
        tables = (KINDS, CODES, FIELDS, LIST_COLUMNS)
        return next((self._translate(table[name]) for table in tables if name in table), name)

    def listed(self, name: str) -> str:
        """One of several codes, or of several columns, in what the core says."""
        return self.code(name) if name in CODES else self.column(name)

    def step(self, step: str) -> str:
        """What a button that moves an order on says."""
        return self._of(STEPS, step)

    def alike(self, why: str) -> str:
        """Why somebody may be the same."""
        return self._of(ALIKE, why)

    def damage(self, damage: str) -> str:
        """A kind of damage."""
        return self._of(DAMAGES, damage)

    def mark(self, mark: str) -> str:
        """How far a record is synced."""
        return self._of(MARKS, mark)

    def rule(self, rule: str | None) -> str:
        """Why one of two values is shown."""
        return self._of(RULES, rule or "")

    def _of(self, table: Mapping[str, str], name: str) -> str:
        return self._translate(table[name]) if name in table else name
