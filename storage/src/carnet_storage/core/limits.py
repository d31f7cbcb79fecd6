"""Every bound of replication and backup.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

WATCH_S: Final = 15
"""Between two questions to the replicating child: a hang is noticed within half a minute; an answer costs 26 ms."""

SYNC_WAIT_S: Final = 8
"""How long one answer may take: about eight round trips to a slow store. Chosen by us."""

START_WAIT_S: Final = 10
"""How long a started child may take to open its socket; it needs 20 ms here."""

STOP_WAIT_S: Final = 5
"""How long a child may take to end after it was told to; then it is killed."""

WAL_ALONE_BYTES_MAX: Final = 16 * 1024 * 1024
"""The write-ahead log of a database whose target is gone: days of work of a busy desk, then it is copied back."""

FAILURES_BEFORE_HEAL: Final = 2
FAILURES_BEFORE_RESET: Final = 3
RESET_EVERY_FAILURES: Final = 20
"""After the first reset somebody has been alarmed; every five minutes another attempt is made."""

CONTROL_BYTES_MAX: Final = 256 * 1024
"""One answer of the control socket."""

LISTING_BYTES_MAX: Final = 64 * 1024 * 1024
"""What Litestream may say about the files of one replica: about 400,000 of them."""

ERROR_CHARS_MAX: Final = 300
"""Characters of a child's error that are kept for people."""

SOCKET_PATH_CHARS_MAX: Final = 100
"""The system allows 103 on macOS and 107 on Linux; a longer path moves to the folder for temporary files."""

SET_ASIDE_MAX: Final = 100
"""What disks that were swapped have left behind under one name, before somebody has to tidy up."""

SNAPSHOT_EVERY_H: Final = 24
HISTORY_H: Final = 30 * 24
"""Point-in-time history kept at a replica: thirty days, after which an erased value is gone from there too."""

FRAME_BYTES: Final = 1024 * 1024
"""Bytes of one sealed frame of a copy: small enough for any machine, large enough that 20 bytes more are nothing."""

HEADER_BYTES_MAX: Final = 64 * 1024
COPY_BYTES_MAX: Final = 1024**4
"""A terabyte: far above the largest hub we can imagine on SQLite."""

COPY_NAMES_MAX: Final = 10_000
"""Copies of one source that a target may hold; more are not looked at."""

COPIES_ALL_HOURS: Final = 48
"""Every copy of the last two days is kept, then one a day."""

EPOCHS_TRIED_MAX: Final = 32
"""Epochs that are asked for in one block, from the highest, at a server that cannot list them: two seconds on a LAN."""

EPOCH_GAP_MAX: Final = 16
"""Epochs in a row that may lack a replica: after a restore without a line a node may open some before it replicates."""

EPOCHS_PASSED_OVER: Final = 8
"""Epochs that a restore leaves out while the replicas cannot be asked; well below the gap that is looked across."""

PAGES_PER_STEP: Final = 2_000
"""Pages that SQLite copies between two reports of progress: 8 MiB."""

DISK_MARGIN_BYTES: Final = 64 * 1024 * 1024
"""What must stay free beside a scratch copy."""

MEMORY_MARGIN_BYTES: Final = 128 * 1024 * 1024
"""Memory that must stay free beside a database that is written anew; SQLite holds the whole of it meanwhile."""

COPY_EVERY_MINUTES_MIN: Final = 5
COPY_EVERY_MINUTES_MAX: Final = 7 * 24 * 60
"""Between two copies: a copy reads the whole database, and one a week is the least that deserves the name."""

COPIES_KEPT_DAYS_MAX: Final = 3650

CLAIM_BYTES_MAX: Final = 4096
"""A target and a path in words."""

SYNC_MS_MIN: Final = 100
SYNC_MS_MAX: Final = 60_000
"""Between two looks of Litestream at the database: what a dead disk may take is a minute at the most."""

SHEET_NAME_CHARS_MAX: Final = 31
"""Characters of a sheet's name. Source: the limits of Excel."""

SHEET_CELL_CHARS_MAX: Final = 32_000
"""Characters of one cell of a workbook; Excel takes 32,767."""

TABLE_COLUMNS_MAX: Final = 1_000
"""Columns of a screen that a table is measured against: wider than any id, name or address of ours."""

SECRETS_BYTES_MAX: Final = 4096
DRILL_EVERY_MS: Final = 24 * 3600 * 1000
"""A backup nobody has restored is a hope: one restore a day."""

RETRY_COPY_MS: Final = 10 * 60 * 1000
"""A copy that did not work is tried again after ten minutes."""

STALE_MS: Final = 8 * WATCH_S * 1000
"""A status that nobody has renewed for two minutes is stale: eight questions that nobody asked."""

LAG_ALARM_MS: Final = 10 * 60 * 1000
"""Ten minutes without a confirmed copy deserve a look; a line that is down for a moment does not."""

COPY_OVERDUE_INTERVALS: Final = 3
"""A copy is overdue after three intervals."""

DRILL_OVERDUE_MS: Final = 3 * 24 * 3600 * 1000
"""No drill for three days: two nights may fall out."""

PROBE_S: Final = 3
"""How long a target may take to accept a connection before it is told as unreachable."""

FIRST_DRILL_MS: Final = 10 * 60 * 1000
"""A drill is not the first thing a starting machine does."""

STORE_RETRIES_MAX: Final = 4
"""Attempts of one request at a store, within `STORE_RETRY_S`."""

STORE_RETRY_S: Final = 60
"""How long one request at a store is tried again."""

BUSY_S: Final = 10
"""How long a scratch or living database may be locked by somebody else."""

SCRUB_WAIT_S: Final = 0.2
"""For readers, before a log is emptied of what was erased: saves stand still meanwhile; the next look tries again."""

PROBLEMS_MAX: Final = 5
"""Findings of an integrity check that are told; one is enough to refuse."""

LOOK_S: Final = 0.02
"""Between two looks whether a child has started or ended."""

PID_BYTES_MAX: Final = 4096
"""What an earlier supervisor left behind."""

LOG_TAIL_BYTES: Final = 4096
"""The end of a child's log, in which its last error stands."""

RESTORE_S_MAX: Final = 4 * 3600
"""A restore: four hours for the largest database over a bad line."""

LIST_S_MAX: Final = 120
"""A question to a target."""

STATUS_BYTES_MAX: Final = 64 * 1024
"""The status file; it has a few KiB."""

ATTACHED_FILE_BYTES_MAX: Final = 256 * 1024 * 1024
"""One file that travels with a copy; the largest recall list of the country has some megabytes."""
