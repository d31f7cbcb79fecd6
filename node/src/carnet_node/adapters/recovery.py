"""The data key's way back: from the printed passphrase, or through the hub.

Decides which copy of the data key is opened with what, and when a recovered key may be written. A data key that is
there is never replaced: it may be the only one that opens the database beside it.

    copy           opened by
    -------------  -----------------------------------------------------------------
    data.recovery  the printed passphrase
    data.hub       the hub, for an enrolled machine of the site with a one-time code

Both are made at enrolment and anew by `keys recovery`, and travel with every backup.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import msgspec
from cryptography.exceptions import InvalidTag

from carnet_node.adapters.keyring import (
    DATA_FILE,
    KEY_BYTES,
    KEY_FILES,
    SUITE,
    WRAPPED_FOR_HUB_FILE,
    WRAPPED_FOR_RECOVERY_FILE,
    Keyring,
    new_passphrase,
    unwrap_with_passphrase,
    wrap_for_hub,
    wrap_with_passphrase,
)
from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.limits import WRAPPED_KEY_BYTES_MAX
from carnet_node.core.line.recovering import accept_recovery, draft_recovery
from carnet_node.core.ports import Entropy, Files, ReadTransaction
from carnet_node.core.records import Identity
from carnet_protocol.enrolment import EnrolCode
from carnet_protocol.recovery import RETURNED_INFO
from carnet_storage.core.sealing import read_header

RECOVERY: Final = "recovery"
"""Local fact: the public signing key and the wrappings of the data key, for a restore on another machine."""

_COPIES: Final = (WRAPPED_FOR_HUB_FILE, WRAPPED_FOR_RECOVERY_FILE)


_recovery = msgspec.msgpack.Decoder(tuple[bytes, dict[str, bytes]])


class RecoveryLink(Protocol):
    """The one question to the hub that gives a data key back."""

    async def recover(self, message: bytes) -> bytes:
        """The answer to a signed request."""
        ...


@dataclass(frozen=True)
class KeyFolder:
    """Where the keys of one node lie, and how files are read and replaced."""

    folder: Path
    files: Files

    def wrappings(self) -> dict[str, bytes]:
        """The wrapped copies of the data key, by file name; of no use without the hub or the passphrase."""
        found = {name: self._read(name) for name in _COPIES}
        return {name: content for name, content in found.items() if content is not None}

    def require_vacant(self) -> None:
        """Go on only where no data key is.

        Raises:
            KeysUnreadable: there is one; it was not touched.
        """
        if (self.folder / DATA_FILE).exists():
            raise KeysUnreadable(DATA_FILE, "there is one already, and it may be the only one that fits the database")

    def put_back(self, data_key: bytes, wrappings: Mapping[str, bytes], entropy: Entropy) -> None:
        """Write a recovered data key where none is; an empty folder gets new keys to sign and exchange with as well.

        Args:
            wrappings: the copies it came from, kept beside it when there are none, so that the passphrase stays good.

        Raises:
            KeysUnreadable: a data key is there already; it was not touched.
            OSError: not writable.
        """
        self.require_vacant()
        is_new = not any((self.folder / name).exists() for name in KEY_FILES)
        for name, content in wrappings.items():
            if name in _COPIES and not (self.folder / name).exists():
                self.files.replace(self.folder / name, content)
        for name in KEY_FILES if is_new else (DATA_FILE,):
            self.files.replace(self.folder / name, data_key if name == DATA_FILE else entropy.random_bytes(KEY_BYTES))

    def _read(self, name: str) -> bytes | None:
        try:
            return self.files.read(self.folder / name, bytes_max=WRAPPED_KEY_BYTES_MAX)
        except OSError as error:
            raise KeysUnreadable(name, "it cannot be read, or is no wrapped key") from error


def wrappings_at(path: Path, files: Files) -> dict[str, bytes]:
    """The wrapped copies of a data key in a folder of keys, or in the head of an encrypted copy of a database.

    Raises:
        KeysUnreadable: there is neither.
        CopyDamaged: a file that is no copy, or a cut one.
    """
    if path.is_dir():
        return KeyFolder(path, files).wrappings()
    try:
        with path.open("rb") as copy:
            header, _ = read_header(path.name, copy.read)
    except OSError as error:
        raise KeysUnreadable(path.name, "there is no such folder or copy") from error
    return header.wrappings


def unwrap_data_key(wrappings: Mapping[str, bytes], passphrase: str) -> bytes:
    """The data key behind the printed passphrase.

    Args:
        wrappings: wrapped copies by file name, from the keys of a machine or from a backup.
        passphrase: as typed; case, dashes, spaces and look-alikes do not matter.

    Raises:
        KeysUnreadable: no copy for a passphrase among them, another passphrase, or a damaged copy.
    """
    wrapped = wrappings.get(WRAPPED_FOR_RECOVERY_FILE)
    if wrapped is None:
        raise KeysUnreadable(WRAPPED_FOR_RECOVERY_FILE, "there is no copy for the passphrase")
    return unwrap_with_passphrase(wrapped, passphrase)


def passphrase_unwrap(passphrase: str) -> Callable[[Mapping[str, bytes]], bytes]:
    """`unwrap_data_key` for a passphrase that is known before the copies are."""
    return lambda wrappings: unwrap_data_key(wrappings, passphrase)


def recovery_fact(signing_key: bytes, wrappings: Mapping[str, bytes]) -> bytes:
    """What a database says of itself to a machine that has nothing else: the value of the local fact `RECOVERY`."""
    return msgspec.msgpack.encode((signing_key, dict(wrappings)))


def read_recovery(tx: ReadTransaction) -> tuple[bytes | None, dict[str, bytes]]:
    """The public signing key of the log, and the wrappings; (None, {}) in a database that does not say."""
    stored = tx.setting(RECOVERY)
    try:
        return (None, {}) if stored is None else _recovery.decode(stored)
    except msgspec.DecodeError:
        return None, {}


async def fetch_data_key(
    link: RecoveryLink, identity: Identity, keyring: Keyring, code: EnrolCode, wrappings: Mapping[str, bytes]
) -> bytes:
    """The data key of a lost machine of the same site, through the hub.

    Args:
        identity, keyring: of the machine that asks; it is enrolled.
        code: a one-time recovery code from the operator.
        wrappings: of the lost machine, by file name.

    Raises:
        KeysUnreadable: no copy for the hub among them, or the answer does not open.
        HubUnreachable, HubRefused, Malformed, NotAuthentic: no answer, a refusal, or not the hub's answer to this.
    """
    wrapped = wrappings.get(WRAPPED_FOR_HUB_FILE)
    if wrapped is None:
        raise KeysUnreadable(WRAPPED_FOR_HUB_FILE, "there is no copy for the hub")
    asked = draft_recovery(identity, keyring, code, wrapped)
    returned = accept_recovery(identity, code, asked, await link.recover(asked))
    try:
        data_key = SUITE.decrypt(returned, keyring.exchange, info=RETURNED_INFO)
    except (InvalidTag, ValueError) as error:
        raise KeysUnreadable(WRAPPED_FOR_HUB_FILE, "the hub's answer does not open with this machine's key") from error
    if len(data_key) != KEY_BYTES:
        raise KeysUnreadable(WRAPPED_FOR_HUB_FILE, "what the hub returned is no data key")
    return data_key


def renew_wrappings(keys: KeyFolder, data_key: bytes, hub_exchange_key: bytes, entropy: Entropy) -> str:
    """Wrap a data key anew for the hub and for a new passphrase; the old passphrase opens nothing here any more.

    Raises:
        OSError: not writable; the old passphrase stays good.

    Returns: the passphrase, which has to be printed now and is kept nowhere.
    """
    passphrase = new_passphrase(entropy)
    keys.files.replace(keys.folder / WRAPPED_FOR_HUB_FILE, wrap_for_hub(data_key, hub_exchange_key))
    wrapped = wrap_with_passphrase(data_key, passphrase, entropy)
    keys.files.replace(keys.folder / WRAPPED_FOR_RECOVERY_FILE, wrapped)
    return passphrase
