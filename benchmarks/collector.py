"""Received → acknowledged on disk, spans a second of one collector process, at 1,000 and at 100 spans a request.

One collector process (``andon collect`` with an empty catalog) on an empty data folder; the load comes from another process over a few
connections that send ready-made requests (nine attributes a span) and wait for each answer, so that what is counted was on disk. How busy
the load itself was, and what the same disk does with nothing but append and ``fdatasync``, say whether one of them was the limit instead.
"""

from __future__ import annotations

import argparse
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.figures import Figure, show
from tests.ports import free_port
from tests.waiting import wait_until

BODIES = 16
TARGETS = {1000: 250_000, 100: 150_000}


def make_body(spans: int) -> bytes:
    request = ExportTraceServiceRequest()
    resource = request.resource_spans.add()
    resource.resource.attributes.add(key="service.name").value.string_value = "order-gateway"
    scope = resource.scope_spans.add()
    scope.scope.name = "benchmark"
    now = time.time_ns()
    for number in range(spans):
        span = scope.spans.add(
            trace_id=os.urandom(16), span_id=os.urandom(8), parent_span_id=os.urandom(8), name="POST /orders", kind=2,
            start_time_unix_nano=now + number, end_time_unix_nano=now + number + 1_000_000,
        )  # fmt: skip
        for name in (
            "order.id",
            "customer.id",
            "plant",
            "http.route",
            "http.request.method",
            "server.address",
            "messaging.destination.name",
        ):
            span.attributes.add(key=name).value.string_value = f"{name}-{number}"
        span.attributes.add(key="http.response.status_code").value.int_value = 200
        span.attributes.add(key="order.express").value.bool_value = False
    return request.SerializeToString()


def make_request(body: bytes) -> bytes:
    head = f"POST /v1/traces HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-protobuf\r\ncontent-length: {len(body)}\r\n\r\n"
    return head.encode() + body


def send(port: int, requests: list[bytes], until: float, acknowledged: list[int], offset: int) -> None:
    """Send one after the other, each after the answer to the one before."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        number = offset
        while time.monotonic() < until:
            connection.sendall(requests[number % len(requests)])
            answer = connection.recv(4096)
            if not answer.startswith(b"HTTP/1.1 200"):
                raise SystemExit(f"refused: {answer[:300]!r}")
            acknowledged.append(1)
            number += 1


def generate(port: int, spans: int, seconds: float, connections: int) -> None:
    """The load process: prints acknowledged spans, the seconds and the processor seconds they took, and the bytes of a request."""
    requests = [make_request(make_body(spans)) for _ in range(BODIES)]
    counts: list[list[int]] = [[] for _ in range(connections)]
    began, processor = time.monotonic(), time.process_time()
    threads = [threading.Thread(target=send, args=(port, requests, began + seconds, count, index)) for index, count in enumerate(counts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(map(len, counts)) * spans, time.monotonic() - began, time.process_time() - processor, len(requests[0]))


def resident_bytes(pid: int) -> int:
    """The most memory the process has had."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def bare_append(folder: Path, seconds: float = 2.0, size: int = 400_000) -> float:
    """Return the megabytes a second of a file that is appended to and synced, ``size`` bytes at a time."""
    block = os.urandom(size)
    began, written = time.monotonic(), 0
    with (folder / "bare").open("wb", buffering=0) as file:
        while time.monotonic() - began < seconds:
            written += file.write(block)
            os.fdatasync(file.fileno())
    (folder / "bare").unlink()
    return written / (time.monotonic() - began) / 1e6


def measure(folder: Path, seconds: float, connections: int) -> list[Figure]:
    port = free_port()
    module = [sys.executable, "-m", "benchmarks.collector"]
    data, catalog = folder / "data", folder / "catalog"
    (catalog / "flows").mkdir(parents=True)
    collect = [sys.executable, "-m", "andon", "collect", "--data", str(data), "--catalog", str(catalog)]
    collect += ["--http-port", str(port), "--otlp-grpc-port", "0"]
    figures = [Figure("bare append and fdatasync of 400 kB, one at a time", f"{bare_append(folder):.0f} MB/s", "")]
    with subprocess.Popen(collect, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200, 30, "the collector starts")
            for spans, target in TARGETS.items():
                before = cpu_seconds(process.pid)
                load = [*module, "--generate", str(port), str(spans), "--seconds", str(seconds), "--connections", str(connections)]
                count, took, busy, size = map(float, subprocess.run(load, check=True, capture_output=True, text=True).stdout.split())
                rate = count / took
                used = (cpu_seconds(process.pid) - before) / took
                measured = (
                    f"{rate:,.0f} spans/s ({rate / spans:,.0f} requests/s, {rate / spans * size / 1e6:.0f} MB/s, "
                    f"{used:.2f} cores, the load {busy / took:.2f})"
                )
                figures.append(Figure(f"acknowledged on disk, {spans:,} spans a request", measured, f"≥ {target:,} spans/s"))
            figures.append(Figure("collector, highest memory", f"{resident_bytes(process.pid) / (1 << 20):.0f} MiB", "≤ 200 MiB"))
            before = cpu_seconds(process.pid)
            time.sleep(5)
            figures.append(Figure("idle afterwards", f"{(cpu_seconds(process.pid) - before) / 5:.2%} of a core", "about 0"))
        finally:
            process.terminate()
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="of load at each size of request")
    parser.add_argument("--connections", type=int, default=8, help="of the load; each waits for its answer before it sends again")
    parser.add_argument("--folder", type=Path, help="on the disk to measure; a temporary one inside it is used")
    parser.add_argument("--generate", nargs=2, type=int, metavar=("PORT", "SPANS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.generate:
        generate(*options.generate, options.seconds, options.connections)
    else:
        with tempfile.TemporaryDirectory(dir=options.folder) as folder:
            show("Collector: received → acknowledged on disk", measure(Path(folder), options.seconds, options.connections))


if __name__ == "__main__":
    main()
