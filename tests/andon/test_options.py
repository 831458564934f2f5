"""A command gets the settings it names: from its flags before the environment, and from there before a file."""

from __future__ import annotations

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from andon.options import with_settings
from core.config import Settings

taken: list[tuple[str, Settings]] = []
app = typer.Typer()


@app.command()
@with_settings("http_port", "insecure")
def command(name: str, *, settings: Settings) -> None:
    taken.append((name, settings))


def run(*arguments: str, environment: dict[str, str] | None = None) -> Settings:
    taken.clear()
    result = CliRunner(env=environment or {}).invoke(app, ["plant", *arguments])
    assert result.exit_code == 0, result.output
    ((name, settings),) = taken
    assert name == "plant"
    return settings


def test_a_flag_comes_before_the_environment_and_that_before_the_file(tmp_path: Path) -> None:
    file = tmp_path / "andon.toml"
    file.write_text("http_port = 1\ninsecure = true\n")
    config, environment = f"--config={file}", {"ANDON_HTTP_PORT": "2"}
    assert run(config).http_port == 1
    assert run(config, environment=environment).http_port == 2
    assert run(config, "--http-port=3", environment=environment).http_port == 3
    assert run(config).insecure
    assert not run(config, "--no-insecure").insecure
    assert run(f"--data={tmp_path}").data == tmp_path


def test_a_setting_that_the_command_does_not_name_is_no_flag_of_it() -> None:
    assert CliRunner().invoke(app, ["plant", "--engine-port=1"]).exit_code == 2


@pytest.mark.parametrize("words", ["--http-port", "[default: 4318; env: ANDON_HTTP_PORT]", "--config"])
def test_the_help_says_flag_variable_and_default(words: str) -> None:
    shown = CliRunner(env={"COLUMNS": "300"}).invoke(app, ["--help"]).output
    assert words in shown
