"""Three nodes, one hub and a line that loses things: every schedule ends in one state, and rebuild always agrees.

Two nodes belong to one site, the third to another. Sets are parked, refused and released; batches and pages arrive
twice or late, receipts late or never; forms are saved long after they were opened; pages hold two rows. The schedule is
a function of its seed; a failure names it.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from carnet_node.core.line.inbox import SignedReceipt, apply_answers, apply_page
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.outbox import BatchSize, next_batch
from carnet_node.core.log.rebuild import check_rebuild, rebuild
from carnet_node.core.node import Node
from carnet_node.core.records import Mark
from carnet_node.core.showing.record_view import RecordView
from carnet_node.core.showing.views import one_record
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId, vehicle_id
from carnet_protocol.kinds import PLATE, REGISTRY, VEHICLE
from carnet_protocol.messages import Page, Verdict
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind, Value
from support.model_hub import Key, ModelHub, Treatment, entries_at, signed
from support.node_builder import DEALER_A, DEALER_B, TestClock, build_node, close_node

SCHEDULES = 320
SCHEDULES_PER_TEST = 20
STEPS = 30
ROWS_MAX = 2

VEHICLES = [vehicle_id(f"LSVAA49J1320473{number:02}") for number in range(3)]
PLATES = [RecordId(bytes([number]) * 16) for number in (1, 2)]
RECORDS: list[tuple[Kind, RecordId]] = [(VEHICLE, one) for one in VEHICLES] + [(PLATE, one) for one in PLATES]


@dataclass
class Schedule:
    """One run: the world, and the dice that move it."""

    dice: Random
    hub: ModelHub
    nodes: list[Node]
    late: list[tuple[Node, SignedReceipt]] = field(default_factory=list)
    pages: list[tuple[Node, Page]] = field(default_factory=list)
    forms: dict[tuple[bytes, bytes], RecordView | None] = field(default_factory=dict)

    def step(self) -> None:
        """Something happens somewhere."""
        node = self.dice.choice(self.nodes)
        actions = [self.write, self.write, self.push, self.push, self.pull, self.pull, self.rule, self.deliver_late]
        action = self.dice.choice(actions)
        action(node)

    def write(self, node: Node) -> None:
        """Somebody at a desk writes one to three records as they see them."""
        clock = node.clock
        assert isinstance(clock, TestClock)
        clock.ms += self.dice.randrange(-5_000, 60_000)
        chosen = self.dice.sample(RECORDS, self.dice.randint(1, 3))
        commit(node, [self._draft(kind, record, self._form(node, kind, record)) for kind, record in chosen])

    def push(self, node: Node) -> None:
        """A batch leaves; it may arrive twice, and its receipts come at once, late or never."""
        batch = next_batch(node, BatchSize(sets_max=self.dice.randint(1, 3)))
        receipts = []
        for _ in range(self.dice.choice([1, 1, 2])):
            treatment = self.dice.choices(list(Treatment), weights=[7, 2, 1])[0]
            receipts = [self.hub.receive(node, one, treatment, time_ms=one.time_ms + 17) for one in batch]
        answers = [SignedReceipt(one, signed(one)) for one in receipts]
        if self.dice.random() < 0.5:
            apply_answers(node, answers)
        elif self.dice.random() < 0.7:
            self.late.extend((node, one) for one in answers)

    def deliver_late(self, _: Node) -> None:
        """A receipt arrives that was long on its way; the hub may have judged anew since."""
        if self.late:
            node, answer = self.late.pop(self.dice.randrange(len(self.late)))
            apply_answers(node, [answer])

    def pull(self, node: Node) -> None:
        """The next page arrives, perhaps twice, perhaps followed by an old one from a stick."""
        page = self.hub.page(node, rows_max=ROWS_MAX)
        apply_page(node, page)
        self.pages.append((node, page))
        if self.dice.random() < 0.3:
            apply_page(*self.dice.choice(self.pages))

    def rule(self, _: Node) -> None:
        """Somebody at the hub releases or refuses a parked set."""
        parked = [nonce for nonce, one in self.hub.log.items() if one.verdict is Verdict.PARKED]
        if parked:
            self.hub.decide(self.dice.choice(parked), self.dice.choice([Treatment.ACCEPT, Treatment.REFUSE]))

    def heal(self) -> None:
        """Everything is sent, everything that waited is released, everything is fetched."""
        for node in self.nodes:
            while batch := next_batch(node):
                receipts = [self.hub.receive(node, one) for one in batch]
                apply_answers(node, [SignedReceipt(one, signed(one)) for one in receipts])
        while parked := [nonce for nonce, one in self.hub.log.items() if one.verdict is Verdict.PARKED]:
            for nonce in parked:
                self.hub.decide(nonce, Treatment.ACCEPT)
        for node in self.nodes:
            while not apply_page(node, self.hub.page(node, rows_max=ROWS_MAX)).is_last:
                pass
        for node, answer in self.late:
            apply_answers(node, [answer])
        for node, page in self.pages:
            apply_page(node, page)

    def _form(self, node: Node, kind: Kind, record: RecordId) -> RecordView | None:
        """What the person at the desk sees: often a form that was opened some time ago."""
        key = (node.identity.node_id, record)
        if key not in self.forms or self.dice.random() < 0.7:
            self.forms[key] = one_record(node, kind, record)
        return self.forms[key]

    def _draft(self, kind: Kind, record: RecordId, view: RecordView | None) -> Draft:
        if view is None:
            colour: dict[str, Value] = {"color": self._colour(), "fuel": self._colour()}
            plate: dict[str, Value] = {"plate_no": self._colour(), "vehicle_id": VEHICLES[0]}
            return Draft(kind, record, colour if kind is VEHICLE else plate)
        if kind is PLATE and self.dice.random() < 0.3:
            return Draft(kind, record, {}, view.heads.all(), Action.DELETE)
        fields = ["color", "fuel", "lifecycle"] if kind is VEHICLE else ["plate_no", "from_on"]
        names = self.dice.sample(fields, self.dice.choice([1, 1, 2]))
        fixed = {"lifecycle": "scrapped", "from_on": "2026-01-01"}
        registers = [kind.register_of(name).number for name in names]
        return Draft(kind, record, {name: fixed.get(name, self._colour()) for name in names}, view.heads.of(registers))

    def _colour(self) -> str:
        return self.dice.choice(["red", "green", "blue", "white"])


def run_schedule(seed: int, folder: Path) -> Schedule:
    """The world after the steps of a seed; every node is checked against rebuild on the way."""
    folder.mkdir()
    nodes = [
        build_node(folder, seed=number, dealer=dealer) for number, dealer in enumerate((DEALER_A, DEALER_A, DEALER_B))
    ]
    schedule = Schedule(Random(seed), ModelHub(), nodes)
    for step in range(STEPS):
        schedule.step()
        if step % 10 == 9:
            for node in nodes:
                assert check_rebuild(node).differences == (), f"seed {seed}, step {step}"
    return schedule


@pytest.mark.parametrize("first_seed", range(0, SCHEDULES, SCHEDULES_PER_TEST))
def test_every_schedule_converges_and_equals_its_rebuild(tmp_path: Path, first_seed: int):
    """Nodes agree with the hub on every record in the end, and with their own rebuild all along."""
    for seed in range(first_seed, first_seed + SCHEDULES_PER_TEST):
        schedule = run_schedule(seed, tmp_path / str(seed))

        schedule.heal()

        hub = {key: one.entries for key, one in schedule.hub.records.items()}
        for node in schedule.nodes:
            assert {key: entries_at(node, key) for key in hub} == hub, f"seed {seed}"
            assert check_rebuild(node).differences == (), f"seed {seed}"
            assert marks_of(node, hub) <= {Mark.NOTHING_OWN, Mark.REFUSED}, f"seed {seed}"
            close_node(node)


def test_a_rebuild_changes_nothing(tmp_path: Path):
    """Dropping and folding again leaves every projection as it was, in the middle of a schedule."""
    schedule = run_schedule(4711, tmp_path / "run")
    node = schedule.nodes[0]
    before = check_rebuild(node)

    report = rebuild(node)

    assert report == before
    assert check_rebuild(node) == before


def marks_of(node: Node, keys: Iterable[Key]) -> set[Mark]:
    """Marks of a node's projections."""
    with node.store.read() as tx:
        stored = [tx.record(REGISTRY.by_number[kind], RecordId(record)) for kind, record in keys]
    return {one.mark for one in stored if one is not None}
