"""Backups of a `CliNode`: what a dead disk takes, and the supervision that `serve` does."""

from collections.abc import Callable
from pathlib import Path

import anyio

from carnet_node.bootstrap import open_installation
from carnet_node.settings import NodeSettings
from carnet_storage.adapters.service import BackupService
from carnet_storage.adapters.small_files import read_status
from carnet_storage.core.status import ReplicationStatus
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
    supervise_until(data, lambda told: told.confirmed_head >= head and told.confirmed_at_ms is not None)


def supervise_until(data: Path, is_told: Callable[[ReplicationStatus], bool]) -> None:
    """Run them until the status says of the replication what is waited for; then stop as `serve` does."""
    settings = NodeSettings(data_dir=data)
    service = BackupService(open_installation(settings).backup_parts())
    service.check()

    def is_there() -> bool:
        status = read_status(settings.backup_dir)
        return status is not None and status.replication is not None and is_told(status.replication)

    async def run() -> None:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(service.run)
            with anyio.fail_after(20):
                while not is_there():  # noqa: ASYNC110  (what is waited for is a file)
                    await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()

    anyio.run(run)
