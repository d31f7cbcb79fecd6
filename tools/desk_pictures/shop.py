"""A made-up day at a made-up workshop, entered through the node's own commands.

Decides who works there, which cars are in, and what a reader of the pictures should see: an open recall, a car with a
history, orders that are late, two values for one thing. Names, plates and numbers are invented; the clock is the
machine's own, so that "today" on a picture is the day it was drawn.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random
from typing import Final

from browser.expected_cars import Call, a_day, own_stages
from carnet_node.adapters.passwords import Argon2Passwords
from carnet_node.bootstrap import open_installation
from carnet_node.core.commands.customers import AddCustomer, EditCustomer, add_customer, edit_customer
from carnet_node.core.commands.drafting import Drafts, NewId
from carnet_node.core.commands.lines import NewJob
from carnet_node.core.commands.reminding import note_car_dates
from carnet_node.core.commands.settlement import close_visit, settle_visit
from carnet_node.core.commands.staging import stage_visit
from carnet_node.core.commands.vehicles import AddVehicle
from carnet_node.core.commands.visits import OpenVisit, Step, complete_visit
from carnet_node.core.local_facts import Access
from carnet_node.core.log.acting import acting_for
from carnet_node.core.node import Node
from carnet_node.core.numbering import site_day, today_at_site
from carnet_node.core.saving.desk import save, save_vehicle, save_visit
from carnet_node.core.saving.editing import new_owner_drafts, plate_drafts, require_customer, require_visit
from carnet_node.core.saving.recall_calls import call_list, note_call
from carnet_node.core.showing.board import stages_within
from carnet_node.core.staff.access_log import note_access
from carnet_node.core.staff.staff import add_member, set_up
from carnet_node.settings import NodeSettings
from carnet_protocol.ids import RecordId, record_text
from carnet_protocol.registry import Value
from support.vins import make_vins
from tools.desk_bench import names

ADMINISTRATOR: Final = ("B01", "陈立群")
PASSWORD: Final = "correct horse battery"
CARS: Final = 16
NAMESAKE: Final = ("郑文静", "13900006666")
"""A customer on file whom a later check-in may mean."""

COLLEAGUES: Final = (
    ("A07", "周敏", "advisor"),
    ("A12", "林晓燕", "advisor"),
    ("C03", "何志强", "claims_clerk"),
    ("K02", "方雨婷", "care_clerk"),
    ("M01", "孙建国", "manager"),
)
LOOKED_AT: Final = (
    (Access.VIEWED, "customers", CARS),
    (Access.EXPORTED, "customers", CARS),
    (Access.PRINTED, "visit", 1),
    (Access.SHOWN, "phone", 1),
)
"""What the first colleague did before leaving."""

TRAVELLER_PLATE: Final = "京N8R620"
"""Of a car that a dealer in Beijing serves and that stands here today."""
TAKEN_ON: Final = CARS + 2
"""Place of the car that was taken on; the one before it is the traveller's."""

CAMPAIGN: Final = "R2026-001"
RECALLED: Final = (0, 4, 9, CARS)
"""Places of the cars that the recall lists; the last one stands in the yard, unsold."""
UNSOLD: Final[dict[str, Value]] = {"model_name": "雅阁 2.0", "color": "珍珠白", "lifecycle": "in_stock"}
BORN_IN_DAYS: Final = {2: 0, 5: 1, 8: 2}
"""Customers by place who have their birthday in so many days; of odd ones nobody knows whether they may be called."""
PAPERS_IN_DAYS: Final = {0: (19, 52), 4: (-3, 240)}
CALLS: Final = (
    Call(
        {"plate_no": "津A61X27", "caller_phone": "13800136127", "caller_name": "高雪", "wish": "四万公里保养"},
        10 * 60,
        90,
        advisor="A07",
        reminded=30,
    ),
    Call({"plate_no": "津B20985", "caller_phone": "13900132098", "wish": "刹车时有异响"}, 8 * 60, 60, advisor="A12"),
    Call({"caller_phone": "13700137000", "caller_name": "罗凯", "wish": "空调不凉"}, 9 * 60, 120, "B2", "A12"),
    Call({"plate_no": "津C77K03", "wish": "更换轮胎"}, 13 * 60 + 30, 60, "B2", "A07", 60),
    Call({"plate_no": "津AD12340", "caller_phone": "13600136000", "wish": "首保"}, 15 * 60, 60, advisor="A07"),
    Call({"caller_phone": "13500135000", "wish": "想本周来做钣金"}),
    Call({"plate_no": "津E5512M"}),
)
"""Who has called: the first five have slots of today."""

STAGES: Final = ("等待派工", "维修中", "挂起", "待交车")
STANDS: Final = (
    *(("queue", ""), ("lift", ""), ("lift", "")),
    *(("wait", "parts"), ("wait", "customer_approval"), ("ready", "")),
)
"""Where the cars in the shop stand, one after the other."""

