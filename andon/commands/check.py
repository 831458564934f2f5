"""``andon check``: validate a catalog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def command(
    catalog: Annotated[Path, typer.Argument(envvar="ANDON_CATALOG", help="the folder of definitions")] = Path("catalog"),
    *,
    schema: Annotated[Path | None, typer.Option(help="also write JSON Schemas for editors into this folder")] = None,
) -> None:
    """Validate a catalog: file:line:column, what, and what to write instead; and list what its calendars close this year.

    Databases that sources read are asked whether their rows say when they happened; one that does not answer is named, and no error.

    Exit code 2 for errors, 0 for warnings only.
    """
    from andon.catalog_check import check_catalog, closings, expressions_of, unreadable_secrets
    from andon.plugins import doubts
    from core.plural import counted
    from core.secrets import read_all, resolve_secret

    if schema is not None:
        _write_schemas(schema)
    loaded = check_catalog(catalog, expressions_of())
    for warning in loaded.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for lacking in unreadable_secrets(loaded.catalog):
        typer.echo(f"warning: not readable here: {lacking}", err=True)
    found = loaded.catalog
    for source in found.sources.values():
        readable = not read_all(source.whose, source.pulled_with, resolve_secret)[1]
        for doubt in doubts(source.receiver) if source.receiver and readable else ():
            typer.echo(f"warning: {source.whose}: {doubt}", err=True)
    for line in closings(found):
        typer.echo(line)
    slas = sum(len(flow.slas) for flow in found.flows.values())
    typer.echo(
        f"{catalog}: {counted(len(found.flows), 'flow')}, {counted(slas, 'SLA')}, {counted(len(found.calendars), 'calendar')}, "
        f"{counted(len(found.sources), 'source')}, {counted(len(found.runbooks), 'runbook')}; version {found.version}",
    )


def _write_schemas(folder: Path) -> None:
    import json

    from core.catalog.schema import json_schemas

    folder.mkdir(parents=True, exist_ok=True)
    for name, content in json_schemas().items():
        (folder / f"{name}.schema.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
