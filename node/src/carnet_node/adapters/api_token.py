"""The token with which programs prove themselves to the JSON API: a file that only the node's account may read.

Decides where it lies and what it looks like. Whoever may read the data folder may use the API; nobody else may. It is
made when it is first wanted, is in no backup, and deleting the file makes a new one at the next start.
"""

import base64
import re
from pathlib import Path
from typing import Final

from carnet_node.adapters.system import PRIVATE_MODE, DiskFiles
from carnet_node.core.limits import API_TOKEN_FILE_BYTES_MAX
from carnet_node.core.ports import Entropy

FILE_NAME: Final = "api.token"
_TOKEN_BYTES: Final = 32
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]{43}")


def api_token(folder: Path, files: DiskFiles, entropy: Entropy) -> str:
    """The token of a node; one that is damaged, or that others may read, is replaced.

    Args:
        folder: the data folder.

    Raises:
        OSError: the folder cannot be written.
    """
    path = folder / FILE_NAME
    known = files.read(path, bytes_max=API_TOKEN_FILE_BYTES_MAX)
    text = "" if known is None else known.decode("ascii", errors="replace").strip()
    if _TOKEN.fullmatch(text) and files.mode(path) == PRIVATE_MODE:
        return text
    token = base64.urlsafe_b64encode(entropy.random_bytes(_TOKEN_BYTES)).rstrip(b"=").decode("ascii")
    files.replace(path, f"{token}\n".encode("ascii"))
    return token