SEED: Final = 11
HOUR_MS: Final = 3_600_000
DAY_MS: Final = 24 * HOUR_MS
PAST_DAYS: Final = (520, 330, 140)
"""How long ago the first car was here."""


def write_campaign(folder: Path) -> Path:
    """A recall of the first car, of two that came later, and of one that is not sold yet."""
    folder.mkdir()
    texts = {
        "campaign_no": CAMPAIGN,
        "title": "部分轿车制动助力真空管召回",
        "producer": "示例汽车有限公司",
        "scope": "2019年1月至2024年6月生产的部分车辆",
        "defect": "制动助力真空管在低温下可能开裂。",
        "hazard": "制动距离可能变长。",
        "emergency_advice": "制动踏板变硬时请降低车速，尽快联系最近的经销商。",
        "remedy": "免费更换改进后的真空管。",
        "hazard_level": "normal",
    }
    lines = [f"{name} = {json.dumps(text, ensure_ascii=False)}" for name, text in texts.items()]
    vins = make_vins(CARS + 1)
    recalled = [vins[place] for place in RECALLED]
    (folder / "campaign.toml").write_text("\n".join([*lines, f"member_count = {len(recalled)}", ""]), encoding="utf-8")
    (folder / "vins.txt").write_text("\n".join([*recalled, ""]), encoding="utf-8")
    return folder


def furnish(data: Path) -> dict[str, str]:
    """Enter the people, the cars and the day; returns ids for the gaps of addresses."""
    installation = open_installation(NodeSettings(data_dir=data))
    try:
        node = installation.node()
        opened = set_up(
            node, Argon2Passwords(), {"staff_no": ADMINISTRATOR[0], "full_name": ADMINISTRATOR[1]}, PASSWORD
        )
        node = acting_for(node, opened.staff)
        hired = [
            add_member(node, {"staff_no": no, "full_name": name, "role": role})[0] for no, name, role in COLLEAGUES
        ]
        shop = _Shop(node, Random(SEED))
        found = shop.day()
        on_file = AddCustomer({"party_kind": "person", "full_name": NAMESAKE[0]}, [{"number": NAMESAKE[1]}])
        save(node, partial(add_customer, on_file))
        seen_by = acting_for(node, hired[0])
        for access, subject, row_count in LOOKED_AT:
            note_access(seen_by, access, subject, row_count)
        save_vehicle(node, AddVehicle(make_vins(CARS + 1)[CARS], node.settings.vin_policy, UNSOLD))
        first = call_list(node).calls[0]
        note_call(node, first.car.vehicle.id, first.hit.campaign, "phone", "no_answer")
        return found | {"member": record_text(hired[0])}
    finally:
        installation.store.close()


