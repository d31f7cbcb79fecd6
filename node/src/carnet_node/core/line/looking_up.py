"""Asking the hub for another dealer's car, while somebody waits.

Decides what the question says, whether the answer is the hub's to this very question, and how it is read. Nothing of it
is stored: whoever needs the car here takes it on (`saving.taking_on`), and pages bring its history. Only whether the
hub was there is remembered, as of a round.

    card with a challenge -> signed question -> hub: judged, written down -> signed answer -> cars as people read them

A number that can be none of its kind is refused here, by the judges of the check-in: the hub knows no car by half a
number, and "no such car" would be said of the wrong one.

Without a line nothing is found, and nothing else changes: a check-in takes the car by plate alone, and `identifying`
brings it together with the car of its VIN when that is learned.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from carnet_node.core.commands.cleaning import check_phone, phone_number
from carnet_node.core.commands.vehicles import check_plate, check_vin
from carnet_node.core.failures import HubRefused, HubUnreachable
from carnet_node.core.hub_link import LookUpLink
from carnet_node.core.line.session import ANOTHER_KEY
from carnet_node.core.line.sync import remember_answer, remember_failure
from carnet_node.core.log.signing import line_signers
from carnet_node.core.node import Node
from carnet_node.core.ports import RunBlocking
from carnet_node.core.refusals import CommandRefused, Problem, ProblemCode, refuse
from carnet_node.core.showing.record_view import site_of
from carnet_node.core.showing.views import settled_customer_fen
from carnet_protocol.envelope import Purpose, Signer
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.ids import VIN_CHARS, RecordId
from carnet_protocol.kinds import ODOMETER_READING, PLATE, RECALL_COMPLETION, REGISTRY, VEHICLE, VISIT
from carnet_protocol.limits import SOUGHT_CHARS_MAX
from carnet_protocol.look_up import (
    BY_PHONE,
    BY_PLATE,
    BY_VIN,
    LOOK_UP_REASONS,
    WAYS,
    LookedUpCar,
    LookUpAnswer,
    LookUpRequest,
)
from carnet_protocol.messages import MESSAGE_VERSION, HubCard, PageRow, open_frame, sign_frame
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.resolvers import show
from carnet_protocol.state import entries_from_wire
from carnet_protocol.vin import VinPolicy, assess_vin, normalise_vin

Shown = Mapping[str, Value]
_FRAME_NUMBER: Final = Problem(
    "vin",
    ProblemCode.BAD_VIN,
    "The hub finds a car by a VIN of 17 characters, and by no other number of the car.",
    "Type the whole VIN, or look it up by its plate or its holder's telephone number.",
)
_APART: Final = (VEHICLE.number, PLATE.number, ODOMETER_READING.number, RECALL_COMPLETION.number, VISIT.number)


@dataclass(frozen=True, slots=True)
class Question:
    """What somebody asks.

    Attributes:
        way: of `look_up.WAYS`.
        sought: as typed, 1 to `SOUGHT_CHARS_MAX` characters.
        reason: of `look_up.LOOK_UP_REASONS`.
        customer: this site's customer at the desk; None for nobody.
        policy: which VINs can be asked for: those of the market, or any that somebody compared with the car.
        is_read_out: the telephone number was read out, so it is right though numbers here look otherwise.
    """

    way: str
    sought: str
    reason: str
    customer: RecordId | None = None
    policy: VinPolicy = VinPolicy.LENIENT
    is_read_out: bool = True


@dataclass(frozen=True, slots=True)
class OtherVisit:
    """A visit that some site recorded, with its work.

    Attributes:
        site: its code; None for a site that is not known here.
        site_name: what it is called; empty where it is not known.
        values: by field name; what is masked is missing.
        work: kind and values of jobs, labour and parts.
        settled_fen: what the customer's part was settled for, in fen, discount taken off; None where no settlement is
            known here.
        corrects: the number of the order that this one puts right, empty where the answer does not hold that; None for
            an order that corrects none.
    """

    site: str | None
    site_name: str
    values: Shown
    work: tuple[tuple[str, Shown], ...]
    settled_fen: int | None
    corrects: str | None


@dataclass(frozen=True, slots=True)
class OtherCar:
    """A car that the hub has found.

    Attributes:
        is_followed: its history comes to this site already.
        is_linked: the customer at the desk holds it, so the own papers are shown.
        site_count: other sites with a visit; None where several cars were found, since the hub counts for one alone.
        is_cut: there is more than the answer holds.
        visits: the newest first; none where several cars were found.
    """

    vehicle: RecordId
    values: Shown
    plates: tuple[Shown, ...]
    is_followed: bool
    is_linked: bool
    site_count: int | None
    is_cut: bool
    readings: tuple[Shown, ...]
    completions: tuple[Shown, ...]
    visits: tuple[OtherVisit, ...]


@dataclass(frozen=True, slots=True)
class OtherCars:
    """What a question led to.

    Attributes:
        is_cut: there are more cars.
    """

    cars: tuple[OtherCar, ...]
    is_cut: bool


async def look_up(node: Node, link: LookUpLink, run_blocking: RunBlocking, question: Question) -> OtherCars:
    """Ask the hub.

    Raises:
        CommandRefused: no way, reason or number of the lists; nothing was sent.
        HubUnreachable: no usable answer; nothing was changed but what is known of the line.
        Refused: the hub said no, by name; or the answer is none of the hub's to this question.
    """
    check_question(question)
    try:
        answer = await _answer_of(node, link, run_blocking, question)
    except HubUnreachable as failure:
        await run_blocking(partial(remember_failure, node, failure))
        raise
    await run_blocking(partial(remember_answer, node))
    return await run_blocking(partial(_read, node, answer))


async def _answer_of(node: Node, link: LookUpLink, run_blocking: RunBlocking, question: Question) -> LookUpAnswer:
    """The hub's answer to the key that it takes."""
    refusals: list[HubRefused] = []
    for signer in await run_blocking(lambda: tuple(line_signers(node))):
        try:
            return await _ask(node, link, signer, question)
        except HubRefused as refusal:
            if refusal.reason not in ANOTHER_KEY:
                raise
            refusals.append(refusal)
    raise next((one for one in refusals if one.reason is not Reason.UNKNOWN_KEY), refusals[0])


