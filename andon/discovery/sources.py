"""Where signals come from: the sources that are configured, and those that could be."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from andon.discovery.proposal import Sort, Source
from andon.discovery.words import slug

_RESERVED = ("andon", "default")
_CREDENTIALS = re.compile(r"//.*@")


def find_sources(sorts: Iterable[Sort], default: str) -> list[Source]:
    """Return each source that sent something; of what came through ``default``, each service, and each origin of events, is one."""
    found: dict[str, Source] = {}
    listed: set[str] = set()
    for sort in sorts:
        services = {sort.service} - {""} - listed
        origins = tuple(map(shown_origin, sort.origins)) if not sort.service else ()
        for configured in sort.sources:
            is_configured = configured != default
            name = configured if is_configured else slug(sort.service or " ".join(origins[:1]), _RESERVED, otherwise="events")
            so_far = found.get(name, Source(name, (), (), 0, configured=is_configured))
            listed |= services
            found[name] = replace(
                so_far,
                services=tuple(sorted({*so_far.services, *services})),
                origins=tuple(sorted({*so_far.origins, *origins}))[:5],
                seen=so_far.seen + sort.seen,
            )
    return sorted(found.values(), key=lambda source: (-source.seen, source.name))


def shown_origin(origin: str) -> str:
    """Return the source of an event without what an address may hide: a user, a password, a query."""
    return _CREDENTIALS.sub("//", re.split(r"[?#]", origin, maxsplit=1)[0])
