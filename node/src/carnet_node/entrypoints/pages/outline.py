"""Damage marks as a drawing has them: kinds, and places in the box of the car outline.

Decides nothing: the marks of an order as a template draws them. How they are written down is `core.commands.check_in`.
"""

from carnet_node.core.commands.check_in import DamageMark, read_marks
from carnet_protocol.registry import Value


def marks_of(text: Value) -> tuple[DamageMark, ...]:
    """The marks in a field; none where it holds something else."""
    return (read_marks(text) or ()) if isinstance(text, str) else ()
