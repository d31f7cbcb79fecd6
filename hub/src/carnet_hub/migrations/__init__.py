"""The shapes the hub's tables have had, one step each; `HEAD` is the one this program works with."""

from typing import Final

HEAD: Final = "0013"
