"""What a store can say beyond being busy or broken (`ports`): that there is no room left for it.

Told apart because the operator's next step is another one, and because nothing has to be looked at afterwards: the
transaction left nothing behind, nodes keep what they have not had a receipt for and send it again.
"""

from carnet_hub.core.ports import StoreError


class StoreFull(StoreError):
    """There is no room left on the database's disk."""

    def __init__(self) -> None:
        super().__init__(
            "The disk of the hub's database is full.",
            "Make room on it. The hub goes on by itself, and nodes send again what had no receipt.",
        )
