"""Notifiers: one file each, discovered when the engine starts."""
