"""Bounds of the hub itself; those of the wire format stand in `carnet_protocol.limits`.

Decides how much one transaction, one page or one node may take. Raising one changes no bytes that travel.
Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

from carnet_protocol.limits import BUNDLE_BYTES_MAX, MESSAGE_BYTES_MAX
from carnet_protocol.reach import TRIES_DEFAULT
from carnet_storage.core.sheets import SheetBounds

GROUP_SETS_MAX: Final = 64
"""Change sets in one transaction: group commit saves fsyncs, and the lock is held for well under a second."""

GROUP_OPS_MAX: Final = 4_000
"""Ops in one transaction, for the same reason."""

RELEASES_PER_GROUP_MAX: Final = 500
"""Parked sets that one transaction sets free; the next transaction goes on with the rest."""

JUDGED_AGAIN_MAX: Final = 10_000
"""Parked sets that wait for no op and are judged again at the start of the hub: some seconds at most."""

FORGOTTEN_EVERY_S: Final = 600.0
"""Seconds between two looks for parked sets that a process left behind when it died, and for files to scrub."""

SCHEMA_BEHIND_MAX: Final = 3
"""The hub reads change sets of the last three registry versions (design section 5)."""

SCHEMA_AHEAD_MAX: Final = 3
"""A newer node may send fields this hub only passes on; beyond three versions nobody has tried it."""

ASSIGNMENT_TTL_MS: Final = 3 * 365 * 24 * 3600 * 1000
"""A site sees a vehicle for three years after it last worked on it: longer than the usual service interval."""

ASSIGNMENT_RENEWAL_MS: Final = 30 * 24 * 3600 * 1000
"""An assignment is written anew only when that adds a month, so that everyday work writes none."""

SHARED_HISTORIES_PER_DAY_MAX: Final = 1_000
"""Histories that other sites had begun and that open to one site on one day: five times the busiest workshop's visits.
A car nobody else has written about costs nothing, so that a first import of 20,000 cars works."""

ADOPTION_RENEWAL_MS: Final = 24 * 3600 * 1000
"""Taking a car on again counts when it adds a day."""

LOOK_UPS_PER_MINUTE_MAX: Final = 20
LOOK_UPS_PER_DAY_MAX: Final = 400
"""Look-ups of one site: a desk looks up a car in a few seconds, and a workshop that meets 200 cars a day meets few that
others have begun."""

LOOK_UPS_UNUSUAL_PER_DAY: Final = 100
"""Look-ups of one site within 24 hours at which an alarm is given: half of the busiest workshop's visits."""

LOOK_UP_BYTES_MAX: Final = 1024 * 1024
"""Records in one answer, before it is signed."""

LOOK_UP_HOLDERS_MAX: Final = 100
"""Customers that stand under one telephone number and are looked at; a taxi firm's number finds nobody."""

LOOK_UP_PLATES_MAX: Final = 100
"""Records of one plate at which nobody is found by it: each site that met the car has its own, and former cars wore it
too. A plate that stands in so many was typed in place of one that nobody knew."""

LOOK_UPS_LISTED_MAX: Final = 100_000
"""Look-ups in one list; a day or a site names the rest."""

EXPIRIES_PER_ENTRY_MAX: Final = 100
"""Expired assignments that one log entry takes away; the next entry goes on with the rest."""

EVIDENCE_PER_NODE_MAX: Final = 200
"""Bodies of forks and reused nonces kept per node; a broken node must not fill the disk."""

LOST_SETS_BYTES_MAX: Final = 1024 * 1024
"""Own sets that a node gets back in one hello; it says hello again for the rest."""

LOST_SETS_MAX: Final = 500
"""The same bound as a push batch."""

RECORD_BYTES_MAX: Final = 512 * 1024
"""State of one record; a set that would exceed it parks, or a page could not carry the record."""

SETTLED_PER_ROW_MAX: Final = 200
"""Settled overruled values that travel with one record, newest first; the hub keeps all."""

PAGE_HUB_SETS_MAX: Final = 200
"""The hub's own sets in one page."""

