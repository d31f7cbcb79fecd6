"""Dealer sites: added, looked up, suspended and let in again, each by a change set of the hub.

Decides that a site code names one site, where it lies, and which steps of a site's status make sense. A city says in
which province it lies, so whoever states a city states both. Does not decide what a
suspension stops (admission and greeting ask for it at every request), nor who may use a node.
"""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from carnet_hub.core.failures import Unusable
from carnet_hub.core.hub import Hub
from carnet_hub.core.log.authoring import write_in
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
_CITY_CODE: Final = re.compile(r"[0-9]{4}(?:00)?", re.ASCII)
_PROVINCE_CODE: Final = re.compile(r"[0-9]{2}(?:0000)?", re.ASCII)
_PROVINCE_DIGITS: Final = 2
_CITY_DIGITS: Final = 4


@dataclass(frozen=True, slots=True)
class SitePlace:
    """Where a site lies.

    Attributes:
        province_code, city_code: of the national division table, two and four digits; may be empty.
    """

    province_code: str = ""
    city_code: str = ""
    city_name: str = ""

    @property
    def values(self) -> dict[str, Value]:
        """By field; none where nothing is stated."""
        stated = {"province_code": self.province_code, "city_code": self.city_code, "city_name": self.city_name}
        return {name: text or None for name, text in stated.items()}


@dataclass(frozen=True, slots=True)
class SiteDetails:
    """What an operator states about a new site.

    Attributes:
        site_kind: `service_centre`, `station` or `quick_repair`.
    """

    site_code: str
    site_name: str
    site_kind: str = "service_centre"
    place: SitePlace = SitePlace()


@dataclass(frozen=True, slots=True)
class Site:
    """A dealer site as the hub shows it."""

    dealer_id: DealerId
    site_code: str
    site_name: str
    site_kind: str
    province_code: str
    city_name: str
    status: str


def place_of(
    *, province: str, city: str, city_name: str, provinces: Collection[str], cities: Mapping[str, str]
) -> SitePlace:
    """Where a site lies, as somebody states it; the city says the province and has a name.

    Args:
        province: two digits of the national division table, or six that end in zeros; may be empty.
        city: four digits, or six that end in zeros; may be empty.
        city_name: as people write it; the table's when it is empty.
        provinces: two digits each.
        cities: names by four digits. The table may be older than a code, so one that it lacks needs a name.

    Raises:
        Unusable: a code is none, there is no such province, the city lies in another one, or nobody knows its name.
    """
    stated, inside = province.strip(), city.strip()
    if stated and (not _PROVINCE_CODE.fullmatch(stated) or stated[:_PROVINCE_DIGITS] not in provinces):
        raise Unusable(f"{stated[:CODE_CHARS_MAX]} is the code of no province.", "Give two digits, such as 33.")
    if inside and (not _CITY_CODE.fullmatch(inside) or inside[:_PROVINCE_DIGITS] not in provinces):
        raise Unusable(f"{inside[:CODE_CHARS_MAX]} is the code of no city.", "Give four digits, such as 3301.")
    if stated and inside and stated[:_PROVINCE_DIGITS] != inside[:_PROVINCE_DIGITS]:
        raise Unusable(f"The city {inside} does not lie in the province {stated}.", "Leave --province out.")
    named = city_name.strip() or cities.get(inside[:_CITY_DIGITS], "")
    if inside and not named:
        raise Unusable(f"The table of cities has no {inside}.", "Compare the code; if it is right, give --city-name.")
    return SitePlace((stated or inside)[:_PROVINCE_DIGITS], inside[:_CITY_DIGITS], named)


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
        **details.place.values,
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


def place_site(hub: Hub, site_code: str, place: SitePlace) -> Site:
    """State anew where a site lies, as a whole: a former city's name would be wrong beside another city.

    Raises:
        Unusable: no such site, or nothing was stated; nothing was stored.
    """
    code, kind = site_code_of(site_code), hub.registry["dealer_site"]
    if not any(place.values.values()):
        raise Unusable("Nothing was stated about where the site lies.", "Give --city, --city-name or --province.")
    with hub.store.write() as transaction:
        row, _ = _require(hub, transaction, code)
        registers = sorted({kind.register_of(name).number for name in place.values})
        heads = head_op_ids(unpack_entries(row.entries), registers)
        return _write(hub, transaction, code, Draft(kind, row.id, place.values, heads))


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
    fields = ("site_code", "site_name", "site_kind", "province_code", "city_name", "status")
    code, name, kind, province, city, status = (str(values.get(one) or "") for one in fields)
    return Site(DealerId(row.id), code, name, kind, province, city, status)
