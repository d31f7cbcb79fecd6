"""A settlement adds up to the fen, or it is refused with every reason."""

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_node.core.commands.drafting import Drafts
from carnet_node.core.commands.lines import line_amount
from carnet_node.core.commands.settling import (
    Bill,
    PayTypeSum,
    Settling,
    Share,
    StatedShare,
    settle_bill,
    shares_of,
    split_fen,
)
from carnet_node.core.commands.stating import StatedBill, usual_shares
from carnet_node.core.refusals import CommandRefused
from carnet_node.core.shop_limits import SHARES_MAX
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import JOB, LABOUR_LINE, PART_LINE, PAY_TYPES
from carnet_protocol.registry import Value
from support.desk import record

FEN = st.integers(0, 10**9)


def paid(fen: int, pay_type: str = "customer") -> Share:
    """A share that a customer pays in cash."""
    return Share(pay_type, fen, "customer", "cash")


def stated(place: int, fen: int | None = None, percent: int | None = None, pay_type: str = "customer") -> StatedShare:
    """A share as somebody states it, in fen, in hundredths of a percent, or as the rest."""
    return StatedShare(paid(0, pay_type), fen, percent, place)


def line(fen: int, job: RecordId | None = None) -> dict[str, Value]:
    """A line that costs so much."""
    return {"amount_fen": fen, "job_id": job}


def settled(*lines: Mapping[str, Value], jobs: Mapping[RecordId, Any] | None = None, **said: Any) -> Bill:
    """The bill of these lines; who settles saw 1,000 fen for the customer, who pays them, unless it says otherwise."""
    settling = replace(Settling({"customer": 1_000}, [paid(1_000)]), **said)
    return settle_bill(jobs or {}, lines or [line(1_000)], settling)


def fields_refused(*lines: Mapping[str, Value], **said: Any) -> list[str]:
    """The fields about which a settlement is refused."""
    with pytest.raises(CommandRefused) as refused:
        settled(*lines, **said)
    return [one.field for one in refused.value.problems]


def test_a_bill_has_the_sum_of_each_pay_type():
    """Lines count for the pay type of their job, loose ones for the customer, those of a declined job for nobody."""
    jobs = {record(1): {"pay_type": "warranty"}, record(2): {"pay_type": "internal", "approval": "declined"}}
    shares = [paid(700), Share("warranty", 300, "maker", "claim")]

    bill = settled(
        line(700),
        line(300, record(1)),
        line(900, record(2)),
        jobs=jobs,
        seen={"customer": 700, "warranty": 300},
        shares=shares,
    )

    assert bill.sums == {
        "customer": PayTypeSum(700, 0, 0),
        "warranty": PayTypeSum(300, 0, 0),
        "internal": PayTypeSum(0, 0, 0),
    }


def test_a_discount_comes_off_with_its_reason():
    """What is due is the total less the discount, and the shares pay that."""
    bill = settled(discount={"customer": 1}, discount_reason="rounding", shares=[paid(999)])

    assert bill.sums["customer"].due_fen == 999


def test_a_correction_gives_back_what_was_settled_too_much():
    """An order that corrects one of 1,500 fen by one of 1,000 gives 500 back."""
    bill = settled(credit={"customer": 1_500}, shares=[paid(-500)])

    assert bill.sums["customer"] == PayTypeSum(1_000, 0, 1_500)
    assert bill.shares == (paid(-500),)


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        pytest.param({"seen": {"customer": 999}}, ["customer_gross_fen"], id="a total that is not the sum"),
        pytest.param({"seen": {"customer": 1_000, "internal": 1}}, ["internal_gross_fen"], id="a total of nothing"),
        pytest.param({"shares": []}, ["customer_fen"], id="nobody pays"),
        pytest.param({"shares": [paid(999)]}, ["customer_fen"], id="one fen too little"),
        pytest.param({"shares": [paid(1_000), paid(1)]}, ["customer_fen"], id="one fen too much"),
        pytest.param(
            {"shares": [paid(1_000), paid(5, "warranty")]},
            ["shares[1].share_fen", "warranty_fen"],
            id="a share of nothing due",
        ),
        pytest.param({"shares": [paid(1_500), paid(-500)]}, ["shares[1].share_fen"], id="a share the other way round"),
        pytest.param({"shares": [paid(1_000), paid(0)]}, ["shares[1].share_fen"], id="a share of nothing"),
        pytest.param(
            {"discount": {"customer": 1_001}, "discount_reason": "offer", "shares": [paid(-1)]},
            ["customer_discount_fen"],
            id="more let off than it costs",
        ),
        pytest.param(
            {"discount": {"customer": -1}, "discount_reason": "offer", "shares": [paid(1_001)]},
            ["customer_discount_fen"],
            id="a discount below zero",
        ),
        pytest.param(
            {"discount": {"customer": 1}, "shares": [paid(999)]}, ["discount_reason"], id="a discount without a reason"
        ),
        pytest.param(
            {"credit": {"customer": -1}, "shares": [paid(1_001)]}, ["customer_credit_fen"], id="a credit below zero"
        ),
        pytest.param({"shares": [paid(1)] * (SHARES_MAX + 1)}, ["shares"], id="too many payers"),
    ],
)
def test_a_settlement_that_does_not_add_up_is_refused(said: dict[str, Any], fields: list[str]):
    """Each way of not adding up has a field of its own; nothing is settled in part."""
    assert fields_refused(**said) == fields


