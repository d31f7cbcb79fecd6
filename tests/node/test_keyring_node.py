"""The node's keys lie in private files outside the database, and secret values open only in their place."""

import itertools
import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hpke
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from carnet_node.adapters.keyring import (
    DATA_FILE,
    KEY_FILES,
    SIGNING_FILE,
    DataKeyBox,
    create_keyring,
    new_passphrase,
    open_keyring,
    unwrap_with_passphrase,
    wrap_for_hub,
    wrap_with_passphrase,
)
from carnet_node.adapters.system import DiskFiles
from carnet_node.core.failures import AlreadyEnrolled, KeysUnreadable
from carnet_protocol.envelope import Purpose, open_message, seal_envelope
from carnet_protocol.ids import HubId

FILES = DiskFiles()
HUB = HubId(b"h" * 16)


class CountingEntropy:
    """Bytes that are never the same twice and always the same in a new test."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def random_bytes(self, count: int) -> bytes:
        return next(self._count).to_bytes(4, "big").rjust(count, b"\x5a")[-count:]


def test_new_keys_lie_in_private_files(tmp_path: Path):
    """Every key file of a new node has mode 600 and holds 32 bytes."""
    create_keyring(tmp_path / "keys", FILES, CountingEntropy())

    found = {path.name: (path.stat().st_mode & 0o777, path.stat().st_size) for path in (tmp_path / "keys").iterdir()}
    assert found == {"signing.key": (0o600, 32), "exchange.key": (0o600, 32), "data.key": (0o600, 32)}


def test_reopened_keys_are_the_ones_that_were_made(tmp_path: Path):
    """A keyring read from its files signs and names itself as the one that was created."""
    made = create_keyring(tmp_path, FILES, CountingEntropy())

    reopened = open_keyring(tmp_path, FILES)

    assert (reopened.key_id, reopened.sign(b"x"), reopened.exchange_public, reopened.data_key) == (
        made.key_id,
        made.sign(b"x"),
        made.exchange_public,
        made.data_key,
    )


def test_a_keyring_signs_envelopes_that_verify(tmp_path: Path):
    """What the keyring signs verifies with its public key."""
    keyring = create_keyring(tmp_path, FILES, CountingEntropy())

    message = seal_envelope(b"payload", Purpose.HELLO, HUB, keyring)

    assert open_message(message, keyring.signing_public, Purpose.HELLO, HUB) == b"payload"


class CutFiles(DiskFiles):
    """A disk that is gone after some writes."""

    def __init__(self, writes: int) -> None:
        self._left = writes

    def replace(self, path: Path, content: bytes) -> None:
        """See `ports.Files`."""
        self._left -= 1
        if self._left < 0:
            raise OSError("power cut")
        super().replace(path, content)


@pytest.mark.parametrize("writes", range(len(KEY_FILES) + 1))
def test_making_keys_goes_on_where_it_was_cut_short(tmp_path: Path, writes: int):
    """Keys that were written stay, the missing ones are made, and the mark goes."""
    with pytest.raises(OSError, match="power cut"):
        create_keyring(tmp_path, CutFiles(writes), CountingEntropy())
    before = {name: (tmp_path / name).read_bytes() for name in KEY_FILES if (tmp_path / name).exists()}

    create_keyring(tmp_path, FILES, CountingEntropy())

    assert {name: (tmp_path / name).read_bytes() for name in before} == before
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(KEY_FILES)


def test_keys_are_never_made_over_others(tmp_path: Path):
    """Creating keys where some exist is refused and leaves them as they were."""
    create_keyring(tmp_path, FILES, CountingEntropy())
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}

    with pytest.raises(AlreadyEnrolled):
        create_keyring(tmp_path, FILES, CountingEntropy())

    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has access lists, not modes")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o700])
def test_a_key_that_others_may_use_is_refused(tmp_path: Path, mode: int):
    """A key file with any right beyond owner's read and write stops the start and is named."""
    create_keyring(tmp_path, FILES, CountingEntropy())
    (tmp_path / SIGNING_FILE).chmod(mode)

    with pytest.raises(KeysUnreadable) as caught:
        open_keyring(tmp_path, FILES)

    assert (caught.value.file_name, f"{mode:03o}" in caught.value.detail) == (SIGNING_FILE, True)


