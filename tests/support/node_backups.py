"""Backups of a `CliNode`: what a dead disk takes, and the supervision that `serve` does."""

from pathlib import Path

import anyio

from carnet_node.bootstrap import open_installation
from carnet_node.settings import NodeSettings
from carnet_storage.adapters.service import BackupService
from carnet_storage.adapters.small_files import read_status
from support.cli_node import CliNode


def add_customer(node: CliNode, name: str = "Test person") -> str:
    """Record somebody."""
    return node("customers", "add", "--name", name)["id"]


def lose_database(node: CliNode) -> None:
    """What a dead disk takes."""
    for path in node.data.glob("node.db*"):
        path.unlink()


def files_below(folder: Path) -> dict[str, bytes]:
    """Every file with its content."""
    return {str(one.relative_to(folder)): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def supervise_until_confirmed(data: Path, *, head: int) -> None:
    """Run the backups of the node in a folder as `serve` does, until the replica covers an entry; then stop like it."""
    settings = NodeSettings(data_dir=data)
    service = BackupService(open_installation(settings).backup_parts())
    service.check()

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.run)
            with anyio.fail_after(20):
                while not is_confirmed(settings, head):  # noqa: ASYNC110  (what is waited for is a file)
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    anyio.run(run)


def is_confirmed(settings: NodeSettings, head: int) -> bool:
    """Whether the status says that the replica covers an entry."""
    status = read_status(settings.backup_dir)
    return status is not None and status.replication is not None and status.replication.confirmed_head >= head