class _Shop:
    """The node that is filled, and the dice of what is typed into it."""

    def __init__(self, node: Node, dice: Random) -> None:
        self._node = node
        self._dice = dice
        self._now_ms = node.clock.now_ms()

    def day(self) -> dict[str, str]:
        """Every car of the day, the first one with its history and two values for its owner."""
        orders = []
        for place, vin in enumerate(make_vins(CARS)):
            customer, vehicle = self._known_car(place, vin)
            if place == 0:
                self._history(customer, vehicle)
                first = customer, vehicle
            orders.append(self._order(place, customer, vehicle))
        self._contradicted(first[0])
        customer, vehicle = first
        return {
            "customer": record_text(customer),
            "vehicle": record_text(vehicle),
            "visit": record_text(orders[0]),
            **self._nearly_over(orders[1], orders[6]),
            **self._expected(orders),
        }

    def _nearly_over(self, done: RecordId, settled: RecordId) -> dict[str, str]:
        """Two orders whose work is done; the second one is settled."""
        self._step(settled, settle_visit, self._now_ms)
        return {"done": record_text(done), "settled": record_text(settled)}

    def _expected(self, orders: list[RecordId]) -> dict[str, str]:
        """Who is booked for today and tomorrow, and where the cars in the shop stand."""
        screens = a_day(self._node, CALLS, opens=8 * 60, closes=18 * 60)
        own_stages(self._node, STAGES)
        with self._node.store.read() as tx:
            stages = stages_within(self._node, tx)
        for place, visit in enumerate(orders):
            read = require_visit(self._node, visit).visit.read()
            moved = stage_visit(read, *STANDS[place % len(STANDS)], stages, self._now_ms)
            save(self._node, partial(_as_they_are, moved))
        day = screens["day"].rsplit("/", 1)[1]
        tomorrow = (site_day(self._node) + timedelta(days=1)).isoformat()
        return {"day": day, "tomorrow": tomorrow, "appointment": screens["appointment"].rsplit("/", 1)[1]}

    def _known_car(self, place: int, vin: str) -> tuple[RecordId, RecordId]:
        dice, node = self._dice, self._node
        command = AddCustomer(
            {"party_kind": "person", "full_name": names.person_name(dice), "segment": "private", **self._born(place)},
            [{"number": names.mobile(dice), "phone_kind": "mobile"}],
            [{"street": f"示例路 {dice.randrange(1, 300)} 号"}],
            consents=[] if place % 2 else [{"purpose": "marketing", "statement": "granted", "stated_at": self._now_ms}],
        )
        customer = save(node, partial(add_customer, command)).records[0]
        plated = {"plate_no": f"津{names.plate(dice)[1:]}", "from_on": "2023-05-01"}
        model: dict[str, Value] = {"model_name": names.some(dice, names.MODELS), "color": "珍珠白", "model_year": 2023}
        vehicle = save_vehicle(
            node,
            AddVehicle(vin, node.settings.vin_policy, model),
            lambda record, new_id: plate_drafts(node, record, plated, new_id),
        ).vehicle
        save(node, lambda _: new_owner_drafts(node, vehicle, customer, "owner", {"from_on": "2023-05-01"}))
        if place in PAPERS_IN_DAYS:
            self._papers(customer, vehicle, PAPERS_IN_DAYS[place])
        return customer, vehicle

    def _born(self, place: int) -> dict[str, Value]:
        """A birthday of these days for some."""
        if place not in BORN_IN_DAYS:
            return {}
        return {"birth_on": f"1988-{site_day(self._node) + timedelta(BORN_IN_DAYS[place]):%m-%d}"}

    def _papers(self, customer: RecordId, vehicle: RecordId, days: tuple[int, int]) -> None:
        """In how many days the insurance and the inspection of a car run out."""
        until = [(site_day(self._node) + timedelta(one)).isoformat() for one in days]
        link = {"vehicle_id": vehicle, "customer_id": customer}
        values = dict(zip(("insurance_until_on", "inspection_until_on"), until, strict=True))
        today = today_at_site(self._node)
        save(self._node, lambda new_id: note_car_dates(link, None, values, new_id, today))

    def _order(self, place: int, customer: RecordId, vehicle: RecordId) -> RecordId:
        """An order of today: a third of them late, a third of them the administrator's."""
        values: dict[str, Value] = {
            "odometer_in_km": 20_000 + 2_317 * place + (30_000 if place == 0 else 0),
            "advisor_code": (ADMINISTRATOR[0], "A07", "A12")[place % 3],
            "promised_at": self._now_ms + (place - CARS // 3) * HOUR_MS // 2,
            "fuel_level_percent": 50,
            "sender_name": names.person_name(self._dice),
            "sender_phone": names.mobile(self._dice),
            "damage_marks": "scratch 310 620; dent 690 240",
            "belongings": "儿童座椅",
            "estimate_fen": 46_800,
        }
        order = OpenVisit("", vehicle, self._now_ms - place * HOUR_MS // 12, customer, values, self._jobs(place))
        visit = save_visit(self._node, order).visit
        if place % 5 == CARS % 5:
            self._step(visit, complete_visit, self._now_ms)
        return visit

    def _jobs(self, place: int) -> list[NewJob]:
        """One job; of orders that are done another one, which the maker pays."""
        return [self._job(place), *([self._job(0)] if place % 5 == CARS % 5 else [])]

    def _job(self, place: int) -> NewJob:
        said: dict[str, Value] = {
            "complaint": names.COMPLAINTS[place % len(names.COMPLAINTS)],
            "op_name": names.OPERATIONS[place % len(names.OPERATIONS)],
            "pay_type": "customer" if place % 4 else "warranty",
        }
        labour: dict[str, Value] = {"labour_name": said["op_name"], "actual_hours": 120, "rate_fen": 12_000}
        part: dict[str, Value] = {
            "part_no": "15400-641",
            "part_name": "滤清器",
            "quantity_hundredths": 100,
            "price_fen": 4_800,
        }
        return NewJob(said, [labour], [part])

    def _history(self, customer: RecordId, vehicle: RecordId) -> None:
        for place, days in enumerate(PAST_DAYS):
            at_ms = self._now_ms - days * DAY_MS
            values: dict[str, Value] = {"odometer_in_km": 8_600 + 13_200 * place, "advisor_code": "A07"}
            visit = save_visit(
                self._node, OpenVisit("", vehicle, at_ms, customer, values, [self._job(place + 2)])
            ).visit
            for step in (complete_visit, settle_visit, close_visit):
                self._step(visit, step, at_ms + 5 * HOUR_MS)

    def _step(self, visit: RecordId, step: Callable[[Step], Drafts], at_ms: int) -> None:
        view = require_visit(self._node, visit)
        taken = Step(view.visit.read(), at_ms, view.work())
        save(self._node, lambda _: step(taken))

    def _contradicted(self, customer: RecordId) -> None:
        """Two people change one thing from the same page."""
        read = require_customer(self._node, customer).customer.read()
        for segment in ("taxi", "company"):
            drafts = edit_customer(EditCustomer(read, {"segment": segment}))
            save(self._node, partial(_as_they_are, drafts))


def _as_they_are(drafts: Drafts, _: NewId) -> Drafts:
    return drafts
