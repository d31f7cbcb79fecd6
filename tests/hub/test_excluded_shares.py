"""The shares of days after an exclusion: reading on and reading afresh come to the same."""

from carnet_hub.core.limits import SHARED_HISTORIES_PER_DAY_MAX
from carnet_hub.core.log.rebuild import exclude_sets
from carnet_hub.core.sets.assigning import DAY_MS
from carnet_protocol.ids import vehicle_id
from carnet_protocol.kinds import REGISTRY
from support.authors import MadeSet, SiteAuthor, draft_of
from support.hub_world import HubWorld, visit
from support.protocol import record

VISIT = REGISTRY["visit"].number
LAST = SHARED_HISTORIES_PER_DAY_MAX


def test_a_history_that_an_exclusion_makes_room_for_is_sent(world: HubWorld):
    """A thief had used up the day; without its sets the site's own visit opens a history that was put off."""
    other, site, thief = world.site("b"), world.site("a"), world.site("thief", "a")
    cars = _known_cars(world, other)
    stolen = _visits(world, thief, cars[:LAST])
    _visits(world, site, cars[LAST:])
    held, cursor = _read_on(world, site, {}, 0)

    exclude_sets(world.hub, [one.nonce for one in stolen], note="a stolen key")

    read_on, _ = _read_on(world, site, held, cursor)
    assert (_theirs(cars[LAST]) in held, _theirs(cars[LAST]) in read_on) == (False, True)
    assert read_on == _read_on(world, site, {}, 0)[0]


def test_a_history_that_an_exclusion_puts_off_is_taken_away(world: HubWorld):
    """A thief's visit had opened a history the day before; without it that one counts today, and there is no room."""
    other, site, thief = world.site("b"), world.site("a"), world.site("thief", "a")
    cars = _known_cars(world, other)
    stolen = _visits(world, thief, cars[:1])
    world.clock.ms += DAY_MS
    _visits(world, site, cars)
    held, cursor = _read_on(world, site, {}, 0)

    exclude_sets(world.hub, [one.nonce for one in stolen], note="a stolen key")

    read_on, _ = _read_on(world, site, held, cursor)
    assert (_theirs(cars[LAST]) in held, _theirs(cars[LAST]) in read_on) == (True, False)
    assert read_on == _read_on(world, site, {}, 0)[0]


def _theirs(car: bytes) -> tuple[int, bytes]:
    """The other site's visit of a car."""
    return VISIT, record(f"b {car.hex()}")


def _known_cars(world: HubWorld, author: SiteAuthor) -> list[bytes]:
    """One car more than a day's share, each with a visit at another site."""
    cars: list[bytes] = [vehicle_id(f"LSVAB2C34RA{number:06}") for number in range(LAST + 1)]
    for at in range(0, len(cars), 200):
        some = cars[at : at + 200]
        drafts = [draft_of("vehicle", one, {"color": "red"}) for one in some]
        world.push_one(author.write(*drafts, *(visit(f"b {one.hex()}", vehicle_id=one) for one in some)))
    return cars


def _visits(world: HubWorld, author: SiteAuthor, cars: list[bytes]) -> list[MadeSet]:
    """A visit of each car at a site, in order."""
    made = []
    for at in range(0, len(cars), 400):
        some = cars[at : at + 400]
        made.append(author.write(*(visit(f"{author.name} {one.hex()}", vehicle_id=one) for one in some)))
        world.push_one(made[-1])
    return made


def _read_on(
    world: HubWorld, site: SiteAuthor, held: dict[tuple[int, bytes], None], cursor: int
) -> tuple[dict[tuple[int, bytes], None], int]:
    """What a site holds once it has read on from a cursor, as far as anything is left of it; and its cursor then."""
    found = dict(held)
    while True:
        page = world.page(site, cursor=cursor)
        for row in page.rows:
            if row.is_evicted or not row.entries:
                found.pop((row.kind, row.record), None)
            else:
                found[row.kind, row.record] = None
        cursor = page.cursor_to
        if page.is_last:
            return found, cursor
