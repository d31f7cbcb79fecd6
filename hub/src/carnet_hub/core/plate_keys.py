"""Under which key a plate is found: a keyed hash of its number in one spelling.

Decides the spelling and the hash. A plate is personal, so whoever reads the table without the hub's secret can neither
read a number nor try one out. A temporary plate goes from car to car and has no key.
"""

import hmac
from typing import Final

from carnet_hub.core.ports import SecretBox
from carnet_master.cars import read_plate
from carnet_protocol.registry import Value

_DOMAIN: Final = b"carnet/plate/v1\x00"
_KEY_BYTES: Final = 16


def plate_key(box: SecretBox, plate_no: Value) -> bytes | None:
    """The key of a plate; None for no plate, or one that names no car.

    Args:
        plate_no: as typed, at most a code's length.
    """
    plate = read_plate(plate_no) if isinstance(plate_no, str) else None
    return None if plate is None else hmac.digest(box.blind_key, _DOMAIN + plate.encode(), "sha256")[:_KEY_BYTES]
