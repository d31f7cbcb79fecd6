"""Every bound of matching: how much of a record is compared, how many records meet, how large a cluster grows.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

TEXT_CHARS_MAX: Final = 256
"""Characters of any one value that are looked at; what stands behind is left out. Real addresses have about 80."""

NAME_CHARS_MAX: Final = 64
"""Characters of a person's name in normal form; transliterated names of four parts have about 30."""

COMPANY_CHARS_MAX: Final = 96
"""Characters of a company's name in normal form; registered names have up to about 60."""

CODE_CHARS_MAX: Final = 64
"""Characters of a document number or WeChat id in normal form; the protocol allows a code as many."""

CAR_CHARS_MAX: Final = 24
"""Characters of a plate or VIN in normal form. Longer ones are no such thing and are left out."""

FOLD_PASSES_MAX: Final = 4
"""Rounds until folding changes nothing more; every text that was tried needs one or two."""

PHONES_MAX: Final = 16
"""Telephone numbers of one record that are compared, in order of the numbers."""

PHONE_PARTS_MAX: Final = 4
"""Numbers read from one field; people type two with a stroke between."""

PHONE_DIGITS_MIN: Final = 7
"""Fewer digits are an extension, an emergency number or a slip. Chosen by us."""

ADDRESSES_MAX: Final = 8
"""Addresses of one record that are compared: home, work, registered, and what they were before."""

PLACE_CHARS_MAX: Final = 16
"""Characters of a road's or an estate's name; what is longer was read wrongly and is cut."""

DOOR_NUMBERS_MAX: Final = 5
"""Numbers of one door: house, building, unit, floor, room."""

CARS_MAX: Final = 16
"""Cars of one record that are compared. A fleet's three thousand tell nobody apart, so a record with more has none."""

WECHATS_MAX: Final = 4
"""WeChat ids of one record that are compared."""

BIRTH_YEAR_MIN: Final = 1880
BIRTH_YEAR_MAX: Final = 2100
"""Years of birth that are believed; others are typing errors. Chosen by us."""

CLUSTER_MEMBERS_MAX: Final = 200
"""Source records in one cluster: their ids stand in one field of 4 KiB when a golden record travels."""

UNDOCUMENTED_MEMBERS_MAX: Final = 8
"""Source records of a person without any document number that the matcher brings together; more is a name and a shared
phone running in a circle. Chosen by us."""

GOLDEN_PHONES_MAX: Final = 3
"""Telephone numbers of a golden record; the registry has as many fields."""

KEYS_MAX: Final = 192
"""Keys of one record: all that its bounded features can make is 182. An ordinary customer has five to fifteen."""

BLOCK_RECORDS_MAX: Final = 40
"""Records under one key; a value that more of them share is generic: it neither finds nor speaks for anybody. Of
360,000 made-up records no family, car or branch stood under more than 15, and a desk's telephone under 47 to 114.
Chosen by us."""

NAMES_AT_HOME_MAX: Final = 6
"""Whole names under one telephone, car or door that may be one family's: three generations. Chosen by us; in 40,000
made-up records no household had more than five, slips among them, and every shop's telephone had twelve or more."""

KEY_SECRET_BYTES_MIN: Final = 32
KEY_SECRET_BYTES_MAX: Final = 64
"""Source: RFC 7693 section 2.1 for the longest key; shorter than a digest of 32 bytes would be the weak part."""

LINK_PROBABILITY_MIN: Final = 0.99
"""Below it nothing but an identity number links by itself. Chosen by us: at it, held-out data had no two strangers
linked."""

STEWARD_PROBABILITY_MIN: Final = 0.5
"""Below it a steward would mostly say no."""

NOTED_PROBABILITY_MIN: Final = 0.1
"""Below it a pair is not even remembered with its weight."""
