"""USB sticks: real bundle files between real nodes and the real hub, that come late, twice, torn or never.

Decides what happens to a file on its way. What is in it is made and taken by the product: `bundling` on both sides,
encrypted to its receiver.
"""

import random
from pathlib import Path
from typing import Final

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.core.exchange.bundling import pack_for, parts_for, take_bundle
from carnet_node.adapters.bundle_files import read_bundle, write_bundle
from carnet_node.core.line.bundling import pack_for_hub, take_from_hub
from carnet_protocol.errors import OutOfOrder, Refused
from simulation.invariants import Broken
from simulation.power import FaultyFiles
from simulation.stage import Stage, Step, Stick
from simulation.wire import bend
from simulation.world import Machine, exchange_secret
from support.protocol import exchange_key

STICKS_MAX: Final = 6
TRIPS_MAX: Final = 3
"""Sticks there and back: one brings what was lost, one says under which key, one takes the work."""
WRONGS: Final = ("truncate", "flip a bit", "another reader")


class EmptyShelf:
    """There are no recall lists here."""

    def put(self, segment: bytes) -> bytes:
        """Nothing is put."""
        raise NotImplementedError

    def get(self, name: bytes) -> bytes | None:
        """Nothing is here."""
        return None


def stick_out(stage: Stage, machine: Machine) -> str | None:
    """Somebody writes what waits onto a stick."""
    stick, said = pack_stick(stage, machine)
    if stick is not None:
        _carry(stage, stick)
    return said


def pack_stick(stage: Stage, machine: Machine) -> tuple[Stick | None, str]:
    """A stick with what waits, and what is on it; None while nothing may leave."""
    try:
        packed = pack_for_hub(machine.node, software="simulation")
    except OutOfOrder as refusal:
        if machine.name not in stage.restored:
            raise
        return None, f"nothing may leave: {refusal.reason.value}"
    path = _path(stage, machine.name)
    write_bundle(path, packed.plain, exchange_key("hub"), FaultyFiles(machine.power))
    return Stick(machine.identity_name, path, is_answer=False), f"{packed.sets} sets"


def stick_at_hub(stage: Stage, _: Machine) -> str | None:
    """A stick arrives at the hub, which writes its answer onto another one."""
    stick = _any(stage, is_answer=False)
    return None if stick is None else hand_in(stage, stick, *_arrived(stage, stick))


def hand_in(stage: Stage, stick: Stick, content: bytes, wrong: str) -> str:
    """The hub takes a stick.

    Args:
        content: of the file as it arrived.
        wrong: what is wrong with it; empty when it is as it was packed.
    """
    try:
        plain = decrypt_bundle(content, exchange_secret("exchange B1" if wrong == "another reader" else "hub"))
        taken = take_bundle(stage.world.hub, plain)
    except Refused as refusal:
        if not wrong and not stage.is_barred(_machine_of(stage, stick)):
            raise
        return f"{wrong or 'turned away'}: {refusal.reason.value}"
    stage.world.worker.mark.raise_now(stage.world.hub)
    stage.reached["bundle taken by the hub"] += 1
    news = parts_for(stage.world.hub, EmptyShelf(), taken.node, taken.since)
    answer = pack_for(stage.world.hub, taken.node, [*taken.parts, *news])
    path = _path(stage, f"for-{stick.node}")
    path.write_bytes(encrypt_bundle(answer, exchange_key(f"exchange {stick.node}")))
    _carry(stage, Stick(stick.node, path, is_answer=True))
    return f"{len(taken.set_codes)} sets of {stick.node}"


def stick_home(stage: Stage, machine: Machine) -> str | None:
    """A stick from the hub arrives at a node, perhaps the wrong one, perhaps again."""
    stick = _any(stage, is_answer=True, node=machine.identity_name)
    if stick is None:
        return None
    content, wrong = _arrived(stage, stick)
    path = _path(stage, "arrived")
    path.write_bytes(content)
    own = exchange_secret("hub" if wrong == "another reader" else f"exchange {machine.identity_name}")
    try:
        report = take_from_hub(machine.node, read_bundle(path, own, FaultyFiles(machine.power)))
    except OutOfOrder as refusal:
        return f"too early: {refusal.reason.value}"
    except Refused as refusal:
        if not wrong and machine.name not in stage.restored:
            raise
        return f"{wrong or 'after a restore'}: {refusal.reason.value}"
    stage.reached["bundle taken by a node"] += 1
    return f"{report.pages} pages, {report.accepted} accepted"


def stick_trips(stage: Stage, machine: Machine) -> str | None:
    """Sticks go to the hub and back, undisturbed, until nothing waits: what a site without a line lives by."""
    hub = stage.world.hub
    for trip in range(TRIPS_MAX + 1):
        with machine.node.store.read() as tx:
            (waiting, _), chain = tx.unconfirmed(), tx.chain()
        assert chain is not None
        if not waiting and (chain.is_writing_stopped or not chain.is_rejoining):
            return f"{trip} trips"
        if trip == TRIPS_MAX:
            break
        taken = take_bundle(hub, pack_for_hub(machine.node, software="simulation").plain)
        stage.world.worker.mark.raise_now(hub)
        parts = [*taken.parts, *parts_for(hub, EmptyShelf(), taken.node, taken.since)]
        try:
            take_from_hub(machine.node, pack_for(hub, taken.node, parts))
        except OutOfOrder as refusal:
            raise Broken("I18", f"{machine.name}: a fresh stick is refused ({refusal.reason.value})") from refusal
    raise Broken("I18", f"{machine.name}: {waiting} sets wait after {TRIPS_MAX} sticks there and back")


def _machine_of(stage: Stage, stick: Stick) -> Machine:
    return next(one for one in stage.world.machines if one.name == stick.node)


def _path(stage: Stage, name: str) -> Path:
    folder = stage.world.folder / "sticks"
    folder.mkdir(exist_ok=True)
    return folder / f"{len(stage.trace)}-{name}.carnet"


def _carry(stage: Stage, stick: Stick) -> None:
    stage.sticks = [*stage.sticks, stick][-STICKS_MAX:]


def _any(stage: Stage, *, is_answer: bool, node: str | None = None) -> Stick | None:
    """A stick that arrives now; half of them are used again later."""
    found = [one for one in stage.sticks if one.is_answer is is_answer and node in (None, one.node)]
    if not found:
        return None
    chosen = stage.dice.choice(found)
    if stage.dice.random() < 0.5:
        stage.sticks.remove(chosen)
    else:
        stage.strokes.strike("duplicate")
    return chosen


def _arrived(stage: Stage, stick: Stick) -> tuple[bytes, str]:
    """The file as it is read, and what is wrong with it."""
    content = stick.path.read_bytes()
    if stage.dice.random() < 0.75:
        return content, ""
    wrong = stage.dice.choice(WRONGS)
    stage.strokes.strike(wrong if wrong != "another reader" else "misdelivery")
    return bend(random.Random(stage.dice.random()), wrong, content), wrong


STEPS: Final[dict[str, tuple[int, Step]]] = {
    "stick out": (3, stick_out),
    "stick at hub": (4, stick_at_hub),
    "stick home": (5, stick_home),
    "stick trips": (0, stick_trips),
}
"""Weight and step by name; the trips are for schedules by hand."""
