"""Whether the keys beside a hub's database are the ones its log was begun with.

Decides that a hub with another key does not start: it would sign receipts that no node believes, and entries that its
own log could not verify. Reads the hub's own `hub_key` records; a purpose without a record was never stated and is not
compared.
"""

from collections.abc import Mapping

from carnet_hub.core.ports import Snapshot
from carnet_hub.core.shown import shown_values
from carnet_protocol.kinds import HUB_KEY
from carnet_protocol.registry import Registry


def foreign_keys(snapshot: Snapshot, registry: Registry, keys: Mapping[str, bytes]) -> list[str]:
    """The purposes for which another key was stated than the one that lies here.

    Args:
        keys: public keys by purpose (`sign`, `exchange`, `export`), raw 32 bytes each.
    """
    stated: dict[str, set[object]] = {}
    for row in snapshot.records_of_kind(HUB_KEY.number):
        values = shown_values(registry, row)
        if values.get("status") == "active":
            stated.setdefault(str(values.get("purpose")), set()).add(values.get("public_key"))
    return [purpose for purpose, key in keys.items() if purpose in stated and key not in stated[purpose]]
