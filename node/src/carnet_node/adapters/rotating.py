"""The files of a change of keys, step by step, so that a power cut between two steps costs nothing.

Decides which key lies where. The database says which key counts; every step can be done again.

    step  files and database                                 after a power cut behind it
    ----  -------------------------------------------------  ------------------------------------------------------
    1     signing.next: the new key                          nothing has changed; the next try uses the same key
    2     the change of keys and the new key's id, one       the database names a key that lies in signing.next;
          transaction                                        step 3 is done at the next start
    3     signing.former: the old public key, added;         the same
          signing.previous: the old key; signing.key: the
          new one; signing.next goes
    4     hello.previous: the previous key, added;           the same, done again
          signing.previous goes: once the hub has taken the
          change and the database goes on with the new key
    5     hello.previous goes, once the hub's backup has the -
          last change; until then a restored hub hears one
          of its keys
    back  hello.previous: the previous key, added;           all keys are here still; done again when the database
          signing.previous: one that was put aside, to sign  asks for that key
          again
    ----  -------------------------------------------------  ------------------------------------------------------

The former public keys stay: they say that a database restored from before a change belongs to the key that lies here
now (`core.newer_keys`).
"""

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from carnet_node.adapters.keyring import KEY_BYTES, SIGNING_FILE, Keyring
from carnet_node.core.failures import NOT_READABLE, KeysUnreadable
from carnet_node.core.limits import FORMER_KEYS_MAX
from carnet_node.core.log.authoring import SealedSet
from carnet_node.core.log.signing import change_own_key, is_change_in_backup, is_change_pending, is_key_in_doubt
from carnet_node.core.node import Node
from carnet_node.core.ports import Entropy, Files, NodeStore
from carnet_node.core.records import OWN_KEY_ID
from carnet_protocol.envelope import Signer, key_id_of

NEXT_FILE: Final = "signing.next"
PREVIOUS_FILE: Final = "signing.previous"
ASIDE_FILE: Final = "hello.previous"
"""Keys that the hub's backup may still know this node by, 32 bytes each, oldest first."""

FORMER_FILE: Final = "signing.former"
"""Public keys that were replaced here, 32 bytes each, oldest first."""


@dataclass(frozen=True)
class SigningKey:
    """A signing key alone, in memory (a `Signer`)."""

    private: Ed25519PrivateKey = field(repr=False)

    @cached_property
    def public(self) -> bytes:
        """Raw 32 bytes of the public key."""
        return self.private.public_key().public_bytes_raw()

    @cached_property
    def key_id(self) -> bytes:
        """See `Signer`."""
        return key_id_of(self.public)

    def sign(self, message: bytes) -> bytes:
        """See `Signer`."""
        return self.private.sign(message)


