"""Many schedules at once: what was run, what struck, what was reached, what broke.

Decides how a campaign is counted, judged and told. One schedule is `schedules`; the command is `tools/simulate`.

Rules
1. A campaign fails when an invariant does not hold, or, from `LONG_RUN` schedules on, when a rare state was never
   reached: then it has shown nothing about it.
2. Every violation names the one command that shows it again.
3. A schedule that is run again, in another process, leaves the same trace; otherwise that is a violation too.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from statistics import median
from typing import Any, Final

from simulation.rare import RARE
from simulation.schedules import Failed, run_schedule

LONG_RUN: Final = 2_000
"""Schedules from which on a rare state that was never reached is a failure."""

REPEATS_MAX: Final = 20
"""Schedules that are run a second time, to see that a seed always says the same."""

VIOLATIONS_MAX: Final = 20
"""Violations that are told; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Ran:
    """One schedule, as far as a campaign remembers it.

    Attributes:
        trace_hash: of everything that happened in it; empty when something broke.
        broken: (invariant, what) of the first breach; None when all held.
    """

    seed: int
    commands: int
    faults: dict[str, int]
    steps: dict[str, int]
    reached: dict[str, int]
    trace_hash: str = ""
    broken: tuple[str, str] | None = None


def run_one(seed: int, without: frozenset[str] = frozenset(), theme: str | None = None) -> Ran:
    """Run the schedule of one seed."""
    try:
        outcome = run_schedule(seed, theme=theme, without=without)
    except Failed as failed:
        is_seen = failed.invariant not in without
        return Ran(seed, 0, {}, {}, {}, broken=(failed.invariant, failed.what) if is_seen else None)
    stage = outcome.stage
    faults = dict(stage.strokes.counted)
    return Ran(seed, stage.did.total(), faults, dict(stage.did), dict(outcome.rare), outcome.trace_hash)


def seeds_to_repeat(seeds: Sequence[int]) -> Sequence[int]:
    """Which schedules of a campaign are run a second time: `REPEATS_MAX` of them, spread over all."""
    return seeds[:: max(1, len(seeds) // REPEATS_MAX)][:REPEATS_MAX]


@dataclass
class Campaign:
    """What many schedules came to.

    Attributes:
        theme: of all of them; None when each seed draws its own.
    """

    theme: str | None = None
    commands: list[int] = field(default_factory=list)
    strokes: list[int] = field(default_factory=list)
    faults: Counter[str] = field(default_factory=Counter)
    steps: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    violations: list[Ran] = field(default_factory=list)
    traces: dict[int, str] = field(default_factory=dict)
    schedules: int = 0
    repeated: int = 0

    def add(self, ran: Ran) -> None:
        """One more."""
        self.schedules += 1
        if ran.broken is not None:
            self.violations.append(ran)
            return
        self.traces[ran.seed] = ran.trace_hash
        self.commands.append(ran.commands)
        self.strokes.append(sum(ran.faults.values()))
        self.faults.update(ran.faults)
        self.steps.update(ran.steps)
        self.reached.update(ran.reached)

    def compare(self, again: Ran) -> None:
        """A schedule that was added before has been run again."""
        self.repeated += 1
        first = self.traces.get(again.seed)
        if first is not None and again.trace_hash != first:
            what = f"the same seed left the trace {again.trace_hash or 'of a breach'}, and {first} before"
            self.violations.append(replace(again, broken=again.broken or ("trace", what)))

    @property
    def trace_hash(self) -> str:
        """One hash over the traces of all schedules, in the order of their seeds."""
        return sha256("\n".join(f"{seed} {self.traces[seed]}" for seed in sorted(self.traces)).encode()).hexdigest()

    @property
    def unreached(self) -> list[str]:
        """Rare states that no schedule was in."""
        return [name for name in RARE if not self.reached[name]]

    @property
    def is_sound(self) -> bool:
        """Whether everything held and, in a long run, everything rare was reached."""
        return not self.violations and (self.schedules < LONG_RUN or not self.unreached)

    def facts(self) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "schedules": self.schedules,
            "trace_hash": self.trace_hash,
            "repeated": self.repeated,
            "commands_median": median(self.commands or [0]),
            "faults_median": median(self.strokes or [0]),
            "commands_least": min(self.commands, default=0),
            "faults_least": min(self.strokes, default=0),
            "faults": dict(self.faults.most_common()),
            "steps": dict(self.steps.most_common()),
            "rare_states": {name: self.reached[name] for name in RARE},
            "unreached": self.unreached,
            "violations": [
                {"seed": one.seed, "what": one.broken[1], "again": command_for(one.seed, self.theme)}
                for one in self.violations
                if one.broken is not None
            ],
        }

    def table(self) -> str:
        """The same for people."""
        facts = self.facts()
        lines = [
            f"{facts['schedules']} schedules",
            f"commands: median {facts['commands_median']}, least {facts['commands_least']}",
            f"faults: median {facts['faults_median']}, least {facts['faults_least']}",
            *_columns("fault", self.faults),
            *_columns("rare state", Counter({name: self.reached[name] for name in RARE})),
            f"trace hash of all: {facts['trace_hash']}",
            f"{self.repeated} run again in another process; their traces were compared",
            f"{len(self.violations)} violations",
        ]
        for one in facts["violations"][:VIOLATIONS_MAX]:
            lines += [f"  seed {one['seed']}: {one['what']}", f"    see it again: {one['again']}"]
        return "\n".join(lines)


def command_for(seed: int, theme: str | None = None) -> str:
    """The command that shows a schedule again."""
    themed = "" if theme is None else f" --theme {theme}"
    return f".venv/bin/python -m tools.simulate --from {seed} --seeds 1 --trace{themed}"


def _columns(title: str, counted: Counter[str]) -> list[str]:
    return [f"\n{'times':>8}  {title}", *(f"{times:>8}  {name}" for name, times in counted.most_common()), ""]