def check_question(question: Question) -> None:
    """Go on with a question that can be asked.

    Raises:
        CommandRefused: see `look_up`.
    """
    if question.way not in WAYS:
        what = "A car is looked up by VIN, plate or telephone number."
        raise refuse("way", ProblemCode.BAD_VALUE, what, "Choose one of the three.")
    if not question.reason:
        what = "No reason is chosen."
        raise refuse("reason", ProblemCode.MISSING, what, "Choose a reason.", Reason.LOOK_UP_REASON)
    if question.reason not in LOOK_UP_REASONS:
        what = "The reason is not on the list."
        raise refuse("reason", ProblemCode.BAD_VALUE, what, "Choose one of the list.", Reason.LOOK_UP_REASON)
    if not 1 <= len(question.sought.strip()) <= SOUGHT_CHARS_MAX:
        what = "There is nothing to look up, or too much."
        raise refuse("sought", ProblemCode.BAD_VALUE, what, "Type the VIN, the plate or the telephone number.")
    try:
        _check_number(question)
    except CommandRefused as refused:
        raise CommandRefused([replace(one, field="sought") for one in refused.problems], refused.reason) from refused


def _check_number(question: Question) -> None:
    """Go on with a number that can be one of its kind, whole and readable."""
    sought = question.sought.strip()
    if question.way == BY_VIN:
        if len(normalise_vin(sought)) != VIN_CHARS and assess_vin(sought, VinPolicy.LENIENT).is_acceptable:
            raise CommandRefused((_FRAME_NUMBER,), Reason.BAD_VIN)
        check_vin(sought, question.policy)
    elif question.way == BY_PLATE:
        check_plate(sought)
    elif question.way == BY_PHONE and not (question.is_read_out and phone_number(sought)):
        check_phone(sought)


async def _ask(node: Node, link: LookUpLink, signer: Signer, question: Question) -> LookUpAnswer:
    identity = node.identity
    card = open_frame(await link.card(), HubCard, identity.hub_signing_key, Purpose.ENROL, identity.hub_id)
    request = LookUpRequest(
        MESSAGE_VERSION,
        card.challenge,
        identity.dealer_id,
        identity.node_id,
        question.way,
        question.sought.strip(),
        question.reason,
        question.customer,
        None if node.acting is None else node.acting.staff,
    )
    message = sign_frame(request, Purpose.LOOK_UP, identity.hub_id, signer)
    answered = await link.look_up(message)
    answer = open_frame(answered, LookUpAnswer, identity.hub_signing_key, Purpose.LOOK_UP, identity.hub_id)
    if answer.challenge != card.challenge or answer.node_id != identity.node_id:
        raise NotAuthentic(Reason.STALE_CHALLENGE, "an answer to another look-up")
    return answer


def _read(node: Node, answer: LookUpAnswer) -> OtherCars:
    """An answer as people read it."""
    several = len(answer.cars) > 1
    cars = tuple(
        _car(node, car, answer.rows_of(place), is_one_of_several=several) for place, car in enumerate(answer.cars)
    )
    return OtherCars(cars, answer.is_cut)


def _car(node: Node, car: LookedUpCar, rows: list[PageRow], *, is_one_of_several: bool) -> OtherCar:
    shown = [(row, _values(row)) for row in rows if row.kind in REGISTRY.by_number]
    work: dict[object, list[tuple[str, Shown]]] = {}
    for row, values in shown:
        if row.kind not in _APART:
            work.setdefault(values.get("visit_id"), []).append((REGISTRY.by_number[row.kind].name, values))

    numbers: dict[object, str] = {row.record: str(values.get("ro_no") or "") for row, values in shown}

    def of_kind(number: int) -> tuple[Shown, ...]:
        """What is shown of one kind, in the order of the answer."""
        return tuple(values for row, values in shown if row.kind == number)

    with node.store.read() as tx:
        visits = tuple(
            OtherVisit(
                *site_of(tx, node.identity, row.owner),
                values,
                tuple(work.get(row.record, ())),
                settled_customer_fen(tx, node.identity, RecordId(row.record)),
                numbers.get(values["corrects_id"], "") if values.get("corrects_id") else None,
            )
            for row, values in shown
            if row.kind == VISIT.number
        )
    return OtherCar(
        RecordId(car.vehicle_id),
        next(iter(of_kind(VEHICLE.number)), {}),
        of_kind(PLATE.number),
        car.is_followed,
        car.is_linked,
        None if is_one_of_several else car.site_count,
        car.known_count > car.row_count,
        of_kind(ODOMETER_READING.number),
        of_kind(RECALL_COMPLETION.number),
        visits,
    )


def _values(row: PageRow) -> Shown:
    kind = REGISTRY.by_number[row.kind]
    values = show(kind, entries_from_wire(row.entries)).values
    return {kind.by_label[label][1].name: one for label, one in values.items() if label in kind.by_label}
