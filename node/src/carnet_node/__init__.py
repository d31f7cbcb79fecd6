"""Carnet node."""
