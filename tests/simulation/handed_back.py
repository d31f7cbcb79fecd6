"""What each node has ever read of the hub's own sets, by their identity.

Decides what has to be in the hub's log again after a restore: a set stays owed from the moment a node has it until that
node's disk is gone, whatever the node thinks has become of it meanwhile. Positions and histories count for nothing.
"""

from contextlib import closing

from carnet_node.adapters.store import driver
from simulation.ledger import take_apart
from simulation.stage import Stage
from simulation.world import Machine


def note_read(stage: Stage, machine: Machine) -> None:
    """Take down what lies in a node's database now."""
    with closing(driver.connect(machine.path)) as connection:
        rows = connection.execute("SELECT message FROM hub_set").fetchall()
    stage.read_of_hub[machine.name] |= {take_apart(message).nonce for (message,) in rows}


def read_of_hub(stage: Stage) -> set[bytes]:
    """The hub's own sets that some node has read; it hands them back to a hub that has lost them."""
    for machine in stage.world.machines:
        note_read(stage, machine)
    return set().union(*stage.read_of_hub.values())
