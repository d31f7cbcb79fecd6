"""The routes of a node's application, made once for all the nodes of a run.

To build two hundred routes takes a third of a second of processor, and most tests ask three of them. What differs from
node to node lies in the application's state; a test that runs what goes on beside the server makes an application of
its own.
"""

from copy import copy

from fastapi import FastAPI
from starlette.datastructures import State

from carnet_node.entrypoints.web.app import ask_of, create_api
from carnet_node.entrypoints.web.desk import Desk

_made: dict[tuple[frozenset[str], str], FastAPI] = {}


def shared_api(desk: Desk, *, hosts: frozenset[str], token: str) -> FastAPI:
    """The application around a desk, as `create_api` makes it; its routes are those of every other desk."""
    if (hosts, token) not in _made:
        _made[hosts, token] = create_api(desk, hosts=hosts, token=token)
    api = copy(_made[hosts, token])
    api.state = State()
    ask_of(api, desk)
    return api
