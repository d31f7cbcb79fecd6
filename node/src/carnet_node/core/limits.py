"""Every bound of the node that is not part of the wire format.

Decides how much one look-up may return, how long things may wait and what counts as implausible. A bound here may
change with a release without a peer noticing; those of the wire stand in `carnet_protocol.limits`.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from carnet_protocol.limits import BUNDLE_BYTES_MAX

BUSY_TIMEOUT_MS: Final = 5_000
"""How long a writer waits for another process of the node. Chosen by us: a page of 1,000 rows takes under a second."""

CHILDREN_MAX: Final = 2_000
"""Records of one kind that belong to one record: a taxi has about 500 visits in its life."""

FIND_ROWS_MAX: Final = 50
"""Hits of one look-up in the search box; a person who sees fifty types one more character."""

FIND_TEXT_CHARS_MAX: Final = 64
"""Characters of a search text that are looked at."""

LIST_ROWS_MAX: Final = 500
"""Rows of one page of a list."""

ODOMETER_KM_PER_DAY_MAX: Final = 2_500
"""More than this between two readings is flagged: two drivers at 105 km/h around the clock. Chosen by us."""

ODOMETER_OFTEN_KM_PER_DAY_MAX: Final = 500
"""Cars that go further day by day are rare: a taxi of two shifts. A number ten times the last one is asked about beyond
it. Chosen by us."""

LINE_HOURS_MAX: Final = 1_000
"""Hours of one labour line: half a year of one person, more than any repair takes. Chosen by us."""

LINE_PIECES_MAX: Final = 10_000
"""Pieces or litres of one part line; more is a delivery to a store room. Chosen by us."""

RO_NUMBER_MAX: Final = 9_999
"""Repair orders one node can number on one day."""

PHONE_DIGITS_MIN: Final = 7
PHONE_DIGITS_MAX: Final = 15
"""Digits of a telephone number. Source: ITU-T E.164 for the maximum; 7 is a Chinese local number without area code."""

HEADS_TEXT_CHARS_MAX: Final = 64 * 1024
"""Characters of the heads that a form carries: 256 op ids with their registers use a quarter of it."""

OPENED_SETS_KEPT_MAX: Final = 256
"""Own sets held open while records are folded again: at most 64 MiB, usually under one."""

INSTANT_MS_MAX: Final = 2**53
"""A clock is taken to be at most so many ms from 1970, either way: every program that reads JSON can count so far."""

KIND_NUMBER_MAX: Final = 65_535
"""Highest number of a kind on the wire."""

REWRITTEN_AT_ONCE_BYTES: Final = 16 * 1024**2
"""Size up to which a database is written anew at once after an erasure. Chosen by us: no save can pass meanwhile, and
this takes a tenth of a second; 0.9 GB took 2.6 s of processor time."""

QUIET_MS: Final = 30 * 60 * 1000
"""Since the last save, before a larger one is written anew. Chosen by us: longer than the gaps of a working day at the
desk, short enough for the time between the last customer and the switch."""

CHECKPOINT_PAGES: Final = 4_000
"""Pages of 4 KiB in the write-ahead log before they are copied back: 16 MiB, about 200 saves. Chosen by us: four times
SQLite's own, because a desk writes the same pages again and again and each is copied back once."""

IDLE_CONNECTIONS_MAX: Final = 8
"""Database connections kept for the next block; a desk of five people uses two or three at once."""

BATCH_BYTES_MIN: Final = 16 * 1024
"""A batch is not halved below this: ten visits, half a minute on the slowest line we know."""

DIFFERENCES_MAX: Final = 1_000
"""Differences `rebuild --check` lists; one is already one too many."""

API_BODY_BYTES_MAX: Final = 512 * 1024
"""One request body of the JSON API: twice a change set, because JSON may spell a character in six."""

API_TOKEN_FILE_BYTES_MAX: Final = 256
"""The file with the token for programs; ours has 44 bytes."""

CERTIFICATE_FILE_BYTES_MAX: Final = 64 * 1024
"""The certificate of the node's own, or its key; one that names ten addresses has a kilobyte."""

