"""What has to hold before a port opens: what is wrong is told in one line that names the setting."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.binding import bind, check_certificate
from core.errors import UsageError


def test_a_good_certificate_passes(certificate: tuple[Path, Path]) -> None:
    check_certificate(*certificate)
    check_certificate(None, None)


def test_a_bad_certificate_is_told_with_its_cause(certificate: tuple[Path, Path], tmp_path: Path) -> None:
    text, other, locked = tmp_path / "text", tmp_path / "other.pem", tmp_path / "locked.pem"
    text.write_text("no PEM")
    subprocess.run(["openssl", "genrsa", "-out", other, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-aes128", "-passout", "pass:secret", "-in", certificate[1], "-out", locked], check=True)
    bad = [(text, text, "TLS cannot use"), (certificate[0], other, "mismatch"), (certificate[0], locked, "without a password")]
    bad += [(tmp_path / "none", certificate[1], "No such file"), (certificate[0], tmp_path, "Is a directory")]
    for chain, key, why in bad:
        with pytest.raises(UsageError, match=why) as caught:
            check_certificate(chain, key)
        assert "\n" not in str(caught.value)


def test_a_port_that_is_in_use_is_told_with_the_setting() -> None:
    first = bind("127.0.0.1", 0, "--http-port")
    first.listen()
    port = first.getsockname()[1]
    with pytest.raises(UsageError, match=rf"^port {port} on 127\.0\.0\.1 is in use; set --http-port$"):
        bind("127.0.0.1", port, "--http-port")
    first.close()
    bind("127.0.0.1", port, "--http-port").close()


def test_an_address_that_is_not_this_machine_s_is_told_with_its_cause() -> None:
    with pytest.raises(UsageError, match=r"^port 0 on 192\.0\.2\.1 cannot be opened: .+; set --host$"):
        bind("192.0.2.1", 0, "--host")


def test_ipv6_is_spoken_where_the_address_is_one() -> None:
    bound = bind("::1", 0, "--host")
    assert bound.getsockname()[0] == "::1"
    bound.close()
