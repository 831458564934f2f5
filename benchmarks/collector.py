"""Received → acknowledged durable, spans a second of one collector process, at 1,000 and at 100 spans a request.

One collector process on an empty data folder; the load comes from another process over eight connections that send ready-made
requests (nine attributes a span) and wait for each answer, so that what is counted was on disk.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import httpx
import uvloop
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from benchmarks.figures import Figure, show
from collector.engine import serve
from core.catalog.catalog import Catalog
from core.clock import SystemClock
from core.config import Settings
from core.telemetry import Telemetry

SECONDS = float(os.environ.get("ANDON_BENCH_SECONDS", "8"))
CONNECTIONS = int(os.environ.get("CONN", "8"))
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
    head = f"POST /v1/traces HTTP/1.1\r\nhost: benchmark\r\ncontent-type: application/x-protobuf\r\ncontent-length: {len(body)}\r\n\r\n"
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


def generate(port: int, spans: int, seconds: float) -> None:
    """The load process: prints acknowledged spans and the seconds they took."""
    requests = [make_request(make_body(spans)) for _ in range(BODIES)]
    counts: list[list[int]] = [[] for _ in range(CONNECTIONS)]
    began = time.monotonic()
    threads = [threading.Thread(target=send, args=(port, requests, began + seconds, count, index)) for index, count in enumerate(counts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(sum(map(len, counts)) * spans, time.monotonic() - began, len(requests[0]))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def resident_bytes(pid: int) -> int:
    """The most memory the process has had."""
    line = next(line for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(folder: Path) -> list[Figure]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.collector", "--serve", str(folder), str(port)]
    figures: list[Figure] = []
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_ready(port)
            for spans, target in TARGETS.items():
                before = cpu_seconds(process.pid)
                load = [sys.executable, "-m", "benchmarks.collector", "--generate", str(port), str(spans), str(SECONDS)]
                count, seconds, size = subprocess.run(load, check=True, capture_output=True, text=True).stdout.split()
                rate = int(count) / float(seconds)
                used = (cpu_seconds(process.pid) - before) / float(seconds)
                megabytes = rate / spans * int(size) / 1e6
                measured = f"{rate:,.0f} spans/s ({rate / spans:,.0f} requests/s, {megabytes:.0f} MB/s, {used:.2f} cores)"
                figures.append(Figure(f"acknowledged durable, {spans:,} spans a request", measured, f"≥ {target:,} spans/s"))
            figures.append(Figure("memory of the collector, highest", f"{resident_bytes(process.pid) / (1 << 20):.0f} MiB", "≤ 200 MiB"))
            before = cpu_seconds(process.pid)
            time.sleep(5)
            figures.append(Figure("idle afterwards", f"{(cpu_seconds(process.pid) - before) / 5:.2%} of a core", "about 0"))
        finally:
            process.terminate()
    return figures


def serve_collector(folder: Path, port: int) -> None:
    """The collector process, as ``andon collect`` runs it, with an empty catalog."""
    settings = Settings(data=folder, http_port=port, otlp_grpc_port=0)

    async def run() -> None:
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        await serve(settings, Catalog(), SystemClock(), Telemetry(), {}, None, stop)

    uvloop.run(run())


def wait_until_ready(port: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.1)
    raise SystemExit("the collector does not start")


def main() -> None:
    if sys.argv[1:2] == ["--generate"]:
        generate(int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4]))
        return
    if sys.argv[1:2] == ["--serve"]:
        serve_collector(Path(sys.argv[2]), int(sys.argv[3]))
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("ANDON_BENCH_FOLDER")) as folder:
        show("Collector: received → acknowledged durable", measure(Path(folder)))


if __name__ == "__main__":
    main()
