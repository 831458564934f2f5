"""The plug-ins of this installation, discovered once per process, and what they say about the settings in a catalog."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from core.catalog.validation_errors import suggestion
from core.errors import WrongSetting
from core.registry import discover, files_of

if TYPE_CHECKING:
    from alerts.notifier import Notifier
    from collector.receiver import Receiver


@cache
def receivers() -> dict[str, Receiver]:
    """Return the pull receivers by type. Imported when a catalog first names one: they bring clients of brokers and databases."""
    import collector.receivers
    from collector.receiver import Receiver

    return discover(collector.receivers, "RECEIVER", Receiver)  # type: ignore[type-abstract]


@cache
def notifiers() -> dict[str, Notifier]:
    """Return the notifiers by type."""
    import alerts.notifiers
    from alerts.notifier import Notifier

    return discover(alerts.notifiers, "NOTIFIER", Notifier)  # type: ignore[type-abstract]


def check_receiver(settings: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a source's ``receiver:``. If its package is not installed, it is accepted: another machine may read it."""
    import collector.receivers

    if settings["type"] not in receivers() and settings["type"] in files_of(collector.receivers):
        return None
    return _check(receivers(), settings["type"], settings, ())


def check_channel(channel: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a channel."""
    return _check(notifiers(), channel["type"], channel["settings"], ("settings",))


def _check(plugins: Mapping[str, Notifier | Receiver], kind: str, settings: dict[str, Any], below: tuple[str, ...]) -> WrongSetting | None:
    if kind not in plugins:
        return WrongSetting("type", f"is '{kind}', which does not exist{suggestion(kind, plugins)}")
    try:
        plugins[kind].validate(settings)
    except WrongSetting as wrong:
        return WrongSetting((*below, *wrong.path), wrong.what)
    except Exception as error:  # boundary: a plug-in; its faults must not stop the process
        return WrongSetting(below, f"cannot be validated: {type(error).__name__}: {error}; look for a value of the wrong type")
    return None
