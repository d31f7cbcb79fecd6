"""The forms of the JSON API: what a request body may hold, before the registry looks at a single value.

Decides shape and bounds: which members a body has, which are required, and how many of what. Nothing is filled in and
nothing unknown is ignored: a save without the heads it was read from has no form here. Field names and values inside
`values` and `changes` are the registry's business (`reading.values_from_json`) and the commands'.
"""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from carnet_node.core.commands.check_in import OTHER_REASON
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.settling import Settling, Share
from carnet_node.core.limits import FIND_ROWS_MAX, FIND_TEXT_CHARS_MAX, FORM_PARTS_MAX, HEADS_TEXT_CHARS_MAX
from carnet_node.entrypoints.reading import record_from_text
from carnet_node.entrypoints.web.desk import list_of, values_of
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE
from carnet_protocol.limits import CODE_CHARS_MAX, FIELDS_PER_OP_MAX

Heads = Annotated[
    str,
    Field(min_length=1, max_length=HEADS_TEXT_CHARS_MAX, description="`heads` of the view, exactly as they were"),
]
Values = Annotated[
    dict[str, Any],
    Field(max_length=FIELDS_PER_OP_MAX, description="values by field name of the kind; null takes a value away"),
]
Listed = Annotated[list[Values], Field(max_length=FORM_PARTS_MAX)]
Code = Annotated[str, Field(min_length=1, max_length=CODE_CHARS_MAX)]
Instant = Annotated[int | Code, Field(description="ISO 8601, or milliseconds since 1970; now when left out")]

NOTHING: Final[dict[str, Any]] = {}


class Form(BaseModel):
    """What all forms have in common: nothing unknown, no type guessed from another."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class NewForm(Form):
    """One more record that belongs to another."""

    values: Values


class EditForm(Form):
    """Changes of a record that was read."""

    based_on: Heads
    changes: Values


class RemoveForm(Form):
    """A record that was read is taken away."""

    based_on: Heads


class RemoveAllForm(Form):
    """A record that was read is taken away with what belongs to it: `parts_based_on` holds their heads by id."""

    based_on: Heads
    parts_based_on: Annotated[dict[str, Heads], Field(max_length=FORM_PARTS_MAX)] = {}


class RetractForm(Form):
    """A statement that was read does not hold."""

    based_on: Heads
    reason: Code


class AddCustomerForm(Form):
    """A new customer with everything the form holds."""

    values: Values
    phones: Listed = []
    addresses: Listed = []
    preference: Values | None = None
    consents: Listed = []


class AddVehicleForm(Form):
    """A car at the desk, its VIN as typed or scanned."""

    vin: Code
    values: Values = NOTHING


class AddOwnerForm(Form):
    """A customer's role for a vehicle: owner, lessee, driver or payer."""

    customer_id: Code
    role: Code
    values: Values = NOTHING


class AddReadingForm(Form):
    """A reading of the odometer."""

    odometer_km: int
    source: Code = "statement"
    read_at: Instant | None = None


class JobForm(Form):
    """A job with its labour and part lines."""

    values: Values
    labour: Listed = []
    parts: Listed = []


def jobs_of(forms: Sequence[JobForm]) -> list[NewJob]:
    """The jobs of a form, for a command.

    Raises:
        CommandRefused: see `values_of`.
    """
    return [
        NewJob(
            values_of(JOB, one.values, where=f"jobs[{place}]."),
            list_of(LABOUR_LINE, one.labour, f"jobs[{place}].labour"),
            list_of(PART_LINE, one.parts, f"jobs[{place}].parts"),
        )
        for place, one in enumerate(forms)
    ]


Jobs = Annotated[list[JobForm], Field(max_length=FORM_PARTS_MAX)]


class OpenVisitForm(Form):
    """A car is taken in."""

    vehicle_id: Code
    customer_id: Code | None = None
    opened_at: Instant | None = None
    is_draft: bool = False
    values: Values
    jobs: Jobs = []


class EditVisitForm(EditForm):
    """Changes of an order; what a corrected odometer or car takes back needs its heads too.

    `reading_based_on` for the reading; `parts_based_on` for the completions of recalls, by id, when the car is another.
    `promise_reason` says why the promised time moves, when it does: parts, more_work, workshop, customer_wish or other.
    """

    reading_based_on: Heads | None = None
    parts_based_on: Annotated[dict[str, Heads], Field(max_length=FORM_PARTS_MAX)] = {}
    promise_reason: Code = OTHER_REASON


class StepForm(Form):
    """An order goes on from the state that was read."""

    based_on: Heads
    at: Instant | None = None


class ArriveForm(RemoveForm):
    """The car of an appointment has come."""

    at: Instant | None = None
    visit_id: Code | None = None


class CancelForm(RemoveForm):
    """An appointment is cancelled: customer_wish, workshop, parts, duplicate or other."""

    reason: Code