PLACES_PER_POSITION_BITS: Final = 20
"""A place in a feed is a log position followed by 20 bits that number the records it touched (about a million)."""

GOLDEN_ROW_BYTES: Final = 10 * 1024
"""What a golden record counts on a page: its ids fill up to 8 KiB, its values seldom more than one."""

CANDIDATES_MAX: Final = 500
"""Customers that one arriving customer is compared with, those that share most keys first; most meet four."""

PARTIES_PER_LOOK_UP: Final = 32
"""Arriving customers whose keys are looked up together; a set of a day's work holds as many."""

KEY_ROWS_MAX: Final = 4_096
"""Rows that one look-up by many keys brings. Some hundred ordinary keys have half as many; a look-up that is cut off
holds a generic one among them, and each key is asked for by itself."""

QUEUE_PAIRS_MAX: Final = 10_000
"""Proposals that are grouped for one list: more than a steward decides in a month."""

STEWARD_CHARS_MAX: Final = 32
"""Characters of a steward's code, and of the code of a reason: they stand in the log for ever, and are no names."""

LIST_ROWS_MAX: Final = 1_000
"""Rows of one operator's list; the next call continues behind the last."""

TEXT_CHARS_MAX: Final = 500
"""Characters of a reason an operator gives."""

LOG_CHARS_MAX: Final = 400
"""Characters of one text in a log line: what happened, never a document."""

LOG_DEPTH_MAX: Final = 5
"""Levels of lists and mappings in a log line; what lies deeper is left out unread."""

LOG_FRAMES_MAX: Final = 10
"""Places that an exception in the log names, the last it came through: our own code and two layers below it."""

MARK_EVERY_MS: Final = 1_000
"""How often the mark of what was told is written while nodes say hello: one flush to the disk a second."""

POSITION_MAX: Final = 2**53
"""Largest position or cursor in a request: every JSON reader holds it exactly."""

RETRY_AFTER_S: Final = 5
"""When a busy hub asks to be asked again: by then the lock has been free more than once."""

WAIT_S_MAX: Final = 30
"""The longest poll: below the idle time-out of common proxies."""

LOOK_EVERY_MS: Final = 250
"""Between two looks at the end of the log, for all waiting nodes together; nobody notices a quarter of a second."""

TOKEN_CHARS_MAX: Final = 256
"""A token in an authorisation header; ours is less than half as long."""

COMPRESSED_FROM_BYTES: Final = 1024
"""Below this a compressed answer saves no packet."""

KEEP_ALIVE_S: Final = 10
"""How long a connection without a request is kept open for the next one."""

STOP_S: Final = 20
"""How long requests in flight may take after a stop: every one is answered in less, but for polls, which end."""

CONNECTIONS_MAX: Final = 4_000
"""Connections of one worker, most of them long polls; above that a node is told to come back."""

COUNT_TTL_MS: Final = 60 * 1000
"""A total that is a minute old still is the total at its stated position."""

COUNTS_KEPT_MAX: Final = 256
"""Campaigns whose totals are kept; beyond that the oldest are counted again."""

SIGNAL_PER_DAY: Final = 30
"""Recall completions of one dealer on one day from which the day is listed: a workshop has some ten lifts."""

WORK_FROM_HOUR: Final = 7
WORK_TO_HOUR: Final = 21
"""Hours of the day, legal time, within which workshops work; 4S stores open from about 8:00 to 18:00."""

SIGNAL_OUTSIDE_HOURS: Final = 5
"""Completions outside these hours from which a dealer is listed."""

SIGNAL_TWO_DEALERS_MINUTES: Final = 6 * 60
"""Completions of one car by two dealers this close together or closer are listed."""

SIGNAL_PHOTO_CARS: Final = 2
"""Cars with the same photo from which the photo is listed."""

PROGRESS_EVERY_ITEMS: Final = 1_000
"""Items between two movements of a bar, so that drawing it does not slow the work."""

