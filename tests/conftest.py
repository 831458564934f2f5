"""Fixtures every test may ask for. The real store is reached only by tests that ask for ``store``.

The embedded engine allows one folder a process, so a test session has one engine. Making the tables costs seconds, so the session has one
migrated database and each test finds it empty; a test that changes the schema asks for ``unmigrated_store``.
"""

from __future__ import annotations

import gc
import itertools
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from store.client import Store
from store.migrations import migrate
from tests.last_words import explain, write_down
from tests.orphans import end_orphans, keep, remove_if_interrupted
from tests.servers.activemq import ActiveMqServer, activemq
from tests.servers.artemis import ArtemisServer, artemis
from tests.servers.kafka import KafkaServer, kafka
from tests.servers.mariadb import MariaDbServer, mariadb
from tests.servers.mosquitto import MosquittoServer, mosquitto
from tests.servers.nats import NatsServer, nats_jetstream
from tests.servers.postgresql import PostgresServer, postgresql
from tests.servers.rabbitmq import RabbitServer, rabbitmq
from tests.servers.redis import RedisServer, redis
from tests.servers.sftp import SftpServer, sftp

_DATABASE = "test"
_numbers = itertools.count(1)


def pytest_configure() -> None:
    """Also in every worker of pytest-xdist, which may be killed alone."""
    end_orphans()
    # The run starts some hundred processes, and each would compile a thousand modules again.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    sys.dont_write_bytecode = False
    # an example takes as long as the machine lets it: what is slow is no failure of what it proves
    hypothesis_settings.register_profile("andon", deadline=None, suppress_health_check=[HealthCheck.too_slow])
    hypothesis_settings.load_profile("andon")


def pytest_sessionstart(session: pytest.Session) -> None:
    """Let all that the run starts write its temporary files into the run's own folder, which goes with it if it is interrupted."""
    folder = session.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]  # pytest has no public way
    (folder / "tmp").mkdir(exist_ok=True)
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "tmp")
    if hasattr(session.config, "workerinput"):
        write_down(folder)
    else:
        remove_if_interrupted(folder)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_collection() -> Iterator[None]:
    """Look for no garbage among modules and tests, which stay to the end: neither while they are found, a seventh of that, nor later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long, so that at the end of a run no worker is left alone with it."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run that has come to its end keeps its folder for whoever asks why a test failed; pytest removes it some runs later."""
    if (exitstatus != pytest.ExitCode.INTERRUPTED or session.testsfailed) and not hasattr(session.config, "workerinput"):
        keep(session.config._tmp_path_factory.getbasetemp())  # type: ignore[attr-defined]  # pytest has no public way


@pytest.hookimpl(optionalhook=True)
def pytest_handlecrashitem(report: Any) -> None:
    """Of pytest-xdist: a worker is gone. Say how it ended."""
    explain(report, report.node.config._tmp_path_factory.getbasetemp())


@pytest.fixture(scope="session")
def engine_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("engine")


@pytest.fixture(scope="session")
def admin(engine_folder: Path) -> Iterator[Store]:
    """The session's engine, outside of every test's database."""
    opened = Store(f"chdb://{engine_folder}")
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def migrated_database(engine_folder: Path, admin: Store) -> str:
    """The name of the session's migrated database."""
    admin.command(f"CREATE DATABASE {_DATABASE}")
    with_tables = Store(f"chdb://{engine_folder}", database=_DATABASE)
    migrate(with_tables)
    with_tables.close()
    return _DATABASE


@pytest.fixture
def store(engine_folder: Path, migrated_database: str) -> Iterator[Store]:
    """An empty, migrated store in a temporary folder."""
    opened = Store(f"chdb://{engine_folder}", database=migrated_database)
    _empty(opened)
    yield opened
    opened.close()


@pytest.fixture
def unmigrated_store(engine_folder: Path, admin: Store) -> Iterator[Store]:
    """A store without any table, in a database of its own."""
    database = f"test_{next(_numbers)}"
    admin.command(f"CREATE DATABASE {database}")
    opened = Store(f"chdb://{engine_folder}", database=database)
    yield opened
    opened.close()
    admin.command(f"DROP DATABASE {database}")


