"""What node and hub must agree on: wire types, signing, and the fold of signed changes into state.

Decides nothing itself; each module below says in its first paragraph what it decides. Their public names are the public
surface of this distribution. Nothing is imported here, so that a command line pays only for what it uses.

    bytes       cbor, envelope, ops, seals, changeset, messages, hello, bundle, segments, recall_lists,
                look_up
    words       limits, reasons, errors, ids, registry, kinds, legal_days, recall_doubt, vin, wmi
    rules       chain, writes, state, settled, fold, resolvers, restored_values, opened, orders, enrolment,
                recovery, remedy, demands, owners, consents, visits, reach, retention, ten_days, shop_figures
"""

__all__ = [
    "bundle",
    "cbor",
    "chain",
    "changeset",
    "consents",
    "demands",
    "enrolment",
    "envelope",
    "errors",
    "fold",
    "hello",
    "ids",
    "kinds",
    "legal_days",
    "limits",
    "look_up",
    "messages",
    "opened",
    "ops",
    "orders",
    "owners",
    "reach",
    "reasons",
    "recall_doubt",
    "recall_lists",
    "recovery",
    "registry",
    "remedy",
    "resolvers",
    "restored_values",
    "retention",
    "seals",
    "segments",
    "settled",
    "shop_figures",
    "state",
    "ten_days",
    "vin",
    "visits",
    "wmi",
    "writes",
]
