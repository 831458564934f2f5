"""What programs of Java share: a small virtual machine, and a class path from Maven's own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

JVM = ("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto")


def class_path(pom: Path, cache: Path) -> str:
    """Return the class path of a project. ``cache`` is a folder that outlives the run, for Maven takes seconds to say it."""
    kept = cache / f"{pom.stat().st_mtime_ns}"
    if kept.exists() and all(Path(jar).exists() for jar in kept.read_text().split(os.pathsep)):
        return kept.read_text()
    if shutil.which("java") is None or shutil.which("mvn") is None:
        pytest.skip("needs Java: apt packages default-jre-headless and maven")
    command = ["mvn", "-q", "-B", "-o", "-f", str(pom), "dependency:build-classpath", f"-Dmdep.outputFile={kept}"]
    if subprocess.run(command, check=False, capture_output=True, timeout=300).returncode:
        pytest.skip(f"needs packages of Maven: mvn -f {pom} dependency:build-classpath")
    return kept.read_text()
