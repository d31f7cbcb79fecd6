"""The node's JSON API: what the front desk's pages read and write, on loopback.

Decides which routers stand where and which guards every request passes. Decides no rule of the desk: those are the
commands' (``core/commands``), reached through :mod:`carnet_node.core.desk`.
"""
