r"""`visits answer`, `settle`, `close`, `correct`: the customer's answer, the bill, the hand-over, the order put right.

A job is answered by its id:

    visits answer ID --job JOB --approval declined --channel phone

Amounts are fen. A share is given as `field=value` pairs, in fen, as a percentage of what is due, or as neither for the
rest:

    visits settle ID --discount customer=500 --discount-reason offer \
        --share "pay_type=customer;payer_kind=insurer;percent=40;pay_method=transfer" \
        --share "pay_type=customer;payer_kind=customer;pay_method=cash"
"""

from dataclasses import replace
from functools import partial
from typing import Annotated, Final

import typer

from carnet_node.core.commands.approvals import APPROVED, Answer, answer_job
from carnet_node.core.commands.settlement import hand_over, settle_visit
from carnet_node.core.commands.settling import Share, StatedShare
from carnet_node.core.commands.stating import StatedBill
from carnet_node.core.commands.visits import Step
from carnet_node.core.node import Node
from carnet_node.core.numbering import today_at_site
from carnet_node.core.saving.correcting import corrected_of, open_correction
from carnet_node.core.saving.desk import save
from carnet_node.core.saving.editing import require_part, require_visit, require_visit_references
from carnet_node.core.showing.bill import usual_bill
from carnet_node.core.showing.views import VisitView
from carnet_node.entrypoints.cli.opening import Id, emit_saved, node_of, set_facts, whole_number
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_node.entrypoints.cli.recalls_done import open_remarks
from carnet_node.entrypoints.reading import record_from_text, values_from_pairs
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.kinds import (
    APPROVAL_CHANNELS,
    DISCOUNT_REASONS,
    JOB,
    PAY_METHODS,
    PAY_TYPES,
    PAYER_KINDS,
    SETTLEMENT_SHARE,
    VISIT,
)
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.visits import DECLINED

_PERCENT: Final = "percent="
_HUNDREDTHS: Final = 100

Discounts = Annotated[list[str] | None, typer.Option("--discount", help="fen by pay type, as customer=500")]
Shares = Annotated[
    list[str] | None,
    typer.Option(
        "--share",
        help=f"pay_type={'|'.join(PAY_TYPES)};payer_kind={'|'.join(PAYER_KINDS)};pay_method={'|'.join(PAY_METHODS)};"
        "and share_fen=... or percent=..., else the rest; left out: whom each pay type is named after",
    ),
]
KmOut = Annotated[
    int | None, typer.Option("--km-out", parser=whole_number, metavar="<int>", help="odometer at hand-over")
]
NextKm = Annotated[
    int | None, typer.Option("--next-service-km", parser=whole_number, metavar="<int>", help="due at this odometer")
]


def answer(
    ctx: typer.Context,
    visit: Id,
    *,
    job: Annotated[str, typer.Option("--job", help="id of the job, as `visits show` names it")],
    approval: Annotated[str, typer.Option(help=f"{APPROVED} or {DECLINED}")],
    channel: Annotated[str, typer.Option(help="how the customer was asked: " + ", ".join(APPROVAL_CHANNELS))],
    as_json: AsJson = False,
) -> None:
    """The customer approves a job or declines it; declined work costs nothing and is deferred."""
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    read = require_part(node, JOB, record_from_text(job), view.visit.id).read()
    said = Answer(approval, channel, node.clock.now_ms())
    saved = save(node, lambda _: answer_job(view.visit.read(), view.work(), read, said, today_at_site(node)))
    emit_saved(JOB, saved, as_json=as_json)


