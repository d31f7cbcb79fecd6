"""What the desk may save about visits: opening, steps, lines, money."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.lines import NewJob, Work, line_amount, totals_of
from carnet_node.core.commands.settlement import close_visit, settle_visit
from carnet_node.core.commands.visits import (
    NewLine,
    OpenVisit,
    Step,
    add_jobs,
    add_line,
    complete_visit,
    edit_job,
    edit_line,
    edit_visit,
    open_visit,
    remove_line,
    start_visit,
    void_visit,
)
from carnet_node.core.heads import Head, Heads
from carnet_node.core.refusals import CommandRefused, ProblemCode
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import OpId
from carnet_protocol.kinds import (
    JOB,
    LABOUR_LINE,
    ODOMETER_READING,
    PART_LINE,
    VISIT,
    VISIT_STATES,
    VISIT_TRANSITIONS,
)
from carnet_protocol.ops import Action
from carnet_protocol.registry import Value
from support.desk import counted_ids, problems_of, read_of, record

STATUS, TOTALS, LINE, READING = (OpId(letter * 16) for letter in (b"s", b"t", b"l", b"r"))
OIL: dict[str, Value] = {"part_name": "oil", "quantity_hundredths": 400, "price_fen": 6_800}
HOUR: dict[str, Value] = {"labour_name": "check", "actual_hours": 100, "rate_fen": 30_000}
OPENED = OpenVisit("SHA01-RO-1", record(90), 1_000, record(91), {"odometer_in_km": 52_000})


def visit_read(status: str, **values: Value) -> Read:
    """Visit 1 in a state, with its status and totals as two heads."""
    heads = Heads((Head(STATUS, bytes([3]), False), Head(TOTALS, bytes([19]), False)))
    return Read(record(1), heads, {"status": status, "vehicle_id": record(90), "opened_at": 1_000, **values})


def line_read(number: int, **values: Value) -> Read:
    """A line as read; its price stands in register 3."""
    return Read(record(number), Heads((Head(LINE, bytes([1, 2, 3]), False),)), values)


def test_a_visit_is_opened_with_jobs_lines_totals_and_reading():
    """One change set holds the order, its work, the money and the odometer reading."""
    job = NewJob({"complaint": "noise"}, [HOUR], [OIL])

    visit, first_job, labour, part, reading = open_visit(replace(OPENED, jobs=[job]), counted_ids())

    money: dict[str, Value] = {"customer_fen": 57_200, "warranty_fen": 0, "internal_fen": 0}
    head: dict[str, Value] = {
        "ro_no": "SHA01-RO-1",
        "vehicle_id": record(90),
        "customer_id": record(91),
        "status": "open",
    }
    place: dict[str, Value] = {"visit_id": record(1), "job_id": record(2)}
    assert visit == Draft(VISIT, record(1), {**head, "opened_at": 1_000, "odometer_in_km": 52_000, **money})
    assert first_job == Draft(
        JOB, record(2), {"visit_id": record(1), "job_no": 1, "complaint": "noise", "pay_type": "customer"}
    )
    assert labour == Draft(LABOUR_LINE, record(3), {**place, **HOUR, "amount_fen": 30_000})
    assert part == Draft(PART_LINE, record(4), {**place, **OIL, "amount_fen": 27_200})
    assert reading.values == {
        "vehicle_id": record(90),
        "odometer_km": 52_000,
        "read_at": 1_000,
        "source": "visit",
        "visit_id": record(1),
    }


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        pytest.param({}, [("odometer_in_km", ProblemCode.MISSING)], id="no word about the odometer"),
        pytest.param(
            {"is_odometer_unknown": False}, [("odometer_in_km", ProblemCode.MISSING)], id="known, but not said"
        ),
        pytest.param(
            {"odometer_in_km": 5, "is_odometer_unknown": True},
            [("is_odometer_unknown", ProblemCode.BAD_VALUE)],
            id="both",
        ),
        pytest.param(
            {"odometer_in_km": 5, "status": "closed"},
            [("status", ProblemCode.LOCKED)],
            id="a state of one's own choice",
        ),
        pytest.param(
            {"odometer_in_km": 5, "customer_fen": 1},
            [("customer_fen", ProblemCode.LOCKED)],
            id="totals of one's own choice",
        ),
        pytest.param(
            {"odometer_in_km": 5, "fuel_level_percent": 101},
            [("fuel_level_percent", ProblemCode.BAD_VALUE)],
            id="more than full",
        ),
        pytest.param(
            {"odometer_in_km": 5, "sender_phone": "no"}, [("sender_phone", ProblemCode.BAD_PHONE)], id="sender's phone"
        ),
    ],
)
def test_a_visit_is_refused_with_every_problem(values: dict, expected: list):
    """What an order lacks or may not say is named by field."""
    assert problems_of(lambda: open_visit(replace(OPENED, values=values), counted_ids())) == expected


def test_an_unknown_odometer_is_stated_and_makes_no_reading():
    """Unknown is a statement of its own: no zero is stored and no reading recorded."""
    (visit,) = open_visit(replace(OPENED, values={"is_odometer_unknown": True}), counted_ids())

    assert visit.values["is_odometer_unknown"] is True
    assert "odometer_in_km" not in visit.values


def test_a_reading_of_zero_is_a_reading():
    """A new car at zero kilometres is recorded as such."""
    _, reading = open_visit(replace(OPENED, values={"odometer_in_km": 0}), counted_ids())

    assert reading.values["odometer_km"] == 0


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param(NewJob({}), [("jobs[0].complaint", ProblemCode.MISSING)], id="says nothing"),
        pytest.param(
            NewJob({"complaint": "x"}, [{}]),
            [("jobs[0].labour[0].labour_name", ProblemCode.MISSING)],
            id="nameless labour",
        ),
        pytest.param(
            NewJob({"complaint": "x"}, [], [{"part_no": "P1"}]),
            [("jobs[0].parts[0].quantity_hundredths", ProblemCode.MISSING)],
            id="no quantity",
        ),
        pytest.param(
            NewJob({"complaint": "x"}, [], [{"part_no": "P1", "quantity_hundredths": 0}]),
            [("jobs[0].parts[0].quantity_hundredths", ProblemCode.BAD_VALUE)],
            id="quantity zero",
        ),
        pytest.param(
            NewJob({"complaint": "x", "pay_type": "nobody"}),
            [("jobs[0].pay_type", ProblemCode.BAD_VALUE)],
            id="no payer",
        ),
    ],
)
def test_a_job_or_line_is_refused_with_its_place(job: NewJob, expected: list):
    """A problem inside a list says where it stands."""
    assert problems_of(lambda: open_visit(replace(OPENED, jobs=[job]), counted_ids())) == expected


@pytest.mark.parametrize(
    ("job", "expected"),
    [
        pytest.param(NewJob({"complaint": "x"}, [{**HOUR, "actual_hours": 100_000}]), [], id="1,000 hours"),
        pytest.param(
            NewJob({"complaint": "x"}, [{**HOUR, "actual_hours": 100_001}]),
            [("jobs[0].labour[0].actual_hours", (0, 100_000))],
            id="more hours",
        ),
        pytest.param(
            NewJob({"complaint": "x"}, [{**HOUR, "standard_hours": 99_999_999_900}]),
            [("jobs[0].labour[0].standard_hours", (0, 100_000))],
            id="standard hours",
        ),
        pytest.param(NewJob({"complaint": "x"}, [], [{**OIL, "quantity_hundredths": 1_000_000}]), [], id="10,000"),
        pytest.param(
            NewJob({"complaint": "x"}, [], [{**OIL, "quantity_hundredths": 1_000_001}]),
            [("jobs[0].parts[0].quantity_hundredths", (0, 1_000_000))],
            id="more pieces",
        ),
    ],
)
def test_a_line_has_so_many_hours_or_pieces_at_most(job: NewJob, expected: list):
    """What nobody works or fits in is asked about at its field, before it is in a total."""
    found = []
    try:
        open_visit(replace(OPENED, jobs=[job]), counted_ids())
    except CommandRefused as refused:
        found = [(one.field, one.bounds) for one in refused.problems]

    assert found == expected


@pytest.mark.parametrize(
    ("kind", "values", "fen"),
    [
        pytest.param(PART_LINE, {"quantity_hundredths": 150, "price_fen": 333}, 500, id="half a fen goes up"),
        pytest.param(PART_LINE, {"quantity_hundredths": 149, "price_fen": 33}, 49, id="less than half goes down"),
        pytest.param(PART_LINE, {"quantity_hundredths": 100, "price_fen": 10, "amount_fen": 7}, 7, id="discount"),
        pytest.param(PART_LINE, {"quantity_hundredths": 100}, 0, id="no price"),
        pytest.param(LABOUR_LINE, {"standard_hours": 200, "rate_fen": 100}, 200, id="standard hours"),
        pytest.param(LABOUR_LINE, {"standard_hours": 200, "actual_hours": 0, "rate_fen": 100}, 0, id="no hour worked"),
    ],
)
def test_a_line_costs_quantity_times_price_unless_stated(kind, values: dict, fen: int):
    """Amounts are whole fen, half a fen rounded up; a stated amount stands."""
    assert line_amount(kind, values) == fen


def test_totals_are_the_sum_of_the_lines_per_pay_type():
    """Lines count for the pay type of their job; declined jobs count nothing, loose lines the customer pays."""
    jobs: dict = {
        record(1): {"pay_type": "warranty"},
        record(2): {"pay_type": "customer"},
        record(3): {"pay_type": "internal", "approval": "declined"},
    }
    lines: list[dict[str, Value]] = [
        {"job_id": record(1), "amount_fen": 100},
        {"job_id": record(2), "amount_fen": 20},
        {"job_id": record(3), "amount_fen": 999},
        {"amount_fen": 3},
        {"job_id": record(7), "amount_fen": 4},
    ]

    assert totals_of(jobs, lines) == {"customer_fen": 27, "warranty_fen": 100, "internal_fen": 0}


STEPS = {
    "open": lambda read: start_visit(Step(read, 5)),
    "completed": lambda read: complete_visit(Step(read, 5)),
    "settled": lambda read: settle_visit(Step(read, 5)),
    "closed": lambda read: close_visit(Step(read, 5)),
    "void": lambda read: void_visit(read, "wrong car"),
}


@pytest.mark.parametrize("current", VISIT_STATES)
@pytest.mark.parametrize("wanted", STEPS)
def test_a_visit_takes_exactly_the_legal_steps(current: str, wanted: str):
    """From each state the legal steps are drafted on the status that was read and every other one is refused."""
    read = visit_read(current)

    if wanted in VISIT_TRANSITIONS[current]:
        draft, *_ = STEPS[wanted](read)
        assert draft.values["status"] == wanted
        assert STATUS in draft.based_on
    else:
        assert problems_of(lambda: STEPS[wanted](read)) == [("status", ProblemCode.ILLEGAL_STEP)]


def test_a_completed_visit_carries_the_sum_of_the_lines_read():
    """Completion fixes the totals anew from the lines, whatever was written before."""
    labour = line_read(5, amount_fen=700)
    step = Step(visit_read("open", customer_fen=1, warranty_fen=0, internal_fen=0), 77, Work(labour=(labour,)))

    (draft,) = complete_visit(step)

    money = {"customer_fen": 700, "warranty_fen": 0, "internal_fen": 0}
    assert draft == Draft(VISIT, record(1), {"status": "completed", "completed_at": 77, **money}, (STATUS, TOTALS))


@pytest.mark.parametrize(("odometer_out", "is_accepted"), [(51_999, False), (52_000, True), (52_001, True)])
def test_the_odometer_does_not_run_backwards_during_a_visit(odometer_out: int, is_accepted: bool):
    """At hand-over it shows at least what it showed at arrival."""
    step = Step(visit_read("open", odometer_in_km=52_000), 5, values={"odometer_out_km": odometer_out})

    if is_accepted:
        assert complete_visit(step)[0].values["odometer_out_km"] == odometer_out
    else:
        assert problems_of(lambda: complete_visit(step)) == [("odometer_out_km", ProblemCode.BAD_ORDER)]


def test_a_void_visit_needs_a_reason():
    """Voiding without saying why is refused."""
    assert problems_of(lambda: void_visit(visit_read("open"), " ")) == [("void_reason", ProblemCode.MISSING)]


@pytest.mark.parametrize("status", ["void", "settled", "closed"])
def test_a_finished_visit_is_not_edited(status: str):
    """After settlement or voiding neither fields nor lines change; a correction order is the way."""
    visit, work = visit_read(status), Work()
    edits = [
        lambda: edit_visit(visit, {"color": "x"}, None, counted_ids()),
        lambda: add_jobs(visit, work, [NewJob({"complaint": "x"})], counted_ids()),
        lambda: add_line(visit, work, NewLine(PART_LINE, None, OIL), counted_ids()),
        lambda: remove_line(visit, work, PART_LINE, line_read(5)),
    ]

    assert [problems_of(edit) for edit in edits] == [[("status", ProblemCode.LOCKED)]] * 4


def test_a_corrected_odometer_retracts_the_reading_and_records_another():
    """Readings are facts: the mistyped one is retracted and the right one added, in the same change set."""
    visit = visit_read("open", odometer_in_km=520_000)
    reading = Read(record(8), Heads((Head(READING, bytes([0]), False),)), {"odometer_km": 520_000})

    corrected, retraction, recorded = edit_visit(visit, {"odometer_in_km": 52_000}, reading, counted_ids())

    assert corrected.values == {"odometer_in_km": 52_000}
    assert retraction == Draft(ODOMETER_READING, record(8), {"retracted": "entered_in_error"}, ())
    assert recorded.values["odometer_km"] == 52_000


def test_a_corrected_car_takes_its_reading_along():
    """What was read at arrival says nothing about the car that was entered by mistake."""
    visit = visit_read("open", vehicle_id=record(90), odometer_in_km=52_000)
    values: dict[str, Value] = {"vehicle_id": record(90), "odometer_km": 52_000}
    reading = Read(record(8), Heads((Head(READING, bytes([0]), False),)), values)

    _, retraction, recorded = edit_visit(visit, {"vehicle_id": record(92)}, reading, counted_ids())

    assert (retraction.record, retraction.values) == (record(8), {"retracted": "entered_in_error"})
    assert (recorded.values["vehicle_id"], recorded.values["odometer_km"]) == (record(92), 52_000)


def test_an_order_is_never_without_a_car():
    """It cannot be taken away once it is entered."""
    visit = visit_read("open", vehicle_id=record(90), odometer_in_km=52_000)

    assert problems_of(lambda: edit_visit(visit, {"vehicle_id": None}, None, counted_ids())) == [
        ("vehicle_id", ProblemCode.MISSING)
    ]


def test_another_line_changes_the_totals_with_it():
    """A new line and the order's new totals travel in one change set."""
    visit = visit_read("open", customer_fen=700, warranty_fen=0, internal_fen=0)
    work = Work(labour=(line_read(5, amount_fen=700),))

    line, totals = add_line(visit, work, NewLine(PART_LINE, None, OIL), counted_ids())

    assert line.values["amount_fen"] == 27_200
    assert totals == Draft(VISIT, record(1), {"customer_fen": 27_900, "warranty_fen": 0, "internal_fen": 0}, (TOTALS,))


