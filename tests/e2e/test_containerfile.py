"""``deploy/Containerfile`` where no container engine is: its steps, one after the other, in clean roots made by debootstrap."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.waiting import wait_until

pytestmark = [pytest.mark.server, pytest.mark.long, pytest.mark.timeout(3600)]
ROOT = Path(__file__).parents[2]
SUITE, LIMIT_SECONDS = "bookworm", 1800
BUNDLE, TRUSTED = Path("/etc/ssl/certs/ca-certificates.crt"), "etc/trusted-here.pem"
FROM_THE_HOST = (
    "etc/resolv.conf",
    "etc/hosts",
    "etc/apt/sources.list",
    "etc/apt/sources.list.d",
    "etc/apt/apt.conf.d",
)
"""How this machine reaches the package archives, which an image has by itself."""


@dataclass
class Image:
    """A stage: its root, and what its instructions say beside their steps."""

    root: Path
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    said: dict[str, str] = field(default_factory=dict)

    def run(self, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
        """Run a command in it, as its user, with a /proc of its own that goes with it."""
        usual = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/", "DEBIAN_FRONTEND": "noninteractive", **archives()}
        known = [f"{name}={value}" for name, value in {**usual, **self.environment, **environment}.items()]
        place = self.said.get("WORKDIR", "/")
        inside = ["chroot", f"--userspec={self.user}:{self.user}", str(self.root), "/usr/bin/env", "-i", "-C", place, *known, *command]
        mounted = f"mount -t proc proc {self.root}/proc && exec {shlex.join(inside)}"
        return subprocess.run(
            ["unshare", "--mount", "sh", "-c", mounted], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
        )


def archives() -> dict[str, str]:
    index = subprocess.run(["python3", "-m", "pip", "config", "get", "global.index-url"], capture_output=True, text=True, check=False)
    found = {name: value for name, value in os.environ.items() if re.fullmatch(r"(?i)(https?|no)_proxy|(PIP|UV)_.*(INDEX|TIMEOUT).*", name)}
    found |= dict.fromkeys(("PIP_CERT", "SSL_CERT_FILE"), f"/{TRUSTED}")
    return {"PIP_INDEX_URL": index.stdout.strip(), "UV_DEFAULT_INDEX": index.stdout.strip(), **found} if index.returncode == 0 else found


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A root like that of debian:12-slim, reaching the archives as this machine does."""
    if os.geteuid() != 0 or shutil.which("debootstrap") is None:
        pytest.skip("needs root and debootstrap: apt package debootstrap")
    root = tmp_path_factory.mktemp("base") / "root"
    done = subprocess.run(
        ["debootstrap", "--variant=minbase", SUITE, root], capture_output=True, text=True, timeout=LIMIT_SECONDS, check=False
    )
    assert done.returncode == 0, done.stdout[-2000:]
    for name in FROM_THE_HOST:
        source, target = Path("/") / name, root / name
        if source.is_dir():
            shutil.copytree(source, target, dirs_exist_ok=True)
        elif source.exists():
            shutil.copyfile(source, target)
    shutil.copyfile(BUNDLE, root / TRUSTED)  # beside the root's own, which a step may install
    return root


def instructions() -> Iterator[tuple[str, str]]:
    text = (ROOT / "deploy" / "Containerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    for line in text.splitlines():
        if line and not line.startswith("#"):
            word, arguments = line.split(maxsplit=1)
            yield word, arguments


def copied(arguments: str, images: dict[str, Image], image: Image) -> None:
    found = re.fullmatch(r"(?:--from=(\S+) )?(.*)", arguments)
    assert found
    stage, words = found.groups()
    *sources, target = words.split()
    place = image.root / target.lstrip("/")
    for source in sources:
        if stage:
            shutil.copytree(images[stage].root / source.lstrip("/"), place, symlinks=True)
        else:
            assert source == "."
            ignored = shutil.ignore_patterns(*(ROOT / ".containerignore").read_text(encoding="utf-8").replace("**/", "").split())
            shutil.copytree(ROOT, place, symlinks=True, ignore=ignored)


@pytest.fixture(scope="module")
def image(base: Path) -> Image:
    """The image that the last stage makes."""
    images: dict[str, Image] = {}
    current = Image(base)
    for word, arguments in instructions():
        match word:
            case "FROM":
                name = arguments.partition(" AS ")[2] or "the last"
                current = images[name] = Image(base.parent / name.replace(" ", "-"))
                subprocess.run(["cp", "-a", base, current.root], check=True)
            case "RUN":
                done = current.run("sh", "-ec", arguments)
                assert done.returncode == 0, f"{arguments}\n{done.stdout[-1500:]}\n{done.stderr[-1500:]}"
            case "COPY":
                copied(arguments, images, current)
            case "ENV":
                name, _, value = arguments.partition("=")
                current.environment[name] = value
            case "USER":
                current.user = arguments
            case _:
                current.said[word] = arguments
    shutil.rmtree(images["build"].root)
    return current


def test_the_image_has_all_roles_runs_as_its_own_user_and_needs_neither_clone_nor_compiler(image: Image) -> None:
    assert json.loads(image.said["ENTRYPOINT"]) == ["andon"]
    assert image.run("sh", "-c", "command -v andon").stdout == "/opt/andon/bin/andon\n"
    assert image.run("sh", "-c", "command -v gcc || command -v cc || command -v make || command -v git").returncode != 0
    assert not (image.root / "src").exists()
    assert image.run("id", "-un").stdout.strip() == "andon"
    made = image.run("andon", "init", "/var/lib/andon/catalog")
    assert made.returncode == 0, made.stderr
    assert image.run("andon", "check", "/var/lib/andon/catalog").returncode == 0
    health = json.loads(image.said["HEALTHCHECK"].partition("CMD ")[2])
    ports = {f"ANDON_{name}_PORT": str(free_port()) for name in ("OTLP_GRPC", "HTTP", "ENGINE", "DASHBOARD", "DASHBOARD_METRICS")}
    ports["ANDON_CATALOG"] = "/var/lib/andon/catalog"
    assert image.run(*health, **ports).returncode == 1
    started = f"timeout 300 andon {shlex.join(json.loads(image.said['CMD']))} >up.log 2>&1 & echo $!"
    runner = image.run("sh", "-c", started, **ports)
    try:
        wait_until(lambda: image.run(*health, **ports).stdout.count("runs and is ready") == 3, 240, "all three kinds of process are ready")
    finally:
        subprocess.run(["kill", runner.stdout.strip()], check=False)
    wait_until(lambda: not Path(f"/proc/{runner.stdout.strip()}").exists(), 60, "everything has stopped")
