"""Settings of pull receivers that read from an address, with errors that name the field."""

from __future__ import annotations

from typing import Any, TypeVar

from collector.plugin_settings import PluginSettings, Reference, parsed


class ReceiverSettings(PluginSettings):
    """What the settings of receivers with an address share: ``url`` is a reference to a secret."""

    url: Reference


Chosen = TypeVar("Chosen", bound=PluginSettings)


def parse_settings(kind: type[Chosen], settings: dict[str, Any]) -> Chosen:
    """Return a source's ``receiver:``, typed. Raises :class:`core.errors.WrongSetting` that names the field and never shows its value."""
    return parsed(kind, settings, "receiver")
