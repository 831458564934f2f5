"""Turns the settings a command needs into its command-line options, so that names, types and help are defined in one place."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from andon.addresses import noted_addresses
from core.config import Settings, load_settings

_CONFIG = Annotated[Path | None, typer.Option("--config", help="a TOML file with any of the settings", show_default=False)]
_SIMPLE = {int: int, float: float, bool: bool, str: str, Path: Path}
EVERYWHERE = ("data",)


def _option_type(name: str) -> Any:
    """Return the annotated optional type of one setting's flag."""
    field = Settings.model_fields[name]
    kind = next((simple for simple in _SIMPLE if field.annotation in {simple, simple | None}), str)
    shown = field.default if field.default not in {None, ""} else "none"
    flag = "--" + name.replace("_", "-")
    help_text = f"{field.description} \\[default: {shown}; env: ANDON_{name.upper()}]"  # escaped: brackets are styles to Rich
    declaration = f"{flag}/--no-{flag[2:]}" if kind is bool else flag
    return Annotated[kind | None, typer.Option(declaration, help=help_text, show_default=False)]


def with_settings(*names: str, of_running: bool = False) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the flags ``--config``, ``--data`` and those named; it receives the merged ``settings``.

    ``of_running``: addresses that nothing else sets are those which the processes of the data folder noted.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        chosen = (*EVERYWHERE, *names)

        @functools.wraps(command)
        def run(*args: Any, config: Path | None = None, **flags: Any) -> None:
            values = {name: flags.pop(name, None) for name in chosen}
            settings = load_settings(config, **values)
            if of_running and (noted := noted_addresses(settings.data)):
                settings = load_settings(config, noted, **values)
            command(*args, settings=settings, **flags)

        own = [parameter for name, parameter in inspect.signature(command, eval_str=True).parameters.items() if name != "settings"]
        added = [inspect.Parameter("config", inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_CONFIG)]
        added += [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=_option_type(n)) for n in chosen]
        run.__signature__ = inspect.Signature([*own, *added])  # type: ignore[attr-defined]
        run.__annotations__ = {parameter.name: parameter.annotation for parameter in (*own, *added)}
        return run

    return decorate