def test_an_edited_line_costs_what_its_new_quantity_says():
    """Without a stated amount the amount follows the quantity, and so do the totals."""
    visit = visit_read("open", customer_fen=27_200, warranty_fen=0, internal_fen=0)
    line = line_read(6, **OIL, amount_fen=27_200)

    edited, totals = edit_line(visit, Work(parts=(line,)), PART_LINE, line, {"quantity_hundredths": 100})

    assert edited.values == {"quantity_hundredths": 100, "price_fen": 6_800, "amount_fen": 6_800}
    assert totals.values["customer_fen"] == 6_800


def test_a_removed_line_leaves_the_totals():
    """A deleted line no longer counts."""
    visit = visit_read("open", customer_fen=700, warranty_fen=0, internal_fen=0)
    line = line_read(5, amount_fen=700)

    removed, totals = remove_line(visit, Work(labour=(line,)), LABOUR_LINE, line)

    assert removed == Draft(LABOUR_LINE, record(5), {}, (LINE,), Action.DELETE)
    assert totals.values["customer_fen"] == 0


def test_another_pay_type_moves_the_money():
    """Changing who pays for a job moves its lines to the other total."""
    visit = visit_read("open", customer_fen=700, warranty_fen=0, internal_fen=0)
    job = Read(record(4), Heads((Head(LINE, bytes([6]), False),)), {"complaint": "x", "pay_type": "customer"})
    work = Work((job,), (line_read(5, job_id=record(4), amount_fen=700),))

    edited, totals = edit_job(visit, work, job, {"pay_type": "warranty"})

    assert edited == Draft(JOB, record(4), {"pay_type": "warranty"}, (LINE,))
    assert totals.values == {"customer_fen": 0, "warranty_fen": 700, "internal_fen": 0}


def test_jobs_are_numbered_on():
    """A job that is added gets the number after the highest."""
    work = Work((read_of({"job_no": 7, "complaint": "x"}),))

    (job,) = add_jobs(visit_read("open"), work, [NewJob({"complaint": "y"})], counted_ids())[:1]

    assert job.values["job_no"] == 8
