"""What a campaign asks of the desk: items ticked singly, evidence, no repair without a remedy."""

from dataclasses import replace

import pytest

from carnet_node.core.commands.drafting import Read
from carnet_node.core.commands.recall_work import CompleteRecall, MoveCompletions, complete_recall, move_completions
from carnet_node.core.recalls.recall_terms import DoneSoFar, RecallTerms, done_so_far, methods_of, work_of
from carnet_node.core.refusals import ProblemCode
from carnet_protocol.demands import Demands, EvidenceAsked, WorkItem
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import completion_id
from carnet_protocol.registry import Value
from carnet_protocol.remedy import EVIDENCE, Outcome, evidence_bits, item_bits
from support.desk import problems_of, read_of, record

VIN, OTHER_VIN = "1M8GDM9AXKP042788", "LSVAA49J132047371"
TWO_ITEMS = RecallTerms(demands=Demands(items=(WorkItem(1, "left", "A-1"), WorkItem(2, "right", "B-2"))))
EVERYTHING = RecallTerms(demands=Demands(evidence=(EvidenceAsked(0, evidence_bits(EVIDENCE)),)))
PROOF: dict[str, Value] = {
    "technician_code": "T3",
    "part_no": "A-1",
    "photo_hash": bytes(32),
    "odometer_km": 12_000,
    "signature_hash": bytes(32),
}
FURTHER = record(7)


def command(terms: RecallTerms, method: str = "replaced", *said: Read, **values: Value) -> CompleteRecall:
    """A completion on an open order."""
    return CompleteRecall(
        record(70), VIN, record(90), record(1), "open", 9, method, values, terms, earlier=said, further=FURTHER
    )


def uncounted(why: str) -> DoneSoFar:
    """Work was recorded, and counts nothing for this reason."""
    return DoneSoFar(uncounted=(Outcome(why),))


def said(method: str = "replaced", **values: Value) -> Read:
    """What was recorded on this order before."""
    return replace(read_of({"method": method, **values}), record=completion_id(record(70), VIN, record(1)))


def test_everything_a_campaign_wants_is_asked_for_at_once():
    """A completion without its evidence is refused with one problem for each kind."""
    refused = problems_of(lambda: complete_recall(command(EVERYTHING)))

    fields = ("technician_code", "part_no", "photo_hash", "odometer_km", "signature_hash")
    assert refused == [(field, ProblemCode.MISSING) for field in fields]


def test_a_completion_is_not_born_retracted():
    """What is said of the work is evidence; a completion that is wrong is taken back afterwards."""
    with pytest.raises(BadValue, match="retracted"):
        complete_recall(command(RecallTerms(), "replaced", retracted="duplicate"))


def test_a_completion_with_its_evidence_is_recorded():
    """What is shown stands in the completion."""
    (draft,) = complete_recall(command(EVERYTHING, "replaced", **PROOF))

    assert {name: draft.values[name] for name in PROOF} == PROOF


@pytest.mark.parametrize(
    ("terms", "method", "values", "expected"),
    [
        pytest.param(TWO_ITEMS, "replaced", {}, ("items_done", ProblemCode.MISSING), id="no item ticked"),
        pytest.param(TWO_ITEMS, "replaced", {"items_done": 4}, ("items_done", ProblemCode.MISSING), id="another item"),
        pytest.param(
            TWO_ITEMS,
            "replaced",
            {"items_done": 1, "part_no": "B-2"},
            ("part_no", ProblemCode.BAD_VALUE),
            id="its part",
        ),
        pytest.param(
            TWO_ITEMS,
            "replaced",
            {"items_done": 3, "part_no": "A-1"},
            ("part_no", ProblemCode.BAD_VALUE),
            id="two parts",
        ),
        pytest.param(RecallTerms("not_yet"), "replaced", {}, ("method", ProblemCode.LOCKED), id="no remedy yet"),
        pytest.param(RecallTerms(), "interim", {}, ("method", ProblemCode.LOCKED), id="no interim remedy"),
        pytest.param(RecallTerms(), "refused", {}, ("signature_hash", ProblemCode.MISSING), id="unsigned refusal"),
    ],
)
def test_what_a_campaign_does_not_accept_is_refused(
    terms: RecallTerms, method: str, values: dict[str, Value], expected: tuple[str, ProblemCode]
):
    """Each thing that the hub would not count is refused at its field."""
    assert problems_of(lambda: complete_recall(command(terms, method, **values))) == [expected]


@pytest.mark.parametrize("method", ["inspected_no_defect", "refunded"])
def test_a_car_on_which_nothing_was_fitted_is_done_whatever_stands_on_it(method: str):
    """The number of a part that was found does every item that is ticked, and is no wrong part."""
    (draft,) = complete_recall(command(TWO_ITEMS, method, part_no="A-1", items_done=item_bits([1, 2])))

    assert done_so_far(TWO_ITEMS, [work_of(draft.values)]).is_done