class BookOrderForm(RemoveForm):
    """The car of an order comes back to it: parts, no_show, customer_wish, workshop or other.

    `values` are those of the appointment.
    """

    reason: Code
    values: Values = NOTHING


class RebookForm(CancelForm):
    """An appointment that has ended is booked again: parts, no_show, customer_wish, workshop or other.

    `values` are those of the new one; `visit_id` names the open order that the car comes back to.
    """

    values: Values = NOTHING
    visit_id: Code | None = None


class AmountsForm(Form):
    """Amounts in fen by pay type; what is left out is 0."""

    customer: int = 0
    warranty: int = 0
    internal: int = 0


class ShareForm(Form):
    """One payer's part of what is due for a pay type; below zero for what is given back."""

    pay_type: Code
    share_fen: int
    payer_kind: Code
    pay_method: Code | None = None
    customer_id: Code | None = None


class BillForm(Form):
    """A bill as the person who settles it has it before them: the totals seen, and who pays what."""

    seen: AmountsForm
    shares: Annotated[list[ShareForm], Field(max_length=FORM_PARTS_MAX)]
    discount: AmountsForm = AmountsForm()
    discount_reason: Code | None = None


def settling_of(form: BillForm) -> Settling:
    """The bill of a form, for a command.

    Raises:
        BadValue: a customer that is no record id.
    """
    shares = [
        Share(one.pay_type, one.share_fen, one.payer_kind, one.pay_method or "", _record(one.customer_id))
        for one in form.shares
    ]
    return Settling(form.seen.model_dump(), shares, form.discount.model_dump(), form.discount_reason or "")


def _record(text: str | None) -> RecordId | None:
    return None if text is None else record_from_text(text)


class SettleForm(StepForm):
    """The bill is settled; without a `bill` each pay type is paid in full by whom it is named after."""

    bill: BillForm | None = None


class HandOverForm(StepForm):
    """The car is handed over; `values` are the odometer and when it should come back.

    `may_call` says whether the customer may be called about that; left out, nobody asked.
    """

    values: Values = NOTHING
    may_call: bool | None = None


class ReminderForm(Form):
    """A customer was reminded: occasion, due_on, channel and result, and the car if it is about one."""

    customer_id: Code
    values: Values


class LookUpForm(Form):
    """Another dealer's car is asked for: vin, plate or phone, what was typed, and why."""

    way: Code
    sought: Code
    reason: Code
    customer_id: Code | None = None


class TakeOnForm(Form):
    """A car of others is followed for a time."""

    vehicle_id: Code
    reason: Code
    customer_id: Code | None = None


class CarDatesForm(Form):
    """Days of a customer's car: insurance_until_on, inspection_until_on."""

    vehicle_id: Code
    customer_id: Code
    values: Values


class StageForm(RemoveForm):
    """Where a car stands on the board; a stage on hold needs a reason."""

    stage: Code
    hold_reason: Code | None = None


class AnswerForm(RemoveForm):
    """What the customer said about a job: approved or declined, and how they were asked."""

    visit_based_on: Heads
    approval: Code
    approval_channel: Code
    at: Instant | None = None


class OfferForm(Form):
    """Deferred work is proposed on this order."""

    visit_based_on: Heads
    job_id: Code


class CompleteForm(StepForm):
    """The work is done; `values` are what is known at hand-over."""

    values: Values = NOTHING


class VoidForm(Form):
    """The order never counted; `parts_based_on` holds the heads of the recalls done on it, by id."""

    based_on: Heads
    void_reason: Annotated[str, Field(min_length=1)]
    parts_based_on: Annotated[dict[str, Heads], Field(max_length=FORM_PARTS_MAX)] = {}


class AddJobsForm(Form):
    """More work on an order whose totals follow from it."""

    visit_based_on: Heads
    jobs: Annotated[Jobs, Field(min_length=1)]


class AddLineForm(Form):
    """One more line, on a job or on the order as a whole."""

    visit_based_on: Heads
    job_id: Code | None = None
    values: Values


class EditWorkForm(EditForm):
    """Changes of a job or line, and of the order's totals."""

    visit_based_on: Heads


class RemoveWorkForm(RemoveForm):
    """A line is taken away; the order's totals follow."""

    visit_based_on: Heads


class CompletionForm(Form):
    """A recall that was carried out during the visit."""

    campaign_no: Code
    method: Code
    values: Values = NOTHING


class SearchForm(Form):
    """What somebody typed into the one box."""

    text: Annotated[str, Field(min_length=1, max_length=FIND_TEXT_CHARS_MAX)]
    limit: Annotated[int, Field(ge=1, le=FIND_ROWS_MAX)] = FIND_ROWS_MAX


class RecallCheckForm(Form):
    """A VIN or frame number, as typed."""

    identifier: Code


class RestoreForm(Form):
    """An overruled value, named as in the list of conflicts."""

    kind: Code
    id: Code
    register_name: Annotated[str, Field(alias="register", min_length=1, max_length=CODE_CHARS_MAX)]
    op: Code
    based_on: Heads
