"""Dealer sites: added, looked up, suspended and let in again, each by a change set of the hub.

Decides that a site code names one site, and which steps of a site's status make sense. Does not decide what a
suspension stops (admission and greeting ask for it at every request), nor who may use a node.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.authoring import write_in
from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.ports import Snapshot, Transaction
from carnet_hub.core.rows import RecordRow
from carnet_hub.core.shown import shown_records
from carnet_protocol.changeset import Draft
from carnet_protocol.errors import BadValue
from carnet_protocol.ids import RECORD_RANDOM_BYTES, DealerId, new_record_id
from carnet_protocol.limits import CODE_CHARS_MAX, NAME_CHARS_MAX
from carnet_protocol.registry import Value
from carnet_protocol.state import head_op_ids, unpack_entries

ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"
HUB_NAME: Final = "hub"
"""What stands in the place of a site code where the hub wrote something."""

_SITE_CODE: Final = re.compile(r"[A-Z0-9][A-Z0-9-]{0,15}", re.ASCII)
_STATUS_REGISTER: Final = 4


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What an operator states about a new site.

    Attributes:
        site_kind: `service_centre`, `station` or `quick_repair`.
        province_code, city_code: of the national division table; may be empty.
    """

    site_code: str
    site_name: str
    site_kind: str = "service_centre"
    province_code: str = ""
    city_code: str = ""
    city_name: str = ""


@dataclass(frozen=True, slots=True)
class Site:
    """A dealer site as the hub shows it."""

    dealer_id: DealerId
    site_code: str
    site_name: str
    site_kind: str
    city_name: str
    status: str


def add_site(hub: Hub, details: SiteDetails) -> Site:
    """Add a dealer site.

    The code stands in front of the site's order numbers, so there is one spelling of it: ASCII, upper case.

    Raises:
        Unusable: the code is taken or none, the name is missing or too long for a message, or a value is none the
            registry takes; nothing was stored.
    """
    code = site_code_of(details.site_code)
    name = details.site_name.strip()
    if not code or not name:
        raise Unusable("A site needs a code and a name.", "Give both.")
    if not _SITE_CODE.fullmatch(code):
        raise Unusable(
            f"{code[:CODE_CHARS_MAX]} is no site code.", "Use letters, digits and dashes, at most 16, such as HZ01."
        )
    if len(name) > NAME_CHARS_MAX:
        raise Unusable(f"The name of a site has at most {NAME_CHARS_MAX} characters.", "Give a shorter one.")
    values: dict[str, Value] = {
        "site_code": code,
        "site_name": name,
        "site_kind": details.site_kind,
        "province_code": details.province_code or None,
        "city_code": details.city_code or None,
        "city_name": details.city_name or None,
        "status": ACTIVE,
    }
    record = new_record_id(hub.clock.now_ms(), hub.entropy.random_bytes(RECORD_RANDOM_BYTES))
    with hub.store.write() as transaction:
        if _find(hub, transaction, code) is not None:
            raise Unusable(f"There is a site {code} already.", "Choose another code, or use the one that exists.")
        return _write(hub, transaction, code, Draft(hub.registry["dealer_site"], record, values))


def site_code_of(text: str) -> str:
    """A site code in its one spelling: half width, upper case, no spaces around it."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def list_sites(hub: Hub) -> list[Site]:
    """Every site, by code."""
    with hub.store.read() as snapshot:
        sites = [_site(row, values) for row, values in shown_records(hub.registry, snapshot, "dealer_site")]
    return sorted(sites, key=lambda site: site.site_code)


def author_names(hub: Hub) -> Mapping[bytes, str]:
    """Site code by dealer id, and `HUB_NAME` for the hub itself: whom people know an author as."""
    return {site.dealer_id: site.site_code for site in list_sites(hub)} | {hub.hub_id: HUB_NAME}


def require_site(hub: Hub, site_code: str) -> Site:
    """The site with a code.

    Raises:
        Unusable: there is none.
    """
    with hub.store.read() as snapshot:
        return _site(*_require(hub, snapshot, site_code_of(site_code)))


def suspend_site(hub: Hub, site_code: str) -> Site:
    """Stop taking anything from a site's nodes; what they record is kept there.

    Raises:
        Unusable: no such site, or suspended already.
    """
    return _change_status(hub, site_code, SUSPENDED)


def resume_site(hub: Hub, site_code: str) -> Site:
    """Take a suspended site's work again.

    Raises:
        Unusable: no such site, or active already.
    """
    return _change_status(hub, site_code, ACTIVE)


def _change_status(hub: Hub, site_code: str, status: str) -> Site:
    code = site_code_of(site_code)
    with hub.store.write() as transaction:
        row, values = _require(hub, transaction, code)
        if values.get("status") == status:
            raise Unusable(f"{code} is {status} already.", "Nothing is left to do.")
        heads = head_op_ids(unpack_entries(row.entries), [_STATUS_REGISTER])
        return _write(hub, transaction, code, Draft(hub.registry["dealer_site"], row.id, {"status": status}, heads))


def _write(hub: Hub, transaction: Transaction, site_code: str, draft: Draft) -> Site:
    try:
        write_in(hub, transaction, [draft])
    except BadValue as refusal:
        raise Unusable(f"{refusal.field} cannot be used: {refusal.detail}.", "Correct it and try again.") from refusal
    return _site(*_require(hub, transaction, site_code))


def _require(hub: Hub, snapshot: Snapshot, site_code: str) -> tuple[RecordRow, Mapping[str, Value]]:
    found = _find(hub, snapshot, site_code)
    if found is None:
        raise Unusable(f"There is no site {site_code[:CODE_CHARS_MAX]}.", "Look it up with `dealers list`.")
    return found


def _find(hub: Hub, snapshot: Snapshot, site_code: str) -> tuple[RecordRow, Mapping[str, Value]] | None:
    """The record of a code."""
    found = [
        (row, values)
        for row, values in shown_records(hub.registry, snapshot, "dealer_site")
        if values.get("site_code") == site_code
    ]
    return min(found, key=lambda one: one[0].id, default=None)


def _site(row: RecordRow, values: Mapping[str, Value]) -> Site:
    code, name, kind, city, status = (
        str(values.get(one) or "") for one in ("site_code", "site_name", "site_kind", "city_name", "status")
    )
    return Site(DealerId(row.id), code, name, kind, city, status)
