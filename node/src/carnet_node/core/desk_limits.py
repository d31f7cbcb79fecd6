"""Every bound of the people at the desk: passwords, sessions, drafts, what is remembered of looking things up.

Decides how long and how many; `limits` has the bounds of everything else. Units stand last in each name. Who chose the
number and why stands beside it.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from carnet_protocol.limits import OPS_PER_SET_MAX

_MINUTE_MS: Final = 60 * 1000
_DAY_MS: Final = 24 * 3600 * 1000

STAFF_MAX: Final = 5_000
"""Members of staff of one site, those who left included: 120 people who stay for a year each, for forty years."""

OPS_BESIDE_MAX: Final = OPS_PER_SET_MAX - 1
"""Drafts that fit into a set beside its staff action."""

SAME_NUMBER_MAX: Final = 20
"""Records of staff under one number; two machines that hired without a line may each have made one."""

STAFF_NO_CHARS_MAX: Final = 16
"""Characters of a staff number; it stands on every repair order."""

PASSWORD_CHARS_MIN: Final = 8
"""Source: NIST SP 800-63B section 5.1.1.1; no rule about kinds of characters, they make people write it down."""

PASSWORD_CHARS_MAX: Final = 128
"""A passphrase fits; what is longer would only cost time."""

ARGON2_TIME_COST: Final = 3
ARGON2_MEMORY_KIB: Final = 64 * 1024
ARGON2_LANES: Final = 4
"""Source: RFC 9106 section 4, the second recommended option. About a tenth of a second on a desk's machine."""

ARGON2_SALT_BYTES: Final = 16
ARGON2_HASH_BYTES: Final = 32
"""Source: RFC 9106 section 4."""

FREE_ATTEMPTS: Final = 5
"""Wrong passwords before anybody has to wait: people mistype."""

LOCKOUT_FIRST_MS: Final = 30 * 1000
"""The first wait; each further wrong password doubles it."""

LOCKOUT_MAX_MS: Final = 15 * _MINUTE_MS
"""The longest wait: at most 100 guesses a day, and a colleague's prank costs a quarter of an hour."""

FAILURES_FORGOTTEN_MS: Final = _DAY_MS
"""Wrong passwords of yesterday count no more."""

FAILURES_KEPT_MAX: Final = 1_000
"""Names that nobody has under which wrong passwords are remembered; those of staff all are."""

START_CODE_CHARS: Final = 10
"""Characters of a one-time start code: 50 bits, while guessing is slowed down as for passwords."""

START_CODE_MS: Final = 3 * _DAY_MS
"""A start code is used on one of the next working days."""

SESSION_TOKEN_BYTES: Final = 32
"""What a browser holds of a session; only its hash is stored."""

SESSION_IDLE_MS: Final = 10 * _MINUTE_MS
"""Without a request for so long the screen is locked: the counter is open to the public. What was typed stays."""

SESSION_MAX_MS: Final = 12 * 3600 * 1000
"""A session ends with the working day, whatever happens."""

SESSION_TOUCH_MS: Final = _MINUTE_MS
"""How often a session's last request is written down: each time costs a commit."""

SESSIONS_PER_STAFF_MAX: Final = 10
"""Browsers one person is logged in at; a further login ends the oldest."""

SEARCHES_KEPT_MAX: Final = 500
"""Searches that can be come back to, of all browsers at one node: five desks, a hundred each."""

AWAITED_KEPT_MAX: Final = 200
"""VINs of cars that were taken on and have not come, of all browsers at one node: five desks without a line for a day,
forty cars each. A car beyond it is named when it comes."""

ACCESS_KEPT_MS: Final = 400 * _DAY_MS
"""How long it is remembered who viewed or exported what: a year of asking, and the 90 days a departure asks for."""

ACCESS_ROWS_MAX: Final = 10_000
"""Entries of the access log one question returns."""

REPORT_ROWS_MAX: Final = 1_000
"""Lists that one report names one by one; eleven a day for ninety days. The rest is added up, and can be exported."""

LOOK_BACK_DAYS: Final = 90
"""What somebody viewed in bulk or exported in so many days is listed when they leave."""

