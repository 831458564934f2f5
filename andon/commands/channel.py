"""``andon channel``: try the ways to the people who are notified."""

from __future__ import annotations

from typing import Annotated

import typer

from andon.options import with_settings
from core.config import Settings

app = typer.Typer(no_args_is_help=True, help="Try the channels of the catalog.")


@app.callback()
def group() -> None:
    """Make ``test`` a verb of a group, because there is only one."""


@app.command("test")
@with_settings("catalog", "inner_host", "dashboard_port", "public_url", of_running=True)
def test(
    name: Annotated[str, typer.Argument(help="the channel's name in routes.yaml")],
    *,
    settings: Settings,
) -> None:
    """Send a test message through a channel, and then that it is over; from this process, with the secrets that it can read."""
    from andon.addresses import noted_addresses
    from andon.catalog_check import check_catalog
    from andon.channel_test import send_test

    for answer in send_test(check_catalog(settings.catalog).catalog, name, settings.dashboard_url):
        typer.echo(f"{name}: {answer}")
    usual = Settings.model_fields["dashboard_port"].default
    if not settings.public_url and settings.dashboard_port == usual and "dashboard_port" not in noted_addresses(settings.data):
        typer.echo(
            f"its link leads to {settings.dashboard_url}, the usual address: no Andon has run in {settings.data}; name the data folder of"
            " yours with --data",
            err=True,
        )
