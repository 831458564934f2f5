"""A certificate that TLS cannot be spoken with is told in one line."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from core.binding import check_certificate
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