@pytest.mark.parametrize(
    ("clock_ms", "dated_ms"), [(9, 10), (10, 10), (11, 11)], ids=["behind", "at the same moment", "ahead"]
)
def test_work_is_dated_no_earlier_than_the_demands_it_meets(clock_ms: int, dated_ms: int):
    """Who records work has read what is demanded, so the hub judges it by that, however slow the clock is."""
    terms = RecallTerms(demands=Demands(evidence=(EvidenceAsked(10, 0),)))

    (draft,) = complete_recall(replace(command(terms), completed_at=clock_ms))

    assert draft.values["completed_at"] == dated_ms


def test_the_second_item_on_an_order_is_recorded_beside_the_first():
    """Items are ticked singly, so another one on the same order is a statement of its own."""
    first = said(items_done=item_bits([1]))

    (draft,) = complete_recall(command(TWO_ITEMS, "replaced", first, items_done=item_bits([2]), part_no="B-2"))

    assert draft.record == FURTHER


@pytest.mark.parametrize(
    ("method", "again", "is_new"),
    [
        pytest.param("interim", "replaced", True, id="the remedy after the interim one"),
        pytest.param("refused", "replaced", True, id="an owner who thinks better of it"),
        pytest.param("interim", "interim", False, id="the interim remedy twice"),
        pytest.param("replaced", "software", False, id="done and done otherwise"),
        pytest.param("replaced", "refused", False, id="a refusal of what is done"),
    ],
)
def test_what_is_said_again_on_an_order_has_to_be_new(method: str, again: str, is_new: bool):
    """A statement that adds nothing is refused; one that does is recorded beside the former."""
    terms = RecallTerms("interim")
    form = command(terms, again, said(method), signature_hash=bytes(32))

    if is_new:
        assert complete_recall(form)[0].record == FURTHER
    else:
        assert problems_of(lambda: complete_recall(form)) == [("campaign_id", ProblemCode.ALREADY_THERE)]


def test_what_was_taken_back_is_recorded_anew():
    """A statement with the wrong part, retracted, does not stand in the way of the right one."""
    (draft,) = complete_recall(command(RecallTerms(), "replaced", said(retracted="entered_in_error")))

    assert draft.record == FURTHER


def test_a_further_statement_moves_with_its_order_under_a_new_id():
    """Two items recorded on one order are two statements for the right car as well."""
    values: dict[str, Value] = {"campaign_id": record(70), "vin": VIN, "vehicle_id": record(90)}
    first, second = (
        replace(read_of({**values, "method": "replaced"}), record=one)
        for one in (completion_id(record(70), VIN, record(1)), record(6))
    )

    drafts = move_completions(MoveCompletions(OTHER_VIN, record(91), record(1), [first, second]), lambda: FURTHER)

    stated = [draft.record for draft in drafts if "retracted" not in draft.values]
    assert stated == [completion_id(record(70), OTHER_VIN, record(1)), FURTHER]


@pytest.mark.parametrize(
    ("state", "is_work", "is_interim"),
    [("available", True, False), ("interim", True, True), ("not_yet", False, False)],
)
def test_the_desk_offers_what_can_be_done(state: str, is_work: bool, is_interim: bool):
    """No repair is offered without a remedy, the interim one where there is one, and a refusal always."""
    offered = methods_of(RecallTerms(state))

    assert ("replaced" in offered, "interim" in offered, "refused" in offered) == (is_work, is_interim, True)


@pytest.mark.parametrize(
    ("terms", "completions", "expected"),
    [
        pytest.param(RecallTerms(), [], DoneSoFar(), id="nothing"),
        pytest.param(RecallTerms(), [{"method": "replaced"}], DoneSoFar(frozenset({1}), is_done=True), id="done"),
        pytest.param(RecallTerms(), [{"method": "interim"}], DoneSoFar(has_interim=True), id="interim remedy"),
        pytest.param(RecallTerms(), [{"method": "refused", "signature_hash": bytes(32)}], DoneSoFar(), id="refused"),
        pytest.param(TWO_ITEMS, [{"method": "replaced", "items_done": 1}], DoneSoFar(frozenset({1})), id="half"),
        pytest.param(
            TWO_ITEMS,
            [{"method": "replaced", "items_done": 1}, {"method": "replaced", "items_done": 2}],
            DoneSoFar(frozenset({1, 2}), is_done=True),
            id="both, by two",
        ),
        pytest.param(
            TWO_ITEMS,
            [{"method": "replaced", "items_done": 1, "part_no": "C-3"}],
            uncounted("wrong-part"),
            id="wrong part",
        ),
        pytest.param(EVERYTHING, [{"method": "replaced"}], uncounted("lacks-evidence"), id="without evidence"),
        pytest.param(
            RecallTerms(demands=Demands(begins_ms=10)),
            [{"method": "replaced", "completed_at": 9}],
            uncounted("before-campaign"),
            id="before the campaign",
        ),
        pytest.param(
            RecallTerms(demands=Demands(evidence=(EvidenceAsked(10, evidence_bits(EVIDENCE)),))),
            [{"method": "replaced", "completed_at": 9}],
            DoneSoFar(frozenset({1}), is_done=True),
            id="before it was asked for",
        ),
    ],
)
def test_a_desk_calls_done_what_the_hub_counts(
    terms: RecallTerms, completions: list[dict[str, Value]], expected: DoneSoFar
):
    """Several statements, by whomever, come to what the hub would make of them."""
    assert done_so_far(terms, map(work_of, completions)) == expected