class SigningKeys:
    """The signing keys in a folder: the present one, and around a change the next or the previous one."""

    def __init__(self, folder: Path, files: Files) -> None:
        self._folder = folder
        self._files = files

    def find(self, key_id: bytes) -> Signer | None:
        """The key with an id that may sign here; None when there is none, or it was put aside.

        Raises:
            KeysUnreadable: a key file that is there cannot be read.
        """
        return next((key for key in self.everyone() if key.key_id == key_id), None)

    def everyone(self) -> list[SigningKey]:
        """Every key that lies here, the present one first.

        Raises:
            KeysUnreadable: a key file that is there cannot be read.
        """
        return [key for name in (SIGNING_FILE, NEXT_FILE, PREVIOUS_FILE) if (key := self._key(name)) is not None]

    def public(self) -> tuple[bytes, ...]:
        """Every public key that is known here to be this node's, raw 32 bytes each.

        Raises:
            KeysUnreadable: see `everyone` and `former`.
        """
        return (*(key.public for key in self.everyone()), *self.former())

    def former(self) -> list[bytes]:
        """The public keys that were replaced here, oldest first.

        Raises:
            KeysUnreadable: the file that names them cannot be read.
        """
        return self._several(FORMER_FILE)

    def finish(self, own_key_id: bytes) -> bool:
        """Do the third step if the database names the next key; harmless when done again.

        Returns: whether the present key is another one now.
        """
        present, following = self._key(SIGNING_FILE), self._key(NEXT_FILE)
        if present is None or following is None or following.key_id != own_key_id:
            return False
        is_new = present.key_id != own_key_id
        if is_new:
            self._remember(FORMER_FILE, present.public)
            before = self._key(PREVIOUS_FILE)
            if before is not None and before.key_id != present.key_id:
                self.put_previous_aside()
            self._files.replace(self._folder / PREVIOUS_FILE, present.private.private_bytes_raw())
            self._files.replace(self._folder / SIGNING_FILE, following.private.private_bytes_raw())
        (self._folder / NEXT_FILE).unlink(missing_ok=True)
        return is_new

    def _remember(self, name: str, key: bytes) -> None:
        """Add a key to a file that holds several, unless it is there."""
        known = self._several(name)
        if key not in known:
            self._files.replace(self._folder / name, b"".join([*known, key][-FORMER_KEYS_MAX:]))

    def _several(self, name: str) -> list[bytes]:
        """The keys in a file that holds several, oldest first; none without it."""
        try:
            joined = self._files.read(self._folder / name, bytes_max=FORMER_KEYS_MAX * KEY_BYTES) or b""
        except OSError as error:
            raise KeysUnreadable(name, NOT_READABLE) from error
        if len(joined) % KEY_BYTES:
            raise KeysUnreadable(name, f"{len(joined)} bytes, not a multiple of {KEY_BYTES}")
        return [joined[at : at + KEY_BYTES] for at in range(0, len(joined), KEY_BYTES)]

    def for_hellos(self) -> list[SigningKey]:
        """Every key under which some hub may know this node, the present one first, then the newer ones.

        Raises:
            KeysUnreadable: a key file that is there cannot be read.
        """
        return [*self.everyone(), *reversed(self._aside())]

    def _aside(self) -> list[SigningKey]:
        return [SigningKey(Ed25519PrivateKey.from_private_bytes(one)) for one in self._several(ASIDE_FILE)]

    def put_previous_aside(self) -> None:
        """Do the fourth step."""
        previous = self._key(PREVIOUS_FILE)
        if previous is not None:
            self._remember(ASIDE_FILE, previous.private.private_bytes_raw())
            (self._folder / PREVIOUS_FILE).unlink(missing_ok=True)

    def bring_back(self, key_id: bytes) -> Signer | None:
        """The key with an id, to sign with; one that was put aside takes the previous one's place. None if it is gone.

        It stays aside too, so that a power cut costs nothing and another process may do the same.

        Raises:
            KeysUnreadable: a key file cannot be read or written; each key is where it was, or there twice.
        """
        found = self.find(key_id)
        if found is not None:
            return found
        aside = next((one for one in self._aside() if one.key_id == key_id), None)
        if aside is not None:
            try:
                self.put_previous_aside()
                self._files.replace(self._folder / PREVIOUS_FILE, aside.private.private_bytes_raw())
            except OSError as error:
                raise KeysUnreadable(PREVIOUS_FILE, NOT_READABLE) from error
        return aside

    def forget_aside(self) -> None:
        """Do the fifth step."""
        (self._folder / ASIDE_FILE).unlink(missing_ok=True)

    def prepare(self, entropy: Entropy) -> SigningKey:
        """Do the first step; a key that an earlier try has left is used."""
        if self._key(NEXT_FILE) is None:
            self._files.replace(self._folder / NEXT_FILE, entropy.random_bytes(KEY_BYTES))
        prepared = self._key(NEXT_FILE)
        if prepared is None:
            raise KeysUnreadable(NEXT_FILE, "it was written and is not there")
        return prepared

    def _key(self, name: str) -> SigningKey | None:
        try:
            content = self._files.read(self._folder / name, bytes_max=KEY_BYTES)
        except OSError as error:
            raise KeysUnreadable(name, NOT_READABLE) from error
        if content is None:
            return None
        if len(content) != KEY_BYTES:
            raise KeysUnreadable(name, f"{len(content)} bytes, not {KEY_BYTES}")
        return SigningKey(Ed25519PrivateKey.from_private_bytes(content))


def rotate(node: Node, keyring: Keyring, keys: SigningKeys, entropy: Entropy) -> tuple[SigningKey, SealedSet]:
    """Give a node a new signing key, certified by its present one.

    Args:
        keyring: the present keys.

    Raises:
        CommandRefused: the last change has not reached the hub; nothing was changed.
        KeysUnreadable, OSError: a key file cannot be read or written; what happens then stands in the table above.

    Returns: the new key, and the set that certifies it.
    """
    new = keys.prepare(entropy)
    sealed = change_own_key(
        node,
        new,
        new_public=new.public,
        old_public=present_public(node.store, keyring, keys),
        exchange_public=keyring.exchange_public,
    )
    keys.finish(new.key_id)
    return new, sealed


def present_public(store: NodeStore, keyring: Keyring, keys: SigningKeys) -> bytes:
    """The public half of the key that signs: not the keyring's where the change to that one was lost with a disk."""
    with store.read() as tx:
        own = tx.setting(OWN_KEY_ID)
    return next((one.public for one in keys.everyone() if one.key_id == own), keyring.signing_public)


def settle(node: Node, keys: SigningKeys) -> None:
    """Put the previous key aside once the hub has taken the change; not while the database still goes on with that key.

    Aside it only says hello, and signs sticks, to a hub that may have been restored from before the change and knows no
    other; all that lie there go when the hub's backup has the last change. A key in doubt leaves all where they are.
    """
    with node.store.read() as tx:
        if is_key_in_doubt(tx):
            return
        is_pending, is_kept, own = is_change_pending(tx), is_change_in_backup(tx), tx.setting(OWN_KEY_ID)
    if not is_pending and own == node.signer.key_id:
        keys.put_previous_aside()
        if is_kept:
            keys.forget_aside()
