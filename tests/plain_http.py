"""``httpx.get`` and ``httpx.post`` for addresses without TLS.

httpx reads all certificates that the machine trusts for every request, 25 ms of a processor, and who waits for a condition asks ten times a
second.
"""

from __future__ import annotations

import ssl
from functools import partial

import httpx

_TRUSTS_NOBODY = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

get = partial(httpx.get, verify=_TRUSTS_NOBODY)
post = partial(httpx.post, verify=_TRUSTS_NOBODY)
