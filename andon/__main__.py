"""``andon``: the command line. Every error is one clear line; exit codes: 0 done, 1 failed, 2 wrong use or invalid definitions."""

from __future__ import annotations

import importlib
import os
import sys

import typer
from typer.exceptions import TyperException

from core.catalog.load import CatalogErrors
from core.disk import NO_ROOM
from core.errors import AndonError, UsageError
from core.parent import end_with_parent

OURS_ONLY = 0o077
"""The umask of every command: what Andon writes is business data, or a key to it."""

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Watches the integrations of a manufacturer as an andon board watches a production line.",
    epilog="Exit codes: 0 success; 1 failed, or the answer is no; 2 wrong use, or an invalid catalog.",
)
COMMANDS = (
    "up",
    "demo",
    "collect",
    "engine",
    "dashboard",
    "plant",
    "init",
    "discover",
    "doctor",
    "check",
    "source",
    "channel",
    "calendar",
    "sla",
    "explain",
    "find",
    "incident",
    "quarantine",
    "resubmit",
    "journal",
    "backup",
    "restore",
    "rebuild",
)


def _register() -> None:
    """Add every command; a module with an ``app`` is a group, one with ``command`` is a single verb."""
    for name in COMMANDS:
        module = importlib.import_module(f"andon.commands.{name}")
        if hasattr(module, "app"):
            app.add_typer(module.app, name=name)
        else:
            app.command(name)(module.command)


def _refusal(error: TyperException) -> str:
    """Return the parser's error in one line, like every other error; a group without a verb shows its help."""
    message = str(getattr(error, "format_message", error.__str__)())
    if not message or "\n" in message:
        return message
    context = getattr(error, "ctx", None)
    if context and message.endswith("."):  # otherwise it ends with a suggestion
        message = f"{message[:-1]}; see '{context.command_path} --help'"
    return f"andon: {message[:1].lower()}{message[1:]}"


def main() -> None:
    """Run the command line and exit."""
    end_with_parent()
    os.umask(OURS_ONLY)
    _register()
    try:
        sys.exit(app(prog_name="andon", standalone_mode=False))
    except CatalogErrors as error:
        typer.echo(str(error), err=True)
        sys.exit(2)
    except TyperException as error:
        if message := _refusal(error):  # empty: calling it without arguments asked for the help, which is already shown
            typer.echo(message, err=True)
        sys.exit(2)
    except typer.Abort:
        sys.exit(130)
    except UsageError as error:
        typer.echo(f"andon: {error}", err=True)
        sys.exit(2)
    except AndonError as error:
        typer.echo(f"andon: {error}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:  # boundary: the command line; even an unforeseen error is one line, with the traceback on demand
        if os.environ.get("ANDON_TRACE"):
            raise
        typer.echo(_fault(error), err=True)
        sys.exit(1)


def _fault(error: Exception) -> str:
    """Return in one line what no command anticipated: a part that is not installed, a full disk, or an error to be reported."""
    if isinstance(error, ModuleNotFoundError):
        return f"andon: {error.name} is not installed: this may be the collector alone; install the rest with pipx install 'andon[all]'"
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return f"andon: {error.filename or 'a file'}: {error.strerror}; make room there, or mount it for writing, and start again"
    return f"andon: unexpected {type(error).__name__}: {error}; set ANDON_TRACE=1 to see where, and report it"


if __name__ == "__main__":
    main()
