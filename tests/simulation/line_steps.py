"""What happens on the lines of a schedule: messages that are lost, late, doubled or torn."""

from contextlib import closing
from functools import partial
from typing import Final

from carnet_node.adapters.store import driver
from carnet_node.core.failures import HubUnreachable
from carnet_protocol.errors import Refused
from simulation.copy_steps import check_noticed
from simulation.invariants import Broken
from simulation.stage import Stage, Step
from simulation.wire import LineTrouble
from simulation.world import Machine


def push(stage: Stage, machine: Machine) -> str | None:
    """Sets go up; the answer is on its way, lost, or delivered at once."""
    line = stage.lines[machine.name]
    sent = line.push(stage.dice.choice((1, 2, 50)))
    if not sent:
        return None
    if stage.dice.random() < 0.5:
        return f"{sent} sent, {line.deliver_answers(stage.dice, len(line.answers) - 1)} receipts"
    return f"{sent} sent"


def push_twice(stage: Stage, machine: Machine) -> str | None:
    """The same batch goes up twice."""
    line = stage.lines[machine.name]
    size = stage.dice.choice((2, 50))
    first, second = line.push(size), line.push(size)
    if first:
        stage.strokes.strike("duplicate")
    return f"{first} and {second} sent" if first else None


def push_tail(stage: Stage, machine: Machine) -> str | None:
    """Sets from the middle of the queue arrive first."""
    sent = stage.lines[machine.name].push_tail(stage.dice)
    if sent:
        stage.strokes.strike("reorder")
    return f"{sent} sent in vain" if sent else None


def late_answer(stage: Stage, machine: Machine) -> str | None:
    """An answer arrives late, again, or in part."""
    line = stage.lines[machine.name]
    if not line.answers:
        return None
    stage.strokes.strike("delay")
    return f"{line.deliver_answers(stage.dice, stage.dice.randrange(len(line.answers)))} receipts"


def pull(stage: Stage, machine: Machine) -> str | None:
    """A page is asked for and delivered."""
    line = stage.lines[machine.name]
    at = line.fetch(stage.dice.choice((1, 2, 2, 5)))
    if stage.is_barred(machine):
        raise Broken("I13", f"{machine.name} is turned away, and was given a page")
    is_last = line.deliver_page(at)
    return "the last one" if is_last else "one"


def pull_lost(stage: Stage, machine: Machine) -> str | None:
    """A page is asked for and does not come, for now."""
    stage.strokes.strike("lose answer")
    return f"page {stage.lines[machine.name].fetch()}"


def late_page(stage: Stage, machine: Machine) -> str | None:
    """A page arrives late, or again."""
    line = stage.lines[machine.name]
    if not line.pages:
        return None
    at = stage.dice.randrange(len(line.pages))
    stage.strokes.strike("reorder")
    line.deliver_page(at)
    return f"page {at}"


def sync_round(stage: Stage, machine: Machine) -> str | None:
    """A whole round of the node's own sync over a line that may break at every message."""
    struck = stage.strokes.total
    trouble = LineTrouble(stage.strokes, stage.mix.line, stage.mix.line_rate)
    try:
        report = stage.lines[machine.name].round(stage.dice, trouble)
    except (HubUnreachable, Refused) as error:
        if stage.strokes.total == struck and not stage.is_barred(machine):
            raise
        return f"no hello ({type(error).__name__})"
    if report.is_complete and machine.name in stage.restored:
        stage.take_stock(machine)
        stage.read_hub()
        stage.watch.check(partial(check_noticed, stage, machine))
    return f"{report.push.sent} sent, {report.pages} pages, complete {report.is_complete}"


def calm_round(stage: Stage, machine: Machine) -> str | None:
    """A round over a good line: what the scenarios of `crashes` are made of."""
    report = stage.lines[machine.name].round(stage.dice, LineTrouble(stage.strokes))
    return f"{report.push.sent} sent, {report.pages} pages, complete {report.is_complete}"


def round_beside_reader(stage: Stage, machine: Machine) -> str | None:
    """The same while somebody else's long report reads the database: its log cannot be emptied."""
    with closing(driver.connect(machine.path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM sqlite_master").fetchone()
        said = calm_round(stage, machine)
    stage.reached["a round while a report was read"] += 1
    return said


def late_request(stage: Stage, machine: Machine) -> str | None:
    """A request that everybody had given up arrives at the hub; its answer goes nowhere."""
    line = stage.lines[machine.name]
    if not line.delayed:
        return None
    request = line.delayed.pop(stage.dice.randrange(len(line.delayed)))
    try:
        request()
    except Refused as refusal:
        return f"refused ({refusal.reason.value})"
    stage.reached["late request taken"] += 1
    return "taken"


def mend_line(stage: Stage, machine: Machine) -> str | None:
    """A partition ends."""
    line = stage.lines[machine.name]
    if not line.partition:
        return None
    what, line.partition = line.partition, ""
    stage.reached[f"one-way partition {what} mended"] += 1
    return what


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "push": (11, push),
    "push twice": (3, push_twice),
    "push tail": (2, push_tail),
    "late answer": (5, late_answer),
    "pull": (12, pull),
    "pull lost": (3, pull_lost),
    "late page": (5, late_page),
    "round": (11, sync_round),
    "calm round": (0, calm_round),
    "round beside a reader": (0, round_beside_reader),
    "late request": (3, late_request),
    "mend line": (4, mend_line),
}
"""Weight and step by name."""
