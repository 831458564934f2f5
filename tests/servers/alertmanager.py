"""A real Prometheus Alertmanager on a free loopback port."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests import plain_http
from tests.ports import free_port
from tests.waiting import wait_until

START_SECONDS = 90.0
CONFIG = """
route: {receiver: desk, group_by: [incident_id], group_wait: 1s, group_interval: 1s}
receivers: [{name: desk, webhook_configs: [URLS]}]
"""


@contextmanager
def alertmanager(folder: Path, receiver: str = "") -> Iterator[str]:
    """Yield its address; stop it afterwards. ``receiver``: the address of the webhook that it notifies."""
    program = shutil.which("prometheus-alertmanager")
    if program is None:
        pytest.skip("needs Alertmanager: apt package prometheus-alertmanager")
    port = free_port()
    config = folder / "alertmanager.yml"
    config.write_text(CONFIG.replace("URLS", f"{{url: '{receiver}'}}" if receiver else ""), encoding="utf-8")
    command = [
        program,
        f"--config.file={config}",
        f"--storage.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    ]
    url = f"http://127.0.0.1:{port}"
    with (folder / "log").open("wb") as log, subprocess.Popen(command, stdout=log, stderr=log) as process:
        try:
            wait_until(
                lambda: plain_http.get(f"{url}/-/ready", timeout=1).is_success,
                START_SECONDS,
                f"Alertmanager is ready; its log is {log.name}",
            )
            yield url
        finally:
            process.terminate()
            process.wait(60)
