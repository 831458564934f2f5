"""What a user gets who installs the distribution into an environment of their own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = ("alerts", "andon", "chdb", "collector", "core", "correlator", "dashboard", "plant", "slas", "store", "streamlit")
SCRIPT = f"""
import importlib.metadata, importlib.util, json
from andon_instrumentation import AndonInstrumentor, business_keys, inject
AndonInstrumentor().instrument()
with business_keys(sales_order="4711"):
    headers = inject({{}})
print(json.dumps({{
    "found": [name for name in {OURS!r} if importlib.util.find_spec(name)],
    "distributions": sorted(d.metadata["Name"].lower() for d in importlib.metadata.distributions()),
    "entry_points": [e.value for e in importlib.metadata.entry_points(group="opentelemetry_instrumentor")],
    "baggage": headers["baggage"],
}}))
"""


@pytest.mark.slow
def test_brings_nothing_of_the_application(tmp_path: Path) -> None:
    import json

    venv = tmp_path / "venv"
    # A copy, so that the build leaves nothing in the working tree.
    source = shutil.copytree(ROOT / "instrumentation", tmp_path / "instrumentation")
    environment = {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "VIRTUAL_ENV"}}
    python = str(venv / "bin" / "python")
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True, env=environment)
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", str(source)]
    done = subprocess.run(install, check=False, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    out = subprocess.run([python, "-c", SCRIPT], check=True, env=environment, capture_output=True, text=True, cwd=tmp_path).stdout
    seen = json.loads(out)
    assert seen["found"] == []
    assert "andon" not in seen["distributions"]
    assert "opentelemetry-sdk" not in seen["distributions"]
    assert "andon-instrumentation" in seen["distributions"]
    assert seen["entry_points"] == ["andon_instrumentation:AndonInstrumentor"]
    assert seen["baggage"] == "andon.key.sales_order=4711"
