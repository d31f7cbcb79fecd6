"""What a campaign of lost disks consists of, and what it has found: rounds, losses and the tally.

Decides which rounds there are. A round is drawn from its own seed and number, so that `--only NUMBER` repeats it
without the others. Every ordered kind of round occurs as often as was asked for; stores change from world to world.
"""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import Any, Final

from process.hangs import HANGS
from process.world import NODES

ROUNDS_PER_WORLD: Final = 8
"""A world grows with every round; a fresh one keeps a look at all of it cheap, and brings another store."""


FAULTS_TOLD_MAX: Final = 40


@dataclass(frozen=True, slots=True)
class Round:
    """One loss and one restore.

    Attributes:
        number: from 0 in its campaign.
        world: rounds of one world share their processes and their store.
        store: where its Litestream replicates to.
        victim: whose disk is lost.
        hang: how the replication hung before; empty for not at all.
        is_copy: restored from an encrypted copy instead of the replica.
        is_to_a_time: restored to a moment, with work that came later.
        is_cut_off: the line between nodes and hub is down meanwhile.
        is_new_machine: keys are lost as well; a new node of the site takes the database over.
        is_from_hub: without any backup, from the hub alone; a new machine only.
        replicator_first: Litestream dies a moment before the program.
    """

    number: int
    world: int
    store: str
    victim: str
    hang: str = ""
    is_copy: bool = False
    is_to_a_time: bool = False
    is_cut_off: bool = False
    is_new_machine: bool = False
    is_from_hub: bool = False
    replicator_first: bool = False

    @property
    def origin(self) -> str:
        """As the commands call it."""
        return "hub" if self.is_from_hub else "copy" if self.is_copy else "litestream"

    @property
    def origin_text(self) -> str:
        """For people."""
        return {"hub": "the hub alone", "copy": "a copy"}.get(self.origin, f"Litestream on {self.store}")

    @property
    def text(self) -> str:
        """For people."""
        parts = [
            f"{self.victim} loses its {'machine' if self.is_new_machine else 'disk'}",
            f"restored from {self.origin_text}",
            "to a time" if self.is_to_a_time else "",
            "line down" if self.is_cut_off else "",
            f"replication was {self.hang}" if self.hang else "",
        ]
        return ", ".join(part for part in parts if part)


def draw_rounds(seed: int, *, restores: int, hangs: int, hub_restores: int, stores: Sequence[str]) -> list[Round]:
    """The rounds of a campaign.

    Args:
        restores: of nodes, among them those after a hang.
        hangs: at most `restores`.
        stores: kinds that take turns.
    """
    sorts = ["hang"] * hangs + ["node"] * (restores - hangs) + ["hub"] * hub_restores
    random.Random(seed).shuffle(sorts)
    return [_draw(seed, number, sort, stores) for number, sort in enumerate(sorts)]


def _draw(seed: int, number: int, sort: str, stores: Sequence[str]) -> Round:
    rng = random.Random(f"{seed}/{number}")
    world = number // ROUNDS_PER_WORLD
    one = Round(number, world, stores[world % len(stores)], rng.choice(NODES), replicator_first=rng.random() < 0.4)
    is_copy, is_to_a_time, is_cut_off, is_new_machine = (rng.random() < chance for chance in (0.25, 0.25, 0.3, 0.25))
    is_from_hub = is_new_machine and rng.random() < 0.3
    match sort:
        case "hang":
            return replace(one, hang=HANGS[rng.randrange(len(HANGS))], is_cut_off=True)
        case "hub":
            return replace(one, victim="hub", is_copy=is_copy, is_to_a_time=True, is_cut_off=is_cut_off)
        case _:
            return replace(
                one,
                is_copy=is_copy and not is_from_hub,
                is_to_a_time=is_to_a_time and not is_from_hub,
                is_cut_off=is_cut_off,
                is_new_machine=is_new_machine,
                is_from_hub=is_from_hub,
            )


