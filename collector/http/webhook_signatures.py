"""Signed webhooks: an HMAC over the body's bytes as they were sent, before any content encoding is undone, proves who sent them.

Standard Webhooks: ``webhook-id``, ``webhook-timestamp`` and ``webhook-signature`` (``v1,<base64>`` of HMAC-SHA256 over
``id.timestamp.body``), at most five minutes old, also under the older names that begin with ``svix-``. GitHub: ``X-Hub-Signature-256``
(``sha256=<hex>`` over the body) and ``X-GitHub-Delivery``.
"""

from __future__ import annotations

import base64
import hmac
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any
from urllib.parse import parse_qs

import msgspec

from collector.cloud_events import make_event
from collector.json_guard import check_json
from collector.rejection import Rejection, reject, unproven, unusable
from core.catalog.catalog import Catalog
from core.catalog.source import OWN_TYPE, Source
from core.errors import UsageError
from core.secrets import read_all, resolve_key, resolve_secret

TOLERANCE_SECONDS = 300
FORM = "application/x-www-form-urlencoded"
"""What GitHub sends unless told otherwise."""
FORM_FIELDS_MAX = 100
REMEMBERED_DELIVERIES = 10_000
_ALIASES = {name: name.replace("webhook", "svix") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
DELIVERY_HEADERS = frozenset({"webhook-id", "svix-id", "x-github-delivery", "x-github-event"})
"""What a delivery says besides its body and its signature."""


class Webhooks:
    """The sources that may call ``/v1/webhooks/{source}``, and recently accepted deliveries. A reload builds a new one."""

    def __init__(self, catalog: Catalog, seen: SeenDeliveries | None = None) -> None:
        """Read the secrets; ``unreadable`` says what is wrong with those that are missing or malformed."""
        self._sources: dict[str, tuple[Source, list[bytes]]] = {}
        self.seen = seen or SeenDeliveries()
        self.unreadable: list[str] = []
        for source in catalog.sources.values():
            if source.webhook is not None:
                keys, problems = read_all(source.whose, source.webhook.secrets, partial(_key, source))
                self._sources[source.source] = (source, keys)
                self.unreadable += problems

    def verify(self, name: str, headers: Mapping[str, str], body: bytes, now: int) -> tuple[Source, str]:
        """Return the source and the delivery's own id. ``headers`` have lower-case names, ``body`` is as sent, ``now`` is in seconds UTC.

        Raises :class:`Rejection`: 404 for an unknown source, 401 for a missing, wrong or old signature, 503 for one that matches none of
        the source's readable secrets while another cannot be read.
        """
        if name not in self._sources:
            raise reject(
                404, "unknown_source", "no source of that name accepts webhooks", field="source", what_to_do="add 'webhook:' to the source"
            )
        source, keys = self._sources[name]
        assert source.webhook is not None  # noqa: S101 - only such sources are in the list
        whole = len(keys) == len(source.webhook.secrets)
        misfit = _invalid("wrong", "no signature matches the body and the secret") if whole else unproven("signature")
        if source.webhook.scheme == "github":
            return source, _verify_github(headers, body, keys, misfit)
        return source, _verify_standard(headers, body, keys, misfit, now)


class SeenDeliveries:
    """Remembers accepted deliveries, so that a replay is answered without being journalled again.

    The store recognises each id permanently.
    """

    def __init__(self) -> None:
        self._seen: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def is_replay(self, source: str, delivery: str, fingerprint: bytes) -> bool:
        """Return whether this very delivery was accepted before; the same id with a different body is not the same delivery."""
        return self._seen.get((source, delivery)) == fingerprint

    def remember(self, source: str, delivery: str, fingerprint: bytes) -> None:
        """Record an accepted delivery by the SHA-256 of its body."""
        self._seen[source, delivery] = fingerprint
        if len(self._seen) > REMEMBERED_DELIVERIES:
            self._seen.popitem(last=False)


def delivery_headers(source: Source, delivery: str, headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the attributes of a verified delivery in the form that :func:`delivered_event` takes."""
    assert source.webhook is not None  # noqa: S101 - verified before
    event = headers.get("x-github-event", "")
    return [("id", delivery), ("source", f"/webhooks/{source.source}"), ("type", source.webhook.type), ("event", event)]


def delivered_event(attributes: Mapping[str, str], content_type: str, body: bytes) -> bytes:
    """Return a verified delivery as an event. Raises :class:`Rejection` (400) if its body is not JSON, nor a form with JSON in ``payload``.

    ``attributes``: its ``id`` and ``source``, and the template of its ``type``; the ``event`` header or the body supplies ``{type}``.
    """
    if content_type.partition(";")[0].strip().lower() == FORM:
        body = _payload(body)
    data = check_json(body)
    own_type = attributes["event"] or _Typed.of(data)
    event_type = attributes["type"].replace(OWN_TYPE, own_type).strip(".") or "webhook"
    event = {"id": attributes["id"], "source": attributes["source"], "type": event_type, "datacontenttype": "application/json"}
    return make_event(event, data)


def _payload(form: bytes) -> bytes:
    fields = parse_qs(form.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    if len(found := fields.get("payload", [])) != 1:
        message = "a delivery as a form must have its JSON in the one field 'payload'"
        raise unusable("bad_form", message, field="payload", what_to_do="let the sender use the content type application/json")
    return found[0].encode()


class _Typed(msgspec.Struct):
    type: Any = ""

    @classmethod
    def of(cls, data: bytes) -> str:
        """Return the text that an object has for its type, or nothing."""
        try:
            found = msgspec.json.decode(data, type=cls).type
        except msgspec.ValidationError:  # no object
            return ""
        return found if isinstance(found, str) else ""


class _Delivered(msgspec.Struct):
    data: msgspec.Raw


def unused_type(source: Source, headers: Mapping[str, str], event: bytes) -> str:
    """Return the type that a delivery brings of its own, if the source's template does not use it."""
    assert source.webhook is not None  # noqa: S101 - verified before
    if OWN_TYPE in source.webhook.type:
        return ""
    return headers.get("x-github-event") or _Typed.of(bytes(msgspec.json.decode(event, type=_Delivered).data))


def sign(source: Source, headers: Mapping[str, str], body: bytes, now: int) -> dict[str, str]:
    """Return a delivery's headers, signed anew with the source's newest secret; ``headers`` are its own, ``now`` is in seconds UTC.

    For a replay from quarantine: the original signature is not kept, and would be too old. Raises :class:`core.errors.UsageError`.
    """
    if source.webhook is None or not source.webhook.secrets:
        raise UsageError(f"source '{source.source}' no longer accepts webhooks")
    key = _key(source, source.webhook.secrets[0])
    signed = dict(headers)
    if source.webhook.scheme == "github":
        return {**signed, "x-hub-signature-256": "sha256=" + hmac.new(key, body, "sha256").hexdigest()}
    delivery = headers.get("webhook-id") or headers.get("svix-id", "")
    message = f"{delivery}.{now}.".encode() + body
    signature = base64.b64encode(hmac.digest(key, message, "sha256")).decode()
    return {**signed, "webhook-id": delivery, "webhook-timestamp": str(now), "webhook-signature": f"v1,{signature}"}


def _key(source: Source, reference: str) -> bytes:
    if source.webhook is not None and source.webhook.scheme == "standard":
        return resolve_key(reference)
    return resolve_secret(reference).encode()


def _verify_standard(headers: Mapping[str, str], body: bytes, keys: list[bytes], misfit: Rejection, now: int) -> str:
    delivery, timestamp, signatures = (headers.get(name) or headers.get(alias, "") for name, alias in _ALIASES.items())
    if not (delivery and timestamp and signatures):
        raise _invalid("missing", "webhook-id, webhook-timestamp and webhook-signature are required")
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise _invalid("timestamp", "webhook-timestamp must be seconds since 1970")
    signed = f"{delivery}.{timestamp}.".encode() + body
    given = [part[3:] for part in signatures.split(" ")[:16] if part.startswith("v1,")]
    if not _any_equal((base64.b64encode(hmac.digest(key, signed, "sha256")) for key in keys), given):
        raise misfit
    if abs(now - int(timestamp)) > TOLERANCE_SECONDS:
        raise _invalid("old", f"webhook-timestamp is more than {TOLERANCE_SECONDS} s away from now")
    return delivery


def _verify_github(headers: Mapping[str, str], body: bytes, keys: list[bytes], misfit: Rejection) -> str:
    delivery = headers.get("x-github-delivery", "")
    signature = headers.get("x-hub-signature-256", "")
    if not (delivery and signature):
        raise _invalid("missing", "X-GitHub-Delivery and X-Hub-Signature-256 are required")
    if not _any_equal((b"sha256=" + hmac.new(key, body, "sha256").hexdigest().encode() for key in keys), [signature]):
        raise misfit
    return delivery


def _any_equal(expected: Iterable[bytes], given: list[str]) -> bool:
    found = False
    for digest in expected:
        for text in given:
            found |= hmac.compare_digest(digest, text.encode())
    return found


def _invalid(kind: str, message: str) -> Rejection:
    return reject(401, f"bad_signature:{kind}", message, field="signature", what_to_do="sign the raw body with the source's secret")
