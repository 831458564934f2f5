"""A catalog is validated by every stage before any takes it: the settings of receivers and channels, and what cannot be read yet."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from andon.catalog_check import check_catalog, unreadable_secrets
from core.catalog.load import CatalogErrors

ORDERS = Path(__file__).parent.parent / "catalogs" / "orders"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(ORDERS, tmp_path / "catalog"))


def problems(folder: Path) -> list[str]:
    with pytest.raises(CatalogErrors) as caught:
        check_catalog(folder)
    return [str(error).removeprefix(f"{folder}/") for error in caught.value.errors]


@pytest.mark.parametrize(
    ("receiver", "problem"),
    [
        ("{type: rabbit_mq, url: 'env:B', queue: q}", "6:12: receiver 'rabbit_mq': 'type' is 'rabbit_mq', which does not exist; did you mean 'rabbitmq'?"),
        ("{type: rabbitmq, url: 'env:B'}", "6:1: receiver 'rabbitmq': 'queue' is missing; add it"),
        ("{type: rabbitmq, url: 'env:B', queue: q, prefech: 5}", "6:52: receiver 'rabbitmq': 'prefech' is not a setting of this receiver; did you mean 'prefetch'?"),
        ("{type: rabbitmq, url: 'amqp://u:hunter2@h/', queue: q}", "6:28: receiver 'rabbitmq': 'url' may hold a secret; write env:NAME or file:PATH"),
        ("{type: rabbitmq, url: 'env:B', queue: q, bindings: [{exchange: e, key: k}]}", "6:77: receiver 'rabbitmq': 'bindings.0.key' is not a setting of this receiver"),
        ("{type: sql_table, url: 'env:B', key: [id], change: c, columns: [a]}", "6:1: receiver 'sql_table': write either 'table' or 'query'"),
    ],
)  # fmt: skip
def test_a_wrong_receiver_is_found_at_its_place(folder: Path, receiver: str, problem: str) -> None:
    source = folder / "sources" / "shop.yaml"
    source.write_text(source.read_text() + f"receiver: {receiver}\n")
    assert problems(folder) == [f"sources/shop.yaml:{problem}"]


@pytest.mark.parametrize(
    "reading",
    ["{path: data.a, format: YYYYMMDD}", "{path: [data.a, data.b], format: 'YYYYMMDDhhmmss', time_zone: Europe/Berlin}", "{path: data.a, pattern: '(x+)'}"],
)  # fmt: skip
def test_what_we_make_of_a_reading_is_allowed_as_the_users_own_words_are(folder: Path, reading: str) -> None:
    flow = folder / "flows" / "orders.yaml"
    text = flow.read_text().replace("customer: data.customer,", f"customer: {reading},", 1)
    flow.write_text(text.replace("customer: {}", "customer: {type: time}" if "format" in reading else "customer: {}", 1))
    assert check_catalog(folder).catalog.flows["orders"].milestones["captured"].facts["customer"]


@pytest.mark.parametrize(
    ("channel", "problem"),
    [
        ("{type: web_hook, settings: {url: 'http://a'}}", "2:10: channel 'desk': 'type' is 'web_hook', which does not exist; did you mean 'webhook'?"),
        ("{type: webhook}", "2:3: channel 'desk': 'settings.url' is not an address; write http://host/path or https://host/path"),
        ("{type: webhook, settings: {url: 'htp://a'}}", "2:36: channel 'desk': 'settings.url' is not an address; write http://host/path or https://host/path"),
        ("{type: webhook, settings: {url: 'http://a:b/'}}", "2:36: channel 'desk': 'settings.url' is not an address; write http://host/path or https://host/path"),
        ("{type: webhook, settings: {url: 'http://[::1'}}", "2:36: channel 'desk': 'settings.url' is not an address; write http://host/path or https://host/path"),
        ("{type: webhook, settings: {url: 'http://a', secret: hunter2}}", "2:53: channel 'desk': 'settings.secret' is a secret; write env:NAME or file:PATH"),
        ("{type: webhook, settings: {url: 'http://a', sceret: 'env:A'}}", "2:53: channel 'desk': 'settings.sceret' is not a setting of this notifier; did you mean 'secret'?"),
        ("{type: email, settings: {host: a, from: b@c, to: c@d, security: [tls]}}", "2:63: channel 'desk': 'settings.security' is not one of starttls, tls, none"),
        ("{type: email, settings: {host: a, from: b@c, to: c@d, port: '²'}}", "2:63: channel 'desk': 'settings.port' is not a port number"),
        ("{type: alertmanager, settings: {url: 'http://a', keep_minutes: 1.0e+300}}", "2:58: channel 'desk': 'settings.keep_minutes' is not a number of minutes up to one year"),
        ("{type: email, settings: {host: a, from: b, to: c@d}}", "2:43: channel 'desk': 'settings.from' is not an e-mail address; write name@example.com, or a list of addresses"),
    ],
)  # fmt: skip
def test_a_channel_that_cannot_work_is_found_at_its_place(folder: Path, channel: str, problem: str) -> None:
    routes = folder / "routes.yaml"
    first, _, *others = routes.read_text().splitlines()
    routes.write_text("\n".join([first, f"  desk: {channel}", *others]))
    assert problems(folder) == [f"routes.yaml:{problem}"]


class Stumbling:
    """A plug-in that stumbles over what it is given."""

    def validate(self, settings: dict[str, Any]) -> None:
        settings["port"] + 1


def test_a_plug_in_that_stumbles_is_a_problem_at_its_place_and_stops_nobody(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.plugins.notifiers", lambda: {"webhook": Stumbling()})
    (folder / "routes.yaml").write_text("channels:\n  desk: {type: webhook, settings: {port: []}}\n")
    (problem,) = problems(folder)
    assert problem.startswith("routes.yaml:2:25: channel 'desk': 'settings' cannot be validated: TypeError: ")


def test_a_receiver_whose_package_is_not_installed_is_taken_on_trust(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("andon.plugins.receivers", dict)
    source = folder / "sources" / "shop.yaml"
    text = source.read_text()
    source.write_text(text + "receiver: {type: rabbitmq, url: 'env:B', queue: q}\n")
    assert check_catalog(folder).catalog.sources["shop"].receiver
    source.write_text(text + "receiver: {type: rabit, url: 'env:B', queue: q}\n")
    assert problems(folder) == ["sources/shop.yaml:6:12: receiver 'rabit': 'type' is 'rabit', which does not exist; none is defined"]


def test_what_cannot_be_read_here_is_no_error(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANDON_TEST_WEBHOOK", raising=False)
    monkeypatch.setenv("ANDON_TEST_WEBHOOK_SECRET", "whsec_c2VjcmV0")
    source = folder / "sources" / "shop.yaml"
    opened = tmp_path / "token"
    opened.write_text("hunter2")
    opened.chmod(0o644)
    receiver = f"{{type: rabbitmq, queue: q, event_source: 'file:/no/secret', url: 'file:{tmp_path}/gone'}}"
    source.write_text(source.read_text() + f"tokens: ['file:{opened}']\nreceiver: {receiver}\n")
    assert unreadable_secrets(check_catalog(folder).catalog) == [
        f"source 'shop': secret file:{opened}: users other than its owner may open {opened}; chmod 600 {opened}",
        f"source 'shop': secret file:{tmp_path}/gone: No such file or directory; create the file or change the reference",
        "channel 'desk': secret env:ANDON_TEST_WEBHOOK is empty; set it and start again",
    ]
