"""What runs for all end-to-end tests: a product with a real HTTP receiver as its desk, and the demo; it ends with the last of them."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.browser import chromium
from tests.e2e.demo import Demo
from tests.e2e.sinks import Sink, http_sink
from tests.product import Product, running

SECRET = "whsec_" + base64.b64encode(b"an end-to-end secret of 32 bytes").decode()


@pytest.fixture(scope="package")
def desk() -> Iterator[Sink]:
    with http_sink() as sink:
        yield sink


@pytest.fixture(scope="package")
def product(tmp_path_factory: pytest.TempPathFactory, desk: Sink) -> Iterator[Product]:
    environment = {"ANDON_TEST_WEBHOOK": desk.url, "ANDON_TEST_WEBHOOK_SECRET": SECRET}
    folder = tmp_path_factory.mktemp("product")
    shutil.copytree(Path(__file__).parents[1] / "catalogs" / "orders", folder / "catalog")
    shutil.copytree(Path(__file__).parent / "flows", folder / "catalog" / "flows", dirs_exist_ok=True)
    with running(Product(folder / "data", folder / "catalog", environment), "collect", "engine") as started:
        yield started


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A browser for all tests of a module; each opens windows of its own."""
    with chromium() as opened:
        yield opened


@pytest.fixture(scope="package")
def demo_machine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    machine = Demo(tmp_path_factory.mktemp("demo"))
    yield machine
    machine.end()


@pytest.fixture
def demo(demo_machine: Demo) -> Demo:
    """The running demo, with an incident; started where no test before has, or one has stopped it."""
    if demo_machine.process is None:
        try:
            demo_machine.start_demo()
        except BaseException:
            demo_machine.end()
            raise
    return demo_machine
