"""Saved views: the actions that keep and forget them, by whether they are shared, and their bounds."""

from __future__ import annotations

SAVED = {False: "save view", True: "share view"}
DELETED = {False: "delete view", True: "delete shared view"}
LONGEST_NAME = 60
LONGEST_ADDRESS = 1000
