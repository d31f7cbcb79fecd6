"""The kinds around the people who work at a dealer site: who they are, and which of them did what.

Decides what of staff is shared between the machines of one site, and nothing leaves the site's own feed: no other site
receives these kinds. How somebody proves who they are (passwords, sessions) is no record at all and never syncs.

A staff action stands in the same change set as the ops it explains, under an id derived from that set's nonce: whoever
holds a write can look up who did it. A customer belongs to the site, never to a person, so no other kind names staff.
"""

from typing import Final

from carnet_protocol.kinds.fields import code, group, instant, one, personal, reference, retracted, text
from carnet_protocol.registry import Audience, ErasureGroup, Kind, Register, Resolver, Writer

STAFF_ROLES: Final = ("advisor", "claims_clerk", "care_clerk", "manager", "administrator")
STAFF_STATES: Final = ("active", "left")

STAFF: Final = Kind(
    22,
    "staff",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        one(0, code("staff_no"), Resolver.ONCE),
        personal(1, "full_name", ErasureGroup.IDENTITY, text("full_name")),
        one(2, code("role", *STAFF_ROLES)),
        Register(3, "state", (code("state", *STAFF_STATES),), Resolver.RESTRICTIVE),
    ),
)

STAFF_ACTION: Final = Kind(
    23,
    "staff_action",
    Writer.OWNER_SITE,
    Audience.OWNER_SITE,
    (
        group(
            0,
            "action",
            reference("staff_id", "staff"),
            code("action"),
            instant("done_at"),
            resolver=Resolver.ONCE,
        ),
        retracted(1),
    ),
    parent="staff_id",
    is_fact=True,
)
