"""Regulators and the public: who may look at what, what they are shown, and the ledger of it."""
