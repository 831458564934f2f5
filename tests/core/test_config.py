"""Settings: what is out of bounds or unreadable is told in one line, whichever place it came from."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from core.config import Settings, as_environment, load_settings, make_folder, own_secret, reachable
from core.errors import UsageError


@pytest.mark.parametrize(
    ("name", "value"),
    [("journal_max_bytes", -1), ("journal_max_bytes", 0), ("segment_max_bytes", 0), ("journal_keep_seconds", -1), ("http_port", 65_536)],
)
def test_a_number_out_of_bounds_names_the_flag_and_the_bound(name: str, value: int) -> None:
    with pytest.raises(UsageError, match=r"should be (greater|less) than or equal to \d+") as caught:
        load_settings(**{name: value})
    assert str(caught.value).startswith(f"--{name.replace('_', '-')}: ")


@pytest.mark.parametrize(("content", "why"), [(b"host = '\xff'", "not UTF-8"), (b"host = ", "Invalid value"), (None, "No such file")])
def test_an_unreadable_file_is_named(tmp_path: Path, content: bytes | None, why: str) -> None:
    file = tmp_path / "andon.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=why) as caught:
        load_settings(file)
    assert str(caught.value).startswith(str(file))


OTHER: dict[str, Any] = {
    "data": Path("/srv/andon data"), "catalog": Path("/srv/catalog"), "store": "clickhouse://reader@ch:9000/andon",
    "store_password": SecretStr('pä$$ "word"'), "host": "::1", "allowed_hosts": "otel.example.com, 10.0.0.7", "metrics_token": "env:SCRAPE", "image_hosts": "wiki.example.com:8443, *.cdn.example.com", "inner_host": "10.0.0.7", "otlp_grpc_port": 1, "http_port": 2, "engine_port": 3,
    "dashboard_port": 4, "dashboard_metrics_port": 5, "tls_certificate": Path("/srv/cert.pem"), "tls_key": Path("/srv/key.pem"), "insecure": True, "collector": "east-1",
    "journal_max_bytes": 1 << 40, "segment_max_bytes": 1 << 20, "disk_reserve_bytes": 1 << 30, "journal_keep_seconds": 0, "scrub_seconds": 0, "retention_days": {"spans": 1, "logs": 3650},
    "public_url": "https://andon.example.com/board", "clock_speed": 0.1, "clock_anchor": 1774622000.123456,
}  # fmt: skip


def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ANDON_{name.upper()}", raising=False)


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_reaches_a_child_as_it_is(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    settings = Settings(**{name: OTHER[name]})
    assert getattr(settings, name) != Settings.model_fields[name].default
    for variable, value in as_environment(settings).items():
        monkeypatch.setenv(variable, value)
    assert getattr(load_settings(), name) == OTHER[name]
    assert load_settings() == settings.model_copy(update={path: getattr(settings, path).absolute() for path in ("data", "catalog")})


def test_a_flag_that_says_the_default_wins_in_the_children_too(monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    monkeypatch.setenv("ANDON_INNER_HOST", "0.0.0.0")
    chosen = load_settings(inner_host="127.0.0.1")
    for variable, value in as_environment(chosen).items():
        monkeypatch.setenv(variable, value)
    assert load_settings().inner_host == "127.0.0.1"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{'spans': 1}", r"ANDON_RETENTION_DAYS: Expecting property name .*; write JSON like {\"spans\": 30}"),
        ("30", r"ANDON_RETENTION_DAYS: input should be a valid dictionary \(setting 'retention_days'\)"),
        ('{"spans": "x"}', "ANDON_RETENTION_DAYS: input should be a valid integer"),
    ],
)
def test_a_setting_with_parts_that_is_no_json_is_named(monkeypatch: pytest.MonkeyPatch, text: str, why: str) -> None:
    monkeypatch.setenv("ANDON_RETENTION_DAYS", text)
    with pytest.raises(UsageError, match=why):
        load_settings()


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o077])
def test_the_data_folder_is_closed_before_anything_is_in_it(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        own_secret(tmp_path / "new" / "data", "reader")
        make_folder(tmp_path / "new" / "data" / "state" / "erp")
    finally:
        os.umask(before)
    modes = {str(path.relative_to(tmp_path)): path.stat().st_mode & 0o777 for path in tmp_path.rglob("*")}
    assert modes.pop("new/data/secrets/reader") == 0o600
    assert set(modes.values()) == {0o700}
    assert len(modes) == 5


def test_a_data_folder_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for data in (tmp_path / "file", Path("/proc/andon")):
        with pytest.raises(UsageError, match=rf"{data}/secrets cannot be created: .*; choose another with --data"):
            own_secret(data, "reader")


def test_the_store_has_one_name_however_its_folder_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / "link").symlink_to(tmp_path)
    monkeypatch.chdir(tmp_path / "work")
    for data in ("../data", "../link/data", tmp_path / "data", tmp_path / "work" / ".." / "data"):
        assert Settings(data=Path(data)).store_folder == tmp_path.resolve() / "data" / "store"


@pytest.mark.parametrize(
    ("host", "written"),
    [
        ("", "127.0.0.1"),
        ("0.0.0.0", "127.0.0.1"),
        ("::", "[::1]"),
        ("10.0.0.7", "10.0.0.7"),
        ("fd00::7", "[fd00::7]"),
        ("FD00:0::7", "[fd00::7]"),
        ("erp.example.com", "erp.example.com"),
    ],
)
def test_an_address_that_is_listened_on_is_reachable_in_a_url(host: str, written: str) -> None:
    assert reachable(host) == written
    assert Settings(inner_host=host, engine_port=9).engine_url == f"http://{written}:9"


def test_the_dashboard_is_where_people_open_it() -> None:
    assert Settings(dashboard_port=9).dashboard_url == "http://127.0.0.1:9"
    assert Settings(public_url="https://andon.example.com/board/").dashboard_url == "https://andon.example.com/board"


def test_a_flag_comes_before_the_environment_and_that_before_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    file = tmp_path / "andon.toml"
    file.write_text('host = "file"\ncollector = "file"\nretention_days = {spans = 1}\n', encoding="utf-8")
    monkeypatch.setenv("ANDON_COLLECTOR", "environment")
    monkeypatch.setenv("ANDON_HOST", "environment")
    found = load_settings(file, host="flag", collector=None)
    assert (found.host, found.collector, found.retention_days) == ("flag", "environment", {"spans": 1})


def test_a_setting_that_there_is_not_is_told_with_the_file_it_is_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean_environment(monkeypatch)
    file = tmp_path / "andon.toml"
    file.write_text("hots = 7\n", encoding="utf-8")
    with pytest.raises(UsageError, match=r"andon\.toml: .*\(setting 'hots'\)"):
        load_settings(file)


def test_a_secret_of_our_own_is_made_once_and_is_long(tmp_path: Path) -> None:
    first = own_secret(tmp_path, "reader")
    assert own_secret(tmp_path, "reader") == first
    assert own_secret(tmp_path, "metrics") != first
    assert len(first) >= 43, "256 bits"


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    """A caller that sends no password would know it."""
    own_secret(tmp_path, "reader")
    (tmp_path / "secrets" / "reader").write_text("\n", encoding="ascii")
    with pytest.raises(UsageError, match=rf"{tmp_path}/secrets/reader is empty; remove it"):
        own_secret(tmp_path, "reader")
