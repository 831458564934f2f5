"""What a port that wants a password shares among its doors: how often it was wrong, and what is told of that."""

from __future__ import annotations

import hmac

from starlette.requests import Request
from starlette.responses import JSONResponse

from core.limits import FailedAttempts
from core.refusals import Refusals


class Guard:
    """Counts wrong passwords by the address they came from, and tells what was refused. A good one passes all the same."""

    def __init__(self, failures: FailedAttempts, refusals: Refusals) -> None:
        self._failures = failures
        self._refusals = refusals

    def wrong(self, request: Request) -> int:
        """Count a password that is wrong or missing; return the seconds until its sender may try again, 0 while it may."""
        wait = self._failures.note(_peer(request))
        self._refusals.refused("auth_rate_limited" if wait else "unauthenticated", peer=_peer(request))
        return wait

    def refuse(self, request: Request) -> JSONResponse:
        """Count a token that is wrong or missing, and return the answer to it."""
        if wait := self.wrong(request):
            words = f"authorization: too many wrong tokens from this address; wait {wait} s"
            return JSONResponse({"error": words}, 503, {"retry-after": str(wait)})
        return JSONResponse({"error": "authorization: send the token of this engine as 'Bearer …'"}, 401, {"www-authenticate": "Bearer"})

    def slow(self, request: Request) -> None:
        """Tell of a body that did not arrive in time."""
        self._refusals.refused("slow_client", peer=_peer(request))


def bearer_is(request: Request, token: str) -> bool:
    """Return whether a request carries ``token`` as ``Authorization: Bearer …`` (RFC 6750, 2.1)."""
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    return scheme.lower() == "bearer" and hmac.compare_digest(given.strip().encode(), token.encode())


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""
