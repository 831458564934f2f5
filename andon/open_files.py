"""How many files a process may have open, connections among them.

Shells and services begin with 1,024, which the connections that the front door takes use up; the journal could not open its next segment then,
and without it nothing can be acknowledged.
"""

from __future__ import annotations

import logging
import resource

from core.limits import CONNECTIONS_MAX

OWN_FILES = 500
"""Segments, the store's parts, certificates, sockets of our own."""
WANTED = 2 * CONNECTIONS_MAX + OWN_FILES
"""Connections over HTTP and over gRPC, and our own."""
logger = logging.getLogger("andon")


def take_open_files() -> None:
    """Raise this process's bound on open files as far as the system allows and we need; say in the log where that is too little."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    allowed = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < allowed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
    if allowed < WANTED:
        fields = {"event": "few_open_files", "allowed": allowed, "wanted": WANTED}
        logger.warning(
            "many connections could take the files that Andon needs; raise the hard limit (ulimit -Hn)", extra={"fields": fields}
        )
