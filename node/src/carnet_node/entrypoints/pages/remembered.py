"""What a session has asked or read and no record holds, so that a page can show it again and no address says it.

Decides how long that is. It stands in the memory of this process alone; only the session that it belongs to may read
it, and it goes when the screen is locked or the person logs out. Each thing that is remembered has a store and a bound
of its own (`page.Pages`):

    searches    what was searched for, under a random handle that is the address: "back" shows the results again
    awaited     the VIN that the hub has shown of a car that was taken on, under the car, until its record comes
"""

from collections import OrderedDict


class Remembered:
    """Texts of every session, each under a name; beyond the bound the oldest one is forgotten.

    Args:
        kept_max: how many are kept, of all sessions.
    """

    def __init__(self, kept_max: int) -> None:
        self._kept_max = kept_max
        self._kept: OrderedDict[tuple[str, str], str] = OrderedDict()

    def keep(self, session: str, name: str, text: str) -> None:
        """Remember a text of a session; another session may have its own under the same name."""
        self._kept[session, name] = text
        while len(self._kept) > self._kept_max:
            self._kept.popitem(last=False)

    def text_of(self, session: str, name: str) -> str | None:
        """What a session has under a name; None when it has nothing there, or it is forgotten."""
        return self._kept.get((session, name))

    def forget(self, session: str) -> None:
        """Forget everything of a session."""
        for one in [one for one in self._kept if one[0] == session]:
            del self._kept[one]
