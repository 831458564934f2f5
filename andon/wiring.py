"""The only place that picks concrete classes: stages, store adapters, plug-ins.

The type checker proves here that the store satisfies what each stage's ``ports.py`` asks for.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import threading
from pathlib import Path

import alerts.notifiers
import collector.receivers
from andon.engine_process import Engine, Stages
from andon.heartbeat import FLOW, SILENT_AFTER_SECONDS, Heartbeat, with_heartbeat
from andon.simulated_time import clock_of
from core.catalog.catalog import Catalog
from core.catalog.load import load_catalog
from core.clock import SystemClock
from core.config import Settings, own_secret
from core.errors import UsageError
from core.registry import discover
from core.telemetry import M, Telemetry

logger = logging.getLogger("andon")
