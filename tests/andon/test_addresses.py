"""Commands find the ports of a running Andon by its data folder."""

from __future__ import annotations

import os
from pathlib import Path

import typer
from typer.testing import CliRunner

from andon.addresses import NOTED, note_addresses, noted_addresses, noted_process
from andon.options import with_settings
from core.config import Settings

taken: list[Settings] = []
app = typer.Typer()


@app.command()
@with_settings("engine_port", of_running=True)
def command(*, settings: Settings) -> None:
    taken.append(settings)


def asked(*arguments: str, **environment: str) -> Settings:
    result = CliRunner(env=environment).invoke(app, [*arguments])
    assert result.exit_code == 0, result.output
    return taken.pop()


def test_what_is_noted_is_used_where_nothing_else_says_it(tmp_path: Path) -> None:
    running = Settings(data=tmp_path, engine_port=9123, http_port=5318, inner_host="127.0.0.2", tls_certificate=Path("chain.pem"))
    for kind in NOTED:
        note_addresses(running, kind)
    flag = f"--data={tmp_path}"

    found = asked(flag)
    assert (found.engine_port, found.http_port, found.inner_host) == (9123, 5318, "127.0.0.2")
    assert found.tls_certificate == Path("chain.pem").absolute()
    assert asked(flag, "--engine-port=1").engine_port == 1
    assert asked(flag, ANDON_ENGINE_PORT="2").engine_port == 2
    file = tmp_path / "andon.toml"
    file.write_text("engine_port = 3\n")
    assert asked(flag, f"--config={file}").engine_port == 3
    assert asked(f"--data={tmp_path / 'other'}").engine_port == Settings.model_fields["engine_port"].default


def test_a_later_start_is_noted_and_what_cannot_be_read_is_left_out(tmp_path: Path) -> None:
    note_addresses(Settings(data=tmp_path, engine_port=1), "engine")
    note_addresses(Settings(data=tmp_path, engine_port=2), "engine")
    note_addresses(Settings(data=tmp_path, http_port=3), "collector")
    (tmp_path / "addresses" / "collector.json").write_text("{")
    assert noted_addresses(tmp_path) == {"inner_host": "127.0.0.1", "engine_port": 2}
    assert (noted_process(tmp_path, "engine"), noted_process(tmp_path, "collector")) == (os.getpid(), None)
    assert (tmp_path / "addresses").stat().st_mode & 0o077 == 0
