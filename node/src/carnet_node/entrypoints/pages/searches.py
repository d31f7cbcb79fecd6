"""What was searched for, so that "back" shows the results again and no address holds a name, a phone or a plate.

Decides how long a search can be come back to. It stands in the memory of this process alone, under a random handle
that is the address; only the session that searched may read it, and it goes when the screen is locked or the person
logs out.
"""

from collections import OrderedDict

from carnet_node.core.desk_limits import SEARCHES_KEPT_MAX


class Searches:
    """The last searches of every session; beyond the bound the oldest one is forgotten."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[str, str]] = OrderedDict()

    def keep(self, session: str, handle: str, text: str) -> None:
        """Remember what a session searches for.

        Args:
            handle: random; it stands in the address.
        """
        self._kept[handle] = session, text
        while len(self._kept) > SEARCHES_KEPT_MAX:
            self._kept.popitem(last=False)

    def text_of(self, session: str, handle: str) -> str | None:
        """What was searched for; None when this session has not, or it is forgotten."""
        owner, text = self._kept.get(handle, ("", ""))
        return text if owner == session else None

    def forget(self, session: str) -> None:
        """Forget what a session has searched for."""
        for handle in [handle for handle, (owner, _) in self._kept.items() if owner == session]:
            del self._kept[handle]
