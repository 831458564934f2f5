"""Shows what would be published again, and publishes it once it is confirmed. For the action API; any thread may ask."""

from __future__ import annotations

import asyncio
import hashlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from alerts.actions import Act, is_same_person, record
from alerts.one_line import one_line
from alerts.ports import Resubmit
from andon.resubmission.difference import difference
from andon.resubmission.original import Original, find
from collector.publisher import Publication, Publisher, PublisherSettings
from core.catalog.catalog import Catalog
from core.clock import Clock
from core.errors import NoRoom, Permanent, Retryable, UsageError
from store.reads import resubmission as reads
from store.reads.connection import Reader

PUBLISHED, NOT_PUBLISHED, UNKNOWN = "published", "not published", "unknown"
ASKED, BEGUN, DONE = "ask to resubmit", "resubmit", "resubmitted"
ASKED_FOR = timedelta(hours=24)
"""How long what one person asked for may be approved by another."""
PUBLISH_SECONDS = 25.0
_SHOWN_CHARACTERS = 2_000
_REASON_CHARACTERS = 250


@dataclass
class Resubmission:
    """``connect`` yields a reader of the store; ``act`` stores an action before it returns."""

    connect: Callable[[], AbstractContextManager[Reader]]
    catalog: Callable[[], Catalog]
    publishers: Callable[[], Mapping[str, Publisher]]
    act: Callable[[Act, datetime], object]
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def show(self, request: Resubmit) -> Act:
        """Return what would be published where, and the word that confirms it. Publishes nothing."""
        prepared = self._prepared(request)
        return Act(said="\n".join(prepared.lines(request)), confirm=prepared.confirm)

    def send(self, request: Resubmit) -> Act:
        """Publish what was shown, or ask a second person to. Raises :class:`core.errors.UsageError` if it must not be published."""
        with self._lock:  # one at a time: a double click finds what the first has begun
            now = self.clock.now()
            prepared = self._prepared(request)
            if request.confirm != prepared.confirm:
                raise UsageError("confirm: look again at what would be published; it is not what was shown")
            prepared.refuse_unless_allowed(request)
            if prepared.settings.approval == "two" and not prepared.asked_by_another(request.by, now):
                self._note(ASKED, request, prepared, "", now)
                return Act(said="it waits for a second person, who has to ask for the same within 24 hours; nothing was published")
            self._limit(prepared, now)
            self._note(BEGUN, request, prepared, "", now)
            outcome, said = self._publish(prepared)
            try:
                self._note(DONE, request, prepared, outcome, self.clock.now(), said)
            except NoRoom as error:
                said += f"; that could not be stored ({error})"
        return Act(said=f"{outcome}: {said}" if said else outcome)

    def _prepared(self, request: Resubmit) -> _Prepared:
        with self.connect() as client:
            original = find(client, self.catalog(), request.identity)
            history = reads.history(client, targets=(request.identity,)).to_dict("records")
        source = self.catalog().sources.get(original.source)
        if source is None or source.resubmit is None:
            raise UsageError(f"id: nothing of source '{original.source}' may be published again; its 'resubmit:' says where it may go")
        if source.redact is not None and request.body is None:  # what is kept is not what came
            raise UsageError(f"id: source '{original.source}' redacts what it keeps; give the whole body yourself, as an edited one")
        publisher = self.publishers().get(str(source.resubmit["type"]))
        if publisher is None:
            raise UsageError(f"id: the package of the publisher '{source.resubmit['type']}' is not installed")
        body = original.body if request.body is None else request.body
        return _Prepared(original, publisher, source.resubmit, body, history)

    def _limit(self, prepared: _Prepared, now: datetime) -> None:
        with self.connect() as client:  # an engine that was started again knows it, too
            lately = reads.begun_since(client, source=prepared.original.source, since=now - timedelta(minutes=1))
        if lately >= prepared.settings.per_minute:
            raise UsageError(f"id: {lately} of this source were published within a minute, which is its limit; wait a little")

    def _publish(self, prepared: _Prepared) -> tuple[str, str]:
        original = prepared.original
        identity = f"{original.identity.replace('/', '-')[:64]}-{prepared.confirm[:12]}"
        publication = Publication(prepared.body, identity, original.content_type, original.headers)
        try:
            asyncio.run(_within_time(prepared.publisher.publish(prepared.written, publication)))
        except (Permanent, Retryable, UsageError) as error:
            return NOT_PUBLISHED, str(error)
        except Exception as error:  # boundary: a plug-in and its client; the words of the error may hold a secret
            return UNKNOWN, f"{type(error).__name__}; ask the target before it is published again"
        return PUBLISHED, prepared.place

    def _note(self, action: str, request: Resubmit, prepared: _Prepared, outcome: str, now: datetime, said: str = "") -> None:
        """Store it. The word that confirms it comes last, where nobody's words can stand for it."""
        why = f": {one_line(request.reason, _REASON_CHARACTERS)}" if request.reason.strip() else ""
        told = f" ({one_line(said, _REASON_CHARACTERS)})" if said and outcome != PUBLISHED else ""
        detail = f"to {prepared.place}{why}{told}; {prepared.hashes}; {prepared.confirm}"
        self.act(Act(record=record(request.by, action, request.identity, detail, now, outcome=outcome)), now)