CAMPAIGN_TEXT_BYTES_MAX: Final = 1024 * 1024
"""The texts of one campaign."""

CAMPAIGN_LIST_BYTES_MAX: Final = 1024 * 1024 * 1024
"""The list of one campaign: `MEMBERS_MAX` lines of 50 bytes."""

MEMBERS_MAX: Final = 20_000_000
"""Lines of one list. The largest campaign known had 23 million vehicles worldwide; a national list is smaller."""

SEGMENT_MEMBERS_TARGET: Final = 1_000_000
"""Vehicles in one segment before the list is cut: about 1 MB each, what a bad line carries in a minute."""

SEGMENTS_MAX: Final = 128
"""Their hashes fill one field of 4 KiB."""

TRAIL_BYTES_MIN: Final = 16 * 1024
"""A trail of this size is kept however small its list is: four seconds of a bad line."""

LISTS_EVERY_MS: Final = 24 * 3600 * 1000
"""How old the lists of remedied and removed cars may be before they are made anew: notices are planned by days."""

LISTS_WAIT_S: Final = 600
"""How long a command waits for another process that makes lists: those of 2,000,000 vehicles take a minute or two."""

FAULTY_LINES_SHOWN_MAX: Final = 100
"""Faulty lines that are kept word for word; the rest is counted."""

LIST_LINE_CHARS_MAX: Final = 4096
"""One line of a list; a longer one is no line of VINs."""

FAULTS_MAX: Final = 100
"""Faults that a report names; the rest is counted."""

LOG_BATCH_ENTRIES: Final = 200
"""Log entries read, folded or checked at a time: about what a group commit holds."""

DIFFERENCES_MAX: Final = 100
"""Differences that a report names; the rest is counted."""

UNREACHABLE_TRIES: Final = TRIES_DEFAULT
"""Attempts to reach an owner since the last contact, after which a car counts as unreachable; any contact undoes it.
A campaign may name another number."""

CONTACT_FRESH_DAYS: Final = 365
CONTACT_OLD_DAYS: Final = 3 * 365
"""A telephone or address confirmed within a year is trusted; one of more than three years hardly: people move."""

NOTICES_BATCH: Final = 500
"""Vehicles whose owners are looked up together: their records lie open in memory meanwhile."""

LETTERS_PER_FILE: Final = 500
"""Letters in one file for the printer: about 2 MB, which every browser prints."""

SMS_SEGMENTS_MAX: Final = 4
"""Parts of one text message; telephones drop long ones, and each part is paid for."""

CONTACTS_PER_SET: Final = 400
"""Attempts that are written down in one change set."""

COUNTED_VEHICLES_BATCH: Final = 2_000
"""Vehicles looked up at a time while a campaign is counted."""

PAST_RECORDS_BATCH: Final = 500
"""Records that are folded again together for an earlier log position: their change sets lie in memory meanwhile."""

RETENTION_BATCH: Final = 500
"""Customers whose terms are worked out together: a handful of look-ups for all of them."""

PURGED_PERSONS_BATCH: Final = 100
"""Customers that one transaction of a purge takes: some hundred records, and the lock is free again in a moment."""

BUNDLE_PAGES_MAX: Final = 1_000
"""Pages in one bundle; a node that lacks more asks again with its new cursor."""

REQUEST_BYTES_MAX: Final = 16 * 1024
"""An enrolment request or a hello; both are well under 1 KiB."""

SILENT_AFTER_MS: Final = 24 * 3600 * 1000
"""A node that has not said hello for a day is silent: one that is open does many times a day."""

STUCK_AFTER_MS: Final = 24 * 3600 * 1000
"""Work that a talking node could not deliver for a day is stuck."""

ZSTD_WINDOW_BYTES_MAX: Final = 8 * 1024 * 1024
"""Memory a frame may ask for; zstd levels up to 19 stay below it. A larger window is a way to exhaust memory."""

ZSTD_PIECE_BYTES: Final = 256
"""Compressed bytes inflated at once: at most 64 blocks of 128 KiB come out, so 8 MiB above the bound are the worst
case."""