IDEMPOTENCY_KEY_CHARS_MAX: Final = 128
"""Characters of the key under which a program saves once; a UUID has 36."""

KEPT_ANSWERS_MS: Final = 24 * 3600 * 1000
"""How long a repeated request gets the answer of the first: a program that tries again for longer asks anew."""

KEPT_ANSWERS_MAX: Final = 1_000
"""Answers kept for repeated requests: what five busy desks save in a day."""

KEPT_ANSWER_BYTES_MAX: Final = 64 * 1024
"""One kept answer; the view of a long order has 20 KiB. Above it the key is kept without its answer."""

UPLOAD_BYTES_MAX: Final = 513 * 1024 * 1024
"""One uploaded file with what a browser puts around it; the largest CSV file, and a bit."""

FORM_FIELDS_MAX: Final = 6_000
"""Fields in one form of a page: the 500 records of a change set with ten fields each, and a new row for every job."""

FORM_LINES_MAX: Final = 600
"""Labour or part lines in the form of an order's work: 500 records of a change set, and a new line for each job."""

FORM_PARTS_MAX: Final = 100
"""Phones, jobs or lines in one form; a change set holds no more than 500 records in all."""

SEGMENTS_PER_ROUND_MAX: Final = 256
"""Member lists fetched in one round; the rest comes with the next one."""

BITMAP_CONTAINERS_MAX: Final = 167
"""Containers of one bitmap: serials end at 10,889,999, and each holds 65,536 of them."""

BITMAP_BYTES_MAX: Final = 1_400_000
"""One bitmap, inflated: as many containers of 8 KiB, and their heads."""

RECALL_PREFIXES_HELD: Final = 512
"""Rows of so many VIN prefixes are held while a file of numbers is checked: all of 2,000,000 open pairs, 4 MB."""

VINS_CHECKED_MAX: Final = 1_000_000
"""Numbers in one file that is checked for recalls: a dealer group's whole stock and customers."""

LISTS_ASKED_EVERY_MS: Final = 60 * 60 * 1000
"""How often a node asks for newer recall lists; the hub makes them once a day, and after each publication."""

RETRY_FIRST_MS: Final = 500
"""Upper end of the first waiting time: long enough for a hub worker to be replaced."""

RETRY_MAX_MS: Final = 5 * 60 * 1000
"""A node that has been offline for hours notices a repaired line within five minutes."""

RETRY_DOUBLINGS_MAX: Final = 20
"""How often the waiting time doubles at most; it has long reached its upper end by then."""

IDLE_POLL_MS: Final = 60 * 1000
"""Between two looks at the outbox when nothing woke the sender."""

LONG_POLL_S: Final = 25
"""The hub answers after at most 30 s; below the 30 to 60 s after which office routers forget a silent connection."""

OUTBOX_LOOK_S: Final = 5
"""How long what another process saved may wait before it is noticed."""

LINE_FRESH_MS: Final = 2 * 60 * 1000
"""A hub that answered within two minutes counts as online: a long poll comes back every half minute."""

SETS_COUNTED_MAX: Final = 2_000
"""Waiting sets whose documents are counted one by one; beyond them the count is "at least"."""

DISK_FREE_BYTES_MIN: Final = 1024**3
"""Below a gigabyte somebody should know: time enough to make room. Chosen by us."""

DISK_FREE_BYTES_WRONG: Final = 100 * 1024**2
"""Below this a save may fail today."""

OLDEST_WAITING_MS_MAX: Final = 24 * 3600 * 1000
"""Work of yesterday that has not reached the hub deserves a look at the line."""

IMPORT_ROWS_MAX: Final = 100
"""Rows of one transaction: about 60 KiB of sets, and little to repeat after a power cut."""

FORMER_ID_CHARS_MAX: Final = 200
"""Characters of a number in a former system. Chosen by us: a UUID has 36."""

SOURCE_CHARS_MAX: Final = 40
"""Characters of the name of a former system."""

CELL_CHARS_MAX: Final = 4000
"""Characters of one cell; the wire's text bound is 4 KiB and is checked again when the set is built."""

CSV_BYTES_MAX: Final = 512 * 1024 * 1024
"""Chosen by us: a million rows of 500 bytes."""

