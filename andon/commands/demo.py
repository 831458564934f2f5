"""``andon demo``: everything on this machine, with a simulated plant that emits real signals and has planted faults."""

from __future__ import annotations

import base64
import os
import secrets
import sys
from pathlib import Path
from typing import Annotated

import typer

from andon.commands.up import UP_SETTINGS
from andon.options import with_settings
from core.config import Settings, as_environment, make_folder

DESK_PORT = 9099
"""The port named in the shipped catalog's routes."""


@with_settings(*(name for name in UP_SETTINGS if name not in {"clock_speed", "clock_anchor"}))
def command(
    *,
    speed: Annotated[float, typer.Option(min=1, max=600, help="simulated seconds per real second")] = 60,
    rate: Annotated[float, typer.Option(min=1, help="transactions an hour of simulated time")] = 120,
    desk_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help=f"port of the simulated operations desk \\[default: {DESK_PORT}, or a free one]")
    ] = None,
    fresh: Annotated[bool, typer.Option(help="delete what an earlier demo left")] = False,
    settings: Settings,
) -> None:
    """Start everything with a simulated plant; Ctrl-C stops it and loses nothing."""
    import shutil

    from andon.catalog_watch import load_checked_catalog
    from andon.preflight import check_inner_host, free_port, is_free, require_single_instance
    from andon.simulated_time import anchor_for, clock_of, save
    from andon.supervision.all_in_one import run_all_in_one
    from andon.supervision.summary import summary_of
    from andon.supervision.supervisor import Child
    from collector.ingest.authentication import check_exposure
    from plant.settings import HISTORY_PLAYED
    from store.client import store_alone

    check_inner_host(settings)
    settings = _demo_settings(settings)
    require_single_instance(settings, ("collector", "engine", "dashboard"))  # before anything is deleted: it may belong to a running demo
    if fresh:
        with store_alone(settings):
            shutil.rmtree(settings.data, ignore_errors=True)
    make_folder(settings.data)
    desk = desk_port or (DESK_PORT if is_free("127.0.0.1", DESK_PORT) else free_port("127.0.0.1"))
    settings = with_desk(settings, desk)
    anchor = anchor_for(settings.data, speed)
    settings = settings.model_copy(update={"clock_speed": speed, "clock_anchor": anchor})
    clock = clock_of(speed, anchor)
    os.environ.setdefault("ANDON_OPS_DESK_SECRET", "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode())
    check_exposure(settings, load_checked_catalog(settings))
    arguments = [sys.executable, "-m", "andon", "plant", f"--rate={rate}", f"--desk-port={desk}"]
    (settings.data / HISTORY_PLAYED).unlink(missing_ok=True)  # of an earlier demo: this one may have another history
    plant = Child("plant", arguments, ready_file=settings.data / HISTORY_PLAYED, environment=as_environment(settings))
    summary = summary_of(settings, [
        ("Plant", f"simulated, {speed:g} times real speed, with planted faults; the desk's messages: http://127.0.0.1:{desk}/"),
    ])  # fmt: skip
    run_all_in_one(settings, [plant], summary, lambda: save(settings.data, clock))


def _demo_settings(settings: Settings) -> Settings:
    """Keep the demo's data separate from real data, and use the shipped catalog if the folder has none."""
    changes: dict[str, Path] = {}
    if settings.data == Settings.model_fields["data"].default:
        changes["data"] = Path(".andon-demo")
    if not settings.catalog.exists():
        changes["catalog"] = Path(__file__).parents[1] / "shipped_catalog"
    return settings.model_copy(update=changes)


def with_desk(settings: Settings, port: int) -> Settings:
    """Return settings whose catalog sends to the desk's port, and whose runbooks ask there.

    A port other than the shipped one needs a copy of the catalog beside the data.
    """
    import shutil

    shipped, chosen = f"127.0.0.1:{DESK_PORT}/", f"127.0.0.1:{port}/"
    written = {path: path.read_text(encoding="utf-8") for kind in ("routes.yaml", "runbooks/*.md") for path in settings.catalog.glob(kind)}
    naming = {path.relative_to(settings.catalog): text for path, text in written.items() if shipped in text}
    if port == DESK_PORT or not naming:
        return settings
    copy = settings.data / "catalog"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(settings.catalog, copy)
    for path, text in naming.items():
        (copy / path).write_text(text.replace(shipped, chosen), encoding="utf-8")
    return settings.model_copy(update={"catalog": copy})