BUSY_MS: Final = 15_000
"""How long a writer waits for the lock before it says so."""

EXPORT_CHUNK_BYTES: Final = 1024 * 1024
"""An export is read and hashed in pieces of this size."""

MANIFEST_BYTES_MAX: Final = 64 * 1024
"""A manifest names at most some dozens of files."""

PLAN_BYTES_MAX: Final = 1024 * 1024
"""An imported plan without its members, which lie in segments."""

MARK_BYTES_MAX: Final = 16_384
"""The mark beside the keys; it has about a hundred, and as many for each restore of the hub, of which 64 are kept."""

CONNECTIONS_KEPT: Final = 8
CONNECTIONS_MORE: Final = 56
"""Kept open, and opened beyond that while many requests are answered at once: more than a server has threads for."""

FETCH_ROWS: Final = 1_000
"""Rows taken from the driver at a time while a whole table is walked."""

EXPORT_KEY_BYTES_MAX: Final = 16 * 1024
"""A public key in PEM, which has about a hundred bytes."""

POSITION_DIGITS_MAX: Final = 16
"""Digits of a log position that somebody types: `POSITION_MAX` has as many."""

BUNDLE_PAGES_BYTES_MAX: Final = BUNDLE_BYTES_MAX // 2
"""Pages of one bundle; the other half is left for answers and segments."""

EXCLUDED_PAGE_BYTES_MAX: Final = MESSAGE_BYTES_MAX // 2
"""Sets on one page of excluded work, before it is signed and packed."""

BUNDLE_FILE_BYTES_MAX: Final = BUNDLE_BYTES_MAX + 1024 * 1024
"""A bundle file: its content and what encryption adds."""

NEWER_EPOCHS_MAX: Final = 4
NEWER_COPIES_TRIED_MAX: Final = 4
"""Epochs whose copies are read for later orders at a restore; copies of one epoch that are tried until one opens."""

TERM_UNITS_MAX: Final = 10_000
"""Days or months in a term: no law sets a longer one."""

LAW_FILE_BYTES_MAX: Final = 256 * 1024
"""A calendar or a file of duties: a year has about 300 bytes, a duty as many."""

REPEATED_DUTIES_MAX: Final = 400
"""Times that one duty comes back: a hundred years of quarters."""

LIST_PIECE_CHARS: Final = 64 * 1024
"""Read of a list at a time when it has no line break; a longer line is no vehicle."""

SHEET_BOUNDS: Final = SheetBounds(256 * 1024 * 1024, 2 * 1024 * 1024 * 1024, 40_000_000, 100)
"""A workbook of members: 20 million vehicles on twenty sheets, beside some columns of remarks."""

WITHDRAWN_MAX: Final = 1_000_000
"""Members that one plan takes back with reasons."""

PROFILE_ITEMS_MAX: Final = 500
"""Items of a report profile: ten times the longest list known."""

REPORT_SITES_MAX: Final = 200
"""Sites and days that a report shows as a table to people; its files hold all of them."""

PLOT_POINTS_MAX: Final = 400
"""Points of one plotted line: more than a screen has room for."""

STATED_COUNT_MAX: Final = 999_999_999
"""A count that somebody states: nine digits, the widest field of NHTSA's files."""

STATED_BYTES_MAX: Final = 64 * 1024
"""A file with what nobody can derive: some dozens of short values."""

CITED_BATCH: Final = 1_000
"""Completions whose log entries are looked up together while a report is written."""

REPORT_BYTES_MAX: Final = 4 * 1024 * 1024
"""The values of one report, without its rows: items, what it cites, what it restates."""

REMIND_SOON_DAYS: Final = 7
REMIND_DAYS: Final = 30
"""Days before the last one at which a report is due soon, and at which it is worth beginning."""

DAY_MOMENT_MS_MAX: Final = 4_102_444_800_000
"""Milliseconds of 2100-01-01: a clock beyond it still has a day in a report, as it has at a node. Chosen by us."""
