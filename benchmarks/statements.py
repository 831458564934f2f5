"""Which statements are sent through a client of the store, by whom, and what processor time each takes."""

from __future__ import annotations

import functools
import inspect
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

_INTO = re.compile(r"^INSERT INTO (?:TABLE )?(\w+)\s*(?:\([^)]*\))?\s*(?=SELECT|WITH)", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*\n")


@dataclass
class Sent:
    """The statements of one kind that a tick sent: how many, and their processor time in milliseconds."""

    stage: str
    name: str
    times: int = 0
    processor: float = 0.0
    planning: float = 0.0


@dataclass
class Ledger:
    """Who sent what in a tick."""

    stage: str = ""
    sent: dict[tuple[str, str], Sent] = field(default_factory=dict)
    stages: dict[str, float] = field(default_factory=dict)
    explained: dict[tuple[str, str], tuple[str, str, Any]] = field(default_factory=dict)
    """By stage and name: the table inserted into, the statement to explain, and its parameters."""
    _inner: list[float] = field(default_factory=list)

    @contextmanager
    def timing(self, name: str, *explain: Any) -> Iterator[None]:
        """Add what a statement takes, without those it sends in turn."""
        started = time.process_time()
        self._inner.append(0.0)
        try:
            yield
        finally:
            taken = time.process_time() - started
            own = taken - self._inner.pop()
            if self._inner:
                self._inner[-1] += taken
            key = (self.stage, name)
            sent = self.sent.setdefault(key, Sent(*key))
            sent.times, sent.processor = sent.times + 1, sent.processor + own * 1000
            self.explained[key] = explain

    @contextmanager
    def of_stage(self, name: str) -> Iterator[None]:
        """Attribute to a stage what is sent meanwhile."""
        before, self.stage, started = self.stage, name, time.process_time()
        try:
            yield
        finally:
            self.stages[name] = self.stages.get(name, 0.0) + (time.process_time() - started) * 1000
            self.stage = before


def _sender() -> str:
    """Return which function of the store's packages sends a statement."""
    frame: Any = inspect.currentframe()
    while frame is not None:
        path, name = frame.f_code.co_filename, frame.f_code.co_qualname.replace("<locals>.", "").replace(".<lambda>", "")
        if "/store/" in path and not path.endswith(("/client.py", "/held.py", "/keeping.py")):
            return name.removeprefix("Stored") + " "
        frame = frame.f_back
    return ""


def _what(text: str) -> str:
    """Return what tells a statement that inserts nothing from the sender's others."""
    verb, _, rest = text.partition(" ") if not text.startswith("SELECT") else ("SELECT", "", text[6:])
    tables = re.findall(r"\b(?:FROM|TABLE) (\w+)", text)
    return f"{verb.lower()} {rest.split(maxsplit=1)[0].rstrip(',')} of {tables[0] if tables else ''}"


def _timed(ledger: Ledger, method: str, real: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(real)
    def call(client: Any, text: str, *arguments: Any, **named: Any) -> Any:
        insert = method in {"insert", "raw_insert"}
        bare = text if insert else _COMMENT.sub("", text).strip()
        into = _INTO.match(bare)
        table = text if insert else into[1] if into else ""
        what = f"insert into {table}" if table else _what(bare)
        explain = "" if insert or not bare.startswith(("SELECT", "WITH", "INSERT")) else bare[into.end() :] if into else bare
        parameters = named.get("parameters", arguments[0] if arguments else None)
        with ledger.timing(f"{_sender()}{what}", table, explain, parameters):
            return real(client, text, *arguments, **named)

    return call


def record(client: type, ledger: Ledger) -> None:
    """Enter from now on in the ledger what clients of this class send."""
    for method in ("query", "command", "insert", "raw_insert", "raw_query"):
        setattr(client, method, _timed(ledger, method, getattr(client, method)))
