"""Notifiers: one file each, found by a scan when the engine starts."""