@pytest.mark.parametrize("content", [b"", b"k" * 31, b"k" * 33])
def test_a_key_of_another_size_is_refused(tmp_path: Path, content: bytes):
    """A key file that is cut short or has grown stops the start and is named."""
    create_keyring(tmp_path, FILES, CountingEntropy())
    (tmp_path / DATA_FILE).write_bytes(content)

    with pytest.raises(KeysUnreadable) as caught:
        open_keyring(tmp_path, FILES)

    assert caught.value.file_name == DATA_FILE


def test_a_missing_key_is_named(tmp_path: Path):
    """Without one of its files the keyring does not open."""
    create_keyring(tmp_path, FILES, CountingEntropy())
    (tmp_path / SIGNING_FILE).unlink()

    with pytest.raises(KeysUnreadable, match="file is missing"):
        open_keyring(tmp_path, FILES)


def test_a_secret_value_opens_in_its_place():
    """What the box sealed comes back with the same key and place."""
    box = DataKeyBox(b"d" * 32, CountingEntropy())

    assert box.open(box.seal(b"110101199003070134", b"place"), b"place") == b"110101199003070134"


@pytest.mark.parametrize(("key", "place"), [(b"e" * 32, b"place"), (b"d" * 32, b"elsewhere")])
def test_a_secret_value_opens_nowhere_else(key: bytes, place: bytes):
    """Another key or another place is refused by name."""
    sealed = DataKeyBox(b"d" * 32, CountingEntropy()).seal(b"value", b"place")

    with pytest.raises(KeysUnreadable):
        DataKeyBox(key, CountingEntropy()).open(sealed, place)


def test_equal_secrets_have_different_ciphertexts_and_one_index():
    """Encryption hides equality; the keyed index keeps it for exact search."""
    box = DataKeyBox(b"d" * 32, CountingEntropy())

    assert box.seal(b"value", b"") != box.seal(b"value", b"")
    assert box.blind_index("value") == box.blind_index("value")
    assert box.blind_index("value") != DataKeyBox(b"e" * 32, CountingEntropy()).blind_index("value")


def test_the_passphrase_recovers_the_data_key_as_typed_by_a_person():
    """Lower case, spaces and look-alike letters do not matter."""
    passphrase = new_passphrase(CountingEntropy())
    wrapped = wrap_with_passphrase(b"d" * 32, passphrase, CountingEntropy())

    assert unwrap_with_passphrase(wrapped, passphrase.lower().replace("-", " ").replace("0", "o")) == b"d" * 32


@pytest.mark.parametrize("damage", ["passphrase", "file"])
def test_another_passphrase_or_a_damaged_file_opens_nothing(damage: str):
    """A wrong passphrase and one changed byte are refused alike."""
    passphrase = new_passphrase(CountingEntropy())
    wrapped = wrap_with_passphrase(b"d" * 32, passphrase, CountingEntropy())
    typed = "2" + passphrase[1:] if damage == "passphrase" else passphrase
    changed = wrapped[:-1] + bytes([wrapped[-1] ^ 1]) if damage == "file" else wrapped

    with pytest.raises(KeysUnreadable):
        unwrap_with_passphrase(changed, typed)


def test_the_hub_alone_opens_its_wrapping():
    """The wrapping for the hub is HPKE to its X25519 key."""
    hub_key = X25519PrivateKey.from_private_bytes(b"x" * 32)
    suite = hpke.Suite(hpke.KEM.X25519, hpke.KDF.HKDF_SHA256, hpke.AEAD.AES_128_GCM)

    wrapped = wrap_for_hub(b"d" * 32, hub_key.public_key().public_bytes_raw())

    assert suite.decrypt(wrapped, hub_key, info=b"carnet/data-key/v1") == b"d" * 32


def test_a_keyring_shows_no_key_when_printed(tmp_path: Path):
    """The printed form of a keyring, which may end up in a log, holds no key."""
    keyring = create_keyring(tmp_path, FILES, CountingEntropy())

    assert repr(keyring) == "Keyring()"
