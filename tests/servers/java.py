"""What programs of Java share: a small virtual machine, and a class path from Maven's own folder."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port

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


@dataclass(frozen=True)
class Jolokia:
    """The door by which what runs in a virtual machine is managed over HTTP, as the consoles of brokers open it.

    It refuses whom they refuse: without a password, or from a page of another host.
    """

    folder: Path
    jar: Path
    port: int = field(default_factory=free_port)

    @property
    def url(self) -> str:
        return f"http://andon:hunter2@127.0.0.1:{self.port}/jolokia"

    def arguments(self) -> list[str]:
        """Return those of the virtual machine."""
        policy = self.folder / "jolokia-access.xml"
        policy.write_text(
            "<restrict><cors><allow-origin>*://127.0.0.1*</allow-origin><strict-checking/></cors></restrict>", encoding="ascii"
        )
        told = f"port={self.port},host=127.0.0.1,user=andon,password=hunter2,discoveryEnabled=false,policyLocation=file://{policy}"
        return [f"-javaagent:{self.jar}={told}"]


def jolokia(jars: str, folder: Path) -> Jolokia:
    """Return a door whose program is in a class path; ``folder`` is the server's."""
    return Jolokia(folder, next(Path(jar) for jar in jars.split(os.pathsep) if "jolokia-agent-jvm" in jar))
