"""Every bound of the wire format, in one place.

Decides how large, how many and how deep anything may be before work is spent on it. A bound is part of the protocol:
raising one is a schema change, because an older peer refuses what a newer one would send.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

SET_BYTES_MAX: Final = 256 * 1024
"""One change set with its opening: a visit is about 2 KiB, an import batch about 60 KiB."""

OPS_PER_SET_MAX: Final = 500
"""Ops in one change set. The op index has 2 bytes, so the hard ceiling would be 65,536."""

TEXT_BYTES_MAX: Final = 4 * 1024
"""UTF-8 bytes of one text value: a long complaint is under 1 KiB."""

CBOR_DEPTH_MAX: Final = 8
"""Nested containers in any message; the deepest valid message, a feed page, uses 7."""

FIELDS_PER_OP_MAX: Final = 64
"""Fields in one op; the widest kind declares fewer than half of that."""

BASED_ON_PER_OP_MAX: Final = 256
"""Op ids in one `based_on`: 32 heads in each of 8 registers of one form."""

HEADS_PER_REGISTER_MAX: Final = 32
"""Concurrent values of one register, and concurrent deletes of one record; the next one parks."""

INT_VALUE_MIN: Final = -(2**63)
INT_VALUE_MAX: Final = 2**63 - 1
"""Integers fit a signed 64-bit column of SQLite and PostgreSQL."""

CODE_CHARS_MAX: Final = 64
"""Characters of a code, a plate, an op code, a part number."""

NAME_CHARS_MAX: Final = 200
"""Characters of a name inside a message: a machine, a site, a program."""

REASON_CHARS_MAX: Final = 40
"""Characters of a reason code; the longest of today has 18."""

CHALLENGE_BYTES_MAX: Final = 64
"""A hub's nonce for a hello; that of our hub has 40."""

TOKEN_BYTES_MAX: Final = 128
"""A session token; only the hub that made it looks inside."""

BATCH_BYTES_MAX: Final = 1024 * 1024
"""Inflated bytes of one push batch or feed page. Halved by the sender after a time-out."""

BATCH_SETS_MAX: Final = 500
"""Change sets in one push batch."""

EPOCHS_MAX: Final = 64
"""Epochs of one node, or of the hub, that a hello states: every restore opens one, and few machines see ten."""

MESSAGE_BYTES_MAX: Final = 2 * 1024 * 1024
"""Inflated bytes of any one signed message: a batch, and its framing with room to spare."""

PAGE_ROWS_MAX: Final = 1000
"""Base rows of one feed page."""

PAGE_OUTCOMES_MAX: Final = 2000
"""Outcomes of a node's own sets in one feed page; rows travel only when none was left out."""

BUNDLE_BYTES_MAX: Final = 64 * 1024 * 1024
"""One bundle file for a USB stick."""

BUNDLE_PARTS_MAX: Final = 4096
"""Parts of one bundle file."""

PART_KIND_CHARS_MAX: Final = 20
"""Characters of the kind of a part."""

MANIFEST_BYTES_MAX: Final = 512 * 1024
"""The signed manifest of a bundle: 4,096 parts take less than half."""

SEGMENT_BYTES_MAX: Final = 64 * 1024 * 1024
"""One recall segment file: 30 million dense members, or 10 million sparse ones."""

SEGMENT_MEMBERS_MAX: Final = 20_000_000
"""Member VINs of one segment; the largest single campaign known had 23 million vehicles worldwide, and may be split."""

LIST_SEGMENTS_MAX: Final = 128
"""Segments of one recall list, of a million vehicles each."""

LIST_STEPS_MAX: Final = 16
"""Steps of one trail: each stands for twice as much as the next, so ten cover a thousand days."""

LIST_STATES_MAX: Final = 64
"""States of a list from which a trail leads on: two months of days; whoever was away for longer fetches the list."""

LISTS_MAX: Final = 30_000
"""Recall lists at one hub: three each of ten thousand campaigns, of which the whole of China files 240 a year."""

RECALL_MANIFEST_BYTES_MAX: Final = 16 * 1024 * 1024
"""The signed manifest of all recall lists: 500 bytes for each of the most there may be."""

HELD_LISTS_MAX: Final = LISTS_MAX
"""Recall lists that a bundle says its sender holds; one that is not named comes once more."""

RECALL_STALE_AFTER_MS: Final = 7 * 24 * 3600 * 1000
"""Recall data older than this answers "unknown" instead of "clear", unless the settings of a node say otherwise."""

CLOCK_OFFSET_ALARM_MS: Final = 10 * 60 * 1000
"""A clock further off than this is reported (never refused: clocks decide nothing but a tie)."""

INVITE_TTL_MS: Final = 72 * 3600 * 1000
"""A one-time enrolment code lives 72 hours."""

INVITE_TRIES_MAX: Final = 5
"""Wrong proofs accepted for one invitation before it is void."""

CHALLENGE_TTL_MS: Final = 120 * 1000
"""A hub nonce for a hello is good for 2 minutes, across workers."""

SOUGHT_CHARS_MAX: Final = 64
"""A VIN, plate or telephone number as somebody typed it, with spaces and dashes."""

LOOK_UP_CARS_MAX: Final = 20
"""Cars that one look-up answers with: more than a household has; whoever finds more names the car by another number."""

LOOK_UP_ROWS_MAX: Final = 400
"""Records of one car in an answer: twenty visits with their work; the whole history comes when the car is taken on."""

ADOPTION_MS: Final = 30 * 24 * 3600 * 1000
"""A car that was taken on without a visit is followed for a month: a traveller's breakdown with the way home, or a
telephone call and the visit that comes of it. The hub ends it; a node says until when."""

TOKEN_TTL_MS: Final = 15 * 60 * 1000
"""A session token lives 15 minutes; a new hello yields a new one."""

CAMPAIGN_ITEMS_MAX: Final = 16
"""Parts of one campaign on one car: airbag recalls have two; a list of more is several campaigns."""

ITEM_BITS_MAX: Final = 2**CAMPAIGN_ITEMS_MAX - 1
"""All items of a campaign as bits, the first one lowest."""

EVIDENCE_BITS_MAX: Final = 255
"""Kinds of evidence that a campaign may ask for, as bits; `remedy` knows five of them."""

UNREACHABLE_TRIES_MAX: Final = 20
"""Attempts that a campaign may ask for before an owner counts as unreachable; more than that is never giving up."""
