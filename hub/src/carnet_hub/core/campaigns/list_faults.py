"""The lines of a member list that somebody must look at, and whether the list is taken all the same.

Decides which of them are named and when a list is refused. Does not decide what is wrong with a line
(`campaign_plans`).
"""

from dataclasses import dataclass, field
from typing import Final

from carnet_hub.core.failures import FaultyLine, ListRefused
from carnet_hub.core.limits import FAULTY_LINES_SHOWN_MAX

_OR_LEAVE: Final = "Correct the list and import it again."
_OR_KEEP: Final = "Correct the list; if its producer means these very numbers, import it with --keep-faulty."


@dataclass(slots=True)
class ListFaults:
    """What was found while a list was read.

    Attributes:
        named: the first lines with a fault, in order.
        hopeless: the first of those that are taken in no case.
        count, hopeless_count: how many there are of each.
    """

    named: list[FaultyLine] = field(default_factory=list)
    hopeless: list[FaultyLine] = field(default_factory=list)
    count: int = 0
    hopeless_count: int = 0

    def add(self, faulty: FaultyLine, *, is_hopeless: bool) -> None:
        """One line more."""
        self.count += 1
        self.hopeless_count += is_hopeless
        for found in (self.named, *([self.hopeless] if is_hopeless else [])):
            if len(found) < FAULTY_LINES_SHOWN_MAX:
                found.append(faulty)

    def refuse_if_any(self, line_count: int, *, keeps_faulty: bool) -> None:
        """Go on without a fault, or with such as are kept when somebody says so.

        Args:
            line_count: of the list.

        Raises:
            ListRefused: else; where faults are kept, those that are not are named alone.
        """
        if keeps_faulty and self.hopeless_count:
            what = f"{self.hopeless_count} of {line_count} lines are of another campaign, or no number a car can have."
            raise ListRefused(what, self.hopeless, self.hopeless_count, then=_OR_LEAVE)
        if self.count and not keeps_faulty:
            what = f"{self.count} of {line_count} lines are no valid VIN, outside vin_scope, or of another campaign."
            raise ListRefused(what, self.named, self.count, then=_OR_LEAVE if self.hopeless_count else _OR_KEEP)
