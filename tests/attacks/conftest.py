"""Attacks are tried on the team of the use cases."""

from __future__ import annotations

from tests.services.conftest import clock, deps, neighbours, office

__all__ = ["clock", "deps", "neighbours", "office"]
