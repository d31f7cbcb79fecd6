"""What this program calls itself in a hello."""

from importlib.metadata import version
from typing import Final

SOFTWARE: Final = f"carnet-node {version('carnet-node')}"
"""Name and version, for the operator's list of nodes."""
