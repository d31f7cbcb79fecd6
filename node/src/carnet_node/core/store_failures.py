"""What can go wrong with the node's database, and with writing at all.

    NodeFailure
    ├── StoreBusy        another process of this node holds the lock; trying again is harmless
    ├── StoreBroken      the operator: file damaged, folder not writable, or an unsafe setting
    │   └── DiskFull     the operator: there is no room left
    ├── WritingStopped   the operator: another copy of this node has taken over
    └── Rejoining        this database was restored; its lost work has to come back first

Whatever is raised here, the transaction was rolled back: the database is as it was.
"""

from carnet_node.core.failures import NodeFailure


class StoreBusy(NodeFailure):
    """Another process kept the write lock longer than the time-out. Nothing was written; try again."""


class StoreBroken(NodeFailure):
    """The database cannot be used as it is. Nothing was written.

    Attributes:
        detail: what the database said, free of stored values.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class DiskFull(StoreBroken):
    """There is no room left on the disk. Nothing was written; it goes on as soon as there is room."""


class Rejoining(NodeFailure):
    """This database was restored and has not been joined to its past yet; nothing is written meanwhile."""


class WritingStopped(NodeFailure):
    """Another copy of this node has taken over; what this copy recorded is kept and can be handed over."""
