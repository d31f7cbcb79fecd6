"""Receipts of erasures: who says that it has erased, and whether that is so.

Decides I15 for what nodes have signed: a node that is listed as having carried an order out holds none of its values in
any file, nobody is listed who never said a word, and once all is healed every node that the hub hears is listed.
"""

from typing import Final

from carnet_hub.core.upkeep.erasing import ErasureLine, NodeReceipt, ReceiptState, list_erasures, show_receipts
from simulation.claims import erased_values, files_of, forms_of
from simulation.invariants import Broken
from simulation.stage import Stage
from simulation.world import Machine
from support.hub_apps import VoiceAuthor

ORDERS_MAX: Final = 3
"""Orders that are looked at in the middle of a schedule, the newest; all of them at its end."""


def check_receipts(stage: Stage, *, is_end: bool = False) -> None:
    """What is listed of every order is so."""
    orders = list_erasures(stage.world.hub)
    for line in orders if is_end else orders[-ORDERS_MAX:]:
        listed = {one.node.node_id: one for one in show_receipts(stage.world.hub, line.order)}
        states = [one.state for one in listed.values()]
        counted = (states.count(ReceiptState.CONFIRMED), states.count(ReceiptState.MISSING))
        if counted != (line.confirmed, line.missing):
            raise Broken("I15", f"an order counts {line.confirmed} receipts in a list and {counted[0]} one by one")
        for voice in stage.world.couriers:
            _check_voice(stage, voice, listed[voice.node_id])
        forms = _forms_of(stage, line)
        for machine in stage.world.machines:
            _check_machine(stage, machine, forms, listed[machine.node.identity.node_id], is_end=is_end)


def _check_voice(stage: Stage, voice: VoiceAuthor, listed: NodeReceipt) -> None:
    """Somebody who never says hello has confirmed nothing."""
    is_revoked = voice.node_id in stage.holders.revoked
    if listed.state is not (ReceiptState.REVOKED if is_revoked else ReceiptState.MISSING):
        raise Broken("I15", f"{voice.name} is listed as {listed.state} without a word of its own")
    stage.reached["a node is missing that never erased"] += 1


def _check_machine(stage: Stage, machine: Machine, forms: set[bytes], listed: NodeReceipt, *, is_end: bool) -> None:
    """A real node that is listed holds nothing of it; one that was set back since is believed when it has spoken."""
    if listed.state is not ReceiptState.CONFIRMED:
        if is_end:
            raise Broken("I15", f"{machine.name} has read everything and is listed as {listed.state}")
        return
    if machine.name in stage.restored and not is_end:
        return
    stage.reached["a receipt of an erasure was held against the files"] += 1
    for path in files_of(machine):
        content = path.read_bytes()
        if any(form in content for form in forms):
            raise Broken("I15", f"{machine.name} has signed for an erasure, and a value stands in {path.name}")


def _forms_of(stage: Stage, line: ErasureLine) -> set[bytes]:
    """How the canaries that an order covers may stand in a file."""
    bits = sum(1 << (group - 1) for group in line.groups)
    values = (value for record in line.records for value in erased_values(stage.archive, record, bits))
    return {form for value in values for form in forms_of(value)}
