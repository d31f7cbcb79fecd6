"""Carnet hub."""
