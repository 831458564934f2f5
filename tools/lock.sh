#!/bin/sh
# Pins everything that is installed, for every platform, with the hashes of all its files: requirements.txt, and tools/uv.txt for uv itself.
# What is pinned already stays as it is where it still fits; with --upgrade the newest version is taken.
set -eu
compile() {
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url "$@"
}
compile tools/uv.in --output-file tools/uv.txt
compile --all-extras pyproject.toml instrumentation/pyproject.toml --output-file requirements.txt "$@"
