"""The server process around the application: addresses, TLS, workers, time-outs.

Several workers are the same program started several times; they find their settings in the environment.
"""

import errno
import os
import socket
from typing import Any, Final

import uvicorn

from carnet_hub.adapters.logging import configure_logging
from carnet_hub.core.failures import Unusable
from carnet_hub.core.limits import CONNECTIONS_MAX, KEEP_ALIVE_S, STOP_S
from carnet_hub.settings import HubSettings

_FACTORY: Final = "carnet_hub.entrypoints.http.app:create_from_environment"


def run_server(settings: HubSettings) -> None:
    """Serve until a signal says stop; requests in flight get 20 seconds.

    Raises:
        Unusable: see `check_address`.
    """
    check_address(settings)
    hand_down(settings)
    configure_logging(as_json=settings.log_json)
    options: dict[str, Any] = {
        "factory": True,
        "host": settings.host,
        "port": settings.port,
        "workers": settings.workers,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "proxy_headers": settings.behind_proxy,
        "limit_concurrency": CONNECTIONS_MAX,
        "timeout_keep_alive": KEEP_ALIVE_S,
        "timeout_graceful_shutdown": STOP_S,
    }
    if settings.has_tls:
        options |= {"ssl_certfile": str(settings.tls_cert), "ssl_keyfile": str(settings.tls_key)}
    uvicorn.run(_FACTORY, **options)


def check_address(settings: HubSettings) -> None:
    """Find out before anything starts whether this machine has the address and no other program the port.

    Raises:
        Unusable: it cannot be had.
    """
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        socket.create_server((settings.host, settings.port), family=family).close()
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            taken = f"Port {settings.port} is taken by another program."
            raise Unusable(taken, "End it, or name another port with --port.") from error
        what = f"{settings.host} cannot be listened on: {error.strerror}."
        raise Unusable(what, "Name an address of this machine.") from error


def hand_down(settings: HubSettings) -> None:
    """Put the settings in force where worker processes read them."""
    for name, value in settings.model_dump(mode="json").items():
        if value is not None:
            os.environ[f"CARNET_HUB_{name.upper()}"] = str(value)
