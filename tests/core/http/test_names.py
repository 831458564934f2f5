"""Host names: one form for however a name or an address is written, and no name for anything else."""

from __future__ import annotations

import ipaddress
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.http.names import LOOPBACK_NAMES, address_of, is_loopback, plain_name, split

LABEL = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,20}[a-z0-9])?", fullmatch=True)
NAMES = st.lists(LABEL, min_size=1, max_size=5).map(".".join).filter(lambda name: address_of(name) is None)
PORTS = st.none() | st.integers(0, 65_535)


def with_port(host: str, port: int | None) -> str:
    return host if port is None else f"{host}:{port}"


@given(NAMES, PORTS, st.randoms(use_true_random=False), st.booleans())
def test_a_name_is_the_same_in_any_case_and_with_a_dot_at_its_end(name: str, port: int | None, by: random.Random, dot: bool) -> None:
    written = "".join(by.choice((letter, letter.upper())) for letter in name) + "." * dot
    assert split(with_port(written, port)) == (name, port)


@given(st.ip_addresses(v=4), PORTS)
def test_an_address_of_version_4_is_itself_also_when_it_is_written_as_version_6(address: ipaddress.IPv4Address, port: int | None) -> None:
    assert split(with_port(str(address), port)) == (str(address), port)
    assert split(with_port(f"[::ffff:{address}]", port)) == (str(address), port)


@given(st.ip_addresses(v=6), PORTS)
def test_an_address_of_version_6_is_itself_however_it_is_written(address: ipaddress.IPv6Address, port: int | None) -> None:
    written = str(address.ipv4_mapped or address)
    for notation in (address.compressed, address.exploded, address.exploded.upper()):
        assert split(with_port(f"[{notation}]", port)) == (written, port)
    assert split(str(address)) is None, "without brackets its end may be a port"


@given(st.text(max_size=30) | st.text("[]:.@/ a1*\\", max_size=12))
def test_what_is_no_host_is_none_and_never_an_error(authority: str) -> None:
    found = split(authority)
    if found is not None:
        host, port = found
        assert host == host.lower()
        assert host.isascii()
        assert not set(host) & set(" /@[]\\?#")
        assert port is None or 0 <= port <= 65_535
        assert split(f"[{host}]" if ":" in host else host) == (host, None), "its form is its own"


@pytest.mark.parametrize(
    "name", ["", ".", "..", "a..b", ".a", "-a", "a-", "a b", "a_b.", "é.example", "a" * 64, ".".join(["a" * 60] * 5), "*.example.com"]
)
def test_names_that_are_none(name: str) -> None:
    assert plain_name(name) == ("a_b" if name == "a_b." else "")


@pytest.mark.parametrize("host", [*sorted(LOOPBACK_NAMES), "127.0.0.1", "127.255.255.254", "::1", "0:0:0:0:0:0:0:1", "::ffff:127.0.0.1"])
def test_only_this_machine_reaches_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "0.0.0.0", "::", "10.0.0.7", "::ffff:192.0.2.1", "localhost.example.com", "unix", "127.1", "2130706433", "[::1]"]
)
def test_everything_else_may_be_reached_by_others(host: str) -> None:
    assert not is_loopback(host)