def _empty(store: Store) -> None:
    """Take away all rows, and the views that an earlier test's catalog made."""
    tables = store.rows(
        "SELECT name, engine, total_rows FROM system.tables WHERE database = currentDatabase() AND name != 'schema_files'"
        " AND (match(name, '^(milestones|candidates)_of_') OR engine LIKE '%MergeTree' AND total_rows > 0)"
    )
    for table in tables:
        if table["engine"] == "MaterializedView":
            store.command(f"DROP VIEW {table['name']} SYNC")
        else:
            store.command(f"TRUNCATE TABLE {table['name']}")


@pytest.fixture(scope="session")
def rabbit_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitServer]:
    """A running RabbitMQ; whoever stops it starts it again."""
    with rabbitmq(tmp_path_factory.mktemp("rabbitmq")) as server:
        yield server


@pytest.fixture(scope="session")
def kafka_server(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config, certificate: tuple[Path, Path]
) -> Iterator[KafkaServer]:
    """A running Kafka of one broker, in TLS with logins too; whoever stops it starts it again."""
    with kafka(tmp_path_factory.mktemp("kafka"), pytestconfig.cache.mkdir("kafka"), tls=certificate) as server:
        yield server


@pytest.fixture(scope="session")
def mosquitto_server(tmp_path_factory: pytest.TempPathFactory, certificate: tuple[Path, Path]) -> Iterator[MosquittoServer]:
    """A running Mosquitto, in TLS too; whoever stops it starts it again."""
    with mosquitto(tmp_path_factory.mktemp("mosquitto"), certificate) as server:
        yield server


@pytest.fixture(scope="session")
def nats_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NatsServer]:
    """A running NATS with JetStream; whoever ends it starts it again."""
    with nats_jetstream(tmp_path_factory.mktemp("nats")) as server:
        yield server


@pytest.fixture(scope="session")
def sftp_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SftpServer]:
    """A running OpenSSH server; whoever stops it starts it again."""
    with sftp(tmp_path_factory.mktemp("sftp")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """A running PostgreSQL; whoever stops it starts it again."""
    with postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MariaDbServer]:
    """A running MariaDB; whoever kills it starts it again."""
    with mariadb(tmp_path_factory.mktemp("mariadb")) as server:
        yield server


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A running Redis; whoever kills it starts it again."""
    with redis(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture(scope="session")
def activemq_server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[ActiveMqServer]:
    """A running ActiveMQ; whoever kills it starts it again."""
    with activemq(tmp_path_factory.mktemp("activemq"), pytestconfig.cache.mkdir("artemis")) as server:
        yield server


@pytest.fixture(scope="session")
def artemis_server(tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config) -> Iterator[ArtemisServer]:
    """A running ActiveMQ Artemis; whoever kills it starts it again."""
    with artemis(tmp_path_factory.mktemp("artemis"), pytestconfig.cache.mkdir("artemis")) as server:
        yield server


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of this machine and its key, in PEM."""
    folder = tmp_path_factory.mktemp("tls")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    command += [
        "-addext",
        "subjectAltName=DNS:localhost,IP:127.0.0.1",
        "-keyout",
        str(folder / "key.pem"),
        "-out",
        str(folder / "cert.pem"),
    ]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("needs openssl: apt package openssl")
    return folder / "cert.pem", folder / "key.pem"


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """Bodies give tests no name: some hold random ids or the time, and every worker must know each test by the same one."""
    return argname if isinstance(val, bytes) and len(val) > 16 else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport() -> Iterator[None]:
    """Where everything must be there, a skipped test is a failed one."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pytest has no public way
    if report.skipped and os.environ.get("ANDON_TESTS_SKIP_NOTHING"):
        report.outcome = "failed"
        report.longrepr = f"skipped where nothing may be: {report.longrepr}"
