"""Carnet protocol."""