BULK_ROWS_MIN: Final = 20
"""A list of so many rows or more counts as viewed in bulk; one page of a list has twenty."""

DRAFT_KEPT_MS: Final = 14 * _DAY_MS
"""What was typed and never saved is forgotten after two weeks: longer than a long holiday week."""

DRAFT_BYTES_MAX: Final = 128 * 1024
"""One form as typed; the longest order of 100 jobs has 40 KiB."""

DRAFTS_PER_STAFF_MAX: Final = 50
"""Unsaved forms of one person; the oldest one gives way."""

FORM_CHARS_MAX: Final = 120
"""Characters of the name of a form with the record it is about."""

NOT_SAME_MAX: Final = 100_000
"""Decisions that two records are not the same; each has 60 bytes."""

ORDERS_HANDED_OVER_MAX: Final = 2_000
"""Open orders that move to a colleague when somebody leaves; a busy advisor has 40."""

READINGS_MAX: Final = 3
"""Readings of one character that are keys; rarer ones nobody types."""

READING_SHARE_MIN: Final = 0.05
"""A reading that fewer of the words with its character have is no key: of 162 words with 单 one says chan. Chosen by
us, on the 47,000 words of pypinyin."""

READING_WORDS_MIN: Final = 2
"""Nor is one that a single word has, unless it is the first of the dictionary. Chosen by us."""

READINGS_OF_NAMES_MAX: Final = 2
"""Readings of a character that no word has and names may have: 晟 is cheng and sheng. Chosen by us."""

NAME_KEYS_MAX: Final = 16
"""Keys of one name: all combinations of readings of most names, and the first ones of the rest."""

NAME_KEY_CHARS_MAX: Final = 40
"""Characters of a key; nobody types more of a company's name."""

DAMAGE_MARKS_MAX: Final = 60
"""Marks of one walk-round; more is a wreck, and belongs into a photograph."""

OUTLINE_PERMILLE: Final = 1_000
"""Width and height of the car outline, in the unit in which a mark is placed."""

HOME_ROWS_MAX: Final = 40
"""Rows of one list on the first page; the board has them all."""

TIMELINE_ROWS_MAX: Final = 100
"""Entries of one timeline that are read; older ones by asking for them."""

VISITS_OPENED_MAX: Final = 20
"""Visits of a car whose jobs are read for its page: about ten years of a private car."""

CARS_OPENED_MAX: Final = 5
"""Cars of a customer that are opened with the customer; a fleet is a list."""

REPEAT_REPAIR_DAYS: Final = 30
"""A car that comes back within so many days may come for the same fault. Chosen by us; the trade says 15 to 60."""

CANDIDATES_MAX: Final = 8
"""Possible duplicates shown while somebody types; who sees eight types on."""

WAITING_DOCUMENTS_MAX: Final = 200
"""Documents of the outbox that are listed one by one."""

RECEIPTS_SHOWN_MAX: Final = 20
"""Last receipts that are listed."""

FORMER_VALUES_MAX: Final = 100
"""Values overruled knowingly that the sync centre lists; older ones stand on the page of their record."""

WORKBOOK_BYTES_MAX: Final = 64 * 1024 * 1024
"""One workbook of a former system: about two million cells."""

WORKBOOK_INFLATED_BYTES_MAX: Final = 512 * 1024 * 1024
"""What it may unpack to; real ones unpack to ten times their size."""

WORKBOOK_DIGITS_MAX: Final = 15
"""Digits a workbook keeps of a number. Source: the limits of Excel; IEEE 754."""

SHEET_CELLS_MAX: Final = 20_000_000
"""Cells of the rectangle that a sheet spans; read at once it takes half a gigabyte."""

SHEETS_MAX: Final = 20
"""Sheets of a workbook that are looked at."""

EVIDENCE_BYTES_MAX: Final = 64 * 1024 * 1024
"""One file whose hash a browser makes: it holds the whole of it in memory. A photo has five million bytes, a scanned
sheet twenty. Chosen by us."""

UPLOAD_FIELDS_MAX: Final = 8
"""Fields beside a file that is sent; the page has one."""

