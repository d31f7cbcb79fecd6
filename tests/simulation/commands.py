"""What a command at a desk became.

Decides I16 and I6 for one command: it is one change set, and it says what its author had read.
"""

from collections.abc import Sequence

from carnet_protocol.changeset import Draft
from simulation.authored import AuthoredSet
from simulation.invariants import Broken


def check_command(drafts: Sequence[Draft], made: AuthoredSet) -> None:
    """A command is one change set, and says what its author had read, no more and no less."""
    if len(made.ops) != len(drafts):
        raise Broken("I16", f"a command of {len(drafts)} drafts became a set of {len(made.ops)}")
    for draft, one in zip(drafts, made.ops, strict=True):
        if tuple(one.based_on) != tuple(draft.based_on):
            raise Broken("I6", f"{draft.kind.name}: based on {len(one.based_on)} ops, {len(draft.based_on)} were read")
