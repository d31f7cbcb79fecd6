"""The hub's keys: what lies on the disk, what refuses to start, what encryption at rest holds."""

import os
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from carnet_hub.adapters.bundle_files import decrypt_bundle, encrypt_bundle
from carnet_hub.adapters.keyring import (
    DATA_FILE,
    EXPORT_FILE,
    KEY_FILES,
    SIGN_FILE,
    DataKeyBox,
    Keyring,
    create_keyring,
    finish_keyring,
    load_keyring,
)
from carnet_hub.adapters.system import DiskFiles, SystemEntropy
from carnet_hub.core.failures import AlreadyInitialised, KeysUnreadable
from carnet_protocol.envelope import Purpose, open_message, seal_envelope
from carnet_protocol.errors import NotAuthentic
from carnet_protocol.ids import HubId
from carnet_protocol.reasons import Reason

FILES = DiskFiles()
HUB = HubId(bytes(range(16)))


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    """A hub's keys in a fresh folder."""
    made = create_keyring(tmp_path, FILES, SystemEntropy())
    finish_keyring(tmp_path)
    return made


def test_keys_survive_a_restart(tmp_path: Path, keyring: Keyring):
    """The keys that are loaded are the keys that were created."""
    loaded = load_keyring(tmp_path, FILES)

    assert loaded.sign.public_key == keyring.sign.public_key
    assert loaded.export.public_key == keyring.export.public_key
    assert loaded.exchange_public == keyring.exchange_public
    assert (loaded.data_key, loaded.session_key) == (keyring.data_key, keyring.session_key)


def test_every_key_is_a_key_of_its_own(keyring: Keyring):
    """No two purposes share a key."""
    keys = {
        keyring.sign.public_key,
        keyring.export.public_key,
        keyring.exchange_public,
        keyring.data_key,
        keyring.session_key,
    }

    assert len(keys) == len(KEY_FILES)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no permission bits")
def test_key_files_are_private(tmp_path: Path, keyring: Keyring):
    """Every key file is readable and writable by its owner alone."""
    modes = {path.name: path.stat().st_mode & 0o777 for path in tmp_path.iterdir()}

    assert modes == dict.fromkeys(KEY_FILES, 0o600)


def test_keys_are_never_made_twice(tmp_path: Path, keyring: Keyring):
    """A second set-up in the same folder is refused and leaves the first keys in place."""
    with pytest.raises(AlreadyInitialised):
        create_keyring(tmp_path, FILES, SystemEntropy())

    assert load_keyring(tmp_path, FILES).sign.public_key == keyring.sign.public_key


@pytest.mark.parametrize(
    ("content", "detail"),
    [
        pytest.param(None, "it is missing", id="missing"),
        pytest.param(b"", "it has 0 bytes instead of 32", id="empty"),
        pytest.param(bytes(31), "it has 31 bytes instead of 32", id="short"),
        pytest.param(bytes(33), "it cannot be read, or is too long", id="long"),
    ],
)
def test_a_damaged_key_file_stops_the_start(tmp_path: Path, keyring: Keyring, content: bytes | None, detail: str):
    """A key file that is missing or has another size is named with what is wrong."""
    (tmp_path / SIGN_FILE).unlink()
    if content is not None:
        FILES.replace(tmp_path / SIGN_FILE, content)

    with pytest.raises(KeysUnreadable) as refusal:
        load_keyring(tmp_path, FILES)

    assert (refusal.value.file_name, refusal.value.detail) == (SIGN_FILE, detail)


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no permission bits")
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_key_file_that_others_can_open_stops_the_start(tmp_path: Path, keyring: Keyring, mode: int):
    """A key file with any right for group or others is refused."""
    (tmp_path / EXPORT_FILE).chmod(mode)

    with pytest.raises(KeysUnreadable, match="others may read it"):
        load_keyring(tmp_path, FILES)


def test_a_message_signed_by_the_keyring_opens(keyring: Keyring):
    """The signing key is a signer of protocol messages."""
    message = seal_envelope(b"x", Purpose.RECEIPT, HUB, keyring.sign)

    assert open_message(message, keyring.sign.public_key, Purpose.RECEIPT, HUB) == b"x"


def test_the_export_key_is_published_as_pem(keyring: Keyring):
    """The PEM text holds the public half of the export key."""
    loaded = load_pem_public_key(keyring.export.public_pem())

    assert loaded.public_bytes_raw() == keyring.export.public_key  # type: ignore[union-attr]


def test_a_sealed_value_opens_only_at_its_place(keyring: Keyring):
    """A value encrypted at rest opens under its own name and under no other."""
    box = DataKeyBox(keyring.data_key, SystemEntropy())
    sealed = box.seal(b"value", b"set 1")

    assert box.open(sealed, b"set 1") == b"value"
    with pytest.raises(KeysUnreadable) as refusal:
        box.open(sealed, b"set 2")
    assert refusal.value.file_name == DATA_FILE


def test_sealing_twice_shows_no_equality(keyring: Keyring):
    """Equal values give different ciphertexts."""
    box = DataKeyBox(keyring.data_key, SystemEntropy())

    assert box.seal(b"value", b"") != box.seal(b"value", b"")


def test_a_bundle_file_opens_for_its_receiver(keyring: Keyring):
    """What was encrypted to the exchange key opens with it."""
    assert decrypt_bundle(encrypt_bundle(b"bundle", keyring.exchange_public), keyring.exchange) == b"bundle"


@pytest.mark.parametrize("damage", ["flip", "cut", "longer", "empty"])
def test_a_damaged_bundle_file_is_refused(keyring: Keyring, damage: str):
    """A bundle file with one bit flipped, cut short, continued or empty is refused."""
    whole = encrypt_bundle(b"bundle", keyring.exchange_public)
    damaged = {"flip": bytes([whole[0] ^ 1]) + whole[1:], "cut": whole[:-1], "longer": whole + b"x", "empty": b""}

    with pytest.raises(NotAuthentic) as refusal:
        decrypt_bundle(damaged[damage], keyring.exchange)

    assert refusal.value.reason is Reason.BAD_BUNDLE


def test_a_failed_replacement_keeps_the_old_file(tmp_path: Path):
    """A file that cannot be replaced holds what it held, and nothing half-written stays beside it."""
    (tmp_path / "target").mkdir()

    with pytest.raises(OSError, match="target"):
        FILES.replace(tmp_path / "target", b"new")

    assert [path.name for path in tmp_path.iterdir()] == ["target"]
