#!/bin/sh
# Creates .venv and installs Andon with its tools. Needs nothing but Python 3.11 or newer.
set -eu
python=${PYTHON:-python3}

fail() {
    printf 'andon: %s\n' "$1" >&2
    exit 2
}

command -v "$python" >/dev/null || fail "no python3 found; install Python 3.11 or newer (Debian, Ubuntu: apt install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$("$python" --version) is too old; install Python 3.11 or newer and run: make PYTHON=/path/to/python3.11 …"
"$python" -m venv .venv 2>/dev/null ||
    fail "python cannot create a virtual environment; run: apt install python3-venv (Debian, Ubuntu), then the same command again"

printf 'Installing Andon into .venv (1.7 GB, once; one to five minutes) '
(while sleep 2; do printf '.'; done) &
dots=$!
trap 'kill $dots 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM
own="--no-deps --no-build-isolation -e . -e ./instrumentation"
pip() { .venv/bin/python -m pip install --quiet --disable-pip-version-check "$@"; }
uv() { .venv/bin/uv pip install --quiet --compile-bytecode --python .venv/bin/python "$@"; }
# uv unpacks several times faster; where it cannot be had, pip does the same work. It asks the index that pip is told of. Both compile what
# they install: where PYTHONDONTWRITEBYTECODE is set, as in many containers, every start would do it again, and take twice as long.
index=${PIP_INDEX_URL:-$(.venv/bin/python -m pip config get global.index-url 2>/dev/null || true)}
[ -z "$index" ] || export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$index}"
if ! { pip --require-hashes -r tools/uv.txt 2>/dev/null && uv --require-hashes -r requirements.txt; }; then
    pip --require-hashes -r requirements.txt
fi
# shellcheck disable=SC2086
uv $own 2>/dev/null || pip $own
printf " done\n"
touch .venv/.installed