PREVIEW_ROWS_MAX: Final = 50
"""Rows of a file that are shown before it is imported."""

PREVIEW_COUNTED_MAX: Final = 2_000
"""Rows of a file that are tried before it is imported, so that somebody knows how many will be taken."""

REMARKED_ROWS_MAX: Final = 200
"""Rows of a sheet that are named after it was taken over because they deserve a look; how many there are is said of all
of them. Chosen by us: more are read on no page."""

MAPPED_COLUMNS_MAX: Final = 100
"""Columns of one saved mapping."""

EXPORT_ROWS_MAX: Final = 1_000_000
"""Rows of one export; a sheet holds 1,048,576."""

EXPORT_DAYS_MAX: Final = 3_660
"""Calendar days of one export: ten years."""

FIRST_YEAR: Final = 1970
"""No order is older than the clock its moments are counted by."""

COPY_BACK_EVERY_S: Final = 5.0
"""How often `serve` copies the write-ahead log back: at one save a second it then holds a megabyte, a sixteenth of what
would make a save wait for it."""

READINGS_AFTER_S: Final = 1.0
"""When `serve` loads the dictionary of readings: half a second of work that the first page need not share."""

AGE_YEARS_MAX: Final = 125
"""Nobody is known to have lived longer than 122 years; an older birthday is a slip of the finger. Chosen by us."""

IN_SHOP_SEARCHED_MAX: Final = 300
"""Orders in the shop that are asked for who brought the car; a large dealer has a hundred. Making the keys of one name
takes a tenth of a millisecond, and a search has fifty."""

SENDERS_SHARE: Final = 4
"""One place in so many of a full list of hits is kept for who brought a car."""

AGREED_DAYS_MAX: Final = 366
"""How far ahead something may be agreed: a car promised, an appointment, a move; beyond a year it is a slip of the
finger. Chosen by us."""

RUNNING_DAYS_MAX: Final = 3_660
"""How far ahead something may run out: insurance, inspection, a lease, the next service. Ten years; chosen by us."""

FIRST_CAR_YEAR: Final = 1900
"""No car, plate or address of a customer is older; the registry knows no earlier model year."""

MODEL_YEARS_AHEAD: Final = 1
"""A model year is begun in the year before it at the earliest. Source: 40 CFR 85.2302."""

FIRST_READING_KM_MAX: Final = 600_000
"""A first reading beyond it is asked about: private cars are led to the scrapyard there. Source: rules on compulsory
scrapping of motor vehicles (Order 12 of 2012), article 7."""

TEXT_CHARS_MAX: Final = 1_000
"""Characters of a text unless its field has less: as UTF-8 never more than the registry takes. Chosen by us."""

TEXT_FIELD_CHARS_MAX: Final[Mapping[str, int]] = MappingProxyType(
    {
        **dict.fromkeys(("full_name", "pinyin", "salutation", "id_name", "sender_name", "company_contact"), 100),
        **dict.fromkeys(("caller_name", "bay_name", "model_name"), 100),
        **dict.fromkeys(("company_name", "street"), 200),
        **dict.fromkeys(("op_name", "labour_name", "part_name"), 200),
        **dict.fromkeys(("number", "sender_phone", "caller_phone"), 40),
        **dict.fromkeys(("id_no", "wechat"), 64),
        **dict.fromkeys(("belongings", "void_reason"), 500),
        "plate_no": 20,
        "damage_marks": 1_200,
        "postcode": 10,
    }
)
"""Characters of the fields that have a length of their own, by name; `damage_marks` holds all marks there can be. A
page takes as many and no more. Chosen by us."""

CALL_ROWS_MAX: Final = 200
"""Owners on one page of the call list, the most dangerous cars first: more than a day of telephoning."""

STOP_ROWS_MAX: Final = 200
"""Stopped sales on one page, those that wait for a manager first: as many as of the call list."""

FIELDS_NAMED_MAX: Final = 3
"""Differing fields of two values that are named one by one; more are called as a whole. Chosen by us: a short line."""

ARRANGED_ROWS_MAX: Final = 90
"""Special days, bays or stages on the page of a site's arrangement, which has room for new ones behind them."""
