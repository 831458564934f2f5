"""Whom the dashboard's process speaks to: the engine, and nobody else, whatever its viewers and strangers send."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.proto.NewSession_pb2 import Config
from websockets.sync.client import connect

from tests import plain_http
from tests.dashboard.conftest import PAGES
from tests.dashboard.test_server import FOREIGN, PUBLIC, UPGRADE, asked, status
from tests.product import Product, running
from tests.waiting import wait_until

ORDERS = Path(__file__).parents[1] / "catalogs" / "orders"
CALLS = "connect,sendto,sendmsg,sendmmsg"
_ADDRESS = re.compile(r'sin6?_port=htons\((\d+)\).*?(?:inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)")')


@pytest.fixture(scope="module")
def trace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if shutil.which("strace") is None:
        pytest.skip("needs strace: apt package strace")
    return tmp_path_factory.mktemp("calls") / "trace"


@pytest.fixture(scope="module")
def watched(trace: Path) -> Iterator[Product]:
    """A dashboard below strace, without an engine."""
    wrapper = ("strace", "-f", "--seccomp-bpf", "-e", f"trace={CALLS}", "-o", str(trace))
    environment = {"ANDON_PUBLIC_URL": PUBLIC}
    with running(Product(trace.parent / "data", ORDERS, environment=environment, wrapper=wrapper), "dashboard") as product:
        yield product


def view(product: Product, page: str, origin: str = "") -> Config:
    """Draw a page as a browser would; return what its session is configured to."""
    configured = None
    address = f"ws://127.0.0.1:{product.dashboard_port}/_stcore/stream"
    with connect(address, origin=origin or f"http://127.0.0.1:{product.dashboard_port}", max_size=None) as viewer:  # type: ignore[arg-type]  # its Origin is a NewType of str
        ask = BackMsg()
        ask.rerun_script.page_name = page
        viewer.send(ask.SerializeToString())
        while True:
            told = ForwardMsg.FromString(viewer.recv(timeout=60))  # type: ignore[arg-type]  # Streamlit sends bytes only
            if told.WhichOneof("type") == "new_session":
                configured = told.new_session.config
            if told.WhichOneof("type") == "script_finished" and configured is not None:
                return configured


def called(trace: Path) -> set[tuple[str, int]]:
    """Return the internet addresses that were connected or sent to."""
    found = (_ADDRESS.search(line) for line in trace.read_text(errors="replace").splitlines())
    return {(match[2] or match[3], int(match[1])) for match in found if match}


def test_it_connects_to_the_engine_and_to_nobody_else(watched: Product, trace: Path) -> None:
    port = watched.dashboard_port
    for origin in [*FOREIGN, "http://192.0.2.1", "http://[2001:db8::1]:8501", PUBLIC]:
        page = origin.format(other=watched.dashboard_metrics_port)
        asked(port, f"127.0.0.1:{port}", origin=page, more=UPGRADE)
        asked(port, f"127.0.0.1:{port}", origin=page, path="/_stcore/host-config")
        asked(port, "evil.example", origin=page, more=UPGRADE)
    assert status(asked(port, f"127.0.0.1:{port}", origin=PUBLIC, more=UPGRADE)) == 101
    for page in PAGES:
        view(watched, page)
    view(watched, "board", PUBLIC)
    plain_http.get(f"http://127.0.0.1:{watched.dashboard_metrics_port}/metrics").raise_for_status()
    engine = ("127.0.0.1", watched.engine_port)
    wait_until(lambda: engine in called(trace), 30, "the pages ask the engine")
    assert called(trace) == {engine}


def test_browsers_neither_tell_of_their_use_nor_write_files_of_their_own(watched: Product) -> None:
    told = view(watched, "kpis")
    assert told.gather_usage_stats is False
    assert told.disable_data_export is True, "what the browser itself writes as CSV quotes no formula"
