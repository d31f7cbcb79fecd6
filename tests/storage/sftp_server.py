"""An SFTP server on loopback for backups: a program of its own, run with the Python that has AsyncSSH.

Decides keys and root: it makes a host key and a user's key beside the root and lets in nobody but the holder of the
latter. Says one JSON line on stdout when it listens; ends with a signal.

    python sftp_server.py FOLDER PORT
"""

import asyncio
import json
import sys
from functools import partial
from pathlib import Path

import asyncssh

USER = "carnet"


async def serve(folder: Path, port: int) -> None:
    """Serve `folder/root` until the process ends.

    Args:
        folder: gets `host_key`, `user_key` and their public halves; an earlier server's are used again.
        port: 0 takes a free one.
    """
    root = folder / "root"
    root.mkdir(parents=True, exist_ok=True)
    for name in ("host_key", "user_key"):
        if not (folder / name).exists():
            key = asyncssh.generate_private_key("ssh-ed25519")
            key.write_private_key(folder / name)
            key.write_public_key(folder / f"{name}.pub")
            (folder / name).chmod(0o600)
    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(folder / "host_key")],
        authorized_client_keys=str(folder / "user_key.pub"),
        sftp_factory=partial(asyncssh.SFTPServer, chroot=str(root)),
    )
    sys.stdout.write(json.dumps({"port": server.get_port(), "user": USER}) + "\n")
    sys.stdout.flush()
    await server.wait_closed()


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1]).resolve(), int(sys.argv[2])))
