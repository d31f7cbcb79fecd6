"""The figures of a workshop's report: which record counts on which day, and that parts add up to the whole."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carnet_protocol.kinds import APPOINTMENT_STATES, PAY_TYPES, VISIT_STATES
from carnet_protocol.registry import Value
from carnet_protocol.shop_figures import (
    Entry,
    Figures,
    Grouping,
    counted_promise_ms,
    entries_of_appointment,
    entries_of_completion,
    entries_of_settlement,
    entries_of_visit,
    net_fen,
    shop_report,
)
from carnet_protocol.ten_days import month_of, ten_days_in, ten_days_of

NOON_MS = int(datetime(2026, 9, 21, 4, tzinfo=UTC).timestamp()) * 1000
HOUR_MS = 3_600_000
DAY_MS = 24 * HOUR_MS
MONTH = month_of(date(2026, 9, 21))
ADVISOR = Grouping.ADVISOR


def site_day(at_ms: int) -> date:
    """The calendar day eight hours ahead of Greenwich."""
    return (datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=8)).date()


def order(**said: Value) -> dict[str, Value]:
    """An order that is open since noon, unless it says otherwise."""
    return {"status": "open", "advisor_code": "A1", "opened_at": NOON_MS, **said}


def counted(visit: dict[str, Value], *promises: dict[str, Value], has_settlement: bool = False) -> Figures:
    """The figures of an order in September."""
    return shop_report(entries_of_visit(visit, promises, site_day, has_settlement=has_settlement), MONTH, ADVISOR).total


@pytest.mark.parametrize(("status", "visits"), [(one, int(one not in ("draft", "void"))) for one in VISIT_STATES])
def test_an_order_counts_when_a_car_was_in(status: str, visits: int):
    """Drafts and void orders are no visits; every other state is one."""
    assert counted(order(status=status)).visits == visits


def test_an_order_that_corrects_another_one_is_no_visit():
    """No car came for it."""
    assert counted(order(status="settled", corrects_id=b"v" * 16)).visits == 0


@pytest.mark.parametrize(
    ("late_ms", "kept"),
    [pytest.param(-1, 1, id="before"), pytest.param(0, 1, id="on the dot"), pytest.param(1, 0, id="late")],
)
def test_a_promise_is_kept_to_the_minute(late_ms: int, kept: int):
    """Work that is done no later than promised has kept its promise."""
    visit = order(status="completed", promised_at=NOON_MS, completed_at=NOON_MS + late_ms)

    assert counted(visit) == Figures(visits=1, promised=1, promises_kept=kept)


@pytest.mark.parametrize(
    ("moves", "promise_ms"),
    [
        pytest.param([], 9, id="never moved"),
        pytest.param([("parts", 3, 9)], 3, id="parts came late"),
        pytest.param([("customer_wish", 3, 9)], 9, id="the customer wished"),
        pytest.param([("parts", 3, 5), ("customer_wish", 5, 9)], 9, id="wished for after parts"),
        pytest.param([("customer_wish", 3, 5), ("workshop", 5, 9)], 5, id="busy after a wish"),
    ],
)
def test_only_the_customer_moves_the_promise_that_counts(moves: list[tuple[str, int, int]], promise_ms: int):
    """The first promise counts, or the last one that the customer wished for."""
    changes: list[dict[str, Value]] = [
        {"reason": why, "promised_before_at": before, "promised_at": after, "changed_at": at}
        for at, (why, before, after) in enumerate(moves)
    ]

    assert counted_promise_ms({"promised_at": 9}, reversed(changes)) == promise_ms


def test_a_move_that_was_taken_back_moves_nothing():
    """A retracted change of a promise is none."""
    change: dict[str, Value] = {"reason": "customer_wish", "promised_before_at": 3, "promised_at": 9, "changed_at": 1}

    assert counted_promise_ms({"promised_at": 7}, [{**change, "retracted": "duplicate"}]) == 7


def test_moves_of_one_moment_make_one_promise():
    """In whichever order two changes of one moment are read, the same promise counts."""
    changes: list[dict[str, Value]] = [
        {"reason": "customer_wish", "promised_before_at": 3, "promised_at": at, "changed_at": 1} for at in (9, 5)
    ]

    assert counted_promise_ms({}, changes) == counted_promise_ms({}, reversed(changes)) == 9


def test_a_settlement_brings_what_is_left_of_it():
    """Gross, less discount and less what the corrected order had settled; below zero where money was given back."""
    settlement: dict[str, Value] = {
        "customer_gross_fen": 900,
        "customer_discount_fen": 100,
        "customer_credit_fen": 1000,
    }

    assert [net_fen(settlement, name) for name in PAY_TYPES] == [-200, 0, 0]


def test_a_settlement_counts_on_its_own_day():
    """Revenue stands on the day of the settlement, not of the visit; one that was taken back brings nothing."""
    settlement: dict[str, Value] = {"settled_at": NOON_MS + DAY_MS, "warranty_gross_fen": 500}

    entries = entries_of_settlement(settlement, {"advisor_code": "A1"}, site_day)

    assert entries == [Entry(date(2026, 9, 22), "A1", Figures(warranty_fen=500))]
    assert entries_of_settlement({**settlement, "retracted": "duplicate"}, {}, site_day) == []


def test_an_order_from_before_settlements_counts_by_its_totals():
    """Its totals are revenue on the day it was settled, unless a settlement of it stands."""
    visit = order(status="closed", settled_at=NOON_MS, customer_fen=700)

    assert counted(visit).customer_fen == 700
    assert counted(visit, has_settlement=True).customer_fen == 0


@pytest.mark.parametrize(
    ("status", "figures"),
    [
        ("requested", Figures()),
        ("cancelled", Figures()),
        ("booked", Figures(appointments=1)),
        ("no_show", Figures(appointments=1)),
        ("arrived", Figures(appointments=1, appointments_kept=1)),
    ],
)
def test_an_appointment_is_kept_by_coming(status: str, figures: Figures):
    """What was cancelled, or never had a slot, is no appointment of the day."""
    entries = entries_of_appointment({"status": status, "starts_at": NOON_MS}, site_day)

    assert shop_report(entries, MONTH, ADVISOR).total == figures


def test_every_state_of_an_appointment_has_its_figures():
    """The table above names them all."""
    assert set(APPOINTMENT_STATES) == {"requested", "cancelled", "booked", "no_show", "arrived"}


@pytest.mark.parametrize(
    ("method", "done"),
    [("replaced", 1), ("inspected_no_defect", 1), ("interim", 0), ("refused", 0)],
)
def test_a_recall_is_done_by_work_that_closes_it(method: str, done: int):
    """An interim remedy and a refusal are no recalls done."""
    entries = entries_of_completion({"method": method, "completed_at": NOON_MS}, {}, site_day)

    assert shop_report(entries, MONTH, ADVISOR).total.recalls_done == done


def test_the_day_is_the_sites():
    """Half past midnight in Shanghai is the next day there, and the last day of the month in Greenwich is not."""
    last_evening_ms = int(datetime(2026, 8, 31, 16, 30, tzinfo=UTC).timestamp()) * 1000

    assert counted(order(opened_at=last_evening_ms)).visits == 1


MOMENTS = st.integers(NOON_MS - 20 * DAY_MS, NOON_MS + 9 * DAY_MS)
FEN = st.integers(0, 10**7)


@st.composite
def histories(draw: Any) -> list[dict[str, Any]]:
    """Orders with what hangs on them, and appointments, around one month."""
    return draw(
        st.lists(
            st.fixed_dictionaries(
                {
                    "status": st.sampled_from(VISIT_STATES),
                    "advisor_code": st.sampled_from(["A1", "B2", None]),
                    "visit_kind": st.sampled_from(["repair", "recall", None]),
                    "opened_at": MOMENTS,
                    "promised_at": st.none() | MOMENTS,
                    "completed_at": st.none() | MOMENTS,
                    "settled_at": st.none() | MOMENTS,
                    "customer_fen": FEN,
                    "warranty_fen": FEN,
                    "gross": FEN,
                    "discount": FEN,
                    "has_settlement": st.booleans(),
                    "booked": st.sampled_from([None, *APPOINTMENT_STATES]),
                    "recall": st.sampled_from([None, "replaced", "refused"]),
                }
            ),
            max_size=12,
        )
    )


def entries_of(history: list[dict[str, Any]]) -> list[Entry]:
    """Everything that counts of a history, by the rules under test."""
    found: list[Entry] = []
    for one in history:
        found += entries_of_visit(one, [], site_day, has_settlement=one["has_settlement"])
        if one["has_settlement"]:
            bill = {"customer_gross_fen": one["gross"], "customer_discount_fen": one["discount"]}
            found += entries_of_settlement({"settled_at": one["settled_at"], **bill}, one, site_day)
        if one["booked"]:
            slot = {"status": one["booked"], "starts_at": one["opened_at"], "advisor_code": one["advisor_code"]}
            found += entries_of_appointment(slot, site_day)
        if one["recall"]:
            found += entries_of_completion({"method": one["recall"], "completed_at": one["opened_at"]}, one, site_day)
    return found


@given(histories(), st.randoms(use_true_random=False))
def test_the_order_of_counting_decides_nothing(history: list[dict[str, Any]], dice: Any):
    """Entries in another order make the same report."""
    entries = entries_of(history)
    shuffled = dice.sample(entries, len(entries))

    assert shop_report(shuffled, MONTH, ADVISOR) == shop_report(entries, MONTH, ADVISOR)


@given(histories())
def test_three_ten_day_reports_are_the_month(history: list[dict[str, Any]]):
    """The figures of a month are those of its ten-day periods added up, for the site and each advisor."""
    entries = entries_of(history)

    parts = [shop_report(entries, one, ADVISOR) for one in ten_days_in(MONTH)]
    whole = shop_report(entries, MONTH, ADVISOR)

    assert sum((one.total for one in parts), Figures()) == whole.total
    assert {code: sum((one.groups.get(code, Figures()) for one in parts), Figures()) for code in whole.groups} == (
        whole.groups
    )


@given(histories(), st.sampled_from(Grouping))
def test_groups_add_up_to_the_total(history: list[dict[str, Any]], by: Grouping):
    """By whatever a report is split, nothing is lost and nothing counts twice."""
    entries = entries_of(history)

    report = shop_report(entries, MONTH, by)

    assert sum(report.groups.values(), Figures()) == report.total == shop_report(entries, MONTH, ADVISOR).total


@pytest.mark.parametrize(
    ("by", "groups"),
    [
        (Grouping.ADVISOR, {"A1": Figures(visits=1, customer_fen=5, warranty_fen=7)}),
        (Grouping.VISIT_KIND, {"repair": Figures(visits=1, customer_fen=5, warranty_fen=7)}),
        (Grouping.DAY, {"2026-09-21": Figures(visits=1), "2026-09-22": Figures(customer_fen=5, warranty_fen=7)}),
        (Grouping.TEN_DAYS, {"2026-09-3": Figures(visits=1, customer_fen=5, warranty_fen=7)}),
        (
            Grouping.PAY_TYPE,
            {"": Figures(visits=1), "customer": Figures(customer_fen=5), "warranty": Figures(warranty_fen=7)},
        ),
    ],
)
def test_a_report_is_split_by_what_was_asked(by: Grouping, groups: dict[str, Figures]):
    """One order of one advisor, settled on the next day for two pay types, in each of the groupings."""
    visit = order(visit_kind="repair", status="settled", settled_at=NOON_MS + DAY_MS, customer_fen=5, warranty_fen=7)

    entries = entries_of_visit(visit, [], site_day, has_settlement=False)

    assert shop_report(entries, MONTH, by).groups == groups


@given(histories(), histories())
def test_two_sites_are_added_up(one: list[dict[str, Any]], other: list[dict[str, Any]]):
    """The report over both sites is the sum of their reports."""
    both = shop_report([*entries_of(one), *entries_of(other)], MONTH, ADVISOR).total

    assert (
        both
        == shop_report(entries_of(one), MONTH, ADVISOR).total + shop_report(entries_of(other), MONTH, ADVISOR).total
    )


@given(histories())
def test_a_report_is_what_a_recount_by_hand_finds(history: list[dict[str, Any]]):
    """Counted again straight from the orders, day by day, the ten-day figures are the same."""
    period = ten_days_of(date(2026, 9, 21))
    worked = [one for one in history if one["status"] not in ("draft", "void")]

    def within(at_ms: int | None) -> bool:
        return at_ms is not None and date(2026, 9, 21) <= site_day(at_ms) <= date(2026, 9, 30)

    promised = [one for one in worked if one["promised_at"] is not None and within(one["completed_at"])]
    billed = [one for one in worked if one["status"] in ("settled", "closed") and within(one["settled_at"])]
    revenue = sum(one["customer_fen"] for one in billed if not one["has_settlement"])
    revenue += sum(
        one["gross"] - one["discount"] for one in history if one["has_settlement"] and within(one["settled_at"])
    )
    expected = [
        one for one in history if one["booked"] in ("booked", "no_show", "arrived") and within(one["opened_at"])
    ]

    assert shop_report(entries_of(history), period, ADVISOR).total == Figures(
        visits=sum(within(one["opened_at"]) for one in worked),
        promised=len(promised),
        promises_kept=sum(one["completed_at"] <= one["promised_at"] for one in promised),
        customer_fen=revenue,
        warranty_fen=sum(one["warranty_fen"] for one in billed if not one["has_settlement"]),
        recalls_done=sum(one["recall"] == "replaced" and within(one["opened_at"]) for one in history),
        appointments=len(expected),
        appointments_kept=sum(one["booked"] == "arrived" for one in expected),
    )
