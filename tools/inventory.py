"""Writes what is shipped, as it is installed here: a CycloneDX bill of materials, and a list that ``pip-audit`` reads.

``python tools/inventory.py FOLDER`` writes ``sbom.cdx.json`` (CycloneDX 1.6) and ``audit.txt``. What only tests and tools need is not in
them. The same installation gives the same bytes.
"""

from __future__ import annotations

import json
import sys
import uuid
from importlib.metadata import Distribution, distribution
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

SHIPPED = {"andon": ("all",), "andon-instrumentation": ()}
"""Our own distributions with the extras that go with them."""


def shipped() -> dict[str, set[str]]:
    """Return every distribution that is shipped, by name, with the names it needs. Raises PackageNotFoundError for one that is missing."""
    needs: dict[str, set[str]] = {}
    waiting = [(name, frozenset(extras)) for name, extras in SHIPPED.items()]
    seen = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        needed = [(canonicalize_name(each.name), frozenset(each.extras)) for each in _requirements(distribution(name), extras)]
        needs.setdefault(name, set()).update(each for each, _ in needed if each != name)  # an extra may name other extras
        waiting += needed
    return needs


def _requirements(found: Distribution, extras: frozenset[str]) -> list[Requirement]:
    """Return what applies to this machine and these extras."""
    all_ = [Requirement(text) for text in found.requires or []]
    asked = [{"extra": extra} for extra in ("", *extras)]
    return [one for one in all_ if one.marker is None or any(one.marker.evaluate(each) for each in asked)]


def bill(needs: dict[str, set[str]]) -> dict[str, Any]:
    """Return the bill of materials; its format is that of https://cyclonedx.org/docs/1.6/json."""
    components = {name: _component(name) for name in sorted(needs)}
    product = components.pop("andon") | {"type": "application"}
    references = {name: component["bom-ref"] for name, component in {**components, "andon": product}.items()}
    identity = uuid.uuid5(uuid.NAMESPACE_URL, " ".join(references[name] for name in sorted(references)))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{identity}",
        "version": 1,
        "metadata": {"component": product},
        "components": list(components.values()),
        "dependencies": [
            {"ref": references[name], "dependsOn": sorted(references[each] for each in needs[name])} for name in sorted(needs)
        ],
    }


def _component(name: str) -> dict[str, Any]:
    about = distribution(name).metadata
    reference = f"pkg:pypi/{name}@{about['Version']}"
    component = {"type": "library", "bom-ref": reference, "name": name, "version": about["Version"], "purl": reference}
    if about["License-Expression"]:
        component["licenses"] = [{"expression": about["License-Expression"]}]
    return component


def audit_list(needs: dict[str, set[str]]) -> str:
    """Return the versions of others' distributions, one a line: ``pip-audit --no-deps --disable-pip -r audit.txt``."""
    return "".join(f"{name}=={distribution(name).version}\n" for name in sorted(needs) if name not in SHIPPED)


def main(folder: Path) -> None:
    """Write both files."""
    needs = shipped()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sbom.cdx.json").write_text(json.dumps(bill(needs), indent=1) + "\n", encoding="utf-8")
    (folder / "audit.txt").write_text(audit_list(needs), encoding="utf-8")
    sys.stdout.write(f"{folder}/sbom.cdx.json and {folder}/audit.txt: {len(needs)} distributions\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
