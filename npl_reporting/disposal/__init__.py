"""Collateral, negative equity, recovery and the ways to dispose."""
