"""The form of a settlement: from an order to texts, and from texts to what a person states when it is settled.

Decides how the rows of payers stand: each names a pay type, who pays, how, and what; an amount of yuan, a percentage
(`40%`), or nothing for the rest. Rows without a word are left out. What adds up is `core.settling`.
"""

import re
from typing import Final

from carnet_node.core.commands.drafting import missing
from carnet_node.core.commands.settling import Settling, Share, StatedShare
from carnet_node.core.commands.stating import StatedBill
from carnet_node.core.refusals import Problem, ProblemCode
from carnet_node.core.shop_limits import SHARES_MAX
from carnet_node.core.showing.views import VisitView
from carnet_node.entrypoints.pages.formats import hundredths, yuan
from carnet_node.entrypoints.pages.forms import Typed
from carnet_node.entrypoints.pages.typed import Reader, hundredths_of
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import PAY_TYPES, SETTLEMENT, SETTLEMENT_SHARE

SHARE_FIELDS: Final = ("pay_type", "share_fen", "payer_kind", "pay_method")
SEEN: Final = "seen."
"""Before the pay type, in the field that holds the total which the page showed."""

_SPARE_ROWS: Final = 2
_PERCENT: Final = ("%", "％")
_BY_CUSTOMER: Final = "customer"
_FEN: Final = re.compile(r"-?[0-9]{1,16}")
_NEEDED: Final = {"pay_type": "Say which pay type this is a share of.", "payer_kind": "Say who pays this share."}


def bill_as_texts(bill: StatedBill) -> dict[str, str]:
    """What a form begins with: who pays which percentage of a pay type, or the rest of it, and what is let off."""
    discounts = {f"{name}_discount_fen": yuan(fen) for name, fen in bill.said.discount.items() if fen}
    texts = {**discounts, "discount_reason": bill.said.discount_reason}
    for one in bill.stated:
        where, share = f"shares[{one.place}].", one.share
        part = "" if one.percent_hundredths is None else f"{hundredths(one.percent_hundredths)}%"
        texts |= {f"{where}pay_type": share.pay_type, f"{where}payer_kind": share.payer_kind}
        texts |= {f"{where}pay_method": share.method, f"{where}share_fen": part}
    return {name: text for name, text in texts.items() if text}


def share_rows(typed: Typed) -> range:
    """The rows of payers to show: those that hold something, and some more."""
    places = typed.places("shares")
    return range(min(SHARES_MAX, max(places, default=-1) + 1 + _SPARE_ROWS))


def stated_bill(view: VisitView, typed: Typed, reader: Reader) -> StatedBill:
    """What a form says; what means nothing is told by the reader."""
    fields = {name: f"{name}_discount_fen" for name in PAY_TYPES}
    values = reader.stated(SETTLEMENT, {one: typed.text(one) for one in (*fields.values(), "discount_reason")})
    discount = {name: fen for name, field in fields.items() if isinstance(fen := values.get(field), int)}
    seen = {name: int(text) for name in PAY_TYPES if _FEN.fullmatch(text := typed.text(SEEN + name))}
    stated = tuple(_stated(view, typed, place, reader) for place in _filled(typed))
    return StatedBill(Settling(seen, (), discount, str(values.get("discount_reason") or ""), view.credit), stated)


def _filled(typed: Typed) -> list[int]:
    """Rows in which something was said beside the pay type."""
    rows = ((place, typed.below(f"shares[{place}].")) for place in typed.places("shares"))
    return [place for place, row in rows if any(row.get(name) for name in SHARE_FIELDS if name != "pay_type")]


def _stated(view: VisitView, typed: Typed, place: int, reader: Reader) -> StatedShare:
    where = f"shares[{place}]."
    row = typed.below(where)
    customer = view.visit.values.get("customer_id")
    is_customer = row.get("payer_kind") == _BY_CUSTOMER
    share = Share(
        row.get("pay_type", ""),
        0,
        row.get("payer_kind", ""),
        row.get("pay_method", ""),
        RecordId(customer) if is_customer and isinstance(customer, bytes) else None,
    )
    reader.problems += [missing(where + name, what) for name, what in _NEEDED.items() if not row.get(name)]
    text = row.get("share_fen", "")
    if text.endswith(_PERCENT):
        return StatedShare(share, None, _percent(text, where, reader), place)
    fen = reader.values(SETTLEMENT_SHARE, {"share_fen": text}, where).get("share_fen") if text else None
    return StatedShare(share, fen if isinstance(fen, int) else None, None, place)


def _percent(text: str, where: str, reader: Reader) -> int | None:
    try:
        return hundredths_of(text[:-1])
    except ValueError:
        what = "This is not a percentage with at most two places."
        reader.problems.append(Problem(where + "share_fen", ProblemCode.BAD_VALUE, what, "Enter it like 40%."))
        return None