@pytest.mark.parametrize("name", ["amount_fen", "price_fen", "rate_fen", "quantity_hundredths", "actual_hours"])
def test_a_line_below_zero_is_refused(name: str):
    """Neither an amount nor a quantity is negative, even if the total fits."""
    assert fields_refused({**line(1_000), name: -1} if name != "amount_fen" else line(-1), line(1_001))[0] == name


def test_a_settlement_says_everything_that_is_wrong():
    """Total, discount and shares are told together, so that nobody has to save three times."""
    assert fields_refused(seen={}, discount={"customer": 2_000}, shares=[]) == [
        "customer_gross_fen",
        "customer_discount_fen",
        "discount_reason",
        "customer_fen",
    ]


@given(st.lists(st.tuples(FEN, st.sampled_from(PAY_TYPES)), max_size=20), st.data())
def test_a_bill_is_the_sum_of_its_jobs(costs: list[tuple[int, str]], data: st.DataObject):
    """Whatever the lines, due per pay type and what is let off are the sum of the jobs, and shares are all of it."""
    jobs = {record(place): {"pay_type": pay_type} for place, (_, pay_type) in enumerate(costs)}
    lines = [line(fen, record(place)) for place, (fen, _) in enumerate(costs)]
    gross = {name: sum(fen for fen, pay_type in costs if pay_type == name) for name in PAY_TYPES}
    off = {name: data.draw(st.integers(0, gross[name])) for name in PAY_TYPES}
    shares = [paid(gross[name] - off[name], name) for name in PAY_TYPES if gross[name] > off[name]]

    bill = settle_bill(jobs, lines, Settling(gross, shares, off, "offer"))

    assert {name: one.due_fen + one.discount_fen for name, one in bill.sums.items()} == gross
    assert sum(one.fen for one in bill.shares) == sum(fen for fen, _ in costs) - sum(off.values())


@given(st.integers(-(10**12), 10**12), st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any))
def test_a_split_adds_up_to_the_fen(fen: int, parts: list[int]):
    """Shares add up, none is a whole fen away from its exact part, and a part of nothing pays nothing."""
    shares = split_fen(fen, parts)

    assert sum(shares) == fen
    assert all(abs(share * sum(parts) - fen * part) < sum(parts) for share, part in zip(shares, parts, strict=True))
    assert all(share == 0 for share, part in zip(shares, parts, strict=True) if part == 0)


@given(st.integers(0, 10**12), st.lists(st.integers(0, 10_000), min_size=1, max_size=12).filter(any))
def test_what_is_given_back_is_split_as_it_was_paid(fen: int, parts: list[int]):
    """A refund undoes each share exactly."""
    assert split_fen(-fen, parts) == tuple(-share for share in split_fen(fen, parts))


def test_the_fen_left_over_goes_to_the_largest_remainder():
    """Of equal remainders the payer named first has it."""
    assert (split_fen(100, (1, 1, 1)), split_fen(101, (50, 25, 25))) == ((34, 33, 33), (51, 25, 25))


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(1, 2_500), max_size=4), st.integers(-(10**6), 10**6))
def test_percentages_amounts_and_a_rest_are_all_that_is_due(due: int, percents: list[int], fen: int):
    """Whoever pays the rest pays what the others leave; who would pay nothing of it is left out."""
    others = [stated(place, percent=one) for place, one in enumerate(percents)]

    shares = shares_of({"customer": due}, [*others, stated(8, fen), stated(9)])

    assert sum(one.fen for one in shares.values()) == due
    assert shares.keys() | {9} == {*range(len(percents)), 8, 9}


