"""What node and hub must agree on: wire types, signing, and the fold of signed changes into state.

Decides nothing itself; each module below says in its first paragraph what it decides. Their public names are the public
surface of this distribution. Nothing is imported here, so that a command line pays only for what it uses.

    bytes       cbor, envelope, ops, seals, changeset, messages, hello, bundle, segments
    words       limits, reasons, errors, ids, registry, kinds, vin, wmi
    rules       chain, writes, state, settled, fold, resolvers, opened, orders, enrolment, recovery, remedy
"""

__all__ = [
    "bundle",
    "cbor",
    "chain",
    "changeset",
    "enrolment",
    "envelope",
    "errors",
    "fold",
    "hello",
    "ids",
    "kinds",
    "limits",
    "messages",
    "opened",
    "ops",
    "orders",
    "reasons",
    "recovery",
    "registry",
    "remedy",
    "resolvers",
    "seals",
    "segments",
    "settled",
    "state",
    "vin",
    "wmi",
    "writes",
]
