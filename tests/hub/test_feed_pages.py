"""Feed pages: who receives what, masked for whom, in which order, and how pages fit together."""

import pytest

from carnet_hub.core.cursors import position_of
from carnet_hub.core.log.feed import has_news, read_page
from carnet_protocol.errors import NotAllowed, OutOfOrder
from carnet_protocol.ids import Nonce, OpId, vehicle_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.messages import Page, PageRow, Verdict
from carnet_protocol.ops import Action, Op, encode_ops
from carnet_protocol.reasons import Reason
from carnet_protocol.registry import Value
from carnet_protocol.state import Entries, Withheld, entries_from_wire
from support.authors import SiteAuthor, draft_of
from support.hub_world import CAR, HubWorld, car, customer, visit
from support.protocol import fixed, record

OTHER_CAR = vehicle_id("LSVAB2C34RA999999")


def kinds_in(page: Page) -> list[str]:
    """Kinds of the rows of a page that are no broadcast, sorted."""
    named = [REGISTRY.by_number[row.kind].name for row in page.rows if not row.is_evicted]
    return sorted(name for name in named if name not in ("dealer_site", "node"))


def row_of(page: Page, kind: str, name: bytes) -> PageRow:
    """One row of a page."""
    (found,) = (row for row in page.rows if row.kind == REGISTRY[kind].number and row.record == name)
    return found


def entries_of(page: Page, kind: str, name: bytes) -> Entries:
    """The entries of one row."""
    return entries_from_wire(row_of(page, kind, name).entries)


def read_all(world: HubWorld, site: SiteAuthor, rows_max: int) -> list[Page]:
    """Every page from the beginning."""
    pages = [world.page(site, rows_max=rows_max)]
    while not pages[-1].is_last:
        pages.append(world.page(site, pages[-1].cursor_to, rows_max=rows_max))
    return pages


def test_the_owner_receives_everything_of_its_own(world: HubWorld):
    """A site's page holds its customers, cars, visits and lines."""
    site = world.site("a")
    job = draft_of("job", record("job"), {"visit_id": record("visit"), "job_no": 1})
    world.push_one(site.write(car(), customer("c"), visit(customer_id=record("c")), job))

    assert kinds_in(world.page(site)) == ["customer", "job", "vehicle", "visit"]


def test_a_site_that_is_not_concerned_receives_nothing(world: HubWorld):
    """A site without a tie to the car sees neither it nor its visits."""
    world.push_one(world.site("a").write(car(), visit(), customer()))

    assert kinds_in(world.page(world.site("b"))) == []


def test_a_site_with_a_visit_on_a_car_receives_its_history(world: HubWorld):
    """The first visit of a car brings everything that is anchored to it, but no customer of others."""
    one, other = world.site("a"), world.site("b")
    job = draft_of("job", record("job"), {"visit_id": record("visit"), "job_no": 1})
    world.push_one(one.write(car(), customer("c"), visit(customer_id=record("c")), job))
    cursor = world.page(other).cursor_to

    world.push_one(other.write(visit("own")))

    assert kinds_in(world.page(other, cursor)) == ["job", "vehicle", "visit", "visit"]


def test_later_changes_reach_every_assigned_site(world: HubWorld):
    """What one site does to a car appears in the feed of the other from then on."""
    one, other = world.site("a"), world.site("b")
    world.push(one.write(car()), other.write(visit("own")))
    cursor = world.page(other).cursor_to

    world.push_one(one.write(visit()))

    assert kinds_in(world.page(other, cursor)) == ["visit"]


def test_masked_values_leave_the_hub_for_the_owner_only(world: HubWorld):
    """Another site gets the heads of a visit, without customer, sender and totals."""
    one, other = world.site("a"), world.site("b")
    values: dict[str, Value] = {
        "customer_id": record("c"),
        "sender_name": "测试甲",
        "customer_fen": 120_00,
        "odometer_in_km": 41_000,
    }
    world.push(one.write(car(), customer("c"), visit(**values)), other.write(visit("own")))

    mine, theirs = (entries_of(world.page(site), "visit", record("visit")) for site in (one, other))

    masked = {REGISTRY["visit"].register_of(name).number for name in ("customer_id", "sender_name", "customer_fen")}
    assert theirs[0].withheld == dict.fromkeys(sorted(masked), Withheld.MASKED)
    assert theirs[0].registers() == mine[0].registers()
    assert mine[0].withheld == {}
    odometer = REGISTRY["visit"].labels["odometer_in_km"]
    assert theirs[0].fields is not None
    assert theirs[0].fields[odometer] == 41_000


def test_a_field_of_a_newer_version_goes_to_the_owner_only(world: HubWorld):
    """As long as the hub cannot tell whether a register is personal, other sites do not get its values."""
    one, other = world.site("a"), world.site("b")
    label = REGISTRY["visit"].labels["vehicle_id"]
    op = Op(12, record("visit"), 0, b"", {label: CAR, 24: "open", 1600: "later"}, {})
    world.push(one.write(car()), other.write(visit("own")))
    world.push_one(one.emit(encode_ops((op,)), b"", Nonce(fixed("newer", 14)), 1))

    mine, theirs = (entries_of(world.page(site), "visit", record("visit")) for site in (one, other))

    assert mine[0].fields is not None
    assert (mine[0].fields[1600], theirs[0].withheld) == ("later", {200: Withheld.MASKED})