def settle(
    ctx: typer.Context,
    visit: Id,
    *,
    discounts: Discounts = None,
    discount_reason: Annotated[str, typer.Option(help=", ".join(DISCOUNT_REASONS))] = "",
    shares: Shares = None,
    as_json: AsJson = False,
) -> None:
    """The bill is settled and its shares add up; the order does not change any more.

    A correction keeps the discount and the payers of the order that it corrects, unless others are given.
    """
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    usual = usual_bill(view, corrected_of(node, view))
    stated = tuple(_stated(node, text, place) for place, text in enumerate(shares or ()))
    discount = _amounts(discounts) if discounts else usual.said.discount
    said = replace(usual.said, discount=discount, discount_reason=discount_reason or usual.said.discount_reason)
    bill = StatedBill(said, stated or usual.stated)
    step = _step(node, view, {})
    emit_saved(VISIT, save(node, lambda _: bill.settle(partial(settle_visit, step))), as_json=as_json)


def close(
    ctx: typer.Context,
    visit: Id,
    *,
    km_out: KmOut = None,
    next_service_on: Annotated[str | None, typer.Option(help="YYYY-MM-DD, when it should come back")] = None,
    next_service_km: NextKm = None,
    may_call: Annotated[
        bool | None, typer.Option("--may-call/--may-not-call", help="what the customer said; nothing when nobody asked")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """The car has been handed over; whether its customer may be called about the next service is noted."""
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    said: dict[str, Value] = {
        "odometer_out_km": km_out,
        "next_service_on": next_service_on,
        "next_service_km": next_service_km,
    }
    step = _step(node, view, {name: value for name, value in said.items() if value is not None})
    saved = save(node, lambda new_id: hand_over(step, new_id, may_call=may_call))
    emit_saved(VISIT, saved, as_json=as_json, remarks=open_remarks(node, view.visit.id))


def correct(ctx: typer.Context, visit: Id, *, as_json: AsJson = False) -> None:
    """Open the order that puts a settled one right: the same work, less what that one had settled."""
    node = node_of(ctx)
    view = require_visit(node, record_from_text(visit))
    opened = open_correction(node, view.visit.id, view.visit.heads.to_text())
    facts = set_facts(opened.saved.sealed) if opened.saved.sealed else {}
    result = {"id": record_text(opened.visit), "ro_no": opened.ro_no, "corrects": record_text(view.visit.id), **facts}
    emit(result, as_json=as_json, text=f"{opened.ro_no} is open ({result['id']}) and corrects {visit}.")


def _step(node: Node, view: VisitView, values: dict[str, Value]) -> Step:
    return Step(view.visit.read(), node.clock.now_ms(), view.work(), values, today_at_site(node), view.credit)


def _amounts(pairs: list[str]) -> dict[str, int]:
    """Fen by pay type.

    Raises:
        BadValue: no pay type, or no whole number.
    """
    found = {}
    for pair in pairs:
        name, _, text = (part.strip() for part in pair.partition("="))
        if name not in PAY_TYPES or not text.isdecimal():
            raise BadValue(Reason.BAD_FIELD, "discount", f"write one of {', '.join(PAY_TYPES)}, = and fen")
        found[name] = int(text)
    return found


def _stated(node: Node, text: str, place: int) -> StatedShare:
    """A share as it was given.

    Raises:
        BadValue: a field or a percentage that is none.
        CommandRefused: a customer who is not here.
    """
    pairs = [pair.strip() for pair in text.split(";") if pair.strip()]
    percents = [pair.removeprefix(_PERCENT) for pair in pairs if pair.startswith(_PERCENT)]
    values = values_from_pairs(SETTLEMENT_SHARE, [pair for pair in pairs if not pair.startswith(_PERCENT)])
    require_visit_references(node, {"customer_id": values.get("customer_id")})
    fen, customer = values.get("share_fen"), values.get("customer_id")
    if percents and not percents[-1].isdecimal():
        raise BadValue(Reason.BAD_FIELD, "percent", "a whole number from 1 to 100")
    return StatedShare(
        Share(
            str(values.get("pay_type") or ""),
            0,
            str(values.get("payer_kind") or ""),
            str(values.get("pay_method") or ""),
            RecordId(customer) if isinstance(customer, bytes) else None,
        ),
        fen if isinstance(fen, int) else None,
        int(percents[-1]) * _HUNDREDTHS if percents else None,
        place,
    )
