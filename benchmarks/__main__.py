"""``make bench``: every figure of the README, each benchmark in a process of its own."""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = (
    "collector",
    "receivers",
    "documents",
    "load",
    "slice",
    "definitions",
    "tick",
    "trickle",
    "history",
    "latency",
    "lanes",
    "pages",
    "board",
    "discover",
)


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    chosen = sys.argv[1:] or BENCHMARKS
    failed = [name for name in chosen if subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False).returncode]
    if failed:
        sys.exit(f"did not finish: {', '.join(failed)}")


if __name__ == "__main__":
    main()
