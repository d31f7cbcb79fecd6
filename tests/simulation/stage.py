"""What a schedule goes on between: the world, the lines, open forms, what couriers carry, and the account of it all.

Decides nothing; the steps (`desk_steps`, `hub_steps`, `line_steps`) act on it, `schedules` decides which comes next.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from carnet_hub.core.at_rest import plain_entries
from carnet_hub.core.hub import Hub
from carnet_hub.core.rows import RecordRow
from carnet_node.adapters.keyring import Keyring
from carnet_node.core.log.authoring import commit
from carnet_node.core.log.rejoin_state import load_rejoin
from carnet_node.core.ports import ReadTransaction
from carnet_node.core.refusals import CommandRefused
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import NotAllowed
from carnet_protocol.ids import RecordId
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.ops import Action
from carnet_protocol.registry import Kind, Writer
from carnet_protocol.state import Entries
from simulation import desk
from simulation.archive import Archive
from simulation.authored import Key
from simulation.commands import check_command
from simulation.desk import Form
from simulation.faults import Mix, Strokes
from simulation.invariants import Broken, Watch
from simulation.keyholders import Keyholders
from simulation.ledger import Ledger
from simulation.wire import Line
from simulation.world import HUB_EPOCH, HUB_ID, Machine, World
from support.authors import MadeSet
from support.hub_apps import VoiceAuthor

SETS_MAX: Final = 1_000
"""Sets of one node in one schedule; far more than any seals."""


@dataclass(frozen=True, slots=True)
class Stick:
    """A bundle file on its way.

    Attributes:
        node: whose bundle it is, or for whom.
        is_answer: from the hub.
    """

    node: str
    path: Path
    is_answer: bool


@dataclass(frozen=True, slots=True)
class Image:
    """A backup of a node's disk.

    Attributes:
        mark: content of its high-water file then; None when there was none.
        key: its public signing key then.
        trail: histories of the hub that it had read.
        read_of_hub: the hub's own sets in it.
    """

    node: str
    path: Path
    mark: bytes | None
    key: bytes
    trail: tuple[bytes, ...]
    read_of_hub: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class HubImage:
    """A backup of the hub's database.

    Attributes:
        mark: content of the file beside it then; None when there was none.
        rows: fingerprints of its log.
        keys: of nodes that had changed theirs, as the hub knew them then.
        hub_epoch: the history it was made in.
    """

    path: Path
    mark: bytes | None
    rows: tuple[bytes, ...]
    keys: Mapping[bytes, bytes]
    hub_epoch: bytes


@dataclass
class Stage:
    """The state of one run.

    Attributes:
        dice: of the present step.
        mix: what can go wrong in this schedule.
        watch: which invariants are looked at.
        forms: what people at each desk have before them, newest last.
        undelivered: sets that couriers carry, per courier in the order of their chain.
        delivered: sets that couriers have brought.
        sticks: USB sticks on their way.
        images: backups of nodes.
        drawer: sticks that somebody has forgotten, each with the hub's clock when it was packed.
        hub_images: backups of the hub.
        put_back: the one it came back from last.
        read_of_hub: the hub's own sets that each node has read, by nonce (see `handed_back`).
        shown: records of its own site that each node showed before the hub was restored (see `shown_before`).
        receipts: what the hub last gave a courier for a set, by nonce.
        old_keys: keys that nodes have replaced, by node; somebody may have copied them.
        excluded: sets that an operator has taken out one by one.
        restored: machines that came back from a backup, or are the copy of another one, or were copied.
        trace: one line per step.
        did: how often each step found something to do.
        strokes: faults that have struck.
        reached: rare states, by name (see `rare`).
    """

    world: World
    dice: random.Random
    mix: Mix
    watch: Watch = field(default_factory=Watch)
    archive: Archive = field(init=False)
    ledger: Ledger = field(init=False)
    holders: Keyholders = field(init=False)
    lines: dict[str, Line] = field(init=False)
    forms: dict[str, list[Form]] = field(init=False)
    undelivered: dict[str, list[MadeSet]] = field(init=False)
    delivered: dict[str, list[MadeSet]] = field(init=False)
    sticks: list[Stick] = field(default_factory=list)
    images: list[Image] = field(default_factory=list)
    drawer: list[tuple[Stick, int]] = field(default_factory=list)
    hub_images: list[HubImage] = field(default_factory=list)
    put_back: HubImage | None = None
    read_of_hub: defaultdict[str, set[bytes]] = field(default_factory=lambda: defaultdict(set))
    shown: defaultdict[str, set[Key]] = field(default_factory=lambda: defaultdict(set))
    receipts: dict[bytes, bytes] = field(default_factory=dict)
    excluded: set[bytes] = field(default_factory=set)
    restored: set[str] = field(default_factory=set)
    old_keys: defaultdict[str, list[Keyring]] = field(default_factory=lambda: defaultdict(list))
    trace: list[str] = field(default_factory=list)
    did: Counter[str] = field(default_factory=Counter)
    commands: int = 0
    strokes: Strokes = field(default_factory=Strokes)
    reached: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.archive = Archive(HUB_ID, self.watch, HUB_EPOCH)
        self.ledger = Ledger(self.watch)
        self.holders = Keyholders(self.ledger)
        self.lines = {}
        self.forms = {}
        for machine in self.world.machines:
            self.take_in(machine)
        self.undelivered = {one.name: [] for one in self.world.couriers}
        self.delivered = {one.name: [] for one in self.world.couriers}

    @property
    def is_hub_restored(self) -> bool:
        """Whether the hub has more than one history."""
        return len(self.archive.histories) > 1

    def take_in(self, machine: Machine) -> None:
        """A machine takes part from now on."""
        self.lines[machine.name] = Line(machine, self.world)
        self.forms[machine.name] = []
        self.archive.logs[machine.name] = {}

    def commit(self, machine: Machine, *drafts: Draft | None) -> str | None:
        """Save what there is to save at a desk; None when there is nothing, or nothing of the site's any more.

        What was erased for good is refused, and so is a form of a record that turned out to be another site's.
        """
        wanted = [one for one in drafts if one is not None and (one.values or one.action is Action.DELETE)]
        if not wanted:
            return None
        try:
            nonce = commit(machine.node, wanted).nonce
        except (CommandRefused, NotAllowed):
            with machine.node.store.read() as tx:
                if any(tx.erased_groups(RecordId(one.record)) for one in wanted):
                    return None
                if any(_is_foreign(tx, machine, one) for one in wanted):
                    return None
            raise
        said = self.keep(machine, nonce)
        with self.watch.aside():
            check_command(wanted, self.archive.sets[nonce])
        return said

    def keep(self, machine: Machine, nonce: bytes) -> str:
        """Take down a set that a node has sealed."""
        with machine.node.store.read() as tx:
            logged = tx.set_by_nonce(nonce)
        if logged is None:
            raise Broken("I3", f"{machine.name}: the desk was told of a set that is not in the log")
        self.ledger.take_stock(machine.name, logged)
        made = self.archive.keep(machine.identity_name, logged.message, logged.opening)
        self.archive.logs[machine.name][nonce] = None
        return f"{nonce.hex()[:8]} " + ", ".join(f"{one.kind.name} {one.record.hex()[-6:]}" for one in made.ops)

    def take_stock(self, machine: Machine) -> int:
        """Take down what a node has sealed without anybody being told; how many sets that were."""
        self.note_keys(machine)
        with machine.node.store.read() as tx:
            chain = tx.chain()
            assert chain is not None
            known = len(self.archive.sets)
            held = self.archive.logs[machine.name]
            missing = self.archive.elsewhere(machine.identity_name, machine.name)
            held.update(dict.fromkeys(nonce for nonce in missing if tx.set_by_nonce(nonce) is not None))
            closed = [one.epoch for one in load_rejoin(tx).closed if one.epoch != chain.epoch]
            for epoch in (*closed, chain.epoch):
                for logged in tx.sets_from(epoch, 1, SETS_MAX):
                    self.ledger.take_stock(machine.name, logged)
                    self.archive.keep(machine.identity_name, logged.message, logged.opening)
                    held[logged.nonce] = None
        return len(self.archive.sets) - known

    def note_keys(self, machine: Machine) -> None:
        """Take down the keys that a node has made."""
        for key in machine.held_keys():
            self.ledger.hold(machine.node.identity.node_id, key)

    def forget(self, name: str, gone: set[bytes], *, unknowingly: set[bytes]) -> None:
        """A node came back from a backup: it does not know some of its sets now, and what it had open is closed.

        Args:
            unknowingly: of these it cannot know that they ever left; it may use their places again.
        """
        self.restored.add(name)
        for nonce in gone:
            del self.archive.logs[name][nonce]
        self.ledger.forgive(name, unknowingly)
        self.forms[name] = []
        self.shown[name] = set()
        line = self.lines[name]
        line.answers, line.pages, line.resend_from = [], [], None

    def read_hub(self, hub: Hub | None = None) -> None:
        """Read what is new in the hub's log."""
        self.archive.read_log(hub or self.world.hub)
        self.ledger.read_log(hub or self.world.hub)
        self.holders.read_log(hub or self.world.hub, self.archive)

    def is_barred(self, one: Machine | VoiceAuthor) -> bool:
        """Whether the hub takes nothing from a node now, as far as its log was read."""
        return self.holders.is_barred(one.node.identity.node_id if isinstance(one, Machine) else one.node_id)

    def welcome_couriers(self) -> list[VoiceAuthor]:
        """Couriers from whom the hub takes what they bring."""
        return [one for one in self.world.couriers if not self.is_barred(one)]

    def issue(self, author: str, made: MadeSet) -> None:
        """Take down what a courier has sealed."""
        self.ledger.issue(author, made.message)
        self.archive.keep(author, *made.pushed)

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


def _is_foreign(tx: ReadTransaction, machine: Machine, draft: Draft) -> bool:
    """Whether a page has brought that a record of one site alone is another's."""
    stored = tx.record(draft.kind, RecordId(draft.record))
    owner = None if stored is None else stored.owner
    return draft.kind.writer is Writer.OWNER_SITE and owner not in (None, machine.node.identity.dealer_id)