@dataclass(frozen=True, slots=True)
class Losses:
    """What lay on a disk that is gone.

    Attributes:
        ages_ms: of every own set when the power was cut, by nonce.
        safe: sets that cannot be lost, own ones and what the hub has.
    """

    ages_ms: dict[str, int]
    safe: frozenset[str]


@dataclass
class Tally:
    """What a campaign did and found.

    Attributes:
        restores: by what was restored from.
        hangs: healed, by kind.
        hang_tries: how often a hang was provoked until it came.
        safe: sets that had to come back.
        exposed, lost: acknowledgements that neither hub nor backup had, and those of them that are gone.
        lost_ages_ms: of sets that are gone, when the power was cut.
        receipts: of nodes, at hubs that were restored.
        behind: by how many log entries each restored hub was behind its receipts.
        seconds_of: restores, rejoins, heals, rounds.
        faults: everything found wrong, with the number of its round; empty after a good campaign.
    """

    rounds: int = 0
    restores: Counter[str] = field(default_factory=Counter)
    traits: Counter[str] = field(default_factory=Counter)
    hangs: Counter[str] = field(default_factory=Counter)
    hang_tries: int = 0
    safe: int = 0
    exposed: int = 0
    lost: int = 0
    lost_ages_ms: list[int] = field(default_factory=list)
    receipts: int = 0
    behind: list[int] = field(default_factory=list)
    acknowledged: Counter[str] = field(default_factory=Counter)
    seconds_of: defaultdict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    faults: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def hub_restores(self) -> int:
        """Restores of a hub."""
        return sum(count for name, count in self.restores.items() if name.startswith("hub"))

    @property
    def node_restores(self) -> int:
        """Restores of a node."""
        return sum(self.restores.values()) - self.hub_restores

    def restored(self, one: Round, seconds: float) -> None:
        """A database is back in its place."""
        whose = "hub" if one.victim == "hub" else "node"
        self.restores[f"{whose} from {one.origin_text}"] += 1
        traits = {
            "to a time": one.is_to_a_time,
            "line down": one.is_cut_off,
            "new machine": one.is_new_machine,
            "Litestream died first": one.replicator_first,
        }
        self.traits.update(name for name, has in traits.items() if has)
        self.seconds_of[f"restore of a {whose}"].append(seconds)

    def found(self, one: Round, faults: Iterable[str]) -> None:
        """Note what is wrong."""
        self.faults += [f"round {one.number} ({one.text}): {fault}" for fault in faults]

    def add_losses(self, losses: Losses, back: set[str], *, exposed: int, lost: int) -> None:
        """Count what was safe and what is gone.

        Args:
            back: nonces in the restored log.
        """
        self.safe += len(losses.safe & losses.ages_ms.keys())
        self.exposed += exposed
        self.lost += lost
        self.lost_ages_ms += [age for nonce, age in losses.ages_ms.items() if nonce not in back]

    def as_json(self) -> dict[str, Any]:
        """For programs."""
        return {
            "rounds": self.rounds,
            "node_restores": self.node_restores,
            "hub_restores": self.hub_restores,
            "restores": dict(self.restores),
            "traits": dict(self.traits),
            "hangs_healed": dict(self.hangs),
            "hang_tries": self.hang_tries,
            "acknowledged": sum(self.acknowledged.values()),
            "sets_that_had_to_come_back": self.safe,
            "acknowledgements_exposed": self.exposed,
            "acknowledgements_exposed_and_lost": self.lost,
            "age_ms_of_lost_sets": _spread(self.lost_ages_ms) if self.lost_ages_ms else None,
            "receipts_at_restored_hubs": self.receipts,
            "entries_behind_median": median(self.behind) if self.behind else None,
            "seconds": {name: _spread(values) for name, values in self.seconds_of.items()},
            "fault_count": len(self.faults),
            "faults": self.faults[:FAULTS_TOLD_MAX],
            "seconds_in_all": round(self.seconds, 1),
        }


def _spread(values: Sequence[float] | Sequence[int]) -> dict[str, float]:
    return {"median": round(median(values), 1), "max": round(max(values), 1)}