@given(st.integers(-(10**9), 10**9), st.lists(st.integers(0, 10_000), min_size=1, max_size=10))
def test_percentages_that_are_all_of_it_leave_nothing(due: int, cuts: list[int]):
    """Percentages that add up to a hundred pay to the last fen, each as `split_fen` splits it."""
    edges = sorted({0, *cuts, 10_000})
    percents = [upper - lower for lower, upper in pairwise(edges)]

    shares = shares_of({"customer": due}, [stated(place, percent=one) for place, one in enumerate(percents)])

    assert tuple(one.fen for one in shares.values()) == split_fen(due, percents)


def test_shares_are_stated_for_each_pay_type_by_itself():
    """The rest of one pay type is nobody's business in another."""
    said = [stated(0), stated(1, percent=5_000, pay_type="warranty"), stated(2, pay_type="warranty")]

    shares = shares_of({"customer": 100, "warranty": 31}, said)

    assert [(one.pay_type, one.fen) for one in shares.values()] == [
        ("customer", 100),
        ("warranty", 16),
        ("warranty", 15),
    ]


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        pytest.param([stated(0), stated(3)], ["shares[3].share_fen"], id="two rests"),
        pytest.param([stated(2, percent=0)], ["shares[2].share_fen"], id="no percent"),
        pytest.param([stated(0, percent=10_001)], ["shares[0].share_fen"], id="more than a hundred"),
        pytest.param(
            [stated(0, percent=6_000), stated(1, percent=6_000)],
            ["shares[1].share_fen"],
            id="more than a hundred in all",
        ),
    ],
)
def test_shares_that_cannot_be_are_refused_at_their_place(said: list[StatedShare], fields: list[str]):
    """The form's own row is named, and nothing is guessed."""
    with pytest.raises(CommandRefused) as refused:
        shares_of({"customer": 1_000}, said)

    assert [one.field for one in refused.value.problems] == fields


def test_a_rest_of_no_pay_type_is_not_dropped():
    """A share that belongs nowhere is left for the bill to refuse."""
    shares = shares_of({"customer": 1_000}, [stated(0), stated(1, pay_type="")])

    assert fields_refused(shares=list(shares.values())) == ["shares[1].share_fen"]


def test_a_wrong_share_is_named_where_it_was_stated():
    """A rest of nothing before it is left out, and does not move the place that is told."""
    said = (stated(0), stated(1, 1_000), stated(4, 5, pay_type="warranty"))
    bill = StatedBill(Settling({"customer": 1_000}, ()), said)

    def take(said: Settling) -> Drafts:
        settle_bill({}, [line(1_000)], said)
        return ()

    with pytest.raises(CommandRefused) as refused:
        bill.settle(take)

    assert [one.field for one in refused.value.problems] == ["shares[4].share_fen", "warranty_fen"]


def test_whom_a_pay_type_is_named_after_pays_what_a_discount_leaves():
    """The usual payers pay the rest, so that nobody has to work out what is due."""
    usual = usual_shares({"customer": 1_000, "warranty": 300}, {}, record(7))
    seen: list[Settling] = []

    def take(said: Settling) -> Drafts:
        seen.append(said)
        return ()

    StatedBill(Settling({"customer": 1_000, "warranty": 300}, (), {"customer": 10}), usual).settle(take)

    assert [(one.payer_kind, one.fen, one.customer) for one in seen[0].shares] == [
        ("customer", 990, record(7)),
        ("maker", 300, None),
    ]


@given(st.integers(1, 10**6), st.integers(0, 10**7))
def test_an_amount_is_the_exact_product_with_half_a_fen_up(quantity: int, price: int):
    """Quantity in hundredths times price: the nearest whole fen, and the upper of two that are equally near."""
    amount = line_amount(PART_LINE, {"quantity_hundredths": quantity, "price_fen": price})

    assert -50 <= quantity * price - amount * 100 < 50


def test_a_tenth_and_two_tenths_are_three_tenths():
    """0.1 and 0.2 of a piece at 1 yuan cost what 0.3 of it costs."""
    tenths = [line_amount(LABOUR_LINE, {"actual_hours": one, "rate_fen": 100}) for one in (10, 20, 30)]

    assert tenths[0] + tenths[1] == tenths[2] == 30


def test_a_job_is_what_the_pay_types_are_of():
    """The registry's pay types of a job are those of a bill."""
    assert JOB.by_label[JOB.labels["pay_type"]][1].codes == PAY_TYPES
