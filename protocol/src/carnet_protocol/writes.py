"""An op together with its admission record: the input of the fold.

Decides what the fold gets to see of an op: no kind, no signature, no clock of the author, only what was written, what
was read, who wrote and the set time that admission fixed.
"""

from collections.abc import Callable, Mapping

import msgspec

from carnet_protocol.ids import OpId
from carnet_protocol.registry import Value


class Write(msgspec.Struct, frozen=True, gc=False):
    """An op with its admission record, ready to fold. A struct, because a fold makes thousands.

    Attributes:
        op: its id.
        time_ms: set time, fixed at admission.
        author: dealer site or hub.
        fields: public and opened values by label; None for a delete.
        withheld: `Withheld` by register number, for registers written whose values are not here.
        based_on: effective: void ops already replaced by what they were based on.
    """

    op: OpId
    time_ms: int
    author: bytes
    fields: Mapping[int, Value] | None
    withheld: Mapping[int, int] = msgspec.field(default_factory=dict)
    based_on: tuple[OpId, ...] = ()

    def registers(self) -> set[int]:
        """Numbers of the registers written; empty for a delete."""
        return {label >> 3 for label in self.fields or ()} | self.withheld.keys()

    def touches(self, register: int) -> bool:
        """Whether this op writes a register; a delete writes every one."""
        return self.fields is None or register in self.registers()


Lookup = Callable[[OpId], Write | None]
"""An earlier op of the same record; None when it is not known."""
