"""Every bound of a matching model: how large a file, how many comparisons, levels and terms.

Units stand last in each name. Who chose the number and why stands beside it.
"""

from typing import Final

MODEL_BYTES_MAX: Final = 16 * 1024 * 1024
"""Of a model file. The shipped one has a hundredth; a hub with a million distinct frequent names would be near it."""

COMPARISONS_MAX: Final = 32
"""Comparisons of a model. Ours have six."""

LEVELS_MAX: Final = 32
"""Levels of a comparison. Ours have up to eleven. A level's number also has to fit a byte of an identity decision."""

TERM_COLUMNS_MAX: Final = 8
TERM_VALUES_MAX: Final = 500_000
"""Values of one column whose frequency is known one by one; the rarer ones share the floor."""

SQL_CHARS_MAX: Final = 2_000
"""Of one condition."""

SQL_DEPTH_MAX: Final = 40
"""Nested parts of one condition, so that no file can make the compiler recurse for ever. Ours have up to six."""

PLACE_MAX: Final = 1_000
"""Where a part of a text begins, and how long it is: no text of a row is longer. Engines agree up to 2^31."""

LABEL_CHARS_MAX: Final = 100

M_FLOOR: Final = 0.003
"""The least share of matches that a level may have. Training finds some levels empty and would let one moved house
speak against a true match with 30 bits; at the floor it is 5 to 8. Source: measured on made-up customers."""

WEIGHT_BITS_MAX: Final = 1_000.0
"""Beyond this weight a probability is 0 or 1 in every digit a float has, and its power of two overflows soon."""
