"""What a line of settings says about a backup target, and what is refused."""

from pathlib import Path

import pytest

from carnet_storage.core.failures import PlanWrong
from carnet_storage.core.litestream import Files, child_environment, configuration, replica_settings
from carnet_storage.core.plan import Secrets, copy_target, parse_secrets
from carnet_storage.core.targets import FolderTarget, Place, S3Target, SftpTarget, parse_target

PLACE = Place("ab" * 16, 3)
STORE = "s3://cars/dealers?endpoint=https://store.example&region=eu-west-1"
SERVER = "sftp://carnet@backup.example:2222/dealers?key=/etc/key&host-key=/etc/host.pub"

REFUSED = [
    ("a relative folder", "backups", "absolute"),
    ("another protocol", "ftp://backup.example/cars", "ftp"),
    ("a password", "sftp://me:secret@backup.example/cars?key=/k&host-key=/h", "password"),
    ("no pinned server key", "sftp://me@backup.example/cars?key=/k", "host-key"),
    ("clear text to another machine", "s3://cars?endpoint=http://store.example", "in clear"),
    ("an unknown option", "s3://cars?endpint=https://store.example", "endpint"),
    ("no bucket", "s3:///prefix", "bucket"),
]


def test_an_absolute_path_is_a_folder():
    """A path from the root on is a folder target."""
    assert parse_target("/mnt/second/carnet") == FolderTarget(Path("/mnt/second/carnet"))


def test_a_store_is_read_with_endpoint_and_region():
    """An S3 line gives bucket, prefix, endpoint and region."""
    assert parse_target(STORE) == S3Target("cars", "dealers", "https://store.example", "eu-west-1")


def test_clear_text_is_allowed_on_this_machine():
    """A store on loopback may be spoken to in clear."""
    assert parse_target("s3://cars?endpoint=http://127.0.0.1:8333") == S3Target(
        "cars", "", "http://127.0.0.1:8333", "us-east-1"
    )


def test_a_server_is_read_with_its_keys():
    """An SFTP line gives user, host, port, path and both key files."""
    expected = SftpTarget("backup.example", 2222, "carnet", "dealers", Path("/etc/key"), Path("/etc/host.pub"))

    assert parse_target(SERVER) == expected


@pytest.mark.parametrize(("label", "line", "named"), REFUSED, ids=[case[0] for case in REFUSED])
def test_what_cannot_be_used_is_refused(label: str, line: str, named: str):
    """A wrong line is refused with what is wrong, and a password in it is not repeated."""
    with pytest.raises(PlanWrong) as refused:
        parse_target(line)

    assert named in refused.value.what
    assert "secret@" not in refused.value.what


def test_copies_do_not_go_to_sftp():
    """Only Litestream speaks SFTP, and the refusal says so."""
    with pytest.raises(PlanWrong):
        copy_target(SERVER)


def test_each_epoch_has_a_replica_of_its_own():
    """The path of a replica ends in the source and the ordinal of its epoch."""
    assert replica_settings(FolderTarget(Path("/b")), PLACE)["path"] == f"/b/{'ab' * 16}/epoch-3"


def test_the_configuration_holds_no_secret(tmp_path: Path):
    """Keys of a store travel in the child's environment and not in its configuration."""
    files = Files(tmp_path / "a.db", tmp_path / "c.json", tmp_path / "s.sock", tmp_path / "state")

    content = configuration(files, parse_target(STORE), PLACE, sync_interval_ms=1000)

    assert b"access" not in content
    assert b"secret" not in content


def test_the_child_gets_a_clean_environment():
    """Of the parent's environment the child gets what it needs, and the secrets; AWS_CA_BUNDLE would stop it."""
    parent = {"PATH": "/bin", "AWS_CA_BUNDLE": "/x", "AWS_PROFILE": "p", "CARNET_NODE_PORT": "1", "HOME": "/h"}

    environment = child_environment(parent, Secrets("id", "key"))

    assert environment == {
        "PATH": "/bin",
        "HOME": "/h",
        "LITESTREAM_ACCESS_KEY_ID": "id",
        "LITESTREAM_SECRET_ACCESS_KEY": "key",
    }


def test_secrets_never_show():
    """Secrets are left out of what a program prints about them."""
    assert "topsecret" not in repr(parse_secrets(b'{"access_key_id": "me", "secret_access_key": "topsecret"}'))
