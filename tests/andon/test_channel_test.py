"""``andon channel test``: a message and its end arrive, or it is said why not."""

from __future__ import annotations

import shutil
from pathlib import Path

from andon.commands.init import STARTERS
from tests.command_line import ask
from tests.e2e.sinks import http_sink
from tests.ports import free_port


def catalog(folder: Path, address: str) -> Path:
    shutil.copytree(STARTERS / "orders", folder / "catalog")
    routes = folder / "catalog" / "routes.yaml"
    routes.write_text(routes.read_text().replace("http://127.0.0.1:9099/desk", address))
    return folder


def test_a_message_and_its_end_arrive(tmp_path: Path) -> None:
    with http_sink() as sink:
        done = ask("channel", "test", "desk", folder=catalog(tmp_path, sink.url))

    assert (done.returncode, done.stdout) == (0, "desk: the test message was accepted (HTTP 200)\ndesk: and so was its end (HTTP 200)\n")
    assert done.stderr == (
        "its link leads to http://127.0.0.1:8501, the usual address: no Andon has run in .andon; name the data folder of yours with --data\n"
    )
    first, last = sink.messages
    assert (first["incident_id"], first["status"], last["status"]) == (last["incident_id"], "open", "resolved")
    assert first["title"] == "Test of the channel desk"
    assert first["delivery_id"] != last["delivery_id"]


def test_the_link_leads_to_the_andon_of_the_data_folder(tmp_path: Path) -> None:
    (tmp_path / "mine" / "addresses").mkdir(parents=True)
    (tmp_path / "mine" / "addresses" / "dashboard.json").write_text('{"dashboard_port": 9501}')
    with http_sink() as sink:
        done = ask("channel", "test", "desk", "--data", "mine", folder=catalog(tmp_path, sink.url))
    assert (done.returncode, done.stderr) == (0, "")
    assert sink.messages[0]["incident_url"].startswith("http://127.0.0.1:9501/")


def test_what_does_not_arrive_is_told(tmp_path: Path) -> None:
    port = free_port()
    gone = ask("channel", "test", "desk", folder=catalog(tmp_path, f"http://127.0.0.1:{port}/"))
    assert gone.returncode == 1
    assert gone.stderr.startswith(f"andon: channel 'desk' (webhook): the message would be tried again: 127.0.0.1:{port} did not answer")
    unknown = ask("channel", "test", "dek", folder=tmp_path)
    assert (unknown.returncode, unknown.stderr) == (2, "andon: channel 'dek' is not in routes.yaml; did you mean 'desk'?\n")