CELLS_MAX: Final = 200
"""Cells of one row that are looked at; a customers file of ours has 24."""

LONG_LISTS_ROWS_MAX: Final[Mapping[str, int]] = MappingProxyType(
    {"labour": FORM_LINES_MAX, "parts": FORM_LINES_MAX, "columns": CELLS_MAX}
)
"""Rows of those lists of a form that may be longer than `FORM_PARTS_MAX`, by name."""

PARENTS_MAX: Final = 4
"""Steps from a record to the document it belongs to; a line, its job and their order take two."""

LOG_CHARS_MAX: Final = 300
"""Characters of one text in a log line: what happened, never a document."""

LOG_DEPTH_MAX: Final = 4
"""Levels of lists and mappings in a log line; what lies deeper is dropped unread."""

LOG_FRAMES_MAX: Final = 12
"""Places that an exception in the log names, the last it came through: our own code and the layers below it."""

MARK_BYTES_MAX: Final = 4096
"""The high-water file; ours has 150 bytes."""

PENDING_BYTES_MAX: Final = 64 * 1024
"""What an unfinished enrolment keeps; ours has two kilobytes."""

WRAPPED_KEY_BYTES_MAX: Final = 128
"""One wrapped copy of the data key; ours have 80 bytes at most."""

BUNDLE_BATCHES_BYTES_MAX: Final = BUNDLE_BYTES_MAX // 2
"""Sets in one bundle; the other half of it is for what else a hub asks for."""

BUNDLE_FRAMING_BYTES_MAX: Final = 1024 * 1024
"""Manifest, encapsulated key and tag around the parts of a bundle; far above what they need."""

BUNDLE_FILE_BYTES_MAX: Final = BUNDLE_BYTES_MAX + BUNDLE_FRAMING_BYTES_MAX
"""One bundle file as it lies on a stick."""

INFLATE_WINDOW_BYTES_MAX: Final = 8 * 1024 * 1024
"""The window a decompressor may ask for; covers every level we or a hub would use."""

PAGE_PAUSE_S: Final = 1.0
"""Between two last pages: a hub that does not wait must not be asked in a tight circle."""

REJOIN_HELLOS_MAX: Final = 2_000
"""Hellos in a row while lost sets come back: each brings about a megabyte, together more than ten years of a desk."""

TRIES_MAX: Final = 3
"""How often one request is sent when the line may have hiccuped; after that the schedule decides."""

CONNECT_S: Final = 5.0
"""Until a connection stands; a hub that is there answers within one."""

ANSWER_S: Final = 30.0
"""Until an answer has come, for everything but a push and a long poll."""

PUSH_S: Final = 90.0
"""Until a push is answered: a megabyte at 100 kbit/s takes 80 seconds. After that the batch is halved."""

POLL_GRACE_S: Final = 15.0
"""What a long poll may take beyond the time the hub was asked to wait."""

PROBLEM_BYTES_MAX: Final = 64 * 1024
"""Of a refusal that are read; ours have less than one kilobyte."""

DETAIL_CHARS_MAX: Final = 200
"""Characters of a refusal's detail that are kept."""

STOP_S: Final = 5
"""Requests that are being answered may end; a long poll of the background sync may not."""

TOKEN_MARGIN_MS: Final = 30_000
"""A token is not used in its last half minute: the request it goes with may take that long."""

SETS_READ_MAX: Final = 500
"""Own sets that the doctor holds at once while it checks the chain."""

FORMER_KEYS_MAX: Final = 128
"""Public keys that a machine remembers to have replaced: one a year is asked for, one a month is a lot."""

FORMER_NODES_MAX: Final = 32
"""Machines whose database this was before: one every few years."""

FORMER_EPOCHS_MAX: Final = 8
"""Epochs of the machine before that a hello states; the hub needs to know one of them."""

OFFERED_SETS_MAX: Final = 200
"""Sets of the hub's own in one offer to a restored hub: as many as one page brought."""

MOVED_IN_SETS_MAX: Final = 10_000
"""Held-back sets of a lost machine that a new one looks through; more than a site has in its life."""