def test_settled_values_are_masked_as_well(world: HubWorld):
    """An overruled value of a masked register reaches the owner with its value, others without."""
    one, second, other = world.site("a"), world.site("a2", "a"), world.site("b")
    first = one.write(car(), visit(advisor_code="A1"))
    world.push(first, other.write(visit("own")))
    base = first.op(1)
    left = one.write(draft_of("visit", record("visit"), {"advisor_code": "A2"}, based_on=(base,)))
    right = second.write(draft_of("visit", record("visit"), {"advisor_code": "A3"}, based_on=(base,)))
    world.push(left, right)
    heads = (left.op(), right.op())
    world.push_one(one.write(draft_of("visit", record("visit"), {"advisor_code": "A3"}, based_on=heads)))

    mine, theirs = (row_of(world.page(site), "visit", record("visit")).settled for site in (one, other))

    label = REGISTRY["visit"].labels["advisor_code"]
    assert [one.entry[3] for one in mine] == [{label: "A2"}]
    assert [(one.entry[3], one.entry[4]) for one in theirs] == [({}, {label // 8: Withheld.MASKED})]


def test_a_line_that_arrives_before_its_visit_follows_it(world: HubWorld):
    """A job whose visit is not known yet reaches the assigned sites once the visit has come."""
    one, second, other = world.site("a"), world.site("a2", "a"), world.site("b")
    world.push(one.write(car()), other.write(visit("own")))
    world.push_one(second.write(draft_of("job", record("job"), {"visit_id": record("visit"), "job_no": 1})))
    assert kinds_in(world.page(other)) == ["vehicle", "visit"]

    world.push_one(one.write(visit()))

    assert kinds_in(world.page(other)) == ["job", "vehicle", "visit", "visit"]


def test_a_visit_that_moves_to_another_car_takes_its_lines_along(world: HubWorld):
    """Sites of the former car get visit and lines marked evicted, sites of the new one get them whole."""
    one, former, new = world.site("a"), world.site("b"), world.site("c")
    job = draft_of("job", record("job"), {"visit_id": record("visit"), "job_no": 1})
    made = one.write(car(), visit(), job)
    world.push(made, former.write(visit("theirs")))
    other_car = draft_of("vehicle", OTHER_CAR, {"vin": "LSVAB2C34RA999999"})
    world.push_one(new.write(other_car, visit("new", vehicle_id=OTHER_CAR)))

    world.push_one(
        one.write(draft_of("visit", record("visit"), {"vehicle_id": OTHER_CAR}, based_on=(made.op(1),))),
    )

    page = world.page(former)
    gone = sorted(REGISTRY.by_number[row.kind].name for row in page.rows if row.is_evicted)
    assert (gone, kinds_in(page)) == (["job", "visit"], ["vehicle", "visit"])
    assert all(row.entries == [] for row in page.rows if row.is_evicted)
    assert kinds_in(world.page(new)) == ["job", "vehicle", "visit", "visit"]


def test_broadcast_records_and_the_hub_s_sets_reach_every_site(world: HubWorld):
    """A campaign stands in everybody's page, with the signed set that made it."""
    site = world.site("a")
    cursor = world.page(site).cursor_to
    written = world.write(draft_of("campaign", record("campaign"), {"campaign_no": "C1"}))

    page = world.page(site, cursor)

    assert [row.record for row in page.rows] == [record("campaign")]
    assert [(one.position, one.time_ms) for one in page.hub_sets] == [(written.position, written.time_ms)]


def test_a_ruling_on_a_site_s_record_is_no_broadcast_set(world: HubWorld):
    """The hub's set that rules on a customer is not handed to everybody."""
    one, other = world.site("a"), world.site("b")
    made = one.write(customer("c"))
    world.push_one(made)
    cursor = world.page(other).cursor_to

    ruling = draft_of("customer", record("c"), {"party_kind": "company"}, based_on=(made.op(),), action=Action.RULING)
    world.write(ruling)

    assert (world.page(other, cursor).rows, world.page(other, cursor).hub_sets) == ([], [])
    assert world.shown("customer", record("c"))["party_kind"] == "company"


@pytest.mark.parametrize("rows_max", [1, 2, 3, 1000])
def test_pages_of_any_size_hold_the_same_rows(world: HubWorld, rows_max: int):
    """Together, small pages hold each record once, also where one set touched more than a page holds."""
    site, other = world.site("a"), world.site("b")
    world.push(site.write(car(), *(customer(f"c{number}") for number in range(9))), other.write(car(color="red")))

    pages = read_all(world, site, rows_max)

    found = [(row.kind, row.record) for page in pages for row in page.rows]
    assert len(found) == len(set(found))
    assert set(found) == {(row.kind, row.record) for row in world.page(site).rows}
    assert [one.position for page in pages for one in page.hub_sets] == [1, 2]
    assert position_of(pages[-1].cursor_to) == world.position()


def test_a_record_that_changes_again_moves_to_the_end(world: HubWorld):
    """The feed holds a record once, at the place of its last change."""
    site = world.site("a")
    first = site.write(car(color="red"))
    world.push_one(first)
    cursor = world.page(site).cursor_to

    world.push_one(site.write(draft_of("vehicle", CAR, {"color": "blue"}, based_on=(first.op(),))))

    page = world.page(site, cursor)
    assert [(row.record, row.changed) for row in page.rows] == [(CAR, world.position())]


def test_an_empty_page_brings_the_cursor_to_the_end(world: HubWorld):
    """A site that has read everything stands at the hub's position, although nothing was for it."""
    site = world.site("a")
    world.push_one(world.site("b").write(customer()))

    page = world.page(site, world.page(site).cursor_to)

    assert (page.rows, page.is_last, position_of(page.cursor_to)) == ([], True, world.position())


def test_outcomes_tell_what_became_of_a_node_s_own_sets(world: HubWorld):
    """A page names verdict and position of each own set, and of no other node's."""
    one, other = world.site("a"), world.site("b")
    accepted = one.write(customer())
    parked = one.write(draft_of("vehicle", CAR, {"color": "red"}, based_on=(OpId(fixed("unknown")),)))
    world.push(accepted, other.write(car()), parked)

    outcomes = world.page(one).outcomes

    assert [(outcome.nonce, outcome.verdict, outcome.position) for outcome in outcomes] == [
        (accepted.nonce, Verdict.ACCEPTED, 3),
        (parked.nonce, Verdict.PARKED, 5),
    ]


def test_known_outcomes_are_not_repeated(world: HubWorld):
    """Only outcomes behind the position that the node names are in the page."""
    site = world.site("a")
    world.push_one(site.write(customer("one")))
    known = world.position()
    later = site.write(customer("two"))
    world.push_one(later)

    assert [one.nonce for one in world.page(site, outcomes_after=known).outcomes] == [later.nonce]


def test_a_release_is_a_new_outcome(world: HubWorld):
    """A set that was parked and goes on later is reported again, with the position where it was folded."""
    one, other = world.site("a"), world.site("b")
    late = one.write(car(color="red"))
    waiting = other.write(draft_of("vehicle", CAR, {"color": "blue"}, based_on=(late.op(),)))
    world.push_one(waiting)
    known = world.position()
    world.push_one(late)

    (outcome,) = world.page(other, outcomes_after=known).outcomes

    assert (outcome.nonce, outcome.verdict, outcome.position) == (waiting.nonce, Verdict.ACCEPTED, world.position())


def test_a_re_emitted_set_has_an_outcome_for_whoever_sent_it(world: HubWorld):
    """A new machine that sent a restored set again learns where that set was folded in the first place."""
    first = world.site("a").write(car(color="red"))
    folded_at = world.receipt(world.push_one(first)).position
    second = world.site("a2", "a")
    known = world.position()
    world.push_one(second.emit_again(first))

    (outcome,) = world.page(second, outcomes_after=known).outcomes

    assert (outcome.nonce, outcome.position) == (first.nonce, folded_at)


def test_rows_wait_until_every_outcome_is_told(world: HubWorld):
    """A page that cannot name all outcomes carries no row and leaves the cursor where it was."""
    site = world.site("a")
    for number in range(5):
        world.push(*(site.write(draft_of("vehicle", CAR, {"color": str(number)})) for _ in range(401)))

    page = world.page(site)

    assert (len(page.outcomes), page.rows, page.cursor_to, page.is_last) == (2000, [], 0, False)
    after = page.outcomes[-1].position
    following = world.page(site, outcomes_after=after)
    assert (len(following.outcomes), following.is_last) == (5, True)


def test_the_cursor_of_another_history_is_refused(world: HubWorld):
    """A cursor that belongs to another epoch of the hub is refused, unless it is the beginning."""
    site = world.site("a")

    with pytest.raises(OutOfOrder) as refusal:
        read_page(world.hub, world.node(site), cursor=5, hub_epoch=b"another!", outcomes_after=0)

    assert refusal.value.reason is Reason.HUB_EPOCH_CHANGED


def test_a_suspended_node_gets_no_page(world: HubWorld):
    """A node that was suspended after its session began is refused."""
    site = world.site("a")
    world.write(draft_of("node", site.node_id, {"status": "suspended"}))

    with pytest.raises(NotAllowed) as refusal:
        world.page(site)

    assert refusal.value.reason is Reason.SUSPENDED_NODE


def test_news_are_rows_or_outcomes(world: HubWorld):
    """A node that has read everything has no news until something for it happens."""
    site = world.site("a")
    page = world.page(site)
    node = world.node(site)
    world.push_one(world.site("b").write(customer()))
    cursor = world.page(site, page.cursor_to).cursor_to
    quiet = has_news(world.hub, node, cursor=cursor, outcomes_after=world.position())

    world.push_one(site.write(customer("mine")))

    assert (quiet, has_news(world.hub, node, cursor=cursor, outcomes_after=0)) == (False, True)
