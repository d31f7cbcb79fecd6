"""Bounds of what is shown to regulators and to the public; those of the hub itself stand in `limits`.

Decides how much one token, one address or one answer may take. Units stand last in each name.
"""

from typing import Final

SECRET_BYTES: Final = 32
"""Of a token: nobody guesses it, so a plain hash of it is enough to keep."""

TOKENS_MAX: Final = 500
"""Tokens that stand, revoked ones among them: an authority has a dozen people, a hub some authorities."""

TOKEN_DAYS: Final = 90
TOKEN_DAYS_MAX: Final = 400
"""Days that a token lives unless the operator says otherwise, and at most: about a year, then somebody looks again."""

NETWORKS_MAX: Final = 32
CAMPAIGNS_NAMED_MAX: Final = 200
"""Networks and campaigns that one token may name."""

TOKEN_CHARS_MAX: Final = 128
"""A token as somebody sends it; ours has 59 characters."""

ASKED_PER_MINUTE: Final = 120
ASKED_AT_ONCE: Final = 60
"""Requests of one token: two a second are a program that follows the changes; a page of the site is three."""

STRANGERS_PER_MINUTE: Final = 20
STRANGERS_AT_ONCE: Final = 20
"""Refused requests of one address, and of one revoked token from wherever it comes, before they are told to wait: a
mistyped token is tried some times, not hundreds, and a leaked one writes 30,000 lines a day at most."""

PUBLIC_PER_MINUTE: Final = 10
PUBLIC_AT_ONCE: Final = 10
"""Public checks of one address: a family has two cars; a list of numbers is no family."""

PUBLIC_ALL_PER_MINUTE: Final = 600
PUBLIC_ALL_AT_ONCE: Final = 300
"""Public checks of everybody together: an announcement on television, and still no load that dealers feel."""

PACES_KEPT_MAX: Final = 10_000
"""Callers whose pace is remembered; beyond that, those are forgotten first who were seen longest ago."""

SESSION_TTL_MS: Final = 30 * 60 * 1000
"""How long a log-in to the site lasts."""

FORM_BYTES_MAX: Final = 4 * 1024
"""A form of the site, and a question about one vehicle."""

VIN_CHARS_TYPED_MAX: Final = 64
"""Characters of a typed vehicle number, with spaces and dashes."""

CHANGES_ENTRIES_MAX: Final = 2_000
"""Log entries that one page of changes looks through."""

CHANGES_MAX: Final = 1_000
"""Changes on one page; an entry is never cut in two, so a page may hold one entry's more."""

PUBLISHED_MAX: Final = 2_000
"""Reports that lie ready to be downloaded."""

NAMED_VINS_MAX: Final = 500
"""Vehicles of one named export: a case, not a country."""

NAMED_OPEN_MAX: Final = 100
"""Named exports that wait to be released or read."""

NAMED_TTL_MS: Final = 72 * 3600 * 1000
"""How long a request waits for its release, and a released one to be read: a weekend and a day."""

NAMED_BYTES_MAX: Final = 32 * 1024
"""A request for a named export: its vehicles and some words."""

NAMED_ROOM_BYTES: Final = 2 * 1024 * 1024
"""Room that the command line takes on the disk before it reads a named export: four kilobytes a vehicle."""

CASE_CHARS_MAX: Final = 64
"""Characters of the number of a case."""

LEDGER_ROWS_MAX: Final = 100_000
"""Accesses in one list; a day names the rest."""

PROBLEM_WAIT_S_MAX: Final = 60
"""The longest wait that a refusal for haste asks for: by then a bucket of every size has room."""
