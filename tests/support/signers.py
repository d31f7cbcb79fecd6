"""Signing keys that are a function of a name, so that every run makes the same bytes."""

from support.protocol import NamedSigner, exchange_key, signer

__all__ = ["NamedSigner", "exchange_key", "signer"]