class _LeftBehind(ThreadPoolExecutor):
    """Threads that nobody waits for at the end: one that hangs, as on a dead disk, would keep everybody else from publishing."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: ARG002 - the signature is theirs
        super().shutdown(wait=False, cancel_futures=cancel_futures)


async def _within_time(publishing: Coroutine[Any, Any, None]) -> None:
    asyncio.get_running_loop().set_default_executor(_LeftBehind())
    await asyncio.wait_for(publishing, PUBLISH_SECONDS)


@dataclass(frozen=True)
class _Prepared:
    original: Original
    publisher: Publisher
    written: dict[str, Any]
    body: bytes
    history: list[dict[Any, Any]]

    @property
    def settings(self) -> PublisherSettings:
        shared = {name: self.written[name] for name in PublisherSettings.model_fields if name in self.written}
        return PublisherSettings.model_validate(shared)

    @property
    def place(self) -> str:
        return self.publisher.place(self.written)

    @property
    def confirm(self) -> str:
        """The word that confirms just this: what is published, and where."""
        told = (self.original.identity, self.publisher.name, self.place, _hash(self.body))
        return _hash("\0".join(told).encode())[:32]

    @property
    def hashes(self) -> str:
        edited = "" if self.body == self.original.body else f", edited {_hash(self.body)}"
        return f"sha256 {_hash(self.original.body)}{edited}"

    @property
    def before(self) -> str:
        """What came of it before; empty if it was certainly never published."""
        published, begun = None, None
        for row in self.history:
            if row["action"] == BEGUN:
                published, begun = begun or published, row
            elif row["action"] == DONE:  # an attempt that certainly failed takes nothing back of those before it
                published, begun = published if row["outcome"] == NOT_PUBLISHED else row, None
        if (last := begun or published) is None:
            return ""
        when = f"by {last['actor']} at {last['at'].isoformat(sep=' ', timespec='seconds')} UTC"
        if last["action"] == DONE and last["outcome"] == PUBLISHED:
            return f"it was published {when}"
        return f"nobody knows whether it was published {when}; ask the target"

    def asked_by_another(self, by: str, now: datetime) -> bool:
        """Return whether somebody else asked for the same, lately and since it was last published."""
        since = 0
        for number, row in enumerate(self.history):
            since = number + 1 if row["action"] == BEGUN else since
        oldest = now.replace(tzinfo=None) - ASKED_FOR
        return any(
            row["action"] == ASKED
            and row["detail"].endswith(f"; {self.confirm}")
            and not is_same_person(by, row["actor"])
            and row["at"].to_pydatetime().replace(tzinfo=None) >= oldest
            for row in self.history[since:]
        )

    def refuse_unless_allowed(self, request: Resubmit) -> None:
        if not request.by.strip():
            raise UsageError("by: give your name so that colleagues know who acted")
        against = "; ".join(filter(None, [self.before, self.original.reached]))
        if against and not (request.anyway and request.reason.strip()):
            raise UsageError(f"anyway: {against}. To publish it anyway, say so and give a reason")

    def lines(self, request: Resubmit) -> list[str]:
        """Return what people have to see before they confirm it."""
        told = [
            f"to {self.place} ({self.publisher.name}), {len(self.body):,} bytes"
            + (f" of {self.original.content_type}" * bool(self.original.content_type))
        ]
        told += [f"  {name}: {value}" for name, value in self.original.headers.items()]
        told += [f"about {self.original.about}"] if self.original.about else ["it names no transaction that is known"]
        told += [f"! {one}" for one in (self.original.reached, self.before) if one]
        told += ["it takes a second person"] if self.settings.approval == "two" else []
        text = self.body.decode("utf-8", "replace")
        if request.body is None or request.body == self.original.body:
            return [*told, text[:_SHOWN_CHARACTERS] + ("…" if len(text) > _SHOWN_CHARACTERS else "")]
        return [*told, *difference(self.original.body.decode("utf-8", "replace"), text)]


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
