"""`keys`: what keys this machine has, a new recovery passphrase, and a lost data key put back."""

from pathlib import Path
from typing import Annotated

import anyio
import typer

from carnet_node.adapters.keyring import WRAPPED_FOR_HUB_FILE, WRAPPED_FOR_RECOVERY_FILE
from carnet_node.adapters.recovery import KeyFolder, renew_wrappings, unwrap_data_key, wrappings_at
from carnet_node.adapters.rotating import present_public, rotate
from carnet_node.adapters.system import DiskFiles, SystemEntropy
from carnet_node.bootstrap import lost_machine_asks, require_recovered
from carnet_node.core.failures import KeysUnreadable
from carnet_node.core.line.enrolment import check_hub_url
from carnet_node.entrypoints.cli.opening import installation_of, one_group, set_facts, settings_of
from carnet_node.entrypoints.cli.output import AsJson, emit
from carnet_protocol.enrolment import parse_code
from carnet_protocol.envelope import key_id_of

keys_app = one_group(help="This machine's keys.")

PassphraseFile = Annotated[
    Path | None,
    typer.Option("--passphrase-file", help="file with the printed passphrase; asked for when left out"),
]


@keys_app.command("list")
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Which keys this machine has; nothing secret is shown."""
    installation = installation_of(ctx)
    keys = KeyFolder(installation.settings.keys_dir, installation.files)
    signing = present_public(installation.store, installation.keyring, installation.signing_keys)
    emit(
        {
            "folder": str(keys.folder),
            "key_id": key_id_of(signing).hex(),
            "signing_key": signing.hex(),
            "exchange_key": installation.keyring.exchange_public.hex(),
            "copies": sorted(keys.wrappings()),
        },
        as_json=as_json,
    )


@keys_app.command("rotate")
def rotate_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Give this machine a new signing key, certified by the old one; what it signed before stays good."""
    installation = installation_of(ctx)
    new, sealed = rotate(installation.node(), installation.keyring, installation.signing_keys, installation.entropy)
    emit(
        {"key_id": new.key_id.hex(), **set_facts(sealed)},
        as_json=as_json,
        text=f"Everything after set {sealed.seq} is signed with the key {new.key_id.hex()}.\n"
        "The hub learns it with the next sync; until then the old key is kept beside it.",
    )


@keys_app.command("recovery")
def recovery(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """Print a new recovery passphrase; the old sheet opens nothing here any more."""
    installation = installation_of(ctx)
    identity = installation.node().identity
    keys = KeyFolder(installation.settings.keys_dir, installation.files)
    data_key, entropy = installation.keyring.data_key, installation.entropy
    passphrase = renew_wrappings(keys, data_key, identity.hub_exchange_key, entropy)
    emit(
        {"recovery_passphrase": passphrase},
        as_json=as_json,
        text=f"Recovery passphrase: {passphrase}\n"
        "Print it and lock it away now: it is shown once and kept nowhere. Destroy the old sheet, but not before the\n"
        "next backup is made: older backups still open with the old passphrase only.",
    )


@keys_app.command("check")
def check(ctx: typer.Context, *, passphrase_file: PassphraseFile = None, as_json: AsJson = False) -> None:
    """Whether the printed passphrase opens this machine's data key; changes nothing."""
    installation = installation_of(ctx)
    keys = KeyFolder(installation.settings.keys_dir, installation.files)
    if unwrap_data_key(keys.wrappings(), _passphrase(passphrase_file)) != installation.keyring.data_key:
        raise KeysUnreadable("data.recovery", "it opens, but to another data key than this machine's")
    emit({"opens": True}, as_json=as_json, text="The passphrase opens the data key of this machine.")


@keys_app.command("recover")
def recover(
    ctx: typer.Context,
    *,
    source: Annotated[
        Path | None, typer.Option("--from", help="a backup copy, or a folder of keys; this machine's by default")
    ] = None,
    into: Annotated[
        Path | None, typer.Option("--into", help="folder of keys to write; this machine's by default")
    ] = None,
    passphrase_file: PassphraseFile = None,
    recovery_code: Annotated[
        str | None, typer.Option("--recovery-code", help="instead of the passphrase: the operator's one-time code")
    ] = None,
    hub: Annotated[str | None, typer.Option("--hub", help="the hub's address, if it has moved")] = None,
    as_json: AsJson = False,
) -> None:
    """Put a lost data key back, with the printed passphrase or through the hub.

    A key that is there is not replaced. One that does not fit the database there is refused, and nothing is written.
    """
    settings = settings_of(ctx)
    files = DiskFiles()
    target = KeyFolder(into or settings.keys_dir, files)
    wrappings = wrappings_at(source or settings.keys_dir, files)
    target.require_vacant()
    if recovery_code is None:
        data_key = unwrap_data_key(wrappings, _passphrase(passphrase_file))
    else:
        url = None if hub is None else check_hub_url(hub)
        data_key = anyio.run(lost_machine_asks, settings, parse_code(recovery_code), wrappings, url)
    copy = WRAPPED_FOR_RECOVERY_FILE if recovery_code is None else WRAPPED_FOR_HUB_FILE
    require_recovered(target.folder.parent / settings.database.name, data_key, copy)
    target.put_back(data_key, wrappings, SystemEntropy())
    emit(
        {"folder": str(target.folder), "recovered": True},
        as_json=as_json,
        text=f"The data key is back in {target.folder}.\nNext: carnet-node doctor, or a restore in that folder.",
    )


def _passphrase(path: Path | None) -> str:
    """The passphrase from a file, or typed unseen; never from the command line, where others can read it."""
    if path is None:
        return str(typer.prompt("Recovery passphrase", hide_input=True, err=True))
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeysUnreadable(path.name, "the passphrase cannot be read from it") from error
