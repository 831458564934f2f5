"""The plug-ins of this installation, discovered once per process, and what they say about the settings in a catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from threading import Event, Thread
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar

from core.catalog.validation_errors import suggestion
from core.errors import WrongSetting
from core.registry import discover, files_of

if TYPE_CHECKING:
    from alerts.notifier import Notifier
    from collector.format import Format
    from collector.publisher import Publisher
    from collector.receiver import Receiver

T = TypeVar("T")
ASKED_SECONDS = 5.0
"""How long ``andon check`` waits for the answer of one system."""


@cache
def receivers() -> dict[str, Receiver]:
    """Return the pull receivers by type. Imported when a catalog first names one: they bring clients of brokers and databases."""
    import collector.receivers
    from collector.receiver import Receiver

    return discover(collector.receivers, "RECEIVER", Receiver)  # type: ignore[type-abstract]


@cache
def formats() -> dict[str, Format]:
    """Return the formats by type. Imported when a catalog first names one: they bring parsers."""
    import collector.formats
    from collector.format import Format

    return discover(collector.formats, "FORMAT", Format)  # type: ignore[type-abstract]  # its members are looked for, none is made


@cache
def publishers() -> dict[str, Publisher]:
    """Return the publishers by type. Imported when a catalog first names one: they bring clients of brokers."""
    import collector.publishers
    from collector.publisher import Publisher

    return discover(collector.publishers, "PUBLISHER", Publisher)  # type: ignore[type-abstract]  # its members are looked for, none is made


@cache
def notifiers() -> dict[str, Notifier]:
    """Return the notifiers by type."""
    import alerts.notifiers
    from alerts.notifier import Notifier

    return discover(alerts.notifiers, "NOTIFIER", Notifier)  # type: ignore[type-abstract]


def check_receiver(settings: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a source's ``receiver:``. If its package is not installed, it is accepted: another machine may read it."""
    import collector.receivers

    return _check(receivers(), collector.receivers, settings["type"], lambda receiver: receiver.validate(settings))


def queues_of(settings: dict[str, Any]) -> list[str] | None:
    """Return the queues whose state a source's receiver tells with these settings; None if that is not known here."""
    from collector.receiver import TellsQueues

    receiver = receivers().get(settings.get("type", ""))
    if receiver is None or check_receiver(settings) is not None:
        return None
    return receiver.queues(settings) if isinstance(receiver, TellsQueues) else []


def check_format(settings: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a source's ``format:``. If its package is not installed, it is accepted: another machine may read it."""
    import collector.formats

    return _check(formats(), collector.formats, settings["type"], lambda form: form.reader(settings))


def check_publisher(settings: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a source's ``resubmit:``. If its package is not installed, it is accepted, as a receiver is."""
    import collector.publishers

    return _check(publishers(), collector.publishers, settings["type"], lambda publisher: publisher.validate(settings))


def doubts(settings: dict[str, Any]) -> list[str]:
    """Return what a receiver's system says against valid settings, or that it could not be asked; an answer may take ``ASKED_SECONDS``."""
    from collector.receiver import Inspecting

    receiver = receivers().get(settings["type"])
    if not isinstance(receiver, Inspecting):
        return []
    answer: list[str] = []
    told = Event()

    def ask() -> None:
        try:
            answer.extend(receiver.doubts(settings))
        except Exception as error:  # boundary: a plug-in and a system that may be away; a check does not depend on either
            answer.append(f"its system could not be asked: {type(error).__name__}: {(str(error).splitlines() or [''])[0]}")
        told.set()

    Thread(target=ask, name="doubts", daemon=True).start()  # a driver may hang for ever; the process ends all the same
    return answer if told.wait(ASKED_SECONDS) else [f"its system could not be asked: no answer within {ASKED_SECONDS:.0f} seconds"]


def check_channel(channel: dict[str, Any]) -> WrongSetting | None:
    """Return what is wrong with a channel."""
    import alerts.notifiers

    wrong = _check(notifiers(), alerts.notifiers, channel["type"], lambda notifier: notifier.validate(channel["settings"]))
    return wrong if wrong is None or wrong.path == ("type",) else WrongSetting(("settings", *wrong.path), wrong.what)


def _check(plugins: Mapping[str, T], package: ModuleType, kind: str, validate: Callable[[T], object]) -> WrongSetting | None:
    if kind not in plugins:
        if kind in files_of(package):
            return None
        return WrongSetting("type", f"is '{kind}', which does not exist{suggestion(kind, plugins)}")
    try:
        validate(plugins[kind])
    except WrongSetting as wrong:
        return wrong
    except Exception as error:  # boundary: a plug-in; its faults must not stop the process
        return WrongSetting((), f"cannot be validated: {type(error).__name__}: {error}; look for a value of the wrong type")
    return None
