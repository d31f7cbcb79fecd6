"""What a schedule goes on between: the world, the lines, open forms, what couriers carry, and the account of it all.

Decides nothing; the steps (`desk_steps`, `hub_steps`, `line_steps`) act on it, `schedules` decides which comes next.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.rows import RecordRow
from carnet_node.core.authoring import commit
from carnet_node.core.refusals import CommandRefused
from carnet_protocol.changeset import Draft
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind
from carnet_protocol.state import Entries
from simulation import desk
from simulation.archive import Archive
from simulation.desk import Form
from simulation.wire import Line
from simulation.world import HUB_ID, Machine, World
from support.authors import MadeSet


@dataclass
class Stage:
    """The state of one run.

    Attributes:
        forms: what people at each desk have before them, newest last.
        undelivered: sets that couriers carry, per courier in the order of their chain.
        delivered: sets that couriers have brought.
        trace: one line per step.
        did: how often each step found something to do.
    """

    world: World
    dice: random.Random
    archive: Archive = field(default_factory=lambda: Archive(HUB_ID))
    lines: dict[str, Line] = field(init=False)
    forms: dict[str, list[Form]] = field(init=False)
    undelivered: dict[str, list[MadeSet]] = field(init=False)
    delivered: dict[str, list[MadeSet]] = field(init=False)
    trace: list[str] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.lines = {one.name: Line(one, self.world.hub) for one in self.world.machines}
        self.forms = {one.name: [] for one in self.world.machines}
        self.undelivered = {one.name: [] for one in self.world.couriers}
        self.delivered = {one.name: [] for one in self.world.couriers}

    def commit(self, machine: Machine, *drafts: Draft | None) -> str | None:
        """Save what there is to save at a desk; None when there is nothing, or when it was erased for good."""
        wanted = [one for one in drafts if one is not None and (one.values or one.action is Action.DELETE)]
        if not wanted:
            return None
        try:
            return self.keep(machine, commit(machine.node, wanted).nonce)
        except CommandRefused:
            with machine.node.store.read() as tx:
                if any(tx.erased_groups(RecordId(one.record)) for one in wanted):
                    return None
            raise

    def keep(self, machine: Machine, nonce: bytes) -> str:
        """Take down a set that a node has sealed."""
        with machine.node.store.read() as tx:
            logged = tx.set_by_nonce(nonce)
        assert logged is not None
        made = self.archive.keep(machine.name, logged.message, logged.opening)
        return f"{nonce.hex()[:8]} " + ", ".join(f"{one.kind.name} {one.record.hex()[-6:]}" for one in made.ops)

    def write_new(self, machine: Machine, kind: str) -> str | None:
        """A new record at a desk; None when its parent is missing."""
        with machine.node.store.read() as tx:
            draft = desk.new_draft(tx, machine, self.dice, kind)
        return self.commit(machine, draft)

    def form(self, machine: Machine, kinds: tuple[str, ...]) -> Form | None:
        """A form of one of these kinds as the node shows it now."""
        with machine.node.store.read() as tx:
            return desk.any_form(tx, machine, self.dice, kinds)

    def form_now_or_earlier(self, machine: Machine, kinds: tuple[str, ...]) -> Form | None:
        """The same, or a form that was opened a while ago."""
        earlier = [form for form in self.forms[machine.name] if form.kind.name in kinds]
        if earlier and self.dice.random() < 0.5:
            return self.dice.choice(earlier)
        return self.form(machine, kinds)

    def hub_records(self, *kinds: Kind) -> list[RecordRow]:
        """Records at the hub."""
        with self.world.hub.store.read() as snapshot:
            return [row for kind in kinds for row in snapshot.records_of_kind(kind.number)]

    def entries(self, row: RecordRow) -> Entries:
        """The state of a record at the hub."""
        return plain_entries(self.world.hub.box, row.kind, row.id, row.entries)

    def count_hidden(self) -> int:
        """Records that sites have lost sight of."""
        return sum(self._hidden_at(machine) for machine in self.world.machines)

    def _hidden_at(self, machine: Machine) -> int:
        with machine.node.store.read() as tx:
            return sum(one.is_hidden for kind in REGISTRY.kinds for one in tx.projections(kind))


Step = Callable[[Stage, Machine], str | None]
"""Something that happens; says what, or None when there was nothing to do."""
